//! The voice providers and the issuer that the functions of `make bench` call: the stand-ins of the
//! local command, which check every request.
//!
//! `standin JWKS_FILE` prints one line of JSON: its address, and for each provider what a function
//! needs to know of its stand-in. `GET /mints` returns how many tokens were issued.

use std::net::Ipv4Addr;
use std::{env, fs};

use axum::Router;
use axum::routing::get;
use serde_json::{Map, Value, json};
use tokio::net::TcpListener;
use voicemint::internals::Clock;
use voicemint_dev::providers::{self, PROVIDERS, ProviderEntry};

type Error = Box<dyn std::error::Error>;

#[tokio::main]
async fn main() -> Result<(), Error> {
    let file = env::args().nth(1).ok_or("usage: standin JWKS_FILE")?;
    let jwk_set = fs::read_to_string(file)?;
    let standins = providers::standins(&Clock::system());
    let accounts = standins.clone();
    let mints = move || {
        let accounts = PROVIDERS.iter().filter_map(|of| accounts.account(of.name));
        accounts.map(|account| account.mints()).sum::<usize>()
    };
    let router = Router::new()
        .route("/keys.json", get(async move || jwk_set))
        .route("/mints", get(async move || mints().to_string()))
        .merge(standins.router());
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let providers: Map<String, Value> = PROVIDERS
        .iter()
        .map(|of| (of.name.to_owned(), description(of)))
        .collect();
    let url = format!("http://{}", listener.local_addr()?);
    println!("{}", json!({"url": url, "providers": providers}));
    Ok(axum::serve(listener, router).await?)
}

/// How a function finds the stand-in of its provider.
fn description(provider: &ProviderEntry) -> Value {
    let standin = provider.standin;
    json!({
        "secret": standin.secret(),
        "profiles": standin.profiles(),
        "url_settings": standin.url_settings(),
        "settings": standin.settings().to_vec(),
        "request": standin.smallest_request().body,
        "calls": standin.is_called(),
    })
}
