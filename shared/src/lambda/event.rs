//! Events of API Gateway's HTTP APIs and of function URLs (payload format 2.0,
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html>), read as requests.
//!
//! This is done here and not with `lambda_http`, whose conversion panics on an unreadable path or body and which reads some
//! thirty members of which a few matter.

use std::borrow::Cow;
use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Uri, header};
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};

use crate::refusal::{Code, Refusal};

/// The members of an event that matter. The gateway leaves them out or sends null where there is nothing to say.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Event<'a> {
    request_context: Option<Context<'a>>,
    #[serde(borrow)]
    raw_query_string: Option<Cow<'a, str>>,
    #[serde(borrow)]
    headers: Option<Pairs<'a>>,
    #[serde(borrow)]
    cookies: Option<Vec<Text<'a>>>,
    #[serde(borrow)]
    body: Option<Cow<'a, str>>,
    is_base64_encoded: Option<bool>,
}

#[derive(Deserialize)]
struct Context<'a> {
    #[serde(borrow)]
    http: Option<Http<'a>>,
}

#[derive(Deserialize)]
struct Http<'a> {
    #[serde(borrow)]
    method: Option<Cow<'a, str>>,
}

/// A text, borrowed where nothing in it is escaped.
#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

/// An event that is no request, with the headers where they could be read: they decide who may see the answer.
pub struct Unreadable {
    /// The headers.
    pub headers: HeaderMap,
    /// What is wrong with it.
    pub refusal: Refusal,
}

impl Unreadable {
    fn new(headers: HeaderMap, detail: &'static str) -> Box<Self> {
        Box::new(Self { headers, refusal: Refusal::new(Code::RequestMalformed, detail) })
    }
}

impl From<Refusal> for Unreadable {
    fn from(refusal: Refusal) -> Self {
        Self { headers: HeaderMap::new(), refusal }
    }
}

/// Reads an event. Headers and body are parts of its bytes and no copies, where nothing in them is escaped.
///
/// # Errors
/// [`Code::RequestMalformed`], with what could be read.
pub fn request(bytes: &Bytes) -> Result<Request<Bytes>, Box<Unreadable>> {
    // Text as a whole, so that it is not looked at string by string.
    let event = std::str::from_utf8(bytes).ok().and_then(|event| serde_json::from_str::<Event>(event).ok());
    let Some(event) = event else {
        let detail = "The event is not one of an API Gateway HTTP API or a function URL (payload format 2.0).";
        return Err(Unreadable::new(HeaderMap::new(), detail));
    };
    let (headers, all_good) = headers(bytes, event.headers.unwrap_or_default(), event.cookies.unwrap_or_default());
    if !all_good {
        return Err(Unreadable::new(headers, "A header is not one that HTTP allows: send printable names and values."));
    }
    let method = event.request_context.and_then(|context| context.http).and_then(|http| http.method);
    let Some(method) = method.and_then(|method| Method::from_bytes(method.as_bytes()).ok()) else {
        return Err(Unreadable::new(headers, "The event names no HTTP method: send events of payload format 2.0."));
    };
    let query = event.raw_query_string.unwrap_or_default();
    let Ok(uri) = Uri::try_from(format!("/?{query}")) else {
        return Err(Unreadable::new(headers, "The query string is not one that HTTP allows: percent-encode it."));
    };
    let body = event.body.unwrap_or_default();
    let body = match event.is_base64_encoded {
        Some(true) => match STANDARD.decode(body.as_bytes()) {
            Ok(body) => Bytes::from(body),
            Err(_) => {
                return Err(Unreadable::new(headers, "The body is not the base64 that isBase64Encoded says it is."));
            }
        },
        _ => part(bytes, body),
    };
    let mut request = Request::new(body);
    *request.method_mut() = method;
    *request.uri_mut() = uri;
    *request.headers_mut() = headers;
    Ok(request)
}

/// The members of an object in their order, repeated ones too: a map would show only the last of them.
#[derive(Default)]
struct Pairs<'a>(Vec<(Text<'a>, Option<Text<'a>>)>);

impl<'de: 'a, 'a> Deserialize<'de> for Pairs<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;
        impl<'de> Visitor<'de> for Members {
            type Value = Pairs<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of texts")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Pairs<'de>, A::Error> {
                let mut pairs = Vec::with_capacity(32);
                while let Some(pair) = members.next_entry()? {
                    pairs.push(pair);
                }
                Ok(Pairs(pairs))
            }
        }
        deserializer.deserialize_map(Members)
    }
}

/// The gateway takes the cookies out of the headers and sends them one by one; `sam local` and others leave them in. The
/// second value says whether every header was one that HTTP allows.
fn headers(event: &Bytes, members: Pairs, cookies: Vec<Text>) -> (HeaderMap, bool) {
    // Room for what a gateway lets through; the map grows beyond, and refuses what it cannot hold.
    let mut headers = HeaderMap::with_capacity(members.0.len().min(100) + 1);
    let mut all_good = true;
    for (name, value) in members.0 {
        let Some(value) = value else { continue };
        match (HeaderName::from_bytes(name.0.as_bytes()), HeaderValue::from_maybe_shared(part(event, value.0))) {
            (Ok(name), Ok(value)) => all_good &= headers.try_append(name, value).is_ok(),
            _ => all_good = false,
        }
    }
    let join = |all: Cow<str>, cookie: Cow<str>| (all.into_owned() + "; " + &cookie).into();
    let cookies = cookies.into_iter().map(|cookie| cookie.0).reduce(join);
    match cookies.map(|cookies| HeaderValue::from_maybe_shared(part(event, cookies))) {
        Some(Ok(value)) => all_good &= headers.try_insert(header::COOKIE, value).is_ok(),
        Some(Err(_)) => all_good = false,
        None => (),
    }
    (headers, all_good)
}

/// A text of an event: a part of its bytes, where it was borrowed from them.
fn part(event: &Bytes, text: Cow<str>) -> Bytes {
    match text {
        Cow::Borrowed(text) if event.as_ptr_range().contains(&text.as_ptr()) => event.slice_ref(text.as_bytes()),
        text => Bytes::from(text.into_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    fn read(event: Value) -> Result<Request<Bytes>, Box<Unreadable>> {
        request(&event.to_string().into())
    }

    fn event(more: Value) -> Value {
        let mut event = json!({"requestContext": {"http": {"method": "POST"}}});
        for (name, value) in more.as_object().unwrap() {
            event[name] = value.clone();
        }
        event
    }

    #[test]
    fn nulls_and_absent_members_are_the_same() {
        let nulls = json!({
            "headers": {"x-null": null}, "cookies": null, "body": null, "isBase64Encoded": null, "rawQueryString": null,
        });
        for more in [json!({}), json!({"headers": null}), nulls] {
            let request = read(event(more)).ok().unwrap();
            assert_eq!((request.headers().len(), request.body().len()), (0, 0));
        }
    }

    #[test]
    fn cookies_come_as_an_array_or_as_a_header() {
        let cookie = |more| read(event(more)).ok().unwrap().headers().get("cookie").cloned().unwrap();
        assert_eq!(cookie(json!({"cookies": ["a=1", "b=2"]})), "a=1; b=2");
        assert_eq!(cookie(json!({"headers": {"Cookie": "c=3"}})), "c=3");
        assert_eq!(cookie(json!({"headers": {"cookie": "c=3"}, "cookies": []})), "c=3");
        assert_eq!(cookie(json!({"headers": {"cookie": "c=3"}, "cookies": ["a=1"]})), "a=1");
        assert_eq!(cookie(json!({"cookies": ["", ""]})), "; ");
    }

    #[test]
    fn a_body_may_be_base64() {
        let body = |more| read(event(more)).map(Request::into_body).ok();
        assert_eq!(body(json!({"body": "e30=", "isBase64Encoded": true})).unwrap(), "{}");
        assert_eq!(body(json!({"body": "e30=", "isBase64Encoded": false})).unwrap(), "e30=");
        assert_eq!(body(json!({"body": "e30", "isBase64Encoded": true})), None);
    }

    #[test]
    fn what_is_no_request_is_malformed_and_keeps_its_headers_where_it_can() {
        let unreadable = read(event(json!({"headers": {"origin": "https://a.test"}, "rawQueryString": "a b"})));
        assert_eq!(unreadable.err().unwrap().headers["origin"], "https://a.test");
        let unreadable = read(event(json!({"headers": {"a b": "c", "origin": "https://a.test"}})));
        assert_eq!(unreadable.err().unwrap().headers["origin"], "https://a.test");
        let many: serde_json::Map<_, _> = (0..40_000).map(|number| (format!("x-{number}"), json!("y"))).collect();
        for bad in [
            event(json!({"headers": many})),
            json!(null),
            json!([]),
            json!({}),
            json!({"requestContext": {"http": {"method": "NO SPACE"}}}),
            event(json!({"headers": {"a b": "c"}})),
            event(json!({"headers": {"a": "b\nc"}})),
            event(json!({"headers": {"a": ["b"]}})),
            event(json!({"headers": []})),
            event(json!({"cookies": "a=1"})),
            event(json!({"body": {}})),
        ] {
            assert_eq!(read(bad.clone()).err().unwrap().refusal.code, Code::RequestMalformed, "{bad}");
        }
    }

    #[test]
    fn headers_that_come_twice_are_seen_twice() {
        for headers in [r#"{"origin":"a","origin":"b"}"#, r#"{"origin":"a","Origin":"b"}"#] {
            let event = format!(r#"{{"requestContext":{{"http":{{"method":"GET"}}}},"headers":{headers}}}"#);
            assert_eq!(request(&event.into()).ok().unwrap().headers().get_all("origin").iter().count(), 2, "{headers}");
        }
    }

    proptest! {
        #[test]
        fn no_event_makes_it_panic(text in "\\PC{0,60}", method in "\\PC{0,8}", query in "\\PC{0,20}", header in "\\PC{0,12}",
            cookies in prop::collection::vec("\\PC{0,3}", 0..4)) {
            let _ = request(&text.into());
            let _ = read(json!({
                "requestContext": {"http": {"method": method}}, "rawQueryString": query, "headers": {header.clone(): header},
                "cookies": cookies,
            }));
        }
    }
}
