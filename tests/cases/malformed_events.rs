//! Malformed events of each source, and the expected response to each.

use serde_json::{Value, json};
use voicemint_tests::EventSource;

use crate::events::edited;

/// The expected response to a malformed event.
#[derive(Clone, Copy, PartialEq)]
pub enum Expected {
    /// The event is not recognized: 400 in payload format 2.0.
    Malformed,
    /// The malformed member does not matter: 200 in the format of the source.
    Success,
    /// The event may be readable or not: 200 to 499 in the format of the source, or 400 in payload
    /// format 2.0.
    Any,
}

use Expected::{Any, Malformed, Success};

/// The malformed events for a source, based on a valid POST event and a valid GET event.
pub fn malformed_events(source: EventSource, good: &Value, get: &Value) -> Vec<(Value, Expected)> {
    let (headers, single): (&str, fn(&str) -> Value) = match source {
        EventSource::AlbMultiValue => ("/multiValueHeaders", |text| json!([text])),
        _ => ("/headers", |text| json!(text)),
    };
    let header = |name: &str, value: Value| edited(good, &format!("{headers}/{name}"), value);
    let long = "x".repeat(200_000);
    let many: serde_json::Map<_, _> = (0..40_000)
        .map(|count| (format!("x-{count}"), single("y")))
        .collect();
    let mut null_header = good.clone();
    null_header[&headers[1..]]["x-null"] = Value::Null;
    let mut base64 = edited(good, "/isBase64Encoded", true);
    base64["body"] = json!("*** no base64 ***");
    let mut events = vec![
        (edited(good, headers, json!([])), Any),
        (edited(good, headers, json!("x: y")), Any),
        (edited(good, headers, Value::Object(many)), Any),
        (null_header, Any),
        (header("x-number", json!(7)), Any),
        (header("x-object", json!({})), Any),
        (header("x-list", json!(["a", 7])), Any),
        (header("x-lists", json!([["a"]])), Any),
        (header("x-empty", json!([])), Any),
        (header("x bad name", single("a")), Any),
        (header("", single("a")), Any),
        (header("x-ä", single("a")), Any),
        (header("x-line", single("a\r\nb: c")), Any),
        (header("x-zero", single("a\u{0}b")), Any),
        (header("x-letters", single("ä€🎙")), Any),
        (header("authorization", single("Bearer \u{7f}ä")), Any),
        (
            header("authorization", single(&format!("Bearer {long}"))),
            Any,
        ),
        (header("origin", single("ä")), Any),
        (header("content-type", single("\u{1}")), Any),
        (
            header("cookie", single(&format!("a={long}; =; ;;; \""))),
            Any,
        ),
        (edited(good, "/body", json!({ "grants": {} })), Any),
        (edited(good, "/body", json!(["{}"])), Any),
        (edited(good, "/body", "x".repeat(2_000_000)), Any),
        (base64, Any),
        (edited(good, "/isBase64Encoded", "yes"), Any),
        (edited(good, "/isBase64Encoded", 1), Any),
        (edited(good, "/requestContext", Value::Null), Malformed),
        (edited(good, "/requestContext", json!({})), Any),
        (edited(good, "/requestContext", json!([])), Malformed),
        (edited(good, "/requestContext", "x"), Malformed),
    ];
    // Hosts, schemes and paths that are not valid in a URL: the function ignores them.
    for host in [
        "not a host",
        "",
        "[",
        "a:b:c",
        "a/b",
        "%",
        "\u{2f}\u{2f}",
        "xn--\u{e4}",
        "a@b",
        "host:99999",
        "?#",
    ] {
        events.push((header("host", single(host)), Success));
        events.push((header("Host", single(host)), Success));
    }
    for scheme in [
        "",
        "x y",
        "javascript",
        ":",
        "\u{e4}",
        "https://evil.example/?",
    ] {
        events.push((header("x-forwarded-proto", single(scheme)), Success));
    }
    let no_host = edited(good, &format!("{headers}/host"), Value::Null);
    events.push((
        edited(&no_host, "/requestContext/domainName", "not a host"),
        Success,
    ));
    events.push((edited(&no_host, "/requestContext/domainName", 7), Any));
    events.push((
        edited(&no_host, "/requestContext/stage", "a b?#\u{0}"),
        Success,
    ));
    for path in [
        "",
        "x",
        "//evil.example/%ZZ?x#y",
        " \u{0}",
        "/\u{e4}",
        "http://[",
        ":",
        "?",
        "/../..",
        "\\\\x",
    ] {
        let pointer = if good["rawPath"].is_string() {
            "/rawPath"
        } else {
            "/path"
        };
        events.push((edited(good, pointer, path), Success));
        events.push((edited(&no_host, pointer, path), Success));
    }
    events.push((edited(good, "/path", json!(["/"])), Any));
    events.extend(match source {
        EventSource::HttpApi | EventSource::FunctionUrl => of_payload_format_2_0(good, get),
        _ => of_other_formats(source, good, get),
    });
    events
}

fn of_payload_format_2_0(good: &Value, get: &Value) -> Vec<(Value, Expected)> {
    vec![
        (
            edited(
                good,
                "/cookies",
                json!(["=", "", ";", "a", "=b", "a=b=c", "ä=ö"]),
            ),
            Any,
        ),
        (edited(good, "/cookies", json!(["", ""])), Any),
        (edited(good, "/cookies", json!([1, null, {}])), Any),
        (edited(good, "/cookies", json!(["a=\u{0}"])), Malformed),
        (edited(good, "/cookies", "a=b"), Any),
        (
            edited(get, "/rawQueryString", "grants=%ZZ&%=&&=&expires_in=%F0%9F"),
            Any,
        ),
        (edited(get, "/rawQueryString", "a b\u{0}ä"), Any),
        (edited(get, "/rawQueryString", "x".repeat(200_000)), Any),
        (edited(get, "/rawQueryString", json!({})), Any),
        (
            edited(get, "/queryStringParameters", json!({ "grants": 7 })),
            Any,
        ),
        (edited(good, "/requestContext/http", Value::Null), Malformed),
        (edited(good, "/requestContext/http", json!({})), Malformed),
        // `lambda_http` reads it as GET, which has all the checks of POST.
        (edited(good, "/requestContext/http/method", ""), Any),
        (
            edited(good, "/requestContext/http/method", "GET POST"),
            Malformed,
        ),
        (edited(good, "/requestContext/http/method", 7), Malformed),
        (
            edited(good, "/requestContext/http/method", Value::Null),
            Malformed,
        ),
        (edited(good, "/requestContext/requestId", json!({})), Any),
        (edited(good, "/requestContext/timeEpoch", "soon"), Any),
    ]
}

fn of_other_formats(source: EventSource, good: &Value, get: &Value) -> Vec<(Value, Expected)> {
    let multi_value = source != EventSource::Alb;
    let mut events = vec![
        (edited(good, "/httpMethod", Value::Null), Malformed),
        // `lambda_http` reads it as GET, which has all the checks of POST.
        (edited(good, "/httpMethod", ""), Any),
        (edited(good, "/httpMethod", "GET POST"), Malformed),
        (edited(good, "/httpMethod", 7), Malformed),
        (edited(good, "/httpMethod", json!(["POST"])), Malformed),
        (edited(good, "/requestContext/elb", json!([])), Any),
        (
            edited(good, "/requestContext/elb", json!({ "targetGroupArn": 7 })),
            Any,
        ),
        (edited(good, "/requestContext/identity", json!([])), Any),
        (edited(good, "/requestContext/identity", "x"), Any),
        (
            edited(good, "/requestContext/requestTimeEpoch", "soon"),
            Any,
        ),
        (edited(good, "/pathParameters", json!({ "x": 7 })), Any),
        (edited(good, "/stageVariables", json!([])), Any),
        (edited(good, "/version", "2.0"), Any),
        (edited(good, "/version", 7), Any),
    ];
    for query in [
        json!([]),
        json!("a=b"),
        json!(7),
        json!({ "grants": 7 }),
        json!({ "grants": null }),
        json!({ "grants": [] }),
        json!({ "grants": ["tts", null] }),
        json!({ "grants": ["tts", "stt"] }),
        json!({ "": "" }),
        json!({ "%ZZ": "%F0%9F" }),
        json!({ "a b\u{0}ä": "\r\n&=#?" }),
        json!({ "x": "x".repeat(200_000) }),
    ] {
        events.push((edited(get, "/queryStringParameters", query.clone()), Any));
        if multi_value {
            events.push((edited(get, "/multiValueQueryStringParameters", query), Any));
        }
    }
    // With this member, an event of a load balancer would be an event of a REST API.
    if matches!(source, EventSource::RestApi | EventSource::RestApiBasePath) {
        events.push((edited(good, "/requestContext/httpMethod", "GET"), Any));
        events.push((edited(good, "/requestContext/httpMethod", "G T"), Malformed));
        events.push((
            edited(good, "/requestContext/httpMethod", Value::Null),
            Malformed,
        ));
    }
    if multi_value {
        events.push((edited(good, "/multiValueHeaders/x", "one"), Any));
        events.push((
            edited(good, "/multiValueHeaders", json!({ "x": [["y"]] })),
            Any,
        ));
        events.push((
            edited(
                good,
                "/multiValueHeaders/origin",
                json!(vec!["https://app.example.com"; 40_000]),
            ),
            Any,
        ));
    }
    events
}
