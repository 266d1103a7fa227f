//! What a provider is told of an end user: `SUBJECT_REFERENCE`.

use crate::settings::Reader;

/// What a provider takes of an end user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SubjectUse {
    /// Nothing.
    Unused,
    /// An id of at most this many characters, if the deployment wants it.
    Optional {
        /// A longer subject is told by its hash.
        max_chars: usize,
    },
    /// An id of at most this many characters, always.
    Required {
        /// A longer subject is told by its hash.
        max_chars: usize,
    },
}

/// What a deployment tells the provider of an end user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SubjectReference {
    /// The hash that the log has.
    Hashed,
    /// The session's subject, or the hash if it is longer than this many characters.
    Plain {
        /// The longest subject.
        max_chars: usize,
    },
    /// Nothing.
    Nothing,
}

const SETTING: &str = "SUBJECT_REFERENCE";

impl SubjectReference {
    /// Reads `SUBJECT_REFERENCE`.
    pub fn from_settings(reader: &mut Reader, subject: SubjectUse) -> Self {
        let (max_chars, choices): (_, &[&str]) = match subject {
            SubjectUse::Unused => return Self::Nothing,
            SubjectUse::Optional { max_chars } => (max_chars, &["hashed", "plain", "none"]),
            SubjectUse::Required { max_chars } => (max_chars, &["hashed", "plain"]),
        };
        let value = reader.optional(SETTING);
        match value.as_deref() {
            None | Some("hashed") => Self::Hashed,
            Some("plain") => Self::Plain { max_chars },
            Some("none") if choices.contains(&"none") => Self::Nothing,
            Some(_) => {
                reader.error(
                    SETTING,
                    format_args!("must be one of {}", choices.join(", ")),
                );
                Self::Hashed
            }
        }
    }

    /// What the provider is told.
    pub fn refer<'a>(&self, subject: &'a str, hash: &'a str) -> Option<&'a str> {
        match *self {
            Self::Hashed => Some(hash),
            Self::Plain { max_chars } if subject.chars().count() <= max_chars => Some(subject),
            Self::Plain { .. } => Some(hash),
            Self::Nothing => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(value: &str, subject_use: SubjectUse, subject: &str) -> Result<Option<String>, String> {
        let environment = [(SETTING, value)];
        let mut reader = Reader::new(&environment);
        let reference = SubjectReference::from_settings(&mut reader, subject_use);
        let reference = reader
            .finish(Some(reference))
            .map_err(|error| error.to_string())?;
        Ok(reference.refer(subject, "hash").map(str::to_owned))
    }

    #[test]
    fn the_provider_is_told_the_hash_the_subject_or_nothing() {
        let optional = SubjectUse::Optional { max_chars: 4 };
        for (value, subject, expected) in [
            ("", "ada", Some("hash")),
            ("hashed", "ada", Some("hash")),
            ("plain", "ada", Some("ada")),
            ("plain", "üüüü", Some("üüüü")),
            ("plain", "grace", Some("hash")),
            ("none", "ada", None),
        ] {
            let told = told(value, optional, subject).unwrap();
            assert_eq!(told.as_deref(), expected, "{value} {subject}");
        }
        assert_eq!(told("", SubjectUse::Unused, "ada"), Ok(None));
    }

    #[test]
    fn a_provider_may_need_a_subject() {
        let required = SubjectUse::Required { max_chars: 4 };
        assert!(told("plain", required, "ada").is_ok());
        let message = told("none", required, "ada").unwrap_err();
        assert!(
            message.contains("must be one of hashed, plain"),
            "{message}"
        );
        assert!(told("Plain", required, "ada").is_err());
    }
}
