//! The lifetimes that callers may request.

use std::ops::RangeInclusive;

use crate::provider::fields::Fields;
use crate::settings::Reader;

/// The lifetimes that callers may request, in seconds: `MAX_EXPIRES_IN` and `DEFAULT_EXPIRES_IN`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lifetimes {
    min: u32,
    max: u32,
    default: u32,
}

impl Lifetimes {
    const DEFAULT: u32 = 60;

    /// Reads the settings. `permitted` is what the provider permits: a `MAX_EXPIRES_IN` below its
    /// start is an error.
    pub fn from_settings(reader: &mut Reader, permitted: RangeInclusive<u32>) -> Self {
        let (min, provider_max) = permitted.into_inner();
        let max = reader
            .whole_number("MAX_EXPIRES_IN", min..=provider_max, "seconds")
            .unwrap_or(provider_max);
        let default = reader.whole_number(
            "DEFAULT_EXPIRES_IN",
            min..=max,
            "seconds, at most MAX_EXPIRES_IN",
        );
        Self {
            min,
            max,
            default: default.unwrap_or(Self::DEFAULT.max(min).min(max)),
        }
    }

    /// The lifetime of a token request that names none.
    pub fn default_seconds(&self) -> u32 {
        self.default
    }

    /// Takes the requested lifetime. It may have several names, of which a caller sends only one.
    pub fn take<const N: usize>(&self, fields: &mut Fields, names: [&'static str; N]) -> u32 {
        let mut sent = names.into_iter().filter(|name| fields.has(name));
        if let (Some(first), Some(second)) = (sent.next(), sent.next()) {
            fields.error(
                second,
                format!("is an alias of {first}: send only one of them"),
            );
        }
        names
            .map(|name| fields.whole_number(name, self.min..=self.max, "seconds"))
            .into_iter()
            .flatten()
            .next()
            .unwrap_or(self.default)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(
        settings: &[(&str, &str)],
        permitted: RangeInclusive<u32>,
    ) -> Result<Lifetimes, String> {
        let mut reader = Reader::new(&settings);
        let lifetimes = Lifetimes::from_settings(&mut reader, permitted);
        reader
            .finish(Some(lifetimes))
            .map_err(|error| error.to_string())
    }

    #[test]
    fn the_default_is_a_minute_within_what_is_permitted() {
        for (settings, permitted, default) in [
            (&[][..], 1..=3600, 60),
            (&[("MAX_EXPIRES_IN", "30")], 1..=3600, 30),
            (&[("DEFAULT_EXPIRES_IN", "90")], 1..=3600, 90),
            (&[], 100..=3600, 100),
        ] {
            let read = read(settings, permitted).unwrap();
            assert_eq!(read.default_seconds(), default, "{settings:?}");
        }
    }

    #[test]
    fn a_setting_below_the_shortest_lifetime_is_an_error() {
        for name in ["MAX_EXPIRES_IN", "DEFAULT_EXPIRES_IN"] {
            let error = |value| read(&[(name, value)], 60..=86_400).err();
            assert_eq!(error("60"), None);
            let message = error("59").unwrap_or_default();
            assert!(
                message.contains(name) && message.contains("60"),
                "{message}"
            );
        }
    }
}
