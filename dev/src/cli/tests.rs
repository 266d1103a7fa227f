//! Tests of the flags.

use super::*;

fn read(flags: &[&str]) -> Result<Arguments, String> {
    let flags = ["voicemint-dev"].iter().chain(flags);
    Arguments::try_parse_from(flags).map_err(|error| one_line(&error.to_string()))
}

#[test]
fn errors_fit_on_one_line() {
    for flags in [
        &["--prot", "1"][..],
        &["--port", "x"],
        &["--port", "70000"],
        &["--set", "x=1"],
        &["unexpected"],
    ] {
        let line = read(flags).unwrap_err();
        assert!(
            !line.contains('\n')
                && line.contains(flags[0])
                && line.ends_with("--help lists the flags"),
            "{line}"
        );
    }
}

#[test]
fn errors_name_valid_values() {
    for (flags, advice) in [
        (&["--prot", "1"][..], "'--port'"),
        (
            &["--port", "abc"],
            "'abc' for '--port <PORT>': a port is a number from 1 to 65535",
        ),
        (&["--port", "0"], "a number from 1 to 65535"),
        (&["--standins-port", "70000"], "a number from 1 to 65535"),
        (&["--tls-port", ""], "'--tls-port <PORT>'"),
        (
            &["--session-seconds", "5m"],
            "a number of seconds from 1 to 86400, such as 300 for five minutes",
        ),
        (&["--session-seconds", "0"], "from 1 to 86400"),
        (&["--session-seconds", "86401"], "from 1 to 86400"),
        (
            &["--listen", "localhost"],
            "the command always listens on localhost",
        ),
        (
            &["--listen", "my-mac.local"],
            "an address, such as 192.168.1.20, or 0.0.0.0 for all; use --host for a name",
        ),
        (&["--listen", ""], "--listen"),
        (&["--origin", ""], "such as http://localhost:3000"),
        (&["--host", ""], "such as my-mac.local"),
        (&["--base-url", ""], "such as https://localhost:8789"),
        (&["--set", ""], "NAME=VALUE"),
        (&["--ca-file", ""], "--ca-file <FILE>"),
    ] {
        let line = read(flags).unwrap_err();
        assert!(
            line.contains(advice)
                && !line.contains('\n')
                && line.ends_with("; --help lists the flags"),
            "{line}"
        );
    }
}

#[test]
fn a_base_url_with_the_port_of_another_scheme_is_reported_with_the_correct_port() {
    let conflict = |flags: &[&str]| read(flags).unwrap().flag_conflict();
    for (flags, expected) in [
        (
            &["--base-url", "https://localhost:8788"][..],
            "https://localhost:8789",
        ),
        (
            &["--base-url", "http://192.168.1.20:8789"],
            "http://192.168.1.20:8788",
        ),
        (
            &[
                "--base-url",
                "https://[::1]:9000",
                "--standins-port",
                "9000",
            ],
            "https://[::1]:8789",
        ),
        (
            &["--base-url", "https://localhost:8787"],
            "https://localhost:8789",
        ),
    ] {
        let message = conflict(flags).unwrap();
        assert!(
            message.contains(&format!("{expected};")) && message.contains(flags[1]),
            "{message}"
        );
    }
    for flags in [
        &[][..],
        &["--base-url", "https://localhost:8789"],
        &["--base-url", "http://localhost:8788"],
    ] {
        assert_eq!(conflict(flags), None, "{flags:?}");
    }
    // Servers on other ports and hosts are unknown.
    for url in [
        "https://standins.example.com:8788",
        "http://localhost:9999",
        "https://abc.example.com",
    ] {
        assert_eq!(conflict(&["--base-url", url]), None, "{url}");
    }
}

#[test]
fn an_unknown_kind_of_sessions_is_reported_with_the_known_kinds() {
    for flags in [
        &["--session", "nope"][..],
        &["--session", "JWT"],
        &["--session"],
    ] {
        let line = read(flags).unwrap_err();
        assert!(
            !line.contains('\n') && line.ends_with("; --help lists the flags"),
            "{line}"
        );
        assert!(
            Kind::ALL.into_iter().all(|kind| line.contains(kind.name())),
            "{line}"
        );
    }
}

#[test]
fn ports_are_three_different_ones() {
    assert_eq!(read(&[]).unwrap().flag_conflict(), None);
    for flags in [
        ["--port", "8788"],
        ["--standins-port", "8789"],
        ["--tls-port", "8787"],
    ] {
        assert!(
            read(&flags)
                .unwrap()
                .flag_conflict()
                .unwrap()
                .contains("three different ports"),
            "{flags:?}"
        );
    }
}

#[test]
fn the_authority_is_stored_in_the_users_folder_or_not_at_all() {
    let file = |flags: &[&str], variables: &[(&str, &str)]| {
        let environment = |name: &str| {
            variables
                .iter()
                .find(|(known, _)| *known == name)
                .map(|(_, value)| (*value).into())
        };
        read(flags).unwrap().ca_file(&environment)
    };
    let stored = |path: &str| (PathBuf::from(path), true);
    assert_eq!(
        file(&[], &[("HOME", "/home/ada")]),
        stored("/home/ada/.local/share/voicemint/ca.pem")
    );
    let both = [("HOME", "/home/ada"), ("XDG_DATA_HOME", "/data")];
    assert_eq!(file(&[], &both), stored("/data/voicemint/ca.pem"));
    assert_eq!(file(&["--ca-file", "mine.pem"], &both), stored("mine.pem"));
    for nowhere in [&[][..], &[("HOME", "somewhere")]] {
        let (file, is_stored) = file(&[], nowhere);
        assert!(
            file.is_absolute() && file.ends_with("voicemint-dev-ca.pem") && !is_stored,
            "{}",
            file.display()
        );
    }
}

#[test]
fn both_loopback_addresses_and_those_of_the_flags_are_listened_on() {
    let addresses = |flags: &[&str]| {
        read(flags)
            .unwrap()
            .addresses()
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
    };
    assert_eq!(addresses(&[]), ["127.0.0.1", "::1"]);
    assert_eq!(
        addresses(&["--listen", "192.168.1.20"]),
        ["127.0.0.1", "::1", "192.168.1.20"]
    );
    assert_eq!(
        addresses(&["--listen", "127.0.0.1", "--listen", "::1"]),
        ["127.0.0.1", "::1"]
    );
    for all in [
        &["--containers"][..],
        &["--listen", "0.0.0.0"],
        &["--containers", "--listen", "192.168.1.20"],
    ] {
        assert_eq!(addresses(all), ["::1", "0.0.0.0"], "{all:?}");
    }
    assert_eq!(addresses(&["--listen", "::", "--containers"]), ["::"]);
    assert!(read(&["--listen", "my-mac.local"]).is_err());
}

#[test]
fn a_host_is_a_name_or_an_address() {
    let host = |text: &str| read(&["--host", text]).map(|arguments| arguments.host[0].clone());
    for (text, wanted) in [
        ("192.168.1.20", "192.168.1.20"),
        ("My-Mac.local.", "my-mac.local"),
        ("[FD00::20]", "fd00::20"),
    ] {
        assert_eq!(host(text).as_deref(), Ok(wanted));
    }
    for text in [
        "http://a.test",
        "a.test:8787",
        "*",
        "*.a.test",
        "",
        "a..b",
        ".a",
        "a b",
        "a/b",
        "é.test",
        "[a.test]",
    ] {
        assert!(host(text).is_err(), "{text}");
    }
}

#[test]
fn an_origin_is_as_browsers_send_it_and_can_be_plain_http_on_the_network() {
    let taken = |text: &str| read(&["--origin", text]).is_ok();
    for good in [
        "http://192.168.1.20:5173",
        "http://my-mac.local",
        "https://a.test",
        "http://localhost:1",
        "tauri://localhost",
    ] {
        assert!(taken(good), "{good}");
    }
    for bad in [
        "http://192.168.1.20:5173/",
        "http://192.168.1.20:80",
        "http://A.test",
        "*",
        "null",
        "a.test",
        "https://a.test,https://b.test",
    ] {
        assert!(!taken(bad), "{bad}");
    }
}

#[test]
fn origins_of_the_page_have_no_default_port() {
    assert_eq!(
        read(&["--port", "80"]).unwrap().app_origin(),
        "http://localhost"
    );
    let origins = read(&["--port", "443", "--host", "fd00::20"])
        .unwrap()
        .page_origins();
    for origin in [
        "https://localhost",
        "http://localhost:443",
        "https://[fd00::20]",
    ] {
        assert!(
            origins.iter().any(|known| known == origin),
            "{origin}: {origins:?}"
        );
    }
}

#[test]
fn the_base_url_has_no_path() {
    let base_url =
        |text: &str| read(&["--base-url", text]).map(|arguments| arguments.base_url.unwrap());
    assert_eq!(
        base_url("https://localhost:8789/").as_deref(),
        Ok("https://localhost:8789")
    );
    for bad in [
        "localhost:8789",
        "wss://localhost:8789",
        "https://localhost/v1",
        "https://a:b@localhost",
        "https://localhost?x",
    ] {
        assert!(base_url(bad).is_err(), "{bad}");
    }
}

#[test]
fn a_setting_can_apply_to_one_provider() {
    let arguments = read(&[
        "--set",
        "MAX_EXPIRES_IN=9",
        "--set",
        "cartesia:MAX_EXPIRES_IN=7",
    ])
    .unwrap();
    assert_eq!(arguments.setting("cartesia", "MAX_EXPIRES_IN"), Some("7"));
    assert_eq!(arguments.setting("assemblyai", "MAX_EXPIRES_IN"), Some("9"));
    assert_eq!(arguments.setting("assemblyai", "LOG_LEVEL"), None);
    assert!(read(&["--set", "unknown:MAX_EXPIRES_IN=9"]).is_err());
}

#[test]
fn flags_in_documents_exist() {
    let documents = [
        include_str!("../../../README.md"),
        include_str!("../../../CONTRIBUTING.md"),
        include_str!("../../../docs/local-development.md"),
        include_str!("../../../docs/limits.md"),
        include_str!("../../../docs/sessions.md"),
        include_str!("../../../docs/settings.md"),
        include_str!("../../../web/README.md"),
    ];
    let given = |command: &str| match command.split_at(1) {
        ("'", rest) => rest.split('\'').next().unwrap().to_owned(),
        _ => command.split(['`', ' ', '\n']).next().unwrap().to_owned(),
    };
    let commands: Vec<_> = documents
        .iter()
        .flat_map(|text| text.split("make dev ARGS=").skip(1))
        .map(given)
        .collect();
    assert!(commands.len() > 8, "{commands:?}");
    for command in commands
        .iter()
        .filter(|command| !["--help", "--session acme"].contains(&command.as_str()))
    {
        let flags: Vec<_> = command.split(' ').collect();
        assert!(read(&flags).is_ok(), "{command}: {:?}", read(&flags).err());
    }
    let table = documents[2]
        .lines()
        .filter(|line| line.starts_with('|'))
        .flat_map(|line| line.split('`').skip(1).step_by(2));
    for flags in table.filter(|code| code.starts_with("--")) {
        let value = if flags.ends_with("-port") { " 9" } else { "" };
        let flags = format!("{flags}{value}");
        assert!(
            read(&flags.split(' ').collect::<Vec<_>>()).is_ok(),
            "{flags}"
        );
    }
}
