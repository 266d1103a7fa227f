//! What a provider's refusals come to: which are retried, which are passed on and how, and what is
//! no token.

use serde_json::json;
use voicemint_tests::{Event, FaultyService, Function, PROVIDERS, Reply, Server, World};

use crate::support::{Tally, said};

const REJECTED: &str = "502 provider_rejected";
const UNAVAILABLE: &str = "503 provider_unavailable";

async fn with(world: &World, provider: &str, standin: &FaultyService) -> Function {
    world
        .function(provider)
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
async fn one_retry_where_it_may_help_and_none_where_not() {
    let world = World::start().await;
    for provider in PROVIDERS {
        let standin = FaultyService::start([]).await;
        let function = with(&world, provider, &standin).await;
        let event = Event::post(provider).bearer(&world.issuer.token("ada"));
        let fine = || Reply::token("a-token-after-all");
        let busy = |seconds: &str| error(429).header("retry-after", seconds);
        let mut tally = Tally::default();
        for (case, script, want, calls) in [
            ("fine", vec![fine()], "200", 1),
            ("500, fine", vec![error(500), fine()], "200", 2),
            ("502, fine", vec![error(502), fine()], "200", 2),
            ("503, fine", vec![error(503), fine()], "200", 2),
            ("504, fine", vec![error(504), fine()], "200", 2),
            ("408, fine", vec![error(408), fine()], "200", 2),
            ("429 for a second, fine", vec![busy("1"), fine()], "200", 2),
            ("429 for long", vec![busy("30"), fine()], UNAVAILABLE, 1),
            ("reset, fine", vec![Reply::reset(), fine()], "200", 2),
            (
                "500 twice",
                vec![error(500), error(500), fine()],
                UNAVAILABLE,
                2,
            ),
            (
                "500 and reset",
                vec![error(500), Reply::reset(), fine()],
                UNAVAILABLE,
                2,
            ),
            (
                "reset twice",
                vec![Reply::reset(), Reply::reset(), fine()],
                UNAVAILABLE,
                2,
            ),
            (
                "408 twice",
                vec![error(408), error(408), fine()],
                UNAVAILABLE,
                2,
            ),
            (
                "429 for a second, twice",
                vec![busy("1"), busy("1"), fine()],
                UNAVAILABLE,
                2,
            ),
            ("400", vec![error(400), fine()], REJECTED, 1),
            ("402", vec![error(402), fine()], REJECTED, 1),
            ("403", vec![error(403), fine()], REJECTED, 1),
            ("404", vec![error(404), fine()], REJECTED, 1),
            ("422", vec![error(422), fine()], REJECTED, 1),
            // The key in Secrets Manager is the same, so asking again would be no use.
            ("401", vec![error(401), fine()], REJECTED, 1),
        ] {
            standin.set(script);
            let before = standin.requests().len();
            let answer = function.invoke(&event).await;
            tally.is(&format!("{provider}: {case}"), said(&answer), want);
            tally.is(
                &format!("{provider}: calls at {case}"),
                standin.requests().len() - before,
                calls,
            );
        }
        tally.done();
    }
}

#[tokio::test]
async fn a_retry_after_is_passed_on_between_1_and_60_seconds() {
    let world = World::start().await;
    let standin = FaultyService::start([]).await;
    let function = with(&world, "cartesia", &standin).await;
    let event = Event::post("cartesia").bearer(&world.issuer.token("ada"));
    let mut tally = Tally::default();
    for (status, given, want) in [
        (429, "30", "30"),
        (429, "60", "60"),
        (429, "61", "60"),
        (429, "86400", "60"),
        // As a date, which counts from the answer's own.
        (429, "Sun, 22 Nov 2026 10:00:30 GMT", "30"),
        (429, "Mon, 22 Nov 2027 10:00:00 GMT", "60"),
        (429, "0", "1"),
        (429, "1", "1"),
        (503, "30", "30"),
    ] {
        standin.set([error(status)
            .header("retry-after", given)
            .header("date", "Sun, 22 Nov 2026 10:00:00 GMT")]);
        let answer = function.invoke(&event).await;
        let case = format!("{status} with {given}");
        tally.is(&case, said(&answer), UNAVAILABLE);
        tally.is(&case, answer.header("retry-after"), want);
    }
    for given in [
        "",
        "soon",
        "-5",
        "1.5",
        "99999999999999999999",
        "Sun, 22 Nov 2026 10:00:30 GMT",
    ] {
        standin.set([error(429).header("retry-after", given)]);
        let answer = function.invoke(&event).await;
        tally.is(given, said(&answer), UNAVAILABLE);
        let seconds = answer.header("retry-after");
        let sound = seconds.is_empty()
            || seconds
                .parse::<u32>()
                .is_ok_and(|seconds| (1..=60).contains(&seconds));
        tally.holds(&format!("{given:?} became {seconds:?}"), sound);
    }
    tally.done();
}

#[tokio::test]
async fn an_answer_that_is_no_token_is_the_providers_fault() {
    let world = World::start().await;
    for provider in PROVIDERS {
        let standin = FaultyService::start([]).await;
        let function = with(&world, provider, &standin).await;
        let event = Event::post(provider).bearer(&world.issuer.token("ada"));
        let body = |body: &str| Reply::new(200, "application/json", body);
        let large = format!(
            r#"{{"token":"a-token","expires_in_seconds":60,"padding":"{}"}}"#,
            "p".repeat(5_000_000)
        );
        let large_token = format!(
            r#"{{"expires_in_seconds":60,"token":"{}"}}"#,
            "t".repeat(5_000_000)
        );
        let mut tally = Tally::default();
        for (case, reply) in [
            (
                "HTML",
                Reply::new(200, "text/html", "<!doctype html><title>Welcome</title>"),
            ),
            (
                "HTML that calls itself JSON",
                body("<!doctype html><title>Welcome</title>"),
            ),
            ("nothing", body("")),
            ("a bare string", body(r#""a-token""#)),
            ("null", body("null")),
            ("an array", body(r#"[{"token":"a-token"}]"#)),
            ("cut off", body(r#"{"token":"a-tok"#)),
            ("no token", body(r#"{"expires_in_seconds":60}"#)),
            (
                "an empty token",
                body(r#"{"token":"","expires_in_seconds":60}"#),
            ),
            (
                "a null token",
                body(r#"{"token":null,"expires_in_seconds":60}"#),
            ),
            (
                "a number for a token",
                body(r#"{"token":123456,"expires_in_seconds":60}"#),
            ),
            (
                "an object for a token",
                body(r#"{"token":{"value":"a-token"},"expires_in_seconds":60}"#),
            ),
            (
                "an array for a token",
                body(r#"{"token":["a-token"],"expires_in_seconds":60}"#),
            ),
            (
                "not UTF-8",
                Reply::new(200, "application/json", &b"{\"token\":\"\xff\xff\"}"[..]),
            ),
            ("5 MB of JSON", body(&large)),
            ("a token of 5 MB", body(&large_token)),
        ] {
            standin.set([reply]);
            let answer = function.invoke(&event).await;
            tally.is(&format!("{provider}: {case}"), said(&answer), REJECTED);
        }
        // Just below what is read.
        let most = format!(
            r#"{{"token":"a-token","expires_in_seconds":60,"padding":"{}"}}"#,
            "p".repeat(64_000)
        );
        standin.set([body(&most)]);
        tally.is(
            &format!("{provider}: 64 KB"),
            said(&function.invoke(&event).await),
            "200",
        );
        tally.done();
        assert_eq!(function.starts(), 1);
    }
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let world = World::start().await;
    let elsewhere = Server::start(|_| Reply::token("a-token-from-elsewhere")).await;
    let standin = FaultyService::start([]).await;
    for provider in PROVIDERS {
        let function = with(&world, provider, &standin).await;
        for status in [301, 302, 303, 307, 308] {
            standin.set([Reply::token("a-token")
                .status(status)
                .header("location", &elsewhere.url())]);
            let answer = function
                .invoke(&Event::post(provider).bearer(&world.issuer.token("ada")))
                .await;
            assert_eq!(said(&answer), REJECTED, "{provider}: {status}");
        }
    }
    // The API key went nowhere else.
    assert_eq!(elsewhere.connections(), 0);
}

#[tokio::test]
async fn nothing_of_the_providers_body_is_passed_on_or_logged() {
    let world = World::start().await;
    let marks = [("the provider's words", "these-words-are-the-providers-own")];
    for provider in PROVIDERS {
        let standin = FaultyService::start([]).await;
        let function = world
            .function(provider)
            .env("PROVIDER_BASE_URL", standin.url());
        let function = function.env("LOG_LEVEL", "trace").start().await;
        let event = Event::post(provider).bearer(&world.issuer.token("ada"));
        let words = json!(marks[0].1);
        for status in [200, 400, 401, 403, 429, 500] {
            let body = json!({ "error": words, "message": words, "detail": { "message": words }, "token": [words] });
            let reply = Reply::json(status, &body).header("x-trace", marks[0].1);
            standin.set([reply.header("retry-after", "30")]);
            let answer = function.invoke(&event).await;
            voicemint_tests::leaks::assert_absent(
                &[("the answer", &format!("{answer:?}"))],
                &marks,
            );
        }
        voicemint_tests::leaks::assert_absent(&[("the log", &function.logs())], &marks);
    }
}

#[tokio::test]
async fn the_log_names_the_providers_known_codes_and_none_of_its_text() {
    let world = World::start().await;
    let mut tally = Tally::default();
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
        let standin = FaultyService::start([Reply::json(status, &body)]).await;
        let function = with(&world, provider, &standin).await;
        let event = Event::post(provider).bearer(&world.issuer.token("ada"));
        let (answer, line) = function.invoke_logged(&event).await;
        let case = format!("{provider}: {body}");
        tally.is(&case, line["reason"].as_str().unwrap_or_default(), want);
        tally.holds(
            &format!("{case} in the answer"),
            !answer.body.contains("sk_of") && !answer.body.contains("quota"),
        );
    }
    tally.done();
}
