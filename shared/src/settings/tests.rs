use super::*;

#[test]
fn one_message_names_every_wrong_variable_and_no_value() {
    let environment = [
        ("COUNT", "sk_pasted_key"),
        ("URL", "http://example.com"),
        ("SET", "one,nine"),
    ];
    let mut reader = Reader::new(&environment);
    reader.required("NEEDED", "the thing");
    reader.whole_number("COUNT", 1..=9, "s");
    reader.url("URL");
    reader.choices("SET", &["one", "two"], &[]);
    let message = reader.finish(Some(())).unwrap_err().to_string();
    for name in ["NEEDED", "COUNT", "URL", "SET"] {
        assert!(message.contains(name), "{message}");
    }
    assert!(!message.contains("sk_pasted_key"));
}

#[test]
fn a_list_without_entries_is_an_error() {
    let environment = [("LIST", " , ,"), ("CHOICES", ","), ("GOOD", ",a,,b ")];
    let mut reader = Reader::new(&environment);
    assert_eq!(reader.list("GOOD"), ["a", "b"]);
    assert_eq!(reader.list("ABSENT").len(), 0);
    reader.list("LIST");
    reader.choices("CHOICES", &["a"], &["a"]);
    let message = reader.finish(Some(())).unwrap_err().to_string();
    assert!(
        message.contains("LIST") && message.contains("CHOICES") && !message.contains("GOOD"),
        "{message}"
    );
}

#[test]
fn a_boolean_is_true_or_false() {
    let environment = [("ON", " true "), ("OFF", "false"), ("WRONG", "yes")];
    let mut reader = Reader::new(&environment);
    assert_eq!(reader.boolean("ON"), Some(true));
    assert_eq!(reader.boolean("OFF"), Some(false));
    assert_eq!(reader.boolean("ABSENT"), None);
    reader.boolean("WRONG");
    let message = reader.finish(Some(())).unwrap_err().to_string();
    assert!(message.contains("WRONG must be true or false"), "{message}");
}

#[test]
fn an_empty_variable_counts_as_not_set() {
    let environment = [("COUNT", "  ")];
    let mut reader = Reader::new(&environment);
    assert_eq!(reader.whole_number("COUNT", 1..=9, "s"), None);
    assert!(reader.finish(Some(())).is_ok());
}

#[test]
fn a_base_url_has_nothing_that_the_function_appends() {
    let error = |url: &'static str| {
        let environment = [("BASE", url)];
        let mut reader = Reader::new(&environment);
        reader.base_url("BASE", "https://api.b.example");
        reader.finish(Some(())).err().map(|error| error.to_string())
    };
    for good in [
        "https://api.b.example",
        "https://api.b.example/",
        "https://api.eu.b.example",
        "https://proxy.example/b",
        "https://proxy.example/v1/b",
        "http://localhost:8788/voice",
    ] {
        assert_eq!(error(good), None, "{good}");
    }
    for bad in [
        "https://api.b.example/v1",
        "https://api.b.example/v1/",
        "https://api.eu.b.example/v1",
        "https://api.eu.b.example/v3/token",
        "https://proxy.example/b/V2",
        "https://proxy.example/v1alpha",
        "https://api.b.example/access-token",
        "https://api.b.example/anything",
        "http://localhost:8788/v1//",
    ] {
        assert!(
            error(bad).is_some_and(|error| error.contains("BASE") && error.contains("/v1")),
            "{bad}"
        );
    }
}

#[test]
fn a_base_url_has_no_slash_at_its_end() {
    let environment = [("BASE", "https://a.example/proxy/")];
    assert_eq!(
        Reader::new(&environment)
            .base_url("BASE", "https://b.example")
            .as_str(),
        "https://a.example/proxy"
    );
}
