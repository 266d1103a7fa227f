//! Error responses of a provider: which are retried, which are passed on and how, and which
//! responses contain no token.

use serde_json::{Value, json};
use voicemint_tests::{
    Event, Function, Reply, ScriptedServer, Server, TestEnv, called_providers, mint_response,
};

use crate::support::{CaseReport, status_and_code};

const REJECTED: &str = "502 provider_rejected";
const UNAVAILABLE: &str = "503 provider_unavailable";

async fn function_with(env: &TestEnv, provider: &str, standin: &ScriptedServer) -> Function {
    env.function(provider)
        .env("PROVIDER_BASE_URL", standin.url())
        .start()
        .await
}

fn error(status: u16) -> Reply {
    Reply::json(
        status,
        &json!({ "error": "no", "message": "no", "detail": { "code": "no" } }),
    )
}

#[tokio::test]
async fn only_transient_errors_are_retried_and_only_once() {
    let env = TestEnv::start().await;
    for provider in called_providers() {
        let standin = ScriptedServer::start([]).await;
        let function = function_with(&env, provider, &standin).await;
        let event = Event::post(provider).bearer(&env.issuer.token("ada"));
        let success = || Reply::minted(provider, "a-token-after-all");
        let busy = |seconds: &str| error(429).header("retry-after", seconds);
        let mut report = CaseReport::default();
        for (case, script, want, calls) in [
            ("success", vec![success()], "200", 1),
            ("500, success", vec![error(500), success()], "200", 2),
            ("502, success", vec![error(502), success()], "200", 2),
            ("503, success", vec![error(503), success()], "200", 2),
            ("504, success", vec![error(504), success()], "200", 2),
            ("408, success", vec![error(408), success()], "200", 2),
            (
                "429 for one second, success",
                vec![busy("1"), success()],
                "200",
                2,
            ),
            (
                "429 for 30 seconds",
                vec![busy("30"), success()],
                UNAVAILABLE,
                1,
            ),
            ("reset, success", vec![Reply::reset(), success()], "200", 2),
            (
                "500 twice",
                vec![error(500), error(500), success()],
                UNAVAILABLE,
                2,
            ),
            (
                "500 and reset",
                vec![error(500), Reply::reset(), success()],
                UNAVAILABLE,
                2,
            ),
            (
                "reset twice",
                vec![Reply::reset(), Reply::reset(), success()],
                UNAVAILABLE,
                2,
            ),
            (
                "408 twice",
                vec![error(408), error(408), success()],
                UNAVAILABLE,
                2,
            ),
            (
                "429 for one second, twice",
                vec![busy("1"), busy("1"), success()],
                UNAVAILABLE,
                2,
            ),
            ("400", vec![error(400), success()], REJECTED, 1),
            ("402", vec![error(402), success()], REJECTED, 1),
            ("403", vec![error(403), success()], REJECTED, 1),
            ("404", vec![error(404), success()], REJECTED, 1),
            ("422", vec![error(422), success()], REJECTED, 1),
            // The key in Secrets Manager has not changed, so a retry would not help.
            ("401", vec![error(401), success()], REJECTED, 1),
        ] {
            standin.set_script(script);
            let before = standin.requests().len();
            let response = function.invoke(&event).await;
            report.check_eq(
                &format!("{provider}: {case}"),
                status_and_code(&response),
                want,
            );
            report.check_eq(
                &format!("{provider}: calls at {case}"),
                standin.requests().len() - before,
                calls,
            );
        }
        report.finish();
    }
}

#[tokio::test]
async fn a_retry_after_is_passed_on_between_1_and_60_seconds() {
    let env = TestEnv::start().await;
    let standin = ScriptedServer::start([]).await;
    let function = function_with(&env, "cartesia", &standin).await;
    let event = Event::post("cartesia").bearer(&env.issuer.token("ada"));
    let mut report = CaseReport::default();
    for (status, given, want) in [
        (429, "30", "30"),
        (429, "60", "60"),
        (429, "61", "60"),
        (429, "86400", "60"),
        // A date is relative to the `Date` header of the response.
        (429, "Sun, 22 Nov 2026 10:00:30 GMT", "30"),
        (429, "Mon, 22 Nov 2027 10:00:00 GMT", "60"),
        (429, "0", "1"),
        (429, "1", "1"),
        (503, "30", "30"),
    ] {
        standin.set_script([error(status)
            .header("retry-after", given)
            .header("date", "Sun, 22 Nov 2026 10:00:00 GMT")]);
        let response = function.invoke(&event).await;
        let case = format!("{status} with {given}");
        report.check_eq(&case, status_and_code(&response), UNAVAILABLE);
        report.check_eq(&case, response.header("retry-after"), want);
    }
    for given in [
        "",
        "soon",
        "-5",
        "1.5",
        "99999999999999999999",
        "Sun, 22 Nov 2026 10:00:30 GMT",
    ] {
        standin.set_script([error(429).header("retry-after", given)]);
        let response = function.invoke(&event).await;
        report.check_eq(given, status_and_code(&response), UNAVAILABLE);
        let seconds = response.header("retry-after");
        let valid = seconds.is_empty()
            || seconds
                .parse::<u32>()
                .is_ok_and(|seconds| (1..=60).contains(&seconds));
        report.check(&format!("{given:?} became {seconds:?}"), valid);
    }
    report.finish();
}

/// The first text in a value that contains a part.
fn text_with<'a>(value: &'a Value, part: &str) -> Option<&'a Value> {
    match value {
        Value::String(text) => text.contains(part).then_some(value),
        Value::Array(items) => items.iter().find_map(|item| text_with(item, part)),
        Value::Object(members) => members.values().find_map(|member| text_with(member, part)),
        _ => None,
    }
}

#[tokio::test]
async fn a_response_without_a_token_is_provider_rejected() {
    let env = TestEnv::start().await;
    for provider in called_providers() {
        let standin = ScriptedServer::start([]).await;
        let function = function_with(&env, provider, &standin).await;
        let event = Event::post(provider).bearer(&env.issuer.token("ada"));
        let body = |body: &str| Reply::new(200, "application/json", body);
        let minted = mint_response(provider, "a-token");
        // The token may be a part of a text, such as a URL.
        let whole = text_with(&minted, "a-token").expect("a token").to_string();
        let with_token = |token: &str| minted.to_string().replace(&whole, token);
        let padded = |length: usize| {
            let mut response = minted.clone();
            response["padding"] = "p".repeat(length).into();
            body(&response.to_string())
        };
        let not_utf8: Vec<_> = with_token("\"??\"")
            .bytes()
            .map(|byte| if byte == b'?' { 0xff } else { byte })
            .collect();
        let text = minted.to_string();
        let (until_token, _) = text.split_at(text.rfind("en\"").expect("a token"));
        let mut report = CaseReport::default();
        for (case, reply) in [
            (
                "HTML",
                Reply::new(200, "text/html", "<!doctype html><title>Welcome</title>"),
            ),
            (
                "HTML with the JSON media type",
                body("<!doctype html><title>Welcome</title>"),
            ),
            ("an empty body", body("")),
            ("a bare string", body(r#""a-token""#)),
            ("null", body("null")),
            ("an array", body(&format!("[{minted}]"))),
            ("truncated JSON", body(until_token)),
            ("no token", body(r#"{"expires_in_seconds":60}"#)),
            ("an empty token", body(&with_token("\"\""))),
            ("a null token", body(&with_token("null"))),
            ("a number as the token", body(&with_token("123456"))),
            (
                "an object as the token",
                body(&with_token(r#"{"value":"a-token"}"#)),
            ),
            ("an array as the token", body(&with_token(r#"["a-token"]"#))),
            ("not UTF-8", Reply::new(200, "application/json", not_utf8)),
            ("5 MB of JSON", padded(5_000_000)),
            (
                "a token of 5 MB",
                body(&with_token(&format!("\"{}\"", "t".repeat(5_000_000)))),
            ),
        ] {
            standin.set_script([reply]);
            let response = function.invoke(&event).await;
            report.check_eq(
                &format!("{provider}: {case}"),
                status_and_code(&response),
                REJECTED,
            );
        }
        // Just below the limit.
        standin.set_script([padded(64_000)]);
        report.check_eq(
            &format!("{provider}: 64 KB"),
            status_and_code(&function.invoke(&event).await),
            "200",
        );
        report.finish();
        assert_eq!(function.starts(), 1);
    }
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let env = TestEnv::start().await;
    let elsewhere = Server::start(|_| Reply::token("a-token-from-elsewhere")).await;
    let standin = ScriptedServer::start([]).await;
    for provider in called_providers() {
        let function = function_with(&env, provider, &standin).await;
        for status in [301, 302, 303, 307, 308] {
            standin.set_script([Reply::minted(provider, "a-token")
                .status(status)
                .header("location", &elsewhere.url())]);
            let response = function
                .invoke(&Event::post(provider).bearer(&env.issuer.token("ada")))
                .await;
            assert_eq!(status_and_code(&response), REJECTED, "{provider}: {status}");
        }
    }
    // The API key was not sent anywhere else.
    assert_eq!(elsewhere.connections(), 0);
}

#[tokio::test]
async fn the_providers_body_is_neither_passed_on_nor_logged() {
    let env = TestEnv::start().await;
    let provider_text = [("the provider's text", "these-words-are-the-providers-own")];
    for provider in called_providers() {
        let standin = ScriptedServer::start([]).await;
        let function = env
            .function(provider)
            .env("PROVIDER_BASE_URL", standin.url());
        let function = function.env("LOG_LEVEL", "trace").start().await;
        let event = Event::post(provider).bearer(&env.issuer.token("ada"));
        let text = json!(provider_text[0].1);
        for status in [200, 400, 401, 403, 429, 500] {
            let body = json!({ "error": text, "message": text, "detail": { "message": text }, "token": [text] });
            let reply = Reply::json(status, &body).header("x-trace", provider_text[0].1);
            standin.set_script([reply.header("retry-after", "30")]);
            let response = function.invoke(&event).await;
            voicemint_tests::leaks::assert_absent(
                &[("the response", &format!("{response:?}"))],
                &provider_text,
            );
        }
        voicemint_tests::leaks::assert_absent(&[("the log", &function.logs())], &provider_text);
    }
}

#[tokio::test]
async fn the_log_contains_the_providers_known_codes_and_none_of_its_text() {
    let env = TestEnv::start().await;
    let mut report = CaseReport::default();
    let detail =
        |code: &str| json!({ "detail": { "status": code, "message": "sk_of-the-provider" } });
    for (provider, status, body, want) in [
        (
            "elevenlabs",
            401,
            detail("missing_permissions"),
            "the provider answered 401: missing_permissions",
        ),
        (
            "elevenlabs",
            401,
            detail("quota_exceeded"),
            "the provider answered 401: quota_exceeded",
        ),
        (
            "elevenlabs",
            401,
            detail("detected_unusual_activity"),
            "the provider answered 401: detected_unusual_activity",
        ),
        (
            "elevenlabs",
            401,
            detail("invalid_api_key"),
            "the provider answered 401: invalid_api_key",
        ),
        (
            "elevenlabs",
            429,
            detail("system_busy"),
            "the provider answered 429: system_busy",
        ),
        (
            "elevenlabs",
            403,
            detail("sk_of-the-provider"),
            "the provider answered 403",
        ),
        (
            "cartesia",
            429,
            json!({ "error_code": "concurrency_limited" }),
            "the provider answered 429: concurrency_limited",
        ),
        (
            "cartesia",
            402,
            json!({ "error_code": "sk_of-the-provider" }),
            "the provider answered 402",
        ),
        (
            "assemblyai",
            401,
            json!({ "error": "sk_of-the-provider", "code": "x" }),
            "the provider answered 401",
        ),
    ] {
        let standin = ScriptedServer::start([Reply::json(status, &body)]).await;
        let function = function_with(&env, provider, &standin).await;
        let event = Event::post(provider).bearer(&env.issuer.token("ada"));
        let (response, line) = function.invoke_logged(&event).await;
        let case = format!("{provider}: {body}");
        report.check_eq(&case, line["reason"].as_str().unwrap_or_default(), want);
        report.check(
            &format!("{case} in the response"),
            !response.body.contains("sk_of") && !response.body.contains("quota"),
        );
    }
    report.finish();
}
