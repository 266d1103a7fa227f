//! Access tokens: JWTs that are signed with HS256 under the API secret.

use std::collections::BTreeMap;

use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode};
use serde::Deserialize;
use serde_json::Value;
use voicemint_stand_in::request::{QueryPairs, single_header, single_parameter};
use voicemint_stand_in::{Account, RedeemError};

/// The claims that the server needs.
#[derive(Debug, Deserialize)]
pub(crate) struct Claims {
    sub: String,
    exp: u64,
    nbf: Option<u64>,
    video: VideoGrant,
}

/// What a participant may do.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct VideoGrant {
    #[serde(default)]
    room: String,
    #[serde(default)]
    room_join: bool,
    /// Other grants, such as `canPublish`.
    #[serde(flatten)]
    _more: BTreeMap<String, Value>,
}

/// The account's key and secret.
#[derive(Deserialize)]
struct Keys {
    api_key: String,
    api_secret: String,
}

/// Verifies a token. LiveKit's server needs a room and an identity.
///
/// # Errors
/// Why the token is rejected.
pub(crate) fn verify(account: &Account, token: &str) -> Result<Claims, RedeemError> {
    let keys: Keys = serde_json::from_str(&account.secret()).map_err(|_| RedeemError::Unknown)?;
    let mut validation = Validation::new(Algorithm::HS256);
    validation.set_issuer(&[keys.api_key]);
    validation.set_required_spec_claims(&["exp", "iss"]);
    // The stand-in's clock decides, which tests move.
    validation.validate_exp = false;
    let key = DecodingKey::from_secret(keys.api_secret.as_bytes());
    let claims = decode::<Claims>(token, &key, &validation)
        .map_err(|error| match error.kind() {
            ErrorKind::Json(_) | ErrorKind::MissingRequiredClaim(_) => RedeemError::NotGranted,
            _ => RedeemError::Unknown,
        })?
        .claims;
    let now = account.now().as_secs();
    if now >= claims.exp || claims.nbf.is_some_and(|start| now < start) {
        return Err(RedeemError::Expired);
    }
    let joins = claims.video.room_join && !claims.video.room.is_empty() && !claims.sub.is_empty();
    if joins {
        Ok(claims)
    } else {
        Err(RedeemError::NotGranted)
    }
}

/// `GET /rtc/validate`: whether a token can be used to join.
pub(crate) async fn validate(
    State(account): State<Account>,
    Query(query): Query<QueryPairs>,
    headers: HeaderMap,
) -> Response {
    let header = single_header(&headers, "authorization");
    let token = match single_parameter(&query, "access_token") {
        Ok(Some(token)) => Some(token),
        _ => header.and_then(|value| value.strip_prefix("Bearer ")),
    };
    let Some(token) = token else {
        return (
            StatusCode::UNAUTHORIZED,
            "no permissions to access the room",
        )
            .into_response();
    };
    match verify(&account, token) {
        Ok(_) => "success".into_response(),
        Err(RedeemError::NotGranted) => (
            StatusCode::UNAUTHORIZED,
            "no permissions to access the room",
        )
            .into_response(),
        Err(_) => {
            let text = "invalid token: cannot be verified, or expired";
            (StatusCode::UNAUTHORIZED, text).into_response()
        }
    }
}

#[cfg(test)]
mod tests;
