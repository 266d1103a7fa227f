//! Sections 2.6, 2.9, 3.4, 3.7 and 3.10: a token has one encoding and one meaning, and does not say
//! where its key comes from. Unless a test says otherwise, each token is signed by a trusted key,
//! so only its syntax can be wrong.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::rfc8725::env::{A, B, TwoIssuers};
use crate::support::signers::{compact, encode};

const HEADER: &str = r#"{"alg":"EdDSA","kid":"ed25519"}"#;

fn signed(header: impl AsRef<[u8]>, payload: impl AsRef<[u8]>) -> String {
    A.signed("EdDSA", header, payload)
}

/// A token with this signing input.
fn signed_text(message: &str) -> String {
    format!("{message}.{}", encode(A.sign("EdDSA", message.as_bytes())))
}

#[tokio::test]
async fn sections_2_6_and_3_7_encodings_other_than_utf_8() {
    let env = TwoIssuers::new().await;
    let good = env.valid_claims().to_string();
    let utf16 = |text: &str, bytes: fn(u16) -> [u8; 2]| {
        text.encode_utf16().flat_map(bytes).collect::<Vec<u8>>()
    };
    let utf32 = |text: &str| {
        text.chars()
            .flat_map(|letter| u32::from(letter).to_be_bytes())
            .collect::<Vec<u8>>()
    };
    let others = |text: &str| {
        [
            utf16(text, u16::to_le_bytes),
            utf16(text, u16::to_be_bytes),
            [&[0xff, 0xfe][..], &utf16(text, u16::to_le_bytes)].concat(),
            [&[0xfe, 0xff][..], &utf16(text, u16::to_be_bytes)].concat(),
            utf32(text),
            [&[0xef, 0xbb, 0xbf][..], text.as_bytes()].concat(),
            [text.as_bytes(), &[0]].concat(),
            // UTF-8 in overlong form, and ISO 8859-1.
            text.replace("EdDSA", "?")
                .replace("ada", "?")
                .bytes()
                .flat_map(|b| if b == b'?' { vec![0xc1, 0xa1] } else { vec![b] })
                .collect(),
            text.bytes()
                .map(|byte| if byte == b'a' { 0xe4 } else { byte })
                .collect(),
        ]
    };
    env.assert_accepted("UTF-8", &signed(HEADER, &good)).await;
    for other in others(&good) {
        env.assert_refused("payload", &signed(HEADER, other)).await;
    }
    for other in others(HEADER) {
        env.assert_refused("header", &signed(other, &good)).await;
    }
}

#[tokio::test]
async fn section_2_6_duplicate_members() {
    let env = TwoIssuers::new().await;
    let good = env.valid_claims().to_string();
    let rest = good.strip_prefix('{').unwrap();
    for (name, value) in [
        ("sub", "\"eve\""),
        ("iss", "\"https://evil.test\""),
        ("exp", "1"),
        ("aud", "\"x\""),
    ] {
        let escaped = format!(
            "\\u{:04x}{}",
            u32::from(name.chars().next().unwrap()),
            &name[1..]
        );
        for name in [name, &escaped] {
            env.assert_refused(
                name,
                &signed(HEADER, format!("{{\"{name}\":{value},{rest}")),
            )
            .await;
            env.assert_refused(
                name,
                &signed(
                    HEADER,
                    format!("{},\"{name}\":{value}}}", good.strip_suffix('}').unwrap()),
                ),
            )
            .await;
        }
    }
    env.assert_refused(
        "nested",
        &signed(
            HEADER,
            format!(r#"{{"app":{{"x":[{{"y":1,"y":2}}]}},{rest}"#),
        ),
    )
    .await;
    for member in [
        r#""alg":"EdDSA""#,
        r#""alg":"none""#,
        r#""kid":"p256""#,
        r#""\u0061lg":"EdDSA""#,
    ] {
        env.assert_refused(
            member,
            &signed(HEADER.replace('}', &format!(",{member}}}")), &good),
        )
        .await;
    }
}

#[tokio::test]
async fn section_3_4_nesting_and_length() {
    let env = TwoIssuers::new().await;
    let started = Instant::now();
    for depth in [200, 1000, 2500] {
        for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
            let nested = format!("{}1{}", open.repeat(depth), close.repeat(depth));
            let payload =
                env.valid_claims()
                    .to_string()
                    .replacen('{', &format!("{{\"x\":{nested},"), 1);
            env.assert_refused("payload", &signed(HEADER, payload))
                .await;
            let header = HEADER.replacen('{', &format!("{{\"x\":{nested},"), 1);
            env.assert_refused("header", &signed(header, env.valid_claims().to_string()))
                .await;
        }
    }
    let long = |bytes: usize| {
        signed(
            HEADER,
            env.claims(json!({"x": "x".repeat(bytes)})).to_string(),
        )
    };
    env.assert_accepted("long", &long(5_500)).await;
    env.assert_refused("longer", &long(6_200)).await;
    env.assert_refused("much longer", &long(1_000_000)).await;
    env.assert_refused("dots", &".".repeat(1_000_000)).await;
    env.assert_refused("no dots", &"A".repeat(1_000_000)).await;
    assert!(started.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn section_3_4_a_token_has_one_encoding() {
    let env = TwoIssuers::new().await;
    // Lengths that leave unused bits, and a payload that contains `-` and `_`.
    let header = encode(r#"{"alg":"EdDSA","kid":"ed25519" }"#);
    let payload = (0..3).map(|spaces| {
        let claims = env.claims(json!({"x": "~~~???ÿÿÿ>>>"})).to_string();
        encode(format!("{claims}{}", " ".repeat(spaces)))
    });
    let payload = payload
        .into_iter()
        .find(|text| text.len() % 4 == 2)
        .unwrap();
    let message = format!("{header}.{payload}");
    let good = signed_text(&message);
    env.assert_accepted("valid", &good).await;
    assert!(payload.contains('_') && payload.contains('-') && !header.len().is_multiple_of(4));
    // RFC 4648 section 3.5: unused bits must be zero.
    let stray = |part: &str| {
        let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        let last = alphabet.find(part.chars().last().unwrap()).unwrap();
        format!(
            "{}{}",
            &part[..part.len() - 1],
            &alphabet[last + 1..last + 2]
        )
    };
    let (_, signature) = good.rsplit_once('.').unwrap();
    for other in [
        format!("{header}=.{payload}"),
        format!("{header}.{payload}=="),
        format!("{}.{payload}", stray(&header)),
        format!("{header}.{}", stray(&payload)),
        format!("{header}.{}", payload.replace('-', "+").replace('_', "/")),
        format!("{header}.{}", payload.replace('-', "%2D")),
        format!("{header}.{payload}."),
        format!(".{header}.{payload}"),
        format!("{header}..{payload}"),
        format!("{header}.{payload}.{payload}"),
        format!("{header} .{payload}"),
        format!("{header}.\n{payload}"),
    ] {
        env.assert_refused("signed after the change", &signed_text(&other))
            .await;
        env.assert_refused("signed before the change", &format!("{other}.{signature}"))
            .await;
    }
    for other in [
        format!("{signature}=="),
        stray(signature),
        format!("{signature}\0"),
        format!("{signature}A"),
    ] {
        env.assert_refused("signature", &format!("{message}.{other}"))
            .await;
    }
    for space in [
        " ", "\n", "\r\n", "\t", "\u{a0}", "\u{200b}", "\u{feff}", "%20", "\"",
    ] {
        for place in [
            0,
            1,
            header.len(),
            header.len() + 1,
            message.len() + 1,
            good.len() - 1,
            good.len(),
        ] {
            env.assert_refused(
                "white space",
                &format!("{}{space}{}", &good[..place], &good[place..]),
            )
            .await;
        }
    }
}

#[tokio::test]
async fn section_3_4_claim_names_that_look_alike() {
    let env = TwoIssuers::new().await;
    for name in [
        "ѕub",
        "SUB",
        "Sub",
        "sub ",
        " sub",
        "ｓｕｂ",
        "s\u{200b}ub",
        "sub\u{0}",
        "su\u{0062}\u{0301}",
    ] {
        let instead = env.claims(json!({"sub": null, name: "ada"}));
        env.assert_refused(name, &signed(HEADER, instead.to_string()))
            .await;
        env.assert_accepted(
            name,
            &signed(HEADER, env.claims(json!({name: "eve"})).to_string()),
        )
        .await;
    }
    // An escaped name is the same name (RFC 8259 section 8.3).
    env.assert_accepted(
        "escaped",
        &signed(
            HEADER,
            env.valid_claims()
                .to_string()
                .replace("\"sub\"", "\"\\u0073ub\""),
        ),
    )
    .await;
}

#[tokio::test]
async fn sections_2_9_and_3_10_key_ids_are_only_looked_up_in_the_key_set() {
    let env = TwoIssuers::new().await;
    let with_id = |kid: Value| {
        signed(
            json!({"alg": "EdDSA", "kid": kid}).to_string(),
            env.valid_claims().to_string(),
        )
    };
    env.assert_accepted("a key id", &with_id(json!("ed25519")))
        .await;
    env.assert_accepted(
        "no key id",
        &signed(r#"{"alg":"EdDSA"}"#, env.valid_claims().to_string()),
    )
    .await;
    for kid in [
        "../../../../../../dev/null",
        "/etc/passwd",
        "keys/../ed25519",
        "ed25519' OR '1'='1",
        "x' UNION SELECT 'AAAA'; --",
        "$(sleep 9)",
        "{{7*7}}",
        "https://evil.test/keys",
        "ED25519",
        "ed25519 ",
        "ed25519\0",
        "",
    ] {
        env.assert_refused("key id", &with_id(json!(kid))).await;
        // The empty key, which such a file or row would yield.
        let header = json!({"alg": "HS256", "kid": kid}).to_string();
        let forged = compact(header, env.valid_claims().to_string(), |text| {
            crate::support::signers::mac("HS256", b"", text)
        });
        env.assert_refused("key id", &forged).await;
    }
    for kid in [
        json!("k".repeat(256)),
        json!("k".repeat(257)),
        json!(7),
        json!(["ed25519"]),
        Value::Null,
    ] {
        env.assert_refused("key id", &with_id(kid)).await;
    }
    let paths = env.requested_paths();
    assert!(paths.iter().all(|path| ["/a/.well-known/openid-configuration", "/a/keys"].contains(&path.as_str())));
    assert_eq!(
        paths.len(),
        8,
        "one fetch for the first token, and three for all unknown ids"
    );
}

#[tokio::test]
async fn section_3_10_keys_and_rules_in_headers_are_not_trusted() {
    let env = TwoIssuers::new().await;
    for (name, value) in [
        ("crit", json!([])),
        ("crit", json!(["exp"])),
        ("crit", json!(["b64"])),
        ("crit", json!("exp")),
        ("crit", Value::Null),
        ("b64", json!(false)),
        ("b64", json!(true)),
    ] {
        for kid in [json!("ed25519"), json!("unknown")] {
            let header = json!({"alg": "EdDSA", "kid": kid, name: value}).to_string();
            env.assert_refused(name, &signed(header, env.valid_claims().to_string()))
                .await;
        }
    }
    assert_eq!(env.requested_paths(), Vec::<String>::new());
    // Keys in a header, and URLs of keys, are never used. They may be present, as may a nonce or a
    // content type: a token that is signed by a key of the issuer is accepted, and no header makes
    // a token with another signature valid.
    let b_keys = B.jwk_set();
    let b_url = env.issuer("b/keys");
    for (name, value) in [
        ("jku", json!(b_url)),
        ("jku", json!(env.issuer("a/keys"))),
        ("jku", json!(7)),
        ("x5u", json!(b_url)),
        ("jwk", b_keys["keys"][4].clone()),
        ("jwk", json!({"kty": "oct", "k": encode(&A.secret)})),
        ("x5c", json!(["MIIB"])),
        ("x5c", json!([])),
        ("x5t", json!("AAAA")),
        ("x5t#S256", json!("AAAA")),
        ("cty", json!("json")),
        ("nonce", json!("x")),
        ("zip", json!("DEF")),
    ] {
        let signed_by_b = |header: &Value| {
            compact(header.to_string(), env.valid_claims().to_string(), |text| {
                B.sign("EdDSA", text)
            })
        };
        let header = json!({"alg": "EdDSA", "kid": "ed25519", name: value});
        env.assert_accepted(
            name,
            &signed(header.to_string(), env.valid_claims().to_string()),
        )
        .await;
        env.assert_refused(name, &signed_by_b(&header)).await;
        env.assert_refused(name, &signed_by_b(&json!({"alg": "EdDSA", name: value})))
            .await;
        let hmac = json!({"alg": "HS256", name: value}).to_string();
        let hmac = compact(hmac, env.valid_claims().to_string(), |text| {
            crate::support::signers::mac("HS256", A.secret.as_bytes(), text)
        });
        env.assert_refused(name, &hmac).await;
    }
    let paths = env.requested_paths();
    assert!(
        paths.iter().all(|path| path.starts_with("/a/")),
        "{paths:?}"
    );
}
