//! Section 3.10, received claims are not trusted: the times of a token, valid and invalid.

use serde_json::json;
use voicemint::problem::Code;

use crate::rfc8725::env::{A, NOW, TwoIssuers};
use crate::support::signers::encode;

/// A token whose claim has this text as its value, which may be invalid JSON.
fn token_with(env: &TwoIssuers, name: &str, written: &str) -> String {
    let rest = env.claims(json!({name: null})).to_string();
    let claims = format!(
        r#"{{"{name}":{written},{}"#,
        rest.strip_prefix('{').unwrap()
    );
    A.signed("EdDSA", r#"{"alg":"EdDSA","kid":"ed25519"}"#, claims)
}

#[tokio::test]
async fn a_time_that_is_not_a_number_is_refused() {
    let env = TwoIssuers::new().await;
    for name in ["exp", "nbf", "iat"] {
        for written in [
            format!("\"{}\"", NOW + 60),
            "\"\"".to_owned(),
            "\"never\"".to_owned(),
            "true".to_owned(),
            "false".to_owned(),
            "null".to_owned(),
            "[]".to_owned(),
            format!("[{}]", NOW + 60),
            format!("{{\"$numberLong\":\"{}\"}}", NOW + 60),
            // These are not JSON (RFC 8259 section 6), or have no finite value.
            "NaN".to_owned(),
            "Infinity".to_owned(),
            "-Infinity".to_owned(),
            "1e309".to_owned(),
            "-1e309".to_owned(),
            format!("0{NOW}"),
            format!("+{NOW}"),
            format!("{NOW}."),
            format!(".{NOW}"),
            format!("0x{NOW:x}"),
            format!("{NOW}n"),
            format!("{NOW}_000"),
            "１８００００００６０".to_owned(),
        ] {
            env.assert_refused(name, &token_with(&env, name, &written))
                .await;
        }
    }
}

#[tokio::test]
async fn past_times_are_recognized_in_every_notation() {
    let env = TwoIssuers::new().await;
    for written in [
        "0",
        "-0",
        "-1",
        "-1e308",
        "1e-400",
        "1.8e9",
        "1799999994",
        "1799999994.9",
        "17999999940e-1",
    ] {
        let token = token_with(&env, "exp", written);
        // Clocks may differ by five seconds.
        match written {
            "1.8e9" => env.assert_accepted(written, &token).await,
            _ => {
                env.assert_refused_with(Code::SessionExpired, written, &token)
                    .await
            }
        }
    }
    for name in ["nbf", "iat"] {
        for written in [
            "0",
            "-1",
            "-1e308",
            "1e-400",
            "1800000000.5",
            "18000000000e-1",
        ] {
            env.assert_accepted(written, &token_with(&env, name, written))
                .await;
        }
    }
}

#[tokio::test]
async fn future_times_are_recognized_in_every_notation() {
    let env = TwoIssuers::new().await;
    for written in [
        "1800000006",
        "1.8e10",
        "18446744073709551616",
        "1e308",
        "1800000005.5",
    ] {
        for name in ["nbf", "iat"] {
            env.assert_refused(name, &token_with(&env, name, written))
                .await;
        }
        // The issuer decides how long a session lasts.
        env.assert_accepted("exp", &token_with(&env, "exp", written))
            .await;
    }
}

#[tokio::test]
async fn a_token_without_an_expiry_is_refused() {
    let env = TwoIssuers::new().await;
    env.assert_refused(
        "no exp",
        &A.token("EdDSA", "ed25519", &env.claims(json!({"exp": null}))),
    )
    .await;
    let other_names = env.claims(json!({"exp": null, "EXP": NOW + 60, "expires_at": NOW + 60}));
    env.assert_refused(
        "exp by another name",
        &A.token("EdDSA", "ed25519", &other_names),
    )
    .await;
    let header =
        json!({"alg": "EdDSA", "kid": "ed25519", "exp": NOW + 60, "sub": "ada"}).to_string();
    let claims = env.claims(json!({"exp": null})).to_string();
    env.assert_refused("exp in the header", &A.signed("EdDSA", header, claims))
        .await;
    let expired = env.claims(json!({"exp": NOW - 6, "sub": null}));
    env.assert_refused(
        "expired, without a subject",
        &A.token("EdDSA", "ed25519", &expired),
    )
    .await;
    // An expired token without a valid signature is not called expired.
    let expired = env.claims(json!({"exp": NOW - 6})).to_string();
    let header = encode(r#"{"alg":"EdDSA","kid":"ed25519"}"#);
    env.assert_refused(
        "expired, not signed",
        &format!("{header}.{}.{}", encode(expired), encode([7; 64])),
    )
    .await;
}
