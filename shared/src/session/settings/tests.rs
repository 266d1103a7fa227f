//! What settings of sessions mean, and the errors for wrong ones.

use super::*;
use crate::session::cookie::CookieFormat;
use crate::session::jwe::EncryptedCookie;

fn read(variables: &[(&str, &str)]) -> Result<SessionSettings, String> {
    let mut reader = Reader::new(&variables);
    let settings = SessionSettings::from_settings(&mut reader);
    reader.finish(settings).map_err(|error| error.to_string())
}

#[test]
fn the_discovery_document_is_below_the_issuer() {
    for (issuer, place) in [
        (
            "https://id.test",
            "https://id.test/.well-known/openid-configuration",
        ),
        (
            "https://id.test/",
            "https://id.test/.well-known/openid-configuration",
        ),
        (
            "https://id.test/pool",
            "https://id.test/pool/.well-known/openid-configuration",
        ),
    ] {
        let settings = read(&[("SESSION_ISSUER", issuer), ("SESSION_AUDIENCE", "a")])
            .ok()
            .unwrap();
        let AuthenticatorSettings::Tokens(issuers, None) = settings.authenticator else {
            panic!("{issuer}")
        };
        let KeysSetting::Published(Location::Discovery {
            issuer: named,
            document,
        }) = &issuers[0].keys
        else {
            panic!("{issuer}")
        };
        assert_eq!((named.as_str(), document.as_str()), (issuer, place));
    }
}

#[test]
fn an_audience_must_be_named_or_waived_explicitly() {
    assert!(
        read(&[("SESSION_ISSUER", "https://id.test")])
            .err()
            .unwrap()
            .contains("SESSION_AUDIENCE")
    );
    let settings = read(&[
        ("SESSION_ISSUER", "https://id.test"),
        ("SESSION_AUDIENCE", "*"),
    ])
    .ok()
    .unwrap();
    let AuthenticatorSettings::Tokens(issuers, None) = settings.authenticator else {
        panic!()
    };
    assert!(matches!(issuers[0].rules.audience, Audience::Any));
    assert!(
        read(&[
            ("SESSION_ISSUER", "https://id.test"),
            ("SESSION_AUDIENCE", "*,a")
        ])
        .is_err()
    );
}

#[test]
fn secrets_and_key_sets_do_not_mix() {
    let base = [
        ("SESSION_ISSUER", "app"),
        ("SESSION_AUDIENCE", "a"),
        ("SESSION_KIND", "secret"),
    ];
    assert!(read(&[&base[..], &[("SESSION_SECRET_ID", "s")]].concat()).is_ok());
    assert!(read(&base).err().unwrap().contains("SESSION_SECRET_ID"));
    // One secret needs no issuer. With several, the issuer selects the secret.
    assert!(read(&[&base[1..], &[("SESSION_SECRET_ID", "s")]].concat()).is_ok());
    let several = read(&[&base[1..], &[("SESSION_SECRET_ID", "s,t")]].concat())
        .err()
        .unwrap();
    assert_eq!(several.matches("SESSION_").count(), 1, "{several}");
    assert!(
        several.contains("SESSION_ISSUER is not set: with several secrets"),
        "{several}"
    );
    let both = [
        &base[..],
        &[
            ("SESSION_SECRET_ID", "s"),
            ("SESSION_JWKS_URL", "https://id.test/keys"),
        ],
    ]
    .concat();
    assert!(read(&both).err().unwrap().contains("SESSION_JWKS_URL"));
    let asymmetric = [
        &base[..],
        &[("SESSION_SECRET_ID", "s"), ("SESSION_ALGORITHMS", "RS256")],
    ]
    .concat();
    assert!(
        read(&asymmetric)
            .err()
            .unwrap()
            .contains("SESSION_ALGORITHMS")
    );
}

#[test]
fn every_error_is_reported() {
    let message = read(&[
        ("SESSION_JWKS_URL", "http://id.test/keys"),
        ("SESSION_ALGORITHMS", "HS256"),
        ("SESSION_COOKIE", "a;b"),
        ("SESSION_REQUIRED_CLAIMS", "role"),
    ]);
    let message = message.err().unwrap();
    for name in [
        "SESSION_ISSUER",
        "SESSION_AUDIENCE",
        "SESSION_JWKS_URL",
        "SESSION_ALGORITHMS",
        "SESSION_COOKIE",
        "SESSION_REQUIRED_CLAIMS",
    ] {
        assert!(message.contains(name), "{name} in {message}");
    }
}

#[test]
fn an_unknown_kind_causes_no_errors_that_depend_on_the_kind() {
    let unknown = [
        ("SESSION_KIND", "magic"),
        ("SESSION_FORWARD_URL", "http://app.test"),
    ];
    let message = read(&unknown).err().unwrap();
    assert!(
        message.contains("SESSION_KIND must be one of") && message.contains("supabase"),
        "{message}"
    );
    assert_eq!(message.matches("SESSION_").count(), 1, "{message}");
    let others = [
        ("SESSION_COOKIE", "a;b"),
        ("SESSION_REQUIRED_CLAIMS", "role"),
    ];
    let message = read(&[&unknown[..], &others].concat()).err().unwrap();
    assert!(
        others.iter().all(|(name, _)| message.contains(name)),
        "{message}"
    );
}

#[test]
fn a_pointer_to_a_claim_must_be_valid() {
    let jwt = [
        ("SESSION_ISSUER", "https://id.test"),
        ("SESSION_AUDIENCE", "a"),
    ];
    let required =
        |claims| read(&[&jwt[..], &[("SESSION_REQUIRED_CLAIMS", claims)]].concat()).err();
    assert_eq!(required("tier=paid, ~a~=x, /a~1b/c=x"), None);
    assert!(
        required("tier=paid, /a~ =x")
            .unwrap()
            .contains("SESSION_REQUIRED_CLAIMS")
    );
    for (name, good) in [("voice", true), ("/voice~0", true), ("/voice~", false)] {
        let environment = [("GRANTS_CLAIM", name)];
        let mut reader = Reader::new(&environment);
        let claim = grants_claim(&mut reader);
        let reported = reader
            .finish(claim)
            .err()
            .is_some_and(|error| error.to_string().contains("GRANTS_CLAIM must"));
        assert_eq!(reported, !good, "{name}");
    }
}

/// The authenticator and the names of the cookies of valid settings.
fn good(variables: &[(&str, &str)]) -> (AuthenticatorSettings, Vec<String>) {
    let settings = read(variables).unwrap_or_else(|message| panic!("{variables:?}: {message}"));
    (
        settings.authenticator,
        settings
            .cookies
            .into_iter()
            .map(|cookie| cookie.name)
            .collect(),
    )
}

#[test]
fn each_issuer_has_its_own_keys() {
    let issuers = [
        ("SESSION_ISSUER", "https://a.test, https://b.test"),
        ("SESSION_AUDIENCE", "x"),
    ];
    let (AuthenticatorSettings::Tokens(trusted, None), _) = good(&issuers) else {
        panic!()
    };
    let names: Vec<_> = trusted
        .iter()
        .map(|issuer| issuer.rules.issuer.as_str())
        .collect();
    assert_eq!(names, ["https://a.test", "https://b.test"]);
    let urls = [("SESSION_JWKS_URL", "https://a.test/k,https://keys.test/b")];
    let (AuthenticatorSettings::Tokens(trusted, None), _) = good(&[&issuers[..], &urls].concat())
    else {
        panic!()
    };
    let KeysSetting::Published(Location::JwkSet(second)) = &trusted[1].keys else {
        panic!()
    };
    assert_eq!(second.as_str(), "https://keys.test/b");
    for wrong in [
        "https://a.test/k",
        "https://a.test/k,https://b.test/k,https://c.test/k",
    ] {
        let message = read(&[&issuers[..], &[("SESSION_JWKS_URL", wrong)]].concat())
            .err()
            .unwrap();
        assert!(message.contains("SESSION_JWKS_URL"), "{message}");
    }
    let twice = [
        ("SESSION_ISSUER", "https://a.test,https://a.test"),
        ("SESSION_AUDIENCE", "x"),
    ];
    assert!(read(&twice).err().unwrap().contains("SESSION_ISSUER"));
}

#[test]
fn an_identity_provider_needs_only_its_id() {
    for (kind, id, more) in [
        (
            "clerk",
            "pk_live_Y2xlcmsuY2xlcmsuZGV2JA",
            &[("ALLOWED_ORIGINS", "https://a.test")][..],
        ),
        ("supabase", "abcdefghijklmnopqrst", &[]),
        ("firebase", "my-project", &[]),
        (
            "cognito",
            "eu-central-1_AbCdEfGhI",
            &[("SESSION_AUDIENCE", "client-1")],
        ),
        (
            "auth0",
            "my-app.eu.auth0.com",
            &[("SESSION_AUDIENCE", "https://api.test")],
        ),
        ("workos", "client_01ABC", &[]),
        ("better-auth", "https://app.test", &[]),
    ] {
        let base = [("SESSION_KIND", kind), ("SESSION_ISSUER", id)];
        good(&[&base[..], more].concat());
        let message = read(&[("SESSION_KIND", kind)]).err().unwrap();
        assert!(message.contains("SESSION_ISSUER"), "{message}");
        if !more.is_empty() {
            assert!(read(&base).err().unwrap().contains("SESSION_A"), "{kind}");
        }
    }
}

#[test]
fn identity_providers_determine_their_audience() {
    let audience = |variables: &[(&str, &str)]| {
        let (AuthenticatorSettings::Tokens(trusted, _), _) = good(variables) else {
            panic!()
        };
        trusted[0].rules.audience.clone()
    };
    let one_of = |name: &str| Audience::OneOf(vec![name.to_owned()]);
    let supabase = [("SESSION_KIND", "supabase"), ("SESSION_ISSUER", "abc")];
    assert_eq!(audience(&supabase), one_of("authenticated"));
    let firebase = [
        ("SESSION_KIND", "firebase"),
        ("SESSION_ISSUER", "my-project"),
    ];
    assert_eq!(audience(&firebase), one_of("my-project"));
    for wider in ["other", "*"] {
        assert!(
            read(&[&firebase[..], &[("SESSION_AUDIENCE", wider)]].concat()).is_err(),
            "{wider}"
        );
    }
    let better = [
        ("SESSION_KIND", "better-auth"),
        ("SESSION_ISSUER", "https://a.test/auth"),
    ];
    assert_eq!(audience(&better), one_of("https://a.test"));
    let clerk = [
        ("SESSION_KIND", "clerk"),
        ("SESSION_ISSUER", "https://c.test"),
        ("ALLOWED_ORIGINS", "https://a.test"),
    ];
    assert_eq!(audience(&clerk), Audience::Any);
    let cognito = [
        ("SESSION_KIND", "cognito"),
        ("SESSION_ISSUER", "eu-central-1_AbC"),
        ("SESSION_AUDIENCE", "client-1"),
    ];
    assert_eq!(
        audience(&cognito),
        Audience::CognitoClient(vec!["client-1".to_owned()])
    );
}

#[test]
fn cookies_are_those_of_the_identity_provider_unless_one_is_configured() {
    let auth0 = [
        ("SESSION_KIND", "auth0"),
        ("SESSION_ISSUER", "a.auth0.com"),
        ("SESSION_AUDIENCE", "x"),
    ];
    assert_eq!(good(&auth0).1, [""; 0]);
    let with_secret = [&auth0[..], &[("SESSION_SECRET_ID", "s")]].concat();
    assert_eq!(good(&with_secret).1, ["__session", "appSession"]);
    // The versions of its library name chunks differently.
    let named = read(&[&with_secret[..], &[("SESSION_COOKIE", "mine")]].concat())
        .ok()
        .unwrap();
    let formats: Vec<_> = named
        .cookies
        .iter()
        .map(|cookie| (cookie.name.as_str(), cookie.format))
        .collect();
    assert_eq!(
        formats,
        [
            ("mine", CookieFormat::Chunked("__")),
            ("mine", CookieFormat::Chunked("."))
        ]
    );
    let cognito = [
        ("SESSION_KIND", "cognito"),
        ("SESSION_ISSUER", "eu-central-1_AbC"),
        ("SESSION_AUDIENCE", "c1,c2"),
    ];
    assert_eq!(
        good(&cognito).1,
        [
            "CognitoIdentityServiceProvider.c1",
            "CognitoIdentityServiceProvider.c2"
        ]
    );
    let named = read(&[&cognito[..], &[("SESSION_COOKIE", "token")]].concat())
        .ok()
        .unwrap();
    assert_eq!(named.cookies, [SessionCookie::plain("token")]);
    let (AuthenticatorSettings::Tokens(_, Some(encrypted)), names) = good(&[
        ("SESSION_KIND", "authjs"),
        ("SESSION_SECRET_ID", "s"),
        ("SESSION_COOKIE", "mine"),
    ]) else {
        panic!()
    };
    let mine = EncryptedCookie {
        name: "mine".to_owned(),
        is_configured: true,
    };
    assert_eq!(
        (encrypted.cookies, names),
        (vec![mine], vec!["mine".to_owned()])
    );
    // Cookies without a prefix, which any host of the site can set over plain http, must be
    // configured.
    let (_, names) = good(&[("SESSION_KIND", "authjs"), ("SESSION_SECRET_ID", "s")]);
    assert_eq!(
        names,
        [
            "__Secure-authjs.session-token",
            "__Secure-next-auth.session-token"
        ]
    );
}

#[test]
fn the_party_of_an_encrypted_cookie_is_the_app_that_encrypts_it() {
    let set = [
        ("SESSION_SECRET_ID", "s"),
        ("SESSION_AUTHORIZED_PARTIES", "app"),
        ("SESSION_AUDIENCE", "voice"),
    ];
    for more in [
        &[("SESSION_KIND", "authjs")][..],
        &[("SESSION_KIND", "auth0"), ("SESSION_ISSUER", "a.auth0.com")],
    ] {
        let (AuthenticatorSettings::Tokens(_, Some(encrypted)), _) =
            good(&[&set[..], more].concat())
        else {
            panic!()
        };
        assert_eq!(
            encrypted.rules.authorized_parties,
            AuthorizedParties::Any,
            "{more:?}"
        );
    }
}

#[test]
fn a_supabase_project_has_its_legacy_secret_next_to_its_key_set() {
    let legacy = [
        ("SESSION_KIND", "supabase"),
        ("SESSION_ISSUER", "abc"),
        ("SESSION_SECRET_ID", "s"),
    ];
    let (AuthenticatorSettings::Tokens(trusted, None), _) = good(&legacy) else {
        panic!()
    };
    let KeysSetting::Both(id, Location::JwkSet(url)) = &trusted[0].keys else {
        panic!()
    };
    assert_eq!(
        (id.as_str(), url.as_str()),
        ("s", "https://abc.supabase.co/auth/v1/.well-known/jwks.json")
    );
    assert_eq!(
        trusted[0].algorithms,
        [Algorithm::Es256, Algorithm::Rs256, Algorithm::Hs256]
    );
    let elsewhere = [
        &legacy[..],
        &[
            ("SESSION_JWKS_URL", "https://a.test/k"),
            ("SESSION_ALGORITHMS", "HS256"),
        ],
    ]
    .concat();
    let (AuthenticatorSettings::Tokens(trusted, None), _) = good(&elsewhere) else {
        panic!()
    };
    assert!(
        matches!(&trusted[0].keys, KeysSetting::Both(_, Location::JwkSet(url)) if url.as_str() == "https://a.test/k")
    );
    assert_eq!(trusted[0].algorithms, [Algorithm::Hs256]);
    let keys_alone = [
        ("SESSION_KIND", "supabase"),
        ("SESSION_ISSUER", "abc"),
        ("SESSION_ALGORITHMS", "HS256"),
    ];
    assert!(
        read(&keys_alone)
            .err()
            .unwrap()
            .contains("SESSION_ALGORITHMS")
    );
}

#[test]
fn services_have_a_url_whose_origin_is_the_issuer() {
    let forward = [
        ("SESSION_KIND", "forward"),
        ("SESSION_FORWARD_URL", "https://app.test/api/me"),
    ];
    let (AuthenticatorSettings::Forward(service), _) = good(&forward) else {
        panic!()
    };
    assert_eq!(service.rules.issuer, "https://app.test");
    assert_eq!(service.rules.subject_pointer, "/sub");
    let introspection = [
        ("SESSION_KIND", "introspection"),
        ("SESSION_INTROSPECTION_URL", "https://as.test/introspect"),
        ("SESSION_INTROSPECTION_SECRET_ID", "s"),
        ("SESSION_AUDIENCE", "*"),
    ];
    let (AuthenticatorSettings::Introspection(service, _), _) = good(&introspection) else {
        panic!()
    };
    assert!(
        service.rules.issuer_claim == IssuerClaim::Unchecked
            && service.rules.audience == Audience::Any
    );
    let message = read(&introspection[..3]).err().unwrap();
    assert!(
        message.contains("SESSION_AUDIENCE is not set, and neither is SESSION_REQUIRED_CLAIMS"),
        "{message}"
    );
    good(
        &[
            &introspection[..3],
            &[("SESSION_REQUIRED_CLAIMS", "client_id=web")],
        ]
        .concat(),
    );
    for (variables, name) in [
        (vec![("SESSION_KIND", "forward")], "SESSION_FORWARD_URL"),
        (
            [&forward[..], &[("SESSION_SUBJECT_POINTER", "id")]].concat(),
            "SESSION_SUBJECT_POINTER",
        ),
        (
            [&forward[..], &[("SESSION_SUBJECT_POINTER", "/id~")]].concat(),
            "SESSION_SUBJECT_POINTER",
        ),
        (
            vec![("SESSION_KIND", "introspection")],
            "SESSION_INTROSPECTION_SECRET_ID",
        ),
        (
            [&forward[..], &introspection[1..2]].concat(),
            "SESSION_INTROSPECTION_URL",
        ),
    ] {
        assert!(
            read(&variables).err().unwrap().contains(name),
            "{variables:?}"
        );
    }
}

#[test]
fn no_issuer_is_listed_twice_even_in_different_forms() {
    for (kind, issuers) in [
        ("supabase", "abc,https://abc.supabase.co"),
        ("better-auth", "https://a.test,https://a.test/auth"),
        ("auth0", "a.auth0.com,https://a.auth0.com/"),
    ] {
        let settings = [
            ("SESSION_KIND", kind),
            ("SESSION_ISSUER", issuers),
            ("SESSION_AUDIENCE", "x"),
        ];
        assert!(
            read(&settings)
                .err()
                .unwrap()
                .contains("SESSION_ISSUER must not list"),
            "{issuers}"
        );
    }
    // The name that all WorkOS clients share belongs to the first.
    let settings = [
        ("SESSION_KIND", "workos"),
        ("SESSION_ISSUER", "client_a,client_b"),
    ];
    let (AuthenticatorSettings::Tokens(trusted, None), _) = good(&settings) else {
        panic!()
    };
    let bare = |number: usize| {
        trusted[number]
            .rules
            .issuer_claim
            .names("https://api.workos.com")
    };
    assert!(bare(0) && !bare(1));
    assert_eq!(
        trusted[1].rules.issuer,
        "https://api.workos.com/user_management/client_b"
    );
}

#[test]
fn every_error_of_an_identity_provider_is_reported_at_once() {
    for (settings, names) in [
        (
            &[("SESSION_KIND", "auth0"), ("SESSION_AUDIENCE", "*,a")][..],
            &["SESSION_ISSUER", "SESSION_AUDIENCE"][..],
        ),
        (
            &[("SESSION_KIND", "cognito")],
            &["SESSION_ISSUER", "SESSION_AUDIENCE"],
        ),
        (
            &[
                ("SESSION_KIND", "supabase"),
                ("SESSION_JWKS_URL", "http://a.test"),
            ],
            &["SESSION_ISSUER", "SESSION_JWKS"],
        ),
        (
            &[
                ("SESSION_KIND", "workos"),
                ("SESSION_ISSUER", "https://auth.a.test"),
            ],
            &["SESSION_JWKS_URL"],
        ),
        (
            &[
                ("SESSION_KIND", "firebase"),
                ("SESSION_ISSUER", "https://a.test/project"),
            ],
            &["SESSION_ISSUER"],
        ),
        (
            &[
                ("SESSION_KIND", "supabase"),
                ("SESSION_ISSUER", "https://a.test/dashboard/abc"),
            ],
            &["SESSION_ISSUER"],
        ),
        (
            &[
                ("SESSION_KIND", "clerk"),
                ("SESSION_ISSUER", "https://a.test?b"),
            ],
            &["SESSION_ISSUER"],
        ),
        (
            &[("SESSION_KIND", "forward"), ("SESSION_ALGORITHMS", "RS256")],
            &["SESSION_ALGORITHMS", "SESSION_FORWARD"],
        ),
        (
            &[
                ("SESSION_KIND", "introspection"),
                ("SESSION_ISSUER", "https://a.test,b"),
            ],
            &["SESSION_ISSUER"],
        ),
    ] {
        let message = read(settings).err().unwrap();
        for name in names {
            assert_eq!(message.matches(name).count(), 1, "{name} in {message}");
        }
    }
}
