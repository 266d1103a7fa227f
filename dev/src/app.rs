//! The app side: a page, an identity provider, and the token endpoints through the broker that is deployed.

use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::error::Unspecified;
use aws_lc_rs::rand;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::routing::{MethodRouter, any};
use tokio::time::Instant;
use voicemint::ask::too_large;
use voicemint::broker::{Broker, Invocation};
use voicemint::clock::Clock;
use voicemint::limit::memory::Memory;
use voicemint::provider::Provider;
use voicemint::record::Record;
use voicemint::settings::{ProcessEnvironment, Reader};
use voicemint::transport::Transport;
use voicemint_assemblyai::AssemblyAi;
use voicemint_cartesia::Cartesia;
use voicemint_elevenlabs::ElevenLabs;

use crate::arguments::Arguments;
use crate::identity::{self, IdentityProvider};
use crate::keys::Keys;
use crate::page::{self, Deployed};
use crate::settings::Check;
use crate::standins::{ASSEMBLYAI_KEY, CARTESIA_KEY, ELEVENLABS_KEY};
use crate::{hosts, secrets_manager, sign_in};

/// As long as the deployed functions have (`Timeout` in template.yaml).
const INVOCATION: Duration = Duration::from_secs(10);

/// The longest body that API Gateway passes on. The broker judges all that is shorter, as it does where it is deployed.
const MOST_GATEWAY_BYTES: usize = 10 * 1024 * 1024;

/// How many users of a provider are counted, where a limit is set.
const MOST_COUNTED: usize = 1024;

/// API keys of real providers, where the environment has them.
pub type RealKeys<'a> = &'a dyn Fn(&str) -> Option<String>;

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
    pub fn new(arguments: &Arguments, real_keys: RealKeys) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        let identity = Arc::new(identity(arguments).map_err(|_| "this machine has no random numbers")?);
        let secrets_manager = secrets_manager::router(Keys::of_standins(identity.secrets()));
        Ok(Self {
            router: hosts::known_alone(router(arguments, real_keys, identity)?, &[arguments.port]),
            secrets_manager: hosts::known_alone(secrets_manager, &[arguments.standins_port, arguments.tls_port]),
        })
    }
}

fn router(
    arguments: &Arguments,
    real_keys: RealKeys,
    identity: Arc<IdentityProvider>,
) -> Result<Router, Box<dyn std::error::Error + Send + Sync>> {
    let mut reader = Reader::new(&ProcessEnvironment);
    let transport = Transport::from_settings(&mut reader);
    let transport = reader.finish(transport)?;
    let mut check = Check::new(arguments);
    let cartesia = broker::<Cartesia>(arguments, &identity, real_keys, CARTESIA_KEY, &transport, &mut check);
    let elevenlabs = broker::<ElevenLabs>(arguments, &identity, real_keys, ELEVENLABS_KEY, &transport, &mut check);
    let assemblyai = broker::<AssemblyAi>(arguments, &identity, real_keys, ASSEMBLYAI_KEY, &transport, &mut check);
    let brokers = check.finish(arguments, cartesia.zip(elevenlabs).zip(assemblyai))?;
    let (((cartesia, cartesia_deployed), (elevenlabs, elevenlabs_deployed)), (assemblyai, assemblyai_deployed)) =
        brokers;
    let kind = arguments.setting("", "SESSION_KIND").unwrap_or(arguments.session.name());
    let grants_claim = arguments.set.iter().any(|setting| setting.name == "GRANTS_CLAIM");
    Ok(page::router(&[cartesia_deployed, elevenlabs_deployed, assemblyai_deployed], kind, grants_claim)
        .route("/cartesia/token", endpoint(cartesia))
        .route("/elevenlabs/token", endpoint(elevenlabs))
        .route("/assemblyai/token", endpoint(assemblyai))
        .merge(sign_in::router(Arc::clone(&identity), Clock::system(), arguments.session_seconds))
        .merge(identity::router(identity, Clock::system())))
}

/// The identity provider that was asked for, with the cookie that all functions were told to look for.
fn identity(arguments: &Arguments) -> Result<IdentityProvider, Unspecified> {
    let identity = IdentityProvider::new(arguments.session, &arguments.app_origin())?;
    Ok(match arguments.setting("", "SESSION_COOKIE") {
        Some(name) => identity.with_cookie(name),
        None => identity,
    })
}

fn broker<P: Provider>(
    arguments: &Arguments,
    identity: &IdentityProvider,
    real_keys: RealKeys,
    standin_key: &str,
    transport: &Transport,
    check: &mut Check,
) -> Option<(Broker<P>, Deployed)> {
    let real = real_keys(&key_variable(P::NAME));
    let base_url = real.is_none().then(|| arguments.standins_url());
    let keys = Keys::default().with(P::NAME, real.unwrap_or_else(|| standin_key.to_owned()));
    let keys = identity.secrets().into_iter().fold(keys, |keys, (id, secret)| keys.with(id, secret));
    // Settings of one kind would spoil another.
    let sessions = match arguments.setting(P::NAME, "SESSION_KIND") {
        Some(kind) if kind != arguments.session.name() => Vec::new(),
        _ => identity.settings(),
    };
    let origins: Vec<String> = [arguments.app_origin(), format!("http://127.0.0.1:{}", arguments.port)]
        .into_iter()
        .chain(arguments.origin.iter().cloned())
        .collect();
    let environment = |name: &str| {
        check.asks(P::NAME, name);
        match (arguments.setting(P::NAME, name), name) {
            (Some(value), _) => Some(value.to_owned()),
            (None, "API_KEY_SECRET_ID") => Some(P::NAME.to_owned()),
            (None, "LIMIT_TABLE") => Some("in-memory".to_owned()),
            (None, "PROVIDER_BASE_URL") => base_url.clone(),
            (None, "ALLOWED_ORIGINS") => Some(origins.join(",")),
            _ => sessions.iter().find(|(setting, _)| *setting == name).map(|(_, value)| value.clone()),
        }
    };
    let (keys, table) = (Arc::new(keys), Arc::new(Memory::new(MOST_COUNTED)));
    let broker = Broker::from_settings(&environment, keys, table, transport.clone(), Clock::system());
    let base_url = P::from_settings(&mut Reader::new(&environment)).base_url().to_owned();
    let standin = base_url == arguments.standins_url();
    let deployed = Deployed { name: P::NAME, cookie: P::COOKIE, single_use: P::SINGLE_USE, base_url, standin };
    check.take(P::NAME, broker).map(|broker| (broker, deployed))
}

/// Any method goes to the broker, which knows what to do with it.
fn endpoint<P: Provider>(broker: Broker<P>) -> MethodRouter {
    let broker = Arc::new(broker);
    any(move |request: Request| {
        let broker = Arc::clone(&broker);
        async move {
            let (parts, body) = request.into_parts();
            let method = parts.method.clone();
            let (response, record) = match to_bytes(body, MOST_GATEWAY_BYTES).await {
                Ok(body) => {
                    let invocation = Invocation { request_id: request_id(), deadline: Instant::now() + INVOCATION };
                    broker.answer(http::Request::from_parts(parts, body), invocation).await
                }
                Err(_) => broker.refuse(&parts.headers, too_large(), request_id()),
            };
            println!("{method} /{}/token {}", P::NAME, in_one_line(&record));
            response.map(Body::from)
        }
    })
}

/// A request for the eyes of a developer.
fn in_one_line(record: &Record) -> String {
    let took = record.total.as_secs_f64() * 1000.0;
    let reason = record.reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
    format!("{} {}{reason} ({took:.1} ms)", record.status.as_u16(), record.outcome.name())
}

fn request_id() -> String {
    let mut random = [0; 8];
    // An id that repeats is no harm here.
    let _ = rand::fill(&mut random);
    format!("dev-{:016x}", u64::from_be_bytes(random))
}
