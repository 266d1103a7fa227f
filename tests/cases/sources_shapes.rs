//! Events of each source that are out of shape, and what is to become of each.

use serde_json::{Value, json};
use voicemint_tests::EventSource;

use crate::events::edited;

/// What becomes of an event that is out of shape.
#[derive(Clone, Copy, PartialEq)]
pub enum Want {
    /// It is none of a source's: 400 in payload format 2.0.
    Malformed,
    /// What is wrong does not matter: 200 in the form of its source.
    Good,
    /// It can be read or not: an answer of 200 to 499 in the form of its source, or 400 in payload
    /// format 2.0.
    Answered,
}

use Want::{Answered, Good, Malformed};

/// What any source's event can be made of.
pub fn out_of_shape(source: EventSource, good: &Value, get: &Value) -> Vec<(Value, Want)> {
    let (headers, one): (&str, fn(&str) -> Value) = match source {
        EventSource::AlbMultiValue => ("/multiValueHeaders", |text| json!([text])),
        _ => ("/headers", |text| json!(text)),
    };
    let header = |name: &str, value: Value| edited(good, &format!("{headers}/{name}"), value);
    let long = "x".repeat(200_000);
    let many: serde_json::Map<_, _> = (0..40_000)
        .map(|count| (format!("x-{count}"), one("y")))
        .collect();
    let mut null_header = good.clone();
    null_header[&headers[1..]]["x-null"] = Value::Null;
    let mut base64 = edited(good, "/isBase64Encoded", true);
    base64["body"] = json!("*** no base64 ***");
    let mut events = vec![
        (edited(good, headers, json!([])), Answered),
        (edited(good, headers, json!("x: y")), Answered),
        (edited(good, headers, Value::Object(many)), Answered),
        (null_header, Answered),
        (header("x-number", json!(7)), Answered),
        (header("x-object", json!({})), Answered),
        (header("x-list", json!(["a", 7])), Answered),
        (header("x-lists", json!([["a"]])), Answered),
        (header("x-empty", json!([])), Answered),
        (header("x bad name", one("a")), Answered),
        (header("", one("a")), Answered),
        (header("x-ä", one("a")), Answered),
        (header("x-line", one("a\r\nb: c")), Answered),
        (header("x-zero", one("a\u{0}b")), Answered),
        (header("x-letters", one("ä€🎙")), Answered),
        (header("authorization", one("Bearer \u{7f}ä")), Answered),
        (
            header("authorization", one(&format!("Bearer {long}"))),
            Answered,
        ),
        (header("origin", one("ä")), Answered),
        (header("content-type", one("\u{1}")), Answered),
        (
            header("cookie", one(&format!("a={long}; =; ;;; \""))),
            Answered,
        ),
        (edited(good, "/body", json!({ "grants": {} })), Answered),
        (edited(good, "/body", json!(["{}"])), Answered),
        (edited(good, "/body", "x".repeat(2_000_000)), Answered),
        (base64, Answered),
        (edited(good, "/isBase64Encoded", "yes"), Answered),
        (edited(good, "/isBase64Encoded", 1), Answered),
        (edited(good, "/requestContext", Value::Null), Malformed),
        (edited(good, "/requestContext", json!({})), Answered),
        (edited(good, "/requestContext", json!([])), Malformed),
        (edited(good, "/requestContext", "x"), Malformed),
    ];
    // A host, a scheme and a path of which no URL can be made: nobody looks at them.
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
        events.push((header("host", one(host)), Good));
        events.push((header("Host", one(host)), Good));
    }
    for scheme in [
        "",
        "x y",
        "javascript",
        ":",
        "\u{e4}",
        "https://evil.example/?",
    ] {
        events.push((header("x-forwarded-proto", one(scheme)), Good));
    }
    let no_host = edited(good, &format!("{headers}/host"), Value::Null);
    events.push((
        edited(&no_host, "/requestContext/domainName", "not a host"),
        Good,
    ));
    events.push((edited(&no_host, "/requestContext/domainName", 7), Answered));
    events.push((
        edited(&no_host, "/requestContext/stage", "a b?#\u{0}"),
        Good,
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
        events.push((edited(good, pointer, path), Good));
        events.push((edited(&no_host, pointer, path), Good));
    }
    events.push((edited(good, "/path", json!(["/"])), Answered));
    events.extend(match source {
        EventSource::HttpApi | EventSource::FunctionUrl => of_2_0(good, get),
        _ => of_others(source, good, get),
    });
    events
}

fn of_2_0(good: &Value, get: &Value) -> Vec<(Value, Want)> {
    vec![
        (
            edited(
                good,
                "/cookies",
                json!(["=", "", ";", "a", "=b", "a=b=c", "ä=ö"]),
            ),
            Answered,
        ),
        (edited(good, "/cookies", json!(["", ""])), Answered),
        (edited(good, "/cookies", json!([1, null, {}])), Answered),
        (edited(good, "/cookies", json!(["a=\u{0}"])), Malformed),
        (edited(good, "/cookies", "a=b"), Answered),
        (
            edited(get, "/rawQueryString", "grants=%ZZ&%=&&=&expires_in=%F0%9F"),
            Answered,
        ),
        (edited(get, "/rawQueryString", "a b\u{0}ä"), Answered),
        (
            edited(get, "/rawQueryString", "x".repeat(200_000)),
            Answered,
        ),
        (edited(get, "/rawQueryString", json!({})), Answered),
        (
            edited(get, "/queryStringParameters", json!({ "grants": 7 })),
            Answered,
        ),
        (edited(good, "/requestContext/http", Value::Null), Malformed),
        (edited(good, "/requestContext/http", json!({})), Malformed),
        // `lambda_http` takes it for GET, which has all the checks of POST.
        (edited(good, "/requestContext/http/method", ""), Answered),
        (
            edited(good, "/requestContext/http/method", "GET POST"),
            Malformed,
        ),
        (edited(good, "/requestContext/http/method", 7), Malformed),
        (
            edited(good, "/requestContext/http/method", Value::Null),
            Malformed,
        ),
        (
            edited(good, "/requestContext/requestId", json!({})),
            Answered,
        ),
        (edited(good, "/requestContext/timeEpoch", "soon"), Answered),
    ]
}

fn of_others(source: EventSource, good: &Value, get: &Value) -> Vec<(Value, Want)> {
    let several = source != EventSource::Alb;
    let mut events = vec![
        (edited(good, "/httpMethod", Value::Null), Malformed),
        // `lambda_http` takes it for GET, which has all the checks of POST.
        (edited(good, "/httpMethod", ""), Answered),
        (edited(good, "/httpMethod", "GET POST"), Malformed),
        (edited(good, "/httpMethod", 7), Malformed),
        (edited(good, "/httpMethod", json!(["POST"])), Malformed),
        (edited(good, "/requestContext/elb", json!([])), Answered),
        (
            edited(good, "/requestContext/elb", json!({ "targetGroupArn": 7 })),
            Answered,
        ),
        (
            edited(good, "/requestContext/identity", json!([])),
            Answered,
        ),
        (edited(good, "/requestContext/identity", "x"), Answered),
        (
            edited(good, "/requestContext/requestTimeEpoch", "soon"),
            Answered,
        ),
        (edited(good, "/pathParameters", json!({ "x": 7 })), Answered),
        (edited(good, "/stageVariables", json!([])), Answered),
        (edited(good, "/version", "2.0"), Answered),
        (edited(good, "/version", 7), Answered),
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
        events.push((
            edited(get, "/queryStringParameters", query.clone()),
            Answered,
        ));
        if several {
            events.push((
                edited(get, "/multiValueQueryStringParameters", query),
                Answered,
            ));
        }
    }
    // With this member a load balancer's event would be one of a REST API.
    if matches!(source, EventSource::RestApi | EventSource::RestApiBasePath) {
        events.push((edited(good, "/requestContext/httpMethod", "GET"), Answered));
        events.push((edited(good, "/requestContext/httpMethod", "G T"), Malformed));
        events.push((
            edited(good, "/requestContext/httpMethod", Value::Null),
            Malformed,
        ));
    }
    if several {
        events.push((edited(good, "/multiValueHeaders/x", "one"), Answered));
        events.push((
            edited(good, "/multiValueHeaders", json!({ "x": [["y"]] })),
            Answered,
        ));
        events.push((
            edited(
                good,
                "/multiValueHeaders/origin",
                json!(vec!["https://app.example.com"; 40_000]),
            ),
            Answered,
        ));
    }
    events
}
