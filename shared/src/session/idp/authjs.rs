//! Auth.js 5 and NextAuth.js 4, whose session cookies are encrypted.
//! <https://authjs.dev/reference/core/jwt>

use crate::json::Members;
use crate::session::cookie::CookieFormat;
use crate::session::jwe::compact::{ContentKey, Encryption};
use crate::session::jwe::{EncryptedCookie, Scheme};

/// How Auth.js encrypts sessions.
pub(crate) const AUTHJS: Scheme = Scheme { keys, claims };

/// The cookies of versions 5 and 4. In development their names have no `__Secure-` prefix, so any
/// host of the site could set them over plain http: such a name must be set by `SESSION_COOKIE`.
pub(crate) const COOKIES: [(&str, CookieFormat); 2] = [
    ("__Secure-authjs.session-token", CookieFormat::Chunked(".")),
    (NEXT_AUTH_COOKIE, CookieFormat::Chunked(".")),
];

const NEXT_AUTH_COOKIE: &str = "__Secure-next-auth.session-token";

/// Version 5 derives a key for each cookie name, version 4 one key for all. Either version may have
/// set a cookie that `SESSION_COOKIE` names.
fn keys(secret: &[u8], cookie: &EncryptedCookie) -> Vec<ContentKey> {
    let version_4 = cookie.is_configured || cookie.name == NEXT_AUTH_COOKIE;
    let version_5 = cookie.is_configured || !version_4;
    let mut keys: Vec<Option<ContentKey>> = Vec::new();
    if version_5 {
        let (name, info) = (
            &cookie.name,
            format!("Auth.js Generated Encryption Key ({})", cookie.name),
        );
        for algorithm in [Encryption::A256CbcHs512, Encryption::A256Gcm] {
            keys.push(ContentKey::derive(
                algorithm,
                secret,
                name.as_bytes(),
                info.as_bytes(),
            ));
        }
    }
    if version_4 {
        keys.push(ContentKey::derive(
            Encryption::A256Gcm,
            secret,
            b"",
            b"NextAuth.js Generated Encryption Key",
        ));
    }
    keys.into_iter().flatten().collect()
}

fn claims(_: &Members, session: Members) -> Option<Members> {
    Some(session)
}
