//! Section 3, best practices: what a verifier must check, and what it must not trust.

use serde_json::{Value, json};
use voicemint::internals::{JwkSet, KeyLookupError, UnverifiedToken};

use crate::rfc8725::env::{A, TwoIssuers};
use crate::support::signers::{compact, encode};

/// The group orders of the curves.
const ORDERS: [(&str, &str, &str); 3] = [
    (
        "ES256",
        "p256",
        "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551",
    ),
    (
        "ES384",
        "p384",
        "ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973",
    ),
    (
        "ES512",
        "p521",
        "01fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa51868783bf2f966b7fcc0148f709a5d03bb5c9b8\
         899c47aebb6fb71e91386409",
    ),
];

#[tokio::test]
async fn section_3_3_invalid_ecdsa_signatures() {
    let env = TwoIssuers::new().await;
    for (alg, kid, order) in ORDERS {
        let order: Vec<u8> = (0..order.len())
            .step_by(2)
            .map(|at| u8::from_str_radix(&order[at..at + 2], 16).unwrap())
            .collect();
        let size = order.len();
        assert_eq!(2 * size, A.sign(alg, b"").len());
        let [zero, mut one, max] = [vec![0; size], vec![0; size], vec![0xff; size]];
        one[size - 1] = 1;
        let header = json!({"alg": alg, "kid": kid}).to_string();
        let with =
            |signature: Vec<u8>| compact(&header, env.valid_claims().to_string(), |_| signature);
        for r in [&zero, &one, &order, &max] {
            for s in [&zero, &one, &order, &max] {
                env.assert_refused(alg, &with([&r[..], s].concat())).await;
            }
        }
        let signed_by = |sign: fn(Vec<u8>) -> Vec<u8>| {
            compact(&header, env.valid_claims().to_string(), |message| {
                sign(A.sign(alg, message))
            })
        };
        env.assert_accepted(alg, &signed_by(|signature| signature))
            .await;
        env.assert_refused("DER", &signed_by(der)).await;
        env.assert_refused(
            "r alone",
            &signed_by(|signature| signature[..signature.len() / 2].to_vec()),
        )
        .await;
        env.assert_refused(
            "an additional byte at the end",
            &signed_by(|signature| [&signature[..], &[0]].concat()),
        )
        .await;
        env.assert_refused(
            "an additional byte at the start",
            &signed_by(|signature| [&[0], &signature[..]].concat()),
        )
        .await;
        env.assert_refused("twice", &signed_by(|signature| signature.repeat(2)))
            .await;
        env.assert_refused(
            "s, r",
            &signed_by(|mut signature| {
                let half = signature.len() / 2;
                signature.rotate_left(half);
                signature
            }),
        )
        .await;
    }
}

/// `r || s` as DER, which JWS does not use (RFC 7518 section 3.4).
fn der(signature: Vec<u8>) -> Vec<u8> {
    let integer = |number: &[u8]| {
        let number: Vec<u8> = number
            .iter()
            .copied()
            .skip_while(|byte| *byte == 0)
            .collect();
        let sign = if number[0] & 0x80 == 0 { &[][..] } else { &[0] };
        [&[2, (sign.len() + number.len()) as u8][..], sign, &number].concat()
    };
    let (r, s) = signature.split_at(signature.len() / 2);
    let numbers = [integer(r), integer(s)].concat();
    let length = if numbers.len() < 128 {
        vec![numbers.len() as u8]
    } else {
        vec![0x81, numbers.len() as u8]
    };
    [&[0x30][..], &length, &numbers].concat()
}

#[tokio::test]
async fn sections_3_3_and_3_4_every_bit_of_a_signature_is_checked() {
    let env = TwoIssuers::new().await;
    for (alg, kid) in [
        ("RS256", "rsa"),
        ("PS256", "rsa"),
        ("ES256", "p256"),
        ("EdDSA", "ed25519"),
    ] {
        let header = json!({"alg": alg, "kid": kid}).to_string();
        for bit in [0, 7, 100, 255, 256, 300, 511] {
            let flipped = compact(&header, env.valid_claims().to_string(), |message| {
                let mut signature = A.sign(alg, message);
                signature[bit / 8] ^= 1 << (bit % 8);
                signature
            });
            env.assert_refused(alg, &flipped).await;
        }
        for payload in ["{}", &env.claims(json!({"sub": "eve"})).to_string()] {
            let forged = compact(&header, payload, |_| A.sign(alg, b"another message"));
            env.assert_refused(alg, &forged).await;
        }
    }
}

/// Section 3.4 requires a check of each point, and section 3.5 keys that cannot be guessed.
#[test]
fn sections_3_4_and_3_5_invalid_keys() {
    let set = A.jwk_set();
    let with = |number: usize, name: &str, value: &str| {
        let mut key = set["keys"][number].clone();
        key[name] = json!(value);
        key
    };
    let verifies = |alg: &str, kid: &str, key: Value| {
        let token = A.token(alg, kid, &json!({}));
        let token = UnverifiedToken::parse(&token).ok().unwrap();
        let keys = JwkSet::parse(json!({"keys": [key]}).to_string().as_bytes())
            .ok()
            .unwrap();
        keys.verifies(&token)
    };
    assert_eq!(verifies("ES256", "p256", set["keys"][1].clone()), Ok(true));
    assert_eq!(
        verifies("ES256", "p256", with(1, "y", &encode([9; 32]))),
        Ok(false),
        "not on the curve"
    );
    assert_eq!(
        verifies("ES256", "p256", with(1, "x", &encode([0; 32]))),
        Ok(false),
        "not on the curve"
    );
    assert_eq!(
        verifies("ES256", "p256", with(1, "crv", "P-384")),
        Err(KeyLookupError::UnknownId),
        "another curve"
    );
    assert_eq!(
        verifies("EdDSA", "ed25519", with(4, "x", &encode([0xff; 32]))),
        Ok(false),
        "not a point"
    );
    assert_eq!(
        verifies("RS256", "rsa", with(0, "e", "AQ")),
        Err(KeyLookupError::UnknownId),
        "exponent 1"
    );
    // 65537^128 has 2049 bits. Modulo small primes, it looks like every modulus of CVE-2017-15361.
    let mut power = vec![1_u8];
    for _ in 0..128 {
        let mut carry = 0;
        let shifted: Vec<u8> = power.iter().copied().chain([0, 0]).collect();
        let padded: Vec<u8> = [0, 0].into_iter().chain(power.iter().copied()).collect();
        power = shifted
            .iter()
            .zip(&padded)
            .rev()
            .map(|(a, b)| {
                let sum = u16::from(*a) + u16::from(*b) + carry;
                carry = sum >> 8;
                sum as u8
            })
            .collect();
        power.reverse();
    }
    assert_eq!(
        verifies("RS256", "rsa", with(0, "n", &encode(&power))),
        Err(KeyLookupError::UnknownId),
        "a key of a broken generator"
    );
    *power.last_mut().unwrap() += 2;
    assert_eq!(
        verifies("RS256", "rsa", with(0, "n", &encode(&power))),
        Ok(false),
        "not a key of a broken generator"
    );
}

#[tokio::test]
async fn section_3_8_issuer_and_subject() {
    let env = TwoIssuers::new().await;
    let issuer = env.issuer("a");
    for iss in [
        json!(format!("{issuer}/")),
        json!(issuer.to_uppercase()),
        json!(format!(" {issuer}")),
        json!([issuer]),
        json!({"0": issuer}),
        json!(""),
        json!(7),
        Value::Null,
    ] {
        let claims = env.claims(json!({"iss": iss}));
        env.assert_refused("issuer", &A.token("RS256", "rsa", &claims))
            .await;
    }
    for sub in [
        json!(""),
        json!(7.5),
        json!(true),
        json!(["ada"]),
        json!({"ada": 1}),
        Value::Null,
    ] {
        env.assert_refused(
            "subject",
            &A.token("RS256", "rsa", &env.claims(json!({"sub": sub}))),
        )
        .await;
    }
}

#[tokio::test]
async fn sections_3_9_and_3_12_tokens_for_another_audience_or_party() {
    let env = TwoIssuers::with_settings("jwt", "", &[("SESSION_AUTHORIZED_PARTIES", "app")]).await;
    env.assert_accepted(
        "one of several audiences",
        &A.token("RS256", "rsa", &env.claims(json!({"aud": ["x", "voice"]}))),
    )
    .await;
    for aud in [
        json!("another-client"),
        json!(["another-client"]),
        json!("voice another-client"),
        json!("VOICE"),
        json!("voice "),
        json!(""),
        json!([]),
        json!(["voice", 7]),
        json!([["voice"]]),
        json!({"voice": true}),
        json!(true),
        Value::Null,
    ] {
        env.assert_refused(
            "audience",
            &A.token("RS256", "rsa", &env.claims(json!({"aud": aud}))),
        )
        .await;
    }
    for azp in [
        json!("another-client"),
        json!(["app"]),
        json!(""),
        Value::Null,
    ] {
        env.assert_refused(
            "party",
            &A.token("RS256", "rsa", &env.claims(json!({"azp": azp}))),
        )
        .await;
    }
}

#[tokio::test]
async fn sections_2_8_and_3_11_tokens_of_another_kind() {
    let env = TwoIssuers::new().await;
    let typed = |name: Value| {
        let header = json!({"alg": "RS256", "kid": "rsa", "typ": name}).to_string();
        A.signed("RS256", header, env.valid_claims().to_string())
    };
    for name in [
        "JWT",
        "jwt",
        "at+jwt",
        "AT+JWT",
        "application/at+jwt",
        "application/jwt",
        "",
    ] {
        env.assert_accepted(name, &typed(json!(name))).await;
    }
    let kinds = [
        "logout",
        "dpop",
        "secevent",
        "rt",
        "kb",
        "dc+sd",
        "oauth-authz-req",
        "token-introspection",
        "client-auth",
    ];
    for kind in kinds {
        for name in [
            format!("{kind}+jwt"),
            format!("application/{kind}+JWT"),
            format!("{kind}+jwt;v=1"),
        ] {
            env.assert_refused(&name, &typed(json!(name))).await;
        }
    }
    for name in [
        json!("dc+sd-jwt"),
        json!("logout+jwt "),
        json!(["JWT"]),
        json!(7),
        Value::Null,
    ] {
        env.assert_refused("type", &typed(name)).await;
    }
}
