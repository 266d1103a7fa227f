//! The broker: one request from top to bottom, the same for every provider and wherever it runs.
//!
//! `origin → session → ask → permission → secret → resume? → limit → provider → answer`

mod mint;

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt;
use http::{HeaderValue, Method, Request, Response};
use tokio::time::{Instant, timeout_at};

use crate::broker::mint::Minter;
use crate::clock::Clock;
use crate::cookie;
use crate::endpoint::origin::{Origins, refuse_ambiguous};
use crate::endpoint::response::{self, Granted};
use crate::endpoint::token_cookie::TokenCookie;
use crate::limit::Limiter;
use crate::limit::settings::{Limits, OnError};
use crate::limit::table::Table;
use crate::log::request::{Outcome, RequestLog, Timings};
use crate::problem::{Code, Problem};
use crate::provider::Provider;
use crate::provider::request::{Fields, TokenRequest};
use crate::provider::token::{IssuedToken, MintedToken};
use crate::secret::api_key::ApiKey;
use crate::secret::{SecretCache, SecretField, SecretStore};
use crate::session::cookie::Carrier;
use crate::session::credential::Credential;
use crate::session::settings::{SessionSettings, grants_claim};
use crate::session::subject::{SubjectId, subject_hash};
use crate::session::verifier::Verifier;
use crate::settings::{Environment, Reader, SettingsError};
use crate::transport::Transport;

/// How long the keys may take to load before the first request, at the most.
const WARM_UP: Duration = Duration::from_secs(3);
/// What is left of an invocation for the answer itself.
const MARGIN: Duration = Duration::from_millis(150);

/// The broker of one provider.
pub struct Broker<P> {
    provider: P,
    origins: Origins,
    session_carriers: Vec<Carrier>,
    grants_claim: Option<String>,
    verifier: Verifier,
    secret: SecretCache,
    limiter: Option<Limiter>,
    transport: Transport,
    clock: Clock,
}

/// One call of the broker.
pub struct Invocation {
    /// Its id, for the answer and the log.
    pub request_id: String,
    /// When it must be over.
    pub deadline: Instant,
}

/// What a request has come to so far; it outlives the request's failure.
#[derive(Default)]
struct Progress {
    timings: Timings,
    subject: Option<String>,
    uncounted: Option<OnError>,
    /// For the log, of a request that went well.
    note: Option<&'static str>,
}

impl<P: Provider> Broker<P> {
    /// A broker for what the environment says, with its secrets in `store` and its counts in
    /// `table`.
    ///
    /// # Errors
    /// Everything that is wrong with the settings, at once.
    pub fn from_settings(
        environment: &dyn Environment,
        store: Arc<dyn SecretStore>,
        table: Arc<dyn Table>,
        transport: Transport,
        clock: Clock,
    ) -> Result<Self, SettingsError> {
        let mut reader = Reader::new(environment);
        let provider = P::from_settings(&mut reader);
        let origins = Origins::from_settings(&mut reader);
        let session = SessionSettings::from_settings(&mut reader);
        let secret_id = reader.required(
            "API_KEY_SECRET_ID",
            "the name or ARN of the provider's key in Secrets Manager",
        );
        let field = reader
            .optional("API_KEY_JSON_FIELD")
            .unwrap_or_else(|| "api_key".to_owned());
        let fresh_for = reader
            .whole_number("SECRET_CACHE_SECONDS", 0..=86_400, "seconds")
            .unwrap_or(300);
        let fresh_for = Duration::from_secs(fresh_for.into());
        let grants_claim = grants_claim(&mut reader);
        let limits = Limits::from_settings(&mut reader);
        let session = reader.finish(session)?;
        let session_carriers = session.carriers.clone();
        let verifier = Verifier::new(
            session,
            transport.clone(),
            Arc::clone(&store),
            fresh_for,
            clock.clone(),
        );
        let secret = SecretCache::new(
            store,
            secret_id,
            SecretField::Field(field),
            fresh_for,
            clock.clone(),
        );
        let limiter = limits.map(|limits| Limiter::new(limits, table, clock.clone()));
        Ok(Self {
            provider,
            origins,
            session_carriers,
            grants_claim,
            verifier,
            secret,
            limiter,
            transport,
            clock,
        })
    }

    /// Loads what every request needs, before the first one: where that fails, the first request
    /// tries again.
    pub async fn warm(&self) {
        // Nobody waits for the provider: a first mint takes this connection where it stands by
        // then, or one of its own.
        let (transport, url) = (self.transport.clone(), self.provider.base_url().to_owned());
        tokio::spawn(async move { transport.warm(&url).await });
        let loads = async { tokio::join!(self.secret.get(), self.verifier.warm()) };
        // Nor is a library that panics on a setting a reason not to start.
        let _ = tokio::time::timeout(WARM_UP, AssertUnwindSafe(loads).catch_unwind()).await;
    }

    /// Answers a request. Never fails: every failure is an answer.
    pub async fn answer(
        &self,
        request: Request<Bytes>,
        invocation: Invocation,
    ) -> (Response<Bytes>, RequestLog) {
        let started = Instant::now();
        let mut progress = Progress::default();
        let handled = AssertUnwindSafe(self.handle(&request, invocation.deadline, &mut progress))
            .catch_unwind()
            .await;
        let handled = handled.unwrap_or_else(|_| Err(Problem::internal("the broker panicked")));
        self.finish(
            request.headers(),
            handled,
            progress,
            started,
            invocation.request_id,
        )
    }

    /// Answers a request that could not even be read.
    pub fn refuse(
        &self,
        headers: &http::HeaderMap,
        refusal: Problem,
        request_id: String,
    ) -> (Response<Bytes>, RequestLog) {
        self.finish(
            headers,
            Err(refusal),
            Progress::default(),
            Instant::now(),
            request_id,
        )
    }

    fn finish(
        &self,
        headers: &http::HeaderMap,
        handled: Result<(Response<Bytes>, Outcome), Problem>,
        progress: Progress,
        started: Instant,
        request_id: String,
    ) -> (Response<Bytes>, RequestLog) {
        let reason = match &handled {
            Ok(_) => progress.note.map(Into::into),
            Err(refusal) => Some(refusal.reason.clone()),
        };
        let (mut response, outcome) = handled.unwrap_or_else(|refusal| {
            (
                response::refused(&refusal, &request_id),
                Outcome::Refused(refusal.code.name()),
            )
        });
        response::finish(&mut response, self.origins.allowed(headers));
        if let Some(timing) = progress
            .timings
            .server_timing()
            .and_then(|timing| HeaderValue::try_from(timing).ok())
        {
            response.headers_mut().insert("server-timing", timing);
        }
        let record = RequestLog {
            request_id,
            provider: P::NAME,
            status: response.status(),
            outcome,
            subject: progress.subject,
            reason,
            uncounted: progress.uncounted.map(OnError::name),
            timings: progress.timings,
            total: started.elapsed(),
            at: self.clock.now(),
        };
        (response, record)
    }

    async fn handle(
        &self,
        request: &Request<Bytes>,
        deadline: Instant,
        progress: &mut Progress,
    ) -> Result<(Response<Bytes>, Outcome), Problem> {
        let headers = request.headers();
        if *request.method() == Method::OPTIONS {
            refuse_ambiguous(headers)?;
            self.origins.admit_preflight(headers)?;
            return Ok((response::preflight(), Outcome::Preflight));
        }
        if ![Method::GET, Method::POST, Method::DELETE].contains(request.method()) {
            return Err(Problem::new(
                Code::MethodNotAllowed,
                "Use POST or GET to mint, DELETE to expire the token's cookie.",
            ));
        }
        refuse_ambiguous(headers)?;
        if *request.method() == Method::DELETE {
            self.origins.admit(headers, false)?;
            return Ok((
                response::signed_out(cookie::set(P::COOKIE, "", 0)),
                Outcome::SignedOut,
            ));
        }
        self.mint(
            request,
            deadline - MARGIN.min(deadline.saturating_duration_since(Instant::now())),
            progress,
        )
        .await
    }

    async fn mint(
        &self,
        request: &Request<Bytes>,
        deadline: Instant,
        progress: &mut Progress,
    ) -> Result<(Response<Bytes>, Outcome), Problem> {
        let headers = request.headers();
        let credential = Credential::find(headers, &self.session_carriers);
        self.origins.admit(headers, credential.is_cookie())?;

        let began = Instant::now();
        let verified = timeout_at(deadline, self.verifier.verify(credential)).await;
        progress.timings.session = Some(began.elapsed());
        let session = verified.unwrap_or_else(|_| Err(late(Code::SessionUnavailable)))?;
        let owner = SubjectId::of(&session);
        let cached = self.secret.cached();
        progress.subject = cached.as_ref().and_then(|key| subject_hash(key, &owner));

        let token_request = self.provider.token_request(Fields::read(request)?)?;
        session.permits(&token_request, self.grants_claim.as_deref())?;

        let began = Instant::now();
        let loaded = timeout_at(deadline, self.secret.get()).await;
        progress.timings.secret = Some(began.elapsed());
        let key = loaded.unwrap_or_else(|_| Err(late(Code::SecretUnavailable)))?;
        if !cached.is_some_and(|cached| Arc::ptr_eq(&cached, &key)) {
            progress.subject = subject_hash(&key, &owner);
        }

        if let Some(lease) = self.resumable(request, &owner, &token_request, &key) {
            // The cookie that it came with stays: nothing is sealed twice.
            return Ok((
                self.granted(&lease, Outcome::Resumed, None),
                Outcome::Resumed,
            ));
        }
        self.count(deadline, progress).await?;
        // Lifetimes are counted from before the provider is called, so that none is promised that
        // the token lacks.
        let asked_at = self.clock.now().as_secs();
        let began = Instant::now();
        let called = self.minter().mint(&token_request, &key, deadline).await;
        progress.timings.provider = Some(began.elapsed());
        let (MintedToken { token, expires_in }, key) = called?;
        let lease = IssuedToken {
            token,
            expires_in,
            expires_at: asked_at + u64::from(expires_in),
        };
        Ok((
            self.hand_over(&owner, &token_request, &key, &lease, progress),
            Outcome::Minted,
        ))
    }

    /// The token of the cookie, where handing it out once more gives the caller just what was asked
    /// for.
    fn resumable(
        &self,
        request: &Request<Bytes>,
        owner: &SubjectId,
        token_request: &TokenRequest,
        key: &ApiKey,
    ) -> Option<IssuedToken> {
        if P::SINGLE_USE {
            return None;
        }
        let kept = TokenCookie::new(key, P::COOKIE)
            .open(owner, cookie::find(request.headers(), P::COOKIE)?)?;
        let left = Duration::from_secs(kept.expires_at).saturating_sub(self.clock.now());
        // Told in whole seconds, rounded down: the last one has begun.
        let expires_in = u32::try_from(left.as_secs())
            .ok()
            .filter(|seconds| *seconds > 0)?;
        let fits = kept.grants == token_request.grants
            && kept.base_url == self.provider.base_url()
            && left.as_secs_f64() * 2.0 >= f64::from(token_request.expires_in)
            // Nor longer than is asked, which is no more than the deployment permits by now.
            && expires_in <= token_request.expires_in;
        fits.then_some(IssuedToken {
            token: kept.token,
            expires_in,
            expires_at: kept.expires_at,
        })
    }

    fn minter(&self) -> Minter<'_, P> {
        Minter {
            provider: &self.provider,
            secret: &self.secret,
            transport: &self.transport,
            clock: &self.clock,
        }
    }

    /// Counts this mint, and refuses it where the subject has had as many as the limits allow.
    async fn count(&self, deadline: Instant, progress: &mut Progress) -> Result<(), Problem> {
        let Some(limiter) = &self.limiter else {
            return Ok(());
        };
        let subject = progress
            .subject
            .as_deref()
            .ok_or_else(|| Problem::internal("the subject has no hash to count it by"))?;
        let began = Instant::now();
        let (admitted, uncounted) = limiter.admit(P::NAME, subject, deadline).await;
        progress.timings.limit = Some(began.elapsed());
        progress.uncounted = uncounted;
        admitted
    }

    /// The response that hands a new token over, with its cookie.
    fn hand_over(
        &self,
        owner: &SubjectId,
        token_request: &TokenRequest,
        key: &ApiKey,
        lease: &IssuedToken,
        progress: &mut Progress,
    ) -> Response<Bytes> {
        let sealed = TokenCookie::new(key, P::COOKIE).seal(
            owner,
            token_request,
            lease,
            self.provider.base_url(),
        );
        let cookie = sealed.and_then(|sealed| cookie::set(P::COOKIE, &sealed, lease.expires_in));
        if cookie.is_none() {
            progress.note = Some("no cookie: the sealed token is longer than browsers keep");
        }
        self.granted(lease, Outcome::Minted, cookie)
    }

    fn granted(
        &self,
        lease: &IssuedToken,
        outcome: Outcome,
        cookie: Option<HeaderValue>,
    ) -> Response<Bytes> {
        let granted = Granted::new(P::NAME, lease, P::SINGLE_USE, self.provider.base_url());
        response::granted(&granted, outcome.name(), cookie)
    }
}

fn late(code: Code) -> Problem {
    let detail = "The service could not get ready for the request in time. Try again shortly.";
    Problem::new(code, detail)
        .with_reason("the invocation's deadline came first")
        .retry_after(1)
}
