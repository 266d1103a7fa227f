//! The command line: flags, their values, and the banner.

pub mod banner;
pub(crate) mod values;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::PathBuf;

use clap::Parser;
use clap::error::ErrorKind;
use voicemint::settings::Environment;

use crate::host_guard::HostNames;
use crate::identity::Kind;
use crate::providers::PROVIDERS;
use values::{Setting, one_line};

/// The flags of the local command.
#[derive(Clone, Debug, Parser)]
#[command(name = "voicemint-dev", version, max_term_width = 100, about = about(), long_about = long_about(), after_help = EXAMPLES)]
pub struct Arguments {
    /// Port of the page and the token endpoints, for HTTP and HTTPS.
    #[arg(long, default_value_t = 8787, value_name = "PORT", value_parser = values::port)]
    pub port: u16,

    /// Port of the stand-in providers, and of a Secrets Manager that holds their keys.
    #[arg(long, default_value_t = 8788, value_name = "PORT", value_parser = values::port)]
    pub standins_port: u16,

    /// Port of the stand-in providers over TLS: most SDKs open WebSockets over TLS only.
    #[arg(long, default_value_t = 8789, value_name = "PORT", value_parser = values::port)]
    pub tls_port: u16,

    /// File for the certificate of the local authority, which clients trust (its key is stored in
    /// FILE.key). Both are created once and reused; files with any other content are never
    /// overwritten. Default: voicemint/ca.pem in $XDG_DATA_HOME or ~/.local/share.
    #[arg(long, value_name = "FILE")]
    pub ca_file: Option<PathBuf>,

    /// The base_url of stand-ins in responses, if clients reach them by another URL than
    /// http://localhost:8788: https://localhost:8789 for SDKs that always open wss://. Tokens are
    /// still minted over plain HTTP.
    #[arg(long, value_name = "URL", value_parser = values::base_url)]
    pub base_url: Option<String>,

    /// An additional address of this machine to listen on, such as 0.0.0.0 for all. Other machines
    /// on the network can then reach it by a name that --host accepts. May be repeated.
    #[arg(long, value_name = "ADDRESS", value_parser = values::address)]
    pub listen: Vec<IpAddr>,

    /// Listen on all IPv4 addresses of this machine, so that containers can reach it as
    /// host.docker.internal. Same as --listen 0.0.0.0.
    #[arg(long)]
    pub containers: bool,

    /// An additional host name or address that clients may use for this server, such as
    /// 192.168.1.20, or 10.0.2.2 in the Android emulator. Loopback names are always accepted. Pages
    /// served under this name may call the endpoints. May be repeated.
    #[arg(long, value_name = "NAME", value_parser = values::host)]
    pub host: Vec<String>,

    /// Allow other machines to use the real API keys of the environment. With --listen,
    /// --containers or a name in --host, anyone who can reach this machine can sign in and mint with
    /// those keys, so the command refuses to start without this flag. It is not required if --host
    /// only has addresses and --listen only has loopback addresses.
    #[arg(long)]
    pub share_real_keys: bool,

    /// An additional origin whose pages may call the endpoints, such as http://localhost:3000. May
    /// be repeated.
    #[arg(long, value_name = "ORIGIN", value_parser = values::origin)]
    pub origin: Vec<String>,

    /// The kind of sessions. Signing in issues the tokens and cookies of that product, made by a
    /// stand-in, and the functions are configured to accept them. SESSION_* settings given by --set
    /// take precedence.
    #[arg(long, default_value = Kind::Jwt.name(), value_name = "KIND", value_parser = values::kinds())]
    pub session: Kind,

    /// Lifetime of a session, in seconds.
    #[arg(long, default_value_t = 3600, value_name = "SECONDS", value_parser = values::session_seconds)]
    pub session_seconds: u32,

    /// A setting of the deployed functions, such as MAX_EXPIRES_IN=120, or
    /// cartesia:ALLOWED_GRANTS=tts for one provider only. May be repeated.
    #[arg(long, value_name = "[PROVIDER:]NAME=VALUE", value_parser = values::setting)]
    pub set: Vec<Setting>,

    /// File with profiles in place of the example profiles: a JSON object with a member for each
    /// provider, such as {"gemini": {"support": {"model": "models/…"}}}. Each member is what the
    /// secret of PROFILES_SECRET_ID holds in a deployment. A provider that the file does not name
    /// keeps its examples.
    #[arg(long, value_name = "FILE")]
    pub profiles: Option<PathBuf>,
}

const EXAMPLES: &str = "Examples:
  make dev ARGS='--session supabase'
  make dev ARGS='--session cognito --set GRANTS_CLAIM=grants'
      then sign in with -d user=ada -d 'grants=tts stt' to permit only those grants; with supabase the claim is
      /app_metadata/grants
  make dev ARGS='--set RATE_LIMIT=3/minute'
      counts the tokens of each user in memory and refuses more
  make dev ARGS='--set SESSION_KIND=clerk --set SESSION_ISSUER=pk_test_…'
      accepts the sessions of your own app";

/// The first paragraph of the help.
fn about() -> String {
    let titles = PROVIDERS.map(|provider| provider.standin.title().to_owned());
    format!(
        "Serves Voicemint on this machine: the token endpoints, a page that uses them, an identity provider, and \
         stand-ins for {}.",
        listed(&titles, "and")
    )
}

fn long_about() -> String {
    let variables = PROVIDERS.map(|provider| provider.key_variables().join(" and "));
    format!(
        "{}\n\nIf {} is set, the real provider is used instead of its stand-in, and tokens cost what that provider \
         charges.",
        about(),
        listed(&variables, "or")
    )
}

/// Words as a list, such as `a, b and c`.
fn listed(words: &[String], conjunction: &str) -> String {
    match words {
        [] => String::new(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} {conjunction} {last}", first.join(", ")),
    }
}

impl Arguments {
    /// Reads the command line. Prints the help, or one line with the error, and ends the process.
    pub fn read() -> Self {
        let fail = |line: &str| {
            eprintln!("voicemint-dev: {line}");
            std::process::exit(2)
        };
        let arguments = Self::try_parse().unwrap_or_else(|error| match error.kind() {
            ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => error.exit(),
            _ => fail(&one_line(&error.to_string())),
        });
        if let Some(line) = arguments.flag_conflict() {
            fail(&line);
        }
        arguments
    }

    /// A conflict between flags that are valid on their own.
    fn flag_conflict(&self) -> Option<String> {
        let conflict = if self.ports_differ() {
            values::base_url_mismatch(
                self.base_url.as_deref()?,
                [self.port, self.standins_port, self.tls_port],
            )?
        } else {
            "--port, --standins-port and --tls-port must be three different ports".to_owned()
        };
        Some(format!("{conflict}; --help lists the flags"))
    }

    fn ports_differ(&self) -> bool {
        let (app, standins, tls) = (self.port, self.standins_port, self.tls_port);
        app != standins && standins != tls && tls != app
    }

    /// The addresses to listen on: both loopback addresses, and those of the flags. An unspecified
    /// address replaces the other addresses of its family, since it includes them.
    pub fn addresses(&self) -> Vec<IpAddr> {
        let (all_v4, all) = (
            IpAddr::from(Ipv4Addr::UNSPECIFIED),
            IpAddr::from(Ipv6Addr::UNSPECIFIED),
        );
        let requested = self
            .listen
            .iter()
            .copied()
            .chain(self.containers.then_some(all_v4));
        let mut addresses = vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()];
        addresses.extend(requested);
        if addresses.contains(&all) {
            // It accepts IPv4 connections too (RFC 3493 section 5.3).
            return vec![all];
        }
        if addresses.contains(&all_v4) {
            addresses.retain(|address| address.is_ipv6() || *address == all_v4);
        }
        let mut unique = Vec::new();
        addresses.into_iter().for_each(|address| {
            if !unique.contains(&address) {
                unique.push(address)
            }
        });
        unique
    }

    /// The flags that expose the server to other clients than this machine's own browser.
    pub fn exposing_flags(&self) -> Vec<&'static str> {
        // An attacker cannot make an address resolve to this machine, so an address in --host
        // exposes nothing unless --listen does.
        let others = self.listen.iter().any(|address| !address.is_loopback());
        let named = self.host.iter().any(|host| host.parse::<IpAddr>().is_err());
        [
            ("--containers", self.containers),
            ("--listen", others),
            ("--host", named),
        ]
        .into_iter()
        .filter_map(|(flag, given)| given.then_some(flag))
        .collect()
    }

    /// The host names that this server accepts.
    pub fn host_names(&self) -> HostNames {
        HostNames::new(&self.host)
    }

    /// The kind of sessions that a provider's function verifies.
    pub fn session_kind(&self, provider: &str) -> &str {
        self.setting(provider, "SESSION_KIND")
            .unwrap_or(self.session.name())
    }

    /// The origin of the page.
    pub fn app_origin(&self) -> String {
        origin("http", "localhost", self.port)
    }

    /// The origins of the page under all host names. A tunnel uses the default port of its scheme.
    pub fn page_origins(&self) -> Vec<String> {
        let own = ["localhost", "127.0.0.1", "[::1]"].map(str::to_owned);
        let given = || self.host.iter().map(|host| HostNames::in_url(host));
        let at_port = own.into_iter().chain(given());
        let at_port = at_port
            .flat_map(|host| ["http", "https"].map(|scheme| origin(scheme, &host, self.port)));
        let tunnels = given().map(|host| format!("https://{host}"));
        at_port.chain(tunnels).collect()
    }

    /// The URL of the stand-in providers.
    pub fn standins_url(&self) -> String {
        format!("http://localhost:{}", self.standins_port)
    }

    /// The URL of the stand-in providers over TLS.
    pub fn tls_url(&self) -> String {
        format!("https://localhost:{}", self.tls_port)
    }

    /// The file for the authority's certificate, and whether later starts reuse the authority. In a
    /// shared folder they do not, since another user could place an authority there.
    pub fn ca_file(&self, environment: &dyn Environment) -> (PathBuf, bool) {
        let data = || {
            let folder = |name: &str| {
                environment
                    .var(name)
                    .map(PathBuf::from)
                    .filter(|folder| folder.is_absolute())
            };
            folder("XDG_DATA_HOME").or_else(|| folder("HOME").map(|home| home.join(".local/share")))
        };
        match (&self.ca_file, data()) {
            (Some(file), _) => (file.clone(), true),
            (None, Some(folder)) => (folder.join("voicemint/ca.pem"), true),
            (None, None) => (std::env::temp_dir().join("voicemint-dev-ca.pem"), false),
        }
    }

    /// The value that `--set` gives to a setting of a provider; the last value wins.
    pub fn setting(&self, provider: &str, name: &str) -> Option<&str> {
        let applies = |setting: &&Setting| {
            setting.name == name
                && setting
                    .provider
                    .as_deref()
                    .is_none_or(|named| named == provider)
        };
        self.set
            .iter()
            .rev()
            .find(applies)
            .map(|setting| setting.value.as_str())
    }

    /// Whether `--set` has a setting for this provider alone.
    pub fn is_set_for(&self, provider: &str, name: &str) -> bool {
        let mut named = self.set.iter().filter(|setting| setting.name == name);
        named.any(|setting| setting.provider.as_deref() == Some(provider))
    }
}

/// An origin as browsers send it: without the default port of its scheme.
fn origin(scheme: &str, host: &str, port: u16) -> String {
    match (scheme, port) {
        ("http", 80) | ("https", 443) => format!("{scheme}://{host}"),
        _ => format!("{scheme}://{host}:{port}"),
    }
}

#[cfg(test)]
mod tests;
