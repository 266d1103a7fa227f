//! Tests of the page: its files, its content security policy and the permitted connections.

use std::collections::BTreeSet;

use bytes::Bytes;
use http::{Request, Response};
use serde_json::json;
use voicemint_dev::app::App;
use voicemint_dev::providers::PROVIDERS;

use crate::harness::*;

#[tokio::test]
async fn the_page_and_its_files_are_served_under_a_strict_policy() {
    let local = Local::start(&[]).await;
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../web/page");
    let names = std::fs::read_dir(folder)
        .unwrap()
        .map(|file| file.unwrap().file_name().into_string().unwrap());
    let paths = names
        .filter(|name| name != "index.html")
        .map(|name| format!("/web/page/{name}"));
    let of_providers = PROVIDERS.into_iter().flat_map(|provider| {
        let folder = format!("/functions/{}", provider.name);
        let client = provider.standin.client();
        assert_eq!(
            std::fs::read_to_string(format!(
                "{}/..{folder}/client.js",
                env!("CARGO_MANIFEST_DIR")
            ))
            .ok()
            .as_deref(),
            client
        );
        let client = client.map(|_| format!("{folder}/client.js"));
        [Some(format!("{folder}/page.js")), client]
            .into_iter()
            .flatten()
    });
    let more = ["/", "/web/page/providers.js"].map(str::to_owned);
    let modules = scripts_of("/../web").map(|name| format!("/web/{name}"));
    for path in paths.chain(of_providers).chain(modules).chain(more) {
        let part = send(Request::get(format!("{}{path}", local.app)), "").await;
        assert_eq!(part.status(), 200, "{path}");
        let media_type = match path.rsplit_once('.').map(|(_, ending)| ending) {
            None => "text/html; charset=utf-8",
            Some("js") => "text/javascript; charset=utf-8",
            Some("css") => "text/css; charset=utf-8",
            Some("svg") => "image/svg+xml",
            Some("wav") => "audio/wav",
            Some(ending) => panic!("unknown extension {ending}"),
        };
        assert_eq!(part.headers()["content-type"], media_type, "{path}");
        assert_eq!(
            part.headers()["x-content-type-options"],
            "nosniff",
            "{path}"
        );
        let policy = part.headers()["content-security-policy"].to_str().unwrap();
        for directive in [
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "frame-ancestors 'none'",
        ] {
            assert!(
                policy.split("; ").any(|each| each == directive),
                "{path}: {policy}"
            );
        }
        assert!(
            !policy.contains("unsafe") && !policy.contains('*'),
            "{policy}"
        );
    }
}

/// The names of the scripts in a folder beside this package: the modules of the npm package.
fn scripts_of(folder: &str) -> impl Iterator<Item = String> {
    let files = std::fs::read_dir(format!("{}{folder}", env!("CARGO_MANIFEST_DIR"))).unwrap();
    files
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(".js"))
}

#[tokio::test]
async fn the_page_has_no_inline_code_and_no_external_resources() {
    let local = Local::start(&[]).await;
    let page = send(Request::get(format!("{}/", local.app)), "").await;
    let page = String::from_utf8(page.into_body().to_vec()).unwrap();
    for inline in [
        "<style",
        " style=",
        " onclick=",
        "javascript:",
        "src=\"http",
        "href=\"http",
    ] {
        assert!(!page.contains(inline), "{inline}");
    }
    assert!(
        page.split("<script")
            .skip(1)
            .all(|script| script.starts_with(" src=\"/web/page/"))
    );
}

#[tokio::test]
async fn the_page_can_connect_to_the_configured_providers_only() {
    let local = Local::start(&["cartesia:GRANTS_CLAIM=grants"]).await;
    let read = |path: &'static str, app: String| async move {
        send(Request::get(format!("{app}{path}")), "").await
    };
    let deployment = json_of(&read("/deployment.json", local.app.clone()).await);
    assert_eq!(
        (&deployment["sessions"], &deployment["grants_claim"]),
        (&json!("jwt"), &json!(true))
    );
    let cartesia = json!({
        "cookie": "__Host-cartesia-token", "single_use": false, "base_url": local.standins_url, "profiles": [],
        "standin": true,
    });
    assert_eq!(deployment["providers"]["cartesia"], cartesia);
    let sources = |response: &Response<Bytes>| {
        let policy = response.headers()["content-security-policy"]
            .to_str()
            .unwrap()
            .to_owned();
        policy
            .split("; ")
            .find_map(|each| each.strip_prefix("connect-src ").map(str::to_owned))
            .unwrap()
    };
    let standins = local.standins_url.clone();
    let sockets = standins.replacen("http", "ws", 1);
    assert_eq!(
        sources(&read("/", local.app.clone()).await),
        format!("'self' {standins} {sockets}")
    );

    let (app_listener, standins_listener) = (bind().await, bind().await);
    let arguments = arguments(
        &app_listener,
        &standins_listener,
        &["assemblyai:PROVIDER_BASE_URL=https://eu.test/voice"],
    );
    serve(
        app_listener,
        App::new(&arguments, &all_keys("key")).unwrap().router,
    );
    let real = sources(&read("/", arguments.app_origin()).await);
    let deployment = json_of(&read("/deployment.json", arguments.app_origin()).await);
    for (provider, host) in [
        ("cartesia", "api.cartesia.ai"),
        ("elevenlabs", "api.elevenlabs.io"),
        ("assemblyai", "eu.test"),
    ] {
        let base_url = deployment["providers"][provider]["base_url"]
            .as_str()
            .unwrap();
        assert_eq!(base_url.split('/').nth(2), Some(host));
    }
    let providers = deployment["providers"].as_object().unwrap().values();
    let mut hosts: BTreeSet<_> = providers
        .map(|provider| {
            provider["base_url"]
                .as_str()
                .unwrap()
                .split('/')
                .nth(2)
                .unwrap()
        })
        .collect();
    // Some providers use their tokens at other hosts than the one that mints.
    hosts.remove("api.soniox.com");
    hosts.extend([
        "agent.deepgram.com",
        "stt-rt.soniox.com",
        "tts-rt.soniox.com",
    ]);
    let wanted: Vec<_> = ["https", "wss"]
        .iter()
        .flat_map(|way| hosts.iter().map(move |host| format!("{way}://{host}")))
        .collect();
    assert_eq!(real, format!("'self' {}", wanted.join(" ")));
    assert_eq!(deployment["providers"]["assemblyai"]["standin"], false);
    assert!(
        !deployment.to_string().contains("key"),
        "a key is never shown"
    );
}
