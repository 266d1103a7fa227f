//! What both sockets have in common: who opened the connection, and until when it may last.

use std::time::Duration;

use axum::http::{HeaderMap, StatusCode};
use serde_json::Value;
use tokio::time::{Instant, sleep_until};
use voicemint_stand_in::Account;
use voicemint_stand_in::websocket::{ClientMessage, Socket, SocketClose};

use super::auth::{authorize, handshake_key};
use super::error::SonioxError;
use crate::usage::UsageType;

/// The longest connection (soniox.com/docs/stt/rt/limits-and-quotas).
const MAX_DURATION: Duration = Duration::from_secs(300 * 60);

/// A connection, from its opening.
pub(super) struct Session {
    account: Account,
    usage_type: UsageType,
    opened: Instant,
    /// Whether the handshake had a key: then no frame may have one.
    has_handshake_key: bool,
    is_authorized: bool,
    max_duration: Option<Duration>,
}

impl Session {
    /// Checks the key of the handshake, before any frame. A temporary key for single use is spent
    /// by this.
    pub(super) fn open(
        account: Account,
        usage_type: UsageType,
        headers: &HeaderMap,
        protocols: &[String],
    ) -> Result<Self, SonioxError> {
        let key = handshake_key(headers, protocols)?;
        let max_duration = match &key {
            Some(key) => authorize(&account, key, usage_type)?,
            None => None,
        };
        Ok(Self {
            account,
            usage_type,
            opened: Instant::now(),
            has_handshake_key: key.is_some(),
            is_authorized: key.is_some(),
            max_duration,
        })
    }

    /// Checks the `api_key` of a frame that configures a stream. The first one counts for the whole
    /// connection: @soniox/client repeats it for each stream. Whether Soniox spends a key again with
    /// a second stream is not documented.
    pub(super) fn check_frame(&mut self, frame: &Value) -> Result<(), SonioxError> {
        match frame.get("api_key") {
            Some(Value::String(_)) if self.has_handshake_key => Err(SonioxError::invalid(
                "Send the API key with the connection or in the start message, not in both.",
            )),
            Some(Value::String(key)) if !self.is_authorized => {
                self.max_duration = authorize(&self.account, key, self.usage_type)?;
                self.is_authorized = true;
                Ok(())
            }
            None | Some(Value::String(_)) if self.is_authorized => Ok(()),
            None => Err(SonioxError::unauthenticated("Missing API key.")),
            Some(_) => Err(SonioxError::invalid("api_key must be a string.")),
        }
    }

    /// The next message.
    ///
    /// # Errors
    /// The client has left, was silent for too long, or the session has reached its end.
    pub(super) async fn receive(&self, socket: &mut Socket) -> Result<ClientMessage, Received> {
        tokio::select! {
            message = socket.receive() => message.map_err(|close| match close.code {
                1008 => Received::Error(SonioxError::timeout("Request timeout.")),
                _ => Received::Close(close),
            }),
            error = self.end() => Err(Received::Error(error)),
        }
    }

    /// Waits for the end of the permitted time. This method is cancel-safe.
    pub(super) async fn end(&self) -> SonioxError {
        let duration = self.max_duration.unwrap_or(MAX_DURATION).min(MAX_DURATION);
        sleep_until(self.opened + duration).await;
        if self.max_duration.is_some() {
            let message = "The session of the temporary API key has expired.";
            SonioxError::new(
                StatusCode::FORBIDDEN,
                "temp_api_key_session_expired",
                message,
            )
        } else {
            let status = StatusCode::PAYLOAD_TOO_LARGE;
            SonioxError::new(status, "max_duration_reached", "Audio is too long.")
        }
    }
}

/// Why no message was received.
pub(super) enum Received {
    /// An error that the client is told.
    Error(SonioxError),
    /// A close without an error.
    Close(SocketClose),
}

impl From<SonioxError> for Received {
    fn from(error: SonioxError) -> Self {
        Self::Error(error)
    }
}
