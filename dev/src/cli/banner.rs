//! The text that the local command prints when it is ready.

use super::Arguments;
use crate::providers::{PROVIDERS, Variables};
use crate::tls;

/// The page's URL, three commands to type, and the URLs of all servers.
pub fn text(arguments: &Arguments, variables: Variables) -> String {
    let app = arguments.app_origin();
    let commands = commands(arguments).join("\n  ");
    let rows: Vec<_> = rows(arguments, variables)
        .iter()
        .map(|(what, value)| format!("  {what:<24} {value}"))
        .collect();
    format!(
        "\nVoicemint is ready: open {app}\n\n\
         Or sign in, mint a token and let Cartesia speak, in another shell in this folder:\n\n  {commands}\n\n{}\n\n\
         Calls of the endpoints are shown below. Stop with Ctrl-C.\n",
        rows.join("\n")
    )
}

/// Shell commands that sign in, mint a token and use it, short enough to type.
pub fn commands(arguments: &Arguments) -> [String; 3] {
    let app = arguments.app_origin();
    let host = app.trim_start_matches("http://");
    let jar = "/tmp/voicemint.cookies";
    let address = if arguments.port == 8787 {
        String::new()
    } else {
        format!(" {host}")
    };
    [
        format!("curl -c {jar} -d user=ada {host}/sign-in; echo"),
        format!("curl -b {jar} -H Origin:{app} {host}/cartesia/token; echo"),
        format!("tools/speak Hello{address}"),
    ]
}

fn rows(arguments: &Arguments, variables: Variables) -> Vec<(String, String)> {
    let (app, standins) = (arguments.app_origin(), arguments.standins_url());
    let secure = app.replacen("http", "https", 1);
    let mut rows = vec![(
        "page and endpoints".to_owned(),
        format!("{app} and {secure}"),
    )];
    for host in &arguments.host {
        let note = if tls::is_local(host) {
            ""
        } else {
            " (no certificate: use http, or a proxy with its own https)"
        };
        rows.push(("  also reached as".to_owned(), format!("{host}{note}")));
    }
    rows.push((
        "stand-in providers".to_owned(),
        format!("{standins} (also Secrets Manager)"),
    ));
    rows.push(("  over TLS".to_owned(), arguments.tls_url()));
    if let Some(url) = &arguments.base_url {
        rows.push(("  as base_url".to_owned(), url.clone()));
    }
    let (file, _) = arguments.ca_file(&variables);
    rows.push(("authority to trust".to_owned(), file.display().to_string()));
    rows.push((
        String::new(),
        "(NODE_EXTRA_CA_CERTS, SSL_CERT_FILE; see docs/local-development.md)".to_owned(),
    ));
    let kind = arguments.session_kind("");
    rows.push(("kind of sessions".to_owned(), kind.to_owned()));
    rows.extend(PROVIDERS.map(|provider| {
        let names = provider.key_variables().join(" and ");
        let implementation = if provider.real_secret(variables).is_some() {
            format!("the real provider, by {names}; it charges for tokens")
        } else {
            format!("its stand-in; the real one needs {names}")
        };
        (provider.token_path(), implementation)
    }));
    rows
}
