//! Tests of the transcripts.

use super::*;

/// A transcriber with one byte per millisecond.
fn transcriber() -> Transcriber {
    Transcriber::new(1000)
}

fn words(transcriber: &mut Transcriber) -> Transcript {
    Transcript(std::iter::from_fn(|| transcriber.next_word()).collect())
}

#[test]
fn words_follow_the_audio() {
    let mut transcriber = transcriber();
    transcriber.add_audio(299);
    assert_eq!(words(&mut transcriber).plain(), "");
    transcriber.add_audio(1);
    assert_eq!(words(&mut transcriber).plain(), "hello");
    transcriber.add_audio(600);
    let transcript = words(&mut transcriber);
    assert_eq!(transcript.plain(), "from the");
    let times: Vec<_> = transcript
        .0
        .iter()
        .map(|word| (word.start, word.end))
        .collect();
    assert_eq!(times, [(300, 600), (600, 900)]);
}

#[test]
fn sentences_follow_each_other_and_repeat() {
    let mut transcriber = transcriber();
    transcriber.add_audio(29 * 300);
    let first = words(&mut transcriber);
    assert_eq!(first.0.iter().filter(|word| word.ends_sentence).count(), 3);
    let text = first.complete();
    assert!(
        text.starts_with("Hello from ")
            && text.contains(". It understands ")
            && text.ends_with(" said."),
        "{text}"
    );
    transcriber.add_audio(300);
    assert_eq!(words(&mut transcriber).complete(), "Hello.");
}

#[test]
fn utterance_that_ends_early_keeps_its_last_word_and_the_next_starts_a_new_sentence() {
    let mut transcriber = transcriber();
    transcriber.add_audio(400);
    let mut transcript = words(&mut transcriber);
    transcript.0.extend(transcriber.finish());
    assert_eq!(transcript.complete(), "Hello from.");
    assert_eq!((transcript.0[1].start, transcript.0[1].end), (300, 400));
    assert!(transcriber.finish().is_none());
    transcriber.add_audio(300);
    assert_eq!(words(&mut transcriber).partial(), "It");
}

#[test]
fn shortest_audio_is_a_word() {
    let mut transcriber = Transcriber::new(32_000);
    assert!(transcriber.finish().is_none());
    transcriber.add_audio(1);
    assert!(transcriber.finish().is_some());
}

#[test]
fn no_audio_gives_an_empty_transcript() {
    let transcript = Transcript::default();
    assert_eq!(
        (
            transcript.plain(),
            transcript.partial(),
            transcript.complete()
        ),
        (String::new(), String::new(), String::new())
    );
}
