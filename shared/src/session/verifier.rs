//! The verifier: from a credential to a session, in the way that the settings say.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;

use crate::clock::Clock;
use crate::problem::{Code, Problem};
use crate::secret::{SecretCache, SecretField, SecretStore};
use crate::session::Session;
use crate::session::claims::IssuerClaim;
use crate::session::credential::{Candidate, Credential};
use crate::session::error::SessionError;
use crate::session::jose::is_encrypted;
use crate::session::jwe::{EncryptedSessions, encrypts};
use crate::session::jwt::issuer::{Keys, TrustedIssuer, signs};
use crate::session::jwt::remote_jwk_set::{Location, RemoteJwkSet};
use crate::session::jwt::unverified::UnverifiedToken;
use crate::session::remote::ServiceClient;
use crate::session::remote::forward::Forward;
use crate::session::remote::introspection::{Introspection, authenticates};
use crate::session::settings::SessionSettings;
use crate::session::settings::authenticator::{
    AuthenticatorSettings, EncryptedSettings, IssuerSettings, KeysSetting,
};
use crate::transport::Transport;

/// Verifies the sessions of one deployment.
pub struct Verifier {
    way: Authenticator,
    clock: Clock,
}

enum Authenticator {
    Tokens(Vec<TrustedIssuer>, Option<EncryptedSessions>),
    Introspection(Box<Introspection>),
    Forward(Forward),
}

impl Verifier {
    /// A verifier for what the settings say. `fresh_for` is how long a secret is used before it is
    /// loaded anew.
    pub fn new(
        settings: SessionSettings,
        transport: Transport,
        store: Arc<dyn SecretStore>,
        fresh_for: Duration,
        clock: Clock,
    ) -> Self {
        let secret =
            |id, part| SecretCache::new(Arc::clone(&store), id, part, fresh_for, clock.clone());
        let remote = || ServiceClient {
            transport: transport.clone(),
            clock: clock.clone(),
        };
        let way = match settings.authenticator {
            AuthenticatorSettings::Tokens(issuers, encrypted) => {
                let mut sources = Sources {
                    transport: &transport,
                    clock: &clock,
                    known: Vec::new(),
                };
                let issuers = issuers.into_iter().map(
                    |IssuerSettings {
                         keys,
                         algorithms,
                         key_id_required,
                         rules,
                     }| {
                        let keys = match keys {
                            KeysSetting::Published(location) => {
                                Keys::Published(sources.at(location))
                            }
                            KeysSetting::Shared(id) => {
                                Keys::Shared(secret(id, SecretField::Only(signs)))
                            }
                            KeysSetting::Both(id, location) => Keys::Both(
                                secret(id, SecretField::Only(signs)),
                                sources.at(location),
                            ),
                        };
                        TrustedIssuer {
                            keys,
                            algorithms,
                            key_id_required,
                            rules,
                        }
                    },
                );
                let issuers = issuers.collect();
                let encrypted = encrypted.map(
                    |EncryptedSettings {
                         secret_id,
                         scheme,
                         cookies,
                         rules,
                     }| EncryptedSessions {
                        secret: secret(secret_id, SecretField::Only(encrypts)),
                        scheme,
                        cookies,
                        rules,
                        clock: clock.clone(),
                    },
                );
                Authenticator::Tokens(issuers, encrypted)
            }
            AuthenticatorSettings::Introspection(service, client) => {
                Authenticator::Introspection(Box::new(Introspection {
                    url: service.url,
                    client: secret(client, SecretField::Whole(authenticates)),
                    remote: remote(),
                    rules: service.rules,
                    remembered: Default::default(),
                }))
            }
            AuthenticatorSettings::Forward(service) => Authenticator::Forward(Forward {
                url: service.url,
                cookie: settings
                    .cookies
                    .into_iter()
                    .next()
                    .map(|cookie| cookie.name),
                remote: remote(),
                rules: service.rules,
            }),
        };
        Self { way, clock }
    }

    /// Gets what is needed ahead of the first request, best effort.
    pub async fn warm(&self) {
        match &self.way {
            Authenticator::Tokens(issuers, encrypted) => {
                let secret = async {
                    if let Some(encrypted) = encrypted {
                        drop(encrypted.secret.get().await);
                    }
                };
                tokio::join!(
                    join_all(issuers.iter().map(|issuer| issuer.keys.warm())),
                    secret
                );
            }
            Authenticator::Introspection(introspection) => drop(introspection.client.get().await),
            Authenticator::Forward(_) => {}
        }
    }

    /// Makes a session of a credential, or refuses it.
    ///
    /// # Errors
    /// [`Code::SessionMissing`], [`Code::SessionInvalid`], [`Code::SessionExpired`], and
    /// [`Code::SessionUnavailable`] where nothing can be said of the credential because keys or
    /// answers cannot be had.
    pub async fn verify(&self, credential: Credential<'_>) -> Result<Session, Problem> {
        let detail =
            "Sign in, and send the session as a Bearer token or as the app's session cookie.";
        let missing = |reason| Err(Problem::new(Code::SessionMissing, detail).with_reason(reason));
        match credential {
            Credential::Bearer(token) => Ok(self.verify_one(token, None).await?),
            Credential::Cookies(candidates) => Ok(self.verify_cookies(&candidates).await?),
            Credential::TooManyCookies => Err(SessionError::invalid(
                "the cookies hold more than four different sessions, so none is tried",
            )
            .into()),
            Credential::UnreadableCookies => {
                missing("a session cookie is there, but no session can be unpacked from it")
            }
            Credential::None => {
                missing("there is neither a Bearer credential nor a session cookie")
            }
        }
    }

    /// Judges all that the cookies hold. A sibling host can plant cookies, and their order must not
    /// decide whose session counts: two good ones of different owners are none.
    async fn verify_cookies(&self, candidates: &[Candidate<'_>]) -> Result<Session, SessionError> {
        let judged = candidates
            .iter()
            .map(|candidate| self.verify_one(&candidate.session, Some(&candidate.cookies)));
        let (mut good, mut refused) = (Vec::new(), None);
        for session in join_all(judged).await {
            match session {
                Ok(session) => good.push(session),
                // It may be the good one of another owner.
                Err(unavailable @ SessionError::Unavailable { .. }) => return Err(unavailable),
                Err(other) => refused = refused.or(Some(other)),
            }
        }
        let mut good = good.into_iter();
        let Some(first) = good.next() else {
            return Err(
                refused.unwrap_or_else(|| SessionError::invalid("the cookies hold no session"))
            );
        };
        let same_owner = |other: &Session| {
            (other.issuer(), other.subject()) == (first.issuer(), first.subject())
        };
        if good.all(|other| same_owner(&other)) {
            Ok(first)
        } else {
            Err(SessionError::invalid(
                "the cookies hold good sessions of different owners: a sibling host may have set one",
            ))
        }
    }

    /// Judges one session. `cookies` are the names of those that hold it, where it came in some.
    async fn verify_one(
        &self,
        session: &str,
        cookies: Option<&[String]>,
    ) -> Result<Session, SessionError> {
        match &self.way {
            Authenticator::Tokens(_, Some(encrypted)) if is_encrypted(session) => {
                encrypted.verify(session, cookies).await
            }
            Authenticator::Tokens(issuers, _) => self.by_issuer(issuers, session).await,
            Authenticator::Introspection(introspection) => introspection.verify(session).await,
            Authenticator::Forward(forward) => forward.verify(cookies.is_some(), session).await,
        }
    }

    /// The token's own word chooses the issuer; then that issuer's keys, and no others, must
    /// confirm it.
    async fn by_issuer(
        &self,
        issuers: &[TrustedIssuer],
        token: &str,
    ) -> Result<Session, SessionError> {
        let token = UnverifiedToken::parse(token).map_err(SessionError::invalid)?;
        let issuer = match issuers {
            // Who vouches is known from the key alone, whatever the token says, if anything.
            [only] if only.rules.issuer_claim == IssuerClaim::Unchecked => only,
            _ => {
                let name = token
                    .unverified_issuer()
                    .ok_or_else(|| SessionError::invalid("the token names no issuer"))?;
                let named = issuers
                    .iter()
                    .find(|issuer| issuer.rules.issuer_claim.names(&name));
                named.ok_or_else(|| SessionError::invalid("iss is not in SESSION_ISSUER"))?
            }
        };
        issuer.verify(token, &self.clock).await
    }
}

/// Makes one source for each place: two issuers that have their keys in one place share what is
/// fetched.
struct Sources<'a> {
    transport: &'a Transport,
    clock: &'a Clock,
    known: Vec<Arc<RemoteJwkSet>>,
}

impl Sources<'_> {
    fn at(&mut self, location: Location) -> Arc<RemoteJwkSet> {
        if let Some(known) = self
            .known
            .iter()
            .find(|source| *source.location() == location)
        {
            return Arc::clone(known);
        }
        let source = Arc::new(RemoteJwkSet::new(
            location,
            self.transport.clone(),
            self.clock.clone(),
        ));
        self.known.push(Arc::clone(&source));
        source
    }
}
