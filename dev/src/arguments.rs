//! The flags of the local command.

use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;

use clap::Parser;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::error::ErrorKind;
use voicemint::origin::is_origin;

use crate::identity::Kind;

/// Serves Voicemint on this machine: the token endpoints, a page that uses them, an identity provider, and stand-ins for
/// Cartesia, ElevenLabs and AssemblyAI.
///
/// With CARTESIA_API_KEY, ELEVENLABS_API_KEY or ASSEMBLYAI_API_KEY in the environment, that provider is the real one, and
/// tokens cost what they cost there.
#[derive(Clone, Debug, Parser)]
#[command(name = "voicemint-dev", version, max_term_width = 100, after_help = EXAMPLES)]
pub struct Arguments {
    /// Port of the page and the token endpoints.
    #[arg(long, default_value_t = 8787, value_name = "PORT")]
    pub port: u16,

    /// Port of the stand-in providers, and of Secrets Manager with their keys.
    #[arg(long, default_value_t = 8788, value_name = "PORT")]
    pub standins_port: u16,

    /// Port of the stand-in providers over TLS: most SDKs open no socket without it.
    #[arg(long, default_value_t = 8789, value_name = "PORT")]
    pub tls_port: u16,

    /// Where to write the certificate of the authority that clients are to trust, made anew at every start. Default:
    /// voicemint-dev-ca.pem in the system's temporary folder.
    #[arg(long, value_name = "FILE")]
    pub ca_file: Option<PathBuf>,

    /// Listen on all of this machine's addresses, so that containers reach it as host.docker.internal. Others on the network
    /// then reach it too.
    #[arg(long)]
    pub containers: bool,

    /// Another origin whose pages may call, such as http://localhost:3000. May be repeated.
    #[arg(long, value_name = "ORIGIN", value_parser = origin)]
    pub origin: Vec<String>,

    /// Which kind of sessions there are. Signing in then gives the tokens and cookies of that product, made by a stand-in of it,
    /// and the functions are set to accept them; what --set says of SESSION_* counts more.
    #[arg(long, default_value = Kind::Jwt.name(), value_name = "KIND", value_parser = kinds())]
    pub session: Kind,

    /// How long a sign-in lasts, in seconds.
    #[arg(long, default_value_t = 3600, value_name = "SECONDS", value_parser = clap::value_parser!(u32).range(1..=86_400))]
    pub session_seconds: u32,

    /// A setting of the deployed functions, such as MAX_EXPIRES_IN=120, or cartesia:ALLOWED_GRANTS=tts for one of them. May
    /// be repeated.
    #[arg(long, value_name = "[PROVIDER:]NAME=VALUE", value_parser = setting)]
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
        if !arguments.ports_differ() {
            wrong("--port, --standins-port and --tls-port must be three different ports; --help lists the flags");
        }
        arguments
    }

    fn ports_differ(&self) -> bool {
        let (app, standins, tls) = (self.port, self.standins_port, self.tls_port);
        app != standins && standins != tls && tls != app
    }

    /// The address to listen on.
    pub fn address(&self) -> IpAddr {
        if self.containers { Ipv4Addr::UNSPECIFIED.into() } else { Ipv4Addr::LOCALHOST.into() }
    }

    /// The origin of the page.
    pub fn app_origin(&self) -> String {
        format!("http://localhost:{}", self.port)
    }

    /// Where the stand-in providers are.
    pub fn standins_url(&self) -> String {
        format!("http://localhost:{}", self.standins_port)
    }

    /// Where the stand-in providers are, over TLS.
    pub fn tls_url(&self) -> String {
        format!("https://localhost:{}", self.tls_port)
    }

    /// Where the authority's certificate goes.
    pub fn ca_file(&self) -> PathBuf {
        self.ca_file.clone().unwrap_or_else(|| std::env::temp_dir().join("voicemint-dev-ca.pem"))
    }

    /// What `--set` says of a variable of a provider; the last one counts.
    pub fn setting(&self, provider: &str, name: &str) -> Option<&str> {
        let fits = |setting: &&Setting| {
            setting.name == name && setting.provider.as_deref().is_none_or(|wanted| wanted == provider)
        };
        self.set.iter().rev().find(fits).map(|setting| setting.value.as_str())
    }
}

fn kinds() -> impl TypedValueParser<Value = Kind> {
    PossibleValuesParser::new(Kind::ALL.map(Kind::name))
        .try_map(|name| Kind::named(&name).ok_or("there is no such kind of sessions"))
}

fn origin(text: &str) -> Result<String, &'static str> {
    let advice = "an origin is as browsers send it: scheme, host and port, such as http://localhost:3000";
    is_origin(text).then(|| text.to_owned()).ok_or(advice)
}

fn setting(text: &str) -> Result<Setting, String> {
    let (name, value) = text.split_once('=').ok_or("expected NAME=VALUE")?;
    let (provider, name) = match name.split_once(':') {
        None => (None, name),
        Some((provider, name)) if ["cartesia", "elevenlabs", "assemblyai"].contains(&provider) => {
            (Some(provider), name)
        }
        Some((provider, _)) => return Err(format!("there is no provider {provider}")),
    };
    let variable = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
    if name.is_empty() || !name.bytes().all(variable) {
        return Err("a setting's name is in capitals, such as MAX_EXPIRES_IN".to_owned());
    }
    Ok(Setting { provider: provider.map(str::to_owned), name: name.to_owned(), value: value.to_owned() })
}

/// The first paragraph of clap's message, which may list the permitted values, and where to find more.
fn one_line(message: &str) -> String {
    let first: Vec<_> = message.lines().map(str::trim).take_while(|line| !line.is_empty()).collect();
    format!("{}; --help lists the flags", first.join(" ").trim_start_matches("error: "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(flags: &[&str]) -> Result<Arguments, String> {
        let flags = ["voicemint-dev"].iter().chain(flags);
        Arguments::try_parse_from(flags).map_err(|error| one_line(&error.to_string()))
    }

    #[test]
    fn what_is_wrong_fits_on_one_line() {
        for flags in [&["--prot", "1"][..], &["--port", "x"], &["--port", "70000"], &["--set", "x=1"], &["stray"]] {
            let line = read(flags).unwrap_err();
            assert!(
                !line.contains('\n') && line.contains(flags[0]) && line.ends_with("--help lists the flags"),
                "{line}"
            );
        }
    }

    #[test]
    fn a_kind_of_sessions_that_there_is_not_is_told_which_ones_there_are() {
        for flags in [&["--session", "nope"][..], &["--session", "JWT"], &["--session"]] {
            let line = read(flags).unwrap_err();
            assert!(!line.contains('\n') && line.ends_with("; --help lists the flags"), "{line}");
            assert!(Kind::ALL.into_iter().all(|kind| line.contains(kind.name())), "{line}");
        }
    }

    #[test]
    fn ports_are_three_different_ones() {
        assert!(read(&[]).unwrap().ports_differ());
        for flags in [["--port", "8788"], ["--standins-port", "8789"], ["--tls-port", "8787"]] {
            assert!(!read(&flags).unwrap().ports_differ(), "{flags:?}");
        }
    }

    #[test]
    fn the_authority_goes_to_a_temporary_file_if_to_no_other() {
        let file = read(&[]).unwrap().ca_file();
        assert!(file.is_absolute() && file.ends_with("voicemint-dev-ca.pem"), "{}", file.display());
        assert_eq!(read(&["--ca-file", "mine.pem"]).unwrap().ca_file(), PathBuf::from("mine.pem"));
    }

    #[test]
    fn a_setting_may_be_for_one_provider() {
        let arguments = read(&["--set", "MAX_EXPIRES_IN=9", "--set", "cartesia:MAX_EXPIRES_IN=7"]).unwrap();
        assert_eq!(arguments.setting("cartesia", "MAX_EXPIRES_IN"), Some("7"));
        assert_eq!(arguments.setting("assemblyai", "MAX_EXPIRES_IN"), Some("9"));
        assert_eq!(arguments.setting("assemblyai", "LOG_LEVEL"), None);
        assert!(read(&["--set", "nobody:MAX_EXPIRES_IN=9"]).is_err());
    }
}
