//! Arbitrary bytes as a credential: nothing panics, and only the published tokens are accepted.

#![no_main]

use std::sync::LazyLock;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{HeaderMap, HeaderValue, header};
use libfuzzer_sys::fuzz_target;
use voicemint::internals::{
    Algorithm, Audience, AuthorizedParties, ClaimsSet, ContentKey, CookieFormat, Credential,
    IssuerClaim, Party, Rules, SessionCookie, Times, UnverifiedToken, compact, verify,
};
use voicemint_fuzz::{Published, algorithms, jwk_sets, published};

struct Fixtures {
    published: Vec<Published>,
    jwk_sets: Vec<Vec<u8>>,
    algorithms: Vec<Algorithm>,
    content_keys: [ContentKey; 2],
    session_cookies: Vec<SessionCookie>,
    rules: Rules,
}

static FIXTURES: LazyLock<Fixtures> = LazyLock::new(|| {
    let published = published();
    let formats = [
        CookieFormat::Plain,
        CookieFormat::Chunked("."),
        CookieFormat::Chunked("__"),
        CookieFormat::SupabaseJson,
        CookieFormat::AmplifyUser,
    ];
    Fixtures {
        jwk_sets: jwk_sets(&published),
        published,
        algorithms: algorithms(),
        content_keys: [
            ContentKey::A256Gcm([7; 32]),
            ContentKey::A256CbcHs512([7; 64]),
        ],
        session_cookies: formats
            .map(|format| SessionCookie {
                name: "s".to_owned(),
                format,
            })
            .to_vec(),
        rules: Rules {
            issuer: "joe".to_owned(),
            issuer_claim: IssuerClaim::OneOf(vec!["joe".to_owned()]),
            subject_pointer: "/sub".to_owned(),
            audience: Audience::OneOf(vec!["a".to_owned()]),
            authorized_parties: AuthorizedParties::Listed {
                parties: vec![Party::Named("p".to_owned())],
                or_absent: false,
                or_client: true,
            },
            required: vec![("r".to_owned(), "1".to_owned())],
            times: Times::MustExpire,
            idp_rule: |_| Ok(()),
        },
    }
});

fuzz_target!(|data: &[u8]| {
    let fixtures = &*FIXTURES;
    if let Ok(text) = std::str::from_utf8(data) {
        fixtures.check(text);
    }
    // The same bytes with each line encoded as one part, because most parsing happens after the
    // base64url decoding.
    let parts: Vec<String> = data
        .splitn(5, |byte| *byte == b'\n')
        .map(|part| URL_SAFE_NO_PAD.encode(part))
        .collect();
    fixtures.check(&parts.join("."));
    for name in [header::COOKIE, header::AUTHORIZATION] {
        let Ok(value) = HeaderValue::from_bytes(data) else {
            continue;
        };
        let headers = HeaderMap::from_iter([(name, value)]);
        for cookie in &fixtures.session_cookies {
            for session in Credential::find(&headers, std::slice::from_ref(cookie)).sessions() {
                fixtures.check(session);
            }
        }
    }
});

impl Fixtures {
    fn check(&self, text: &str) {
        for jwk_set in &self.jwk_sets {
            if let Ok(payload) = verify::verify(text, jwk_set, &self.algorithms) {
                let known = self
                    .published
                    .iter()
                    .find(|published| published.token == text);
                assert_eq!(
                    known.map(|known| &known.payload),
                    Some(&payload),
                    "accepted a token that was never signed"
                );
            }
        }
        assert!(
            compact::open(text, &self.content_keys).is_err(),
            "decrypted a token that was never encrypted"
        );
        let Ok(token) = UnverifiedToken::parse(text) else {
            return;
        };
        let _ = token.unverified_issuer();
        if let Ok((_, claims)) = token.into_claims() {
            let _ = self
                .rules
                .session(ClaimsSet::new(claims, Duration::from_secs(1_800_000_000)));
        }
    }
}
