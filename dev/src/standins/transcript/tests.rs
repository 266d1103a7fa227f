//! Tests of what is made of sound.

use super::*;

/// An ear that takes a byte for a millisecond.
fn ear() -> Ear {
    Ear::new(1000)
}

fn words(ear: &mut Ear) -> Heard {
    Heard(std::iter::from_fn(|| ear.next_word()).collect())
}

#[test]
fn words_come_as_the_sound_does() {
    let mut ear = ear();
    ear.hear(299);
    assert_eq!(words(&mut ear).plain(), "");
    ear.hear(1);
    assert_eq!(words(&mut ear).plain(), "hello");
    ear.hear(600);
    let heard = words(&mut ear);
    assert_eq!(heard.plain(), "from the");
    let times: Vec<_> = heard.0.iter().map(|word| (word.start, word.end)).collect();
    assert_eq!(times, [(300, 600), (600, 900)]);
}

#[test]
fn sentences_follow_each_other_and_begin_again() {
    let mut ear = ear();
    ear.hear(29 * 300);
    let first = words(&mut ear);
    assert_eq!(first.0.iter().filter(|word| word.last).count(), 3);
    let text = first.in_full();
    assert!(
        text.starts_with("Hello from ")
            && text.contains(". It understands ")
            && text.ends_with(" said."),
        "{text}"
    );
    ear.hear(300);
    assert_eq!(words(&mut ear).in_full(), "Hello.");
}

#[test]
fn utterance_that_ends_early_keeps_its_last_word_and_the_next_starts_anew() {
    let mut ear = ear();
    ear.hear(400);
    let mut heard = words(&mut ear);
    heard.0.extend(ear.finish());
    assert_eq!(heard.in_full(), "Hello from.");
    assert_eq!((heard.0[1].start, heard.0[1].end), (300, 400));
    assert!(ear.finish().is_none());
    ear.hear(300);
    assert_eq!(words(&mut ear).so_far(), "It");
}

#[test]
fn least_sound_is_a_word() {
    let mut ear = Ear::new(32_000);
    assert!(ear.finish().is_none());
    ear.hear(1);
    assert!(ear.finish().is_some());
}

#[test]
fn nothing_heard_is_nothing_written() {
    let heard = Heard::default();
    assert_eq!(
        (heard.plain(), heard.so_far(), heard.in_full()),
        (String::new(), String::new(), String::new())
    );
}
