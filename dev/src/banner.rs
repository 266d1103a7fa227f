//! What the local command says when it is ready.

use crate::app::{RealKeys, key_variable};
use crate::arguments::Arguments;

/// What is served where, and three lines to copy.
pub fn text(arguments: &Arguments, real_keys: RealKeys) -> String {
    let (app, standins) = (arguments.app_origin(), arguments.standins_url());
    let mut text = format!(
        "\nVoicemint is ready.\n\n  page and endpoints   {app}\n  stand-in providers   {standins} (Secrets Manager too)\n"
    );
    let file = arguments.ca_file();
    text.push_str(&format!("  the same over TLS    {}\n", arguments.tls_url()));
    let environment = "NODE_EXTRA_CA_CERTS, SSL_CERT_FILE";
    text.push_str(&format!("  authority to trust   {} ({environment})\n", file.display()));
    let kind = arguments.setting("", "SESSION_KIND").unwrap_or(arguments.session.name());
    text.push_str(&format!("  kind of sessions     {kind}\n\n"));
    for provider in ["cartesia", "elevenlabs", "assemblyai"] {
        let variable = key_variable(provider);
        let who = match real_keys(&variable) {
            Some(_) => format!("the real one, as {variable} is set: tokens cost what they cost there"),
            None => format!("its stand-in; set {variable} to use the real one"),
        };
        text.push_str(&format!("  /{:<19} {who}\n", format!("{provider}/token")));
    }
    let lines = curl_lines(arguments);
    let all_standins = ["cartesia", "elevenlabs"].iter().all(|name| real_keys(&key_variable(name)).is_none());
    if all_standins {
        text.push_str("\nSign in; mint for each provider; let Cartesia speak and ElevenLabs listen:\n\n");
        text.push_str(&lines.join("\n"));
        text.push_str(
            "\n\nA second run of the last line is refused by ElevenLabs: its token is spent. After a minute Cartesia's has expired.\n",
        );
    } else {
        text.push_str("\nSign in; mint for each provider; use the tokens as README.md says:\n\n");
        text.push_str(&lines.into_iter().take(2).collect::<Vec<_>>().join("\n"));
        text.push_str("\n\n");
    }
    text.push_str("Every call of the endpoints is shown below. Stop with Ctrl-C.\n");
    text
}

/// Three lines for a shell: they sign in, mint for each provider, and use what can be used without a socket.
pub fn curl_lines(arguments: &Arguments) -> [String; 3] {
    let (app, standins) = (arguments.app_origin(), arguments.standins_url());
    let token =
        |provider: &str| format!(r#"$(sed -n 's/.*"{provider}","token":"\([^"]*\)".*/\1/p' /tmp/voicemint.txt)"#);
    let speech = r#"{"model_id":"sonic-3.5","transcript":"Hello","voice":"any","output_format":{"container":"wav","encoding":"pcm_s16le","sample_rate":24000}}"#;
    [
        format!("curl -s -c /tmp/voicemint.cookies -d user=ada {app}/sign-in"),
        format!(
            "curl -si -b /tmp/voicemint.cookies -c /tmp/voicemint.cookies -H 'Origin: {app}' \
             '{app}/cartesia/token?grants=tts,stt' '{app}/elevenlabs/token?token_type=batch_scribe' \
             '{app}/assemblyai/token?expires_in_seconds=60' | tee /tmp/voicemint.txt"
        ),
        format!(
            "curl -s -o /tmp/voicemint.wav -w '%{{http_code}} %{{content_type}} %{{size_download}} bytes\\n' {standins}/tts/bytes \
             -H \"Authorization: Bearer {}\" -H 'Cartesia-Version: 2026-03-01' -H 'Content-Type: application/json' -d '{speech}' \
             --next -s -F model_id=scribe_v2 -F file=@/tmp/voicemint.wav \"{standins}/v1/speech-to-text?token={}\"",
            token("cartesia"),
            token("elevenlabs"),
        ),
    ]
}
