//! The voice providers and the issuer that the functions of `make bench` call: the stand-ins of the
//! local command, which check every request.
//!
//! `standin JWKS_FILE CERTIFICATES_FILE KEY_FILE` prints one line of JSON: its address, its address
//! with TLS, and for each provider what a function needs to know of its stand-in. `GET /mints`
//! returns how many tokens were issued.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::{env, fs};

use axum::Router;
use axum::routing::get;
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::{Map, Value, json};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use voicemint::internals::Clock;
use voicemint_dev::providers::{self, PROVIDERS, ProviderEntry};
use voicemint_dev::serve::{Protocol, serve};

type Error = Box<dyn std::error::Error + Send + Sync>;

#[tokio::main]
async fn main() -> Result<(), Error> {
    let mut files = env::args().skip(1);
    let mut file = || {
        let usage = "usage: standin JWKS_FILE CERTIFICATES_FILE KEY_FILE";
        files.next().ok_or(usage)
    };
    let jwk_set = fs::read_to_string(file()?)?;
    let acceptor = acceptor(&file()?, &file()?)?;
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
    let plain = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let tls = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let providers: Map<String, Value> = PROVIDERS
        .iter()
        .map(|of| (of.name.to_owned(), description(of)))
        .collect();
    let url = format!("http://{}", plain.local_addr()?);
    let tls_url = format!("https://{}", tls.local_addr()?);
    println!(
        "{}",
        json!({"url": url, "tls_url": tls_url, "providers": providers})
    );
    tokio::try_join!(
        serve(vec![plain], Protocol::Http, router.clone()),
        serve(vec![tls], Protocol::Https(acceptor), router),
    )?;
    Ok(())
}

/// TLS as providers have it: a chain of certificates, and tickets with which sessions are resumed.
fn acceptor(certificates: &str, key: &str) -> Result<TlsAcceptor, Error> {
    let certificates = CertificateDer::pem_file_iter(certificates)?.collect::<Result<_, _>>()?;
    let key = PrivateKeyDer::from_pem_file(key)?;
    let mut config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(certificates, key)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
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
