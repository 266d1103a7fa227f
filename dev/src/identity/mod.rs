//! The built-in identity provider: anybody may sign in as anybody. It plays each kind of session
//! that the functions accept, with the tokens and cookies that the real product makes, so that the
//! broker verifies them just as it does real ones.

mod cookie;
mod jwe;
pub mod kinds;
mod login;
mod opaque;
mod routes;
mod signing_key;

use std::time::Duration;

use aws_lc_rs::error::Unspecified;
use aws_lc_rs::rand;
use serde_json::{Map, Value, json};

pub use cookie::{Cookie, cookies_of};
pub use jwe::{ContentKey, Encryption};
pub use kinds::Kind;
pub use login::Login;
pub use routes::router;
pub use signing_key::SigningKey;

use kinds::Product;
use opaque::OpaqueTokens;

/// The audience of the sessions, where their kind leaves it open.
pub const AUDIENCE: &str = "voicemint-dev";
/// The cookie of the kinds that have none of their own.
pub const SESSION_COOKIE: &str = "dev_session";
/// The name of the secret that signs or encrypts sessions.
pub const SESSION_SECRET_ID: &str = "dev/session";
/// The name of the secret with which the broker introspects.
pub const INTROSPECTION_SECRET_ID: &str = "dev/introspection";
/// The broker's name at the introspection endpoint.
const CLIENT_ID: &str = "voicemint";

/// The members of a JSON object: a token's claims, or its header.
pub type Claims = Map<String, Value>;
/// Names and values of environment variables.
pub type Settings = Vec<(&'static str, String)>;

/// What an app holds once somebody has signed in.
#[derive(Clone)]
pub struct Credentials {
    /// What goes behind `Authorization: Bearer`.
    pub bearer: String,
    /// What the browser keeps.
    pub cookies: Vec<Cookie>,
}

/// What every kind of session is made from: a place, keys and secrets, made at start and gone at
/// the end.
pub struct Issuer {
    /// Where the provider and the app are, without a slash at the end.
    pub base_url: String,
    /// A cookie other than the kind's own.
    cookie: Option<String>,
    key: Option<SigningKey>,
    secret: String,
    client_secret: String,
    opaque: OpaqueTokens,
}

impl Issuer {
    /// Signs a token. `header` has what goes beside `alg` and `kid`.
    ///
    /// # Errors
    /// Where the kind has no signing key.
    pub fn sign(&self, header: &Claims, claims: &Claims) -> Result<String, Unspecified> {
        self.key.as_ref().ok_or(Unspecified)?.sign(header, claims)
    }
}

/// An identity provider of one kind.
pub struct IdentityProvider {
    product: &'static dyn Product,
    kind: Kind,
    issuer: Issuer,
}

impl IdentityProvider {
    /// A provider at a URL that has no slash at its end.
    ///
    /// # Errors
    /// Where the machine has no random numbers.
    pub fn new(kind: Kind, base_url: &str) -> Result<Self, Unspecified> {
        let product = kind.product();
        let secret = random_hex()?;
        let issuer = Issuer {
            base_url: base_url.to_owned(),
            cookie: None,
            key: product.key(&secret)?,
            secret,
            client_secret: random_hex()?,
            opaque: OpaqueTokens::default(),
        };
        Ok(Self {
            product,
            kind,
            issuer,
        })
    }

    /// Sets another cookie than the kind's own, as `SESSION_COOKIE` does on the other side.
    #[must_use]
    pub fn with_cookie(mut self, name: &str) -> Self {
        self.issuer.cookie = Some(name.to_owned());
        self
    }

    /// The settings with which a function accepts these sessions.
    pub fn settings(&self) -> Settings {
        let mut settings = vec![("SESSION_KIND", self.kind.name().to_owned())];
        settings.extend(self.product.settings(&self.issuer));
        let nobodys = self
            .product
            .own_cookies(&self.issuer)
            .is_empty()
            .then(|| SESSION_COOKIE.to_owned());
        let cookie = self.issuer.cookie.clone().or(nobodys);
        settings.extend(cookie.map(|name| ("SESSION_COOKIE", name)));
        settings
    }

    /// The secrets that the settings name, with their texts.
    pub fn secrets(&self) -> [(&'static str, String); 2] {
        let client = json!({"client_id": CLIENT_ID, "client_secret": self.issuer.client_secret});
        [
            (SESSION_SECRET_ID, self.issuer.secret.clone()),
            (INTROSPECTION_SECRET_ID, client.to_string()),
        ]
    }

    /// What a token says of somebody who signs in. Change it to forge one that must be refused.
    pub fn claims(&self, login: &Login) -> Claims {
        self.product.claims(&self.issuer, login)
    }

    /// Makes a token and cookies of claims, whatever they say.
    ///
    /// # Errors
    /// Where the machine has no random numbers.
    pub fn issue(&self, claims: &Claims) -> Result<Credentials, Unspecified> {
        self.product.issue(&self.issuer, claims)
    }

    /// Signs somebody in.
    ///
    /// # Errors
    /// Where the machine has no random numbers.
    pub fn sign_in(&self, login: &Login) -> Result<Credentials, Unspecified> {
        self.issue(&self.claims(login))
    }

    /// Ends the session of a token that is kept here. Signed ones last until they expire.
    pub fn revoke(&self, credential: &str) {
        self.issuer.opaque.revoke(credential);
    }

    /// The names of the session's cookies; where it is in pieces, what their names begin with.
    pub fn cookie_names(&self) -> Vec<String> {
        self.product.cookie_names(&self.issuer)
    }

    /// Whether a cookie is the session's, or a piece of it.
    pub fn owns_cookie(&self, name: &str) -> bool {
        self.cookie_names().iter().any(|own| {
            name.strip_prefix(own.as_str()).is_some_and(|rest| {
                rest.is_empty() || rest.starts_with('.') || rest.starts_with("__")
            })
        })
    }

    /// What the kind is made from, to make unusual tokens with.
    pub fn issuer(&self) -> &Issuer {
        &self.issuer
    }

    /// The discovery document (OpenID Connect Discovery 1.0 section 3).
    pub fn discovery(&self) -> Value {
        let base_url = &self.issuer.base_url;
        let algorithms: Vec<_> = self.issuer.key.iter().map(SigningKey::algorithm).collect();
        json!({
            "issuer": base_url,
            "jwks_uri": format!("{base_url}/.well-known/jwks.json"),
            "authorization_endpoint": format!("{base_url}/"),
            "introspection_endpoint": format!("{base_url}/introspect"),
            "response_types_supported": ["id_token"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": algorithms,
        })
    }

    /// The key set (RFC 7517).
    pub fn key_set(&self) -> Value {
        let keys: Vec<_> = self
            .issuer
            .key
            .iter()
            .filter_map(SigningKey::public)
            .collect();
        json!({"keys": keys})
    }

    /// What is known of a token (RFC 7662 section 2.2).
    pub fn introspect(&self, token: &str, now: Duration) -> Value {
        let Some(mut claims) = self.issuer.opaque.find(token, now) else {
            return json!({"active": false});
        };
        claims.insert("active".to_owned(), true.into());
        Value::Object(claims)
    }

    /// What the app's own endpoint says of the session of a credential, if there is one.
    pub fn session(&self, credential: &str, now: Duration) -> Option<Value> {
        let claims = self.issuer.opaque.find(credential, now)?;
        let told = claims
            .into_iter()
            .filter(|(name, _)| ["sub", "grants"].contains(&name.as_str()));
        Some(Value::Object(told.collect()))
    }

    /// Whether this is the broker, by its name and password at the introspection endpoint.
    fn is_client(&self, id: &str, secret: &str) -> bool {
        let right = format!("{CLIENT_ID}:{}", self.issuer.client_secret);
        let given = format!("{id}:{secret}");
        aws_lc_rs::constant_time::verify_slices_are_equal(given.as_bytes(), right.as_bytes())
            .is_ok()
    }
}

/// 32 random bytes, written as `openssl rand -hex 32` writes them.
fn random_hex() -> Result<String, Unspecified> {
    let mut random = [0; 32];
    rand::fill(&mut random)?;
    Ok(random.iter().map(|byte| format!("{byte:02x}")).collect())
}

#[cfg(test)]
mod tests;
