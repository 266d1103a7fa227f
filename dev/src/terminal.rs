//! The lines that the local command shows of the calls it answers.

use std::iter;

use http::Method;

/// The longest path that is shown, in characters.
const MAX_PATH: usize = 80;

/// Shows one call. The path may be anything that a stranger sends: it is cut, and nothing in it
/// drives the terminal.
pub fn show(method: &Method, path: &str, outcome: &str) {
    println!("{method} {} {outcome}", readable(path));
}

/// The same path, to be shown elsewhere.
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
    fn a_path_stays_on_its_line_and_drives_no_terminal() {
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
