//! Events of every source, in the form that `lambda_http` reads: HTTP APIs and function URLs (payload
//! format 2.0), REST APIs (1.0) and load balancers.
//!
//! `lambda_http` panics on members that do not form a URL or a body, and of a repeated header it
//! drops a value. This module removes such members or rejects the event. The types that it uses are
//! not covered by `lambda_http`'s promise of compatibility (`#[doc(hidden)]`), so its version is
//! pinned, and the tests would notice a change. This module could be removed if the conversion
//! returned a `Result` and appended headers instead of replacing them.

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

/// An event that `lambda_http` can convert to a request.
pub(super) struct Event {
    /// The request, in the form that determines the format of the response.
    pub request: LambdaRequest,
    /// Why the request is rejected, if parts of the event were removed.
    pub problem: Option<Problem>,
}

impl<'de> Deserialize<'de> for Event {
    /// Accepts any JSON: an event of an unknown source becomes a request with a problem.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <&RawValue>::deserialize(deserializer)?.get();
        // `http` panics on more headers than its map can hold (24,576), and the runtime does not
        // catch panics here.
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
        // AWS leaves out members without a value. Emulators and handwritten events write null, or
        // anything in members that are not used.
        let mut event = serde_json::from_str(text).ok()?;
        remove_unused(&mut event);
        remove_nulls(&mut event);
        Self::parse(&event.to_string())
    }

    /// Tries payload format 2.0 first, which most events have. `lambda_http` would try it second and
    /// parse each event twice.
    fn parse(text: &str) -> Option<Self> {
        if let Ok(event) = serde_json::from_str(text) {
            return http_api(event);
        }
        if let Ok(event) = serde_json::from_str(text) {
            if is_of_another_kind(text) {
                return None;
            }
            return Some(rest_api(event));
        }
        serde_json::from_str(text).ok().map(load_balancer)
    }

    /// A request with a problem, for an event of an unknown source.
    pub(super) fn unknown() -> Self {
        let detail =
            "Send an event of an API Gateway API, a function URL or an Application Load Balancer.";
        let request = LambdaRequest::ApiGatewayV2(ApiGatewayV2httpRequest::default());
        Self {
            request,
            problem: Some(malformed(detail)),
        }
    }
}

fn malformed(detail: &'static str) -> Problem {
    Problem::new(Code::RequestMalformed, detail)
}

/// Whether an event that looks like one of a REST API is for an authorizer or from a WebSocket API.
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
    // Only events for an authorizer have a type.
    #[expect(deprecated, reason = "the member exists for these events")]
    if event.kind.is_some() {
        return None;
    }
    remove_url(&mut event.headers, &mut event.raw_path);
    event.request_context.stage = None;
    event.request_context.domain_name = None;
    let mut problem = check_body(&mut event.body, event.is_base64_encoded);
    // `lambda_http` panics on a query string that does not form a URL.
    let query = event.raw_query_string.take().unwrap_or_default();
    // `lambda_http` would drop everything after a #.
    if !query.contains('#') && Uri::try_from(format!("/?{query}")).is_ok() {
        event.raw_query_string = Some(query);
    } else {
        problem = Some(malformed(
            "The query string contains characters that HTTP does not allow: percent-encode them.",
        ));
    }
    // With an empty list the header would be ignored, and a list with a control character would be
    // dropped.
    event.cookies = event
        .cookies
        .filter(|cookies| !cookies.iter().all(String::is_empty));
    if event
        .cookies
        .as_ref()
        .is_some_and(|cookies| HeaderValue::from_str(&cookies.join("; ")).is_err())
    {
        problem = Some(malformed(
            "A cookie contains characters that HTTP does not allow: send printable names and values.",
        ));
    }
    Some(Event {
        request: LambdaRequest::ApiGatewayV2(event),
        problem,
    })
}

fn rest_api(mut event: ApiGatewayProxyRequest) -> Event {
    remove_url(&mut event.headers, &mut event.path);
    remove_url(&mut event.multi_value_headers, &mut event.path);
    event.request_context.stage = None;
    event.request_context.domain_name = None;
    merge_headers(&mut event.headers, &mut event.multi_value_headers);
    let problem = check_body(&mut event.body, event.is_base64_encoded);
    Event {
        request: LambdaRequest::ApiGatewayV1(event),
        problem,
    }
}

fn load_balancer(mut event: AlbTargetGroupRequest) -> Event {
    remove_url(&mut event.headers, &mut event.path);
    remove_url(&mut event.multi_value_headers, &mut event.path);
    merge_headers(&mut event.headers, &mut event.multi_value_headers);
    let problem = check_body(&mut event.body, event.is_base64_encoded);
    Event {
        request: LambdaRequest::Alb(event),
        problem,
    }
}

/// Removes host and path: the broker does not use them, and `lambda_http` panics if they do not form
/// a URL.
fn remove_url(headers: &mut HeaderMap, path: &mut Option<String>) {
    headers.remove(header::HOST);
    headers.remove(HeaderName::from_static("x-forwarded-proto"));
    *path = None;
}

/// Adds the values that only `single` has to `multiple`. In `lambda_http` they would replace the
/// others.
fn merge_headers(single: &mut HeaderMap, multiple: &mut HeaderMap) {
    for (name, value) in std::mem::take(single).iter() {
        if !multiple.get_all(name).iter().any(|known| known == value) {
            multiple.append(name, value.clone());
        }
    }
}

/// Removes a body that cannot be decoded, as `lambda_http` would panic on it.
fn check_body(body: &mut Option<String>, is_base64: bool) -> Option<Problem> {
    let bad = body.take_if(|body| is_base64 && STANDARD.decode(body).is_err());
    bad.map(|_| malformed("The body is not base64, although isBase64Encoded is true."))
}

/// Removes members that neither `lambda_http` nor the broker uses.
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
