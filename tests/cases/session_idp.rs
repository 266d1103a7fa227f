//! The sessions of each identity provider, with the settings of its row in
//! `docs/sessions.md`: tokens as Bearer, and its own cookies in every format, including chunks.

use serde_json::json;
use voicemint_dev::identity::kinds::{
    auth0_cookies, auth0_legacy_cookies, authjs_cookies, cognito_cookies, next_auth_cookies,
    supabase_percent_encoded_cookies,
};
use voicemint_dev::identity::{Cookie, Kind, SESSION_SECRET_ID, SigningKey};
use voicemint_tests::{Event, IdpServer, TestEnv, now, with_cookies};

use crate::support::{CaseReport, status_and_code};

const INVALID: &str = "401 session_invalid";
const EXPIRED: &str = "401 session_expired";
const MISSING: &str = "401 session_missing";

/// Kinds whose sessions are verified by a service.
const VERIFIED_BY_A_SERVICE: [Kind; 2] = [Kind::Introspection, Kind::Forward];

#[tokio::test]
async fn each_idp_is_accepted_with_its_documented_settings_and_its_sessions_expire() {
    let env = TestEnv::start().await;
    let mut report = CaseReport::default();
    for kind in Kind::ALL {
        let idp = IdpServer::start(kind, &env).await;
        let function = idp.function(&env, "elevenlabs").start().await;
        let name = kind.name();
        let good = idp.issue(&idp.claims("ada"));
        let bearer = |token: &str| Event::post("elevenlabs").bearer(token);
        report.check_eq(
            name,
            status_and_code(&function.invoke(&bearer(&good.bearer)).await),
            "200",
        );
        report.check_eq(
            &format!("{name}: cookies"),
            status_and_code(&function.invoke(&with_cookies(&good.cookies)).await),
            "200",
        );
        report.check_eq(
            &format!("{name}: no credential"),
            status_and_code(&function.invoke(&Event::post("elevenlabs")).await),
            MISSING,
        );
        let forged = format!("{}x", good.bearer);
        report.check_eq(
            &format!("{name}: forged"),
            status_and_code(&function.invoke(&bearer(&forged)).await),
            INVALID,
        );
        let mixed = with_cookies(&good.cookies).bearer(&forged);
        report.check_eq(
            &format!("{name}: an invalid Bearer and valid cookies"),
            status_and_code(&function.invoke(&mixed).await),
            INVALID,
        );
        let without_origin = with_cookies(&good.cookies).no_origin();
        let response = status_and_code(&function.invoke(&without_origin).await);
        report.check_eq(
            &format!("{name}: cookies without an origin"),
            response,
            "403 origin_not_allowed",
        );
        let without_subject = idp.issue(&idp.changed_claims(json!({"sub": null})));
        report.check_eq(
            &format!("{name}: no sub"),
            status_and_code(&function.invoke(&bearer(&without_subject.bearer)).await),
            INVALID,
        );
        let old = idp.issue(&idp.changed_claims(json!({"exp": now() - 60, "iat": now() - 120})));
        let want = if VERIFIED_BY_A_SERVICE.contains(&kind) {
            INVALID
        } else {
            EXPIRED
        };
        report.check_eq(
            &format!("{name}: expired"),
            status_and_code(&function.invoke(&bearer(&old.bearer)).await),
            want,
        );
        report.check_eq(
            &format!("{name}: expired cookies"),
            status_and_code(&function.invoke(&with_cookies(&old.cookies)).await),
            want,
        );
    }
    report.finish();
}

#[tokio::test]
async fn supabase_cookies_are_read_whole_and_in_chunks_and_in_both_encodings() {
    let env = TestEnv::start().await;
    let idp = IdpServer::start(Kind::Supabase, &env).await;
    let function = idp.function(&env, "elevenlabs").start().await;
    let token = idp.issue(&idp.claims("ada")).bearer;
    let name = idp.identity.cookie_names().remove(0);
    let mut report = CaseReport::default();
    for (case, user) in [
        ("whole", "é \"%+".to_owned()),
        ("in chunks", "é".repeat(600)),
    ] {
        let session = json!({"access_token": token, "user": {"name": user}});
        let cookies = supabase_percent_encoded_cookies(&name, &session);
        report.check(case, (cookies.len() > 1) == (case == "in chunks"));
        report.check_eq(
            case,
            status_and_code(&function.invoke(&with_cookies(&cookies)).await),
            "200",
        );
    }
    let long = idp.issue(&idp.changed_claims(json!({"user_metadata": {"name": "x".repeat(2000)}})));
    report.check("more than one chunk", long.cookies.len() > 1);
    report.check_eq(
        "long",
        status_and_code(&function.invoke(&with_cookies(&long.cookies)).await),
        "200",
    );
    report.check_eq(
        "the first chunk missing",
        status_and_code(&function.invoke(&with_cookies(&long.cookies[1..])).await),
        MISSING,
    );
    let incomplete = status_and_code(&function.invoke(&with_cookies(&long.cookies[..1])).await);
    report.check_eq("the last chunk missing", incomplete, MISSING);
    report.check_eq(
        "no access token",
        status_and_code(
            &function
                .invoke(&with_cookies(&[Cookie::new(&*name, "base64-e30")]))
                .await,
        ),
        MISSING,
    );
    report.finish();
}

#[tokio::test]
async fn a_supabase_project_with_a_legacy_secret_accepts_only_users() {
    let env = TestEnv::start().await;
    let idp = IdpServer::start(Kind::Supabase, &env).await;
    let legacy = idp
        .function(&env, "elevenlabs")
        .env("SESSION_SECRET_ID", idp.secret_id(SESSION_SECRET_ID));
    let function = legacy.start().await;
    let secret = idp.identity.secrets()[0].1.clone();
    let sign = |claims| {
        let header = json!({"typ": "JWT"})
            .as_object()
            .cloned()
            .unwrap_or_default();
        SigningKey::hs256(secret.as_bytes())
            .sign(&header, &claims)
            .expect("a signature")
    };
    let mut report = CaseReport::default();
    // The public anon key of every app is a token that is signed with the same secret.
    let anon =
        json!({"iss": "supabase", "ref": "abc", "role": "anon", "iat": now(), "exp": now() + 3600});
    for (case, token, want) in [
        ("a user", sign(idp.claims("ada")), "200"),
        (
            "the anon key",
            sign(anon.as_object().cloned().unwrap_or_default()),
            INVALID,
        ),
        (
            "the anon key's role",
            sign(idp.changed_claims(json!({"role": "anon"}))),
            INVALID,
        ),
        (
            "the service's role",
            sign(idp.changed_claims(json!({"role": "service_role"}))),
            INVALID,
        ),
        (
            "no user",
            sign(idp.changed_claims(json!({"sub": null}))),
            INVALID,
        ),
        (
            "signed by a published key",
            idp.issue(&idp.claims("ada")).bearer,
            "200",
        ),
    ] {
        report.check_eq(
            case,
            status_and_code(
                &function
                    .invoke(&Event::post("elevenlabs").bearer(&token))
                    .await,
            ),
            want,
        );
    }
    let strict = idp
        .function(&env, "elevenlabs")
        .env("SESSION_REQUIRED_CLAIMS", "is_anonymous=false");
    let function = strict.start().await;
    for (anonymous, want) in [(false, "200"), (true, INVALID)] {
        let token = idp
            .issue(&idp.changed_claims(json!({"is_anonymous": anonymous})))
            .bearer;
        report.check_eq(
            "anonymous",
            status_and_code(
                &function
                    .invoke(&Event::post("elevenlabs").bearer(&token))
                    .await,
            ),
            want,
        );
    }
    report.finish();
}

#[tokio::test]
async fn nextjs_auth0_cookies_of_both_versions_are_opened() {
    let env = TestEnv::start().await;
    let idp = IdpServer::start(Kind::Auth0, &env).await;
    let function = idp.function(&env, "elevenlabs").start().await;
    let secret = idp.identity.secrets()[0].1.clone();
    let (user, long) = (
        json!({"sub": "auth0|ada"}),
        json!({"sub": "auth0|ada", "pad": "x".repeat(4500)}),
    );
    let at = |offset: i64| (now() + offset).unsigned_abs();
    let sealed = |content: serde_json::Value| {
        auth0_cookies(
            "__session",
            &secret,
            content.as_object().expect("an object"),
        )
        .expect("random numbers")
    };
    let legacy = |user, end| {
        auth0_legacy_cookies("appSession", &secret, user, at(-500), at(end)).expect("numbers")
    };
    let mut report = CaseReport::default();
    for (case, cookies, want) in [
        (
            "version 4",
            sealed(json!({"user": user, "tokenSet": {}, "internal": {"sid": "s"}, "exp": at(60)})),
            "200",
        ),
        (
            "in chunks",
            sealed(json!({"user": long, "internal": {}, "exp": at(60)})),
            "200",
        ),
        (
            "expired",
            sealed(json!({"user": user, "internal": {}, "exp": at(-60)})),
            EXPIRED,
        ),
        (
            "no expiry",
            sealed(json!({"user": user, "internal": {}})),
            INVALID,
        ),
        (
            "ended before its expiry",
            sealed(json!({"user": user, "internal": {"sessionExpiresAt": at(-9)}, "exp": at(60)})),
            EXPIRED,
        ),
        (
            "the cookie of an unfinished sign-in",
            sealed(json!({"state": "x", "sub": "ada", "exp": at(60)})),
            INVALID,
        ),
        (
            "the id of a session that is stored elsewhere",
            sealed(json!({"id": "x", "exp": at(60)})),
            INVALID,
        ),
        (
            "a user without a subject",
            sealed(json!({"user": {}, "exp": at(60)})),
            INVALID,
        ),
        ("version 3", legacy(&user, 60), "200"),
        ("version 3 in chunks", legacy(&long, 60), "200"),
        ("version 3, expired", legacy(&user, -60), EXPIRED),
    ] {
        report.check_eq(
            case,
            status_and_code(&function.invoke(&with_cookies(&cookies)).await),
            want,
        );
    }
    let other = auth0_cookies(
        "__session",
        "another secret of thirty-two bytes",
        &idp.claims("ada"),
    );
    report.check_eq(
        "another secret",
        status_and_code(
            &function
                .invoke(&with_cookies(&other.expect("numbers")))
                .await,
        ),
        INVALID,
    );
    report.finish();
}

#[tokio::test]
async fn auth_js_and_next_auth_cookies_are_opened_by_name_and_during_a_secret_rotation() {
    let env = TestEnv::start().await;
    let idp = IdpServer::start(Kind::AuthJs, &env).await;
    let deployed = idp
        .function(&env, "elevenlabs")
        .without("SESSION_COOKIE")
        .start()
        .await;
    let secret = idp.identity.secrets()[0].1.clone();
    let (claims, mut report) = (idp.claims("ada"), CaseReport::default());
    let old = "the secret before the one that is in use now";
    let (v5, v4) = (
        "__Secure-authjs.session-token",
        "__Secure-next-auth.session-token",
    );
    let by_5 = |name: &str| authjs_cookies(name, &secret, &claims).expect("random numbers");
    let by_4 = |name: &str| next_auth_cookies(name, &secret, &claims).expect("random numbers");
    let renamed =
        |name: &str, cookies: Vec<Cookie>| vec![Cookie::new(name, cookies[0].value.clone())];
    // Names without a prefix are for local development: any host of the site could set these
    // cookies over plain http.
    for (case, cookies, want) in [
        ("version 5", by_5(v5), "200"),
        ("version 4", by_4(v4), "200"),
        (
            "version 5 without a prefix",
            by_5("authjs.session-token"),
            MISSING,
        ),
        (
            "version 4 without a prefix",
            by_4("next-auth.session-token"),
            MISSING,
        ),
        (
            "version 5's value in version 4's cookie",
            renamed(v4, by_5(v5)),
            INVALID,
        ),
        (
            "version 4's value in version 5's cookie",
            renamed(v5, by_4(v4)),
            INVALID,
        ),
    ] {
        report.check_eq(
            case,
            status_and_code(&deployed.invoke(&with_cookies(&cookies)).await),
            want,
        );
    }
    let function = idp.function(&env, "elevenlabs").start().await;
    report.check_eq(
        "a configured name",
        status_and_code(
            &function
                .invoke(&with_cookies(&by_5("authjs.session-token")))
                .await,
        ),
        "200",
    );
    let long = authjs_cookies(
        "authjs.session-token",
        &secret,
        &idp.changed_claims(json!({"pad": "x".repeat(4500)})),
    );
    let long = long.expect("random numbers");
    report.check("more than one chunk", long.len() > 1);
    report.check_eq(
        "in chunks",
        status_and_code(&function.invoke(&with_cookies(&long)).await),
        "200",
    );
    report.check_eq(
        "a chunk missing",
        status_and_code(&function.invoke(&with_cookies(&long[..1])).await),
        INVALID,
    );
    // The library derives a separate key for each purpose.
    let state = renamed("authjs.session-token", by_5("authjs.state"));
    report.check_eq(
        "the cookie of an unfinished sign-in",
        status_and_code(&function.invoke(&with_cookies(&state)).await),
        INVALID,
    );
    let before = authjs_cookies("authjs.session-token", old, &claims).expect("random numbers");
    report.check_eq(
        "the old secret",
        status_and_code(&function.invoke(&with_cookies(&before)).await),
        INVALID,
    );
    env.moto
        .put_secret(
            idp.secret_id(SESSION_SECRET_ID),
            &json!([secret, old]).to_string(),
        )
        .await;
    let rotating = idp.function(&env, "elevenlabs").start().await;
    report.check_eq(
        "both secrets",
        status_and_code(&rotating.invoke(&with_cookies(&before)).await),
        "200",
    );
    let named = idp
        .function(&env, "elevenlabs")
        .env("SESSION_COOKIE", "mine")
        .start()
        .await;
    let mine = authjs_cookies("mine", &secret, &claims).expect("random numbers");
    report.check_eq(
        "a custom name",
        status_and_code(&named.invoke(&with_cookies(&mine)).await),
        "200",
    );
    report.finish();
}

#[tokio::test]
async fn a_session_planted_by_a_sibling_host_is_refused() {
    let env = TestEnv::start().await;
    let mut report = CaseReport::default();
    for kind in [
        Kind::Clerk,
        Kind::Supabase,
        Kind::Firebase,
        Kind::Cognito,
        Kind::Auth0,
        Kind::AuthJs,
        Kind::Forward,
    ] {
        let idp = IdpServer::start(kind, &env).await;
        let function = idp.function(&env, "elevenlabs").start().await;
        let (ada, eve) = (
            idp.issue(&idp.claims("ada")).cookies,
            idp.issue(&idp.claims("eve")).cookies,
        );
        for (case, cookies, want) in [
            ("planted first", [&eve[..], &ada].concat(), INVALID),
            ("planted last", [&ada[..], &eve].concat(), INVALID),
            ("only the user's", ada.clone(), "200"),
            ("the same twice", [&ada[..], &ada].concat(), "200"),
        ] {
            let (response, line) = function.invoke_logged(&with_cookies(&cookies)).await;
            report.check_eq(
                &format!("{}: {case}", kind.name()),
                status_and_code(&response),
                want,
            );
            let reported = line["reason"]
                .as_str()
                .is_some_and(|reason| reason.contains("different users"));
            report.check(
                &format!("{}: {case}: reason", kind.name()),
                reported == (want == INVALID),
            );
        }
    }
    report.finish();
}

#[tokio::test]
async fn amplify_cookies_are_found_for_every_user_name() {
    let env = TestEnv::start().await;
    let idp = IdpServer::start(Kind::Cognito, &env).await;
    let function = idp.function(&env, "elevenlabs").start().await;
    let token = idp.issue(&idp.claims("ada")).bearer;
    let settings = idp.identity.settings();
    let client = settings
        .iter()
        .find(|(name, _)| *name == "SESSION_AUDIENCE")
        .map(|(_, value)| value.clone());
    let client = client.expect("an app client");
    let mut report = CaseReport::default();
    for user in ["ada", "ada@example.com", "a.b.c", "Ada (x) é", "a+b%c"] {
        let cookies = cognito_cookies(&client, user, &token);
        report.check_eq(
            user,
            status_and_code(&function.invoke(&with_cookies(&cookies)).await),
            "200",
        );
    }
    let others = cognito_cookies("another-client", "ada", &token);
    report.check_eq(
        "another app's cookies",
        status_and_code(&function.invoke(&with_cookies(&others)).await),
        MISSING,
    );
    report.finish();
}
