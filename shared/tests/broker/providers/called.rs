//! A provider that is called: with free values in its requests, single use on request, several
//! hosts, and responses in any form. Its mints must not be repeated.

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use serde::Serialize;
use serde_json::{Value, json};
use voicemint::problem::Problem;
use voicemint::provider::{
    BaseUrl, Fields, IssuedToken, Lifetimes, Mint, MintContext, MintError, MintedToken, NoProfile,
    Provider, Socket, SubjectUse, TokenDetails, TokenRequest, TokenResponse, Verdict,
};
use voicemint::settings::Reader;

pub struct Called {
    base_url: BaseUrl,
    socket_url: BaseUrl,
    lifetimes: Lifetimes,
    single_use: bool,
    /// Where the response has its token and its expiry.
    shape: String,
}

#[derive(Serialize)]
pub struct Options {
    voice: Option<&'static str>,
    room: Option<String>,
    fast: bool,
    max_session: Option<u32>,
}

fn is_room(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || letter == '_' || letter == '-'
}

impl Provider for Called {
    const NAME: &'static str = "called";
    const SUBJECT: SubjectUse = SubjectUse::Optional { max_chars: 8 };
    const IS_REPEATABLE: bool = false;
    type Options = Options;
    type Profile = NoProfile;

    fn from_settings(reader: &mut Reader) -> Self {
        Self {
            base_url: reader.base_url("PROVIDER_BASE_URL", "https://api.called.test"),
            socket_url: reader.base_url("AGENT_BASE_URL", "https://rt.called.test"),
            lifetimes: Lifetimes::from_settings(reader, 60..=86_400),
            single_use: reader.boolean("SINGLE_USE").unwrap_or(true),
            shape: reader.optional("SHAPE").unwrap_or_default(),
        }
    }

    fn base_url(&self) -> &BaseUrl {
        &self.base_url
    }

    fn token_request(&self, mut fields: Fields) -> Result<TokenRequest<Options>, Problem> {
        let expires_in = self.lifetimes.take(&mut fields, ["ttl", "expires_in"]);
        let voice = fields.choice("voice", &["ada", "bob"]);
        let room = fields.text("room", 8, is_room, "A-Z a-z 0-9 _ -");
        let fast = fields.boolean("fast").unwrap_or_default();
        let max_session = fields.whole_number("max_session", 1..=60, "minutes");
        let single_use = fields.boolean("single_use").unwrap_or(self.single_use);
        fields.finish()?;
        Ok(TokenRequest::new(expires_in)
            .with_grants(["all"])
            .with_single_use(single_use)
            .with_options(Options {
                voice,
                room,
                fast,
                max_session,
            }))
    }

    fn mint(&self, context: &MintContext<'_, Options>) -> Result<Mint, MintError> {
        let body = json!({"options": context.request().options(), "user": context.subject()});
        let request = Request::post(format!("{}/mint", self.base_url.as_str()))
            .header("authorization", context.key()?.header("Token ")?)
            .body(body.to_string().into())?;
        Ok(request.into())
    }

    fn parse_token(
        &self,
        _context: &MintContext<'_, Options>,
        response: &Response<Bytes>,
    ) -> Result<MintedToken, &'static str> {
        if self.shape == "text" {
            return TokenResponse::plain_text(response.body()).map(MintedToken::new);
        }
        let body = TokenResponse::parse(response.body())?;
        let minted = MintedToken::new(body.token("/secret/value")?);
        let minted = match self.shape.as_str() {
            "unix" => minted.expires_at(body.seconds("/secret/expires")?),
            "iso" => minted.expires_at(body.iso_time("/secret/expires")?),
            _ => minted.expires_in(body.seconds("/secret/expires")?),
        };
        Ok(match body.text("id") {
            Some(id) => minted.with_member("conversation_id", id),
            None => minted,
        })
    }

    fn details(
        &self,
        request: &TokenRequest<Options>,
        token: &IssuedToken,
        _profile: Option<&NoProfile>,
    ) -> TokenDetails<'_> {
        let token = token.token.expose();
        let listen = Socket::new("listen", &self.socket_url, "/listen?v=1")
            .with_query("room", request.options().room.as_deref().unwrap_or("any"));
        let speak = Socket::new("speak", &self.base_url, "/speak")
            .with_protocols(["bearer".to_owned(), token.to_owned()]);
        TokenDetails::new(&self.socket_url)
            .with_socket(listen.with_query("t", token))
            .with_socket(speak)
            .with_member("region", "eu")
    }

    /// As some providers do: an exceeded quota is not transient, and a rejected key is a 400.
    fn verdict(&self, status: StatusCode, body: &[u8]) -> Verdict {
        let body: Value = serde_json::from_slice(body).unwrap_or_default();
        match body["code"].as_str() {
            Some("insufficient_quota") => Verdict::Rejected,
            Some("API_KEY_INVALID") => Verdict::KeyRejected,
            _ => Verdict::by_status(status),
        }
    }
}
