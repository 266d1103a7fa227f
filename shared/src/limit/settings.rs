//! What is set of limits.

use std::time::Duration;

use crate::settings::Reader;

/// The most that a limit can be: beyond, an interval would be shorter than what is counted in.
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

/// So many in a period.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// How many.
    pub count: u32,
    /// In how long.
    pub period: Duration,
    /// One every so often: the period by the count, rounded up to the microsecond.
    pub interval: Duration,
}

impl Rate {
    /// How far ahead of its theoretical arrival time one may come, after a pause: by all the others
    /// of a burst.
    pub fn tolerance(&self) -> Duration {
        self.interval * self.count.saturating_sub(1)
    }

    /// `10/minute`.
    fn parse(text: &str) -> Option<Self> {
        let (count, unit) = text.split_once('/')?;
        let digits = count.bytes().all(|byte| byte.is_ascii_digit());
        let count: u32 = count
            .parse()
            .ok()
            .filter(|count| digits && (1..=MAX).contains(count))?;
        let period = Duration::from_secs(match unit {
            "second" => 1,
            "minute" => 60,
            "hour" => 3600,
            "day" => 86_400,
            _ => return None,
        });
        let micros = u64::try_from(period.as_micros())
            .ok()?
            .div_ceil(count.into());
        Some(Self {
            count,
            period,
            interval: Duration::from_micros(micros),
        })
    }
}

/// What happens to mints while the table cannot be reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnError {
    /// They are counted in this environment alone.
    Local,
    /// They are refused.
    Deny,
    /// They are not counted.
    Allow,
}

impl OnError {
    /// Its name in the setting and in metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Local => "local",
            Self::Deny => "deny",
            Self::Allow => "allow",
        }
    }
}

impl Limits {
    /// Reads the limits; nothing where none is set.
    pub fn from_settings(reader: &mut Reader) -> Option<Self> {
        let rate = reader.optional("RATE_LIMIT");
        let parsed = rate.as_deref().and_then(Rate::parse);
        if rate.is_some() && parsed.is_none() {
            let shape = "must be <count>/second, /minute, /hour or /day, such as 10/minute, with a count from 1 to 1000000";
            reader.error("RATE_LIMIT", shape);
        }
        let is_set = rate.is_some() || reader.optional("DAILY_LIMIT").is_some();
        let daily = reader
            .whole_number("DAILY_LIMIT", 1..=MAX, "mints of one user in a UTC day")
            .map(u64::from);
        let on_error = match reader.optional("LIMIT_ON_ERROR").as_deref() {
            None => OnError::Local,
            Some(name) => {
                let known = [OnError::Local, OnError::Deny, OnError::Allow]
                    .into_iter()
                    .find(|way| way.name() == name);
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
            "the DynamoDB table that RATE_LIMIT and DAILY_LIMIT are counted in",
        );
        Some(Self {
            rate: parsed,
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
        let environment = |name: &str| {
            variables
                .iter()
                .find(|(known, _)| *known == name)
                .map(|(_, value)| (*value).to_owned())
        };
        let mut reader = Reader::new(&environment);
        let limits = Limits::from_settings(&mut reader);
        reader
            .finish(Some(limits))
            .map_err(|error| error.to_string())
    }

    #[test]
    fn off_unless_set() {
        assert!(
            read(&[("LIMIT_TABLE", "limits"), ("LIMIT_ON_ERROR", "deny")])
                .unwrap()
                .is_none()
        );
        assert!(read(&[("RATE_LIMIT", " ")]).unwrap().is_none());
    }

    #[test]
    fn a_rate_is_a_count_in_a_period() {
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
                Rate::parse(text),
                Some(Rate {
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
            assert_eq!(Rate::parse(text), None, "{text}");
        }
    }

    #[test]
    fn each_fault_is_named() {
        let faults = read(&[
            ("RATE_LIMIT", "many"),
            ("DAILY_LIMIT", "0"),
            ("LIMIT_ON_ERROR", "maybe"),
        ])
        .unwrap_err();
        for name in ["RATE_LIMIT", "DAILY_LIMIT", "LIMIT_ON_ERROR", "LIMIT_TABLE"] {
            assert!(faults.contains(name), "{faults}");
        }
    }

    #[test]
    fn counted_locally_where_the_table_is_gone_unless_said_otherwise() {
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
