//! Who may open a socket. Sources: developers.deepgram.com/guides/fundamentals/token-based-authentication
//! and /guides/deep-dives/using-the-sec-websocket-protocol, @deepgram/sdk 5.13.0 (which sends the
//! subprotocols in browsers and `Bearer` elsewhere) and deepgram-sdk 7.17.0 (which sends `bearer`).

use axum::http::HeaderMap;
use voicemint_stand_in::request::single_header;
use voicemint_stand_in::websocket::Upgrade;
use voicemint_stand_in::{Account, Scope};

use crate::error::DeepgramError;

/// What every token opens: all sockets, and nothing that manages the account.
pub(super) const USAGE: Scope = Scope("usage:write");

/// The scheme of a credential, in a header or as a subprotocol. Its name is case-insensitive.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Scheme {
    /// An API key.
    Token,
    /// A minted token.
    Bearer,
}

impl Scheme {
    const ALL: [Self; 2] = [Self::Token, Self::Bearer];

    /// The name, as it is selected of the offered subprotocols.
    fn name(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::Bearer => "bearer",
        }
    }

    fn parse(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|scheme| scheme.name().eq_ignore_ascii_case(name))
    }
}

/// The credential of the Authorization header.
pub(super) fn header_credential(headers: &HeaderMap) -> Option<(Scheme, &str)> {
    let (scheme, credential) = single_header(headers, "authorization")?.split_once(' ')?;
    Some((Scheme::parse(scheme)?, credential))
}

/// The credential among the offered subprotocols: what follows the name of a scheme.
fn protocol_credential(protocols: &[String]) -> Option<(Scheme, &str)> {
    let mut protocols = protocols.iter();
    let scheme = protocols.find_map(|protocol| Scheme::parse(protocol))?;
    Some((scheme, protocols.next()?))
}

/// Checks the credential of a socket, and selects the subprotocol that names its scheme.
///
/// # Errors
/// HTTP 401, before the upgrade.
pub(super) fn authorize_socket(
    account: &Account,
    headers: &HeaderMap,
    upgrade: Upgrade,
) -> Result<Upgrade, DeepgramError> {
    let credential = if headers.contains_key("authorization") {
        header_credential(headers)
    } else {
        protocol_credential(upgrade.protocols())
    };
    let Some((scheme, credential)) = credential else {
        return Err(DeepgramError::unauthorized());
    };
    let is_valid = match scheme {
        Scheme::Token => account.accepts_key(credential),
        Scheme::Bearer => account.redeem(credential, USAGE).is_ok(),
    };
    if !is_valid {
        return Err(DeepgramError::unauthorized());
    }
    Ok(upgrade.select(scheme.name()))
}

#[cfg(test)]
mod tests {
    use crate::API_KEY;
    use crate::testing::{SocketClient, TestStandin, standin, token};

    const SOCKETS: [&str; 4] = [
        "/v1/listen?model=nova-3",
        "/v2/listen?model=flux-general-en",
        "/v1/speak?model=aura-2-thalia-en",
        "/v1/agent/converse",
    ];

    async fn connect(
        standin: &TestStandin,
        path: &str,
        headers: &[(&'static str, String)],
    ) -> Result<Option<String>, u16> {
        let headers: Vec<_> = headers
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        match SocketClient::connect(standin, path, &headers).await {
            Ok(client) => Ok(client.1),
            Err((status, body)) => {
                assert_eq!(body["err_code"], "INVALID_AUTH", "{body}");
                Err(status)
            }
        }
    }

    fn authorization(value: String) -> Vec<(&'static str, String)> {
        vec![("authorization", value)]
    }

    fn protocols(value: String) -> Vec<(&'static str, String)> {
        vec![("sec-websocket-protocol", value)]
    }

    #[tokio::test]
    async fn one_token_opens_every_socket_until_it_expires() {
        let (standin, time) = standin();
        let token = token(&standin, 60).await;
        let bearer = Some("bearer".to_owned());
        let forms = [
            (authorization(format!("Bearer {token}")), None),
            (authorization(format!("bearer {token}")), None),
            (protocols(format!("bearer, {token}")), bearer.clone()),
            (
                protocols(format!("bearer, {token}, x-deepgram-session-id, 6b1f-4")),
                bearer,
            ),
        ];
        for path in SOCKETS {
            for (headers, protocol) in &forms {
                let opened = connect(&standin, path, headers).await;
                assert_eq!(opened, Ok(protocol.clone()), "{path} {headers:?}");
            }
        }
        time.advance(60);
        for path in SOCKETS {
            for (headers, _) in &forms {
                let opened = connect(&standin, path, headers).await;
                assert_eq!(opened, Err(401), "{path} {headers:?}");
            }
        }
    }

    #[tokio::test]
    async fn a_key_opens_sockets_by_its_own_scheme() {
        let (standin, _) = standin();
        let key = format!("Token {API_KEY}");
        let opened = connect(&standin, SOCKETS[0], &authorization(key)).await;
        assert_eq!(opened, Ok(None));
        let key = format!("token, {API_KEY}");
        let opened = connect(&standin, SOCKETS[0], &protocols(key)).await;
        assert_eq!(opened, Ok(Some("token".to_owned())));
    }

    #[tokio::test]
    async fn other_credentials_are_refused_before_the_upgrade() {
        let (standin, _) = standin();
        let token = token(&standin, 60).await;
        for path in SOCKETS {
            for headers in [
                vec![],
                // The commonest mistake: the token in the place of a key.
                authorization(format!("Token {token}")),
                protocols(format!("token, {token}")),
                authorization(format!("Bearer {API_KEY}")),
                authorization("Bearer made-up".to_owned()),
                authorization("Bearer ".to_owned()),
                authorization(token.clone()),
                authorization(format!("Basic {token}")),
                protocols("bearer, made-up".to_owned()),
                protocols("bearer".to_owned()),
                protocols(token.clone()),
                protocols(format!("{token}, bearer")),
                // The header counts, if there is one.
                [
                    authorization("Bearer made-up".to_owned()),
                    protocols(format!("bearer, {token}")),
                ]
                .concat(),
                [
                    authorization(format!("Bearer {token}")),
                    authorization(format!("Bearer {token}")),
                ]
                .concat(),
            ] {
                let opened = connect(&standin, path, &headers).await;
                assert_eq!(opened, Err(401), "{path} {headers:?}");
            }
            for query in ["token", "access_token"] {
                let separator = if path.contains('?') { '&' } else { '?' };
                let path = format!("{path}{separator}{query}={token}");
                assert_eq!(connect(&standin, &path, &[]).await, Err(401), "{path}");
            }
        }
    }
}
