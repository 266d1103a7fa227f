//! Sessions that are forged, altered or misused in every known way: each is refused, and no header
//! is believed.

use serde_json::json;
use voicemint_tests::{AUDIENCE, Event, Issuer, World, hmac_jwt, now, with};

use crate::support::{Tally, base64url, said};

const INVALID: &str = "401 session_invalid";

#[tokio::test]
async fn what_a_token_says_of_itself_is_not_believed() {
    let world = World::start().await;
    let function = world.function("elevenlabs").start().await;
    let issuer = &world.issuer;
    let claims = issuer.claims("ada");
    let stranger = Issuer::start().await;
    let good = issuer.sign(&claims);
    let parts: Vec<_> = good.split('.').collect();
    let base = || issuer.jwt("RS256", &claims);
    let duplicate = format!(
        r#"{{"iss":"{}","aud":"{AUDIENCE}","sub":"bob","sub":"ada","exp":{}}}"#,
        issuer.url(),
        now() + 300
    );
    let mut tally = Tally::default();
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
        ("HS256 with nothing", hmac_jwt("HS256", b"", &claims)),
        (
            "another's payload",
            format!(
                "{}.{}.{}",
                parts[0],
                base64url(&with(&claims, "sub", "bob").to_string()),
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
            "an alg of another family",
            base().header("alg", "ES256").encode(),
        ),
        (
            "an alg of another hash",
            base().header("alg", "RS512").encode(),
        ),
        (
            "a key of another family",
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
            "a key id as long as a book",
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
            "no critical extension, but the list",
            base().header("crit", json!([])).encode(),
        ),
        ("an unencoded payload", base().header("b64", false).encode()),
        (
            "another issuer's key under the same id",
            stranger.jwt("ES256", &claims).encode(),
        ),
        (
            "a header twice",
            base()
                .raw_header(r#"{"alg":"none","alg":"RS256","kid":"rsa-1"}"#)
                .encode(),
        ),
        (
            "a header that is no object",
            base().raw_header(r#"["RS256"]"#).encode(),
        ),
        ("a claim twice", base().raw_payload(&duplicate).encode()),
        (
            "a payload that is no object",
            base().raw_payload("[]").encode(),
        ),
        (
            "a payload that is no JSON",
            base().raw_payload("{").encode(),
        ),
        (
            "longer than 8 KiB",
            issuer.sign(&with(&claims, "pad", "p".repeat(8192))),
        ),
        ("nothing", String::new()),
        ("dots", "..".to_owned()),
        ("no base64", "a!b.c!d.e!f".to_owned()),
    ] {
        tally.is(
            case,
            said(
                &function
                    .invoke(&Event::post("elevenlabs").bearer(&token))
                    .await,
            ),
            INVALID,
        );
    }
    // Where to fetch a key is set by the operator alone, whatever a header says: some issuers put
    // such members into every token.
    for name in ["jku", "x5u"] {
        let token = base()
            .header(name, format!("{}/keys.json", stranger.url()))
            .encode();
        tally.is(
            name,
            said(
                &function
                    .invoke(&Event::post("elevenlabs").bearer(&token))
                    .await,
            ),
            "200",
        );
    }
    tally.is("fetches at the stranger's", stranger.requests().len(), 0);
    let own = stranger
        .jwt("ES256", &claims)
        .header("jku", stranger.key_set_url())
        .encode();
    tally.is(
        "a key of the token's own",
        said(
            &function
                .invoke(&Event::post("elevenlabs").bearer(&own))
                .await,
        ),
        INVALID,
    );
    tally.is("fetches at the stranger's", stranger.requests().len(), 0);
    tally.is(
        "a good one after all that",
        said(
            &function
                .invoke(&Event::post("elevenlabs").bearer(&good))
                .await,
        ),
        "200",
    );
    tally.done();
}
