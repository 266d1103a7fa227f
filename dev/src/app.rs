//! The app side: a page, an identity provider, and the token endpoints through the broker that is
//! deployed.

use std::sync::Arc;

use aws_lc_rs::error::Unspecified;
use axum::Router;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use axum::routing::MethodRouter;
use http::StatusCode;
use voicemint::broker::Broker;
use voicemint::clock::Clock;
use voicemint::limit::memory::Memory;
use voicemint::provider::Provider;
use voicemint::settings::{Reader, SettingsError};
use voicemint::transport::Transport;
use voicemint_assemblyai::AssemblyAi;
use voicemint_cartesia::Cartesia;
use voicemint_elevenlabs::ElevenLabs;

use crate::base_url_override::{self, Answered};
use crate::cli::Arguments;
use crate::endpoint::Endpoint;
use crate::identity::{self, IdentityProvider, Kind};
use crate::not_found::not_found;
use crate::origins::Origins;
use crate::page::{self, Deployed};
use crate::secret_store::Keys;
use crate::settings_check::{self, Check};
use crate::standins::{ASSEMBLYAI_KEY, CARTESIA_KEY, ELEVENLABS_KEY};
use crate::{host_guard, secrets_manager, sign_in, terminal};

/// How many users of a provider are counted, where a limit is set.
const MAX_COUNTED: usize = 1024;

/// The process's environment, which is read for API keys of real providers, further authorities and
/// a proxy.
pub type RealKeys<'a> = &'a dyn Fn(&str) -> Option<String>;

/// The providers, in the order in which they are shown.
pub const PROVIDERS: [&str; 3] = ["cartesia", "elevenlabs", "assemblyai"];

/// The variable that makes a provider the real one.
pub fn key_variable(provider: &str) -> String {
    format!("{}_API_KEY", provider.to_ascii_uppercase())
}

/// The app side, and what it needs beside the stand-ins.
pub struct App {
    /// The page, the endpoints and the identity provider.
    pub router: Router,
    /// Where functions that run beside it read their secrets.
    pub secrets_manager: Router,
}

impl App {
    /// Builds both.
    ///
    /// # Errors
    /// Everything that is wrong with the settings given by flags, in words.
    pub fn new(
        arguments: &Arguments,
        real_keys: RealKeys,
    ) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        let identity =
            Arc::new(identity(arguments).map_err(|_| "this machine has no random numbers")?);
        let secrets_manager = secrets_manager::router(Keys::of_standins(identity.secrets()));
        Ok(Self {
            router: host_guard::known_alone(
                router(arguments, real_keys, identity)?,
                arguments.names(),
            ),
            secrets_manager: host_guard::known_alone(secrets_manager, arguments.names()),
        })
    }
}

fn router(
    arguments: &Arguments,
    real_keys: RealKeys,
    identity: Arc<IdentityProvider>,
) -> Result<Router, Box<dyn std::error::Error + Send + Sync>> {
    let mut check = Check::new(arguments, real_keys);
    let transport = check
        .general(transport(arguments, real_keys, &check))
        .map_or_else(Transport::new, Ok)?;
    let cartesia = endpoint::<Cartesia>(
        arguments,
        &identity,
        real_keys,
        CARTESIA_KEY,
        &transport,
        &mut check,
    );
    let elevenlabs = endpoint::<ElevenLabs>(
        arguments,
        &identity,
        real_keys,
        ELEVENLABS_KEY,
        &transport,
        &mut check,
    );
    let assemblyai = endpoint::<AssemblyAi>(
        arguments,
        &identity,
        real_keys,
        ASSEMBLYAI_KEY,
        &transport,
        &mut check,
    );
    let brokers = check.finish(arguments, cartesia.zip(elevenlabs).zip(assemblyai))?;
    let (
        ((cartesia, cartesia_deployed), (elevenlabs, elevenlabs_deployed)),
        (assemblyai, assemblyai_deployed),
    ) = brokers;
    let kind = arguments
        .setting("", "SESSION_KIND")
        .unwrap_or(arguments.session.name());
    let grants_claim = arguments
        .set
        .iter()
        .any(|setting| setting.name == "GRANTS_CLAIM");
    Ok(page::router(
        &[cartesia_deployed, elevenlabs_deployed, assemblyai_deployed],
        kind,
        grants_claim,
    )
    .route("/cartesia/token", cartesia)
    .route("/elevenlabs/token", elevenlabs)
    .route("/assemblyai/token", assemblyai)
    .merge(sign_in::router(
        Arc::clone(&identity),
        Clock::system(),
        arguments,
    ))
    .merge(identity::router(identity, Clock::system()))
    .fallback(not_found)
    .method_not_allowed_fallback(not_allowed))
}

async fn not_allowed(request: Request) -> Response {
    terminal::show(
        request.method(),
        request.uri().path(),
        "405 this path has another method",
    );
    (
        StatusCode::METHOD_NOT_ALLOWED,
        "This path has another method: see the Allow header.\n",
    )
        .into_response()
}

/// The one HTTP client of all functions here, with the authorities and the proxy of this process's
/// environment.
fn transport(
    arguments: &Arguments,
    environment: RealKeys,
    check: &Check,
) -> Result<Transport, SettingsError> {
    let variables = |name: &str| {
        check.asks("", name);
        match (arguments.setting("", name), name) {
            (Some(value), _) => Some(value.to_owned()),
            (None, settings_check::AUTHORITIES) => {
                settings_check::authorities(arguments, environment)
            }
            (None, _) => environment(name),
        }
    };
    let mut reader = Reader::new(&variables);
    let transport = Transport::from_settings(&mut reader);
    reader.finish(transport)
}

/// The identity provider that was asked for, with the cookie that all functions were told to look
/// for.
fn identity(arguments: &Arguments) -> Result<IdentityProvider, Unspecified> {
    let identity = IdentityProvider::new(arguments.session, &arguments.app_origin())?;
    Ok(match arguments.setting("", "SESSION_COOKIE") {
        Some(name) => identity.with_cookie(name),
        None => identity,
    })
}

fn endpoint<P: Provider>(
    arguments: &Arguments,
    identity: &IdentityProvider,
    real_keys: RealKeys,
    standin_key: &str,
    transport: &Transport,
    check: &mut Check,
) -> Option<(MethodRouter, Deployed)> {
    let real = real_keys(&key_variable(P::NAME));
    let base_url = real.is_none().then(|| arguments.standins_url());
    let keys = Keys::default().with(P::NAME, real.unwrap_or_else(|| standin_key.to_owned()));
    let keys = identity
        .secrets()
        .into_iter()
        .fold(keys, |keys, (id, secret)| keys.with(id, secret));
    // Settings of one kind would spoil another.
    let kind = arguments
        .setting(P::NAME, "SESSION_KIND")
        .unwrap_or(arguments.session.name());
    let sessions = if kind == arguments.session.name() {
        identity.settings()
    } else {
        Vec::new()
    };
    let minting_url = arguments
        .setting(P::NAME, "PROVIDER_BASE_URL")
        .map(str::to_owned)
        .or(base_url);
    let standin = minting_url
        .as_deref()
        .is_some_and(|url| url.trim_end_matches('/') == arguments.standins_url());
    let answered_url = arguments.base_url.clone().filter(|_| standin);
    let origins = Origins::new::<P>(arguments);
    let environment = |name: &str| {
        check.asks(P::NAME, name);
        match (arguments.setting(P::NAME, name), name) {
            (_, "ALLOWED_ORIGINS") => Some(origins.setting()),
            (_, "PROVIDER_BASE_URL") => minting_url.clone(),
            (_, base_url_override::BASE_URL) => answered_url.clone(),
            (Some(value), _) => Some(value.to_owned()),
            (None, "API_KEY_SECRET_ID") => Some(P::NAME.to_owned()),
            (None, "LIMIT_TABLE") => Some("in-memory".to_owned()),
            (None, "SESSION_AUTHORIZED_PARTIES") if kind == Kind::Clerk.name() => origins.parties(),
            _ => sessions
                .iter()
                .find(|(setting, _)| *setting == name)
                .map(|(_, value)| value.clone()),
        }
    };
    let (keys, table) = (Arc::new(keys), Arc::new(Memory::new(MAX_COUNTED)));
    let broker = Broker::<Answered<P>>::from_settings(
        &environment,
        keys,
        table,
        transport.clone(),
        Clock::system(),
    );
    let base_url = Answered::<P>::from_settings(&mut Reader::new(&environment))
        .base_url()
        .to_owned();
    let deployed = Deployed {
        name: P::NAME,
        cookie: P::COOKIE,
        single_use: P::SINGLE_USE,
        base_url,
        standin,
    };
    check
        .take(P::NAME, broker)
        .map(|broker| (Endpoint::new(broker, origins).route(), deployed))
}
