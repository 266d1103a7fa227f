//! The requests that `lambda_http` builds from normalized events. These tests show when its
//! interface changes.

use http::Method;
use lambda_http::Request;
use proptest::prelude::*;
use serde_json::json;

use super::*;

/// The request that `lambda_http` builds from an event, and why it is rejected.
fn read(event: &str) -> (Request, Option<&'static str>) {
    let Event { request, problem } = serde_json::from_str(event).unwrap();
    let detail = problem.map(|problem| match problem.detail {
        std::borrow::Cow::Borrowed(detail) => detail,
        std::borrow::Cow::Owned(_) => panic!("a detail that may repeat the input"),
    });
    (request.into(), detail)
}

fn accepted(event: &Value) -> Request {
    let (request, problem) = read(&event.to_string());
    assert_eq!(problem, None, "{event}");
    request
}

fn rejected(event: &Value) -> (Request, &'static str) {
    let (request, problem) = read(&event.to_string());
    (request, problem.unwrap_or_else(|| panic!("{event}")))
}

/// The smallest event of each source, with additional members.
fn events(more: &Value) -> [Value; 3] {
    let http_api = json!({"requestContext": {"http": {"method": "POST"}}});
    let rest_api = json!({"httpMethod": "POST", "requestContext": {"httpMethod": "POST"}});
    let load_balancer = json!({"httpMethod": "POST", "requestContext": {"elb": {}}});
    [http_api, rest_api, load_balancer].map(|mut event| {
        for (name, value) in more.as_object().unwrap() {
            event[name] = value.clone();
        }
        event
    })
}

fn http_api(more: &Value) -> Value {
    let [event, ..] = events(more);
    event
}

#[test]
fn each_source_gets_a_response_in_its_own_format() {
    let origin = |event: Value| {
        let event: Event = serde_json::from_value::<Box<RawValue>>(event)
            .and_then(|event| serde_json::from_str(event.get()))
            .unwrap();
        format!("{:?}", event.request.request_origin())
    };
    let all = events(&json!({})).map(origin);
    assert_eq!(all, ["ApiGatewayV2", "ApiGatewayV1", "Alb"]);
    assert_eq!(origin(json!({"Records": []})), "ApiGatewayV2");
}

#[test]
fn method_body_and_headers_arrive_from_each_source() {
    for event in events(&json!({"body": "e30=", "isBase64Encoded": true, "headers": {"X-A": "b"}}))
    {
        let request = accepted(&event);
        assert_eq!(
            (request.method(), &request.body()[..]),
            (&Method::POST, &b"{}"[..]),
            "{event}"
        );
        assert_eq!(request.headers()["x-a"], "b", "{event}");
    }
}

#[test]
fn null_and_absent_members_are_equivalent() {
    let nulls = json!({
        "headers": {"x-null": null}, "multiValueHeaders": null, "cookies": null, "body": null, "isBase64Encoded": null,
        "rawQueryString": null, "queryStringParameters": null, "multiValueQueryStringParameters": null, "path": null,
    });
    for event in events(&nulls)
        .iter()
        .chain(&events(&json!({"headers": null})))
    {
        let request = accepted(event);
        assert_eq!(
            (request.headers().len(), request.body().len()),
            (0, 0),
            "{event}"
        );
    }
}

#[test]
fn unused_members_may_have_any_value() {
    let unused = json!({"stageVariables": {"a": 1}, "pathParameters": 7, "cookies": ["a=1", null]});
    for mut event in events(&unused) {
        event["requestContext"]["authorizer"] = json!({"jwt": {"claims": {"exp": 123}}});
        event["requestContext"]["timeEpoch"] = "soon".into();
        accepted(&event);
    }
    accepted(&http_api(
        &json!({"rawQueryString": "a=1", "queryStringParameters": {"a": 1}}),
    ));
}

#[test]
fn members_that_form_an_invalid_url_are_accepted() {
    for more in [
        json!({"headers": {"host": "not a host"}}),
        json!({"headers": {"host": "a.test", "x-forwarded-proto": "1:/"}}),
        json!({"multiValueHeaders": {"Host": ["a b"]}}),
        json!({"path": " \u{0}"}),
        json!({"rawPath": "//a b?#"}),
    ] {
        for event in events(&more) {
            accepted(&event);
        }
    }
    for [stage, domain] in [["a b", "a.test"], ["$default", "a b"], ["\u{0}", "["]] {
        for mut event in events(&json!({})) {
            event["requestContext"]["stage"] = stage.into();
            event["requestContext"]["domainName"] = domain.into();
            accepted(&event);
        }
    }
}

#[test]
fn cookies_arrive_as_an_array_or_as_a_header() {
    let cookie = |more| {
        accepted(&http_api(&more))
            .headers()
            .get("cookie")
            .cloned()
            .unwrap()
    };
    assert_eq!(cookie(json!({"cookies": ["a=1", "b=2"]})), "a=1; b=2");
    assert_eq!(cookie(json!({"headers": {"Cookie": "c=3"}})), "c=3");
    assert_eq!(
        cookie(json!({"headers": {"cookie": "c=3"}, "cookies": []})),
        "c=3"
    );
    assert_eq!(
        cookie(json!({"headers": {"cookie": "c=3"}, "cookies": ["", ""]})),
        "c=3"
    );
    assert_eq!(
        cookie(json!({"headers": {"cookie": "c=3"}, "cookies": ["a=1"]})),
        "a=1"
    );
}

#[test]
fn unrelated_headers_and_cookies_may_contain_any_text() {
    for event in events(
        &json!({"headers": {"cloudfront-viewer-city": "São Paulo", "cookie": "name=José; session=x"}}),
    ) {
        let request = accepted(&event);
        assert_eq!(
            request.headers()["cookie"].as_bytes(),
            "name=José; session=x".as_bytes(),
            "{event}"
        );
    }
    let request = accepted(&http_api(&json!({"cookies": ["name=José", "session=x"]})));
    assert_eq!(
        request.headers()["cookie"].as_bytes(),
        "name=José; session=x".as_bytes()
    );
}

#[test]
fn every_value_of_a_repeated_header_is_kept() {
    let [_, rest_api, load_balancer] = events(&json!({
        "headers": {"origin": "b", "x-single": "1"},
        "multiValueHeaders": {"Origin": ["a", "b"], "x-many": ["2"]},
    }));
    for event in [rest_api, load_balancer] {
        let request = accepted(&event);
        let origins: Vec<_> = request.headers().get_all("origin").iter().collect();
        assert_eq!(origins, ["a", "b"], "{event}");
        assert_eq!(
            (&request.headers()["x-single"], &request.headers()["x-many"]),
            (&"1".parse().unwrap(), &"2".parse().unwrap())
        );
    }
}

#[test]
fn a_query_arrives_as_it_was_sent() {
    let query = |event| accepted(&event).uri().query().map(str::to_owned);
    assert_eq!(
        query(http_api(&json!({"rawQueryString": "a=%26+b&a=c"}))).unwrap(),
        "a=%26+b&a=c"
    );
    assert_eq!(query(http_api(&json!({"rawQueryString": ""}))), None);
    // A REST API decodes names and values. A load balancer does not.
    let [_, rest_api, _] = events(&json!({"multiValueQueryStringParameters": {"a": ["& b", "c"]}}));
    assert_eq!(query(rest_api).unwrap(), "a=%26+b&a=c");
    let [.., load_balancer] = events(&json!({"queryStringParameters": {"a": "%26+b"}}));
    assert_eq!(query(load_balancer).unwrap(), "a=%26+b");
}

#[test]
fn a_rejected_event_keeps_its_valid_headers() {
    let headers = json!({"origin": "https://a.test"});
    for more in [
        json!({"headers": headers, "body": "e30", "isBase64Encoded": true}),
        json!({"headers": headers, "cookies": ["a=\u{1}"], "multiValueHeaders": {"x": ["\u{1}"]}}),
    ] {
        let (request, _) = rejected(&http_api(&more));
        assert_eq!(request.headers()["origin"], "https://a.test");
    }
    rejected(&http_api(
        &json!({"rawQueryString": "expires_in=30#&more=1"}),
    ));
    let (request, _) = rejected(&http_api(
        &json!({"headers": headers, "rawQueryString": "a b"}),
    ));
    assert_eq!(
        (request.headers()["origin"].clone(), request.uri().query()),
        ("https://a.test".parse().unwrap(), None)
    );
}

#[test]
fn an_event_of_an_unknown_source_is_rejected() {
    let many: serde_json::Map<_, _> = (0..40_000)
        .map(|number| (format!("x-{number}"), json!("y")))
        .collect();
    let unknown = [
        json!(null),
        json!([]),
        json!(7),
        json!({}),
        json!({"requestContext": {"routeKey": "$connect", "connectionId": "x"}}),
        json!({"requestContext": {"http": {"method": "NO SPACE"}}}),
    ];
    let authorizer = json!({"type": "REQUEST", "methodArn": "arn", "routeArn": "arn"});
    let socket =
        json!({"httpMethod": "GET", "requestContext": {"httpMethod": "GET", "connectionId": "x"}});
    for event in events(&authorizer).iter().take(2).chain([&socket]) {
        assert!(rejected(event).1.starts_with("Send an event of"), "{event}");
    }
    let odd = [
        json!({"headers": many}),
        json!({"headers": {"a b": "c"}}),
        json!({"headers": {"a": "b\nc"}}),
        json!({"body": {}}),
    ];
    for event in unknown.into_iter().chain(odd.iter().flat_map(events)) {
        assert!(
            rejected(&event).1.starts_with("Send an event of"),
            "{event}"
        );
    }
}

proptest! {
    #[test]
    fn no_event_causes_a_panic(text in "\\PC{0,12}", method in "\\PC{0,8}", name in "\\PC{0,8}",
        several in prop::collection::vec("\\PC{0,3}", 1..4), base64: bool) {
        let more = json!({
            "headers": {name.clone(): text, "host": text, "cookie": text}, "multiValueHeaders": {name.clone(): several, "host": several},
            "rawQueryString": text, "queryStringParameters": {name.clone(): text}, "multiValueQueryStringParameters": {name: several},
            "cookies": several, "body": text, "isBase64Encoded": base64, "path": text,
        });
        for mut event in events(&more) {
            event["requestContext"]["stage"] = text.clone().into();
            event["requestContext"]["domainName"] = text.clone().into();
            if event["httpMethod"].is_string() {
                event["httpMethod"] = method.clone().into();
            } else {
                event["requestContext"]["http"]["method"] = method.clone().into();
            }
            let _ = read(&event.to_string());
        }
        let _ = read(&json!(text).to_string());
    }
}
