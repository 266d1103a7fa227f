//! Verifies the signatures of compact tokens with a key set, and checks nothing else. It uses the
//! same code as sessions do, so it can verify tokens of other implementations and published test
//! vectors.

use std::io::{BufRead, stdin};
use std::process::ExitCode;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use voicemint::internals::{Algorithm, verify};

const HELP: &str = "\
Usage: verify_signature KEY-SET.json [ALG,ALG] < TOKENS

Reads compact tokens, one per line, and prints one line per token: `valid` and the payload as base64url, or `refused:` and the
reason. KEY-SET.json is a key set (RFC 7517) or a single key. ALG,ALG are the permitted algorithms, by default all.
Exits with 0 if all tokens are valid, 1 if any is refused, 2 if the arguments are wrong.";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments
        .iter()
        .any(|argument| ["-h", "--help"].contains(&argument.as_str()))
    {
        println!("{HELP}");
        return ExitCode::SUCCESS;
    }
    match run(&arguments) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(misuse) => {
            eprintln!("verify_signature: {misuse} (see --help)");
            ExitCode::from(2)
        }
    }
}

/// Whether all tokens are valid. The error is a sentence about wrong arguments.
fn run(arguments: &[String]) -> Result<bool, String> {
    let (path, algorithms) = match arguments {
        [path] => (
            path,
            [Algorithm::ASYMMETRIC.as_slice(), &Algorithm::SYMMETRIC].concat(),
        ),
        [path, names] => (path, names.split(',').collect()),
        _ => {
            return Err(
                "it needs the file of a key set, and optionally a list of algorithms.".to_owned(),
            );
        }
    };
    let known = |name: &&str| {
        name.parse::<Algorithm>()
            .map_err(|error| format!("{error}: {name:?}"))
    };
    let algorithms = algorithms
        .iter()
        .map(known)
        .collect::<Result<Vec<_>, _>>()?;
    let jwk_set = std::fs::read(path)
        .map_err(|error| format!("the file {path:?} cannot be read: {error}."))?;
    let jwk_set = into_jwk_set(jwk_set);
    let mut all_valid = true;
    for line in stdin().lock().split(b'\n') {
        let line = line.map_err(|error| format!("the tokens cannot be read: {error}."))?;
        // A line ending is not part of the token. Any other surrounding character is part of it,
        // and is refused.
        let line = line.strip_suffix(b"\r").unwrap_or(&line);
        let verified = match std::str::from_utf8(line) {
            Ok(token) => {
                verify::verify(token, &jwk_set, &algorithms).map_err(|error| error.to_string())
            }
            Err(_) => Err("the token is not UTF-8".to_owned()),
        };
        match verified {
            Ok(payload) => println!("valid {}", URL_SAFE_NO_PAD.encode(payload)),
            Err(reason) => {
                println!("refused: {reason}");
                all_valid = false;
            }
        }
    }
    Ok(all_valid)
}

/// A set of one key if the file contains a single key. Any other text is returned unchanged.
fn into_jwk_set(text: Vec<u8>) -> Vec<u8> {
    match serde_json::from_slice::<serde_json::Value>(&text) {
        Ok(key) if key.get("kty").is_some() && key.get("keys").is_none() => {
            [b"{\"keys\":[".as_slice(), &text, b"]}"].concat()
        }
        _ => text,
    }
}
