//! How long a token lives, and how long the session that it opens.

use std::ops::RangeInclusive;

use serde::Serialize;
use voicemint::provider::{Fields, Lifetimes};
use voicemint::settings::Reader;

/// The permitted times in which a session can be started, in seconds.
const LIFETIME_SECONDS: RangeInclusive<u32> = 1..=3600;
/// The permitted times in which messages are accepted, in seconds. Google requires less than 20
/// hours (@google/genai 3.3.0, `CreateAuthTokenConfig`); this leaves a minute for clocks that differ.
const SESSION_SECONDS: RangeInclusive<u32> = 60..=71_940;
/// The default of the latter at Google: 30 minutes.
const DEFAULT_SESSION_SECONDS: u32 = 1800;

const SESSION_FIELD: &str = "max_session_duration_seconds";
const SESSION_SETTING: &str = "MAX_SESSION_DURATION_SECONDS";

/// What only Gemini's token requests have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Options {
    /// How long after the mint messages are accepted, in seconds.
    pub max_session_duration: u32,
}

impl Options {
    /// When messages are no longer accepted, for a mint at this time. Both are seconds since the
    /// Unix epoch.
    pub fn session_ends(&self, start: u64) -> u64 {
        start + u64::from(self.max_session_duration)
    }
}

/// What a deployment permits.
#[derive(Debug)]
pub(crate) struct Durations {
    lifetimes: Lifetimes,
    session_cap: Option<u32>,
}

impl Durations {
    pub(crate) fn from_settings(reader: &mut Reader) -> Self {
        let lifetimes = Lifetimes::from_settings(reader, LIFETIME_SECONDS);
        let session_cap = reader.whole_number(SESSION_SETTING, SESSION_SECONDS, "seconds");
        if session_cap.is_some_and(|cap| lifetimes.default_seconds() > cap) {
            // Otherwise each request that names no lifetime would be refused.
            reader.error(
                "DEFAULT_EXPIRES_IN",
                format_args!("must be at most {SESSION_SETTING}"),
            );
        }
        Self {
            lifetimes,
            session_cap,
        }
    }

    /// Takes the token's lifetime and the session's. A session that cannot last until the last
    /// moment at which it can be started is an error.
    pub(crate) fn take(&self, fields: &mut Fields) -> (u32, Options) {
        let expires_in = self.lifetimes.take(fields, ["expires_in"]);
        let (min, max) = SESSION_SECONDS.into_inner();
        let range = min..=self.session_cap.unwrap_or(max);
        let named = fields.whole_number(SESSION_FIELD, range, "seconds");
        let max_session_duration = named
            .or(self.session_cap)
            .unwrap_or(expires_in.max(DEFAULT_SESSION_SECONDS));
        // Without a valid lifetime, the message would name the default one.
        if expires_in > max_session_duration && !fields.is_wrong("expires_in") {
            let source = if named.is_some() {
                SESSION_FIELD
            } else {
                "the service's longest session"
            };
            fields.error(
                "expires_in",
                format!(
                    "is {expires_in} s, but must be at most {max_session_duration} s: {source}"
                ),
            );
        }
        let options = Options {
            max_session_duration,
        };
        (expires_in, options)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use http::Request;

    fn durations(settings: &[(&str, &str)]) -> Result<Durations, String> {
        let mut reader = Reader::new(&settings);
        let durations = Durations::from_settings(&mut reader);
        reader
            .finish(Some(durations))
            .map_err(|error| error.to_string())
    }

    /// The lifetime and the session's duration, or the fields that are wrong.
    fn take(settings: &[(&str, &str)], query: &str) -> Result<(u32, u32), Vec<String>> {
        let request = Request::get(format!("/?{query}")).body(Bytes::new());
        let mut fields = Fields::read(&request.unwrap()).unwrap();
        let (expires_in, options) = durations(settings).unwrap().take(&mut fields);
        match fields.finish() {
            Ok(()) => Ok((expires_in, options.max_session_duration)),
            Err(problem) => {
                let fields = problem.errors.iter();
                Err(fields.map(|error| error.field.to_string()).collect())
            }
        }
    }

    #[test]
    fn a_session_lasts_half_an_hour_unless_more_is_needed_or_the_deployment_says_otherwise() {
        let cap = [("MAX_SESSION_DURATION_SECONDS", "600")];
        for (settings, query, expected) in [
            (&[][..], "", (60, 1800)),
            (&[], "expires_in=3600", (3600, 3600)),
            (&[], "expires_in=1", (1, 1800)),
            (&[], "max_session_duration_seconds=71940", (60, 71_940)),
            (&[], "max_session_duration_seconds=60", (60, 60)),
            (&cap, "", (60, 600)),
            (&cap, "expires_in=600", (600, 600)),
            (&cap, "max_session_duration_seconds=60", (60, 60)),
        ] {
            assert_eq!(take(settings, query), Ok(expected), "{query}");
        }
    }

    #[test]
    fn a_session_that_ends_before_it_can_be_started_is_refused() {
        let cap = [("MAX_SESSION_DURATION_SECONDS", "600")];
        let default = [("DEFAULT_EXPIRES_IN", "300")];
        for (settings, query) in [
            (&[][..], "expires_in=61&max_session_duration_seconds=60"),
            (&cap, "expires_in=601"),
            (&cap, "expires_in=601&max_session_duration_seconds=600"),
            (&default, "max_session_duration_seconds=299"),
        ] {
            let wrong = take(settings, query).unwrap_err();
            assert_eq!(wrong, ["expires_in"], "{query}");
        }
    }

    #[test]
    fn durations_out_of_range_are_refused() {
        let cap = [
            ("MAX_SESSION_DURATION_SECONDS", "600"),
            ("MAX_EXPIRES_IN", "90"),
        ];
        let default = [("DEFAULT_EXPIRES_IN", "300")];
        let session = "max_session_duration_seconds";
        for (settings, query, field) in [
            (&[][..], "expires_in=0".to_owned(), "expires_in"),
            (&[], "expires_in=3601".to_owned(), "expires_in"),
            // The default lifetime would not fit either: one error is enough.
            (&default, format!("expires_in=0&{session}=60"), "expires_in"),
            (&cap, "expires_in=91".to_owned(), "expires_in"),
            (&[], format!("{session}=59"), session),
            (&[], format!("{session}=71941"), session),
            (&[], format!("{session}="), session),
            (&cap, format!("{session}=601"), session),
            (&cap, format!("{session}=59&expires_in=90"), session),
        ] {
            assert_eq!(take(settings, &query).unwrap_err(), [field], "{query}");
        }
    }

    #[test]
    fn the_default_lifetime_fits_the_longest_session() {
        let settings = |default| {
            let cap = ("MAX_SESSION_DURATION_SECONDS", "60");
            durations(&[cap, ("DEFAULT_EXPIRES_IN", default)])
        };
        assert!(settings("60").is_ok());
        let error = settings("61").err().unwrap();
        assert!(
            error.contains("DEFAULT_EXPIRES_IN must be at most MAX_SESSION"),
            "{error}"
        );
    }
}
