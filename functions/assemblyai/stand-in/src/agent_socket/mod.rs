//! AssemblyAI's Voice Agent API. Sources: assemblyai.com/docs/voice-agents/voice-agent-api (message
//! sequence, events reference, session configuration) and the published voice-agent-api.yaml. No
//! SDK has a client for it: assemblyai 4.41.5 on npm and 1.8.2 on PyPI were read.
//!
//! Not documented, and therefore as strict as can be: an error other than `unauthorized` has a code
//! of the stand-in and ends the session, and a resumed session takes a new token.

mod configuration;
mod dropped;
mod message;
mod session;

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::{Query, State};
use axum::http::HeaderMap;
use axum::response::Response;
use serde_json::Value;
use tokio::time::Instant;

use super::mint::{AGENT, MAX_SESSION_SECONDS, key_of_agents};
use configuration::Configuration;
use message::{error, invalid, message_type, parse};
use session::{End, Session};
use voicemint_stand_in::request::{QueryPairs, single_parameter};
use voicemint_stand_in::websocket::{Socket, SocketClose, Upgrade};
use voicemint_stand_in::{Account, RedeemError};

/// `GET /v1/ws`. Errors are sent on the WebSocket, as the vendor does: a page cannot read a
/// rejected upgrade.
pub(super) async fn open(
    State(account): State<Account>,
    Query(query): Query<QueryPairs>,
    headers: HeaderMap,
    upgrade: Upgrade,
) -> Response {
    upgrade.start(|mut socket| async move {
        let Err(close) = run(&mut socket, &account, &query, &headers).await;
        socket.close(close).await;
    })
}

async fn run(
    socket: &mut Socket,
    account: &Account,
    query: &[(String, String)],
    headers: &HeaderMap,
) -> Result<Infallible, SocketClose> {
    let max_duration =
        authorize(account, query, headers).map_err(|message| error("unauthorized", message))?;
    let deadline = Instant::now() + max_duration;
    let mut session = begin(socket, account, deadline).await?;
    socket.send(&session.ready()).await?;
    match session.run(socket).await {
        Err(End::Over(close)) => Err(close),
        Err(End::ClientLeft(close)) => {
            dropped::keep(session, account.now());
            Err(close)
        }
    }
}

/// Accepts a token in the query, or the API key in the header. Returns the maximum duration of the
/// session.
fn authorize(
    account: &Account,
    query: &[(String, String)],
    headers: &HeaderMap,
) -> Result<Duration, &'static str> {
    let max_duration = Duration::from_secs(MAX_SESSION_SECONDS);
    let token = match single_parameter(query, "token") {
        Ok(Some(token)) => token,
        Ok(None) => {
            return match key_of_agents(headers) {
                Some(key) if account.accepts_key(key) => Ok(max_duration),
                Some(_) => Err("The API key is not known."),
                None => Err("A token or an API key is required."),
            };
        }
        Err(_) => return Err("token is given more than once."),
    };
    match account.redeem_for_session(token, AGENT) {
        Ok(terms) => Ok(terms.max_duration.unwrap_or(max_duration)),
        Err(RedeemError::Expired) => Err("The token has expired."),
        Err(RedeemError::Spent) => Err("The token was used before."),
        Err(RedeemError::NotGranted) => Err("The token is for another product."),
        Err(RedeemError::Unknown) => Err("The token is not known."),
    }
}

/// The session of the first message: a new one, or one whose client comes back.
async fn begin(
    socket: &mut Socket,
    account: &Account,
    deadline: Instant,
) -> Result<Session, SocketClose> {
    let message = parse(&socket.receive().await?)?;
    match message_type(&message) {
        "session.update" => {
            let configuration = Configuration::read(&message)?;
            Ok(Session::new(deadline, &configuration))
        }
        "session.resume" => {
            let id = message.get("session_id").and_then(Value::as_str);
            let id = id.ok_or_else(|| invalid("session_id is required."))?;
            let session = dropped::take(id, account.now());
            let session = session
                .ok_or_else(|| error("session_not_found", "There is no such session to resume."))?;
            Ok(session.with_deadline(deadline))
        }
        _ => Err(invalid("session.update must be the first message.")),
    }
}

#[cfg(test)]
mod tests;
