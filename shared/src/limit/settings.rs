//! The settings of the limits.

use std::str::FromStr;
use std::time::Duration;

use crate::settings::Reader;

/// The highest limit. With a higher one, the interval would be shorter than the table's resolution.
const MAX: u32 = 1_000_000;

/// The limits of one provider's function.
#[derive(Clone, Debug)]
pub struct Limits {
    /// `RATE_LIMIT`.
    pub rate: Option<Rate>,
    /// `DAILY_LIMIT`: mints of a subject in a UTC day.
    pub daily: Option<u64>,
    /// `LIMIT_TABLE`.
    pub table: String,
    /// `LIMIT_ON_ERROR`.
    pub on_error: OnError,
}

/// A number of mints per period.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// The number of mints.
    pub count: u32,
    /// The length of the period.
    pub period: Duration,
    /// The period divided by the count, rounded up to the microsecond.
    pub interval: Duration,
}

impl Rate {
    /// How far ahead of its theoretical arrival time a mint may be: by all other mints of a burst.
    pub fn tolerance(&self) -> Duration {
        self.interval * self.count.saturating_sub(1)
    }
}

/// A text that is no rate such as `10/minute`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "must be <count>/second, /minute, /hour or /day, such as 10/minute, with a count from 1 to {MAX}"
)]
pub struct ParseRateError;

impl FromStr for Rate {
    type Err = ParseRateError;

    /// Parses a rate such as `10/minute`.
    fn from_str(text: &str) -> Result<Self, ParseRateError> {
        let (count, unit) = text.split_once('/').ok_or(ParseRateError)?;
        // `u32` would accept a plus sign.
        let is_digits = count.bytes().all(|byte| byte.is_ascii_digit());
        let count: u32 = count.parse().map_err(|_| ParseRateError)?;
        if !is_digits || !(1..=MAX).contains(&count) {
            return Err(ParseRateError);
        }
        let seconds: u32 = match unit {
            "second" => 1,
            "minute" => 60,
            "hour" => 3600,
            "day" => 86_400,
            _ => return Err(ParseRateError),
        };
        let micros = (u64::from(seconds) * 1_000_000).div_ceil(count.into());
        Ok(Self {
            count,
            period: Duration::from_secs(seconds.into()),
            interval: Duration::from_micros(micros),
        })
    }
}

/// What happens to mints while the table is unavailable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnError {
    /// They are counted in this environment only.
    Local,
    /// They are refused.
    Deny,
    /// They are not counted.
    Allow,
}

impl OnError {
    /// The name in the setting and in metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Local => "local",
            Self::Deny => "deny",
            Self::Allow => "allow",
        }
    }
}

impl Limits {
    /// Reads the limits. `None` if none is set.
    pub fn from_settings(reader: &mut Reader) -> Option<Self> {
        let rate = reader.optional("RATE_LIMIT");
        let is_set = rate.is_some() || reader.optional("DAILY_LIMIT").is_some();
        let rate = rate.and_then(|rate| match rate.parse() {
            Ok(rate) => Some(rate),
            Err(ParseRateError) => {
                reader.error("RATE_LIMIT", ParseRateError);
                None
            }
        });
        let daily = reader
            .whole_number("DAILY_LIMIT", 1..=MAX, "mints of one user per UTC day")
            .map(u64::from);
        let on_error = match reader.optional("LIMIT_ON_ERROR").as_deref() {
            None => OnError::Local,
            Some(name) => {
                let known = [OnError::Local, OnError::Deny, OnError::Allow]
                    .into_iter()
                    .find(|on_error| on_error.name() == name);
                if known.is_none() {
                    reader.error("LIMIT_ON_ERROR", "must be one of local, deny, allow");
                }
                known.unwrap_or(OnError::Deny)
            }
        };
        if !is_set {
            return None;
        }
        let table = reader.required(
            "LIMIT_TABLE",
            "the DynamoDB table that stores the counts of RATE_LIMIT and DAILY_LIMIT",
        );
        Some(Self {
            rate,
            daily,
            table,
            on_error,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &'static [(&str, &str)]) -> Result<Option<Limits>, String> {
        let mut reader = Reader::new(&variables);
        let limits = Limits::from_settings(&mut reader);
        reader
            .finish(Some(limits))
            .map_err(|error| error.to_string())
    }

    #[test]
    fn there_is_no_limit_unless_one_is_set() {
        assert!(
            read(&[("LIMIT_TABLE", "limits"), ("LIMIT_ON_ERROR", "deny")])
                .unwrap()
                .is_none()
        );
        assert!(read(&[("RATE_LIMIT", " ")]).unwrap().is_none());
    }

    #[test]
    fn a_rate_is_a_count_per_period() {
        for (text, count, period, interval) in [
            ("10/minute", 10, 60_000, 6_000_000),
            ("1/second", 1, 1_000, 1_000_000),
            ("7/second", 7, 1_000, 142_858),
            ("24/day", 24, 86_400_000, 3_600_000_000),
            ("1000000/hour", 1_000_000, 3_600_000, 3_600),
        ] {
            let (period, interval) = (
                Duration::from_millis(period),
                Duration::from_micros(interval),
            );
            assert_eq!(
                text.parse(),
                Ok(Rate {
                    count,
                    period,
                    interval
                }),
                "{text}"
            );
        }
        for text in [
            "10",
            "10/",
            "/minute",
            "0/minute",
            "+1/minute",
            "1.5/hour",
            "10/minutes",
            "10/Minute",
            "1000001/day",
        ] {
            assert!(text.parse::<Rate>().is_err(), "{text}");
        }
    }

    #[test]
    fn each_wrong_variable_is_named() {
        let error = read(&[
            ("RATE_LIMIT", "many"),
            ("DAILY_LIMIT", "0"),
            ("LIMIT_ON_ERROR", "maybe"),
        ])
        .unwrap_err();
        for name in ["RATE_LIMIT", "DAILY_LIMIT", "LIMIT_ON_ERROR", "LIMIT_TABLE"] {
            assert!(error.contains(name), "{error}");
        }
    }

    #[test]
    fn an_unavailable_table_means_local_counts_by_default() {
        let limits = |variables| read(variables).unwrap().unwrap();
        let one = limits(&[("DAILY_LIMIT", "5"), ("LIMIT_TABLE", "t")]);
        assert_eq!(
            (one.on_error, one.daily, one.rate),
            (OnError::Local, Some(5), None)
        );
        assert_eq!(
            limits(&[
                ("RATE_LIMIT", "1/day"),
                ("LIMIT_TABLE", "t"),
                ("LIMIT_ON_ERROR", "allow")
            ])
            .on_error,
            OnError::Allow
        );
    }
}
