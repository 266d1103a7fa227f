//! What the local command says when it is ready.

use crate::app::{PROVIDERS, RealKeys, key_variable};
use crate::cli::Arguments;
use crate::tls;

/// The page's address, three lines to type, and what is served where.
pub fn text(arguments: &Arguments, environment: RealKeys) -> String {
    let app = arguments.app_origin();
    let lines = lines_to_type(arguments).join("\n  ");
    let rows: Vec<_> = rows(arguments, environment)
        .iter()
        .map(|(what, value)| format!("  {what:<20} {value}"))
        .collect();
    format!(
        "\nVoicemint is ready: open {app}\n\n\
         Or in another shell, in this folder, sign in, mint a token, and let Cartesia speak:\n\n  {lines}\n\n{}\n\n\
         Every call of the endpoints is shown below. Stop with Ctrl-C.\n",
        rows.join("\n")
    )
}

/// Lines for a shell that sign in, mint, and use a token, short enough to be typed.
pub fn lines_to_type(arguments: &Arguments) -> [String; 3] {
    let app = arguments.app_origin();
    let host = app.trim_start_matches("http://");
    let jar = "/tmp/voicemint.cookies";
    let elsewhere = if arguments.port == 8787 {
        String::new()
    } else {
        format!(" {host}")
    };
    [
        format!("curl -c {jar} -d user=ada {host}/sign-in; echo"),
        format!("curl -b {jar} -H Origin:{app} {host}/cartesia/token; echo"),
        format!("tools/speak Hello{elsewhere}"),
    ]
}

fn rows(arguments: &Arguments, environment: RealKeys) -> Vec<(String, String)> {
    let (app, standins) = (arguments.app_origin(), arguments.standins_url());
    let secure = app.replacen("http", "https", 1);
    let mut rows = vec![(
        "page and endpoints".to_owned(),
        format!("{app} and {secure}"),
    )];
    for host in &arguments.host {
        let uncertified = if tls::is_local(host) {
            ""
        } else {
            " (without a certificate: http, or a proxy's own https)"
        };
        rows.push((
            "  also called as".to_owned(),
            format!("{host}{uncertified}"),
        ));
    }
    rows.push((
        "stand-in providers".to_owned(),
        format!("{standins} (Secrets Manager too)"),
    ));
    rows.push(("  over TLS".to_owned(), arguments.tls_url()));
    if let Some(url) = &arguments.base_url {
        rows.push(("  as base_url".to_owned(), url.clone()));
    }
    let (file, _) = arguments.ca_file(&environment);
    rows.push(("authority to trust".to_owned(), file.display().to_string()));
    rows.push((
        String::new(),
        "(NODE_EXTRA_CA_CERTS, SSL_CERT_FILE; see docs/local-development.md)".to_owned(),
    ));
    let kind = arguments
        .setting("", "SESSION_KIND")
        .unwrap_or(arguments.session.name());
    rows.push(("kind of sessions".to_owned(), kind.to_owned()));
    rows.extend(PROVIDERS.map(|provider| {
        let variable = key_variable(provider);
        let who = match environment(&variable) {
            Some(_) => {
                format!("the real one, as {variable} is set: tokens cost what they cost there")
            }
            None => format!("its stand-in; set {variable} to use the real one"),
        };
        (format!("/{provider}/token"), who)
    }));
    rows
}
