//! The authorized parties: `SESSION_AUTHORIZED_PARTIES`, and the origins in the tokens of Clerk.

use serde_json::{Value, json};

use crate::sessions::env::{A, Deployment, settings_error};

const REFUSED: &str = "session_invalid";

async fn codes(settings: &[(&str, &str)], claims: &[Value]) -> Vec<&'static str> {
    let env = Deployment::with_jwk_set(&A.jwk_set(), settings).await;
    let mut codes = Vec::new();
    for change in claims {
        codes.push(
            env.code(&A.token("RS256", "rsa", &env.claims(change.clone())))
                .await,
        );
    }
    codes
}

/// The codes for Clerk tokens with these `azp` claims, given the allowed origins and parties.
async fn clerk_codes(parties: &str, azp: &[Value]) -> Vec<&'static str> {
    let origins = "https://app.test,https://*.preview.example.com";
    let settings = [
        ("SESSION_KIND", "clerk"),
        ("SESSION_ISSUER", "{url}"),
        ("ALLOWED_ORIGINS", origins),
    ];
    let settings = [&settings[..], &[("SESSION_AUTHORIZED_PARTIES", parties)]].concat();
    let client = [json!({"client_id": "https://app.test", "sid": "sess_1"})];
    let no_page = if parties == "*" { "200" } else { REFUSED };
    assert_eq!(
        codes(&settings, &client).await,
        [no_page],
        "client_id is not an origin"
    );
    let claims: Vec<_> = azp
        .iter()
        .map(|azp| json!({"azp": azp, "sid": "sess_1"}))
        .collect();
    codes(&settings, &claims).await
}

#[tokio::test]
async fn clerks_parties_are_matched_like_allowed_origins() {
    let pages = [
        json!("https://app.test"),
        json!("https://pr-1.preview.example.com"),
        json!("https://a.b.preview.example.com"),
        json!("https://*.preview.example.com"),
        json!("https://evil.test"),
        json!(["https://app.test"]),
        json!(""),
        Value::Null,
    ];
    let want = [
        "200", "200", REFUSED, REFUSED, REFUSED, REFUSED, REFUSED, REFUSED,
    ];
    assert_eq!(clerk_codes("", &pages).await, want);
}

#[tokio::test]
async fn tokens_without_a_page_are_accepted_if_the_setting_says_so() {
    let pages = [
        json!("https://app.test"),
        json!("https://b.test"),
        json!("absent"),
        json!(""),
        Value::Null,
    ];
    for (parties, want) in [
        (
            "https://b.test",
            [REFUSED, "200", REFUSED, REFUSED, REFUSED],
        ),
        (
            "https://b.test,absent",
            [REFUSED, "200", REFUSED, REFUSED, "200"],
        ),
        // In addition to the allowed origins, which it does not replace.
        ("absent", ["200", REFUSED, REFUSED, REFUSED, "200"]),
        ("*", ["200"; 5]),
    ] {
        assert_eq!(clerk_codes(parties, &pages).await, want, "{parties}");
    }
}

#[tokio::test]
async fn every_kind_supports_absent_and_any() {
    let claims = [
        json!({"azp": "app"}),
        json!({"client_id": "app"}),
        json!({"azp": "other"}),
        json!({"azp": "other", "client_id": "app"}),
        json!({}),
    ];
    for (parties, want) in [
        ("app", ["200", "200", REFUSED, REFUSED, REFUSED]),
        ("app,absent", ["200", "200", REFUSED, REFUSED, "200"]),
        ("absent", [REFUSED, REFUSED, REFUSED, REFUSED, "200"]),
        ("*", ["200"; 5]),
        ("", ["200"; 5]),
    ] {
        assert_eq!(
            codes(&[("SESSION_AUTHORIZED_PARTIES", parties)], &claims).await,
            want,
            "{parties}"
        );
    }
    let env =
        Deployment::with_jwk_set(&A.jwk_set(), &[("SESSION_AUTHORIZED_PARTIES", "app")]).await;
    // A null claim is not absent: another implementation may read a party from it.
    let null = env
        .claims(json!({}))
        .to_string()
        .replacen('{', r#"{"azp":null,"#, 1);
    let null = A.signed("RS256", r#"{"alg":"RS256","kid":"rsa"}"#, null);
    let (code, reason) = env.verify(&null).await.unwrap_err();
    assert_eq!(
        (code, reason.as_str()),
        (
            REFUSED,
            "azp or client_id is not in SESSION_AUTHORIZED_PARTIES"
        )
    );
    let (_, reason) = env
        .verify(&A.token("RS256", "rsa", &env.claims(json!({}))))
        .await
        .unwrap_err();
    assert!(
        reason.contains("missing") && reason.contains("absent"),
        "{reason}"
    );
}

#[test]
fn any_party_must_be_the_only_entry_and_clerk_needs_an_origin() {
    let clerk = [
        ("SESSION_KIND", "clerk"),
        ("SESSION_ISSUER", "https://c.test"),
    ];
    for (more, name) in [
        (
            &[("SESSION_AUTHORIZED_PARTIES", "*,https://a.test")][..],
            Some("SESSION_AUTHORIZED_PARTIES must"),
        ),
        (
            &[("SESSION_AUTHORIZED_PARTIES", "absent")],
            Some("SESSION_AUTHORIZED_PARTIES is not set"),
        ),
        (&[], Some("SESSION_AUTHORIZED_PARTIES is not set")),
        (&[("SESSION_AUTHORIZED_PARTIES", "*")], None),
        (
            &[("SESSION_AUTHORIZED_PARTIES", "https://a.test,absent")],
            None,
        ),
        (
            &[(
                "SESSION_AUTHORIZED_PARTIES",
                "https://*.preview.example.com,http://localhost:3000",
            )],
            None,
        ),
        (
            &[(
                "SESSION_AUTHORIZED_PARTIES",
                "http://phone.local:3000,http://192.168.0.7",
            )],
            None,
        ),
        (
            &[("SESSION_AUTHORIZED_PARTIES", "http://phone.local/")],
            Some("SESSION_AUTHORIZED_PARTIES must"),
        ),
        (
            &[("SESSION_AUTHORIZED_PARTIES", "https://*.vercel.app")],
            Some("SESSION_AUTHORIZED_PARTIES must"),
        ),
        (
            &[("SESSION_AUTHORIZED_PARTIES", "https://app.test/,absent")],
            Some("SESSION_AUTHORIZED_PARTIES must"),
        ),
        (
            &[("SESSION_AUTHORIZED_PARTIES", "HTTPS://App.test")],
            Some("SESSION_AUTHORIZED_PARTIES must"),
        ),
        (
            &[("SESSION_AUTHORIZED_PARTIES", "https://a.test,app.test")],
            Some("SESSION_AUTHORIZED_PARTIES must"),
        ),
        // ALLOWED_ORIGINS is wrong there. Its error is reported where it is read.
        (&[("ALLOWED_ORIGINS", "https://app.test/")], None),
    ] {
        let error = settings_error(&[&clerk[..], more].concat());
        assert_eq!(error.is_some(), name.is_some(), "{more:?}: {error:?}");
        assert!(
            name.is_none_or(|name| error.unwrap().matches(name).count() == 1),
            "{more:?}"
        );
    }
}
