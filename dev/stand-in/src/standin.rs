//! What a stand-in says about itself. The local command, its page, the secret stores, the flags and
//! the end-to-end tests read it.

use std::fmt::Debug;

use axum::Router;
use axum::response::Response;
use serde_json::{Value, json};

use crate::account::Account;
use crate::tokens::{RedeemError, Scope};

/// The stand-in of one provider.
pub trait Standin: Debug + Sync {
    /// The provider's name in paths, settings and secrets.
    fn name(&self) -> &'static str;

    /// The provider's name as it writes it.
    fn title(&self) -> &'static str;

    /// The value of the secret with the API key that it accepts at first. It is public and is not
    /// valid anywhere else.
    fn secret(&self) -> &'static str;

    /// The environment variables with the key of the real provider. If its secret has several
    /// values, each comes with the name of its member.
    fn key_variables(&self) -> Vec<KeyVariable> {
        let name = self.name().replace('-', "_").to_ascii_uppercase();
        vec![KeyVariable {
            name: format!("{name}_API_KEY"),
            member: None,
        }]
    }

    /// The environment variable with the URL of the customer's own host at the real provider, if it
    /// has no public one.
    fn url_variable(&self) -> Option<&'static str> {
        None
    }

    /// The settings of the provider's function that hold the stand-in's URL.
    fn url_settings(&self) -> &'static [&'static str] {
        &["PROVIDER_BASE_URL"]
    }

    /// Further settings with which the local command and the tests run the provider's function, so
    /// that it offers all that the stand-in has.
    fn settings(&self) -> &'static [(&'static str, &'static str)] {
        &[]
    }

    /// Example profiles, one of which is called `default`: the value of the secret that
    /// `PROFILES_SECRET_ID` names. `None` if the provider has no profiles.
    fn profiles(&self) -> Option<&'static str> {
        None
    }

    /// The first characters of its tokens.
    fn token_prefix(&self) -> &'static str;

    /// The smallest token request that the provider's function accepts with default settings.
    fn smallest_request(&self) -> SmallestRequest;

    /// A successful response of the provider to the smallest request, with this token.
    fn mint_response(&self, token: &str) -> Value {
        json!({ "token": token })
    }

    /// What the account knows of the token that the provider's function returns: all of it, unless
    /// the token is a URL with a part that was minted.
    fn minted_token<'a>(&self, token: &'a str) -> &'a str {
        token
    }

    /// The provider's `page.js`: its part of the page.
    fn page(&self) -> &'static str;

    /// The provider's `client.js`, which speaks, listens or converses, on the page and in apps.
    /// `None` if its tokens are for the provider's own client.
    fn client(&self) -> Option<&'static str> {
        None
    }

    /// Its endpoints and WebSockets. [`Standins`](crate::Standins) serves the routes of all
    /// providers, so their paths must differ.
    fn routes(&self) -> Router<Account>;

    /// The paths of its routes, for a developer.
    fn paths(&self) -> Paths;

    /// Redeems a token for `scope`, as an endpoint of the provider does.
    ///
    /// # Errors
    /// Why the token is rejected.
    fn redeem(&self, account: &Account, token: &str, scope: Scope) -> Result<(), RedeemError> {
        account.redeem(token, scope)
    }

    /// Whether the provider's function calls the provider to mint, and does not sign the tokens by
    /// itself.
    fn is_called(&self) -> bool {
        !self.paths().mint.is_empty()
    }

    /// The start of the paths whose errors have the provider's format although it has no such
    /// path. The longest prefix of a path wins.
    fn path_prefix(&self) -> &'static str;

    /// The response for unknown paths with its prefix.
    fn not_found(&self) -> Response;
}

/// An environment variable with a key of the real provider.
#[derive(Clone, Debug)]
pub struct KeyVariable {
    /// The variable.
    pub name: String,
    /// The member of the secret that it holds; `None` if it is the whole secret.
    pub member: Option<&'static str>,
}

/// The smallest token request, and the token that it results in.
#[derive(Clone, Debug)]
pub struct SmallestRequest {
    /// The body of the request.
    pub body: Value,
    /// A scope of the token.
    pub scope: Scope,
    /// The lifetime of the token, in seconds.
    pub expires_in: u32,
    /// Whether the token can be used only once.
    pub single_use: bool,
}

/// The paths of a stand-in.
#[derive(Clone, Copy, Debug)]
pub struct Paths {
    /// The mint endpoint.
    pub mint: &'static [&'static str],
    /// The endpoints and WebSockets that accept tokens.
    pub uses: &'static [&'static str],
}
