//! Tests of the host names that the local command accepts.

use http::Request;

use crate::harness::*;

const PATHS: [&str; 4] = ["/", "/deployment.json", "/sign-in", "/cartesia/token"];

/// The status and the text of the response to a request for this host.
async fn called_as(local: &Local, host: &str, path: &str) -> (u16, String) {
    let response = send(
        Request::get(format!("{}{path}", local.app)).header("host", host),
        "",
    )
    .await;
    (
        response.status().as_u16(),
        String::from_utf8_lossy(response.body()).into_owned(),
    )
}

#[tokio::test]
async fn a_loopback_name_is_accepted_with_any_port() {
    let local = Local::start(&[]).await;
    for host in [
        "localhost:5173",
        "localhost",
        "LocalHost:3000",
        "localhost.:3000",
        "app.localhost:3000",
        "127.0.0.1:5173",
        "127.0.0.2",
        "[::1]:3000",
        "[::1]",
        "host.docker.internal:3000",
    ] {
        assert_eq!(called_as(&local, host, "/").await.0, 200, "{host}");
    }
}

#[tokio::test]
async fn other_host_names_are_rejected() {
    let local = Local::start(&[]).await;
    let port = local.app.rsplit_once(':').unwrap().1.to_owned();
    for host in [
        format!("evil.test:{port}"),
        "localhost.evil.test:8787".to_owned(),
        "evillocalhost".to_owned(),
        "localhost:8787.evil.test".to_owned(),
        "localhost:x".to_owned(),
        "localhost:99999".to_owned(),
        "evil@localhost".to_owned(),
        "127.0.0.1.evil.test".to_owned(),
        "[::1].evil.test".to_owned(),
        "[::1".to_owned(),
        "::1".to_owned(),
        ".localhost".to_owned(),
        "192.168.1.20:8787".to_owned(),
        "10.0.2.2:8787".to_owned(),
        "0.0.0.0:8787".to_owned(),
        String::new(),
    ] {
        for path in PATHS {
            assert_eq!(called_as(&local, &host, path).await.0, 421, "{host} {path}");
        }
    }
    let twice = Request::get(format!("{}/", local.app))
        .header("host", "localhost")
        .header("host", "evil.test");
    assert_ne!(send(twice, "").await.status(), 200);
}

#[tokio::test]
async fn the_rejection_of_a_host_names_it_and_the_flag() {
    let local = Local::start(&[]).await;
    for (host, name) in [
        ("10.0.2.2:8787", "10.0.2.2"),
        ("voicemint:8787", "voicemint"),
        ("abc.example-tunnel.com", "abc.example-tunnel.com"),
        ("[fd00::20]:8787", "fd00::20"),
    ] {
        let (status, text) = called_as(&local, host, "/cartesia/token").await;
        assert_eq!(status, 421);
        assert!(
            text.contains(&format!("as {host},")) && text.contains(&format!("'--host {name}'")),
            "{text}"
        );
    }
    let (_, text) = called_as(&local, "a$(reboot)b", "/").await;
    assert!(
        !text.contains("--host a"),
        "an invalid name is not put into a command: {text}"
    );
}

#[tokio::test]
async fn names_given_by_flags_are_accepted_and_no_others() {
    let given = [
        "--host",
        "192.168.1.20",
        "--host",
        "App.Test",
        "--host",
        "fd00::20",
    ];
    let local = Local::with_flags(&given).await;
    for host in [
        "192.168.1.20:8787",
        "192.168.1.20",
        "app.test:5173",
        "APP.TEST",
        "[fd00::20]:8787",
        "localhost:1",
    ] {
        assert_eq!(called_as(&local, host, "/").await.0, 200, "{host}");
    }
    for host in [
        "192.168.1.21",
        "a.app.test",
        "app.test.evil.test",
        "evil.test",
        "[fd00::21]",
    ] {
        assert_eq!(called_as(&local, host, "/").await.0, 421, "{host}");
    }
}
