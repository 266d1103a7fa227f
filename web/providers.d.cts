// Generated from web/providers.d.ts by `make generate`. Do not edit.

/** What the endpoint of each provider takes and returns, and which sockets its tokens open. */
export interface Providers {
  /** AssemblyAI: A token opens one session of its product, within its lifetime. */
  assemblyai: {
    ask: {
      /**
       * The session must be opened within this number of seconds. The default is the deployment's
       * DEFAULT_EXPIRES_IN. Permitted: 1 to 600.
       */
      expires_in_seconds?: number | undefined;
      /** Another name for expires_in_seconds. */
      expires_in?: number | undefined;
      /**
       * The maximum duration of that session in seconds. The default is the deployment's
       * MAX_SESSION_DURATION_SECONDS, or the provider's maximum if that is not set. Permitted: 60
       * to 10800.
       */
      max_session_duration_seconds?: number | undefined;
      /**
       * What the token opens: streaming speech to text, or the Voice Agent API. The default is
       * streaming if the deployment allows it.
       */
      product?: "streaming" | "agent" | undefined;
    };
    socket: "streaming" | "agent";
    single_use: true;
    response: {};
  };
  /** Cartesia: A token can be used until it expires, for what its grants permit. */
  cartesia: {
    ask: {
      /** What the token permits. By default, everything that the deployment allows. */
      grants?: { tts?: boolean | null | undefined; stt?: boolean | null | undefined; agent?: boolean | null | undefined } | null | undefined;
      /**
       * Lifetime in seconds. The default is the deployment's DEFAULT_EXPIRES_IN. Permitted: 1 to
       * 3600.
       */
      expires_in?: number | null | undefined;
    };
    socket: "tts" | "stt";
    single_use: false;
    response: {};
  };
  /**
   * Deepgram: A token can be used until it expires, for speech to text, text to speech and
   * voice agents.
   */
  deepgram: {
    ask: {
      /**
       * Lifetime in seconds. The default is the deployment's DEFAULT_EXPIRES_IN. Permitted: 1 to
       * 3600.
       */
      ttl_seconds?: number | undefined;
      /** Another name for ttl_seconds. */
      expires_in?: number | undefined;
    };
    socket: "listen" | "speak" | "agent";
    single_use: false;
    response: {};
  };
  /** ElevenLabs: A token has one type, is valid for 15 minutes and is spent on first use. */
  elevenlabs: {
    ask: {
      /** Optional if the deployment allows exactly one type. */
      token_type?: "realtime_scribe" | "tts_websocket" | "batch_scribe" | undefined;
      /** The provider fixes the lifetime. This field changes nothing. */
      expires_in?: 900 | undefined;
    };
    socket: "realtime_scribe" | "tts_websocket";
    single_use: true;
    response: {};
  };
  /**
   * ElevenLabs Agents: A token opens one conversation with the agent of a profile, within 15
   * minutes.
   */
  "elevenlabs-agents": {
    ask: {
      /**
       * The name of a profile of the deployment, which says with which agent the conversation is.
       */
      profile?: string | undefined;
      /**
       * How the page connects: websocket returns a signed URL, webrtc a conversation token for
       * LiveKit.
       */
      connection?: "websocket" | "webrtc" | undefined;
      /** The provider fixes the lifetime. This field changes nothing. */
      expires_in?: 900 | undefined;
    };
    socket: "conversation";
    single_use: true;
    response: {
      /** The profile of the token. */
      profile: string;
      /** The provider itself holds the conversation to the profile. */
      locked: true;
      /** ElevenLabs' id of the conversation, if it returned one. */
      conversation_id?: string | undefined;
      /** For webrtc: the URL of the LiveKit server that accepts the token. */
      livekit_url?: string | undefined;
    };
  };
  /**
   * Gemini Live: A token opens one session, within its lifetime, and locks the session's whole
   * setup.
   */
  gemini: {
    ask: {
      /**
       * The profile whose setup the session has. The default is the deployment's DEFAULT_PROFILE,
       * or its only profile.
       */
      profile?: string | undefined;
      /**
       * The session must be started within this number of seconds. The default is the deployment's
       * DEFAULT_EXPIRES_IN. Permitted: 1 to 3600.
       */
      expires_in?: number | undefined;
      /**
       * The session accepts messages until this number of seconds after the token request. It must
       * be at least expires_in. The default is the deployment's MAX_SESSION_DURATION_SECONDS, or if
       * that is not set the larger of 1800 and expires_in. Permitted: 60 to 71940.
       */
      max_session_duration_seconds?: number | undefined;
    };
    socket: "live";
    single_use: true;
    response: {
      /** The profile whose setup the session has. */
      profile: string;
      /** The provider itself holds the session to the profile. */
      locked: true;
      /** Until when the session accepts messages, in UTC. */
      session_expires_at: string;
    };
  };
  /**
   * LiveKit: A token lets one participant join one room until it expires; the function signs it
   * by itself.
   */
  livekit: {
    ask: {
      /**
       * The name of a profile of this service. The query of a POST may have it instead of the body.
       */
      profile?: string | undefined;
      /** The caller's part of the room's name, only where the profile's room has {room_name}. */
      room_name?: string | undefined;
      /** The participant's display name. */
      participant_name?: string | undefined;
      /**
       * Lifetime in seconds: how long the token can be used to join. The default is the
       * deployment's DEFAULT_EXPIRES_IN. Permitted: 10 to 3600.
       */
      expires_in?: number | undefined;
    };
    socket: never;
    single_use: false;
    response: {
      /** The URL of the LiveKit server. */
      server_url: string;
      /** The token, under the name that LiveKit's clients expect. */
      participant_token: string;
      /** The profile of the token. */
      profile: string;
      /** The token holds the participant to the profile. */
      locked: true;
    };
  };
  /**
   * OpenAI Realtime: A token opens a session of its profile's type, which the page can change.
   */
  openai: {
    ask: {
      /**
       * The profile with which the session begins. The default is the deployment's DEFAULT_PROFILE,
       * or its only profile.
       */
      profile?: string | undefined;
      /**
       * The session must be opened within this number of seconds. The default is the deployment's
       * DEFAULT_EXPIRES_IN. Permitted: 10 to 7200.
       */
      expires_in?: number | undefined;
    };
    socket: "realtime" | "transcription" | "translation";
    single_use: true;
    response: {
      /** The profile with which the session begins. */
      profile: string;
      /** The page can change the session. */
      locked: false;
    };
  };
  /**
   * Soniox: A token has one usage type and opens one session, within its lifetime, unless the
   * deployment makes it reusable.
   */
  soniox: {
    ask: {
      /** Optional if the deployment allows exactly one type. */
      usage_type?: "transcribe_websocket" | "tts_rt" | undefined;
      /**
       * The session must be opened within this number of seconds. The default is the deployment's
       * DEFAULT_EXPIRES_IN. Permitted: 1 to 3600.
       */
      expires_in_seconds?: number | undefined;
      /** Another name for expires_in_seconds. */
      expires_in?: number | undefined;
      /**
       * The maximum duration of a session in seconds. The default is the deployment's
       * MAX_SESSION_DURATION_SECONDS, or the provider's maximum if that is not set. Permitted: 1 to
       * 18000.
       */
      max_session_duration_seconds?: number | undefined;
    };
    socket: "transcribe_websocket" | "tts_rt";
    single_use: boolean;
    response: {};
  };
}
