//! Events of every source, as `lambda_http` reads them: HTTP APIs and function URLs (payload format
//! 2.0), REST APIs (1.0) and load balancers.
//!
//! `lambda_http` panics on members that make no URL or no body, and where a header is named twice
//! it lets one win. What could do either is taken out of an event, or refused, before it gets
//! there. Its types for that are outside of its promise of compatibility (`#[doc(hidden)]`), so its
//! version is pinned, and the tests below would notice a change. All of this could go if its
//! conversion returned a `Result` and appended headers instead of replacing them.

use std::panic::catch_unwind;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, HeaderName, HeaderValue, Uri, header};
use lambda_http::aws_lambda_events::alb::AlbTargetGroupRequest;
use lambda_http::aws_lambda_events::apigw::{ApiGatewayProxyRequest, ApiGatewayV2httpRequest};
use lambda_http::request::LambdaRequest;
use serde::de::{Deserialize, Deserializer, IgnoredAny};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::problem::{Code, Problem};

/// An event that `lambda_http` can turn into a request, whatever it was when it came.
pub struct Event {
    /// The request, in the form that tells how it is to be answered.
    pub request: LambdaRequest,
    /// Why the request must be refused, where it is not all that came.
    pub refusal: Option<Problem>,
}

impl<'de> Deserialize<'de> for Event {
    /// Fails for nothing that is JSON: what is no event of a known source becomes a request that is
    /// refused.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <&RawValue>::deserialize(deserializer)?.get();
        // More headers than its map can hold, 24,576, make http panic, and the runtime catches no
        // panic here.
        Ok(catch_unwind(|| Self::read(text))
            .ok()
            .flatten()
            .unwrap_or_else(Self::unknown))
    }
}

impl Event {
    fn read(text: &str) -> Option<Self> {
        if let Some(event) = Self::parse(text) {
            return Some(event);
        }
        // AWS's own sources leave out what they have no value for; emulators and hand-made events
        // write null, or something else in members that are read by nobody.
        let mut event = serde_json::from_str(text).ok()?;
        remove_unused(&mut event);
        remove_nulls(&mut event);
        Self::parse(&event.to_string())
    }

    /// Tries payload format 2.0 first, which most events have. `lambda_http` would try it second,
    /// and read each event twice.
    fn parse(text: &str) -> Option<Self> {
        if let Ok(event) = serde_json::from_str(text) {
            return http_api(event);
        }
        if let Ok(event) = serde_json::from_str(text) {
            return (!is_of_another_kind(text)).then(|| rest_api(event));
        }
        serde_json::from_str(text).ok().map(load_balancer)
    }

    /// What is no event of a known source.
    pub fn unknown() -> Self {
        let detail = "The event is not one of an API Gateway API, a function URL or an Application Load Balancer.";
        let request = LambdaRequest::ApiGatewayV2(ApiGatewayV2httpRequest::default());
        Self {
            request,
            refusal: Some(malformed(detail)),
        }
    }
}

fn malformed(detail: &'static str) -> Problem {
    Problem::new(Code::RequestMalformed, detail)
}

/// What API Gateway asks an authorizer, and what it sends of a WebSocket, is made like an event of
/// a REST API.
fn is_of_another_kind(text: &str) -> bool {
    #[derive(serde::Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Marks {
        method_arn: Option<IgnoredAny>,
        route_arn: Option<IgnoredAny>,
        request_context: Context,
    }
    #[derive(serde::Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Context {
        connection_id: Option<IgnoredAny>,
    }
    let marks = |Marks {
                     method_arn,
                     route_arn,
                     request_context,
                 }| [method_arn, route_arn, request_context.connection_id];
    serde_json::from_str(text)
        .map(marks)
        .is_ok_and(|marks| marks.iter().any(Option::is_some))
}

fn http_api(mut event: ApiGatewayV2httpRequest) -> Option<Event> {
    // Only what API Gateway asks an authorizer has a type.
    #[expect(deprecated, reason = "the member is there for just those events")]
    if event.kind.is_some() {
        return None;
    }
    without_url(&mut event.headers, &mut event.raw_path);
    event.request_context.stage = None;
    event.request_context.domain_name = None;
    let mut refusal = check_body(&mut event.body, event.is_base64_encoded);
    // `lambda_http` panics where it makes no URL.
    let query = event.raw_query_string.take().unwrap_or_default();
    // What is behind a # would be dropped without a word.
    if !query.contains('#') && Uri::try_from(format!("/?{query}")).is_ok() {
        event.raw_query_string = Some(query);
    } else {
        refusal = Some(malformed(
            "The query string is not one that HTTP allows: percent-encode it.",
        ));
    }
    // An empty list would hide the header, and one with a control character would be left out
    // without a word.
    event.cookies = event
        .cookies
        .filter(|cookies| !cookies.iter().all(String::is_empty));
    if event
        .cookies
        .as_ref()
        .is_some_and(|cookies| HeaderValue::from_str(&cookies.join("; ")).is_err())
    {
        refusal = Some(malformed(
            "A cookie is not one that HTTP allows: send printable names and values.",
        ));
    }
    Some(Event {
        request: LambdaRequest::ApiGatewayV2(event),
        refusal,
    })
}

fn rest_api(mut event: ApiGatewayProxyRequest) -> Event {
    without_url(&mut event.headers, &mut event.path);
    without_url(&mut event.multi_value_headers, &mut event.path);
    event.request_context.stage = None;
    event.request_context.domain_name = None;
    keep_repeated(&mut event.headers, &mut event.multi_value_headers);
    let refusal = check_body(&mut event.body, event.is_base64_encoded);
    Event {
        request: LambdaRequest::ApiGatewayV1(event),
        refusal,
    }
}

fn load_balancer(mut event: AlbTargetGroupRequest) -> Event {
    without_url(&mut event.headers, &mut event.path);
    without_url(&mut event.multi_value_headers, &mut event.path);
    keep_repeated(&mut event.headers, &mut event.multi_value_headers);
    let refusal = check_body(&mut event.body, event.is_base64_encoded);
    Event {
        request: LambdaRequest::Alb(event),
        refusal,
    }
}

/// The broker looks at neither host nor path, and `lambda_http` panics where they make no URL.
fn without_url(headers: &mut HeaderMap, path: &mut Option<String>) {
    headers.remove(header::HOST);
    headers.remove(HeaderName::from_static("x-forwarded-proto"));
    *path = None;
}

/// A value that one map alone has counts in addition to the other's: `lambda_http` would let it
/// replace them.
fn keep_repeated(single: &mut HeaderMap, multiple: &mut HeaderMap) {
    for (name, value) in std::mem::take(single).iter() {
        if !multiple.get_all(name).iter().any(|known| known == value) {
            multiple.append(name, value.clone());
        }
    }
}

/// Takes out a body that cannot be decoded, on which `lambda_http` panics.
fn check_body(body: &mut Option<String>, is_base64: bool) -> Option<Problem> {
    let bad = body.take_if(|body| is_base64 && STANDARD.decode(body).is_err());
    bad.map(|_| malformed("The body is not the base64 that isBase64Encoded says it is."))
}

/// Takes out members that neither `lambda_http` nor the broker needs.
fn remove_unused(event: &mut Value) {
    const UNUSED: [&str; 8] = [
        "authentication",
        "authorizer",
        "identity",
        "pathParameters",
        "requestTimeEpoch",
        "stageVariables",
        "time",
        "timeEpoch",
    ];
    let Some(members) = event.as_object_mut() else {
        return;
    };
    if members.get("rawQueryString").is_some_and(Value::is_string) {
        members.remove("queryStringParameters");
    }
    members.retain(|name, _| !UNUSED.contains(&name.as_str()));
    if let Some(context) = members
        .get_mut("requestContext")
        .and_then(Value::as_object_mut)
    {
        context.retain(|name, _| !UNUSED.contains(&name.as_str()));
    }
}

fn remove_nulls(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.retain(|_, member| !member.is_null());
            members.values_mut().for_each(remove_nulls);
        }
        Value::Array(items) => items.retain(|item| !item.is_null()),
        _ => {}
    }
}

#[cfg(test)]
mod tests;
