//! Connections: the connection to the provider that is opened at the start, and TLS with a custom
//! certificate authority.

use std::time::{Duration, Instant};

use tokio::time::sleep;
use voicemint_tests::{
    Event, Reply, SECRETS_MANAGER_ENDPOINT, ScriptedServer, Server, TcpProxy, TestEnv, Tls,
};

use crate::support::status_and_code;

#[tokio::test]
async fn the_function_preconnects_to_the_provider_with_one_head_without_credentials() {
    let env = TestEnv::start().await;
    let provider = ScriptedServer::start([Reply::token("a-token-of-the-provider")]).await;
    let function = env
        .function("assemblyai")
        .env("PROVIDER_BASE_URL", format!("{}/eu", provider.url()))
        .start()
        .await;
    // The function starts with the first event. This event requests no token.
    assert_eq!(
        status_and_code(&function.invoke(&Event::delete("assemblyai")).await),
        "204"
    );
    while provider.preconnects().is_empty() {
        sleep(Duration::from_millis(5)).await;
    }
    sleep(Duration::from_millis(100)).await;
    for _ in 0..3 {
        assert_eq!(
            status_and_code(
                &function
                    .invoke(&Event::post("assemblyai").bearer(&env.issuer.token("ada")))
                    .await
            ),
            "200"
        );
    }
    let preconnects = provider.preconnects();
    let [head] = preconnects.as_slice() else {
        panic!("{preconnects:?}")
    };
    assert_eq!(
        (head.method.as_str(), head.target.as_str()),
        ("HEAD", "/eu")
    );
    assert_eq!(
        head.header_names(),
        ["accept", "host", "user-agent"],
        "no credentials and no body"
    );
    assert_eq!(
        (provider.requests().len(), provider.connections()),
        (3, 1),
        "the mints reuse the connection"
    );
}

#[tokio::test]
async fn a_stalled_preconnect_does_not_delay_the_start() {
    let env = TestEnv::start().await;
    let standins = env
        .provider_url()
        .trim_start_matches("http://")
        .parse()
        .expect("an address");
    let provider = TcpProxy::start(standins).await;
    provider.stall().await;
    let function = env
        .function("cartesia")
        .env("PROVIDER_BASE_URL", provider.url())
        .start()
        .await;
    let begun = Instant::now();
    assert_eq!(
        status_and_code(&function.invoke(&Event::delete("cartesia")).await),
        "204"
    );
    assert!(
        begun.elapsed() < Duration::from_millis(2500),
        "{:?}",
        begun.elapsed()
    );
    provider.enable().await;
    assert_eq!(
        status_and_code(
            &function
                .invoke(&Event::post("cartesia").bearer(&env.issuer.token("ada")))
                .await
        ),
        "200"
    );
}

#[tokio::test]
async fn a_connect_timeout_is_not_a_response_timeout() {
    let env = TestEnv::start().await;
    // The server accepts TCP connections and never completes a TLS handshake.
    let silent = Server::start(|_| Reply::silence()).await;
    let url = silent.url().replace("http:", "https:");
    let function = env
        .function("cartesia")
        .env("PROVIDER_BASE_URL", url)
        .start()
        .await;
    let (response, line) = function
        .invoke_logged(&Event::post("cartesia").bearer(&env.issuer.token("ada")))
        .await;
    assert_eq!(status_and_code(&response), "503 provider_unavailable");
    let reason = "the provider cannot be reached: no connection within 1 s";
    assert_eq!(line["reason"], reason, "{line}");
    // The preconnect, the call and its one retry.
    assert_eq!(silent.connections(), 3);
}

#[tokio::test]
async fn a_custom_certificate_authority_is_trusted_for_provider_secrets_and_sessions() {
    let env = TestEnv::start().await;
    let mut tls = Tls::new("everywhere");
    let address = |url: &str| {
        url.trim_start_matches("http://")
            .parse()
            .expect("an address")
    };
    let provider = tls.serve(address(env.provider_url())).await;
    let secrets = tls.serve(address(&env.secrets_proxy.url())).await;
    let keys = tls.serve(address(&env.issuer.url())).await;
    let builder = env
        .function("cartesia")
        .env("PROVIDER_BASE_URL", provider)
        .env(SECRETS_MANAGER_ENDPOINT, secrets)
        .env("SESSION_JWKS_URL", format!("{keys}/keys.json"));
    let event = Event::post("cartesia").bearer(&env.issuer.token("ada"));
    let function = builder
        .clone()
        .env("SSL_CERT_FILE", tls.ca_file())
        .start()
        .await;
    assert_eq!(
        status_and_code(&function.invoke(&event).await),
        "200",
        "{}",
        function.logs()
    );

    let function = builder.start().await;
    let (response, line) = function.invoke_logged(&event).await;
    assert_eq!(status_and_code(&response), "503 session_unavailable");
    assert!(
        line["reason"].to_string().contains("SSL_CERT_FILE"),
        "{line}"
    );
}
