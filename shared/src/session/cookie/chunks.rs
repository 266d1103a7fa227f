//! Sessions that are split into the cookies `name<separator>0`, `name<separator>1` and so on, as a
//! cookie is limited to 4096 bytes.
//!
//! Nothing shows which chunks belong together: a sibling host can set some before the app's own and
//! some after them, with the same names or with the next numbers, and leave gaps. Therefore every
//! combination is tried, from one chunk to as many as there are, so that the user's own session is
//! found wherever another host's chunks are.

use std::borrow::Cow;

use http::HeaderMap;

use crate::cookie;
use crate::session::cookie::found::{Found, MAX_CANDIDATES};

/// The maximum number of chunks of a session. Browsers and API Gateway have much lower limits.
const MAX_CHUNKS: usize = 16;
/// The maximum number of combinations: enough for two sets of five chunks.
const MAX_COMBINATIONS: usize = 64;

/// The sessions in the cookie `name`, whole or in chunks. A whole cookie counts in addition to
/// chunks: a library that went back to one cookie may have left old chunks, and a sibling host may
/// have set either.
pub(super) fn find<'a>(headers: &'a HeaderMap, name: &str, separator: &str) -> Found<'a> {
    let whole = cookie::values(headers, name);
    let chunks: Vec<_> = (0..MAX_CHUNKS)
        .map(|number| cookie::values(headers, &format!("{name}{separator}{number}")))
        .take_while(|values| !values.is_empty())
        .collect();
    let sets = sets(&chunks);
    let joined = combinations(&chunks);
    let undecodable = chunks.is_empty() && has_later_chunk(headers, name, separator);
    let whole: Vec<Cow<str>> = whole.into_iter().map(Cow::Borrowed).collect();
    let with = |others: Vec<String>| {
        let mut all = whole.clone();
        for other in others {
            if !all.iter().any(|known| *known == other) {
                all.push(Cow::Owned(other));
            }
        }
        all
    };
    let too_many = sets.len() > MAX_CANDIDATES || joined.is_none();
    Found {
        sessions: with(joined.unwrap_or_default()),
        encoded: with(sets),
        too_many,
        undecodable,
    }
}

/// For each position, the chunks at that position among the cookies of their name, joined. A
/// position that only some names have counts too.
fn sets(chunks: &[Vec<&str>]) -> Vec<String> {
    let nth = |set: usize| {
        chunks
            .iter()
            .filter_map(|values| values.get(set).copied())
            .collect()
    };
    (0..chunks.iter().map(Vec::len).max().unwrap_or_default())
        .map(nth)
        .collect()
}

/// All combinations of chunks, first those with the same position in each name. `None` if there are
/// too many.
fn combinations(chunks: &[Vec<&str>]) -> Option<Vec<String>> {
    let nth = |set: usize| -> String {
        chunks
            .iter()
            .map_while(|values| values.get(set).copied())
            .collect()
    };
    let mut joined: Vec<String> = (0..sets(chunks).len())
        .map(nth)
        .filter(|text| !text.is_empty())
        .collect();
    let mut longest: Vec<String> = vec![String::new()];
    for values in chunks {
        if joined.len() + longest.len() * values.len() > MAX_COMBINATIONS {
            return None;
        }
        longest = longest
            .iter()
            .flat_map(|start| values.iter().map(move |value| format!("{start}{value}")))
            .collect();
        joined.extend(longest.iter().cloned());
    }
    Some(joined)
}

/// Whether there are chunks without the first one.
fn has_later_chunk(headers: &HeaderMap, name: &str, separator: &str) -> bool {
    let is_later = |known: &str| {
        let number = known
            .strip_prefix(name)
            .and_then(|rest| rest.strip_prefix(separator));
        number.is_some_and(|number| number.parse::<usize>().is_ok())
    };
    cookie::all(headers).any(|(known, value)| !value.is_empty() && is_later(known))
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn found(cookies: &str) -> (Vec<String>, usize) {
        let mut headers = HeaderMap::new();
        headers.insert("cookie", HeaderValue::from_str(cookies).unwrap());
        let found = find(&headers, "s", ".");
        (
            found.sessions.into_iter().map(Cow::into_owned).collect(),
            found.encoded.len(),
        )
    }

    fn too_many(cookies: &str) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert("cookie", HeaderValue::from_str(cookies).unwrap());
        find(&headers, "s", ".").too_many
    }

    #[test]
    fn chunks_are_joined_in_order_up_to_a_gap_and_the_longest_session_comes_first() {
        for (cookies, sessions) in [
            ("s.1=b; s.0=a; s.3=d", &["ab", "a"][..]),
            ("s.1=b", &[]),
            ("s.0=old; s=whole", &["whole", "old"]),
            ("s=; s.0=a", &["a"]),
            ("s=a; s.0=a", &["a"]),
            ("s.0=a; s.1=b; s.0=a; s.1=b", &["ab", "a"]),
            ("sx=other; s-0=other", &[]),
        ] {
            assert_eq!(found(cookies).0, sessions, "{cookies}");
        }
        let many: String = (0..40).map(|number| format!("s.{number}=x; ")).collect();
        let (sessions, count) = found(&many);
        assert_eq!(
            (sessions.len(), count, &sessions[0]),
            (MAX_CHUNKS, 1, &"x".repeat(MAX_CHUNKS))
        );
    }

    #[test]
    fn every_combination_of_chunks_with_the_same_name_is_found() {
        let (sessions, count) = found("s.0=a; s.1=b; s.0=c; s.1=d");
        assert_eq!(
            (&sessions[..2], count),
            (&["ab".to_owned(), "cd".to_owned()][..], 2),
            "these come first"
        );
        assert!(
            ["a", "c", "ad", "cb"]
                .iter()
                .all(|other| sessions.iter().any(|session| session == other))
        );
        // Chunks that are set so that equal positions form only the other host's session.
        let (sessions, count) = found("s.0=e0; s.1=e1; s.0=v0; s.1=x; s.0=y; s.1=v1");
        assert!(
            ["e0e1", "v0v1"]
                .iter()
                .all(|whole| sessions.iter().any(|session| session == whole)),
            "{sessions:?}"
        );
        assert_eq!(count, 3);
        // The user's session has one chunk, and a chunk of another host follows it.
        let (sessions, _) = found("s.0=v; s.1=junk; s.0=e");
        assert!(
            ["v", "e"]
                .iter()
                .all(|whole| sessions.iter().any(|session| session == whole)),
            "{sessions:?}"
        );
    }

    #[test]
    fn too_many_combinations_are_too_many_sessions() {
        let many: String = (0..6)
            .map(|number| format!("s.{number}=a; s.{number}=b; "))
            .collect();
        assert!(too_many(&many) && found(&many).0.is_empty());
        // More positions than may be verified, although the joined values are equal.
        let split =
            |place: usize| format!("s.0={}; s.1={}; ", &"abcdef"[..place], &"abcdef"[place..]);
        assert!(!too_many(&(1..5).map(split).collect::<String>()));
        assert!(too_many(&(1..6).map(split).collect::<String>()));
    }
}
