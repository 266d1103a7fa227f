//! The app: a page, an identity provider, and the token endpoints through the deployed broker.

use std::sync::Arc;

use aws_lc_rs::error::Unspecified;
use axum::Router;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use axum::routing::MethodRouter;
use bytes::Bytes;
use http::{HeaderValue, Method, StatusCode, header};
use serde_json::Value;
use voicemint::internals::{Broker, Clock, Memory, Transport};
use voicemint::provider::{Fields, ProfileFormat as _, Provider, cookie_name};
use voicemint::settings::{Environment, Reader, SettingsError};

use crate::cli::Arguments;
use crate::endpoint::Endpoint;
use crate::identity::{self, IdentityProvider, Kind};
use crate::not_found::not_found;
use crate::origins::Origins;
use crate::page::{self, DeployedProvider};
use crate::profiles::{self, Profiles, ProfilesFile};
use crate::providers::{self, ProviderEntry, ProviderVisitor, Variables};
use crate::secret_store::InMemorySecrets;
use crate::settings_check::{self, SettingsCheck};
use crate::{host_guard, secrets_manager, sign_in, terminal};

/// How many users per provider are counted if a limit is set.
const MAX_COUNTED_USERS: usize = 1024;

type Error = Box<dyn std::error::Error + Send + Sync>;

/// The app, and what functions outside this process need in addition to the stand-ins.
pub struct App {
    /// The page, the endpoints and the identity provider.
    pub router: Router,
    /// Where functions outside this process read their secrets.
    pub secrets_manager: Router,
}

impl App {
    /// Builds both routers.
    ///
    /// # Errors
    /// One message with everything that is wrong with the settings.
    pub fn new(arguments: &Arguments, variables: Variables) -> Result<Self, Error> {
        let identity = identity(arguments).map_err(|_| "this system has no random numbers")?;
        let secrets = InMemorySecrets::for_standins(identity.secrets());
        let secrets_manager = secrets_manager::router(secrets);
        let router = router(arguments, variables, Arc::new(identity))?;
        Ok(Self {
            router: host_guard::protect(router, arguments.host_names()),
            secrets_manager: host_guard::protect(secrets_manager, arguments.host_names()),
        })
    }
}

fn router(
    arguments: &Arguments,
    variables: Variables,
    identity: Arc<IdentityProvider>,
) -> Result<Router, Error> {
    let mut check = SettingsCheck::new(arguments, variables);
    let transport = check
        .accept_general(transport(arguments, variables, &check))
        .map_or_else(Transport::new, Ok)?;
    let mut builder = EndpointBuilder {
        arguments,
        variables,
        identity: &identity,
        transport,
        profiles: &ProfilesFile::read(arguments.profiles.as_deref())?,
        check,
    };
    // Every provider is built before the check ends, so that one message names all errors.
    let built: Option<Vec<_>> = providers::visit_all(&mut builder).into_iter().collect();
    let built = builder.check.finish(arguments, built)?;
    let (endpoints, deployed): (Vec<_>, Vec<_>) = built.into_iter().unzip();
    let kind = arguments.session_kind("");
    let grants_claim = arguments
        .set
        .iter()
        .any(|setting| setting.name == "GRANTS_CLAIM");
    let page = page::router(&deployed, kind, grants_claim);
    let router = deployed
        .iter()
        .zip(endpoints)
        .fold(page, |router, (provider, endpoint)| {
            router.route(&providers::token_path(provider.name), endpoint)
        });
    let sign_in = sign_in::router(Arc::clone(&identity), Clock::system(), arguments);
    Ok(router
        .merge(sign_in)
        .merge(identity::router(identity, Clock::system()))
        .fallback(not_found)
        .method_not_allowed_fallback(method_not_allowed))
}

async fn method_not_allowed(request: Request) -> Response {
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

/// The HTTP client of all functions here, with the authorities and the proxy of this process's
/// environment.
fn transport(
    arguments: &Arguments,
    variables: Variables,
    check: &SettingsCheck,
) -> Result<Transport, SettingsError> {
    let environment = |name: &str| {
        check.record_lookup("", name);
        match (arguments.setting("", name), name) {
            (Some(value), _) => Some(value.to_owned()),
            (None, settings_check::AUTHORITIES) => {
                settings_check::authorities(arguments, variables)
            }
            (None, _) => variables(name),
        }
    };
    let mut reader = Reader::new(&environment);
    let transport = Transport::from_settings(&mut reader);
    reader.finish(transport)
}

/// The requested identity provider, with the cookie name that all functions are set to.
fn identity(arguments: &Arguments) -> Result<IdentityProvider, Unspecified> {
    let identity = IdentityProvider::new(arguments.session, &arguments.app_origin())?;
    Ok(match arguments.setting("", "SESSION_COOKIE") {
        Some(name) => identity.with_cookie(name),
        None => identity,
    })
}

/// Builds the token endpoints of the providers.
struct EndpointBuilder<'a> {
    arguments: &'a Arguments,
    variables: Variables<'a>,
    identity: &'a IdentityProvider,
    transport: Transport,
    profiles: &'a ProfilesFile,
    check: SettingsCheck,
}

impl ProviderVisitor for EndpointBuilder<'_> {
    type Output = Option<(MethodRouter, DeployedProvider)>;

    fn visit<P: Provider>(&mut self, provider: ProviderEntry) -> Self::Output {
        let arguments = self.arguments;
        let real_key = provider.real_secret(self.variables);
        let minting_url = arguments
            .setting(P::NAME, "PROVIDER_BASE_URL")
            .map(str::to_owned)
            .or_else(|| real_key.is_none().then(|| arguments.standins_url()))
            .or_else(|| (self.variables)(provider.standin.url_variable()?));
        let standin = minting_url
            .as_deref()
            .is_some_and(|url| url.trim_end_matches('/') == arguments.standins_url());
        let response_url = arguments.base_url.clone().filter(|_| standin);
        let profiles = match self.profiles.of::<P>(provider) {
            Ok(profiles) => profiles,
            Err(errors) => {
                self.check.profile_errors(P::NAME, errors);
                None
            }
        };
        let origins = Origins::new::<P>(arguments);
        let kind = arguments.session_kind(P::NAME);
        // The settings of one kind would conflict with those of another.
        let session_settings = if kind == arguments.session.name() {
            self.identity.settings()
        } else {
            Vec::new()
        };
        let var = |name: &str| {
            self.check.record_lookup(P::NAME, name);
            match (arguments.setting(P::NAME, name), name) {
                // For all functions, it means those with profiles.
                (Some(_), profiles::DEFAULT_SETTING)
                    if !P::Profile::IS_USED && !arguments.is_set_for(P::NAME, name) =>
                {
                    None
                }
                (_, "ALLOWED_ORIGINS") => Some(origins.setting()),
                (_, "PROVIDER_BASE_URL") => minting_url.clone(),
                (Some(value), _) => Some(value.to_owned()),
                (None, url) if standin && provider.standin.url_settings().contains(&url) => {
                    Some(arguments.standins_url())
                }
                (None, "API_KEY_SECRET_ID") => Some(P::NAME.to_owned()),
                (None, "PROFILES_SECRET_ID") if P::Profile::IS_USED => {
                    Some(profiles::secret_id(P::NAME))
                }
                (None, profiles::DEFAULT_SETTING) => {
                    let default = profiles.as_ref().and_then(Profiles::default);
                    default.map(str::to_owned)
                }
                (None, "LIMIT_TABLE") => Some("in-memory".to_owned()),
                (None, "SESSION_AUTHORIZED_PARTIES") if kind == Kind::Clerk.name() => {
                    origins.authorized_parties()
                }
                _ => session_settings
                    .iter()
                    .find(|(setting, _)| *setting == name)
                    .map(|(_, value)| value.clone())
                    .or_else(|| {
                        let settings = provider.standin.settings().iter();
                        let setting = settings.filter(|_| standin).find(|known| known.0 == name);
                        setting.map(|(_, value)| (*value).to_owned())
                    }),
            }
        };
        let key = real_key.unwrap_or_else(|| provider.standin.secret().to_owned());
        let own = InMemorySecrets::default().with(P::NAME, key);
        let own = match &profiles {
            Some(profiles) => own.with(&profiles::secret_id(P::NAME), profiles.secret.clone()),
            None => own,
        };
        let sessions = self.identity.secrets().into_iter();
        let secrets = sessions.fold(own, |secrets, (id, value)| secrets.with(id, value));
        let environment = FunctionEnvironment {
            var: &var,
            public_url: response_url,
        };
        let broker = Broker::<P>::from_settings(
            &environment,
            Arc::new(secrets),
            Arc::new(Memory::new(MAX_COUNTED_USERS)),
            self.transport.clone(),
            Clock::system(),
        );
        let smallest = provider.standin.smallest_request().body;
        let provider = P::from_settings(&mut Reader::new(&environment));
        let base_url = provider.base_url().public().to_owned();
        let hosts = provider.hosts().into_iter().map(str::to_owned).collect();
        let default = environment.var(profiles::DEFAULT_SETTING);
        let broker = self.check.accept(P::NAME, broker)?;
        let deployed = DeployedProvider {
            name: P::NAME,
            cookie: cookie_name(P::NAME),
            single_use: !mints_reusable_tokens(&provider, &smallest),
            base_url,
            hosts,
            profiles: profiles
                .map_or_else(Vec::new, |profiles| profiles.into_names(default.as_deref())),
            standin,
        };
        Some((Endpoint::new(broker, origins).route(), deployed))
    }
}

/// Whether the smallest token request is for a reusable token.
fn mints_reusable_tokens(provider: &impl Provider, smallest: &Value) -> bool {
    let mut request = http::Request::new(Bytes::from(smallest.to_string()));
    *request.method_mut() = Method::POST;
    let json = HeaderValue::from_static("application/json");
    request.headers_mut().insert(header::CONTENT_TYPE, json);
    Fields::read(&request)
        .and_then(|fields| provider.token_request(fields))
        .is_ok_and(|request| !request.is_single_use())
}

/// The settings of one function. Clients may reach the stand-ins by another URL than the function
/// does.
struct FunctionEnvironment<'a> {
    var: &'a dyn Fn(&str) -> Option<String>,
    public_url: Option<String>,
}

impl Environment for FunctionEnvironment<'_> {
    fn var(&self, name: &str) -> Option<String> {
        (self.var)(name)
    }

    fn public_url(&self, _name: &str) -> Option<String> {
        self.public_url.clone()
    }
}
