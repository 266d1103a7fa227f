//! Properties of the parsers of tokens, key sets and cookies: no input causes a panic, and only
//! signed tokens are accepted. The targets in `fuzz/` search longer for the same errors.

use std::sync::LazyLock;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use http::{HeaderMap, HeaderValue, header};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::{Value, json};
use voicemint::internals::{
    Algorithm, ContentKey, CookieFormat, Credential, JwkSet, SessionCookie, UnverifiedToken,
    compact, verify,
};

use crate::support::signers::{ASYMMETRIC, Signers, encode};

static SIGNERS: LazyLock<Signers> = LazyLock::new(Signers::new);

/// A valid token for each algorithm.
static TOKENS: LazyLock<Vec<String>> = LazyLock::new(|| {
    let claims =
        json!({"iss": "https://id.test", "sub": "ada", "aud": "voice", "exp": 1_800_000_060});
    let public = ASYMMETRIC
        .iter()
        .map(|(alg, kid)| SIGNERS.token(alg, kid, &claims));
    let shared = Algorithm::SYMMETRIC
        .iter()
        .map(|alg| SIGNERS.token(alg, "secret", &claims));
    public.chain(shared).collect()
});

static JWK_SETS: LazyLock<[Vec<u8>; 2]> = LazyLock::new(|| {
    [SIGNERS.jwk_set(), SIGNERS.symmetric_jwk_set()].map(|set| set.to_string().into_bytes())
});

fn is_verified(token: &str) -> bool {
    let names = Algorithm::ASYMMETRIC.iter().chain(&Algorithm::SYMMETRIC);
    let algorithms: Vec<_> = names.map(|name| name.parse().unwrap()).collect();
    JWK_SETS
        .iter()
        .any(|set| verify::verify(token, set, &algorithms).is_ok())
}

fn is_opened(token: &str) -> bool {
    compact::open(
        token,
        &[
            ContentKey::A256Gcm([7; 32]),
            ContentKey::A256CbcHs512([7; 64]),
        ],
    )
    .is_ok()
}

/// A valid encrypted session.
fn sealed() -> String {
    let header = encode(r#"{"alg":"dir","enc":"A256GCM"}"#);
    let mut text = br#"{"sub":"ada"}"#.to_vec();
    let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &[7; 32]).unwrap());
    let nonce = Nonce::assume_unique_for_key([7; 12]);
    let tag = key
        .seal_in_place_separate_tag(nonce, Aad::from(header.as_bytes()), &mut text)
        .unwrap();
    format!(
        "{header}..{}.{}.{}",
        encode([7; 12]),
        encode(text),
        encode(tag)
    )
}

#[derive(Clone, Debug)]
enum Change {
    Flip(Index, u8),
    Insert(Index, char),
    Delete(Index),
    Repeat(Index, Index),
    Truncate(Index),
    SwapParts(Index, Index),
    ReplacePart(Index, Index),
}

fn change() -> impl Strategy<Value = Change> {
    let index = any::<Index>;
    prop_oneof![
        (index(), 0..7_u8).prop_map(|(place, bit)| Change::Flip(place, bit)),
        (index(), any::<char>()).prop_map(|(place, letter)| Change::Insert(place, letter)),
        (index(), select(vec!['A', '.', '=', ' ', '-', '_', '\n']))
            .prop_map(|(place, l)| Change::Insert(place, l)),
        index().prop_map(Change::Delete),
        (index(), index()).prop_map(|(from, to)| Change::Repeat(from, to)),
        index().prop_map(Change::Truncate),
        (index(), index()).prop_map(|(one, other)| Change::SwapParts(one, other)),
        (index(), index()).prop_map(|(part, token)| Change::ReplacePart(part, token)),
    ]
}

/// The token after a change. Tokens are ASCII.
fn changed(token: &str, change: &Change) -> String {
    let mut bytes = token.as_bytes().to_vec();
    let mut parts: Vec<&str> = token.split('.').collect();
    match change {
        Change::Flip(place, bit) => bytes[place.index(token.len())] ^= 1 << bit,
        Change::Insert(place, letter) => {
            let place = place.index(token.len() + 1);
            return format!("{}{letter}{}", &token[..place], &token[place..]);
        }
        Change::Delete(place) => drop(bytes.remove(place.index(token.len()))),
        Change::Repeat(from, to) => {
            let (from, to) = (from.index(token.len()), to.index(token.len()));
            let range = from.min(to)..=from.max(to);
            bytes.splice(*range.end()..*range.end(), token.as_bytes()[range].to_vec());
        }
        Change::Truncate(place) => bytes.truncate(place.index(token.len())),
        Change::SwapParts(one, other) => {
            let (one, other) = (one.index(parts.len()), other.index(parts.len()));
            parts.swap(one, other);
            return parts.join(".");
        }
        Change::ReplacePart(part, token) => {
            let other = &TOKENS[token.index(TOKENS.len())];
            let part = part.index(parts.len().min(3));
            parts[part] = other.split('.').nth(part).unwrap();
            return parts.join(".");
        }
    }
    String::from_utf8(bytes).unwrap()
}

/// JSON of any structure, with names that tokens and key sets contain.
fn any_json() -> impl Strategy<Value = Value> {
    let name = select(vec![
        "alg",
        "kid",
        "typ",
        "enc",
        "zip",
        "iss",
        "sub",
        "aud",
        "exp",
        "kty",
        "crv",
        "n",
        "e",
        "x",
        "y",
        "k",
        "use",
        "key_ops",
        "keys",
        "access_token",
        "",
    ]);
    let word = select(vec![
        "RS256", "ES256", "EdDSA", "HS256", "none", "dir", "A256GCM", "RSA", "EC", "OKP", "oct",
    ]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        word.prop_map(Value::from),
        select(vec![
            "P-256", "P-384", "P-521", "Ed25519", "sig", "verify", "rsa", "secret"
        ])
        .prop_map(Value::from),
        vec(any::<u8>(), 0..70).prop_map(|bytes| Value::from(encode(bytes))),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 64, 8, move |inner| {
        prop_oneof![
            vec(inner.clone(), 0..8).prop_map(Value::from),
            vec((name.clone(), inner), 0..8).prop_map(|members| {
                Value::Object(
                    members
                        .into_iter()
                        .map(|(name, value)| (name.to_owned(), value))
                        .collect(),
                )
            }),
        ]
    })
}

#[test]
fn the_unchanged_tokens_are_valid() {
    assert!(TOKENS.iter().all(|token| is_verified(token)));
    assert!(is_opened(&sealed()));
}

proptest! {
    #[test]
    fn a_changed_token_is_refused(token in 0..13_usize, changes in vec(change(), 1..4)) {
        let token = &TOKENS[token];
        let other = changes.iter().fold(token.clone(), |token, change| {
            if token.is_empty() || !token.is_ascii() { token } else { changed(&token, change) }
        });
        // Several replaced parts may add up to another valid token.
        prop_assert!(TOKENS.contains(&other) || !is_verified(&other), "{}", other);
    }

    #[test]
    fn a_changed_encrypted_session_is_refused(change in change()) {
        let token = sealed();
        let other = changed(&token, &change);
        prop_assert!(other == token || !is_opened(&other), "{}", other);
    }

    #[test]
    fn arbitrary_text_is_refused(text in any::<String>()) {
        prop_assert!(!is_verified(&text) && !is_opened(&text));
    }

    #[test]
    fn arbitrary_bytes_between_dots_are_refused(parts in vec(vec(any::<u8>(), 0..200), 1..7)) {
        let text = parts.iter().map(encode).collect::<Vec<_>>().join(".");
        prop_assert!(!is_verified(&text) && !is_opened(&text));
    }

    #[test]
    fn unsigned_json_is_refused(
        header in any_json(), known in select(ASYMMETRIC.to_vec()), claims in any_json(), rest in vec(vec(any::<u8>(), 0..140), 1..4),
    ) {
        let rest = rest.iter().map(encode).collect::<Vec<_>>().join(".");
        for header in [header, json!({"alg": known.0, "kid": known.1}), json!({"alg": "dir", "enc": "A256GCM"})] {
            let text = format!("{}.{}.{rest}", encode(header.to_string()), encode(claims.to_string()));
            prop_assert!(!is_verified(&text) && !is_opened(&text));
            if let Ok(token) = UnverifiedToken::parse(&text) {
                prop_assert_eq!(token.into_claims().is_ok(), claims.is_object());
            }
        }
    }

    #[test]
    fn arbitrary_key_sets_verify_no_token(bytes in vec(any::<u8>(), 0..300), json in any_json(), keys in vec(any_json(), 0..5)) {
        let sets = [bytes, json.to_string().into_bytes(), json!({"keys": keys}).to_string().into_bytes()];
        for set in &sets {
            for set in [JwkSet::parse(set).ok(), JwkSet::parse_shared(set)].into_iter().flatten() {
                for token in TOKENS.iter() {
                    let token = UnverifiedToken::parse(token).ok().unwrap();
                    prop_assert!(set.verifies(&token) != Ok(true));
                }
            }
        }
    }

    #[test]
    fn arbitrary_headers_contain_no_valid_session(bytes in vec(any::<u8>(), 0..200), json in any_json(), format in 0..5_usize) {
        let format = [CookieFormat::Plain, CookieFormat::Chunked("."), CookieFormat::Chunked("__"), CookieFormat::SupabaseJson, CookieFormat::AmplifyUser][format];
        let cookie = SessionCookie { name: "s".to_owned(), format };
        let packed = [format!("s=base64-{}", encode(json.to_string())), format!("s.0={json}; s.1=x; s.LastAuthUser=%")];
        for bytes in packed.iter().map(String::as_bytes).chain([&*bytes, &[b"s=", &*bytes].concat()]) {
            let Ok(value) = HeaderValue::from_bytes(bytes) else { continue };
            for name in [header::COOKIE, header::AUTHORIZATION] {
                let headers = HeaderMap::from_iter([(name, value.clone())]);
                for session in Credential::find(&headers, std::slice::from_ref(&cookie)).sessions() {
                    prop_assert!(!is_verified(session) && !is_opened(session));
                }
            }
        }
    }
}
