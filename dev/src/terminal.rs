//! The lines that the local command prints for the calls that it answers.

use std::iter;

use http::Method;

/// The maximum length of a printed path, in characters.
const MAX_PATH: usize = 80;

/// Prints one call. The path is untrusted: it is truncated, and control characters are escaped.
pub fn show(method: &Method, path: &str, outcome: &str) {
    println!("{method} {} {outcome}", readable(path));
}

/// The path, truncated and escaped.
pub fn readable(path: &str) -> String {
    let mut characters = path.chars().flat_map(|character| {
        let escape = !character.is_ascii_graphic();
        let escaped = escape
            .then(|| character.escape_unicode())
            .into_iter()
            .flatten();
        escaped.chain((!escape).then_some(character))
    });
    let shown: String = characters.by_ref().take(MAX_PATH).collect();
    shown
        .chars()
        .chain(iter::repeat_n(
            '…',
            usize::from(characters.next().is_some()),
        ))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_stays_on_one_line_and_cannot_control_the_terminal() {
        assert_eq!(readable("/cartesia/token"), "/cartesia/token");
        assert_eq!(
            readable("/a\u{9b}31m\u{1b}[2J\n"),
            "/a\\u{9b}31m\\u{1b}[2J\\u{a}"
        );
        assert_eq!(
            readable(&"/".repeat(1000)),
            format!("{}…", "/".repeat(MAX_PATH))
        );
    }
}
