//! Tests of the local command as a process: its output, its listeners and its stored authority.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that fails may panic"
)]

mod process;

use std::fs;
use std::net::{TcpListener, TcpStream};

use process::{Running, call, failed_start, free_ports, get};

/// The loopback addresses; not every machine has IPv6.
fn loopback_addresses() -> impl Iterator<Item = &'static str> {
    ["127.0.0.1", "::1"]
        .into_iter()
        .filter(|address| TcpListener::bind((*address, 0)).is_ok())
}

#[test]
fn the_banner_starts_with_the_url_and_has_short_commands() {
    let running = Running::start(&[], &[]);
    let lines: Vec<_> = running
        .banner
        .lines()
        .filter(|line| !line.is_empty())
        .collect();
    assert!(lines[0].contains(&running.url()), "{}", running.banner);
    let find = |begin: &str| {
        lines
            .iter()
            .position(|line| line.trim_start().starts_with(begin))
            .unwrap()
    };
    assert!(
        find("curl -c") < find("curl -b") && find("curl -b") < find("tools/"),
        "{}",
        running.banner
    );
    for line in lines {
        // With the default port: the ports of this test have five digits.
        let line = line.replace(&running.port.to_string(), "8787");
        assert!(line.chars().count() <= 100, "{line}");
    }
}

#[test]
fn calls_that_are_refused_for_their_host_are_shown() {
    let mut running = Running::start(&[], &[]);
    call(
        running.port,
        "POST /cartesia/token HTTP/1.1\r\nhost: 192.168.1.20:8787\r\n",
    );
    let line = running.line();
    assert!(
        line.starts_with("POST /cartesia/token 421 ") && line.contains("192.168.1.20:8787"),
        "{line}"
    );
    assert!(line.contains("--host 192.168.1.20"), "{line}");
    call(
        running.standins_port,
        "POST / HTTP/1.1\r\nhost: evil.test\r\nx-amz-target: secretsmanager.GetSecretValue\r\n",
    );
    assert!(running.line().starts_with("POST / 421 "));
    call(
        running.port,
        "GET /cartesia/tokens HTTP/1.1\r\nhost: localhost\r\n",
    );
    assert!(running.line().starts_with("GET /cartesia/tokens 404 "));
}

#[test]
fn an_unlisted_origin_is_shown_with_the_flag_that_adds_it() {
    let mut running = Running::start(&[], &[]);
    for origin in [
        "http://localhost:5173",
        "http://192.168.1.20:5173",
        "https://app.test",
    ] {
        for method in ["POST", "OPTIONS"] {
            call(
                running.port,
                &format!(
                    "{method} /cartesia/token HTTP/1.1\r\nhost: localhost\r\norigin: {origin}\r\n"
                ),
            );
            let line = running.line();
            assert!(
                line.starts_with(&format!(
                    "{method} /cartesia/token 403 origin_not_allowed: "
                )),
                "{line}"
            );
            assert!(line.contains(&format!("--origin {origin}")), "{line}");
        }
    }
    call(
        running.port,
        "POST /cartesia/token HTTP/1.1\r\nhost: localhost\r\norigin: null\r\n",
    );
    let line = running.line();
    assert!(
        line.contains("null") && !line.contains("--origin"),
        "{line}"
    );
    // The origin is listed, so the request is rejected for another reason.
    let own = format!("origin: {}\r\nsec-fetch-mode: no-cors", running.url());
    call(
        running.port,
        &format!("POST /cartesia/token HTTP/1.1\r\nhost: localhost\r\n{own}\r\n"),
    );
    let line = running.line();
    assert!(
        line.contains("origin_not_allowed") && !line.contains("--origin"),
        "{line}"
    );
}

#[test]
fn it_listens_on_both_loopback_addresses() {
    let running = Running::start(&[], &[]);
    for port in [running.port, running.standins_port, running.tls_port] {
        for address in loopback_addresses() {
            assert!(
                TcpStream::connect((address, port)).is_ok(),
                "{address} {port}"
            );
        }
    }
    assert_eq!(get(running.port, "/"), 200);
}

#[test]
fn a_port_that_is_in_use_at_either_loopback_address_is_reported() {
    for address in loopback_addresses() {
        for flag in ["--port", "--standins-port", "--tls-port"] {
            let ports = free_ports();
            let busy = TcpListener::bind((address, 0)).unwrap();
            let port = busy.local_addr().unwrap().port();
            let flags = ["--port", "--standins-port", "--tls-port"]
                .into_iter()
                .zip(ports);
            let flags = flags.map(|(known, free)| (known, if known == flag { port } else { free }));
            let flags: Vec<_> = flags
                .flat_map(|(flag, port)| [flag.to_owned(), port.to_string()])
                .collect();
            let message = failed_start(&flags.iter().map(String::as_str).collect::<Vec<_>>(), &[]);
            assert!(
                message.contains(&format!("port {port} is in use at {address}"))
                    && message.contains(flag),
                "{message}"
            );
        }
    }
}

#[test]
fn all_ports_in_use_are_reported_at_once_with_a_command_that_uses_free_ones() {
    let first = Running::start(&[], &[]);
    let [port, standins_port, tls_port] =
        [first.port, first.standins_port, first.tls_port].map(|port| port.to_string());
    let ports = [
        "--port",
        &port,
        "--standins-port",
        &standins_port,
        "--tls-port",
        &tls_port,
    ];
    let message = failed_start(&ports, &[]);
    for port in [&port, &standins_port, &tls_port] {
        assert_eq!(
            message
                .matches(&format!("port {port} is in use at "))
                .count(),
            1,
            "{message}"
        );
    }
    assert!(
        message.contains("is another make dev running?"),
        "{message}"
    );
    let line = message
        .lines()
        .find_map(|line| line.trim().strip_prefix("make dev ARGS='"))
        .unwrap()
        .trim_end_matches('\'');
    let flags: Vec<_> = line.split(' ').collect();
    assert_eq!(
        [flags[0], flags[2], flags[4]],
        ["--port", "--standins-port", "--tls-port"],
        "{line}"
    );
    let mut free: Vec<u16> = [flags[1], flags[3], flags[5]]
        .iter()
        .map(|port| port.parse().unwrap())
        .collect();
    for port in &free {
        assert!(
            loopback_addresses().all(|address| TcpListener::bind((address, *port)).is_ok()),
            "{line}"
        );
    }
    free.sort_unstable();
    free.dedup();
    assert_eq!(free.len(), 3, "{line}");
    drop(first);

    let busy = TcpListener::bind("127.0.0.1:0").unwrap();
    let ports = free_ports();
    let taken = busy.local_addr().unwrap().port().to_string();
    let [_, standins_port, tls_port] = ports.map(|port| port.to_string());
    let message = failed_start(
        &[
            "--port",
            &taken,
            "--standins-port",
            &standins_port,
            "--tls-port",
            &tls_port,
        ],
        &[],
    );
    assert!(
        message.contains(&format!(
            "--standins-port {standins_port} --tls-port {tls_port}'"
        )),
        "free ports are kept: {message}"
    );
    assert!(
        !message.contains(&format!("port {tls_port} is in use")),
        "{message}"
    );
}

#[test]
fn all_addresses_are_listened_on_if_requested() {
    let v6: &[&[&str]] = if loopback_addresses().count() == 2 {
        &[&["--listen", "::"]]
    } else {
        &[]
    };
    let v4: [&[&str]; 3] = [
        &["--listen", "0.0.0.0"],
        &["--containers"],
        &["--listen", "127.0.0.2"],
    ];
    for flags in v4.iter().chain(v6) {
        let running = Running::start(flags, &[]);
        for address in loopback_addresses().chain(["127.0.0.2"]) {
            assert!(
                TcpStream::connect((address, running.port)).is_ok(),
                "{flags:?} {address}"
            );
        }
    }
}

#[test]
fn two_processes_with_the_same_home_have_the_same_authority() {
    let first = Running::start(&[], &[]);
    let known = first.authority();
    let second = Running::in_home(first.home.clone(), &["--host", "192.168.1.20"], &[]);
    assert_eq!(second.authority(), known);
    drop((first, second));
}

#[test]
fn a_shell_that_trusts_the_local_authority_can_start_the_command_again() {
    let first = Running::start(&[], &[]);
    let file = first.home.join(".local/share/voicemint/ca.pem");
    let variables = [("SSL_CERT_FILE", file.to_str().unwrap())];
    let second = Running::in_home(first.home.clone(), &[], &variables);
    assert_eq!(get(second.port, "/"), 200);
}

#[test]
fn a_real_key_is_refused_on_the_network_before_anything_is_served() {
    let message = failed_start(&["--containers"], &[("CARTESIA_API_KEY", "sk_car_real")]);
    assert!(
        message.contains("--share-real-keys")
            && message.contains("CARTESIA_API_KEY")
            && !message.contains("sk_car_real"),
        "{message}"
    );
    assert_eq!(message.lines().count(), 1, "{message}");
}

#[test]
fn a_file_with_other_content_is_not_overwritten() {
    let file = std::env::temp_dir().join(format!("voicemint-notes-{}.pem", std::process::id()));
    fs::write(&file, "my notes").unwrap();
    let [port, standins_port, tls_port] = free_ports().map(|port| port.to_string());
    let ports = [
        "--port",
        &port,
        "--standins-port",
        &standins_port,
        "--tls-port",
        &tls_port,
    ];
    let message = failed_start(
        &[&["--ca-file", file.to_str().unwrap()][..], &ports].concat(),
        &[],
    );
    assert_eq!(fs::read_to_string(&file).unwrap(), "my notes");
    fs::remove_file(&file).unwrap();
    assert_eq!(message.lines().count(), 1, "{message}");
    assert!(
        message.contains(file.to_str().unwrap()) && message.contains("--ca-file"),
        "{message}"
    );
}

#[test]
fn a_page_that_may_not_sign_in_is_shown_with_the_flag_that_adds_it() {
    let mut running = Running::start(&[], &[]);
    for path in ["/sign-in", "/sign-out"] {
        call(
            running.port,
            &format!(
                "POST {path} HTTP/1.1\r\nhost: localhost\r\norigin: http://localhost:5173\r\n"
            ),
        );
        let line = running.line();
        assert!(
            line.starts_with(&format!("POST {path} 403 origin_not_allowed: ")),
            "{line}"
        );
        assert!(line.contains("--origin http://localhost:5173"), "{line}");
    }
    call(
        running.port,
        "POST /sign-in HTTP/1.1\r\nhost: localhost\r\nsec-fetch-site: cross-site\r\n",
    );
    assert!(
        running
            .line()
            .starts_with("POST /sign-in 403 origin_not_allowed: ")
    );
}

#[test]
fn an_address_of_another_machine_cannot_be_listened_on() {
    let [port, standins_port, tls_port] = free_ports().map(|port| port.to_string());
    let ports = [
        "--port",
        &port,
        "--standins-port",
        &standins_port,
        "--tls-port",
        &tls_port,
    ];
    // An address for documentation (RFC 5737), which no machine has.
    let message = failed_start(&[&["--listen", "192.0.2.9"][..], &ports].concat(), &[]);
    assert_eq!(message.lines().count(), 1, "{message}");
    assert!(
        message.contains("192.0.2.9 is not an address of this machine")
            && message.contains("--listen"),
        "{message}"
    );
    assert!(
        message.ends_with("use --host for an address that only clients use")
            && message.contains("0.0.0.0"),
        "{message}"
    );
}

#[test]
fn a_key_that_is_blank_or_in_quotation_marks_is_reported() {
    for (key, what) in [
        (" ", "blank"),
        ("\"sk_car_real\"", "quotation marks"),
        ("'sk_car_real'", "quotation marks"),
    ] {
        let message = failed_start(&[], &[("CARTESIA_API_KEY", key)]);
        assert!(
            message.contains("CARTESIA_API_KEY")
                && message.contains(what)
                && !message.contains("sk_car"),
            "{message}"
        );
        assert_eq!(message.lines().count(), 1, "{message}");
    }
    let running = Running::start(&[], &[("CARTESIA_API_KEY", "")]);
    assert!(
        !running.banner.contains("CARTESIA_API_KEY is set"),
        "{}",
        running.banner
    );
}
