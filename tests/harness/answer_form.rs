//! Whether an answer has the form that its event source takes: each wants headers and cookies in
//! another place, and drops or refuses what stands elsewhere.

use serde_json::Value;

use crate::EventSource;

const REST_MEMBERS: [&str; 5] = [
    "statusCode",
    "headers",
    "multiValueHeaders",
    "body",
    "isBase64Encoded",
];

/// The members of an answer in which the source looks for headers.
pub fn header_members(source: EventSource) -> &'static [&'static str] {
    match source {
        EventSource::HttpApi | EventSource::FunctionUrl | EventSource::Alb => &["headers"],
        EventSource::RestApi | EventSource::RestApiBasePath => &["multiValueHeaders", "headers"],
        EventSource::AlbMultiValue => &["multiValueHeaders"],
    }
}

/// What is wrong with the answer's form.
pub fn check(source: EventSource, answer: &Value) -> Result<(), String> {
    let status = answer["statusCode"]
        .as_u64()
        .filter(|status| (100..600).contains(status));
    let status = status.ok_or_else(|| format!("statusCode is {}", answer["statusCode"]))?;
    holds(
        "body is a text or absent",
        answer.get("body").is_none_or(Value::is_string),
    )?;
    // Bodies are texts, and a REST API without binary media types would pass the base64 on.
    holds(
        "isBase64Encoded is false",
        answer
            .get("isBase64Encoded")
            .is_none_or(|value| *value == false),
    )?;
    let others = answer
        .get("cookies")
        .is_none_or(|cookies| *cookies == Value::Array(Vec::new()));
    match source {
        EventSource::HttpApi | EventSource::FunctionUrl => {
            texts(&answer["headers"])?;
            let cookies = answer["cookies"].as_array().map_or(&[][..], Vec::as_slice);
            holds("cookies are texts", cookies.iter().all(Value::is_string))?;
            holds(
                "Set-Cookie is in cookies alone",
                !names(&answer["headers"]).any(|name| name == "set-cookie"),
            )?;
            let several = answer["multiValueHeaders"].as_object();
            holds(
                "no multiValueHeaders",
                several.is_none_or(serde_json::Map::is_empty),
            )
        }
        EventSource::RestApi | EventSource::RestApiBasePath => {
            let members = answer
                .as_object()
                .into_iter()
                .flat_map(serde_json::Map::keys);
            for member in members {
                holds(
                    &format!("a REST API knows no {member}"),
                    REST_MEMBERS.contains(&member.as_str()),
                )?;
            }
            arrays(&answer["multiValueHeaders"])?;
            // It merges both, and would send a header of both twice.
            let several: Vec<_> = names(&answer["multiValueHeaders"]).collect();
            holds(
                "no header in both places",
                !names(&answer["headers"]).any(|name| several.contains(&name)),
            )
        }
        EventSource::Alb | EventSource::AlbMultiValue => {
            holds(
                "isBase64Encoded is there",
                answer["isBase64Encoded"].is_boolean(),
            )?;
            holds("no cookies", others)?;
            let description = answer["statusDescription"]
                .as_str()
                .and_then(|text| text.split_once(' '));
            let good = description.is_some_and(|(code, reason)| {
                code == status.to_string() && !reason.trim().is_empty()
            });
            holds(
                &format!(
                    "statusDescription is code and reason, not {}",
                    answer["statusDescription"]
                ),
                good,
            )?;
            match source {
                EventSource::Alb => texts(&answer["headers"]),
                _ => arrays(&answer["multiValueHeaders"]),
            }
        }
    }
}

fn holds(what: &str, good: bool) -> Result<(), String> {
    if good {
        Ok(())
    } else {
        Err(format!("does not hold: {what}"))
    }
}

fn names(headers: &Value) -> impl Iterator<Item = String> {
    headers
        .as_object()
        .into_iter()
        .flat_map(|headers| headers.keys().map(|name| name.to_ascii_lowercase()))
}

fn texts(headers: &Value) -> Result<(), String> {
    let good = headers
        .as_object()
        .is_some_and(|headers| headers.values().all(Value::is_string));
    holds("headers are texts", good)
}

fn arrays(headers: &Value) -> Result<(), String> {
    let texts = |value: &Value| {
        value
            .as_array()
            .is_some_and(|values| !values.is_empty() && values.iter().all(Value::is_string))
    };
    let good = headers
        .as_object()
        .is_some_and(|headers| headers.values().all(texts));
    holds("multiValueHeaders are arrays of texts", good)
}
