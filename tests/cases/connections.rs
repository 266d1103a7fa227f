//! Connections: the one to the provider that is warmed at the start, and TLS by an authority of
//! one's own.

use std::time::{Duration, Instant};

use tokio::time::sleep;
use voicemint_tests::{ENDPOINT_OF_SECRETS, Event, FaultyService, Gate, Reply, Server, Tls, World};

use crate::support::said;

#[tokio::test]
async fn the_providers_connection_is_warmed_by_one_head_without_credentials() {
    let world = World::start().await;
    let provider = FaultyService::start([Reply::token("a-token-of-the-provider")]).await;
    let function = world
        .function("assemblyai")
        .env("PROVIDER_BASE_URL", format!("{}/eu", provider.url()))
        .start()
        .await;
    // The function starts with the first event; this one asks for no token.
    assert_eq!(
        said(&function.invoke(&Event::delete("assemblyai")).await),
        "204"
    );
    while provider.warm_ups().is_empty() {
        sleep(Duration::from_millis(5)).await;
    }
    sleep(Duration::from_millis(100)).await;
    for _ in 0..3 {
        assert_eq!(
            said(
                &function
                    .invoke(&Event::post("assemblyai").bearer(&world.issuer.token("ada")))
                    .await
            ),
            "200"
        );
    }
    let warm_ups = provider.warm_ups();
    let [head] = warm_ups.as_slice() else {
        panic!("{warm_ups:?}")
    };
    assert_eq!(
        (head.method.as_str(), head.target.as_str()),
        ("HEAD", "/eu")
    );
    assert_eq!(
        head.header_names(),
        ["accept", "host", "user-agent"],
        "nothing secret, and no body"
    );
    assert_eq!(
        (provider.requests().len(), provider.connections()),
        (3, 1),
        "the mints use its connection"
    );
}

#[tokio::test]
async fn a_provider_that_cannot_be_warmed_holds_up_no_start() {
    let world = World::start().await;
    let standins = world
        .provider_url()
        .trim_start_matches("http://")
        .parse()
        .expect("an address");
    let provider = Gate::before(standins).await;
    provider.stall().await;
    let function = world
        .function("cartesia")
        .env("PROVIDER_BASE_URL", provider.url())
        .start()
        .await;
    let begun = Instant::now();
    assert_eq!(
        said(&function.invoke(&Event::delete("cartesia")).await),
        "204"
    );
    assert!(
        begun.elapsed() < Duration::from_millis(2500),
        "{:?}",
        begun.elapsed()
    );
    provider.open().await;
    assert_eq!(
        said(
            &function
                .invoke(&Event::post("cartesia").bearer(&world.issuer.token("ada")))
                .await
        ),
        "200"
    );
}

#[tokio::test]
async fn a_connection_that_is_not_made_in_time_is_no_missing_answer() {
    let world = World::start().await;
    // TCP is accepted, TLS never is.
    let silent = Server::start(|_| Reply::silence()).await;
    let url = silent.url().replace("http:", "https:");
    let function = world
        .function("cartesia")
        .env("PROVIDER_BASE_URL", url)
        .start()
        .await;
    let (answer, line) = function
        .invoke_logged(&Event::post("cartesia").bearer(&world.issuer.token("ada")))
        .await;
    assert_eq!(said(&answer), "503 provider_unavailable");
    let reason = "the provider cannot be reached: no connection within 1 s";
    assert_eq!(line["reason"], reason, "{line}");
    // One that warms, one that calls and its one retry.
    assert_eq!(silent.connections(), 3);
}

#[tokio::test]
async fn an_authority_of_ones_own_is_trusted_for_provider_secrets_and_sessions() {
    let world = World::start().await;
    let mut tls = Tls::new("everywhere");
    let address = |url: &str| {
        url.trim_start_matches("http://")
            .parse()
            .expect("an address")
    };
    let provider = tls.before(address(world.provider_url())).await;
    let secrets = tls.before(address(&world.gate.url())).await;
    let keys = tls.before(address(&world.issuer.url())).await;
    let builder = world
        .function("cartesia")
        .env("PROVIDER_BASE_URL", provider)
        .env(ENDPOINT_OF_SECRETS, secrets)
        .env("SESSION_JWKS_URL", format!("{keys}/keys.json"));
    let event = Event::post("cartesia").bearer(&world.issuer.token("ada"));
    let function = builder
        .clone()
        .env("SSL_CERT_FILE", tls.file())
        .start()
        .await;
    assert_eq!(
        said(&function.invoke(&event).await),
        "200",
        "{}",
        function.logs()
    );

    let function = builder.start().await;
    let (answer, line) = function.invoke_logged(&event).await;
    assert_eq!(said(&answer), "503 session_unavailable");
    assert!(
        line["reason"].to_string().contains("SSL_CERT_FILE"),
        "{line}"
    );
}
