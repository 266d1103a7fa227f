//! Amazon Cognito: access tokens, and the cookies in which Amplify stores them.

use aws_lc_rs::error::Unspecified;
use percent_encoding::{AsciiSet, utf8_percent_encode};
use serde_json::{Value, json};

use crate::identity::claims::Claims;
use crate::identity::cookie::{COMPONENT, Cookie, without};
use crate::identity::issuer::{Credentials, Issuer, Settings};
use crate::identity::login::Login;
use crate::identity::session_kind::SessionKind;

/// The path of the user pool; at AWS it is the pool's ID.
pub const POOL: &str = "local_dev";
const CLIENT_ID: &str = "voicemintdev00000000000000";

pub struct Cognito;

impl SessionKind for Cognito {
    fn settings(&self, issuer: &Issuer) -> Settings {
        vec![
            ("SESSION_ISSUER", format!("{}/{POOL}", issuer.base_url)),
            ("SESSION_AUDIENCE", CLIENT_ID.to_owned()),
        ]
    }

    fn claims(&self, issuer: &Issuer, login: &Login) -> Claims {
        login.with_grants(json!({
            "sub": login.uuid("user"),
            "cognito:groups": ["speakers"],
            "iss": format!("{}/{POOL}", issuer.base_url),
            "client_id": CLIENT_ID,
            "origin_jti": login.uuid("origin"),
            "event_id": login.uuid("event"),
            "token_use": "access",
            "scope": "openid email",
            "auth_time": login.issued_at(),
            "exp": login.expires_at(),
            "iat": login.issued_at(),
            "jti": login.uuid("token"),
            "username": login.user,
        }))
    }

    fn header(&self) -> Claims {
        Claims::new()
    }

    fn own_cookies(&self, _issuer: &Issuer) -> Vec<String> {
        vec![format!("CognitoIdentityServiceProvider.{CLIENT_ID}")]
    }

    fn issue(&self, issuer: &Issuer, claims: &Claims) -> Result<Credentials, Unspecified> {
        let bearer = issuer.sign(&self.header(), claims)?;
        let user = claims
            .get("username")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let cookies = match &issuer.cookie {
            Some(name) => vec![Cookie::new(name, bearer.clone())],
            None => cookies(CLIENT_ID, user, &bearer),
        };
        Ok(Credentials { bearer, cookies })
    }
}

/// The characters that the cookie library of Amplify encodes in names and in values.
const IN_NAME: AsciiSet = without(&COMPONENT, b"#$&+^`|").add(b'(').add(b')');
const IN_VALUE: AsciiSet = without(&COMPONENT, b"#$&+:<=>?/@[]^`{|}");

/// Amplify's cookies. Names permit fewer characters than values, so the user's name is encoded
/// differently in the two.
pub fn cookies(client_id: &str, user: &str, access_token: &str) -> Vec<Cookie> {
    let client = format!("CognitoIdentityServiceProvider.{client_id}");
    let in_name = utf8_percent_encode(user, &IN_NAME);
    let in_value = utf8_percent_encode(user, &IN_VALUE).to_string();
    vec![
        Cookie::new(format!("{client}.LastAuthUser"), in_value),
        Cookie::new(format!("{client}.{in_name}.accessToken"), access_token),
        Cookie::new(format!("{client}.{in_name}.clockDrift"), "0"),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_user_name_is_encoded_differently_in_names_and_values() {
        let cookies = cookies("c", "ada@example.com", "t");
        assert_eq!(
            cookies[0],
            Cookie::new(
                "CognitoIdentityServiceProvider.c.LastAuthUser",
                "ada@example.com"
            )
        );
        assert_eq!(
            cookies[1],
            Cookie::new(
                "CognitoIdentityServiceProvider.c.ada%40example.com.accessToken",
                "t"
            )
        );
    }
}
