//! Several session cookies in one request: a sibling host can plant cookies, and must not decide
//! whose session is used.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use axum::response::{IntoResponse, Response};
use http::HeaderMap;
use serde_json::{Value, json};
use voicemint::internals::{ContentKey, Encryption};

use crate::sessions::env::{A, B, Deployment, NOW, as_json, settings_error, status};
use crate::support::signers::encode;

const INVALID: &str = "session_invalid";
const EXPIRED: &str = "session_expired";
const MISSING: &str = "session_missing";
const SECRET: &str = "an-app-secret-that-is-obviously-fake-0123456789";

fn token(env: &Deployment, change: Value) -> String {
    A.token("ES256", "p256", &env.claims(change))
}

fn ada(env: &Deployment) -> String {
    token(env, json!({"sub": "ada"}))
}

fn eve(env: &Deployment) -> String {
    token(env, json!({"sub": "eve"}))
}

fn old(env: &Deployment) -> String {
    token(env, json!({"exp": NOW - 60, "iat": NOW - 120}))
}

async fn jwt_deployment() -> Deployment {
    Deployment::with_jwk_set(&A.jwk_set(), &[("SESSION_COOKIE", "app_session")]).await
}

#[tokio::test]
async fn all_cookies_with_the_same_name_are_verified() {
    let env = jwt_deployment().await;
    let (ada, eve, old) = (ada(&env), eve(&env), old(&env));
    let again = token(&env, json!({"sub": "ada", "iat": NOW - 1}));
    let forged = B.token("ES256", "p256", &env.claims(json!({})));
    let joined = |values: &[&str]| {
        values
            .iter()
            .map(|value| format!("app_session={value}; other=x; "))
            .collect::<String>()
    };
    for (case, values, want) in [
        ("expired, then good", &[&*old, &ada][..], Ok("ada")),
        ("good, then expired", &[&ada, &old], Ok("ada")),
        ("empty, then good", &["", &ada], Ok("ada")),
        ("unreadable, then good", &["junk", &ada], Ok("ada")),
        ("forged, then good", &[&forged, &ada], Ok("ada")),
        (
            "forged, unreadable, expired, then good",
            &[&forged, "junk", &old, &ada],
            Ok("ada"),
        ),
        ("two sessions of one user", &[&ada, &again], Ok("ada")),
        (
            "the same five times",
            &[&ada, &ada, &ada, &ada, &ada],
            Ok("ada"),
        ),
        (
            "empty values do not count",
            &["", "", "", "", "", &ada],
            Ok("ada"),
        ),
        ("planted first", &[&eve, &ada], Err(INVALID)),
        ("planted last", &[&ada, &eve], Err(INVALID)),
        (
            "planted, with an expired one",
            &[&old, &eve, &ada],
            Err(INVALID),
        ),
        ("five", &["1", "2", "3", "4", &ada], Err(INVALID)),
        (
            "five, good first",
            &[&ada, "1", "2", "3", "4"],
            Err(INVALID),
        ),
        (
            "none valid, the first expired",
            &[&old, "junk"],
            Err(EXPIRED),
        ),
        ("none", &["", ""], Err(MISSING)),
    ] {
        let got = env.verify_cookies(&joined(values)).await;
        assert_eq!(got.as_deref().map_err(|(code, _)| *code), want, "{case}");
    }
    let (_, reason) = env
        .verify_cookies(&joined(&[&eve, &ada]))
        .await
        .unwrap_err();
    assert!(reason.contains("different users"), "{reason}");
    let (_, reason) = env
        .verify_cookies(&joined(&["1", "2", "3", "4", "5"]))
        .await
        .unwrap_err();
    assert!(reason.contains("more than four"), "{reason}");
    // Thousands of cookies take no longer than a few.
    let many: String = (0..20_000)
        .map(|number| format!("app_session={number}; "))
        .collect();
    let started = std::time::Instant::now();
    assert_eq!(env.code_of_cookies(&many).await, INVALID);
    assert!(
        started.elapsed() < std::time::Duration::from_secs(1),
        "{:?}",
        started.elapsed()
    );
    // Each of several `Cookie` headers, as in HTTP/2, is read in the same way.
    assert_eq!(env.code_of_cookies(&joined(&[&ada])).await, "200");
}

fn supabase_cookie(token: &str) -> String {
    format!(
        "base64-{}",
        encode(json!({"access_token": token, "user": {}}).to_string())
    )
}

/// A value in chunks, each with the name of its cookie.
fn cut(name: &str, value: &str, chunks: usize) -> Vec<String> {
    cut_at(name, ".", value, chunks)
}

fn cut_at(name: &str, separator: &str, value: &str, chunks: usize) -> Vec<String> {
    let size = value.len().div_ceil(chunks);
    let parts = value
        .as_bytes()
        .chunks(size)
        .map(|part| String::from_utf8_lossy(part).into_owned());
    parts
        .enumerate()
        .map(|(number, part)| format!("{name}{separator}{number}={part}"))
        .collect()
}

#[tokio::test]
async fn chunks_and_whole_cookies_of_different_users_are_refused() {
    let settings = [
        ("SESSION_KIND", "supabase"),
        ("SESSION_ISSUER", "{url}"),
        ("SESSION_COOKIE", "sb"),
    ];
    let env = Deployment::with_jwk_set(&A.jwk_set(), &settings).await;
    let iss = format!("{}/auth/v1", env.url);
    let pack = |sub: &str, exp: u64| {
        let claims =
            env.claims(json!({"iss": iss, "role": "authenticated", "sub": sub, "exp": exp}));
        supabase_cookie(&A.token("ES256", "p256", &claims))
    };
    let (ada, eve, old) = (
        pack("ada", NOW + 60),
        pack("eve", NOW + 60),
        pack("ada", NOW - 60),
    );
    let whole = |value: &str| vec![format!("sb={value}")];
    for (case, sets, want) in [
        ("chunks", vec![cut("sb", &ada, 3)], "200"),
        ("a whole cookie", vec![whole(&ada)], "200"),
        (
            "an expired whole cookie and chunks",
            vec![whole(&old), cut("sb", &ada, 2)],
            "200",
        ),
        (
            "a whole cookie and expired chunks",
            vec![whole(&ada), cut("sb", &old, 2)],
            "200",
        ),
        (
            "both of one user",
            vec![whole(&ada), cut("sb", &pack("ada", NOW + 61), 2)],
            "200",
        ),
        (
            "a planted whole cookie",
            vec![whole(&eve), cut("sb", &ada, 2)],
            INVALID,
        ),
        (
            "planted chunks",
            vec![cut("sb", &eve, 2), whole(&ada)],
            INVALID,
        ),
        (
            "planted chunks first",
            vec![cut("sb", &eve, 2), cut("sb", &ada, 2)],
            INVALID,
        ),
        (
            "planted chunks last",
            vec![cut("sb", &ada, 2), cut("sb", &eve, 2)],
            INVALID,
        ),
        (
            "expired chunks first",
            vec![cut("sb", &old, 2), cut("sb", &ada, 2)],
            "200",
        ),
        (
            "the same chunks twice",
            vec![cut("sb", &ada, 2), cut("sb", &ada, 2)],
            "200",
        ),
        (
            "planted chunks of another number",
            vec![cut("sb", &eve, 2), cut("sb", &ada, 3)],
            INVALID,
        ),
        (
            "planted chunks of another number, last",
            vec![cut("sb", &ada, 3), cut("sb", &eve, 1)],
            INVALID,
        ),
        (
            // The chunks at equal positions form only the planted session.
            "planted around the chunks of the user",
            vec![
                cut("sb", &eve, 2),
                vec![cut("sb", &ada, 2)[0].clone(), "sb.1=x".to_owned()],
                vec!["sb.0=y".to_owned(), cut("sb", &ada, 2)[1].clone()],
            ],
            INVALID,
        ),
        (
            "a stray chunk",
            vec![cut("sb", &ada, 3), vec!["sb.3=!".to_owned()]],
            "200",
        ),
        (
            "a stray chunk and a planted whole cookie",
            vec![cut("sb", &ada, 3), vec!["sb.3=!".to_owned()], whole(&eve)],
            INVALID,
        ),
        (
            "a stray chunk after a single chunk",
            vec![whole(&eve), vec!["sb.1=!".to_owned()], cut("sb", &ada, 1)],
            INVALID,
        ),
        (
            "five whole cookies",
            (0..4)
                .map(|n| whole(&pack("ada", NOW + 70 + n)))
                .chain([whole(&ada)])
                .collect(),
            INVALID,
        ),
        (
            "five chunk sets",
            (0..5)
                .map(|n| cut("sb", &pack("ada", NOW + 70 + n), 2))
                .collect(),
            INVALID,
        ),
        (
            "unreadable cookies count",
            vec![whole("1"), whole("2"), whole("3"), whole("4"), whole(&ada)],
            INVALID,
        ),
        (
            "an unreadable cookie first",
            vec![whole("junk"), whole(&ada)],
            "200",
        ),
        (
            "the first chunk is missing",
            vec![cut("sb", &ada, 2)[1..].to_vec()],
            MISSING,
        ),
    ] {
        assert_eq!(
            env.code_of_cookies(&sets.concat().join("; ")).await,
            want,
            "{case}"
        );
    }
    let (code, reason) = env.verify_cookies("sb=junk").await.unwrap_err();
    assert!(code == MISSING && reason.contains("decoded"), "{reason}");
    let (code, absent) = env.verify_cookies("other=junk").await.unwrap_err();
    assert!(
        code == MISSING && absent != reason && absent.contains("neither"),
        "{absent}"
    );
    let (code, incomplete) = env.verify_cookies("sb.1=x").await.unwrap_err();
    assert_eq!((code, incomplete), (MISSING, reason));
}

#[tokio::test]
async fn all_cookie_names_of_an_identity_provider_are_verified_together() {
    let settings = [
        ("SESSION_KIND", "clerk"),
        ("SESSION_ISSUER", "pk_test_Y2xlcmsuYXBwLnRlc3Qk"),
        ("SESSION_JWKS_URL", "{url}/keys"),
        ("SESSION_AUTHORIZED_PARTIES", "*"),
    ];
    let env = Deployment::with_jwk_set(&A.jwk_set(), &settings).await;
    let suffixed = env.cookie_names().remove(0);
    assert!(suffixed.starts_with("__session_"), "{suffixed}");
    let token_for = |sub: &str| {
        let claims = env.claims(json!({"iss": "https://clerk.app.test", "sid": "s", "sub": sub}));
        A.token("RS256", "rsa", &claims)
    };
    let (ada, eve) = (token_for("ada"), token_for("eve"));
    for (cookies, want) in [
        (format!("__session={ada}"), "200"),
        (format!("__session={ada}; {suffixed}={ada}"), "200"),
        (format!("__session={eve}; {suffixed}={ada}"), INVALID),
        (format!("__session={ada}; {suffixed}={eve}"), INVALID),
        (
            format!("__session=1; __session=2; {suffixed}=3; {suffixed}={ada}"),
            "200",
        ),
        (
            format!("__session=1; __session=2; __session={ada}; {suffixed}=3; {suffixed}={ada}"),
            "200",
        ),
        (
            format!("__session=1; __session=2; __session=4; {suffixed}=3; {suffixed}={ada}"),
            INVALID,
        ),
    ] {
        assert_eq!(env.code_of_cookies(&cookies).await, want, "{cookies}");
    }
}

#[tokio::test]
async fn amplifys_last_user_does_not_choose_between_two_users() {
    let settings = [
        ("SESSION_KIND", "cognito"),
        ("SESSION_ISSUER", "{url}/pool"),
        ("SESSION_AUDIENCE", "client"),
    ];
    let env = Deployment::with_jwk_set(&A.jwk_set(), &settings).await;
    let iss = format!("{}/pool", env.url);
    let token_for = |sub: &str, exp: u64| {
        let claims = json!({"iss": iss, "token_use": "access", "client_id": "client", "sub": sub, "exp": exp});
        A.token("RS256", "rsa", &env.claims(claims))
    };
    let (ada, eve, old) = (
        token_for("ada", NOW + 60),
        token_for("eve", NOW + 60),
        token_for("ada", NOW - 60),
    );
    let last = |user: &str| format!("CognitoIdentityServiceProvider.client.LastAuthUser={user}");
    let has = |user: &str, token: &str| {
        format!("CognitoIdentityServiceProvider.client.{user}.accessToken={token}")
    };
    for (case, cookies, want) in [
        (
            "one user",
            vec![last("ada"), has("ada", &ada), has("eve", &eve)],
            "200",
        ),
        (
            "a planted user first",
            vec![last("eve"), last("ada"), has("eve", &eve), has("ada", &ada)],
            INVALID,
        ),
        (
            "a planted user last",
            vec![last("ada"), last("eve"), has("ada", &ada), has("eve", &eve)],
            INVALID,
        ),
        (
            "a planted token",
            vec![last("ada"), has("ada", &eve), has("ada", &ada)],
            INVALID,
        ),
        (
            "a planted token last",
            vec![last("ada"), has("ada", &ada), has("ada", &eve)],
            INVALID,
        ),
        (
            "a planted user in another encoding",
            vec![last("ad%61"), has("ad%61", &eve), has("ada", &ada)],
            INVALID,
        ),
        (
            "an expired token first",
            vec![last("ada"), has("ada", &old), has("ada", &ada)],
            "200",
        ),
        (
            "a user without a token",
            vec![last("eve"), last("ada"), has("ada", &ada)],
            "200",
        ),
        (
            "five",
            (0..5)
                .map(|n| has("ada", &token_for("ada", NOW + 70 + n)))
                .chain([last("ada")])
                .collect(),
            INVALID,
        ),
        (
            // So many users that the name of the real user is not read.
            "planted users without tokens",
            (0..7)
                .map(|n| last(&format!("nobody-{n}")))
                .chain([last("eve"), last("ada"), has("eve", &eve), has("ada", &ada)])
                .collect(),
            INVALID,
        ),
    ] {
        assert_eq!(
            env.code_of_cookies(&cookies.join("; ")).await,
            want,
            "{case}"
        );
    }
}

/// A session as Auth.js 5 seals it for a cookie name, or as version 4 seals it for any.
fn sealed(version: u8, cookie: &str, sub: &str, exp: u64) -> String {
    let session = json!({"sub": sub, "exp": exp});
    match version {
        5 => encrypted(
            cookie,
            &format!("Auth.js Generated Encryption Key ({cookie})"),
            &session,
        ),
        _ => encrypted("", "NextAuth.js Generated Encryption Key", &session),
    }
}

/// A session as nextjs-auth0 seals it.
fn auth0_sealed(sub: &str) -> String {
    encrypted(
        "",
        "JWE CEK",
        &json!({"user": {"sub": sub}, "iat": NOW, "exp": NOW + 60}),
    )
}

/// A session as Auth.js 5 seals it for its own cookie with another secret.
pub fn sealed_with(secret: &str, exp: u64) -> String {
    let info = format!("Auth.js Generated Encryption Key ({V5})");
    encrypted_with(secret, V5, &info, &json!({"sub": "ada", "exp": exp}))
}

fn encrypted(salt: &str, info: &str, session: &Value) -> String {
    encrypted_with(SECRET, salt, info, session)
}

fn encrypted_with(secret: &str, salt: &str, info: &str, session: &Value) -> String {
    let text = session.to_string();
    let key = ContentKey::derive(
        Encryption::A256Gcm,
        secret.as_bytes(),
        salt.as_bytes(),
        info.as_bytes(),
    );
    let key = key
        .and_then(|key| {
            if let ContentKey::A256Gcm(key) = key {
                Some(key)
            } else {
                None
            }
        })
        .unwrap();
    let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &key).unwrap());
    let (header, mut text) = (
        encode(r#"{"alg":"dir","enc":"A256GCM"}"#),
        text.into_bytes(),
    );
    let nonce = Nonce::assume_unique_for_key([7; 12]);
    let tag = key
        .seal_in_place_separate_tag(nonce, Aad::from(header.as_bytes()), &mut text)
        .unwrap();
    format!(
        "{header}..{}.{}.{}",
        encode([7; 12]),
        encode(text),
        encode(tag)
    )
}

const V5: &str = "__Secure-authjs.session-token";
const V4: &str = "__Secure-next-auth.session-token";

async fn authjs(cookie: &str) -> Deployment {
    let settings = [
        ("SESSION_KIND", "authjs"),
        ("SESSION_SECRET_ID", "s"),
        ("SESSION_AUDIENCE", ""),
    ];
    let settings = [&settings[..], &[("SESSION_COOKIE", cookie)]].concat();
    Deployment::new(&Value::Null, as_json, &settings, &[("s", SECRET)]).await
}

#[tokio::test]
async fn an_encrypted_cookie_opens_only_with_the_key_of_its_own_name() {
    let env = authjs("").await;
    let good = |version, name, sub: &str| sealed(version, name, sub, NOW + 60);
    for (case, cookies, want) in [
        ("version 5", format!("{V5}={}", good(5, V5, "ada")), "200"),
        ("version 4", format!("{V4}={}", good(4, V4, "ada")), "200"),
        (
            "the name for local development",
            format!(
                "authjs.session-token={}",
                good(5, "authjs.session-token", "eve")
            ),
            MISSING,
        ),
        (
            "the name for local development, version 4",
            format!("next-auth.session-token={}", good(4, "", "eve")),
            MISSING,
        ),
        (
            "version 5's value in version 4's cookie",
            format!("{V4}={}", good(5, V5, "eve")),
            INVALID,
        ),
        (
            "version 4's value in version 5's cookie",
            format!("{V5}={}", good(4, V4, "eve")),
            INVALID,
        ),
        (
            "sealed for another name",
            format!("{V5}={}", good(5, "authjs.session-token", "eve")),
            INVALID,
        ),
        (
            "sealed by version 5 for version 4's name",
            format!("{V4}={}", good(5, V4, "eve")),
            INVALID,
        ),
        (
            "planted with the name for local development",
            {
                format!(
                    "authjs.session-token={}; {V5}={}",
                    good(5, "authjs.session-token", "eve"),
                    good(5, V5, "ada")
                )
            },
            "200",
        ),
        (
            "both versions, one user",
            format!("{V5}={}; {V4}={}", good(5, V5, "ada"), good(4, V4, "ada")),
            "200",
        ),
        (
            "both versions, two users",
            format!("{V5}={}; {V4}={}", good(5, V5, "ada"), good(4, V4, "eve")),
            INVALID,
        ),
        (
            "an expired cookie of version 4",
            format!(
                "{V4}={}; {V5}={}",
                sealed(4, V4, "eve", NOW - 60),
                good(5, V5, "ada")
            ),
            "200",
        ),
        (
            "twice, two users",
            format!("{V5}={}; {V5}={}", good(5, V5, "eve"), good(5, V5, "ada")),
            INVALID,
        ),
        (
            "one value under both names",
            format!("{V5}={0}; {V4}={0}", good(5, V5, "ada")),
            "200",
        ),
        (
            "a whole cookie and chunks",
            {
                let chunks = cut(V5, &good(5, V5, "ada"), 2).join("; ");
                format!("{V5}={}; {chunks}", good(5, V5, "eve"))
            },
            INVALID,
        ),
        ("chunks", cut(V5, &good(5, V5, "ada"), 3).join("; "), "200"),
    ] {
        assert_eq!(env.code_of_cookies(&cookies).await, want, "{case}");
    }
    for (bearer, want) in [
        (good(5, V5, "ada"), "200"),
        (good(4, V4, "ada"), "200"),
        (good(5, "other", "ada"), INVALID),
    ] {
        assert_eq!(env.code(&bearer).await, want);
    }
}

/// Asserts that a planted whole cookie is detected in every order of the chunks of the user, a
/// stray chunk and the planted cookie.
async fn assert_planted_is_found(env: &Deployment, chunks: &[String], stray: &str, planted: &str) {
    let own = chunks.join("; ");
    assert_eq!(env.code_of_cookies(&own).await, "200", "{own}");
    assert_eq!(env.code_of_cookies(planted).await, "200", "{planted}");
    assert_eq!(
        env.verify_cookies(&format!("{own}; {stray}"))
            .await
            .as_deref(),
        Ok("ada"),
        "{stray}"
    );
    assert_eq!(
        env.verify_cookies(&format!("{stray}; {own}"))
            .await
            .as_deref(),
        Ok("ada"),
        "{stray}"
    );
    for order in [
        [&own, stray, planted],
        [planted, stray, &own],
        [stray, planted, &own],
        [&own, planted, stray],
    ] {
        assert_eq!(
            env.code_of_cookies(&order.join("; ")).await,
            INVALID,
            "{order:?}"
        );
    }
}

#[tokio::test]
async fn a_planted_chunk_after_the_users_chunks_does_not_hide_them() {
    for count in 1..=2 {
        for (given, name, version) in [
            ("", V5, 5),
            ("", V4, 4),
            ("mine", "mine", 5),
            ("mine", "mine", 4),
        ] {
            let env = authjs(given).await;
            let token_for = |sub: &str| sealed(version, name, sub, NOW + 60);
            let chunks = cut(name, &token_for("ada"), count);
            let planted = format!("{name}={}", token_for("eve"));
            assert_planted_is_found(&env, &chunks, &format!("{name}.{count}=x"), &planted).await;
        }
        let settings = [
            ("SESSION_KIND", "auth0"),
            ("SESSION_ISSUER", "{url}"),
            ("SESSION_SECRET_ID", "s"),
        ];
        let env = Deployment::new(&Value::Null, as_json, &settings, &[("s", SECRET)]).await;
        for planted in ["appSession", "__session"] {
            let chunks = cut_at("__session", "__", &auth0_sealed("ada"), count);
            let planted = format!("{planted}={}", auth0_sealed("eve"));
            assert_planted_is_found(&env, &chunks, &format!("__session__{count}=j"), &planted)
                .await;
        }
    }
}

#[tokio::test]
async fn the_limit_counts_the_values_of_cookies_and_not_their_combinations() {
    let env = authjs("").await;
    let good = sealed(5, V5, "ada", NOW + 60);
    let chunks = |name: &str| {
        ["0=a", "0=b", "1=c", "1=d"]
            .map(|chunk| format!("{name}.{chunk}"))
            .join("; ")
    };
    let twice = format!("{}; {}", chunks(V5), chunks(V4));
    for (case, cookies, want) in [
        (
            "two sets of chunks with two names",
            format!("{twice}; {V5}={good}"),
            "200",
        ),
        (
            "and five whole cookies",
            format!("{twice}; {V5}={good}; {V5}=1; {V5}=2; {V5}=3; {V5}=4"),
            INVALID,
        ),
        (
            "and three whole cookies",
            format!("{twice}; {V5}={good}; {V5}=1; {V5}=2"),
            INVALID,
        ),
        (
            "one whole cookie, the same as a chunk, and three more",
            format!("{V5}={good}; {V5}.0={good}; {V4}=x; {V4}=y; {V4}=z"),
            "200",
        ),
        (
            "the same and one more",
            format!("{V5}={good}; {V5}=w; {V5}.0={good}; {V4}=x; {V4}=y; {V4}=z"),
            INVALID,
        ),
        (
            "the same value in three cookies",
            format!("{V5}={good}; {V5}.0={good}; {V4}={good}; {V4}=y; {V4}=z; {V4}=w"),
            "200",
        ),
    ] {
        let got = env.verify_cookies(&cookies).await;
        assert_eq!(
            got.as_ref().map_or_else(|(code, _)| *code, |_| "200"),
            want,
            "{case}"
        );
        assert!(
            want == "200" || got.unwrap_err().1.contains("more than four"),
            "{case}"
        );
    }
}

#[tokio::test]
async fn a_configured_cookie_opens_with_the_key_of_its_name_and_with_that_of_version_4() {
    for name in ["mine", "authjs.session-token", "next-auth.session-token"] {
        let env = authjs(name).await;
        let good =
            |version, cookie: &str| format!("{name}={}", sealed(version, cookie, "ada", NOW + 60));
        assert_eq!(env.code_of_cookies(&good(5, name)).await, "200", "{name}");
        assert_eq!(env.code_of_cookies(&good(4, name)).await, "200", "{name}");
        assert_eq!(env.code_of_cookies(&good(5, V5)).await, INVALID, "{name}");
        let elsewhere = format!("{V5}={}", sealed(5, V5, "ada", NOW + 60));
        assert_eq!(env.code_of_cookies(&elsewhere).await, MISSING, "{name}");
    }
    assert_eq!(
        settings_error(&[("SESSION_KIND", "authjs"), ("SESSION_SECRET_ID", "s")]),
        None
    );
}

/// An app that knows Ada and Eve, and that fails for some cookies.
fn app(_: &Value, headers: &HeaderMap) -> Response {
    let cookie = headers
        .get("cookie")
        .map(|value| value.to_str().unwrap_or_default())
        .unwrap_or_default();
    match cookie.strip_prefix("sid=").unwrap_or_default() {
        "ada" | "ada-too" => json!({"sub": "ada"}).to_string().into_response(),
        "eve" => json!({"sub": "eve"}).to_string().into_response(),
        "trouble" => status(500),
        _ => status(401),
    }
}

#[tokio::test]
async fn a_cookie_that_cannot_be_verified_makes_the_session_unavailable() {
    let settings = [
        ("SESSION_KIND", "forward"),
        ("SESSION_FORWARD_URL", "{url}/me"),
        ("SESSION_COOKIE", "sid"),
        ("SESSION_AUDIENCE", ""),
        ("SESSION_ISSUER", "app"),
    ];
    let env = Deployment::new(&Value::Null, app, &settings, &[]).await;
    for (cookies, want) in [
        ("sid=ada", "200"),
        ("sid=gone; sid=ada", "200"),
        ("sid=ada; sid=ada-too", "200"),
        ("sid=ada; sid=eve", INVALID),
        ("sid=trouble; sid=ada", "session_unavailable"),
        ("sid=ada; sid=trouble", "session_unavailable"),
        ("sid=ada; sid=eve; sid=trouble", "session_unavailable"),
        ("sid=gone", INVALID),
    ] {
        assert_eq!(env.code_of_cookies(cookies).await, want, "{cookies}");
    }
    let before = env.requests().len();
    assert_eq!(
        env.code_of_cookies("sid=1; sid=2; sid=3; sid=4; sid=ada")
            .await,
        INVALID
    );
    assert_eq!(
        env.requests().len(),
        before,
        "none of too many cookies is verified"
    );
}
