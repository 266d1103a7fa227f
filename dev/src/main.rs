//! The local command behind `make dev`.

use std::io;
use std::net::SocketAddr;

use axum::Router;
use axum::serve::ListenerExt;
use tokio::net::TcpListener;
use voicemint::log;
use voicemint::settings::{Environment, ProcessEnvironment};
use voicemint_dev::app::App;
use voicemint_dev::arguments::Arguments;
use voicemint_dev::standins::Standins;
use voicemint_dev::tls::Tls;
use voicemint_dev::{banner, settings};

#[tokio::main]
async fn main() {
    let arguments = Arguments::read();
    if let Err(error) = serve(&arguments).await {
        eprintln!("voicemint-dev: {error}");
        std::process::exit(1);
    }
}

async fn serve(arguments: &Arguments) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let real_keys = |name: &str| ProcessEnvironment.var(name).filter(|key| !key.trim().is_empty());
    let app = App::new(arguments, &real_keys)?;
    log::start(settings::log_level(arguments)?);
    let app_listener = listen(arguments, arguments.port, "--port").await?;
    let standins_listener = listen(arguments, arguments.standins_port, "--standins-port").await?;
    let tls_listener = listen(arguments, arguments.tls_port, "--tls-port").await?;
    let tls = Tls::new()?;
    // Not before all ports are had: another copy that runs has its own authority in the file.
    let file = arguments.ca_file();
    tls.write_authority(&file)
        .map_err(|error| format!("cannot write {}: {error}; choose another with --ca-file", file.display()))?;
    println!("{}", banner::text(arguments, &real_keys));
    let router = Standins::new().router().merge(app.secrets_manager);
    let (app, standins, tls) = tokio::join!(
        run(app_listener, app.router),
        run(standins_listener, router.clone()),
        tls.serve(tls_listener, router)
    );
    Ok(app.and(standins).and(tls)?)
}

async fn run(listener: TcpListener, router: Router) -> io::Result<()> {
    // The frames of sockets are small and wanted at once.
    let listener = listener.tap_io(|stream| drop(stream.set_nodelay(true)));
    axum::serve(listener, router).await
}

async fn listen(arguments: &Arguments, port: u16, flag: &str) -> Result<TcpListener, String> {
    let address = SocketAddr::new(arguments.address(), port);
    TcpListener::bind(address).await.map_err(|error| match error.kind() {
        io::ErrorKind::AddrInUse => {
            format!("port {port} is busy: stop what listens there, or choose another with {flag}")
        }
        _ => format!("cannot listen on {address}: {error}"),
    })
}
