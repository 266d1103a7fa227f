//! Services that are asked about sessions, at the most talkative log level: no token, cookie or
//! client secret in any log or answer, whatever the service says back.

use serde_json::json;
use voicemint_tests::{ClosedPort, Event, FaultyService, Reply, SESSION_COOKIE, World};

use crate::leaks::Record;

/// What a service that is asked about sessions may say: yes, no, and every kind of trouble, with
/// the secrets said back.
fn words(echo: &str) -> Vec<Reply> {
    let named = |status| {
        Reply::json(
            status,
            &json!({ "error": echo, "sub": "ada", "active": true }),
        )
        .header("x-echo", echo)
    };
    vec![
        named(200),
        Reply::json(200, &json!({ "active": false, "error": echo })),
        Reply::json(200, &json!({ "active": echo, "sub": [echo] })),
        Reply::json(200, &json!({ "active": true, "sub": "ada", "exp": echo })),
        Reply::new(200, "application/json", format!("{{\"{echo}\":")),
        named(302).header("location", &format!("/login?session={echo}")),
        named(400),
        named(401),
        named(403),
        named(429),
        named(500),
        Reply::reset(),
    ]
}

#[tokio::test]
async fn neither_an_opaque_token_nor_the_clients_secret_shows() {
    let world = World::start().await;
    let mut record = Record::default();
    let (secret, bearer) = (
        "the-introspection-secret-of-the-leak-test",
        "the-introspection-token-of-the-leak-test",
    );
    record.secret("the client's secret", secret);
    record.secret("the client's token", bearer);
    let nobody = ClosedPort::reserve();
    let server = FaultyService::start([]).await;
    let pair = json!({ "client_id": "voicemint", "client_secret": secret }).to_string();
    for client in [
        pair.as_str(),
        bearer,
        &format!("{{\"client_secret\":\"{secret}\""),
        &format!("{secret}\n{secret}"),
    ] {
        let id = world.secret("leak", client).await;
        let function = world
            .introspection("elevenlabs", &server.url(), &id)
            .env("LOG_LEVEL", "trace")
            .start()
            .await;
        let count = words(secret).len();
        for number in 0..count {
            let token = format!("an-opaque-token-of-the-leak-test-{number}");
            record.secret("an opaque token", &token);
            server.set([words(&format!("{secret} {token}"))[number].clone()]);
            record
                .ask(&function, Event::post("elevenlabs").bearer(&token))
                .await;
            record
                .ask(
                    &function,
                    Event::post("elevenlabs").cookie(SESSION_COOKIE, &token),
                )
                .await;
        }
        let long = format!("a-token-that-is-too-long-{}", "t".repeat(8192));
        for token in [
            long.as_str(),
            "an opaque token with spaces in it",
            "an-opaque-tökén-that-is-not-ascii",
        ] {
            record.secret("what can be no token", token);
            record
                .ask(&function, Event::post("elevenlabs").bearer(token))
                .await;
        }
        record.end(&function);
        let gone = world
            .introspection("elevenlabs", &nobody.url(), &id)
            .env("LOG_LEVEL", "trace")
            .start()
            .await;
        record
            .ask(
                &gone,
                Event::post("elevenlabs").bearer("an-opaque-token-of-the-leak-test-0"),
            )
            .await;
        record.end(&gone);
    }
    record.check();
}

#[tokio::test]
async fn what_is_forwarded_to_the_app_does_not_show() {
    let world = World::start().await;
    let mut record = Record::default();
    let (bearer, cookie) = (
        "the-bearer-of-the-forwarding-leak-test",
        "the-cookie-of-the-forwarding-leak-test",
    );
    record.secret("the Bearer credential", bearer);
    record.secret("the session cookie", cookie);
    record.secret("another cookie", "another-cookie-of-the-leak-test");
    let nobody = ClosedPort::reserve();
    let app = FaultyService::start([]).await;
    let event = Event::post("cartesia").cookie("other", "another-cookie-of-the-leak-test");
    for url in [app.url(), nobody.url()] {
        let function = world
            .forward("cartesia", &url)
            .env("LOG_LEVEL", "trace")
            .start()
            .await;
        for reply in words(&format!("{bearer} {cookie}")) {
            app.set([reply]);
            record.ask(&function, event.clone().bearer(bearer)).await;
            record
                .ask(&function, event.clone().cookie(SESSION_COOKIE, cookie))
                .await;
            record
                .ask(
                    &function,
                    event.clone().cookie(SESSION_COOKIE, cookie).no_origin(),
                )
                .await;
            record
                .ask(
                    &function,
                    event.clone().bearer(&format!("{bearer} {cookie}")),
                )
                .await;
        }
        record.end(&function);
    }
    assert!(app.requests().len() > 20, "the credentials were passed on");
    record.check();
}
