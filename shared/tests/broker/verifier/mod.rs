//! The verifier, from settings to session, with signed tokens, many concurrent tasks, and a clock
//! that the tests set.

mod env;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::verifier::env::{RotatingIssuer, START, SigningKey, subject_or_code};

#[tokio::test]
async fn a_thousand_first_sessions_share_one_fetch() {
    for id in [Some("k1"), None] {
        let key = SigningKey::new(id);
        let env = RotatingIssuer::new(&[Arc::clone(&key)]).await;
        let mut sessions = JoinSet::new();
        for number in 0..1000 {
            let (verifier, token) = (
                Arc::clone(&env.verifier),
                key.sign(&env.claims(&format!("user-{number}"))),
            );
            sessions.spawn(async move {
                (
                    subject_or_code(&verifier, &token).await,
                    format!("user-{number}"),
                )
            });
        }
        while let Some(session) = sessions.join_next().await {
            let (subject, wanted) = session.unwrap();
            assert_eq!(subject, wanted);
        }
        assert_eq!(env.calls(), 1, "{id:?}");
    }
}

/// 10,000 forged tokens within a minute, a hundred at a time, each hundred together with a valid
/// session.
async fn flood(key: &Arc<SigningKey>, forge: impl Fn(&RotatingIssuer, usize) -> String) -> usize {
    let env = RotatingIssuer::new(&[Arc::clone(key)]).await;
    let good = key.sign(&env.claims("ada"));
    assert_eq!(env.subject_or_code(&good).await, "ada");
    for hundred in 0..100 {
        let mut sessions = JoinSet::new();
        for number in 0..100 {
            let (verifier, token) = (
                Arc::clone(&env.verifier),
                forge(&env, hundred * 100 + number),
            );
            sessions.spawn(
                async move { (subject_or_code(&verifier, &token).await, "session_invalid") },
            );
        }
        let (verifier, good) = (Arc::clone(&env.verifier), good.clone());
        sessions.spawn(async move { (subject_or_code(&verifier, &good).await, "ada") });
        while let Some(session) = sessions.join_next().await {
            let (got, want) = session.unwrap();
            assert_eq!(got, want);
        }
        // 59 s in total.
        env.advance(u64::from(hundred % 5 > 1 && hundred < 99));
    }
    assert_eq!(env.now(), START + 59);
    env.calls()
}

#[tokio::test]
async fn a_flood_of_ten_thousand_unknown_key_ids_causes_few_fetches_per_minute() {
    let (key, untrusted) = (SigningKey::new("k1"), SigningKey::new("k1"));
    let fetches = flood(&key, |env, number| {
        untrusted.sign_as(Some(&format!("forged-{number}")), &env.claims("eve"))
    })
    .await;
    assert!(
        (4..=7).contains(&fetches),
        "{fetches}: the first fetch, three immediate ones, three more within the minute"
    );
}

#[tokio::test]
async fn a_flood_without_key_ids_causes_few_fetches_per_minute() {
    for id in [Some("k1"), None] {
        let (key, untrusted) = (SigningKey::new(id), SigningKey::new(None));
        let fetches = flood(&key, |env, number| {
            untrusted.sign(&env.claims(&format!("eve-{number}")))
        })
        .await;
        assert!((4..=7).contains(&fetches), "{fetches}");
    }
}

#[tokio::test]
async fn an_overlapping_rotation_under_load_refuses_no_session() {
    rotate_under_load(["k0", "k1", "k2", "k3", "k4"].map(SigningKey::new)).await;
    rotate_under_load([None; 5].map(SigningKey::new)).await;
}

async fn rotate_under_load(keys: [Arc<SigningKey>; 5]) {
    let env = Arc::new(RotatingIssuer::new(&[Arc::clone(&keys[0])]).await);
    let signing = Arc::new(AtomicUsize::new(0));
    let verified = Arc::new(AtomicUsize::new(0));
    // The number of keys that have verified a token.
    let newest = Arc::new(AtomicUsize::new(0));
    let mut tasks = JoinSet::new();
    for task in 0..100 {
        let (env, signing, keys) = (Arc::clone(&env), Arc::clone(&signing), keys.clone());
        let (verified, newest) = (Arc::clone(&verified), Arc::clone(&newest));
        tasks.spawn(async move {
            // Each user has a session for some time, and then a new one that is signed by the
            // current key.
            loop {
                let (subject, rotation) = (format!("user-{task}"), signing.load(Ordering::SeqCst));
                let Some(key) = keys.get(rotation) else { break };
                let token = key.sign(&env.claims(&subject));
                for _ in 0..5 {
                    // The key is removed at the rotation after the next one.
                    if signing.load(Ordering::SeqCst) > rotation + 1 {
                        break;
                    }
                    assert_eq!(
                        env.subject_or_code(&token).await,
                        subject,
                        "signed by key {rotation}"
                    );
                    verified.fetch_add(1, Ordering::SeqCst);
                    newest.fetch_max(rotation + 1, Ordering::SeqCst);
                    tokio::task::yield_now().await;
                }
            }
        });
    }
    for rotation in 1..=keys.len() {
        // Do not rotate during a fetch: requests that wait for a fetch that began too early may
        // have to wait for the next one.
        while newest.load(Ordering::SeqCst) < rotation {
            tasks.try_join_next().map(Result::unwrap);
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
        // The next key is published and signs from now on. The previous key stays, the one before
        // it is removed.
        let publish: Vec<_> = keys
            .iter()
            .take(rotation + 1)
            .skip(rotation.saturating_sub(1))
            .collect();
        env.publish(&publish);
        env.advance(120);
        signing.store(rotation, Ordering::SeqCst);
    }
    while let Some(task) = tasks.join_next().await {
        task.unwrap();
    }
    assert!(
        verified.load(Ordering::SeqCst) > 2000,
        "{}",
        verified.load(Ordering::SeqCst)
    );
    assert!(env.calls() <= 1 + keys.len(), "{} fetches", env.calls());
}

#[tokio::test]
async fn only_the_signature_of_a_token_is_not_verified_again() {
    let key = SigningKey::new("k1");
    let env = RotatingIssuer::new(&[Arc::clone(&key)]).await;
    let mut claims = env.claims("ada");
    claims["exp"] = json!(START + 60);
    let token = key.sign(&claims);
    for _ in 0..2 {
        assert_eq!(env.subject_or_code(&token).await, "ada");
    }
    // A signature does not verify another message.
    claims["sub"] = json!("eve");
    let (message, _) = key
        .sign(&claims)
        .rsplit_once('.')
        .map(|(signed, end)| (signed.to_owned(), end.to_owned()))
        .unwrap();
    let signature = token.rsplit_once('.').unwrap().1;
    assert_eq!(
        env.subject_or_code(&format!("{message}.{signature}")).await,
        "session_invalid"
    );
    let (signed, _) = token.rsplit_once('.').unwrap();
    let untrusted = SigningKey::new("k1").sign(&env.claims("ada"));
    assert_eq!(
        env.subject_or_code(&format!(
            "{signed}.{}",
            untrusted.rsplit_once('.').unwrap().1
        ))
        .await,
        "session_invalid"
    );
    env.advance(66);
    assert_eq!(env.subject_or_code(&token).await, "session_expired");
}

#[tokio::test]
async fn a_removed_key_is_refused_within_ten_minutes() {
    let (old, new) = (SigningKey::new("k1"), SigningKey::new("k2"));
    let env = RotatingIssuer::new(&[Arc::clone(&old)]).await;
    let long = |subject: &str| {
        let mut claims = env.claims(subject);
        claims["exp"] = json!(START + 86_400);
        claims
    };
    let (stolen, good) = (old.sign(&long("eve")), new.sign(&long("ada")));
    assert_eq!(env.subject_or_code(&stolen).await, "eve");
    env.publish(&[&new]);
    env.advance(599);
    assert_eq!(
        env.subject_or_code(&stolen).await,
        "eve",
        "the set is still fresh"
    );
    env.advance(1);
    assert_eq!(env.subject_or_code(&stolen).await, "session_invalid");
    assert_eq!(env.subject_or_code(&good).await, "ada");
}

#[tokio::test]
async fn clocks_may_differ_by_four_seconds_but_not_by_six() {
    let key = SigningKey::new("k1");
    let env = RotatingIssuer::new(&[Arc::clone(&key)]).await;
    for (name, time, want) in [
        ("exp", START - 4, "ada"),
        ("exp", START - 6, "session_expired"),
        ("nbf", START + 4, "ada"),
        ("nbf", START + 6, "session_invalid"),
        ("iat", START + 4, "ada"),
        ("iat", START + 6, "session_invalid"),
    ] {
        let mut claims = env.claims("ada");
        claims[name] = time.into();
        assert_eq!(
            env.subject_or_code(&key.sign(&claims)).await,
            want,
            "{name} {time}"
        );
    }
}

#[tokio::test]
async fn issuers_with_the_same_key_id_do_not_verify_each_others_tokens() {
    let (own, other) = (SigningKey::new("k1"), SigningKey::new("k1"));
    let untrusted = RotatingIssuer::new(&[Arc::clone(&other)]).await;
    let other_url = format!("{}/keys", untrusted.url);
    let env = RotatingIssuer::with_settings(&[Arc::clone(&own)], |url| {
        let issuers = format!("{url},https://other.test");
        vec![
            ("SESSION_ISSUER", issuers),
            ("SESSION_JWKS_URL", format!("{url}/keys,{other_url}")),
        ]
    })
    .await;
    let mine = env.claims("ada");
    let mut theirs = env.claims("ada");
    theirs["iss"] = "https://other.test".into();
    for (key, claims, want) in [
        (&own, &mine, "ada"),
        (&other, &theirs, "ada"),
        (&own, &theirs, "session_invalid"),
        (&other, &mine, "session_invalid"),
    ] {
        for id in [Some("k1"), None, Some("k2")] {
            let want = if id == Some("k2") {
                "session_invalid"
            } else {
                want
            };
            assert_eq!(
                env.subject_or_code(&key.sign_as(id, claims)).await,
                want,
                "{id:?} {claims}"
            );
        }
    }
}

#[tokio::test]
async fn an_introspection_response_is_cached_for_one_minute_or_until_the_token_expires() {
    let env = RotatingIssuer::with_settings(&[], |url| {
        let mut settings = vec![("SESSION_KIND", "introspection".to_owned())];
        settings.push(("SESSION_INTROSPECTION_URL", format!("{url}/introspect")));
        settings.push(("SESSION_INTROSPECTION_SECRET_ID", "client".to_owned()));
        settings
    })
    .await;
    let respond_with = |response: Value| *env.introspection_response.lock().unwrap() = response;
    let active = json!({"active": true, "sub": "ada", "aud": "voice"});
    respond_with(active.clone());
    assert_eq!(env.subject_or_code("long").await, "ada");
    respond_with(json!({"active": false}));
    env.advance(59);
    assert_eq!(
        (env.subject_or_code("long").await.as_str(), env.calls()),
        ("ada", 1)
    );
    env.advance(1);
    assert_eq!(
        (env.subject_or_code("long").await.as_str(), env.calls()),
        ("session_invalid", 2),
        "revoked for one minute"
    );
    respond_with(active.clone());
    env.advance(4);
    assert_eq!(
        (env.subject_or_code("long").await.as_str(), env.calls()),
        ("session_invalid", 2)
    );
    env.advance(1);
    assert_eq!(
        (env.subject_or_code("long").await.as_str(), env.calls()),
        ("ada", 3)
    );

    let mut short = active;
    short["exp"] = (env.now() + 10).into();
    respond_with(short);
    assert_eq!(env.subject_or_code("short").await, "ada");
    env.advance(14);
    assert_eq!(env.subject_or_code("short").await, "ada", "the leeway");
    env.advance(2);
    assert_eq!(
        env.subject_or_code("short").await,
        "session_expired",
        "cached or not"
    );
}
