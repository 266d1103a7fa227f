//! Settings of sessions: the function reports each error by name, all of them in one message, and
//! stops.

use voicemint_tests::{FunctionBuilder, TestEnv};

use crate::settings::{mentions, startup_error};
use crate::support::CaseReport;

const KINDS: [&str; 12] = [
    "jwt",
    "secret",
    "clerk",
    "supabase",
    "firebase",
    "cognito",
    "auth0",
    "workos",
    "better-auth",
    "authjs",
    "introspection",
    "forward",
];

const ENDPOINT: &str = "https://id.example.com/introspect";
const APP: &str = "https://app.example.com/api/me";

fn with(mut builder: FunctionBuilder, settings: &[(&str, &str)]) -> FunctionBuilder {
    for (name, value) in settings {
        // An empty value stands for a missing variable.
        builder = if value.is_empty() {
            builder.without(name)
        } else {
            builder.env(name, *value)
        };
    }
    builder
}

#[tokio::test]
async fn an_unknown_kind_is_reported_with_the_known_kinds_and_not_echoed() {
    let env = TestEnv::start().await;
    let mut report = CaseReport::default();
    for kind in [
        "nonesuch",
        "JWT",
        "jwt,secret",
        "better_auth",
        "sk_car_a-key-that-was-pasted-here",
    ] {
        let settings = [
            ("SESSION_KIND", kind),
            ("SESSION_FORWARD_URL", APP),
            ("SESSION_SUBJECT_POINTER", "/id"),
            ("SESSION_ISSUER", ""),
            ("SESSION_AUDIENCE", ""),
        ];
        let text = startup_error(with(env.function("cartesia"), &settings))
            .await
            .unwrap_or_default();
        report.check(&format!("{kind}: {text}"), mentions(&text, "SESSION_KIND"));
        let list = text
            .split_once("must be one of ")
            .map(|(_, list)| list)
            .unwrap_or_default();
        let listed: Vec<_> = list
            .split([',', ';', ' ', '"'])
            .filter(|word| !word.is_empty())
            .collect();
        for known in KINDS {
            report.check(
                &format!("{kind}: {known} is not listed in {text}"),
                listed.contains(&known),
            );
        }
        // A key that was pasted into the wrong variable must not be logged.
        report.check(&format!("{kind} is echoed"), !text.contains("sk_car"));
        // While the kind is unknown, settings of other kinds are not errors, and the settings that
        // `jwt` requires are not missing.
        for name in ["SESSION_FORWARD_URL", "SESSION_ISSUER", "SESSION_AUDIENCE"] {
            report.check(&format!("{kind}: {name} in {text}"), !mentions(&text, name));
        }
    }
    report.finish();
}

#[tokio::test]
async fn each_error_of_introspection_and_forward_is_reported_by_name() {
    let env = TestEnv::start().await;
    let introspection = env.introspection("cartesia", ENDPOINT, "a-secret");
    let forward = env.forward("cartesia", APP);
    let mut report = CaseReport::default();
    for (kind, name, value) in [
        (&introspection, "SESSION_INTROSPECTION_URL", ""),
        (
            &introspection,
            "SESSION_INTROSPECTION_URL",
            "http://id.example.com/introspect",
        ),
        (
            &introspection,
            "SESSION_INTROSPECTION_URL",
            "http://10.0.0.1/introspect",
        ),
        (
            &introspection,
            "SESSION_INTROSPECTION_URL",
            "http://localhost.evil.example/introspect",
        ),
        (
            &introspection,
            "SESSION_INTROSPECTION_URL",
            "https://user:password@id.example.com/",
        ),
        (
            &introspection,
            "SESSION_INTROSPECTION_URL",
            "id.example.com/introspect",
        ),
        (
            &introspection,
            "SESSION_INTROSPECTION_URL",
            "ftp://localhost/introspect",
        ),
        (&introspection, "SESSION_INTROSPECTION_SECRET_ID", ""),
        (&introspection, "SESSION_SUBJECT_POINTER", "sub"),
        (&introspection, "SESSION_SUBJECT_POINTER", "user.id"),
        (&introspection, "SESSION_SUBJECT_POINTER", "#/sub"),
        (&introspection, "SESSION_SUBJECT_POINTER", "/user~id"),
        (&introspection, "SESSION_AUDIENCE", "*,voice"),
        (&introspection, "SESSION_AUDIENCE", ","),
        (&introspection, "SESSION_REQUIRED_CLAIMS", "tier"),
        (&introspection, "SESSION_COOKIE", "a b"),
        (&forward, "SESSION_FORWARD_URL", ""),
        (
            &forward,
            "SESSION_FORWARD_URL",
            "http://app.example.com/api/me",
        ),
        (&forward, "SESSION_FORWARD_URL", "http://192.168.0.1/api/me"),
        (
            &forward,
            "SESSION_FORWARD_URL",
            "http://127.0.0.1.evil.example/api/me",
        ),
        (
            &forward,
            "SESSION_FORWARD_URL",
            "https://app.example.com/api/me#part",
        ),
        (&forward, "SESSION_FORWARD_URL", "/api/me"),
        (&forward, "SESSION_SUBJECT_POINTER", "user/id"),
        (&forward, "SESSION_REQUIRED_CLAIMS", "=paid"),
        (&forward, "SESSION_COOKIE", "session;"),
    ] {
        let text = startup_error(with(kind.clone(), &[(name, value)])).await;
        let reported = text.as_ref().is_some_and(|text| mentions(text, name));
        report.check(&format!("{name}={value}: {text:?}"), reported);
        // No other session setting is reported.
        let others = [
            "SESSION_INTROSPECTION_URL",
            "SESSION_INTROSPECTION_SECRET_ID",
            "SESSION_FORWARD_URL",
            "SESSION_ISSUER",
        ];
        for other in others.iter().filter(|other| **other != name) {
            let reported = text.as_ref().is_some_and(|text| mentions(text, other));
            report.check(
                &format!("{name}={value} is not {other}: {text:?}"),
                !reported,
            );
        }
    }
    report.finish();
}

#[tokio::test]
async fn all_errors_are_reported_at_once() {
    let env = TestEnv::start().await;
    let mut report = CaseReport::default();
    for (kind, settings) in [
        (
            "introspection",
            vec![
                ("SESSION_INTROSPECTION_URL", "http://id.example.com"),
                ("SESSION_INTROSPECTION_SECRET_ID", ""),
                ("SESSION_SUBJECT_POINTER", "sub"),
                ("SESSION_AUDIENCE", "*,a"),
                ("SESSION_REQUIRED_CLAIMS", "a"),
                ("SESSION_FORWARD_URL", APP),
                ("SESSION_JWKS_URL", "https://id.example.com/keys"),
                ("SESSION_COOKIE", "a;b"),
            ],
        ),
        (
            "forward",
            vec![
                ("SESSION_FORWARD_URL", "http://app.example.com"),
                ("SESSION_SUBJECT_POINTER", "id"),
                ("SESSION_SECRET_ID", "a-secret"),
                ("SESSION_INTROSPECTION_URL", ENDPOINT),
                ("SESSION_INTROSPECTION_SECRET_ID", "a-secret"),
                ("SESSION_REQUIRED_CLAIMS", "a"),
                ("SESSION_COOKIE", "a;b"),
            ],
        ),
    ] {
        let builder = env
            .introspection("cartesia", ENDPOINT, "a-secret")
            .env("SESSION_KIND", kind);
        let text = startup_error(with(builder, &settings))
            .await
            .unwrap_or_default();
        for (name, _) in settings {
            report.check(
                &format!("{kind} does not report {name}: {text}"),
                mentions(&text, name),
            );
        }
    }
    report.finish();
}

#[tokio::test]
async fn a_setting_of_another_kind_is_reported() {
    let env = TestEnv::start().await;
    let mut report = CaseReport::default();
    for (kind, name, value) in [
        ("jwt", "SESSION_FORWARD_URL", APP),
        ("jwt", "SESSION_INTROSPECTION_URL", ENDPOINT),
        ("jwt", "SESSION_INTROSPECTION_SECRET_ID", "a-secret"),
        ("jwt", "SESSION_SECRET_ID", "a-secret"),
        ("introspection", "SESSION_FORWARD_URL", APP),
        (
            "introspection",
            "SESSION_JWKS_URL",
            "https://id.example.com/keys",
        ),
        ("introspection", "SESSION_SECRET_ID", "a-secret"),
        ("forward", "SESSION_INTROSPECTION_URL", ENDPOINT),
        ("forward", "SESSION_JWKS_URL", "https://id.example.com/keys"),
        ("forward", "SESSION_SECRET_ID", "a-secret"),
    ] {
        let builder = match kind {
            "jwt" => env.function("cartesia"),
            "introspection" => env.introspection("cartesia", ENDPOINT, "a-secret"),
            _ => env.forward("cartesia", APP),
        };
        let text = startup_error(builder.env(name, value)).await;
        report.check(
            &format!("{kind} {name}: {text:?}"),
            text.as_ref().is_some_and(|text| mentions(text, name)),
        );
    }
    // Plain http on loopback, a query and valid pointers are accepted.
    for (kind, settings) in [
        (
            "introspection",
            vec![
                ("SESSION_INTROSPECTION_URL", "http://localhost:1/i"),
                ("SESSION_SUBJECT_POINTER", "/a~1b"),
            ],
        ),
        (
            "introspection",
            vec![
                ("SESSION_ISSUER", "any name at all"),
                ("SESSION_AUDIENCE", "*"),
            ],
        ),
        (
            "forward",
            vec![
                ("SESSION_FORWARD_URL", "http://127.0.0.1:1/me?full=1"),
                ("SESSION_SUBJECT_POINTER", "/users/0/id"),
            ],
        ),
        (
            "forward",
            vec![
                ("SESSION_FORWARD_URL", "http://host.docker.internal:1/me"),
                ("SESSION_ISSUER", "the app"),
            ],
        ),
        (
            "forward",
            vec![("SESSION_FORWARD_URL", "http://[::1]:1/me")],
        ),
    ] {
        let builder = match kind {
            "introspection" => env.introspection("cartesia", ENDPOINT, "a-secret"),
            _ => env.forward("cartesia", APP),
        };
        report.check_eq(
            &format!("{kind} {settings:?}"),
            startup_error(with(builder, &settings)).await,
            None,
        );
    }
    report.finish();
}
