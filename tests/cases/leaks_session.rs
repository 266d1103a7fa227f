//! Services that verify sessions, at the most verbose log level: no token, cookie or client secret
//! is in any log or response, whatever the service responds.

use serde_json::json;
use voicemint_tests::{ClosedPort, Event, Reply, SESSION_COOKIE, ScriptedServer, TestEnv};

use crate::leaks::LeakCheck;

/// Replies of a service that verifies sessions: accepted, refused, and every kind of failure. All
/// of them repeat the secrets.
fn replies(echo: &str) -> Vec<Reply> {
    let echoing = |status| {
        Reply::json(
            status,
            &json!({ "error": echo, "sub": "ada", "active": true }),
        )
        .header("x-echo", echo)
    };
    vec![
        echoing(200),
        Reply::json(200, &json!({ "active": false, "error": echo })),
        Reply::json(200, &json!({ "active": echo, "sub": [echo] })),
        Reply::json(200, &json!({ "active": true, "sub": "ada", "exp": echo })),
        Reply::new(200, "application/json", format!("{{\"{echo}\":")),
        echoing(302).header("location", &format!("/login?session={echo}")),
        echoing(400),
        echoing(401),
        echoing(403),
        echoing(429),
        echoing(500),
        Reply::reset(),
    ]
}

#[tokio::test]
async fn neither_an_opaque_token_nor_the_client_secret_leaks() {
    let env = TestEnv::start().await;
    let mut check = LeakCheck::default();
    let (secret, bearer) = (
        "the-introspection-secret-of-the-leak-test",
        "the-introspection-token-of-the-leak-test",
    );
    check.secret("the client secret", secret);
    check.secret("the client's token", bearer);
    let closed_port = ClosedPort::reserve();
    let server = ScriptedServer::start([]).await;
    let pair = json!({ "client_id": "voicemint", "client_secret": secret }).to_string();
    for client in [
        pair.as_str(),
        bearer,
        &format!("{{\"client_secret\":\"{secret}\""),
        &format!("{secret}\n{secret}"),
    ] {
        let id = env.secret("leak", client).await;
        let function = env
            .introspection("elevenlabs", &server.url(), &id)
            .env("LOG_LEVEL", "trace")
            .start()
            .await;
        let count = replies(secret).len();
        for number in 0..count {
            let token = format!("an-opaque-token-of-the-leak-test-{number}");
            check.secret("an opaque token", &token);
            server.set_script([replies(&format!("{secret} {token}"))[number].clone()]);
            check
                .invoke(&function, Event::post("elevenlabs").bearer(&token))
                .await;
            check
                .invoke(
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
            check.secret("an invalid token", token);
            check
                .invoke(&function, Event::post("elevenlabs").bearer(token))
                .await;
        }
        check.add_logs(&function);
        let disconnected = env
            .introspection("elevenlabs", &closed_port.url(), &id)
            .env("LOG_LEVEL", "trace")
            .start()
            .await;
        check
            .invoke(
                &disconnected,
                Event::post("elevenlabs").bearer("an-opaque-token-of-the-leak-test-0"),
            )
            .await;
        check.add_logs(&disconnected);
    }
    check.finish();
}

#[tokio::test]
async fn forwarded_credentials_do_not_leak() {
    let env = TestEnv::start().await;
    let mut check = LeakCheck::default();
    let (bearer, cookie) = (
        "the-bearer-of-the-forwarding-leak-test",
        "the-cookie-of-the-forwarding-leak-test",
    );
    check.secret("the Bearer credential", bearer);
    check.secret("the session cookie", cookie);
    check.secret("another cookie", "another-cookie-of-the-leak-test");
    let closed_port = ClosedPort::reserve();
    let app = ScriptedServer::start([]).await;
    let event = Event::post("cartesia").cookie("other", "another-cookie-of-the-leak-test");
    for url in [app.url(), closed_port.url()] {
        let function = env
            .forward("cartesia", &url)
            .env("LOG_LEVEL", "trace")
            .start()
            .await;
        for reply in replies(&format!("{bearer} {cookie}")) {
            app.set_script([reply]);
            check.invoke(&function, event.clone().bearer(bearer)).await;
            check
                .invoke(&function, event.clone().cookie(SESSION_COOKIE, cookie))
                .await;
            check
                .invoke(
                    &function,
                    event.clone().cookie(SESSION_COOKIE, cookie).no_origin(),
                )
                .await;
            check
                .invoke(
                    &function,
                    event.clone().bearer(&format!("{bearer} {cookie}")),
                )
                .await;
        }
        check.add_logs(&function);
    }
    assert!(app.requests().len() > 20, "the credentials were passed on");
    check.finish();
}
