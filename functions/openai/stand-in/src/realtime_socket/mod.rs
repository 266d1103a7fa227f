//! The socket of conversations and transcriptions. Sources:
//! platform.openai.com/docs/api-reference/realtime-client-events and realtime-server-events, and the
//! SDKs: openai 7.59.0, @openai/agents-realtime 0.20.0.
//!
//! Nothing of a client secret is locked, as at OpenAI: `session.update` changes the configuration, and
//! the URL has the model.

mod items;
mod response;
mod session;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod transcription_tests;
mod turns;

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::{Query, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep_until};
use voicemint_stand_in::Account;
use voicemint_stand_in::request::{QueryPairs, single_parameter};
use voicemint_stand_in::websocket::{ClientMessage, Socket, SocketClose, Upgrade};

use self::session::RealtimeSession;
use crate::auth::{self, PROTOCOL};
use crate::error::OpenAiError;
use crate::session::{MAX_SECONDS, SessionConfig, id};
use crate::session_type::SessionType;

/// `GET /v1/realtime`.
pub(crate) async fn open(
    State(account): State<Account>,
    Query(query): Query<QueryPairs>,
    headers: HeaderMap,
    upgrade: Upgrade,
) -> Response {
    let opened = configure(&account, &query, &headers, &upgrade);
    let is_beta = auth::is_beta(&headers, &upgrade);
    match opened {
        Ok(config) => upgrade
            .select(PROTOCOL)
            .start(move |mut socket| async move {
                let Err(close) = run(&mut socket, &account, config, is_beta).await;
                socket.close(close).await;
            }),
        Err(error) => error.into_response(),
    }
}

/// Reads the query, and redeems the client secret.
fn configure(
    account: &Account,
    query: &[(String, String)],
    headers: &HeaderMap,
    upgrade: &Upgrade,
) -> Result<SessionConfig, OpenAiError> {
    let value = |name| {
        single_parameter(query, name).map_err(|_| {
            let message = format!("The parameter '{name}' is given more than once.");
            OpenAiError::invalid("invalid_value", message).at(name)
        })
    };
    let (model, intent) = (value("model")?, value("intent")?);
    let session_type = match (model, intent) {
        (_, None) => SessionType::Realtime,
        (None, Some("transcription")) => SessionType::Transcription,
        (_, Some(_)) => {
            let message = "Pass either a model, or the intent 'transcription'.";
            return Err(OpenAiError::invalid("invalid_value", message).at("intent"));
        }
    };
    let terms = auth::redeem(account, headers, upgrade, session_type.scope())?;
    let configuration = terms.configuration.as_deref().cloned();
    let mut config = SessionConfig::from_members(session_type, configuration.unwrap_or_default());
    if let Some(model) = model {
        config.set_model(model);
    }
    Ok(config)
}

async fn run(
    socket: &mut Socket,
    account: &Account,
    config: SessionConfig,
    is_beta: bool,
) -> Result<Infallible, SocketClose> {
    if is_beta {
        let message =
            "The Realtime Beta API is no longer supported. Please use /v1/realtime for the GA API.";
        return Err(close_with(
            &OpenAiError::invalid("beta_api_shape_disabled", message),
            4000,
        ));
    }
    let deadline = Instant::now() + Duration::from_secs(MAX_SECONDS);
    let expires_at = account.now().as_secs() + MAX_SECONDS;
    let mut session = RealtimeSession::new(config, expires_at);
    send(socket, session.created()).await?;
    loop {
        let events = tokio::select! {
            message = socket.receive(), if !session.queue.is_full() => match message? {
                ClientMessage::Text(text) => session.handle(&text),
                ClientMessage::Audio(_) => {
                    let message = "Binary frames are not supported: send audio as base64.";
                    vec![OpenAiError::invalid(None, message).event(None)]
                }
            },
            output = session.queue.next() => session.emit(output.output),
            () = sleep_until(deadline) => {
                let message = "Your session hit the maximum duration of 60 minutes.";
                return Err(close_with(&OpenAiError::invalid("session_expired", message), 1001));
            }
        };
        for event in events {
            send(socket, event).await?;
        }
    }
}

/// Sends an event with an ID.
pub(crate) async fn send(socket: &mut Socket, event: Value) -> Result<(), SocketClose> {
    socket.send(&with_id(event)).await
}

/// An `error` event, and a close.
pub(crate) fn close_with(error: &OpenAiError, code: u16) -> SocketClose {
    SocketClose::with_frame(with_id(error.event(None)), code, error.reason())
}

fn with_id(mut event: Value) -> Value {
    if let Some(members) = event.as_object_mut() {
        members.insert("event_id".to_owned(), json!(id("event")));
    }
    event
}
