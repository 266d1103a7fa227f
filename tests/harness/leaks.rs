//! Searches texts for secrets: in plain text, and in every encoding in which they might leak.

use std::collections::BTreeSet;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

/// Shorter strings occur by chance, so a shorter secret cannot be searched for.
const MIN_LEN: usize = 12;

/// Fails if a secret occurs in any of the texts. Both have names for the message, which never shows
/// a secret.
pub fn assert_absent(texts: &[(&str, &str)], secrets: &[(&str, &str)]) {
    let found = find(texts, secrets);
    assert!(
        found.is_empty(),
        "{}",
        found.into_iter().collect::<Vec<_>>().join("\n")
    );
}

fn find(texts: &[(&str, &str)], secrets: &[(&str, &str)]) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (secret_name, secret) in secrets {
        assert!(
            secret.len() >= MIN_LEN,
            "{secret_name} is too short to be searched for"
        );
        for (encoding, encoded) in encodings(secret) {
            let matches = texts.iter().filter(|(_, text)| text.contains(&encoded));
            found.extend(
                matches.map(|(text_name, _)| {
                    format!("{secret_name} occurs in {text_name}, {encoding}")
                }),
            );
        }
    }
    found
}

fn encodings(secret: &str) -> Vec<(String, String)> {
    let bytes = secret.as_bytes();
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let mut found = vec![
        ("in plain text".to_owned(), secret.to_owned()),
        ("reversed".to_owned(), secret.chars().rev().collect()),
        (
            "as JSON bytes".to_owned(),
            bytes
                .iter()
                .map(u8::to_string)
                .collect::<Vec<_>>()
                .join(","),
        ),
        (
            "as printed bytes".to_owned(),
            bytes
                .iter()
                .map(u8::to_string)
                .collect::<Vec<_>>()
                .join(", "),
        ),
        ("in upper-case hex".to_owned(), hex.to_uppercase()),
        ("in hex".to_owned(), hex),
        ("URL-encoded".to_owned(), percent(secret, false)),
        (
            "URL-encoded including unreserved characters".to_owned(),
            percent(secret, true),
        ),
    ];
    for alignment in 0..3 {
        // The encoded characters depend on the number of bytes before the secret. Those at the
        // edges also depend on the adjacent bytes, so they are left out.
        let shifted = [&[b'.'; 3][..alignment], bytes].concat();
        let whole = shifted.len() / 3 * 4;
        let start = if alignment == 0 { 0 } else { 4 };
        for (name, text) in [
            ("base64", STANDARD_NO_PAD.encode(&shifted)),
            ("base64url", URL_SAFE_NO_PAD.encode(&shifted)),
        ] {
            found.push((
                format!("in {name} at offset {alignment}"),
                text[start..whole].to_owned(),
            ));
        }
    }
    found
}

fn percent(text: &str, all: bool) -> String {
    let plain = |byte: &u8| !all && (byte.is_ascii_alphanumeric() || b"-._~".contains(byte));
    let encode = |byte: u8| {
        if plain(&byte) {
            char::from(byte).to_string()
        } else {
            format!("%{byte:02X}")
        }
    };
    text.bytes().map(encode).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::engine::general_purpose::{STANDARD, URL_SAFE};

    const SECRET: &str = "sk_car_?/>~-secret";

    fn finds(text: &str) -> bool {
        !find(&[("text", text)], &[("secret", SECRET)]).is_empty()
    }

    #[test]
    fn finds_a_secret_in_every_encoding() {
        for before in ["", "a", "ab", "abc", "user:"] {
            let text = format!("{before}{SECRET} and more");
            assert!(finds(&text));
            assert!(finds(&STANDARD.encode(&text)), "base64 after {before:?}");
            assert!(finds(&URL_SAFE.encode(&text)), "base64url after {before:?}");
            assert!(finds(&percent(&text, false)));
            assert!(finds(&format!("{:?}", text.as_bytes())));
        }
    }

    #[test]
    fn accepts_a_text_without_the_secret() {
        assert!(!finds("sk_car_ and nothing else"));
    }
}
