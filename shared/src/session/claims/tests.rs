//! Claims that meet and break each rule.

use std::time::Duration;

use serde_json::json;

use super::*;
use crate::session::claim_path::is_name;
use crate::settings::Reader;

const NOW: u64 = 1_800_000_000;

fn rules() -> Rules {
    Rules {
        issuer: "https://id.test".to_owned(),
        issuer_claim: IssuerClaim::OneOf(vec!["https://id.test".to_owned()]),
        subject_pointer: "/sub".to_owned(),
        times: Times::MustExpire,
        idp_rule: |_| Ok(()),
        audience: Audience::OneOf(vec!["voice".to_owned()]),
        authorized_parties: parties("app"),
        required: vec![
            ("token_use".to_owned(), "access".to_owned()),
            ("paid".to_owned(), "true".to_owned()),
        ],
    }
}

fn parties(listed: &str) -> AuthorizedParties {
    let environment = [("SESSION_AUTHORIZED_PARTIES", listed)];
    AuthorizedParties::from_settings(&mut Reader::new(&environment))
}

fn judge(change: Value) -> Result<Session, ClaimsError> {
    let mut claims = json!({
        "iss": "https://id.test", "sub": "ada", "aud": ["other", "voice"], "azp": "app",
        "token_use": "access", "paid": true, "exp": NOW + 60, "iat": NOW, "nbf": NOW,
    });
    for (name, value) in change.as_object().unwrap() {
        claims[name] = value.clone();
    }
    let claims = claims
        .as_object()
        .unwrap()
        .iter()
        .filter(|(_, value)| **value != "ABSENT");
    let claims = claims
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    rules().session(ClaimsSet::new(claims, Duration::from_secs(NOW)))
}

#[test]
fn claims_that_meet_every_rule_make_a_session() {
    let session = judge(json!({})).ok().unwrap();
    assert_eq!(
        (session.issuer(), session.subject()),
        ("https://id.test", "ada")
    );
    for good in [
        json!({"aud": "voice"}),
        json!({"sub": 7}),
        json!({"sub": u64::MAX}),
        json!({"azp": "ABSENT", "client_id": "app"}),
        json!({"iat": "ABSENT", "nbf": "ABSENT"}),
        json!({"exp": NOW as f64 + 0.5}),
    ] {
        assert!(judge(good.clone()).is_ok(), "{good}");
    }
}

#[test]
fn each_broken_rule_is_refused() {
    for bad in [
        json!({"iss": "https://id.test/"}),
        json!({"iss": ["https://id.test"]}),
        json!({"iss": "ABSENT"}),
        json!({"sub": "ABSENT"}),
        json!({"sub": ""}),
        json!({"sub": 7.5}),
        json!({"sub": 1e30}),
        json!({"sub": true}),
        json!({"sub": ["ada"]}),
        json!({"sub": null}),
        json!({"aud": "ABSENT"}),
        json!({"aud": "Voice"}),
        json!({"aud": []}),
        json!({"aud": ["voice", 7]}),
        json!({"aud": {"voice": true}}),
        json!({"azp": "other"}),
        json!({"azp": "other", "client_id": "app"}),
        json!({"azp": "ABSENT"}),
        json!({"token_use": "id"}),
        json!({"token_use": ["access"]}),
        json!({"paid": false}),
        json!({"exp": "ABSENT"}),
        json!({"exp": (NOW + 60).to_string()}),
        json!({"exp": null}),
        json!({"nbf": (NOW - 60).to_string()}),
        json!({"iat": null}),
    ] {
        assert!(
            matches!(judge(bad.clone()), Err(ClaimsError::Invalid(_))),
            "{bad}"
        );
    }
}

#[test]
fn clocks_may_be_five_seconds_apart() {
    assert!(judge(json!({"exp": NOW - 4})).is_ok());
    assert_eq!(
        judge(json!({"exp": NOW - 6})).err(),
        Some(ClaimsError::Expired)
    );
    for name in ["nbf", "iat"] {
        assert!(judge(json!({name: NOW + 4})).is_ok(), "{name}");
        assert!(
            matches!(judge(json!({name: NOW + 6})), Err(ClaimsError::Invalid(_))),
            "{name}"
        );
    }
}

#[test]
fn optional_times_may_be_null_and_are_checked_if_present() {
    let judge = |times: Times, claims: Value| {
        let rules = Rules { times, ..rules() };
        let claims = json!({"iss": "https://id.test", "sub": "ada", "aud": "voice", "azp": "app",
            "token_use": "access", "paid": true, "exp": claims["exp"], "iat": claims["iat"]});
        rules
            .session(ClaimsSet::new(
                claims.as_object().unwrap().clone(),
                Duration::from_secs(NOW),
            ))
            .err()
    };
    assert_eq!(judge(Times::IfPresent, json!({})), None);
    assert_eq!(
        judge(Times::IfPresent, json!({"exp": NOW + 1, "iat": NOW})),
        None
    );
    assert_eq!(
        judge(Times::IfPresent, json!({"exp": NOW - 6})),
        Some(ClaimsError::Expired)
    );
    for claims in [
        json!({"exp": "later"}),
        json!({"iat": NOW + 6}),
        json!({"iat": "now"}),
    ] {
        assert!(
            matches!(
                judge(Times::IfPresent, claims.clone()),
                Some(ClaimsError::Invalid(_))
            ),
            "{claims}"
        );
        assert_eq!(judge(Times::Unchecked, claims), None);
    }
    assert!(matches!(
        judge(Times::MustExpire, json!({})),
        Some(ClaimsError::Invalid(_))
    ));
}

#[test]
fn an_expired_token_that_breaks_another_rule_is_invalid() {
    assert!(matches!(
        judge(json!({"exp": NOW - 60, "aud": "other"})),
        Err(ClaimsError::Invalid(_))
    ));
}

#[test]
fn cognito_names_clients_in_two_claims_and_token_use_is_always_checked() {
    let judge = |clients: &[&str], claims: Value| {
        let audience =
            Audience::CognitoClient(clients.iter().map(|&client| client.to_owned()).collect());
        audience.accepts(&ClaimsSet::new(
            claims.as_object().unwrap().clone(),
            Duration::from_secs(NOW),
        ))
    };
    assert!(judge(
        &["c"],
        json!({"token_use": "access", "client_id": "c"})
    ));
    assert!(judge(&["c"], json!({"token_use": "id", "aud": "c"})));
    assert!(judge(
        &[],
        json!({"token_use": "access", "client_id": "other"})
    ));
    for claims in [
        json!({"client_id": "c"}),
        json!({"token_use": "refresh", "client_id": "c"}),
    ] {
        assert!(
            !judge(&["c"], claims.clone()) && !judge(&[], claims.clone()),
            "{claims}"
        );
    }
    assert!(!judge(&["c"], json!({"token_use": "access", "aud": "c"})));
}

#[test]
fn a_required_claim_may_be_inside_another() {
    let rules = Rules {
        required: vec![("/firebase/provider".to_owned(), "password".to_owned())],
        ..rules()
    };
    let judge = |provider: &str| {
        let claims = json!({"iss": "https://id.test", "sub": "ada", "aud": "voice", "azp": "app", "exp": NOW + 60,
            "firebase": {"provider": provider}});
        rules
            .session(ClaimsSet::new(
                claims.as_object().unwrap().clone(),
                Duration::from_secs(NOW),
            ))
            .is_ok()
    };
    assert!(judge("password") && !judge("anonymous"));
}

#[test]
fn a_name_that_begins_with_a_slash_is_a_json_pointer() {
    for good in [
        "voice",
        "a~b",
        "https://a.test/v~",
        "/",
        "/a/0",
        "/a~0b/c~1d",
        "/~01",
    ] {
        assert!(is_name(good), "{good}");
    }
    for bad in ["/a~", "/a~/b", "/a~2", "/~~0", "/~0~"] {
        assert!(!is_name(bad), "{bad}");
    }
}
