//! The identity provider of one kind of session.

use std::time::Duration;

use aws_lc_rs::error::Unspecified;
use serde_json::{Value, json};

use super::claims::Claims;
use super::issuer::{
    CLIENT_ID, Credentials, INTROSPECTION_SECRET_ID, Issuer, SESSION_COOKIE, SESSION_SECRET_ID,
    Settings,
};
use super::kinds::Kind;
use super::login::Login;
use super::opaque_tokens::{OpaqueTokens, random_hex};
use super::session_kind::SessionKind;
use super::signing_key::SigningKey;

/// An identity provider of one kind.
pub struct IdentityProvider {
    kind: Kind,
    session_kind: &'static dyn SessionKind,
    issuer: Issuer,
}

impl IdentityProvider {
    /// A provider at this URL, which has no trailing slash.
    ///
    /// # Errors
    /// If the system has no random numbers.
    pub fn new(kind: Kind, base_url: &str) -> Result<Self, Unspecified> {
        let session_kind = kind.session_kind();
        let secret = random_hex()?;
        let issuer = Issuer {
            base_url: base_url.to_owned(),
            cookie: None,
            key: session_kind.key(&secret)?,
            secret,
            client_secret: random_hex()?,
            opaque_tokens: OpaqueTokens::default(),
        };
        Ok(Self {
            kind,
            session_kind,
            issuer,
        })
    }

    /// Replaces the name of the session cookie, as `SESSION_COOKIE` does in the functions.
    #[must_use]
    pub fn with_cookie(mut self, name: &str) -> Self {
        self.issuer.cookie = Some(name.to_owned());
        self
    }

    /// The settings that make a function accept these sessions.
    pub fn settings(&self) -> Settings {
        let mut settings = vec![("SESSION_KIND", self.kind.name().to_owned())];
        settings.extend(self.session_kind.settings(&self.issuer));
        if let Some(name) = &self.issuer.cookie {
            settings.push(("SESSION_COOKIE", name.clone()));
        } else if self.session_kind.own_cookies(&self.issuer).is_empty() {
            settings.push(("SESSION_COOKIE", SESSION_COOKIE.to_owned()));
        }
        settings
    }

    /// The names and values of the secrets that the settings refer to.
    pub fn secrets(&self) -> [(&'static str, String); 2] {
        let client = json!({"client_id": CLIENT_ID, "client_secret": self.issuer.client_secret});
        [
            (SESSION_SECRET_ID, self.issuer.secret.clone()),
            (INTROSPECTION_SECRET_ID, client.to_string()),
        ]
    }

    /// The claims of a token for this login. Tests change them to forge tokens.
    pub fn claims(&self, login: &Login) -> Claims {
        self.session_kind.claims(&self.issuer, login)
    }

    /// Makes a token and cookies from any claims.
    ///
    /// # Errors
    /// If the system has no random numbers.
    pub fn issue(&self, claims: &Claims) -> Result<Credentials, Unspecified> {
        self.session_kind.issue(&self.issuer, claims)
    }

    /// Signs a user in.
    ///
    /// # Errors
    /// If the system has no random numbers.
    pub fn sign_in(&self, login: &Login) -> Result<Credentials, Unspecified> {
        self.issue(&self.claims(login))
    }

    /// Ends the session of an opaque token. Signed tokens stay valid until they expire.
    pub fn revoke(&self, credential: &str) {
        self.issuer.opaque_tokens.revoke(credential);
    }

    /// The names of the session cookies; for cookies in pieces, the common prefix of the names.
    pub fn cookie_names(&self) -> Vec<String> {
        self.session_kind.cookie_names(&self.issuer)
    }

    /// Whether a cookie is the session cookie or a piece of it.
    pub fn owns_cookie(&self, name: &str) -> bool {
        self.cookie_names().iter().any(|own| {
            name.strip_prefix(own.as_str()).is_some_and(|rest| {
                rest.is_empty() || rest.starts_with('.') || rest.starts_with("__")
            })
        })
    }

    /// The keys and secrets of the sessions, for tests that make unusual tokens.
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

    /// The JWK set (RFC 7517).
    pub fn jwk_set(&self) -> Value {
        let keys: Vec<_> = self
            .issuer
            .key
            .iter()
            .filter_map(SigningKey::public_jwk)
            .collect();
        json!({"keys": keys})
    }

    /// The introspection response for a token (RFC 7662 section 2.2).
    pub fn introspect(&self, token: &str, now: Duration) -> Value {
        let Some(mut claims) = self.issuer.opaque_tokens.find(token, now) else {
            return json!({"active": false});
        };
        claims.insert("active".to_owned(), true.into());
        Value::Object(claims)
    }

    /// The response of the app's own endpoint; `None` without a valid session.
    pub fn session(&self, credential: &str, now: Duration) -> Option<Value> {
        let claims = self.issuer.opaque_tokens.find(credential, now)?;
        let public = claims
            .into_iter()
            .filter(|(name, _)| ["sub", "grants"].contains(&name.as_str()));
        Some(Value::Object(public.collect()))
    }

    /// Whether these are the broker's credentials for the introspection endpoint.
    pub(super) fn is_client(&self, id: &str, secret: &str) -> bool {
        let expected = format!("{CLIENT_ID}:{}", self.issuer.client_secret);
        let actual = format!("{id}:{secret}");
        aws_lc_rs::constant_time::verify_slices_are_equal(actual.as_bytes(), expected.as_bytes())
            .is_ok()
    }
}
