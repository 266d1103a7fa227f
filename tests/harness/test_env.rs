//! The environment of a function in a case: Secrets Manager behind a proxy, the identity provider,
//! the strict stand-ins for the voice providers, and the settings with which a function finds them.

use std::net::Ipv4Addr;

use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use voicemint::internals::Clock;
use voicemint_dev::{profiles, providers};
use voicemint_stand_in::{Account, Scope, Standins};

use crate::event::ORIGIN;
use crate::function::{Function, FunctionBuilder};
use crate::issuer::{AUDIENCE, Issuer};
use crate::moto::Moto;
use crate::provider::{PROVIDERS, minted_token, smallest_request, standin};
use crate::tcp_proxy::TcpProxy;

/// The name of the app's session cookie.
pub const SESSION_COOKIE: &str = "app_session";
pub const SECRETS_MANAGER_ENDPOINT: &str = "AWS_ENDPOINT_URL_SECRETS_MANAGER";

pub struct TestEnv {
    pub moto: Moto,
    /// The functions reach moto through this proxy only.
    pub secrets_proxy: TcpProxy,
    pub issuer: Issuer,
    standins: Standins,
    url: String,
    secrets: Vec<String>,
    server: JoinHandle<()>,
}

impl TestEnv {
    pub async fn start() -> Self {
        let moto = Moto::start().await;
        let secrets_proxy = TcpProxy::start(moto.address()).await;
        let issuer = Issuer::start().await;
        let standins = providers::standins(&Clock::system());
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .await
            .expect("a free loopback port");
        let url = format!("http://{}", listener.local_addr().expect("a bound address"));
        let router = standins.router();
        let server =
            tokio::spawn(async move { axum::serve(listener, router).await.unwrap_or_default() });
        let secrets = PROVIDERS.map(Moto::unique_name).to_vec();
        let env = Self {
            moto,
            secrets_proxy,
            issuer,
            standins,
            url,
            secrets,
            server,
        };
        for provider in PROVIDERS {
            env.moto
                .create_secret(env.secret_id(provider), Self::key(provider))
                .await;
            if let Some(profiles) = standin(provider).profiles() {
                env.moto
                    .create_secret(&env.profiles_id(provider), profiles)
                    .await;
            }
        }
        env
    }

    /// The URL of the providers' stand-ins.
    pub fn provider_url(&self) -> &str {
        &self.url
    }

    pub fn secret_id(&self, provider: &str) -> &str {
        &self.secrets[PROVIDERS
            .iter()
            .position(|name| *name == provider)
            .expect("one of the providers")]
    }

    /// The name of the secret with the example profiles.
    pub fn profiles_id(&self, provider: &str) -> String {
        format!("{}-profiles", self.secret_id(provider))
    }

    /// The key that the stand-in accepts at the start.
    pub fn key(provider: &str) -> &'static str {
        standin(provider).secret()
    }

    /// Makes the stand-in accept only this key from now on.
    pub fn set_key(&self, provider: &str, key: &str) {
        self.account(provider).set_key(key);
    }

    /// How many tokens the stand-in minted.
    pub fn mints(&self, provider: &str) -> usize {
        self.account(provider).mints()
    }

    /// Whether the stand-in accepts the token of the smallest token request. A single-use token is
    /// used up.
    pub fn redeem(&self, provider: &str, token: &str) -> bool {
        self.redeem_for(provider, token, smallest_request(provider).scope)
    }

    /// Whether the stand-in accepts the token for this scope.
    pub fn redeem_for(&self, provider: &str, token: &str, scope: Scope) -> bool {
        let account = self.account(provider);
        let token = minted_token(provider, token);
        standin(provider).redeem(account, token, scope).is_ok()
    }

    fn account(&self, provider: &str) -> &Account {
        self.standins
            .account(provider)
            .expect("one of the providers")
    }

    /// A function with the settings for this environment.
    pub fn function(&self, provider: &str) -> FunctionBuilder {
        let standin = standin(provider);
        let mut function = Function::builder(provider);
        for setting in standin.url_settings() {
            function = function.env(setting, &self.url);
        }
        for (setting, value) in standin.settings() {
            function = function.env(setting, *value);
        }
        if standin.profiles().is_some() {
            function = function
                .env("PROFILES_SECRET_ID", self.profiles_id(provider))
                .env("DEFAULT_PROFILE", profiles::DEFAULT);
        }
        function
            .env("API_KEY_SECRET_ID", self.secret_id(provider))
            .env(SECRETS_MANAGER_ENDPOINT, self.secrets_proxy.url())
            .env("SESSION_ISSUER", self.issuer.url())
            .env("SESSION_AUDIENCE", AUDIENCE)
            .env("SESSION_COOKIE", SESSION_COOKIE)
            .env("ALLOWED_ORIGINS", ORIGIN)
    }

    /// A function that introspects opaque tokens at `endpoint`, with the client credentials of the
    /// secret `client`.
    pub fn introspection(&self, provider: &str, endpoint: &str, client: &str) -> FunctionBuilder {
        self.without_issuer(provider)
            .env("SESSION_KIND", "introspection")
            .env("SESSION_INTROSPECTION_URL", endpoint)
            .env("SESSION_INTROSPECTION_SECRET_ID", client)
            .env("SESSION_AUDIENCE", "*")
    }

    /// A function that forwards session credentials to `app`.
    pub fn forward(&self, provider: &str, app: &str) -> FunctionBuilder {
        self.without_issuer(provider)
            .env("SESSION_KIND", "forward")
            .env("SESSION_FORWARD_URL", app)
    }

    fn without_issuer(&self, provider: &str) -> FunctionBuilder {
        self.function(provider)
            .without("SESSION_ISSUER")
            .without("SESSION_AUDIENCE")
    }

    /// Creates another secret and returns its name.
    pub async fn secret(&self, stem: &str, value: &str) -> String {
        let name = Moto::unique_name(stem);
        self.moto.create_secret(&name, value).await;
        name
    }
}

impl Drop for TestEnv {
    fn drop(&mut self) {
        self.server.abort();
    }
}
