//! Tests of the settings given by `--set`: the functions use them, and all errors are reported at
//! once.

use serde_json::json;
use voicemint_dev::app::App;
use voicemint_dev::providers::PROVIDERS;
use voicemint_dev::settings_check::authorities;

use crate::harness::*;

/// The error message for these settings.
async fn settings_error(set: &[&str]) -> Option<String> {
    let arguments = arguments(&bind().await, &bind().await, set);
    App::new(&arguments, &|_| None)
        .err()
        .map(|error| error.to_string())
}

#[tokio::test]
async fn flags_can_change_settings_and_settings_are_checked() {
    let local = Local::start(&["cartesia:DEFAULT_EXPIRES_IN=7"]).await;
    assert_eq!(local.mint("cartesia", json!({})).await["expires_in"], 7);
    for wrong in [
        "MAX_EXPIRES_IN=much",
        "MAX_EXPIRE_IN=9",
        "GRANTS_CLAIM=/a~",
        "LOG_LEVEL=loud",
    ] {
        let message = settings_error(&[wrong]).await.unwrap();
        assert!(
            message.contains(wrong.split('=').next().unwrap()),
            "{message}"
        );
    }
}

#[tokio::test]
async fn a_named_provider_must_have_the_setting() {
    for set in [
        "elevenlabs:MAX_EXPIRES_IN=5",
        "elevenlabs:ALLOWED_GRANTS=tts",
        "assemblyai:ALLOWED_GRANTS=tts",
        "cartesia:ALLOWED_TOKEN_TYPES=tts_websocket",
        "cartesia:MAX_SESSION_DURATION_SECONDS=60",
        // All functions share one log.
        "cartesia:LOG_LEVEL=debug",
    ] {
        let message = settings_error(&[set]).await.unwrap();
        let (flag, _) = set.split_once('=').unwrap();
        let (provider, _) = set.split_once(':').unwrap();
        assert_eq!(
            message,
            format!(
                "--set {flag}: {provider} has no setting of this name; docs/settings.md lists them"
            )
        );
    }
    let good = [
        "MAX_EXPIRES_IN=12",
        "cartesia:MAX_EXPIRES_IN=5",
        "ALLOWED_TOKEN_TYPES=tts_websocket",
        "LOG_LEVEL=debug",
    ];
    assert_eq!(settings_error(&good).await, None);
}

#[tokio::test]
async fn all_errors_are_reported_at_once_with_their_functions() {
    let message = settings_error(&[
        "LOG_LEVEL=loud",
        "SESSION_COOKIE=a b",
        "SESSION_REQUIRED_CLAIMS=wrong,twice",
        "cartesia:ALLOWED_GRANTS=sing",
        "elevenlabs:ALLOWED_TOKEN_TYPES=magic",
        "elevenlabs:ALLOWED_GRANTS=tts",
        "SECRET_CACHE_SECONDS=soon",
        "assemblyai:SECRET_CACHE_SECONDS=9",
        "MAX_EXPIRE_IN=9",
    ])
    .await
    .unwrap();
    let errors: Vec<_> = message
        .split("; ")
        .map(|error| error.split(" must ").next().unwrap())
        .collect();
    let others = PROVIDERS
        .map(|provider| provider.name)
        .into_iter()
        .filter(|name| *name != "assemblyai");
    let cache_seconds = format!(
        "{}: SECRET_CACHE_SECONDS",
        others.collect::<Vec<_>>().join(", ")
    );
    let wanted = [
        "LOG_LEVEL",
        "cartesia: ALLOWED_GRANTS",
        "SESSION_REQUIRED_CLAIMS",
        "SESSION_COOKIE",
        &cache_seconds,
        "elevenlabs: ALLOWED_TOKEN_TYPES",
        "--set elevenlabs:ALLOWED_GRANTS: elevenlabs has no setting of this name",
        "--set MAX_EXPIRE_IN: the functions have no setting of this name",
        "docs/settings.md lists them",
    ];
    assert_eq!(errors, wanted, "{message}");
}

#[tokio::test]
async fn with_an_unknown_kind_of_sessions_its_settings_are_not_reported() {
    let message = settings_error(&[
        "SESSION_KIND=nope",
        "SESSION_ISSUER=https://id.test",
        "MAX_EXPIRE_IN=9",
    ])
    .await
    .unwrap();
    assert!(
        message.contains("SESSION_KIND must be one of") && message.contains("MAX_EXPIRE_IN"),
        "{message}"
    );
    assert!(!message.contains("SESSION_ISSUER"), "{message}");
}

#[tokio::test]
async fn a_real_key_is_not_exposed_without_the_flag_that_allows_it() {
    let settings_error = async |more: &[&str], keys: &[&str]| {
        let arguments = flags(&bind().await, &bind().await, more);
        let environment = |name: &str| keys.contains(&name).then(|| "sk_real".to_owned());
        App::new(&arguments, &environment)
            .err()
            .map(|error| error.to_string())
    };
    let key = ["ELEVENLABS_API_KEY"];
    for exposing in [
        &["--containers"][..],
        &["--listen", "0.0.0.0"],
        &["--listen", "::"],
        &["--listen", "192.168.1.20"],
        &["--host", "abc.tunnel.test"],
        &["--containers", "--host", "10.0.2.2"],
    ] {
        let message = settings_error(exposing, &key).await.unwrap();
        assert!(
            message.contains(exposing[0])
                && message.contains(key[0])
                && message.contains("--share-real-keys"),
            "{message}"
        );
        assert!(
            !message.contains("sk_real") && !message.contains(['\n', ';', '.']),
            "one sentence: {message}"
        );
        assert_eq!(
            settings_error(&[exposing, &["--share-real-keys"]].concat(), &key).await,
            None,
            "{exposing:?}"
        );
        assert_eq!(
            settings_error(exposing, &[]).await,
            None,
            "without a real key: {exposing:?}"
        );
    }
    for own in [
        &[][..],
        &["--listen", "127.0.0.1"],
        &["--listen", "::1"],
        &["--host", "10.0.2.2"],
    ] {
        assert_eq!(settings_error(own, &key).await, None, "{own:?}");
    }
    let message = settings_error(
        &["--containers", "--set", "MAX_EXPIRES_IN=much"],
        &["CARTESIA_API_KEY"],
    )
    .await
    .unwrap();
    assert!(
        message.contains("CARTESIA_API_KEY") && message.contains("MAX_EXPIRES_IN"),
        "all at once: {message}"
    );
}

#[tokio::test]
async fn a_file_of_authorities_is_used_unless_it_is_the_local_one() {
    let folder =
        std::env::temp_dir().join(format!("voicemint-dev-authorities-{}", std::process::id()));
    std::fs::create_dir_all(folder.join("voicemint")).unwrap();
    let path = |name: &str| folder.join(name).to_str().unwrap().to_owned();
    let trusted = async |more: &[&str], named: &str| {
        let arguments = flags(&bind().await, &bind().await, more);
        let environment = |name: &str| match name {
            "SSL_CERT_FILE" => Some(named.to_owned()),
            "XDG_DATA_HOME" => Some(path("")),
            _ => None,
        };
        authorities(&arguments, &environment)
    };
    let (own, company) = (path("voicemint/ca.pem"), path("company.pem"));
    for is_there in [false, true] {
        if is_there {
            std::fs::write(&own, "").unwrap();
            std::fs::write(&company, "").unwrap();
        }
        assert_eq!(trusted(&[], &own).await, None, "{is_there}");
        assert_eq!(trusted(&[], &company).await.as_ref(), Some(&company));
        assert_eq!(trusted(&["--ca-file", &company], &company).await, None);
        assert_eq!(
            trusted(&["--ca-file", &company], &own).await.as_ref(),
            Some(&own)
        );
    }
    assert_eq!(
        trusted(&[], &path("voicemint/../voicemint/./ca.pem")).await,
        None
    );
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(&own, path("link.pem")).unwrap();
        assert_eq!(trusted(&[], &path("link.pem")).await, None);
    }
    std::fs::remove_dir_all(&folder).unwrap();
}
