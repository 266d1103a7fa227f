//! Sessions that are forged, altered or misused in every known way: each is refused, and no header
//! is trusted.

use serde_json::json;
use voicemint_tests::{AUDIENCE, Event, Issuer, TestEnv, hmac_jwt, now, with_claim};

use crate::support::{CaseReport, base64url, status_and_code};

const INVALID: &str = "401 session_invalid";

#[tokio::test]
async fn forged_and_altered_tokens_are_refused() {
    let env = TestEnv::start().await;
    let function = env.function("elevenlabs").start().await;
    let issuer = &env.issuer;
    let claims = issuer.claims("ada");
    let other = Issuer::start().await;
    let good = issuer.sign(&claims);
    let parts: Vec<_> = good.split('.').collect();
    let base = || issuer.jwt("RS256", &claims);
    let duplicate = format!(
        r#"{{"iss":"{}","aud":"{AUDIENCE}","sub":"bob","sub":"ada","exp":{}}}"#,
        issuer.url(),
        now() + 300
    );
    let mut report = CaseReport::default();
    for (case, token) in [
        (
            "alg none",
            format!("{}.{}.", base64url(r#"{"alg":"none"}"#), parts[1]),
        ),
        (
            "alg None with the signature",
            format!(
                "{}.{}.{}",
                base64url(r#"{"alg":"None","kid":"rsa-1"}"#),
                parts[1],
                parts[2]
            ),
        ),
        (
            "HS256 with the public key",
            hmac_jwt("HS256", &issuer.public_der("RS256"), &claims),
        ),
        (
            "HS256 with an empty secret",
            hmac_jwt("HS256", b"", &claims),
        ),
        (
            "the payload of another user",
            format!(
                "{}.{}.{}",
                parts[0],
                base64url(&with_claim(&claims, "sub", "bob").to_string()),
                parts[2]
            ),
        ),
        ("no signature", format!("{}.{}.", parts[0], parts[1])),
        ("two parts", format!("{}.{}", parts[0], parts[1])),
        ("four parts", format!("{good}.{}", parts[2])),
        ("five parts", format!("{good}.a.b")),
        ("padded", format!("{good}==")),
        (
            "a stray space",
            format!("{} .{}.{}", parts[0], parts[1], parts[2]),
        ),
        (
            "an alg of another key type",
            base().header("alg", "ES256").encode(),
        ),
        (
            "an alg with another hash",
            base().header("alg", "RS512").encode(),
        ),
        (
            "a key of another type",
            base().header("kid", "p256-1").encode(),
        ),
        (
            "a key of another curve",
            issuer
                .jwt("ES256", &claims)
                .header("kid", "p384-1")
                .encode(),
        ),
        ("an unknown key", base().header("kid", "nobody").encode()),
        (
            "a key id of 300 characters",
            base().header("kid", "k".repeat(300)).encode(),
        ),
        (
            "a key id that is a number",
            base().header("kid", 1).encode(),
        ),
        (
            "a critical extension",
            base().header("crit", json!(["exp"])).encode(),
        ),
        (
            "an empty list of critical extensions",
            base().header("crit", json!([])).encode(),
        ),
        ("an unencoded payload", base().header("b64", false).encode()),
        (
            "another issuer's key under the same id",
            other.jwt("ES256", &claims).encode(),
        ),
        (
            "a repeated header member",
            base()
                .raw_header(r#"{"alg":"none","alg":"RS256","kid":"rsa-1"}"#)
                .encode(),
        ),
        (
            "a header that is not an object",
            base().raw_header(r#"["RS256"]"#).encode(),
        ),
        ("a repeated claim", base().raw_payload(&duplicate).encode()),
        (
            "a payload that is not an object",
            base().raw_payload("[]").encode(),
        ),
        (
            "a payload that is not JSON",
            base().raw_payload("{").encode(),
        ),
        (
            "longer than 8 KiB",
            issuer.sign(&with_claim(&claims, "pad", "p".repeat(8192))),
        ),
        ("an empty token", String::new()),
        ("only dots", "..".to_owned()),
        ("not base64", "a!b.c!d.e!f".to_owned()),
    ] {
        report.check_eq(
            case,
            status_and_code(
                &function
                    .invoke(&Event::post("elevenlabs").bearer(&token))
                    .await,
            ),
            INVALID,
        );
    }
    // Only the operator configures where keys are fetched. These header members are ignored and not
    // refused, because some issuers put them into every token.
    for name in ["jku", "x5u"] {
        let token = base()
            .header(name, format!("{}/keys.json", other.url()))
            .encode();
        report.check_eq(
            name,
            status_and_code(
                &function
                    .invoke(&Event::post("elevenlabs").bearer(&token))
                    .await,
            ),
            "200",
        );
    }
    report.check_eq("fetches from the other issuer", other.requests().len(), 0);
    let with_own_url = other
        .jwt("ES256", &claims)
        .header("jku", other.jwks_url())
        .encode();
    report.check_eq(
        "a key from the token's own URL",
        status_and_code(
            &function
                .invoke(&Event::post("elevenlabs").bearer(&with_own_url))
                .await,
        ),
        INVALID,
    );
    report.check_eq("fetches from the other issuer", other.requests().len(), 0);
    report.check_eq(
        "a valid token after all of these",
        status_and_code(
            &function
                .invoke(&Event::post("elevenlabs").bearer(&good))
                .await,
        ),
        "200",
    );
    report.finish();
}
