//! Everything that stands around a function in a case: Secrets Manager behind a gate, the identity
//! provider, and the strict stand-ins for the voice providers; and the settings with which a
//! function finds them.

use std::net::Ipv4Addr;

use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use voicemint_dev::standins::{
    ASSEMBLYAI_KEY, CARTESIA_KEY, ELEVENLABS_KEY, Grant, Need, Standins, TokenType, Vendor,
};

use crate::{AUDIENCE, Builder, Function, Gate, Issuer, Moto, ORIGIN};

pub const PROVIDERS: [&str; 3] = ["cartesia", "elevenlabs", "assemblyai"];
/// The app's own session cookie.
pub const SESSION_COOKIE: &str = "app_session";
pub const ENDPOINT_OF_SECRETS: &str = "AWS_ENDPOINT_URL_SECRETS_MANAGER";

pub struct World {
    pub moto: Moto,
    /// The only way from the functions to moto.
    pub gate: Gate,
    pub issuer: Issuer,
    standins: Standins,
    url: String,
    secrets: Vec<String>,
    server: JoinHandle<()>,
}

impl World {
    pub async fn start() -> Self {
        let moto = Moto::start().await;
        let gate = Gate::before(moto.address()).await;
        let issuer = Issuer::start().await;
        let standins = Standins::new();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .await
            .expect("a free loopback port");
        let url = format!("http://{}", listener.local_addr().expect("a bound address"));
        let router = standins.router();
        let server =
            tokio::spawn(async move { axum::serve(listener, router).await.unwrap_or_default() });
        let secrets = PROVIDERS.map(Moto::unique).to_vec();
        let world = Self {
            moto,
            gate,
            issuer,
            standins,
            url,
            secrets,
            server,
        };
        for provider in PROVIDERS {
            world
                .moto
                .create_secret(world.secret_id(provider), Self::key(provider))
                .await;
        }
        world
    }

    /// The stand-ins' address.
    pub fn provider_url(&self) -> &str {
        &self.url
    }

    pub fn secret_id(&self, provider: &str) -> &str {
        &self.secrets[PROVIDERS
            .iter()
            .position(|name| *name == provider)
            .expect("one of the providers")]
    }

    /// The key that the stand-in takes at first.
    pub fn key(provider: &str) -> &'static str {
        match provider {
            "cartesia" => CARTESIA_KEY,
            "elevenlabs" => ELEVENLABS_KEY,
            _ => ASSEMBLYAI_KEY,
        }
    }

    /// From now on the stand-in takes this key and no other.
    pub fn set_key(&self, provider: &str, key: &str) {
        self.standins.set_key(vendor(provider), key);
    }

    /// How many tokens the stand-in gave out.
    pub fn mints(&self, provider: &str) -> usize {
        self.standins.mints(vendor(provider))
    }

    /// Whether the stand-in takes the token for what the smallest ask is good for; spends it where
    /// that is its way.
    pub fn redeem(&self, provider: &str, token: &str) -> bool {
        let need = match provider {
            "cartesia" => Need::Cartesia(Grant::Tts),
            "elevenlabs" => Need::ElevenLabs(TokenType::RealtimeScribe),
            _ => Need::AssemblyAi,
        };
        self.standins.redeem(token, need).is_ok()
    }

    /// Settings with which a function works in this world.
    pub fn function(&self, provider: &str) -> Builder {
        Function::builder(provider)
            .env("API_KEY_SECRET_ID", self.secret_id(provider))
            .env(ENDPOINT_OF_SECRETS, self.gate.url())
            .env("PROVIDER_BASE_URL", &self.url)
            .env("SESSION_ISSUER", self.issuer.url())
            .env("SESSION_AUDIENCE", AUDIENCE)
            .env("SESSION_COOKIE", SESSION_COOKIE)
            .env("ALLOWED_ORIGINS", ORIGIN)
    }

    /// Settings for opaque tokens, about which that endpoint is asked with the client's credentials
    /// of that secret.
    pub fn introspection(&self, provider: &str, endpoint: &str, client: &str) -> Builder {
        self.without_issuer(provider)
            .env("SESSION_KIND", "introspection")
            .env("SESSION_INTROSPECTION_URL", endpoint)
            .env("SESSION_INTROSPECTION_SECRET_ID", client)
            .env("SESSION_AUDIENCE", "*")
    }

    /// Settings for sessions about which the app is asked.
    pub fn forward(&self, provider: &str, app: &str) -> Builder {
        self.without_issuer(provider)
            .env("SESSION_KIND", "forward")
            .env("SESSION_FORWARD_URL", app)
    }

    fn without_issuer(&self, provider: &str) -> Builder {
        self.function(provider)
            .without("SESSION_ISSUER")
            .without("SESSION_AUDIENCE")
    }

    /// One more secret; its name.
    pub async fn secret(&self, stem: &str, value: &str) -> String {
        let name = Moto::unique(stem);
        self.moto.create_secret(&name, value).await;
        name
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.server.abort();
    }
}

fn vendor(provider: &str) -> Vendor {
    match provider {
        "cartesia" => Vendor::Cartesia,
        "elevenlabs" => Vendor::ElevenLabs,
        _ => Vendor::AssemblyAi,
    }
}
