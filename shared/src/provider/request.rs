//! What a caller requests, after all checks.

use std::borrow::Cow;

use serde::Serialize;

/// What a caller requests, after all checks. `O` holds what only this provider has.
///
/// Its serialized form identifies everything that was requested except for the lifetime: a token is
/// resumed only for a request with the same form.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TokenRequest<O = ()> {
    grants: Vec<Cow<'static, str>>,
    #[serde(skip)]
    expires_in: u32,
    single_use: bool,
    options: O,
}

impl TokenRequest {
    /// A request for a reusable token with a lifetime in seconds, without grants and options.
    pub fn new(expires_in: u32) -> Self {
        Self {
            grants: Vec::new(),
            expires_in,
            single_use: false,
            options: (),
        }
    }
}

impl<O> TokenRequest<O> {
    /// Sets what the token shall permit, in a fixed order. `GRANTS_CLAIM` must cover each name.
    #[must_use]
    pub fn with_grants<G: Into<Cow<'static, str>>>(
        mut self,
        grants: impl IntoIterator<Item = G>,
    ) -> Self {
        self.grants = grants.into_iter().map(Into::into).collect();
        self
    }

    /// Sets whether the token can be used once only. Such a token is never issued twice.
    #[must_use]
    pub fn with_single_use(mut self, single_use: bool) -> Self {
        self.single_use = single_use;
        self
    }

    /// Sets what only this provider has.
    #[must_use]
    pub fn with_options<N>(self, options: N) -> TokenRequest<N> {
        TokenRequest {
            grants: self.grants,
            expires_in: self.expires_in,
            single_use: self.single_use,
            options,
        }
    }

    /// What the token shall permit.
    pub fn grants(&self) -> &[Cow<'static, str>] {
        &self.grants
    }

    /// Whether the token shall permit this.
    pub fn has_grant(&self, grant: &str) -> bool {
        self.grants.iter().any(|known| known == grant)
    }

    /// The token's lifetime in seconds.
    pub fn expires_in(&self) -> u32 {
        self.expires_in
    }

    /// Whether the token can be used once only.
    pub fn is_single_use(&self) -> bool {
        self.single_use
    }

    /// What only this provider has.
    pub fn options(&self) -> &O {
        &self.options
    }
}
