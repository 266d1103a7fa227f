//! Auth.js 5 and NextAuth.js 4, whose session cookies are encrypted. <https://authjs.dev/reference/core/jwt>

use crate::json::Members;
use crate::session::carrier::Form;
use crate::session::encrypted::Scheme;
use crate::session::jwe::{ContentKey, Encryption};

/// How Auth.js encrypts.
pub const AUTHJS: Scheme = Scheme { keys, claims };

/// The cookies of version 5 and of version 4, on https and on a developer's machine.
pub const COOKIES: [(&str, Form); 4] = [
    ("__Secure-authjs.session-token", Form::Chunked(".")),
    ("authjs.session-token", Form::Chunked(".")),
    ("__Secure-next-auth.session-token", Form::Chunked(".")),
    ("next-auth.session-token", Form::Chunked(".")),
];

/// Version 5 derives a key for each cookie name, version 4 one for all.
fn keys(secret: &[u8], cookies: &[String]) -> Vec<ContentKey> {
    let mut keys: Vec<Option<ContentKey>> = Vec::new();
    for name in cookies {
        let info = format!("Auth.js Generated Encryption Key ({name})");
        for algorithm in [Encryption::A256CbcHs512, Encryption::A256Gcm] {
            keys.push(ContentKey::derive(algorithm, secret, name.as_bytes(), info.as_bytes()));
        }
    }
    keys.push(ContentKey::derive(Encryption::A256Gcm, secret, b"", b"NextAuth.js Generated Encryption Key"));
    keys.into_iter().flatten().collect()
}

fn claims(_: &Members, session: Members) -> Option<Members> {
    Some(session)
}
