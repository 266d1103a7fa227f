//! The event sources. Converts an event of an HTTP API to the event that another source would send
//! for the same request, based on that source's file in `events/`. Formats:
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html>,
//! <https://docs.aws.amazon.com/elasticloadbalancing/latest/application/lambda-functions.html> and
//! <https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html>.

use serde_json::{Map, Value, json};

use crate::event::{Event, percent_decoded};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventSource {
    /// Payload format 2.0.
    HttpApi,
    /// Payload format 2.0.
    FunctionUrl,
    /// Payload format 1.0.
    RestApi,
    /// A REST API behind a custom domain: the base path stays in the event's path.
    RestApiBasePath,
    /// An Application Load Balancer.
    Alb,
    /// A load balancer whose target group has `lambda.multi_value_headers.enabled`.
    AlbMultiValue,
}

impl EventSource {
    pub const ALL: [Self; 6] = [
        Self::HttpApi,
        Self::FunctionUrl,
        Self::RestApi,
        Self::RestApiBasePath,
        Self::Alb,
        Self::AlbMultiValue,
    ];

    /// Detects the source from the shape of an event. Everything unknown counts as an HTTP API.
    pub fn detect(event: &Value) -> Self {
        match event {
            _ if event["version"] == "2.0" => Self::HttpApi,
            _ if event["requestContext"]["elb"].is_object()
                && event["multiValueHeaders"].is_object() =>
            {
                Self::AlbMultiValue
            }
            _ if event["requestContext"]["elb"].is_object() => Self::Alb,
            _ if event["httpMethod"].is_string() => Self::RestApi,
            _ => Self::HttpApi,
        }
    }

    /// Whether events of this source have every value of a repeated header. A load balancer keeps
    /// the last value unless it is configured to send all of them.
    pub fn passes_repeated_headers(self) -> bool {
        self != Self::Alb
    }

    fn envelope(self) -> &'static str {
        match self {
            Self::HttpApi => "functions/cartesia/event.json",
            Self::FunctionUrl => "function-url-post.json",
            Self::RestApi => "rest-post.json",
            Self::RestApiBasePath => "rest-base-path-post.json",
            Self::Alb => "alb-post.json",
            Self::AlbMultiValue => "alb-multi-post.json",
        }
    }
}

impl Event {
    pub fn source(&self) -> EventSource {
        EventSource::detect(self.json())
    }

    /// Converts this event of an HTTP API to the event that the source would send.
    #[must_use]
    pub fn via(&self, source: EventSource) -> Self {
        let request = self.json();
        let mut event = Self::file(source.envelope()).into_json();
        let method = &request["requestContext"]["http"]["method"];
        let query = request["rawQueryString"].as_str().unwrap_or_default();
        let body = request["body"].as_str();
        match source {
            EventSource::HttpApi => return self.clone(),
            EventSource::FunctionUrl => {
                for member in [
                    "headers",
                    "cookies",
                    "body",
                    "rawQueryString",
                    "queryStringParameters",
                ] {
                    set_or_remove(&mut event, member, request[member].clone());
                }
                event["requestContext"]["http"]["method"] = method.clone();
            }
            EventSource::RestApi | EventSource::RestApiBasePath => {
                let headers = headers(request);
                event["multiValueHeaders"] = as_arrays(&headers);
                event["headers"] = headers.into();
                // API Gateway decodes the query, and passes null if there is none.
                let pairs = pairs(query)
                    .map(|(name, value)| (percent_decoded(name), percent_decoded(value)));
                let (last, all) = (last_values(pairs.clone()), all_values(pairs));
                event["queryStringParameters"] = if query.is_empty() { Value::Null } else { last };
                event["multiValueQueryStringParameters"] =
                    if query.is_empty() { Value::Null } else { all };
                event["body"] = body.into();
                event["httpMethod"] = method.clone();
                event["requestContext"]["httpMethod"] = method.clone();
            }
            // A load balancer does not decode the query.
            EventSource::Alb => {
                event["headers"] = headers(request).into();
                event["queryStringParameters"] = last_values(owned_pairs(query));
                event["body"] = body.unwrap_or_default().into();
                event["httpMethod"] = method.clone();
            }
            EventSource::AlbMultiValue => {
                event["multiValueHeaders"] = as_arrays(&headers(request));
                event["multiValueQueryStringParameters"] = all_values(owned_pairs(query));
                event["body"] = body.unwrap_or_default().into();
                event["httpMethod"] = method.clone();
            }
        }
        event["isBase64Encoded"] = request["isBase64Encoded"].clone();
        event.into()
    }

    /// This event, of any source, with a header that the client sent several times.
    #[must_use]
    pub fn repeated_header(self, name: &str, values: &[&str]) -> Self {
        let mut event = self.without_header(name).into_json();
        match EventSource::detect(&event) {
            EventSource::HttpApi | EventSource::FunctionUrl => {
                event["headers"][name] = values.join(",").into()
            }
            EventSource::RestApi | EventSource::RestApiBasePath => {
                event["headers"][name] = values.last().copied().into();
                event["multiValueHeaders"][name] = json!(values);
            }
            EventSource::Alb => event["headers"][name] = values.last().copied().into(),
            EventSource::AlbMultiValue => event["multiValueHeaders"][name] = json!(values),
        }
        event.into()
    }
}

/// Sets a member, or removes it if the value is null.
fn set_or_remove(event: &mut Value, name: &str, value: Value) {
    let Some(members) = event.as_object_mut() else {
        return;
    };
    match value {
        Value::Null => members.remove(name),
        value => members.insert(name.to_owned(), value),
    };
}

/// The headers, including the `Cookie` header that the browser sent.
fn headers(request: &Value) -> Map<String, Value> {
    let mut headers = request["headers"].as_object().cloned().unwrap_or_default();
    let cookies: Vec<_> = request["cookies"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    if !cookies.is_empty() {
        headers.insert("cookie".to_owned(), cookies.join("; ").into());
    }
    headers
}

fn as_arrays(headers: &Map<String, Value>) -> Value {
    headers
        .iter()
        .map(|(name, value)| (name.clone(), json!([value])))
        .collect()
}

fn pairs(query: &str) -> impl Iterator<Item = (&str, &str)> + Clone {
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    pairs.map(|pair| pair.split_once('=').unwrap_or((pair, "")))
}

fn owned_pairs(query: &str) -> impl Iterator<Item = (String, String)> {
    pairs(query).map(|(name, value)| (name.to_owned(), value.to_owned()))
}

fn last_values(pairs: impl Iterator<Item = (String, String)>) -> Value {
    pairs
        .map(|(name, value)| (name, Value::from(value)))
        .collect()
}

fn all_values(pairs: impl Iterator<Item = (String, String)>) -> Value {
    let mut all = Map::new();
    for (name, value) in pairs {
        if let Some(values) = all.entry(name).or_insert_with(|| json!([])).as_array_mut() {
            values.push(value.into());
        }
    }
    all.into()
}
