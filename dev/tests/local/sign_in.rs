//! Tests of the origins that can sign the browser in and out.

use http::{Request, StatusCode};

use crate::harness::*;

/// The status codes of both calls with these headers.
async fn statuses(local: &Local, headers: &[(&str, &str)]) -> [u16; 2] {
    let mut statuses = [0; 2];
    for (status, path) in statuses.iter_mut().zip(["/sign-in", "/sign-out"]) {
        let request =
            Request::post(format!("{}{path}", local.app)).header("cookie", &local.session);
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        let request = headers.iter().fold(request, |request, (name, value)| {
            request.header(*name, *value)
        });
        let response = send(request, "user=mallory").await;
        if response.status() == StatusCode::FORBIDDEN {
            assert_eq!(cookies(&response), Vec::<String>::new(), "{headers:?}");
            assert!(!response.body().is_empty());
        }
        *status = response.status().as_u16();
    }
    statuses
}

#[tokio::test]
async fn a_page_that_is_not_listed_cannot_sign_in_or_out() {
    let local = Local::with_flags(&[
        "--origin",
        "http://localhost:3000",
        "--host",
        "abc.tunnel.test",
    ])
    .await;
    let port = local.app.rsplit_once(':').unwrap().1.to_owned();
    let upper = local.app.to_ascii_uppercase();
    for headers in [
        &[("origin", "https://evil.test")][..],
        &[
            ("origin", "https://evil.test"),
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-mode", "no-cors"),
        ],
        &[
            ("origin", "https://evil.test"),
            ("sec-fetch-site", "same-origin"),
        ],
        &[
            ("origin", "http://localhost:3001"),
            ("sec-fetch-site", "same-site"),
        ],
        &[("origin", "http://localhost")],
        &[("origin", "null")],
        &[("origin", "")],
        &[("origin", &upper)],
        &[("origin", &local.app), ("origin", "https://evil.test")],
        &[("origin", &local.app), ("origin", &local.app)],
        &[("origin", "http://plain-http.voicemint.localhost")],
        &[("sec-fetch-site", "cross-site")],
        &[("sec-fetch-site", "same-site")],
    ] {
        assert_eq!(statuses(&local, headers).await, [403, 403], "{headers:?}");
    }
    let own = format!("https://[::1]:{port}");
    for headers in [
        &[][..],
        &[
            ("origin", local.app.as_str()),
            ("sec-fetch-site", "same-origin"),
        ],
        &[
            ("origin", "http://localhost:3000"),
            ("sec-fetch-site", "same-site"),
        ],
        &[("origin", "https://abc.tunnel.test")],
        &[("origin", &own)],
        &[("sec-fetch-site", "none")],
        &[("sec-fetch-site", "same-origin")],
    ] {
        assert_eq!(statuses(&local, headers).await, [200, 204], "{headers:?}");
    }
}

#[tokio::test]
async fn a_page_on_the_host_of_the_request_is_allowed_as_behind_a_dev_proxy() {
    let local = Local::start(&[]).await;
    let host = ("host", "localhost:5173");
    assert_eq!(
        statuses(&local, &[host, ("origin", "http://localhost:5173")]).await,
        [200, 204]
    );
    assert_eq!(
        statuses(&local, &[host, ("origin", "https://localhost:5173")]).await,
        [200, 204]
    );
    assert_eq!(
        statuses(&local, &[host, ("origin", "http://localhost:5174")]).await,
        [403, 403]
    );
    assert_eq!(
        statuses(&local, &[host, ("origin", "null")]).await,
        [403, 403]
    );
}

#[tokio::test]
async fn pages_in_the_allowed_origins_of_one_function_can_sign_in() {
    let set = "elevenlabs:ALLOWED_ORIGINS=https://a.test, https://b.test";
    let local =
        Local::with_flags(&["--set", set, "--origin", "https://*.preview.example.com"]).await;
    for origin in [
        "https://a.test",
        "https://b.test",
        "https://one.preview.example.com",
    ] {
        assert_eq!(
            statuses(&local, &[("origin", origin)]).await,
            [200, 204],
            "{origin}"
        );
    }
    assert_eq!(
        statuses(&local, &[("origin", "https://c.test")]).await,
        [403, 403]
    );
}
