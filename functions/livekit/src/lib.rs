//! LiveKit's access tokens (<https://docs.livekit.io/frontends/authentication/tokens/>).
//!
//! The function signs them by itself: LiveKit is not called. A token lets one participant join one
//! room until it expires; the session in the room may last longer.

mod claims;
mod options;
mod profile;

use std::ops::RangeInclusive;

use voicemint::problem::{FieldError, Problem};
use voicemint::provider::jwt::sign_hs256;
use voicemint::provider::{
    BaseUrl, Fields, IssuedToken, Lifetimes, Mint, MintContext, MintError, MintedToken, Provider,
    SecretFormat, SubjectUse, TokenDetails, TokenRequest,
};
use voicemint::settings::Reader;

use crate::claims::Claims;
use crate::options::Options;
pub use crate::profile::RoomProfile;

/// The permitted lifetimes of a token, in seconds.
const LIFETIME_SECONDS: RangeInclusive<u32> = 10..=3600;
/// The length of a caller's part of a room's name, and of a participant's name, in characters.
const MAX_NAME_CHARS: usize = 128;
/// The members of the secret.
const KEY: &str = "api_key";
const SECRET: &str = "api_secret";

/// LiveKit, with the settings of a deployment.
#[derive(Debug)]
pub struct LiveKit {
    base_url: BaseUrl,
    lifetimes: Lifetimes,
}

impl Provider for LiveKit {
    const NAME: &'static str = "livekit";
    const SECRET: SecretFormat = SecretFormat::Values(&[KEY, SECRET]);
    const SUBJECT: SubjectUse = SubjectUse::Required {
        max_chars: claims::MAX_IDENTITY_BYTES,
    };
    const CALLS: bool = false;
    type Options = Options;
    type Profile = RoomProfile;

    fn from_settings(reader: &mut Reader) -> Self {
        let meaning = "the URL of the LiveKit project, such as wss://my-project.livekit.cloud";
        Self {
            base_url: reader.required_base_url("PROVIDER_BASE_URL", meaning),
            lifetimes: Lifetimes::from_settings(reader, LIFETIME_SECONDS),
        }
    }

    fn base_url(&self) -> &BaseUrl {
        &self.base_url
    }

    fn token_request(&self, mut fields: Fields) -> Result<TokenRequest<Options>, Problem> {
        let expires_in = self.lifetimes.take(&mut fields, ["expires_in"]);
        let room_name = fields.text(
            "room_name",
            MAX_NAME_CHARS,
            |letter| letter.is_ascii_alphanumeric() || letter == '_' || letter == '-',
            "A-Z a-z 0-9 _ -",
        );
        // LiveKit's clients for Android and Swift always send this object, empty unless the app sets
        // something.
        fields.empty_object("room_config");
        fields.empty_text_is_absent("participant_name");
        let participant_name = fields.text(
            "participant_name",
            MAX_NAME_CHARS,
            |letter| !letter.is_control(),
            "any characters but control characters",
        );
        fields.finish()?;
        Ok(TokenRequest::new(expires_in).with_options(Options {
            room_name,
            participant_name,
        }))
    }

    fn check_profile(
        &self,
        request: TokenRequest<Options>,
        profile: &RoomProfile,
    ) -> Result<TokenRequest<Options>, Problem> {
        let message = match &request.options().room_name {
            None if profile.uses_room_name() => "is missing: the profile's room needs it",
            Some(_) if !profile.uses_room_name() => {
                "is not used by the profile's room: leave it out"
            }
            _ => return Ok(request),
        };
        Err(Problem::invalid(vec![FieldError::new(
            "room_name",
            message,
        )]))
    }

    fn mint(&self, context: &MintContext<'_, Options, RoomProfile>) -> Result<Mint, MintError> {
        let key = context.key()?;
        let value = |name| key.value(name).ok_or(MintError::Missing(name));
        let claims = Claims::new(context, value(KEY)?)?;
        let token = sign_hs256(&[], &claims, value(SECRET)?)?;
        Ok(MintedToken::new(token).into())
    }

    /// `server_url` and `participant_token` are the members of LiveKit's token endpoint
    /// (<https://docs.livekit.io/frontends/build/authentication/endpoint/>).
    fn details(
        &self,
        _request: &TokenRequest<Options>,
        token: &IssuedToken,
        _profile: Option<&RoomProfile>,
    ) -> TokenDetails<'_> {
        TokenDetails::new(&self.base_url)
            .with_member("server_url", self.base_url.socket())
            .with_member("participant_token", token.token.expose())
    }
}

#[cfg(test)]
mod tests;
