//! Tests of the origins whose pages can call the endpoints.

use http::{Request, Response};

use crate::harness::*;

/// The status codes of a page's preflight and of its call.
async fn call(local: &Local, origin: &str) -> (u16, u16) {
    let url = format!("{}/cartesia/token", local.app);
    let preflight = Request::options(&url)
        .header("origin", origin)
        .header("access-control-request-method", "POST");
    let preflight = send(preflight, "").await;
    let minted = send(
        Request::post(&url)
            .header("origin", origin)
            .header("cookie", &local.session),
        "",
    )
    .await;
    for response in [&preflight, &minted] {
        let allowed = allowed_origin(response);
        assert_eq!(
            allowed.as_deref(),
            (response.status().as_u16() < 400).then_some(origin),
            "{origin}"
        );
    }
    (preflight.status().as_u16(), minted.status().as_u16())
}

fn allowed_origin<T>(response: &Response<T>) -> Option<String> {
    response
        .headers()
        .get("access-control-allow-origin")
        .map(|value| value.to_str().unwrap().to_owned())
}

#[tokio::test]
async fn a_page_on_the_local_network_can_call_if_it_is_listed() {
    let origins = [
        "http://192.168.1.20:5173",
        "http://my-mac.local:3000",
        "https://app.test",
        "http://localhost:3000",
    ];
    let local = Local::with_flags(&origins.map(|origin| ["--origin", origin]).concat()).await;
    for origin in origins {
        assert_eq!(call(&local, origin).await, (204, 200), "{origin}");
    }
    for origin in [
        "http://192.168.1.20:5174",
        "https://192.168.1.20:5173",
        "http://my-mac.local",
        "http://evil.test",
    ] {
        assert_eq!(call(&local, origin).await, (403, 403), "{origin}");
    }
    let url = format!("{}/cartesia/token", local.app);
    let twice = Request::post(&url)
        .header("origin", origins[0])
        .header("origin", origins[0]);
    assert_eq!(send(twice, "").await.status(), 400);
}

#[tokio::test]
async fn origins_given_by_flags_are_added_to_the_setting() {
    let flags = [
        "--set",
        "ALLOWED_ORIGINS=https://app.test",
        "--origin",
        "http://10.0.0.7:5173",
    ];
    let local = Local::with_flags(&flags).await;
    assert_eq!(call(&local, "https://app.test").await, (204, 200));
    assert_eq!(call(&local, "http://10.0.0.7:5173").await, (204, 200));
    assert_eq!(
        call(&local, &local.app.clone()).await,
        (403, 403),
        "the setting does not list it"
    );
}

#[tokio::test]
async fn the_origin_of_the_page_can_call_under_each_host_name() {
    let local = Local::with_flags(&["--host", "192.168.1.20", "--host", "abc.tunnel.test"]).await;
    let port = local.app.rsplit_once(':').unwrap().1.to_owned();
    for host in [
        "localhost",
        "127.0.0.1",
        "[::1]",
        "192.168.1.20",
        "abc.tunnel.test",
    ] {
        for scheme in ["http", "https"] {
            let origin = format!("{scheme}://{host}:{port}");
            assert_eq!(call(&local, &origin).await, (204, 200), "{origin}");
        }
    }
    assert_eq!(
        call(&local, "https://abc.tunnel.test").await,
        (204, 200),
        "a tunnel uses the default port"
    );
    assert_eq!(call(&local, "https://192.168.1.21").await, (403, 403));
}
