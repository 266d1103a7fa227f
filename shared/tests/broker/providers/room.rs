//! A provider whose tokens are signed by the function: with a secret of two values, rooms as
//! profiles, and an end user that it must be told.

use serde::Serialize;
use serde_json::{Map, Value, json};
use voicemint::problem::{FieldError, Problem};
use voicemint::provider::jwt::sign_hs256;
use voicemint::provider::{
    BaseUrl, Fields, IssuedToken, Lifetimes, Mint, MintContext, MintError, MintedToken,
    ProfileFormat, ProfileReader, Provider, SecretFormat, SubjectUse, TokenDetails, TokenRequest,
};
use voicemint::settings::Reader;

pub struct Rooms {
    base_url: BaseUrl,
    lifetimes: Lifetimes,
}

#[derive(Serialize)]
pub struct Options {
    room_name: Option<String>,
}

pub struct Room {
    room: String,
    can_publish: bool,
}

impl ProfileFormat for Room {
    const LOCKED: bool = true;
    const IN_QUERY: bool = true;

    fn read(members: &Map<String, Value>) -> Result<Self, Vec<String>> {
        let mut reader = ProfileReader::new(members);
        let room = reader.required_text("room").to_owned();
        let can_publish = reader.nested("permissions", |inner| inner.boolean("can_publish"));
        reader.finish(Self {
            room,
            can_publish: can_publish.flatten().unwrap_or_default(),
        })
    }
}

impl Provider for Rooms {
    const NAME: &'static str = "rooms";
    const SECRET: SecretFormat = SecretFormat::Values(&["api_key", "api_secret"]);
    const SUBJECT: SubjectUse = SubjectUse::Required { max_chars: 256 };
    const CALLS: bool = false;
    type Options = Options;
    type Profile = Room;

    fn from_settings(reader: &mut Reader) -> Self {
        Self {
            base_url: reader.base_url("PROVIDER_BASE_URL", "https://rooms.test"),
            lifetimes: Lifetimes::from_settings(reader, 10..=3600),
        }
    }

    fn base_url(&self) -> &BaseUrl {
        &self.base_url
    }

    fn token_request(&self, mut fields: Fields) -> Result<TokenRequest<Options>, Problem> {
        let expires_in = self.lifetimes.take(&mut fields, ["expires_in"]);
        let room_name = fields.text("room_name", 128, |c| c.is_ascii_alphanumeric(), "letters");
        fields.finish()?;
        Ok(TokenRequest::new(expires_in).with_options(Options { room_name }))
    }

    fn check_profile(
        &self,
        request: TokenRequest<Options>,
        profile: &Room,
    ) -> Result<TokenRequest<Options>, Problem> {
        let is_used = profile.room.contains("{room_name}");
        let message = match &request.options().room_name {
            None if is_used => "is missing: the profile's room needs it",
            Some(_) if !is_used => "is not used by the profile's room",
            _ => return Ok(request),
        };
        Err(Problem::invalid(vec![FieldError::new(
            "room_name",
            message,
        )]))
    }

    fn mint(&self, context: &MintContext<'_, Options, Room>) -> Result<Mint, MintError> {
        let (request, profile, key) = (context.request(), context.profile()?, context.key()?);
        let room_name = request.options().room_name.as_deref().unwrap_or_default();
        let room = profile
            .room
            .replace("{subject}", context.subject_hash()?)
            .replace("{room_name}", room_name);
        let now = context.now().as_secs();
        let claims = json!({
            "iss": key.value("api_key"),
            "sub": context.subject(),
            "nbf": now,
            "exp": now + u64::from(request.expires_in()),
            "video": {"room": room, "canPublish": profile.can_publish},
        });
        let secret = key
            .value("api_secret")
            .ok_or(MintError::Missing("api_secret"))?;
        Ok(MintedToken::new(sign_hs256(&[], &claims, secret)?).into())
    }

    fn details(
        &self,
        _request: &TokenRequest<Options>,
        token: &IssuedToken,
        _profile: Option<&Room>,
    ) -> TokenDetails<'_> {
        TokenDetails::new(&self.base_url)
            .with_member("server_url", self.base_url.public())
            .with_member("participant_token", token.token.expose())
    }
}
