//! The sessions that cookies contain.

use std::borrow::Cow;

/// The maximum number of different sessions in cookies. A user has one or two, including an old
/// one.
pub(crate) const MAX_CANDIDATES: usize = 4;

/// The sessions in one kind of cookie, in the order in which the browser sends the cookies.
#[derive(Default)]
pub struct Found<'a> {
    /// The sessions, decoded, each once.
    pub sessions: Vec<Cow<'a, str>>,
    /// The values that count towards [`MAX_CANDIDATES`]: encoded, including those that cannot be
    /// decoded. Chunks count once for each position.
    pub encoded: Vec<Cow<'a, str>>,
    /// Whether there are more than can be verified, so that `sessions` may be incomplete.
    pub too_many: bool,
    /// Whether a value cannot be decoded.
    pub undecodable: bool,
}

impl<'a> Found<'a> {
    pub(super) fn from_values(values: Vec<&'a str>) -> Self {
        let sessions: Vec<_> = values.into_iter().map(Cow::Borrowed).collect();
        Self {
            encoded: sessions.clone(),
            sessions,
            too_many: false,
            undecodable: false,
        }
    }

    /// Decodes the values. A value that cannot be decoded is not a session: the libraries that set
    /// these cookies ignore it too.
    pub(super) fn decode(self, decode: fn(&str) -> Option<String>) -> Self {
        let values = self.sessions;
        let mut found = Self {
            sessions: Vec::new(),
            ..self
        };
        for value in values {
            match decode(&value).filter(|session| !session.is_empty()) {
                Some(session) if found.sessions.iter().any(|known| *known == session) => {}
                Some(session) => found.sessions.push(Cow::Owned(session)),
                None => found.undecodable = true,
            }
        }
        found
    }
}
