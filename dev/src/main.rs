//! The local command behind `make dev`.

use std::fs;

use voicemint::internals::{Clock, log};
use voicemint::settings::{Environment, ProcessEnvironment};
use voicemint_dev::app::App;
use voicemint_dev::cli::Arguments;
use voicemint_dev::cli::banner;
use voicemint_dev::ports::listen;
use voicemint_dev::providers::{self, PROVIDERS};
use voicemint_dev::serve::{Protocol, serve};
use voicemint_dev::settings_check;
use voicemint_dev::tls::{self, Authority};

#[tokio::main]
async fn main() {
    let arguments = Arguments::read();
    if let Err(error) = run(&arguments).await {
        eprintln!("voicemint-dev: {error}");
        std::process::exit(1);
    }
}

async fn run(arguments: &Arguments) -> Result<(), tls::Error> {
    // A blank API key is an error, since the stand-in would silently take its place. Any other
    // blank variable is ignored.
    let is_key = |name: &str| {
        PROVIDERS
            .iter()
            .any(|provider| provider.key_variables().iter().any(|key| key == name))
    };
    let is_set = |name: &str, value: &str| {
        if is_key(name) {
            !value.is_empty()
        } else {
            !value.trim().is_empty()
        }
    };
    let environment = |name: &str| {
        ProcessEnvironment
            .var(name)
            .filter(|value| is_set(name, value))
    };
    let app = App::new(arguments, &environment)?;
    log::start(settings_check::log_level(arguments)?);
    let addresses = arguments.addresses();
    let ports = [
        ("--port", arguments.port),
        ("--standins-port", arguments.standins_port),
        ("--tls-port", arguments.tls_port),
    ];
    let [listeners, standins_listeners, tls_listeners] = listen(&addresses, ports).await?;
    let acceptor = tls::acceptor(
        &authority(arguments, &environment)?,
        &arguments.host_names(),
    )?;
    println!("{}", banner::text(arguments, &environment));
    let router = providers::standins(&Clock::system())
        .router()
        .merge(app.secrets_manager);
    let (app, standins, tls) = tokio::join!(
        serve(listeners, Protocol::Either(acceptor.clone()), app.router),
        serve(standins_listeners, Protocol::Http, router.clone()),
        serve(tls_listeners, Protocol::Https(acceptor), router)
    );
    Ok(app.and(standins).and(tls)?)
}

fn authority(
    arguments: &Arguments,
    environment: &dyn Environment,
) -> Result<Authority, tls::Error> {
    let (file, is_stored) = arguments.ca_file(environment);
    if let Some(folder) = file.parent().filter(|_| arguments.ca_file.is_none()) {
        fs::create_dir_all(folder)?;
    }
    let authority = if is_stored {
        Authority::load_or_create(&file)
    } else {
        Authority::create(&file)
    };
    authority.map_err(|error| {
        format!(
            "cannot write {}: {error}; choose another file with --ca-file",
            file.display()
        )
        .into()
    })
}
