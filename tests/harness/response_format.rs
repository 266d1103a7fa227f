//! Checks that a response has the format that its event source accepts. Each source expects headers
//! and cookies in different members, and drops or rejects them elsewhere.

use serde_json::Value;

use crate::source::EventSource;

const REST_MEMBERS: [&str; 5] = [
    "statusCode",
    "headers",
    "multiValueHeaders",
    "body",
    "isBase64Encoded",
];

/// The members of a response in which the source looks for headers.
pub fn header_members(source: EventSource) -> &'static [&'static str] {
    match source {
        EventSource::HttpApi | EventSource::FunctionUrl | EventSource::Alb => &["headers"],
        EventSource::RestApi | EventSource::RestApiBasePath => &["multiValueHeaders", "headers"],
        EventSource::AlbMultiValue => &["multiValueHeaders"],
    }
}

/// Returns what is wrong with the format of the response.
pub fn check(source: EventSource, response: &Value) -> Result<(), String> {
    let status = response["statusCode"]
        .as_u64()
        .filter(|status| (100..600).contains(status));
    let status = status.ok_or_else(|| format!("statusCode is {}", response["statusCode"]))?;
    require(
        "body is a string or absent",
        response.get("body").is_none_or(Value::is_string),
    )?;
    // Bodies are strings. A REST API without binary media types would pass the base64 text on.
    require(
        "isBase64Encoded is false",
        response
            .get("isBase64Encoded")
            .is_none_or(|value| *value == false),
    )?;
    let no_cookies = response
        .get("cookies")
        .is_none_or(|cookies| *cookies == Value::Array(Vec::new()));
    match source {
        EventSource::HttpApi | EventSource::FunctionUrl => {
            require_strings(&response["headers"])?;
            let cookies = response["cookies"]
                .as_array()
                .map_or(&[][..], Vec::as_slice);
            require("cookies are strings", cookies.iter().all(Value::is_string))?;
            require(
                "Set-Cookie is only in cookies",
                !names(&response["headers"]).any(|name| name == "set-cookie"),
            )?;
            let multi_value = response["multiValueHeaders"].as_object();
            require(
                "no multiValueHeaders",
                multi_value.is_none_or(serde_json::Map::is_empty),
            )
        }
        EventSource::RestApi | EventSource::RestApiBasePath => {
            let members = response
                .as_object()
                .into_iter()
                .flat_map(serde_json::Map::keys);
            for member in members {
                require(
                    &format!("a REST API rejects {member}"),
                    REST_MEMBERS.contains(&member.as_str()),
                )?;
            }
            require_arrays(&response["multiValueHeaders"])?;
            // A REST API merges both members and would send a header in both of them twice.
            let multi_value: Vec<_> = names(&response["multiValueHeaders"]).collect();
            require(
                "no header is in both members",
                !names(&response["headers"]).any(|name| multi_value.contains(&name)),
            )
        }
        EventSource::Alb | EventSource::AlbMultiValue => {
            require(
                "isBase64Encoded is present",
                response["isBase64Encoded"].is_boolean(),
            )?;
            require("no cookies", no_cookies)?;
            let description = response["statusDescription"]
                .as_str()
                .and_then(|text| text.split_once(' '));
            let good = description.is_some_and(|(code, reason)| {
                code == status.to_string() && !reason.trim().is_empty()
            });
            require(
                &format!(
                    "statusDescription is a code and a reason, not {}",
                    response["statusDescription"]
                ),
                good,
            )?;
            match source {
                EventSource::Alb => require_strings(&response["headers"]),
                _ => require_arrays(&response["multiValueHeaders"]),
            }
        }
    }
}

fn require(rule: &str, met: bool) -> Result<(), String> {
    if met {
        Ok(())
    } else {
        Err(format!("rule not met: {rule}"))
    }
}

fn names(headers: &Value) -> impl Iterator<Item = String> {
    headers
        .as_object()
        .into_iter()
        .flat_map(|headers| headers.keys().map(|name| name.to_ascii_lowercase()))
}

fn require_strings(headers: &Value) -> Result<(), String> {
    let good = headers
        .as_object()
        .is_some_and(|headers| headers.values().all(Value::is_string));
    require("headers are strings", good)
}

fn require_arrays(headers: &Value) -> Result<(), String> {
    let strings = |value: &Value| {
        value
            .as_array()
            .is_some_and(|values| !values.is_empty() && values.iter().all(Value::is_string))
    };
    let good = headers
        .as_object()
        .is_some_and(|headers| headers.values().all(strings));
    require("multiValueHeaders are arrays of strings", good)
}
