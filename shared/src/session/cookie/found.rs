//! What cookies may hold.

use std::borrow::Cow;

/// The most different sessions that cookies may hold. A user has one or two, an old one included.
pub const MAX_CANDIDATES: usize = 4;

/// What the cookies of one place may hold, in the order in which browsers send it.
#[derive(Default)]
pub struct Found<'a> {
    /// The sessions, each once.
    pub sessions: Vec<Cow<'a, str>>,
    /// What counts: the values as they are packed, those included that cannot be unpacked, and of
    /// chunks one for each place.
    pub packed: Vec<Cow<'a, str>>,
    /// Whether there are more than may be judged or told apart, so that some may have been left
    /// out.
    pub too_many: bool,
    /// Whether there is something that cannot be unpacked.
    pub unreadable: bool,
}

impl<'a> Found<'a> {
    pub(super) fn from_values(values: Vec<&'a str>) -> Self {
        let sessions: Vec<_> = values.into_iter().map(Cow::Borrowed).collect();
        Self {
            packed: sessions.clone(),
            sessions,
            too_many: false,
            unreadable: false,
        }
    }

    /// What is inside of what was found. What cannot be unpacked is no session, as for the
    /// products' own readers.
    pub(super) fn unpack(self, unpack: fn(&str) -> Option<String>) -> Self {
        let packed = self.sessions;
        let mut found = Self {
            sessions: Vec::new(),
            ..self
        };
        for packed in packed {
            match unpack(&packed).filter(|session| !session.is_empty()) {
                Some(session) if found.sessions.iter().any(|known| *known == session) => {}
                Some(session) => found.sessions.push(Cow::Owned(session)),
                None => found.unreadable = true,
            }
        }
        found
    }
}
