//! Settings: the function reports all errors at once, by name, and stops. It accepts valid
//! settings.

use std::time::Duration;

use tokio::time::sleep;
use voicemint_tests::{Event, Function, FunctionBuilder, Response, TestEnv};

use crate::support::{CaseReport, status_and_code};

/// Starts a function and returns what it wrote before it stopped, or `None` if it responds.
pub async fn startup_error(builder: FunctionBuilder) -> Option<String> {
    let event = Event::post("cartesia").to_string();
    for _ in 0..5 {
        let function = builder.clone().start().await;
        let Ok((status, bytes)) = function.try_invoke_raw(event.as_bytes()).await else {
            continue;
        };
        if Response::parse(&bytes).is_some() {
            return None;
        }
        assert_eq!(status, 502, "{}", String::from_utf8_lossy(&bytes));
        // The function's output may arrive a moment after the emulator's response.
        function.wait_for_text("Runtime.ExitError").await;
        sleep(Duration::from_millis(50)).await;
        return Some(function_output(&function));
    }
    panic!("the emulator failed each time")
}

/// The output of the function at its first start, without the emulator's lines.
fn function_output(function: &Function) -> String {
    let is_emulator_line = |line: &&str| {
        line.contains("(rapid)")
            || ["START RequestId", "END RequestId", "REPORT RequestId"]
                .iter()
                .any(|start| line.starts_with(start))
    };
    function
        .logs()
        .lines()
        .filter(|line| !is_emulator_line(line))
        .collect::<Vec<_>>()
        .join("\n")
}

/// Whether a text contains the name as a whole word.
pub fn mentions(text: &str, name: &str) -> bool {
    text.split(|character: char| !(character.is_ascii_alphanumeric() || character == '_'))
        .any(|word| word == name)
}

#[tokio::test]
async fn all_errors_are_reported_at_once() {
    let env = TestEnv::start().await;
    for (provider, invalid) in [
        (
            "cartesia",
            vec![
                ("API_KEY_SECRET_ID", ""),
                ("SECRET_CACHE_SECONDS", "soon"),
                ("PROVIDER_BASE_URL", "http://api.cartesia.ai"),
                ("ALLOWED_GRANTS", "tts,sing"),
                ("MAX_EXPIRES_IN", "3601"),
                ("DEFAULT_EXPIRES_IN", "0"),
                ("SESSION_ISSUER", "issuer.example"),
                ("SESSION_AUDIENCE", ""),
                ("SESSION_ALGORITHMS", "none"),
                ("ALLOWED_ORIGINS", "https://app.example.com/page"),
                ("LOG_LEVEL", "loud"),
            ],
        ),
        (
            "elevenlabs",
            vec![
                ("API_KEY_SECRET_ID", ""),
                ("ALLOWED_TOKEN_TYPES", "magic"),
                ("LOG_LEVEL", ""),
            ],
        ),
        (
            "assemblyai",
            vec![
                ("MAX_SESSION_DURATION_SECONDS", "59"),
                ("MAX_EXPIRES_IN", "601"),
                ("ALLOWED_ORIGINS", "*"),
            ],
        ),
    ] {
        let mut builder = env.function(provider);
        for (name, value) in &invalid {
            // An empty value stands for a missing variable, except for the log level, which has a
            // default.
            builder = match *value {
                "" if *name != "LOG_LEVEL" => builder.without(name),
                "" => builder.env(name, "shout"),
                value => builder.env(name, value),
            };
        }
        let text = startup_error(builder)
            .await
            .unwrap_or_else(|| panic!("{provider} starts with {invalid:?}"));
        let unreported: Vec<_> = invalid
            .iter()
            .filter(|(name, _)| !mentions(&text, name))
            .collect();
        assert!(
            unreported.is_empty(),
            "{provider} does not report {unreported:?}:\n{text}"
        );
        // Valid settings are not reported.
        assert!(!mentions(&text, "SESSION_COOKIE"), "{text}");
    }
}

#[tokio::test]
async fn each_invalid_setting_is_reported_by_name() {
    let env = TestEnv::start().await;
    let mut report = CaseReport::default();
    for (provider, name, value) in [
        ("cartesia", "API_KEY_SECRET_ID", None),
        ("cartesia", "API_KEY_SECRET_ID", Some("")),
        ("cartesia", "SECRET_CACHE_SECONDS", Some("-1")),
        ("cartesia", "SECRET_CACHE_SECONDS", Some("5m")),
        (
            "cartesia",
            "PROVIDER_BASE_URL",
            Some("http://127.0.0.1.evil.example"),
        ),
        (
            "cartesia",
            "PROVIDER_BASE_URL",
            Some("http://localhost.evil.example"),
        ),
        (
            "cartesia",
            "PROVIDER_BASE_URL",
            Some("http://10.0.0.1:8788"),
        ),
        ("cartesia", "PROVIDER_BASE_URL", Some("ftp://localhost")),
        ("cartesia", "PROVIDER_BASE_URL", Some("api.cartesia.ai")),
        (
            "cartesia",
            "PROVIDER_BASE_URL",
            Some("https://api.cartesia.ai/v1"),
        ),
        (
            "elevenlabs",
            "PROVIDER_BASE_URL",
            Some("https://api.eu.residency.elevenlabs.io/v1/"),
        ),
        (
            "assemblyai",
            "PROVIDER_BASE_URL",
            Some("https://streaming.eu.assemblyai.com/v3/token"),
        ),
        ("cartesia", "ALLOWED_GRANTS", Some("TTS")),
        ("cartesia", "MAX_EXPIRES_IN", Some("0")),
        ("cartesia", "MAX_EXPIRES_IN", Some("1.5")),
        ("cartesia", "DEFAULT_EXPIRES_IN", Some("3601")),
        ("cartesia", "RATE_LIMIT", Some("10/minutes")),
        ("cartesia", "RATE_LIMIT", Some("0/hour")),
        ("cartesia", "DAILY_LIMIT", Some("0")),
        ("cartesia", "LIMIT_ON_ERROR", Some("maybe")),
        ("cartesia", "SSL_CERT_FILE", Some("/no/such/file.pem")),
        ("cartesia", "SSL_CERT_FILE", Some("/dev/null")),
        ("cartesia", "HTTPS_PROXY", Some("ftp://proxy.example")),
        ("cartesia", "SESSION_KIND", Some("nonesuch")),
        ("cartesia", "SESSION_ISSUER", None),
        ("cartesia", "SESSION_ISSUER", Some("http://issuer.example")),
        ("cartesia", "SESSION_AUDIENCE", None),
        (
            "cartesia",
            "SESSION_JWKS_URL",
            Some("http://issuer.example/keys"),
        ),
        ("cartesia", "SESSION_ALGORITHMS", Some("HS256")),
        ("cartesia", "SESSION_ALGORITHMS", Some("RS256,RS257")),
        ("cartesia", "SESSION_REQUIRED_CLAIMS", Some("token_use")),
        (
            "cartesia",
            "SESSION_REQUIRED_CLAIMS",
            Some("/token~use=access"),
        ),
        ("cartesia", "GRANTS_CLAIM", Some("/app~metadata/voice")),
        ("cartesia", "ALLOWED_ORIGINS", Some("*")),
        ("cartesia", "ALLOWED_ORIGINS", Some("null")),
        ("cartesia", "ALLOWED_ORIGINS", Some("https://*.example.com")),
        (
            "cartesia",
            "ALLOWED_ORIGINS",
            Some("https://app.example.com/"),
        ),
        ("cartesia", "ALLOWED_ORIGINS", Some("app.example.com")),
        ("cartesia", "LOG_LEVEL", Some("verbose")),
        (
            "elevenlabs",
            "ALLOWED_TOKEN_TYPES",
            Some("realtime_scribe,tts"),
        ),
        ("assemblyai", "MAX_EXPIRES_IN", Some("601")),
        ("assemblyai", "MAX_SESSION_DURATION_SECONDS", Some("10801")),
        ("assemblyai", "ALLOWED_PRODUCTS", Some("streaming,tts")),
        // Agents are allowed, and PROVIDER_BASE_URL is set.
        ("assemblyai", "AGENT_BASE_URL", None),
    ] {
        let builder = env.function(provider);
        let builder = match value {
            Some(value) => builder.env(name, value),
            None => builder.without(name),
        };
        let text = startup_error(builder).await;
        let reported = text.as_ref().is_some_and(|text| mentions(text, name));
        report.check(&format!("{provider} {name}={value:?}: {text:?}"), reported);
    }
    for name in ["SESSION_SECRET_ID", "SESSION_AUDIENCE"] {
        let builder = env
            .function("cartesia")
            .env("SESSION_KIND", "secret")
            .env("SESSION_SECRET_ID", "x")
            .without(name);
        let text = startup_error(builder).await;
        report.check(
            &format!("secret without {name}: {text:?}"),
            text.as_ref().is_some_and(|text| mentions(text, name)),
        );
    }
    report.finish();
}

#[tokio::test]
async fn valid_settings_are_accepted() {
    let env = TestEnv::start().await;
    let mut report = CaseReport::default();
    for (name, value) in [
        ("LOG_LEVEL", "error"),
        ("LOG_LEVEL", "trace"),
        (
            "ALLOWED_ORIGINS",
            "https://app.example.com,https://www.example.com",
        ),
        (
            "ALLOWED_ORIGINS",
            "https://app.example.com, http://localhost:3000",
        ),
        ("ALLOWED_GRANTS", "tts,stt,agent"),
        ("ALLOWED_GRANTS", "tts, stt"),
        ("SESSION_KIND", "jwt"),
        ("SECRET_CACHE_SECONDS", "0"),
        ("SECRET_CACHE_SECONDS", "86400"),
        ("API_KEY_JSON_FIELD", "key"),
    ] {
        let function = env.function("cartesia").env(name, value).start().await;
        let response = function
            .invoke(&Event::post("cartesia").bearer(&env.issuer.token("ada")))
            .await;
        report.check_eq(
            &format!("{name}={value}"),
            status_and_code(&response),
            "200",
        );
    }
    // Plain http is accepted for loopback hosts and for the name by which a container reaches its
    // host, whether or not a server listens there.
    for url in [
        "http://localhost:1",
        "http://127.0.0.1:1",
        "http://[::1]:1",
        "http://host.docker.internal:1",
    ] {
        let builder = env
            .function("cartesia")
            .env("PROVIDER_BASE_URL", url)
            .env("SESSION_JWKS_URL", format!("{url}/keys"));
        report.check_eq(url, startup_error(builder).await, None);
    }
    report.finish();
}

#[tokio::test]
async fn the_general_endpoint_variable_works_as_in_any_sdk() {
    let env = TestEnv::start().await;
    let builder = env
        .function("cartesia")
        .without(voicemint_tests::SECRETS_MANAGER_ENDPOINT);
    let function = builder
        .env("AWS_ENDPOINT_URL", env.secrets_proxy.url())
        .start()
        .await;
    let response = function
        .invoke(&Event::post("cartesia").bearer(&env.issuer.token("ada")))
        .await;
    assert_eq!(status_and_code(&response), "200", "{}", function.logs());
}

#[tokio::test]
async fn without_allowed_origins_no_page_may_call_and_others_may() {
    let env = TestEnv::start().await;
    let function = env
        .function("cartesia")
        .without("ALLOWED_ORIGINS")
        .start()
        .await;
    let event = Event::post("cartesia").bearer(&env.issuer.token("ada"));
    assert_eq!(
        status_and_code(&function.invoke(&event).await),
        "403 origin_not_allowed"
    );
    assert_eq!(
        status_and_code(&function.invoke(&event.no_origin()).await),
        "200"
    );
}

#[tokio::test]
async fn log_level_error_keeps_the_log_line_per_request() {
    let env = TestEnv::start().await;
    let function = env
        .function("cartesia")
        .env("LOG_LEVEL", "error")
        .start()
        .await;
    let (response, line) = function
        .invoke_logged(&Event::post("cartesia").bearer(&env.issuer.token("ada")))
        .await;
    assert_eq!(
        (response.status, line["outcome"].as_str()),
        (200, Some("minted"))
    );
}
