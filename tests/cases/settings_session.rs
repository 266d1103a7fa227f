//! Settings of sessions: each fault is told by name, all of them in one message, and the function
//! stops.

use voicemint_tests::{Builder, World};

use crate::settings::{complaint, names};
use crate::support::Tally;

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

fn with(mut builder: Builder, settings: &[(&str, &str)]) -> Builder {
    for (name, value) in settings {
        // The empty ones are missing altogether.
        builder = if value.is_empty() {
            builder.without(name)
        } else {
            builder.env(name, *value)
        };
    }
    builder
}

#[tokio::test]
async fn an_unknown_kind_is_told_which_ones_there_are_and_not_repeated() {
    let world = World::start().await;
    let mut tally = Tally::default();
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
        let text = complaint(with(world.function("cartesia"), &settings))
            .await
            .unwrap_or_default();
        tally.holds(&format!("{kind}: {text}"), names(&text, "SESSION_KIND"));
        let list = text
            .split_once("must be one of ")
            .map(|(_, list)| list)
            .unwrap_or_default();
        let listed: Vec<_> = list
            .split([',', ';', ' ', '"'])
            .filter(|word| !word.is_empty())
            .collect();
        for known in KINDS {
            tally.holds(
                &format!("{kind}: {known} is not listed in {text}"),
                listed.contains(&known),
            );
        }
        // A key pasted into the wrong variable must not end up in a log.
        tally.holds(&format!("{kind} is repeated"), !text.contains("sk_car"));
        // What another kind may need is no fault, and what jwt needs is not missing, as long as
        // nobody knows which kind is meant.
        for name in ["SESSION_FORWARD_URL", "SESSION_ISSUER", "SESSION_AUDIENCE"] {
            tally.holds(&format!("{kind}: {name} in {text}"), !names(&text, name));
        }
    }
    tally.done();
}

#[tokio::test]
async fn each_fault_of_introspection_and_forward_is_told_by_name() {
    let world = World::start().await;
    let introspection = world.introspection("cartesia", ENDPOINT, "a-secret");
    let forward = world.forward("cartesia", APP);
    let mut tally = Tally::default();
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
        let text = complaint(with(kind.clone(), &[(name, value)])).await;
        let told = text.as_ref().is_some_and(|text| names(text, name));
        tally.holds(&format!("{name}={value}: {text:?}"), told);
        // And of nothing else of the session's.
        let others = [
            "SESSION_INTROSPECTION_URL",
            "SESSION_INTROSPECTION_SECRET_ID",
            "SESSION_FORWARD_URL",
            "SESSION_ISSUER",
        ];
        for other in others.iter().filter(|other| **other != name) {
            let told = text.as_ref().is_some_and(|text| names(text, other));
            tally.holds(&format!("{name}={value} is not {other}: {text:?}"), !told);
        }
    }
    tally.done();
}

#[tokio::test]
async fn all_faults_are_told_at_once() {
    let world = World::start().await;
    let mut tally = Tally::default();
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
        let builder = world
            .introspection("cartesia", ENDPOINT, "a-secret")
            .env("SESSION_KIND", kind);
        let text = complaint(with(builder, &settings))
            .await
            .unwrap_or_default();
        for (name, _) in settings {
            tally.holds(
                &format!("{kind} does not tell of {name}: {text}"),
                names(&text, name),
            );
        }
    }
    tally.done();
}

#[tokio::test]
async fn a_setting_of_another_kind_is_not_lost_in_silence() {
    let world = World::start().await;
    let mut tally = Tally::default();
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
            "jwt" => world.function("cartesia"),
            "introspection" => world.introspection("cartesia", ENDPOINT, "a-secret"),
            _ => world.forward("cartesia", APP),
        };
        let text = complaint(builder.env(name, value)).await;
        tally.holds(
            &format!("{kind} {name}: {text:?}"),
            text.as_ref().is_some_and(|text| names(text, name)),
        );
    }
    // Plain http on this machine, a query, and every pointer that is one are taken.
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
            "introspection" => world.introspection("cartesia", ENDPOINT, "a-secret"),
            _ => world.forward("cartesia", APP),
        };
        tally.is(
            &format!("{kind} {settings:?}"),
            complaint(with(builder, &settings)).await,
            None,
        );
    }
    tally.done();
}
