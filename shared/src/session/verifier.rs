//! The verifier: turns a credential into a session in the way that the settings choose.

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
use crate::session::jwe::{EncryptedSessions, check_encryption_secret};
use crate::session::jwt::download::Location;
use crate::session::jwt::remote_jwk_set::RemoteJwkSet;
use crate::session::jwt::trusted_issuer::{Keys, TrustedIssuer, check_signing_secret};
use crate::session::jwt::unverified::UnverifiedToken;
use crate::session::reason::Reason;
use crate::session::remote::ServiceClient;
use crate::session::remote::forward::Forward;
use crate::session::remote::introspection::{Introspection, check_client_credentials};
use crate::session::settings::SessionSettings;
use crate::session::settings::authenticator::{
    AuthenticatorSettings, EncryptedSettings, IssuerSettings, KeysSetting,
};
use crate::transport::Transport;

/// Verifies the sessions of one deployment.
pub struct Verifier {
    authenticator: Authenticator,
    clock: Clock,
}

enum Authenticator {
    Tokens(Vec<TrustedIssuer>, Option<EncryptedSessions>),
    Introspection(Box<Introspection>),
    Forward(Forward),
}

impl Verifier {
    /// Creates a verifier. A secret that is older than `fresh_for` is loaded again.
    pub fn new(
        settings: SessionSettings,
        transport: Transport,
        store: Arc<dyn SecretStore>,
        fresh_for: Duration,
        clock: Clock,
    ) -> Self {
        let mut builder = Builder {
            transport,
            store,
            fresh_for,
            clock,
            jwk_sets: Vec::new(),
        };
        let authenticator = match settings.authenticator {
            AuthenticatorSettings::Tokens(issuers, encrypted) => Authenticator::Tokens(
                issuers
                    .into_iter()
                    .map(|issuer| builder.issuer(issuer))
                    .collect(),
                encrypted.map(|encrypted| builder.encrypted_sessions(encrypted)),
            ),
            AuthenticatorSettings::Introspection(service, credentials) => {
                Authenticator::Introspection(Box::new(Introspection {
                    url: service.url,
                    credentials: builder
                        .secret(credentials, SecretField::Whole(check_client_credentials)),
                    client: builder.client(),
                    rules: service.rules,
                    cache: Default::default(),
                }))
            }
            AuthenticatorSettings::Forward(service) => Authenticator::Forward(Forward {
                url: service.url,
                cookie: settings
                    .cookies
                    .into_iter()
                    .next()
                    .map(|cookie| cookie.name),
                client: builder.client(),
                rules: service.rules,
            }),
        };
        Self {
            authenticator,
            clock: builder.clock,
        }
    }

    /// Loads keys and secrets before the first request. Errors are ignored.
    pub async fn warm(&self) {
        match &self.authenticator {
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
            Authenticator::Introspection(introspection) => {
                drop(introspection.credentials.get().await);
            }
            Authenticator::Forward(_) => {}
        }
    }

    /// Verifies a credential.
    ///
    /// # Errors
    /// [`Code::SessionMissing`], [`Code::SessionInvalid`], [`Code::SessionExpired`], and
    /// [`Code::SessionUnavailable`] where the credential cannot be verified because keys, secrets
    /// or an answer are unavailable.
    pub async fn verify(&self, credential: Credential<'_>) -> Result<Session, Problem> {
        let detail =
            "Sign in, and send the session as a Bearer token or as the app's session cookie.";
        let missing = |reason: Reason| {
            Err(Problem::new(Code::SessionMissing, detail).with_reason(reason.to_string()))
        };
        match credential {
            Credential::Bearer(token) => Ok(self.verify_one(token, None).await?),
            Credential::Cookies(candidates) => Ok(self.verify_cookies(&candidates).await?),
            Credential::TooManyCookies => Err(SessionError::Invalid(Reason::TooManyCookies).into()),
            Credential::UndecodableCookies => missing(Reason::UndecodableCookies),
            Credential::None => missing(Reason::NoCredential),
        }
    }

    /// Verifies every session in the cookies. A sibling host can set cookies, and the order of the
    /// cookies must not decide whose session counts: two valid sessions of different users are
    /// refused.
    async fn verify_cookies(&self, candidates: &[Candidate<'_>]) -> Result<Session, SessionError> {
        let results = candidates
            .iter()
            .map(|candidate| self.verify_one(&candidate.session, Some(&candidate.cookies)));
        let (mut valid, mut first_error) = (Vec::new(), None);
        for result in join_all(results).await {
            match result {
                Ok(session) => valid.push(session),
                // It may be the valid session of another user.
                Err(unavailable @ SessionError::Unavailable { .. }) => return Err(unavailable),
                Err(error) => first_error = first_error.or(Some(error)),
            }
        }
        let mut valid = valid.into_iter();
        let Some(first) = valid.next() else {
            return Err(first_error.unwrap_or(Reason::EmptyCookies.into()));
        };
        let is_same_user = |other: &Session| {
            (other.issuer(), other.subject()) == (first.issuer(), first.subject())
        };
        if valid.all(|other| is_same_user(&other)) {
            Ok(first)
        } else {
            Err(Reason::AmbiguousCookies.into())
        }
    }

    /// Verifies one session. `cookies` are the names of the cookies that contain it, if any.
    async fn verify_one(
        &self,
        session: &str,
        cookies: Option<&[String]>,
    ) -> Result<Session, SessionError> {
        match &self.authenticator {
            Authenticator::Tokens(_, Some(encrypted)) if is_encrypted(session) => {
                encrypted.verify(session, cookies).await
            }
            Authenticator::Tokens(issuers, _) => self.verify_token(issuers, session).await,
            Authenticator::Introspection(introspection) => introspection.verify(session).await,
            Authenticator::Forward(forward) => forward.verify(cookies.is_some(), session).await,
        }
    }

    /// The token's `iss` selects the issuer; then that issuer's keys, and no others, verify it.
    async fn verify_token(
        &self,
        issuers: &[TrustedIssuer],
        token: &str,
    ) -> Result<Session, SessionError> {
        let token = UnverifiedToken::parse(token)?;
        let issuer = match issuers {
            // The key alone determines the issuer, whether or not the token has an `iss`.
            [only] if only.rules.issuer_claim == IssuerClaim::Unchecked => only,
            _ => {
                let name = token.unverified_issuer().ok_or(Reason::IssuerMissing)?;
                issuers
                    .iter()
                    .find(|issuer| issuer.rules.issuer_claim.names(&name))
                    .ok_or(Reason::IssuerUnknown)?
            }
        };
        issuer.verify(token, &self.clock).await
    }
}

/// Creates the parts of a verifier.
struct Builder {
    transport: Transport,
    store: Arc<dyn SecretStore>,
    fresh_for: Duration,
    clock: Clock,
    /// One for each location: issuers with the same key set share its cache.
    jwk_sets: Vec<Arc<RemoteJwkSet>>,
}

impl Builder {
    fn issuer(&mut self, settings: IssuerSettings) -> TrustedIssuer {
        TrustedIssuer {
            keys: self.keys(settings.keys),
            algorithms: settings.algorithms,
            key_id_required: settings.key_id_required,
            rules: settings.rules,
        }
    }

    fn keys(&mut self, setting: KeysSetting) -> Keys {
        match setting {
            KeysSetting::Published(location) => Keys::Published(self.jwk_set(location)),
            KeysSetting::Shared(id) => Keys::Shared(self.signing_secret(id)),
            KeysSetting::Both(id, location) => {
                Keys::Both(self.signing_secret(id), self.jwk_set(location))
            }
        }
    }

    fn encrypted_sessions(&self, settings: EncryptedSettings) -> EncryptedSessions {
        EncryptedSessions {
            secret: self.secret(
                settings.secret_id,
                SecretField::Only(check_encryption_secret),
            ),
            scheme: settings.scheme,
            cookies: settings.cookies,
            rules: settings.rules,
            clock: self.clock.clone(),
        }
    }

    fn signing_secret(&self, id: String) -> SecretCache {
        self.secret(id, SecretField::Only(check_signing_secret))
    }

    fn secret(&self, id: String, field: SecretField) -> SecretCache {
        SecretCache::new(
            Arc::clone(&self.store),
            id,
            field,
            self.fresh_for,
            self.clock.clone(),
        )
    }

    fn client(&self) -> ServiceClient {
        ServiceClient {
            transport: self.transport.clone(),
            clock: self.clock.clone(),
        }
    }

    fn jwk_set(&mut self, location: Location) -> Arc<RemoteJwkSet> {
        let known = self
            .jwk_sets
            .iter()
            .find(|known| *known.location() == location);
        if let Some(known) = known {
            return Arc::clone(known);
        }
        let jwk_set = Arc::new(RemoteJwkSet::new(
            location,
            self.transport.clone(),
            self.clock.clone(),
        ));
        self.jwk_sets.push(Arc::clone(&jwk_set));
        jwk_set
    }
}
