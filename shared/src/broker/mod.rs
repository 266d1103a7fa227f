//! The broker: one request from top to bottom, the same for every provider and every event source.
//!
//! `origin → session → token request → permission → secret → resume → limit → provider → response`

mod mint;
pub(crate) mod profiles;
mod requested;
mod resume;
mod settings;
mod steps;

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt;
use http::{HeaderMap, HeaderValue, Method, Request, Response};
use tokio::time::Instant;

use crate::clock::Clock;
use crate::cookie;
use crate::endpoint::ambiguous_headers::reject_ambiguous;
use crate::endpoint::cors;
use crate::endpoint::origin::Origins;
use crate::endpoint::response::{self, TokenBody};
use crate::endpoint::token_cookie::{Purpose, TokenCookie};
use crate::limit::Limiter;
use crate::limit::settings::OnError;
use crate::log::outcome::Outcome;
use crate::log::request::RequestLog;
use crate::log::timings::Timings;
use crate::problem::{Code, Problem};
use crate::provider::Provider;
use crate::provider::profile::ProfileFormat as _;
use crate::provider::request::TokenRequest;
use crate::provider::subject::SubjectReference;
use crate::provider::token::IssuedToken;
use crate::secret::SecretCache;
use crate::secret::role::Role;
use crate::session::cookie::SessionCookie;
use crate::session::credential::Credential;
use crate::session::subject::SubjectId;
use crate::session::verifier::Verifier;
use crate::transport::Transport;
use profiles::{Profile, Profiles};

/// How long loading keys may delay the first request.
const WARM_UP: Duration = Duration::from_secs(3);
/// The part of an invocation's time that is reserved for writing the response.
const RESPONSE_MARGIN: Duration = Duration::from_millis(150);

/// The broker of one provider.
pub struct Broker<P: Provider> {
    provider: P,
    /// The name of the token cookie.
    cookie: String,
    subject_reference: SubjectReference,
    profiles: Option<Profiles<P::Profile>>,
    role: Option<Arc<dyn Role>>,
    origins: Origins,
    session_cookies: Vec<SessionCookie>,
    grants_claim: Option<String>,
    verifier: Verifier,
    secret: SecretCache,
    limiter: Option<Limiter>,
    transport: Transport,
    clock: Clock,
}

/// The context of one request.
#[derive(Clone, Debug)]
pub struct Invocation {
    /// The id that the response and the log show.
    pub request_id: String,
    /// When the response must be ready.
    pub deadline: Instant,
}

/// What is known about a request so far. It is logged even if the request fails or panics.
#[derive(Default)]
struct Progress {
    timings: Timings,
    subject: Option<String>,
    profile: Option<String>,
    uncounted: Option<OnError>,
    /// The log's reason for a request that succeeded.
    note: Option<&'static str>,
}

/// A response that is no problem, and what it is for the log.
type Handled = (Response<Bytes>, Outcome);

impl<P: Provider> Broker<P> {
    /// Sets where the credentials of the function's AWS role come from.
    #[must_use]
    pub fn with_role(self, role: Arc<dyn Role>) -> Self {
        Self {
            role: Some(role),
            ..self
        }
    }

    /// Loads what every request needs, before the first request. Whatever cannot be loaded is
    /// loaded by the first request instead.
    pub async fn warm(&self) {
        // Nothing waits for this connection: the first mint uses it if it is ready by then.
        if P::CALLS {
            let transport = self.transport.clone();
            let url = self.provider.base_url().as_str().to_owned();
            tokio::spawn(async move { transport.warm(&url).await });
        }
        let loads = async {
            tokio::join!(
                self.secret.get(),
                self.load_profiles(),
                self.verifier.warm()
            )
        };
        // A library that panics on a setting must not prevent the start either.
        let _ = tokio::time::timeout(WARM_UP, AssertUnwindSafe(loads).catch_unwind()).await;
    }

    /// Responds to a request. Every failure, panics included, is a response.
    pub async fn respond(
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
        self.complete(
            request.headers(),
            handled,
            progress,
            started,
            invocation.request_id,
        )
    }

    /// Responds with a problem that was found before the request could be read.
    pub fn reject(
        &self,
        headers: &HeaderMap,
        problem: Problem,
        request_id: String,
    ) -> (Response<Bytes>, RequestLog) {
        self.complete(
            headers,
            Err(problem),
            Progress::default(),
            Instant::now(),
            request_id,
        )
    }

    /// Adds what all responses have in common, and makes the request's log line.
    fn complete(
        &self,
        headers: &HeaderMap,
        handled: Result<Handled, Problem>,
        progress: Progress,
        started: Instant,
        request_id: String,
    ) -> (Response<Bytes>, RequestLog) {
        let (mut response, outcome, reason) = match handled {
            Ok((response, outcome)) => (response, outcome, progress.note.map(Into::into)),
            Err(problem) => (
                response::problem(&problem, &request_id),
                Outcome::Refused(problem.code.name()),
                Some(problem.reason),
            ),
        };
        response::add_common_headers(&mut response, self.origins.allowed(headers));
        if let Some(timing) = progress
            .timings
            .server_timing()
            .and_then(|timing| HeaderValue::try_from(timing).ok())
        {
            response.headers_mut().insert("server-timing", timing);
        }
        let request_log = RequestLog {
            request_id,
            function_version: None,
            provider: P::NAME,
            status: response.status(),
            outcome,
            subject: progress.subject,
            profile: progress.profile,
            reason,
            uncounted: progress.uncounted.map(OnError::name),
            timings: progress.timings,
            total: started.elapsed(),
            at: self.clock.now(),
        };
        (response, request_log)
    }

    async fn handle(
        &self,
        request: &Request<Bytes>,
        deadline: Instant,
        progress: &mut Progress,
    ) -> Result<Handled, Problem> {
        let headers = request.headers();
        match *request.method() {
            Method::OPTIONS => {
                reject_ambiguous(headers)?;
                self.origins.check_preflight(headers)?;
                Ok((cors::preflight(), Outcome::Preflight))
            }
            Method::DELETE => {
                reject_ambiguous(headers)?;
                self.origins.check(headers, false)?;
                let expired = cookie::set(&self.cookie, "", 0);
                Ok((response::signed_out(expired), Outcome::SignedOut))
            }
            Method::GET | Method::POST => {
                reject_ambiguous(headers)?;
                let left = deadline.saturating_duration_since(Instant::now());
                self.mint(request, deadline - RESPONSE_MARGIN.min(left), progress)
                    .await
            }
            _ => Err(Problem::new(
                Code::MethodNotAllowed,
                "Use POST or GET to mint a token, DELETE to expire its cookie.",
            )),
        }
    }

    async fn mint(
        &self,
        request: &Request<Bytes>,
        deadline: Instant,
        progress: &mut Progress,
    ) -> Result<Handled, Problem> {
        let headers = request.headers();
        let credential = Credential::find(headers, &self.session_cookies);
        self.origins.check(headers, credential.is_cookie())?;

        let session = self.verify_session(credential, deadline, progress).await?;
        let subject = SubjectId::from(&session);
        let cached = self.secret.cached();
        progress.subject = cached.as_ref().and_then(|key| subject.keyed_hash(key));

        let requested = self.read_request(request)?;
        self.check_grants(&session, &requested)?;

        let secrets = self.load_secrets(&requested, deadline, progress).await?;
        let key = &secrets.key;
        if !cached.is_some_and(|cached| Arc::ptr_eq(&cached, key)) {
            progress.subject = subject.keyed_hash(key);
        }
        let found = secrets.profile.as_ref();
        let (token_request, profile) = self.check_profile(&session, requested, found, progress)?;

        let token_cookie = self.token_cookie(&subject, &token_request, profile)?;
        if let Some(token) = self.resumable_token(headers, &token_cookie, &token_request, key) {
            // The caller keeps its cookie: no token is sealed twice.
            let response =
                self.token_response(&token, &token_request, profile, Outcome::Resumed, None);
            return Ok((response, Outcome::Resumed));
        }

        self.count_mint(deadline, progress).await?;
        let (token, key) = self
            .mint_token(&session, &token_request, &secrets, deadline, progress)
            .await?;

        let cookie = token_cookie
            .seal(&key, &token)
            .and_then(|sealed| cookie::set(&self.cookie, &sealed, token.expires_in));
        if cookie.is_none() {
            progress.note =
                Some("no cookie was set: the sealed token is longer than browsers accept");
        }
        let response =
            self.token_response(&token, &token_request, profile, Outcome::Minted, cookie);
        Ok((response, Outcome::Minted))
    }

    /// The cookie of a token for this request.
    fn token_cookie(
        &self,
        subject: &SubjectId,
        token_request: &TokenRequest<P::Options>,
        profile: Option<&Profile<P::Profile>>,
    ) -> Result<TokenCookie, Problem> {
        let purpose = Purpose {
            name: &self.cookie,
            subject: subject.as_str(),
            base_url: self.provider.base_url().as_str(),
            request: token_request,
            profile: profile.map(|profile| profile.version.as_str()),
        };
        TokenCookie::new(&purpose)
            .ok_or_else(|| Problem::internal("the token request cannot be serialized"))
    }

    fn token_response(
        &self,
        token: &IssuedToken,
        token_request: &TokenRequest<P::Options>,
        profile: Option<&Profile<P::Profile>>,
        source: Outcome,
        cookie: Option<HeaderValue>,
    ) -> Response<Bytes> {
        let content = profile.map(|profile| &profile.content);
        let body = TokenBody {
            provider: P::NAME,
            token,
            single_use: token_request.is_single_use(),
            profile: profile.map(|profile| (profile.name.as_str(), P::Profile::LOCKED)),
            details: &self.provider.details(token_request, token, content),
        };
        response::token(&body, source.name(), cookie)
    }
}
