//! The socket of a conversation, from the signature to the close. Sources: the vendor's SDKs
//! @elevenlabs/client 1.25.0 and elevenlabs (Python) 2.78.0.

mod frames;
mod message;
mod session;
#[cfg(test)]
mod tests;

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::{Query, State};
use axum::response::Response;
use tokio::time::timeout;
use voicemint_stand_in::Account;
use voicemint_stand_in::request::QueryPairs;
use voicemint_stand_in::websocket::{Socket, SocketClose, Upgrade};

use crate::overrides::Initiation;
use crate::signature;
use message::{parse, refuse};
use session::Session;

/// The subprotocol of the JavaScript SDK; the Python SDK offers none.
const SUBPROTOCOL: &str = "convai";

/// The code of the close for a refused connection. The vendor's is not verified.
const REFUSED: u16 = 3000;

/// How long the first message may take. Clients need not send `conversation_initiation_client_data`.
const INITIATION_TIMEOUT: Duration = Duration::from_secs(1);

/// `GET /v1/convai/conversation`. Refusals close the open socket: SDKs report the reason of a close,
/// but not of a refused upgrade.
pub(crate) async fn open(
    State(account): State<Account>,
    Query(query): Query<QueryPairs>,
    upgrade: Upgrade,
) -> Response {
    upgrade.select(SUBPROTOCOL).start(|mut socket| async move {
        let Err(close) = run(&mut socket, &account, &query).await;
        socket.close(close).await;
    })
}

async fn run(
    socket: &mut Socket,
    account: &Account,
    query: &[(String, String)],
) -> Result<Infallible, SocketClose> {
    let redeemed = signature::redeem(account, query);
    let (agent, id) = redeemed.map_err(|reason| SocketClose::new(REFUSED, reason))?;
    let first = match timeout(INITIATION_TIMEOUT, socket.receive()).await {
        Ok(message) => Some(parse(message?)?),
        Err(_) => None,
    };
    let (initiation, first) = match first {
        Some(message) if frames::kind(&message) == Some(frames::INITIATION) => {
            let initiation = Initiation::read(&message, agent).map_err(refuse)?;
            (initiation, None)
        }
        other => (Initiation::default(), other),
    };
    socket.send(&frames::metadata(&id)).await?;
    let mut session = Session::new(initiation.text_only);
    let greeting = initiation.first_message.as_deref();
    session.say(greeting.unwrap_or(agent.first_message));
    if let Some(message) = first {
        session.handle(socket, &message).await?;
    }
    session.run(socket).await
}
