//! Settings that only some providers have.

use super::called::Called;
use super::env::try_start;
use super::room::Rooms;

const ROOMS: [(&str, &str); 2] = [
    ("API_KEY_SECRET_ID", "rooms"),
    ("PROFILES_SECRET_ID", "profiles"),
];

fn called_error(more: &[(&str, &str)]) -> Option<String> {
    let settings = [("API_KEY_SECRET_ID", "key")];
    try_start::<Called>(&[settings.as_slice(), more].concat(), &[]).err()
}

fn rooms_error(more: &[(&str, &str)]) -> Option<String> {
    try_start::<Rooms>(&[ROOMS.as_slice(), more].concat(), &[]).err()
}

#[track_caller]
fn assert_names(error: Option<String>, name: &str) {
    let error = error.unwrap_or_default();
    assert!(error.contains(name), "{name}: {error:?}");
}

#[test]
fn a_setting_without_effect_is_an_error() {
    let all = [
        ("SINGLE_USE", "false"),
        ("SUBJECT_REFERENCE", "plain"),
        ("AGENT_BASE_URL", "https://agent.test"),
    ];
    assert_eq!(called_error(&all), None);
    assert_eq!(rooms_error(&[("SUBJECT_REFERENCE", "plain")]), None);
    for (name, value) in [
        ("SINGLE_USE", "false"),
        ("AGENT_BASE_URL", "https://a.test"),
    ] {
        assert_names(rooms_error(&[(name, value)]), name);
    }
    for name in ["PROFILES_SECRET_ID", "DEFAULT_PROFILE", "SEALING_SECRET_ID"] {
        assert_names(called_error(&[(name, "one")]), name);
    }
    // A deployment sets it for all of its functions.
    assert_eq!(rooms_error(&[("API_KEY_JSON_FIELD", "api_key")]), None);
}

#[test]
fn a_provider_with_profiles_needs_their_secret() {
    let settings = [("API_KEY_SECRET_ID", "rooms")];
    let error = try_start::<Rooms>(&settings, &[]).err();
    assert_names(error, "PROFILES_SECRET_ID is not set");
    assert_names(rooms_error(&[("DEFAULT_PROFILE", "No")]), "DEFAULT_PROFILE");
    assert_eq!(rooms_error(&[("DEFAULT_PROFILE", "lobby")]), None);
}

#[test]
fn a_lifetime_below_the_shortest_one_is_an_error() {
    for name in ["MAX_EXPIRES_IN", "DEFAULT_EXPIRES_IN"] {
        assert_names(called_error(&[(name, "59")]), name);
        assert_eq!(called_error(&[(name, "60")]), None);
        assert_names(rooms_error(&[(name, "9")]), name);
        assert_eq!(rooms_error(&[(name, "10")]), None);
    }
}

#[test]
fn a_provider_that_needs_a_subject_refuses_to_do_without() {
    assert_names(
        rooms_error(&[("SUBJECT_REFERENCE", "none")]),
        "SUBJECT_REFERENCE",
    );
    assert_names(
        called_error(&[("SUBJECT_REFERENCE", "email")]),
        "SUBJECT_REFERENCE",
    );
}
