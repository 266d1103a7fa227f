//! The steps of a request that wait for a service. Each has a time limit and is measured.

use std::sync::Arc;

use tokio::time::{Instant, timeout_at};

use super::mint::{Minter, rejected};
use super::profiles::FoundProfile;
use super::requested::Requested;
use super::{Broker, Progress};
use crate::problem::{Code, Problem};
use crate::provider::Provider;
use crate::provider::context::MintContext;
use crate::provider::request::TokenRequest;
use crate::provider::subject::SubjectUse;
use crate::provider::token::IssuedToken;
use crate::secret::api_key::ApiKey;
use crate::secret::role::RoleCredentials;
use crate::session::Session;
use crate::session::credential::Credential;

/// What was loaded for a request.
pub(super) struct Secrets<P: Provider> {
    pub key: Arc<ApiKey>,
    pub profile: Option<FoundProfile<P::Profile>>,
    /// The credentials of the function's AWS role.
    role: Option<RoleCredentials>,
}

impl<P: Provider> Broker<P> {
    pub(super) async fn verify_session(
        &self,
        credential: Credential<'_>,
        deadline: Instant,
        progress: &mut Progress,
    ) -> Result<Session, Problem> {
        let started = Instant::now();
        let verified = timeout_at(deadline, self.verifier.verify(credential)).await;
        progress.timings.session = Some(started.elapsed());
        verified.unwrap_or_else(|_| Err(deadline_passed(Code::SessionUnavailable)))
    }

    /// Loads the provider's key, the requested profile and the role's credentials.
    pub(super) async fn load_secrets(
        &self,
        requested: &Requested<P::Options>,
        deadline: Instant,
        progress: &mut Progress,
    ) -> Result<Secrets<P>, Problem> {
        let started = Instant::now();
        let profile = async {
            let Some(profiles) = &self.profiles else {
                return Ok(None);
            };
            let loaded = profiles.load().await?;
            profiles
                .find(&loaded, requested.profile.as_deref())
                .map(Some)
        };
        let role = async {
            if P::USES_ROLE {
                self.role_credentials().await.map(Some)
            } else {
                Ok(None)
            }
        };
        let loads = async { tokio::join!(self.secret.get(), profile, role) };
        let loaded = timeout_at(deadline, loads).await;
        progress.timings.secret = Some(started.elapsed());
        let loaded = loaded.map_err(|_| deadline_passed(Code::SecretUnavailable));
        let (key, profile, role) = loaded?;
        Ok(Secrets {
            key: key?,
            profile: profile?,
            role: role?,
        })
    }

    async fn role_credentials(&self) -> Result<RoleCredentials, Problem> {
        let credentials = match &self.role {
            Some(role) => role.credentials().await,
            None => Err("this process has no AWS role".to_owned()),
        };
        credentials.map_err(|reason| {
            let detail = "The service has no AWS credentials at the moment. Try again shortly.";
            Problem::new(Code::SecretUnavailable, detail)
                .with_reason(reason)
                .retry_after(1)
        })
    }

    /// Loads the profiles before the first request.
    pub(super) async fn load_profiles(&self) {
        if let Some(profiles) = &self.profiles {
            // The first request reports what is wrong.
            let _ = profiles.load().await;
        }
    }

    /// Counts this mint, or refuses it if the subject has reached a limit.
    pub(super) async fn count_mint(
        &self,
        deadline: Instant,
        progress: &mut Progress,
    ) -> Result<(), Problem> {
        let Some(limiter) = &self.limiter else {
            return Ok(());
        };
        let subject = subject_hash(progress)?;
        let started = Instant::now();
        let (admitted, uncounted) = limiter.admit(P::NAME, subject, deadline).await;
        progress.timings.limit = Some(started.elapsed());
        progress.uncounted = uncounted;
        admitted
    }

    /// Mints a token. The key that is returned is the one that the provider accepted, which may be
    /// newer than the loaded one.
    pub(super) async fn mint_token(
        &self,
        session: &Session,
        token_request: &TokenRequest<P::Options>,
        secrets: &Secrets<P>,
        deadline: Instant,
        progress: &mut Progress,
    ) -> Result<(IssuedToken, Arc<ApiKey>), Problem> {
        // The lifetime counts from before the call, so that the response never promises more time
        // than the token has.
        let now = self.clock.now();
        let hash = match P::SUBJECT {
            SubjectUse::Unused => "",
            SubjectUse::Optional { .. } | SubjectUse::Required { .. } => subject_hash(progress)?,
        };
        let reference = self.subject_reference.refer(session.subject(), hash);
        let profile = secrets.profile.as_ref().and_then(FoundProfile::usable);
        let context = MintContext::new(token_request, now)
            .with_profile(profile.map(|profile| &profile.content))
            .with_role(secrets.role.as_ref())
            .with_subject(hash, reference);
        let minter = Minter {
            provider: &self.provider,
            secret: &self.secret,
            transport: &self.transport,
            clock: &self.clock,
        };
        let started = Instant::now();
        let minted = minter.mint(context, &secrets.key, deadline).await;
        if P::CALLS {
            progress.timings.provider = Some(started.elapsed());
        }
        let (token, key) = minted?;
        let token = token.issue(now.as_secs(), token_request.expires_in());
        let token = token.ok_or_else(|| rejected("the provider's token has expired already"))?;
        Ok((token, key))
    }
}

/// The hash of the subject. It is absent only if the cryptography library fails.
fn subject_hash(progress: &Progress) -> Result<&str, Problem> {
    let hash = progress.subject.as_deref();
    hash.ok_or_else(|| Problem::internal("the subject cannot be hashed"))
}

fn deadline_passed(code: Code) -> Problem {
    let detail = "The service could not prepare the request in time. Try again shortly.";
    Problem::new(code, detail)
        .with_reason("the invocation's deadline passed first")
        .retry_after(1)
}
