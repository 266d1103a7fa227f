//! The flags of the local command.

pub mod banner;
pub(crate) mod values;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::PathBuf;

use clap::Parser;
use clap::error::ErrorKind;
use values::one_line;
use voicemint::settings::Environment;

use crate::host_guard::Names;
use crate::identity::Kind;

/// Serves Voicemint on this machine: the token endpoints, a page that uses them, an identity
/// provider, and stand-ins for Cartesia, ElevenLabs and AssemblyAI.
///
/// With CARTESIA_API_KEY, ELEVENLABS_API_KEY or ASSEMBLYAI_API_KEY in the environment, that
/// provider is the real one, and tokens cost what they cost there.
#[derive(Clone, Debug, Parser)]
#[command(name = "voicemint-dev", version, max_term_width = 100, after_help = EXAMPLES)]
pub struct Arguments {
    /// Port of the page and the token endpoints, for http and https.
    #[arg(long, default_value_t = 8787, value_name = "PORT", value_parser = values::port)]
    pub port: u16,

    /// Port of the stand-in providers, and of Secrets Manager with their keys.
    #[arg(long, default_value_t = 8788, value_name = "PORT", value_parser = values::port)]
    pub standins_port: u16,

    /// Port of the stand-in providers over TLS: most SDKs open no socket without it.
    #[arg(long, default_value_t = 8789, value_name = "PORT", value_parser = values::port)]
    pub tls_port: u16,

    /// File to write the local authority's certificate to (its key goes to FILE.key). It is made
    /// once and kept, for clients to trust; files that hold anything else are never written over.
    /// Default: voicemint/ca.pem in $XDG_DATA_HOME or ~/.local/share.
    #[arg(long, value_name = "FILE")]
    pub ca_file: Option<PathBuf>,

    /// What answers say as base_url of a stand-in, where clients reach it by another URL than
    /// http://localhost:8788: for SDKs that open wss:// whatever they are told,
    /// https://localhost:8789. Tokens are minted over the plain one all the same.
    #[arg(long, value_name = "URL", value_parser = values::base_url)]
    pub base_url: Option<String>,

    /// Listen on this address of the machine too, such as 0.0.0.0 for all. Others on the network
    /// then reach it, by a name that --host accepts. May be repeated.
    #[arg(long, value_name = "ADDRESS", value_parser = values::address)]
    pub listen: Vec<IpAddr>,

    /// Listen on all of this machine's IPv4 addresses, so that containers reach it as
    /// host.docker.internal: --listen 0.0.0.0.
    #[arg(long)]
    pub containers: bool,

    /// Another name or address by which this server may be called, such as 192.168.1.20, or
    /// 10.0.2.2 in Android's emulator; those of the loopback interface always may. Pages served
    /// under it may call the endpoints. May be repeated.
    #[arg(long, value_name = "NAME", value_parser = values::host)]
    pub host: Vec<String>,

    /// Where a real provider's key is in the environment, serve it to others too: with --listen,
    /// --containers or a name given by --host anyone who reaches this machine can sign in and mint
    /// with it, so this is refused otherwise. Not counted are an address given by --host alone, and
    /// one of the loopback interface given by --listen.
    #[arg(long)]
    pub share_real_keys: bool,

    /// Another origin whose pages may call, such as http://localhost:3000. May be repeated.
    #[arg(long, value_name = "ORIGIN", value_parser = values::origin)]
    pub origin: Vec<String>,

    /// Which kind of sessions there are. Signing in then gives the tokens and cookies of that
    /// product, made by a stand-in of it, and the functions are set to accept them; what --set says
    /// of SESSION_* counts more.
    #[arg(long, default_value = Kind::Jwt.name(), value_name = "KIND", value_parser = values::kinds())]
    pub session: Kind,

    /// How long a sign-in lasts, in seconds.
    #[arg(long, default_value_t = 3600, value_name = "SECONDS", value_parser = values::session_seconds)]
    pub session_seconds: u32,

    /// A setting of the deployed functions, such as MAX_EXPIRES_IN=120, or
    /// cartesia:ALLOWED_GRANTS=tts for one of them. May be repeated.
    #[arg(long, value_name = "[PROVIDER:]NAME=VALUE", value_parser = values::setting)]
    pub set: Vec<Setting>,
}

const EXAMPLES: &str = "Examples:
  make dev ARGS='--session supabase'
  make dev ARGS='--session cognito --set GRANTS_CLAIM=grants'
      then sign in with -d user=ada -d 'grants=tts stt' to ask for no more than that; with supabase the claim is
      /app_metadata/grants
  make dev ARGS='--set RATE_LIMIT=3/minute'
      counts what each user has minted, in memory, and refuses more
  make dev ARGS='--set SESSION_KIND=clerk --set SESSION_ISSUER=pk_test_…'
      takes the sessions of your own app";

/// A setting given by `--set`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// For which provider alone, if for one.
    pub provider: Option<String>,
    /// The variable.
    pub name: String,
    /// Its value.
    pub value: String,
}

impl Arguments {
    /// Reads the command line. Ends the process with the help, or with one line on what is wrong.
    pub fn read() -> Self {
        let wrong = |line: &str| {
            eprintln!("voicemint-dev: {line}");
            std::process::exit(2)
        };
        let arguments = Self::try_parse().unwrap_or_else(|error| match error.kind() {
            ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => error.exit(),
            _ => wrong(&one_line(&error.to_string())),
        });
        if let Some(line) = arguments.contradiction() {
            wrong(&line);
        }
        arguments
    }

    /// What is wrong between flags each of which is right.
    fn contradiction(&self) -> Option<String> {
        let wrong = if self.ports_differ() {
            values::misplaced(
                self.base_url.as_deref()?,
                [self.port, self.standins_port, self.tls_port],
            )?
        } else {
            "--port, --standins-port and --tls-port must be three different ports".to_owned()
        };
        Some(format!("{wrong}; --help lists the flags"))
    }

    fn ports_differ(&self) -> bool {
        let (app, standins, tls) = (self.port, self.standins_port, self.tls_port);
        app != standins && standins != tls && tls != app
    }

    /// The addresses to listen on: both of the loopback interface, and those that were asked for.
    /// One that stands for all of its family is bound alone, as it holds the others.
    pub fn addresses(&self) -> Vec<IpAddr> {
        let (all_v4, all) = (
            IpAddr::from(Ipv4Addr::UNSPECIFIED),
            IpAddr::from(Ipv6Addr::UNSPECIFIED),
        );
        let asked = self
            .listen
            .iter()
            .copied()
            .chain(self.containers.then_some(all_v4));
        let mut addresses = vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()];
        addresses.extend(asked);
        if addresses.contains(&all) {
            // It takes IPv4 too (RFC 3493 section 5.3).
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

    /// The flags by which others than this machine's own browser come here.
    pub fn opening_flags(&self) -> Vec<&'static str> {
        // No DNS answer can make an address point here, so one without --listen is this machine
        // itself.
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

    /// The names by which this server may be called.
    pub fn names(&self) -> Names {
        Names::new(&self.host)
    }

    /// The origin of the page.
    pub fn app_origin(&self) -> String {
        origin("http", "localhost", self.port)
    }

    /// The origins of the page, by all of its names. A tunnel has the port of its scheme.
    pub fn page_origins(&self) -> Vec<String> {
        let own = ["localhost", "127.0.0.1", "[::1]"].map(str::to_owned);
        let given = || self.host.iter().map(|host| Names::in_url(host));
        let at_port = own.into_iter().chain(given());
        let at_port = at_port
            .flat_map(|host| ["http", "https"].map(|scheme| origin(scheme, &host, self.port)));
        let tunnels = given().map(|host| format!("https://{host}"));
        at_port.chain(tunnels).collect()
    }

    /// Where the stand-in providers are.
    pub fn standins_url(&self) -> String {
        format!("http://localhost:{}", self.standins_port)
    }

    /// Where the stand-in providers are, over TLS.
    pub fn tls_url(&self) -> String {
        format!("https://localhost:{}", self.tls_port)
    }

    /// Where the authority's certificate goes, and whether it is kept there for the next start: not
    /// where the folder is everybody's, as others could put an authority of theirs there.
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

    /// What `--set` says of a variable of a provider; the last one counts.
    pub fn setting(&self, provider: &str, name: &str) -> Option<&str> {
        let fits = |setting: &&Setting| {
            setting.name == name
                && setting
                    .provider
                    .as_deref()
                    .is_none_or(|wanted| wanted == provider)
        };
        self.set
            .iter()
            .rev()
            .find(fits)
            .map(|setting| setting.value.as_str())
    }
}

/// An origin as browsers send it: without the port that goes without saying.
fn origin(scheme: &str, host: &str, port: u16) -> String {
    match (scheme, port) {
        ("http", 80) | ("https", 443) => format!("{scheme}://{host}"),
        _ => format!("{scheme}://{host}:{port}"),
    }
}

#[cfg(test)]
mod tests;
