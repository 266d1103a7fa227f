//! The tenant that an id at each identity provider implies, and the rules for its tokens. The ids
//! are from the providers' documentation.

use std::time::Duration;

use serde_json::{Value, json};

use super::*;
use crate::session::claims::claims_set::ClaimsSet;
use crate::session::idp::definition::IdpTenant;

const NOW: u64 = 1_800_000_000;

fn tenant(idp: &str, entry: &str) -> Result<IdpTenant, &'static str> {
    let idp = IDPS.into_iter().find(|known| known.name == idp).unwrap();
    (idp.tenant)(entry)
}

/// The names of the issuers, their key sets, and the cookies.
fn facts(idp: &str, entry: &str) -> (Vec<String>, Vec<String>, Vec<String>) {
    let tenant = tenant(idp, entry).ok().unwrap();
    let names = tenant
        .issuers
        .iter()
        .flat_map(|issuer| issuer.names.clone())
        .collect();
    let key_sets = tenant
        .issuers
        .iter()
        .filter_map(|issuer| Some(issuer.key_set.as_ref()?.to_string()))
        .collect();
    (
        names,
        key_sets,
        tenant
            .cookies
            .into_iter()
            .map(|cookie| cookie.name)
            .collect(),
    )
}

#[test]
fn an_id_or_a_url_determines_issuer_key_set_and_cookies() {
    let clerk = "https://clerk.clerk.dev";
    for (idp, entry, issuers, key_sets, cookies) in [
        (
            "clerk",
            "pk_live_Y2xlcmsuY2xlcmsuZGV2JA",
            vec![clerk],
            vec!["https://clerk.clerk.dev/.well-known/jwks.json"],
            vec!["__session_1Z8AzTQD", "__session"],
        ),
        (
            "clerk",
            clerk,
            vec![clerk],
            vec!["https://clerk.clerk.dev/.well-known/jwks.json"],
            vec!["__session"],
        ),
        (
            "supabase",
            "abcdefghijklmnopqrst",
            vec!["https://abcdefghijklmnopqrst.supabase.co/auth/v1"],
            vec!["https://abcdefghijklmnopqrst.supabase.co/auth/v1/.well-known/jwks.json"],
            vec!["sb-abcdefghijklmnopqrst-auth-token"],
        ),
        (
            "supabase",
            "http://127.0.0.1:54321/",
            vec!["http://127.0.0.1:54321/auth/v1"],
            vec!["http://127.0.0.1:54321/auth/v1/.well-known/jwks.json"],
            vec!["sb-127-auth-token"],
        ),
        (
            "firebase",
            "my-project",
            vec![
                "https://securetoken.google.com/my-project",
                "https://session.firebase.google.com/my-project",
            ],
            vec![
                "https://www.googleapis.com/service_accounts/v1/jwk/securetoken@system.gserviceaccount.com",
                "https://identitytoolkit.googleapis.com/v1/sessionCookiePublicKeys",
            ],
            vec!["__session"],
        ),
        (
            "cognito",
            "eu-central-1_AbCdEfGhI",
            vec!["https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_AbCdEfGhI"],
            vec![
                "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_AbCdEfGhI/.well-known/jwks.json",
            ],
            vec![],
        ),
        (
            "auth0",
            "my-app.eu.auth0.com",
            vec!["https://my-app.eu.auth0.com/"],
            vec!["https://my-app.eu.auth0.com/.well-known/jwks.json"],
            vec![],
        ),
        (
            "workos",
            "client_01ABC",
            vec![
                "https://api.workos.com/user_management/client_01ABC",
                "https://api.workos.com",
            ],
            vec!["https://api.workos.com/sso/jwks/client_01ABC"],
            vec![],
        ),
        (
            "better-auth",
            "https://app.example.com",
            vec!["https://app.example.com"],
            vec!["https://app.example.com/api/auth/jwks"],
            vec![],
        ),
        (
            "better-auth",
            "https://app.example.com/auth/",
            vec!["https://app.example.com"],
            vec!["https://app.example.com/auth/jwks"],
            vec![],
        ),
    ] {
        let owned = |texts: Vec<&str>| texts.into_iter().map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(
            facts(idp, entry),
            (owned(issuers), owned(key_sets), owned(cookies)),
            "{idp} {entry}"
        );
    }
}

#[test]
fn an_auth0_issuer_ends_with_one_slash_in_every_spelling() {
    for entry in [
        "my-app.eu.auth0.com",
        "https://my-app.eu.auth0.com",
        "https://my-app.eu.auth0.com/",
    ] {
        assert_eq!(
            facts("auth0", entry).0,
            ["https://my-app.eu.auth0.com/"],
            "{entry}"
        );
    }
}

#[test]
fn an_entry_that_is_not_an_id_of_the_provider_is_an_error() {
    for (idp, entry) in [
        ("clerk", "sk_live_abc"),
        ("clerk", "pk_live_!"),
        ("clerk", "pk_test_bm8tZG9sbGFy"),
        ("clerk", "pk_test_YS5iL2V2aWwk"),
        ("supabase", "a/b"),
        ("supabase", "http://example.com"),
        ("firebase", "a/../b"),
        ("cognito", "eu-central-1"),
        ("auth0", "a b"),
        ("auth0", "evil.test/#"),
        ("workos", ""),
        ("better-auth", "app.example.com"),
    ] {
        assert!(tenant(idp, entry).is_err(), "{idp} {entry}");
    }
}

/// Whether an identity provider's own rule accepts claims.
fn passes(idp: &str, claims: Value) -> bool {
    let idp = IDPS.into_iter().find(|known| known.name == idp).unwrap();
    let members = claims.as_object().unwrap().clone();
    (idp.rule)(&ClaimsSet::new(members, Duration::from_secs(NOW))).is_ok()
}

#[test]
fn clerk_tokens_must_belong_to_an_active_session() {
    assert!(passes(
        "clerk",
        json!({"sid": "sess_1", "azp": "https://a.test"})
    ));
    assert!(passes(
        "clerk",
        json!({"sid": "sess_1", "azp": "https://a.test", "sts": "active"})
    ));
    assert!(!passes("clerk", json!({"azp": "https://a.test"})));
    for status in [json!("pending"), json!("unknown"), Value::Null] {
        assert!(!passes(
            "clerk",
            json!({"sid": "sess_1", "azp": "https://a.test", "sts": status})
        ));
    }
}

#[test]
fn other_clerk_tokens_are_not_sessions() {
    let rule = IDPS
        .into_iter()
        .find(|known| known.name == "clerk")
        .unwrap()
        .rule;
    let passes = |header: Value| {
        let claims = json!({"sid": "sess_1", "azp": "https://a.test"});
        let claims = ClaimsSet::new(
            claims.as_object().unwrap().clone(),
            Duration::from_secs(NOW),
        );
        rule(&claims.with_header(header.as_object().unwrap().clone())).is_ok()
    };
    for header in [
        json!({}),
        json!({"typ": "JWT"}),
        json!({"typ": "JWT", "cat": "cl_B7d4PD111AAA"}),
    ] {
        assert!(passes(header.clone()), "{header}");
    }
    for header in [
        json!({"typ": "at+jwt"}),
        json!({"cat": "cl_B7d4PD333AAA"}),
        json!({"cat": 1}),
    ] {
        assert!(!passes(header.clone()), "{header}");
    }
}

#[test]
fn supabases_public_key_and_tokens_of_other_apps_are_not_sessions() {
    assert!(passes("supabase", json!({"role": "authenticated"})));
    for claims in [
        json!({"role": "anon"}),
        json!({}),
        json!({"role": "authenticated", "client_id": "other"}),
    ] {
        assert!(!passes("supabase", claims.clone()), "{claims}");
    }
}

#[test]
fn firebase_users_have_signed_in_in_the_past_and_have_short_ids() {
    assert!(passes(
        "firebase",
        json!({"sub": "a".repeat(128), "auth_time": NOW + 4})
    ));
    for claims in [
        json!({"sub": "a".repeat(129), "auth_time": NOW}),
        json!({"sub": "ada", "auth_time": NOW + 6}),
        json!({"sub": "ada", "auth_time": "1"}),
        json!({"sub": "ada"}),
    ] {
        assert!(!passes("firebase", claims.clone()), "{claims}");
    }
}

#[test]
fn workos_tokens_must_belong_to_a_session() {
    assert!(passes("workos", json!({"sid": "session_1"})));
    assert!(!passes("workos", json!({})));
    assert!(!passes("workos", json!({"sid": ""})));
}
