//! The fields of a token request, from a JSON body or from a query string, checked one by one.
//!
//! Checking a field takes it; the fields that are left at the end are unknown. All errors are
//! reported at once.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use bytes::Bytes;
use http::{Method, Request, header};
use serde_json::Value;

use crate::json;
use crate::problem::{Code, FieldError, Problem};
use crate::provider::profile::{PROFILE_NAMES, is_profile_name};

/// The longest accepted body, in bytes.
pub const MAX_BODY_BYTES: usize = 4096;

/// How many unknown fields a response names at most.
const MAX_UNKNOWN: usize = 10;

enum Field {
    Json(Value),
    Text(String),
}

/// The fields of a token request that have not been checked yet.
pub struct Fields {
    unchecked: BTreeMap<String, Field>,
    taken: Vec<&'static str>,
    errors: Vec<FieldError>,
}

impl Fields {
    /// Reads the fields, for GET from the query and else from the body.
    ///
    /// # Errors
    /// [`Code::RequestTooLarge`], [`Code::MediaTypeNotSupported`], [`Code::RequestMalformed`].
    pub fn read(request: &Request<Bytes>) -> Result<Self, Problem> {
        let unchecked = if request.method() == Method::GET {
            query_fields(request.uri().query().unwrap_or_default())?
        } else {
            body_fields(request)?
        };
        Ok(Self {
            unchecked,
            taken: Vec::new(),
            errors: Vec::new(),
        })
    }

    /// Reports that a field is wrong. `requirement` completes the sentence that begins with the
    /// field's name, such as "must be a whole number".
    pub fn error(&mut self, field: &'static str, requirement: impl Into<Cow<'static, str>>) {
        self.errors.push(FieldError::new(field, requirement));
    }

    /// Whether a field is wrong, of those that have been taken.
    pub fn is_wrong(&self, field: &str) -> bool {
        self.errors.iter().any(|error| error.field == field)
    }

    /// Whether the caller named a field that has not been taken yet.
    pub fn has(&self, field: &str) -> bool {
        self.unchecked.contains_key(field)
    }

    /// Treats a null field as absent.
    pub fn null_is_absent(&mut self, field: &'static str) {
        if matches!(self.unchecked.get(field), Some(Field::Json(Value::Null))) {
            self.unchecked.remove(field);
        }
    }

    /// Treats an empty text as absent.
    pub fn empty_text_is_absent(&mut self, field: &'static str) {
        if let Some(Field::Json(Value::String(text)) | Field::Text(text)) =
            self.unchecked.get(field)
            && text.is_empty()
        {
            self.unchecked.remove(field);
        }
    }

    /// Takes an object that has to be empty: a vendor's client sends it, and nothing in it is
    /// permitted. It is not listed among the permitted fields.
    pub fn empty_object(&mut self, field: &'static str) {
        match self.unchecked.remove(field) {
            None => {}
            Some(Field::Json(Value::Object(members))) if members.is_empty() => {}
            Some(_) => self.error(field, "must be empty or absent: this service decides on it"),
        }
    }

    /// Takes a whole number within a range, in a unit such as seconds.
    pub fn whole_number(
        &mut self,
        field: &'static str,
        range: RangeInclusive<u32>,
        unit: &str,
    ) -> Option<u32> {
        let number = match self.take(field)? {
            Field::Json(value) => whole(&value),
            Field::Text(text) if text.bytes().all(|byte| byte.is_ascii_digit()) => {
                text.parse().ok()
            }
            Field::Text(_) => None,
        };
        let number = number.filter(|number| range.contains(number));
        if number.is_none() {
            let (min, max) = (range.start(), range.end());
            self.error(
                field,
                if min == max {
                    format!("must be {min} {unit}, or absent")
                } else {
                    format!("must be a whole number of {unit} from {min} to {max}")
                },
            );
        }
        number
    }

    /// Takes one of several names.
    pub fn choice(&mut self, field: &'static str, known: &[&'static str]) -> Option<&'static str> {
        let text = match self.take(field)? {
            Field::Json(Value::String(text)) | Field::Text(text) => text,
            Field::Json(_) => String::new(),
        };
        let choice = known.iter().copied().find(|name| *name == text);
        if choice.is_none() {
            self.error(field, format!("must be one of {}", known.join(", ")));
        }
        choice
    }

    /// Takes one of several names, out of those that the deployment allows. It can be absent if that
    /// is only one. Whether it is allowed is checked later, with the session's grants.
    pub fn choice_or_only(
        &mut self,
        field: &'static str,
        known: &[&'static str],
        allowed: &[&'static str],
    ) -> Option<&'static str> {
        if self.has(field) {
            return self.choice(field, known);
        }
        self.taken.push(field);
        if let [only] = allowed {
            return Some(only);
        }
        let requirement = format!("is missing: it must be one of {}", allowed.join(", "));
        self.error(field, requirement);
        None
    }

    /// Takes a text of 1 to `max_chars` characters, each of which is permitted. `description`
    /// describes these in the message, such as `A-Z a-z 0-9 _ -`.
    pub fn text(
        &mut self,
        field: &'static str,
        max_chars: usize,
        permitted: fn(char) -> bool,
        description: &str,
    ) -> Option<String> {
        let text = match self.take(field)? {
            Field::Json(Value::String(text)) | Field::Text(text) => Some(text),
            Field::Json(_) => None,
        };
        let is_short = |text: &String| (1..=max_chars).contains(&text.chars().count());
        let text = text.filter(|text| is_short(text) && text.chars().all(permitted));
        if text.is_none() {
            self.error(
                field,
                format!("must be a text of 1 to {max_chars} of {description}"),
            );
        }
        text
    }

    /// Takes the name of a profile. `query` may have it too, for a body that cannot be extended.
    ///
    /// # Errors
    /// [`Code::RequestMalformed`] if the query has it more than once.
    pub fn profile(&mut self, query: Option<&str>) -> Result<Option<String>, Problem> {
        const NAME: &str = "profile";
        let in_field = match self.take(NAME) {
            Some(Field::Json(Value::String(text)) | Field::Text(text)) => Some(text),
            Some(Field::Json(_)) => Some(String::new()),
            None => None,
        };
        let parameters = url::form_urlencoded::parse(query.unwrap_or_default().as_bytes());
        let mut in_query = parameters.filter(|(name, _)| name == NAME);
        let first = in_query.next().map(|(_, value)| value.into_owned());
        if in_query.next().is_some() {
            return Err(repeated_parameter(NAME));
        }
        let named = match (in_field, first) {
            (Some(field), Some(query)) if field != query => {
                self.error(NAME, "differs between the body and the query");
                return Ok(None);
            }
            (field, query) => field.or(query),
        };
        let named = named.filter(|named| {
            let is_name = is_profile_name(named);
            if !is_name {
                let requirement = format!("must be the name of a profile: {PROFILE_NAMES}");
                self.error(NAME, requirement);
            }
            is_name
        });
        Ok(named)
    }

    /// Takes true or false.
    pub fn boolean(&mut self, field: &'static str) -> Option<bool> {
        let boolean = match self.take(field)? {
            Field::Json(value) => value.as_bool(),
            Field::Text(text) => text.parse().ok(),
        };
        if boolean.is_none() {
            self.error(field, "must be true or false");
        }
        boolean
    }

    /// Takes a set of names, in the order of `known`: in JSON an object whose members are true, false
    /// or null, in a query a comma-separated list. At least one name must be on.
    pub fn switches(
        &mut self,
        field: &'static str,
        known: &[&'static str],
    ) -> Option<Vec<&'static str>> {
        let taken = self.take(field)?;
        let in_query = matches!(taken, Field::Text(_));
        let on = match taken {
            Field::Json(Value::Object(members)) => members
                .iter()
                .map(|(name, value)| match value {
                    Value::Bool(on) => Some((name.clone(), *on)),
                    Value::Null => Some((name.clone(), false)),
                    _ => None,
                })
                .collect::<Option<Vec<_>>>(),
            Field::Json(_) => None,
            Field::Text(text) => Some(
                text.split(',')
                    .map(|name| (name.trim().to_owned(), true))
                    .collect(),
            ),
        };
        let on = on.filter(|switches| {
            switches
                .iter()
                .all(|(name, _)| known.contains(&name.as_str()))
        });
        let set: Option<Vec<_>> = on.map(|on| {
            known
                .iter()
                .copied()
                .filter(|name| on.iter().any(|(n, on)| *on && n == name))
                .collect()
        });
        let set = set.filter(|set| !set.is_empty());
        if set.is_none() {
            let names = known.join(", ");
            self.error(
                field,
                if in_query {
                    format!("must be a comma-separated list of {names}")
                } else {
                    format!("must be an object of {names}, each true, false or null, and at least one true")
                },
            );
        }
        set
    }

    /// Completes the checks.
    ///
    /// # Errors
    /// [`Code::RequestInvalid`] with every field that is wrong or unknown.
    pub fn finish(mut self) -> Result<(), Problem> {
        let known = self.taken.join(", ");
        for name in self.unchecked.into_keys().take(MAX_UNKNOWN) {
            let name = json::shortened(&name).into_owned();
            self.errors.push(FieldError::new(
                name,
                format!("is unknown; permitted: {known}"),
            ));
        }
        if self.errors.is_empty() {
            Ok(())
        } else {
            Err(Problem::invalid(self.errors))
        }
    }

    fn take(&mut self, field: &'static str) -> Option<Field> {
        self.taken.push(field);
        self.unchecked.remove(field)
    }
}

/// A whole number. JSON does not distinguish 60 from 60.0 (RFC 8259 section 6), and in JSON Schema
/// both are integers.
fn whole(value: &Value) -> Option<u32> {
    if let Some(number) = value.as_u64() {
        return u32::try_from(number).ok();
    }
    let number = value
        .as_f64()
        .filter(|number| number.fract() == 0.0 && (0.0..=f64::from(u32::MAX)).contains(number))?;
    Some(number as u32)
}

/// The problem of a body of more than [`MAX_BODY_BYTES`].
pub fn too_large() -> Problem {
    Problem::new(
        Code::RequestTooLarge,
        format!("Send at most {MAX_BODY_BYTES} bytes."),
    )
}

fn query_fields(query: &str) -> Result<BTreeMap<String, Field>, Problem> {
    let mut fields = BTreeMap::new();
    for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
        if fields.contains_key(name.as_ref()) {
            return Err(repeated_parameter(&name));
        }
        fields.insert(name.into_owned(), Field::Text(value.into_owned()));
    }
    Ok(fields)
}

fn repeated_parameter(name: &str) -> Problem {
    let name = json::shortened(name);
    let detail = format!("Send each query parameter once: {name} is repeated.");
    Problem::new(Code::RequestMalformed, detail).with_reason("a query parameter is repeated")
}

fn body_fields(request: &Request<Bytes>) -> Result<BTreeMap<String, Field>, Problem> {
    let body = request.body();
    if body.is_empty() {
        return Ok(BTreeMap::new());
    }
    if body.len() > MAX_BODY_BYTES {
        return Err(too_large());
    }
    let media_type = request
        .headers()
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    let essence = media_type
        .and_then(|value| value.split(';').next())
        .unwrap_or_default();
    if !essence.trim().eq_ignore_ascii_case("application/json") {
        return Err(Problem::new(
            Code::MediaTypeNotSupported,
            "Send the body as application/json.",
        ));
    }
    let members = json::strict_object(body).map_err(|error| {
        // A member's name comes from the caller, so the log does not have it.
        let detail = format!("Send one JSON object in UTF-8, with each member once: {error}.");
        Problem::new(Code::RequestMalformed, detail)
            .with_reason("the body is not a JSON object, or has a repeated member")
    })?;
    Ok(members
        .into_iter()
        .map(|(name, value)| (name, Field::Json(value)))
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn post(body: &str) -> Result<Fields, Problem> {
        let request = Request::post("/").header("content-type", "application/json; charset=utf-8");
        Fields::read(
            &request
                .body(Bytes::copy_from_slice(body.as_bytes()))
                .unwrap(),
        )
    }

    fn get(query: &str) -> Result<Fields, Problem> {
        Fields::read(
            &Request::get(format!("/?{query}"))
                .body(Bytes::new())
                .unwrap(),
        )
    }

    #[test]
    fn a_whole_number_is_neither_text_nor_a_fraction() {
        assert_eq!(
            post(r#"{"n":60}"#)
                .unwrap()
                .whole_number("n", 1..=60, "seconds"),
            Some(60)
        );
        assert_eq!(
            post(r#"{"n":60.0}"#)
                .unwrap()
                .whole_number("n", 1..=60, "seconds"),
            Some(60)
        );
        assert_eq!(
            post(r#"{"n":6e1}"#)
                .unwrap()
                .whole_number("n", 1..=60, "seconds"),
            Some(60)
        );
        assert_eq!(
            get("n=60").unwrap().whole_number("n", 1..=60, "seconds"),
            Some(60)
        );
        for number in [
            "0",
            "61",
            "\"6\"",
            "6.5",
            "-1",
            "null",
            "-0.0",
            "-6.0",
            "61.0",
            "1e300",
            "4294967297.0",
        ] {
            let body = format!(r#"{{"n":{number}}}"#);
            let mut fields = post(&body).unwrap();
            assert_eq!(fields.whole_number("n", 1..=60, "seconds"), None, "{body}");
            assert_eq!(
                fields.finish().unwrap_err().code,
                Code::RequestInvalid,
                "{body}"
            );
        }
        for query in ["n=+6", "n=", "n=6%20", "n=6.0", "n=0x6", "n=99999999999"] {
            let mut fields = get(query).unwrap();
            assert_eq!(fields.whole_number("n", 1..=60, "seconds"), None, "{query}");
            assert!(fields.finish().is_err(), "{query}");
        }
    }

    #[test]
    fn a_message_has_the_unit() {
        let message = |range| {
            let mut fields = post(r#"{"n":"x"}"#).unwrap();
            fields.whole_number("n", range, "days");
            fields.finish().unwrap_err().detail.into_owned()
        };
        assert_eq!(
            message(1..=9),
            "n: must be a whole number of days from 1 to 9"
        );
        assert_eq!(message(9..=9), "n: must be 9 days, or absent");
    }

    #[test]
    fn a_text_has_permitted_characters_and_a_maximum_length() {
        fn is_letter(letter: char) -> bool {
            letter.is_ascii_lowercase()
        }
        let text = |fields: Result<Fields, Problem>| {
            let mut fields = fields.unwrap();
            let text = fields.text("t", 3, is_letter, "a-z");
            fields.finish().map(|()| text)
        };
        assert_eq!(
            text(post(r#"{"t":"abc"}"#)).unwrap().as_deref(),
            Some("abc")
        );
        assert_eq!(text(get("t=abc")).unwrap().as_deref(), Some("abc"));
        assert_eq!(text(post("{}")).unwrap(), None);
        for value in [
            r#""""#,
            r#""abcd""#,
            r#""A""#,
            r#""a b""#,
            "7",
            "null",
            "[]",
        ] {
            let problem = text(post(&format!(r#"{{"t":{value}}}"#))).unwrap_err();
            assert_eq!(
                problem.errors,
                [FieldError::new("t", "must be a text of 1 to 3 of a-z")],
                "{value}"
            );
        }
        let accents = |text: &str| {
            let mut fields = post(&format!(r#"{{"t":"{text}"}}"#)).unwrap();
            fields
                .text("t", 2, char::is_alphabetic, "letters")
                .is_some()
        };
        assert!(accents("üü") && !accents("üüü"), "characters, not bytes");
    }

    #[test]
    fn a_boolean_is_true_or_false() {
        let boolean = |fields: Result<Fields, Problem>| fields.unwrap().boolean("b");
        assert_eq!(boolean(post(r#"{"b":true}"#)), Some(true));
        assert_eq!(boolean(get("b=false")), Some(false));
        for fields in [
            post(r#"{"b":"true"}"#),
            post(r#"{"b":1}"#),
            get("b=1"),
            get("b="),
        ] {
            let mut fields = fields.unwrap();
            assert_eq!(fields.boolean("b"), None);
            assert_eq!(
                fields.finish().unwrap_err().errors,
                [FieldError::new("b", "must be true or false")]
            );
        }
    }

    #[test]
    fn switches_have_a_fixed_order_and_at_least_one_is_on() {
        let known = ["tts", "stt"];
        let both = Some(vec!["tts", "stt"]);
        assert_eq!(
            post(r#"{"g":{"stt":true,"tts":true}}"#)
                .unwrap()
                .switches("g", &known),
            both
        );
        assert_eq!(get("g=stt,tts").unwrap().switches("g", &known), both);
        for body in [
            r#"{"g":{}}"#,
            r#"{"g":{"tts":false,"stt":null}}"#,
            r#"{"g":{"x":true}}"#,
            r#"{"g":"tts"}"#,
        ] {
            assert_eq!(post(body).unwrap().switches("g", &known), None, "{body}");
        }
        assert_eq!(get("g=").unwrap().switches("g", &known), None);
    }

    #[test]
    fn unknown_fields_are_reported_with_the_permitted_ones() {
        let mut fields = post(r#"{"n":1,"nope":2}"#).unwrap();
        fields.whole_number("n", 1..=9, "seconds");
        let problem = fields.finish().unwrap_err();
        assert_eq!(
            problem.errors,
            [FieldError::new("nope", "is unknown; permitted: n")]
        );
        assert!(
            !problem.reason.contains("nope"),
            "the log does not repeat a caller's text"
        );
        let problem = post(&format!(r#"{{"{}":1}}"#, "ü".repeat(999)))
            .unwrap()
            .finish()
            .unwrap_err();
        assert_eq!(problem.errors[0].field, format!("{}…", "ü".repeat(64)));
    }

    #[test]
    fn a_body_is_short_and_a_json_object() {
        assert_eq!(post("[]").err().unwrap().code, Code::RequestMalformed);
        assert_eq!(
            post(r#"{"a":1,"a":2}"#).err().unwrap().code,
            Code::RequestMalformed
        );
        assert_eq!(
            post(&" ".repeat(4097)).err().unwrap().code,
            Code::RequestTooLarge
        );
        let text = Request::post("/")
            .header("content-type", "text/plain")
            .body(Bytes::from_static(b"{}"))
            .unwrap();
        assert_eq!(
            Fields::read(&text).err().unwrap().code,
            Code::MediaTypeNotSupported
        );
        assert_eq!(get("a=1&a=1").err().unwrap().code, Code::RequestMalformed);
        assert!(post("").unwrap().finish().is_ok());
    }
}
