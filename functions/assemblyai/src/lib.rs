//! AssemblyAI's one-time tokens, for streaming speech to text
//! (<https://www.assemblyai.com/docs/streaming/api-spec/generate-streaming-token>) and for the Voice
//! Agent API (`GET /v1/token` of
//! <https://www.assemblyai.com/docs/voice-agents/voice-agent-api/browser-integration>).
//!
//! A token opens one session within its lifetime. Another field limits the duration of that session.

mod product;

use std::ops::RangeInclusive;

use bytes::Bytes;
use http::{Request, Response, header};
use serde::Serialize;
use voicemint::problem::Problem;
use voicemint::provider::{
    BaseUrl, Fields, IssuedToken, Lifetimes, Mint, MintContext, MintError, MintedToken, NoProfile,
    Provider, Socket, TokenDetails, TokenRequest, TokenResponse, check_grants,
};
use voicemint::settings::Reader;

pub use product::Product;

/// The permitted lifetimes of a token, in seconds.
const LIFETIME_SECONDS: RangeInclusive<u32> = 1..=600;
/// The permitted session durations, in seconds.
const SESSION_SECONDS: RangeInclusive<u32> = 60..=10_800;

const ALLOWED_PRODUCTS: &str = "ALLOWED_PRODUCTS";
const BASE_URL: &str = "PROVIDER_BASE_URL";
const AGENT_BASE_URL: &str = "AGENT_BASE_URL";

/// AssemblyAI, with the settings of a deployment.
#[derive(Debug)]
pub struct AssemblyAi {
    allowed: Vec<&'static str>,
    streaming_url: BaseUrl,
    agent_url: BaseUrl,
    lifetimes: Lifetimes,
    session_cap: Option<u32>,
}

/// What only AssemblyAI's token requests have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Options {
    /// The product that the token opens.
    pub product: Product,
    /// The longest duration of a session that is opened with the token, in seconds. `None` leaves it
    /// to AssemblyAI.
    pub max_session_duration: Option<u32>,
}

impl AssemblyAi {
    /// The host that mints a product's tokens and accepts them.
    fn url(&self, product: Product) -> &BaseUrl {
        match product {
            Product::Streaming => &self.streaming_url,
            Product::Agent => &self.agent_url,
        }
    }

    /// The product of a request that names none: streaming if it is allowed, otherwise the only one
    /// that is.
    fn default_product(&self) -> &'static str {
        let first = self.allowed.first().copied();
        first.unwrap_or(Product::Streaming.name())
    }
}

impl Provider for AssemblyAi {
    const NAME: &'static str = "assemblyai";
    type Options = Options;
    type Profile = NoProfile;

    fn from_settings(reader: &mut Reader) -> Self {
        let products = Product::NAMES;
        let allowed = reader.choices(ALLOWED_PRODUCTS, &products, &[Product::Streaming.name()]);
        let is_agent_allowed = allowed.contains(&Product::Agent.name());
        let has = |reader: &Reader, name| reader.optional(name).is_some();
        if is_agent_allowed && has(reader, BASE_URL) && !has(reader, AGENT_BASE_URL) {
            // The tokens of a region or of a proxy must not be minted at the public host instead.
            reader.error(
                AGENT_BASE_URL,
                format_args!(
                    "is not set although {BASE_URL} is and {ALLOWED_PRODUCTS} has agent: set it to \
                     the host of the Voice Agent API, such as {}, or allow streaming only",
                    Product::Agent.host()
                ),
            );
        }
        Self {
            allowed,
            streaming_url: reader.base_url(BASE_URL, Product::Streaming.host()),
            agent_url: reader.base_url(AGENT_BASE_URL, Product::Agent.host()),
            lifetimes: Lifetimes::from_settings(reader, LIFETIME_SECONDS),
            session_cap: reader.whole_number(
                "MAX_SESSION_DURATION_SECONDS",
                SESSION_SECONDS,
                "seconds",
            ),
        }
    }

    /// The host of the product that requests name by default. The start warms its connection.
    fn base_url(&self) -> &BaseUrl {
        self.url(Product::named(self.default_product()))
    }

    fn hosts(&self) -> Vec<&str> {
        let products = self.allowed.iter().map(|name| Product::named(name));
        products.map(|product| self.url(product).public()).collect()
    }

    fn token_request(&self, mut fields: Fields) -> Result<TokenRequest<Options>, Problem> {
        let names = ["expires_in_seconds", "expires_in"];
        let expires_in = self.lifetimes.take(&mut fields, names);
        let max = self.session_cap.unwrap_or(*SESSION_SECONDS.end());
        let session = fields.whole_number(
            "max_session_duration_seconds",
            *SESSION_SECONDS.start()..=max,
            "seconds",
        );
        let product = fields.choice("product", &Product::NAMES);
        fields.finish()?;
        let name = product.unwrap_or(self.default_product());
        check_grants(&[name], &self.allowed, ALLOWED_PRODUCTS)?;
        let product = Product::named(name);
        Ok(TokenRequest::new(expires_in)
            .with_grants([product.grant()])
            .with_single_use(true)
            .with_options(Options {
                product,
                max_session_duration: session.or(self.session_cap),
            }))
    }

    fn mint(&self, context: &MintContext<'_, Options>) -> Result<Mint, MintError> {
        let request = context.request();
        let options = request.options();
        let mut url = format!(
            "{}{}?expires_in_seconds={}",
            self.url(options.product).as_str(),
            options.product.mint_path(),
            request.expires_in()
        );
        if let Some(seconds) = options.max_session_duration {
            url.push_str(&format!("&max_session_duration_seconds={seconds}"));
        }
        let request = Request::get(url)
            .header(header::AUTHORIZATION, context.key()?.header("")?)
            .body(Bytes::new())?;
        Ok(request.into())
    }

    fn parse_token(
        &self,
        _context: &MintContext<'_, Options>,
        response: &Response<Bytes>,
    ) -> Result<MintedToken, &'static str> {
        let response = TokenResponse::parse(response.body())?;
        let minted = MintedToken::new(response.token("token")?);
        Ok(minted.expires_in(response.seconds("expires_in_seconds")?))
    }

    fn details(
        &self,
        request: &TokenRequest<Options>,
        token: &IssuedToken,
        _profile: Option<&NoProfile>,
    ) -> TokenDetails<'_> {
        let product = request.options().product;
        let base_url = self.url(product);
        let socket = Socket::new(product.name(), base_url, product.socket_path())
            .with_query("token", token.token.expose());
        TokenDetails::new(base_url).with_socket(socket)
    }
}

#[cfg(test)]
mod tests;
