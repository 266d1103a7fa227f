// Mints a token at each provider with the generated client, and prints what it has.
package dev.voicemint.example

import dev.voicemint.client.apis.AssemblyaiApi
import dev.voicemint.client.apis.CartesiaApi
import dev.voicemint.client.apis.DeepgramApi
import dev.voicemint.client.apis.ElevenlabsAgentsApi
import dev.voicemint.client.apis.ElevenlabsApi
import dev.voicemint.client.apis.GeminiApi
import dev.voicemint.client.apis.LivekitApi
import dev.voicemint.client.apis.OpenaiApi
import dev.voicemint.client.apis.SonioxApi
import dev.voicemint.client.infrastructure.ClientException
import dev.voicemint.client.models.AssemblyAiTokenRequest
import dev.voicemint.client.models.CartesiaGrants
import dev.voicemint.client.models.CartesiaTokenRequest
import dev.voicemint.client.models.DeepgramTokenRequest
import dev.voicemint.client.models.ElevenLabsAgentsTokenRequest
import dev.voicemint.client.models.ElevenLabsTokenRequest
import dev.voicemint.client.models.ElevenLabsTokenType
import dev.voicemint.client.models.LiveKitTokenRequest
import dev.voicemint.client.models.OpenAiTokenRequest
import dev.voicemint.client.models.ProblemCode
import dev.voicemint.client.models.SonioxTokenRequest
import dev.voicemint.client.models.SonioxUsageType
import java.time.OffsetDateTime

fun main() {
    val host = System.getenv("VOICEMINT_URL")

    fun minted(provider: String, expiresIn: Int, expiresAt: OffsetDateTime, singleUse: Boolean, opens: Any?) {
        check(expiresAt.isAfter(OffsetDateTime.now())) { "$provider: $expiresAt" }
        println("$provider $expiresIn $singleUse $opens")
    }

    mint(host, System.getenv("VOICEMINT_SESSION")).run {
        minted(provider, expiresIn, expiresAt, singleUse, connect?.tts?.protocols)
    }
    AssemblyaiApi(host).mintAssemblyAiToken(AssemblyAiTokenRequest(expiresInSeconds = 61)).run {
        minted(provider, expiresIn, expiresAt, singleUse, connect.streaming?.protocols)
    }
    DeepgramApi(host).mintDeepgramToken(DeepgramTokenRequest(ttlSeconds = 62)).run {
        minted(provider, expiresIn, expiresAt, singleUse, connect.speak?.protocols?.first())
    }
    ElevenlabsApi(host).mintElevenLabsToken(ElevenLabsTokenRequest(ElevenLabsTokenType.realtime_scribe)).run {
        minted(provider, expiresIn, expiresAt, singleUse, connect?.realtimeScribe?.protocols)
    }
    ElevenlabsAgentsApi(host).mintElevenLabsAgentsToken(ElevenLabsAgentsTokenRequest(profile = "support")).run {
        minted(provider, expiresIn, expiresAt, singleUse, connect?.conversation?.protocols)
    }
    GeminiApi(host).mintGeminiToken().run {
        minted(provider, expiresIn, sessionExpiresAt, singleUse, connect.live.protocols)
    }
    LivekitApi(host).mintLiveKitToken("audience", LiveKitTokenRequest(participantName = "Ada")).run {
        minted(provider, expiresIn, expiresAt, singleUse, profile)
        check(participantToken == token)
    }
    OpenaiApi(host).mintOpenAiToken(OpenAiTokenRequest(profile = "dictation", expiresIn = 63)).run {
        minted(provider, expiresIn, expiresAt, singleUse, connect.transcription?.protocols?.first())
    }
    SonioxApi(host).mintSonioxTokenByQuery(SonioxUsageType.tts_rt, 64).run {
        minted(provider, expiresIn, expiresAt, singleUse, connect.ttsRt?.protocols?.first())
    }
    CartesiaApi(host).signOutOfCartesia()

    try {
        CartesiaApi(host).mintCartesiaToken(CartesiaTokenRequest(grants = CartesiaGrants(agent = true)))
    } catch (error: ClientException) {
        val problem = problem(error)
        println("${problem.status} ${ProblemCode.decode(problem.code)}")
    }
    try {
        OpenaiApi(host).mintOpenAiToken(OpenAiTokenRequest(profile = "absent"))
    } catch (error: ClientException) {
        println("${error.statusCode} ${problem(error).errors?.single()?.`field`}")
    }
}
