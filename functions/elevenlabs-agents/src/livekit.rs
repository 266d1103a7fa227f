//! What a conversation token for WebRTC says: it is an access token of LiveKit.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use crate::signed_url::residency_of;

/// LiveKit's URL of each region that has its own (@elevenlabs/client 1.25.0,
/// `getLivekitUrlForLocation`).
const URLS: [(&str, &str); 2] = [
    ("eu", "wss://livekit.rtc.eu.residency.elevenlabs.io"),
    ("in", "wss://livekit.rtc.in.residency.elevenlabs.io"),
];
const DEFAULT_URL: &str = "wss://livekit.rtc.elevenlabs.io";

/// LiveKit's URL for tokens of a base URL.
pub(crate) fn url(base_url: &str) -> &'static str {
    let region = residency_of(base_url);
    let known = URLS
        .iter()
        .find(|(name, _)| region.as_deref() == Some(name));
    known.map_or(DEFAULT_URL, |(_, url)| url)
}

/// When a token expires by its own claim `exp` (RFC 7519 section 4.1.4): seconds since the Unix
/// epoch, rounded down. `None` if the token is no JWT with this claim. The signature is LiveKit's to
/// check.
///
/// # Errors
/// A clause for the log, if the claim is no time.
pub(crate) fn expires_at(token: &str) -> Result<Option<u64>, &'static str> {
    let Some(exp) = claims(token).and_then(|mut claims| Some(claims.get_mut("exp")?.take())) else {
        return Ok(None);
    };
    let seconds = exp.as_f64().filter(|seconds| *seconds >= 0.0);
    // The conversion saturates.
    let seconds = seconds.map(|seconds| seconds as u64);
    seconds
        .map(Some)
        .ok_or("the provider's token has no valid time of expiry")
}

fn claims(token: &str) -> Option<Value> {
    let mut parts = token.split('.');
    let (_, payload, _) = (parts.next()?, parts.next()?, parts.next()?);
    let payload = URL_SAFE_NO_PAD.decode(payload).ok()?;
    serde_json::from_slice(&payload).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_region_has_its_own_url() {
        for (base_url, expected) in [
            ("https://api.elevenlabs.io", DEFAULT_URL),
            ("https://api.us.elevenlabs.io", DEFAULT_URL),
            (
                "https://api.eu.residency.elevenlabs.io",
                "wss://livekit.rtc.eu.residency.elevenlabs.io",
            ),
            (
                "https://api.in.residency.elevenlabs.io",
                "wss://livekit.rtc.in.residency.elevenlabs.io",
            ),
            ("https://api.sg.residency.elevenlabs.io", DEFAULT_URL),
            (
                "https://eu.residency.elevenlabs.io.example.com",
                DEFAULT_URL,
            ),
            ("http://localhost:8788", DEFAULT_URL),
        ] {
            assert_eq!(url(base_url), expected, "{base_url}");
        }
    }

    #[test]
    fn a_token_states_when_it_expires() {
        let token = |payload: &str| format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(payload));
        for (payload, expected) in [
            (r#"{"exp":1800000000}"#, Ok(Some(1_800_000_000))),
            (r#"{"exp":1800000000.9}"#, Ok(Some(1_800_000_000))),
            (r#"{"exp":1e300}"#, Ok(Some(u64::MAX))),
            (r#"{"exp":0}"#, Ok(Some(0))),
            (r#"{"sub":"a"}"#, Ok(None)),
            ("[]", Ok(None)),
            ("no JSON", Ok(None)),
        ] {
            assert_eq!(expires_at(&token(payload)), expected, "{payload}");
        }
        for payload in [
            r#"{"exp":"1800000000"}"#,
            r#"{"exp":-1}"#,
            r#"{"exp":null}"#,
        ] {
            assert!(expires_at(&token(payload)).is_err(), "{payload}");
        }
        for token in ["opaque", "a.b", "a.é.c", "..", "a.!.c"] {
            assert_eq!(expires_at(token), Ok(None), "{token}");
        }
    }
}
