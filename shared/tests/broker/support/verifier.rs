//! A verifier from settings, made as the broker makes it.

use std::sync::Arc;
use std::time::Duration;

use voicemint::internals::{
    Clock, SecretStore, SessionCookie, SessionSettings, Transport, Verifier,
};
use voicemint::settings::{Environment, Reader};

/// Reads the session settings. The error is the message for the operator.
pub fn session_settings(environment: &dyn Environment) -> Result<SessionSettings, String> {
    let mut reader = Reader::new(environment);
    let settings = SessionSettings::from_settings(&mut reader);
    reader.finish(settings).map_err(|error| error.to_string())
}

/// A verifier, and the cookies that may contain a session.
pub fn verifier(
    environment: &dyn Environment,
    store: Arc<dyn SecretStore>,
    clock: Clock,
) -> (Verifier, Vec<SessionCookie>) {
    let settings = session_settings(environment).unwrap();
    let cookies = settings.cookies.clone();
    let transport = Transport::new().unwrap();
    let fresh_for = Duration::from_secs(300);
    (
        Verifier::new(settings, transport, store, fresh_for, clock),
        cookies,
    )
}
