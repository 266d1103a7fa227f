//! Tests of what waits to be said.

use super::*;
use crate::standins::synth::Encoding;

const FORMAT: Format = Format { encoding: Encoding::S16, sample_rate: 8_000 };

async fn letters(queue: &mut Queue) -> String {
    match queue.next().await.part {
        Part::Sound(letters, _) => letters,
        Part::Frame(frame) => frame.to_string(),
        Part::End => "end".to_owned(),
    }
}

#[tokio::test(start_paused = true)]
async fn text_is_said_in_pieces_one_after_the_other() {
    let mut queue = Queue::new();
    queue.speak("a", "Größe!", FORMAT);
    queue.push("a", Part::End);
    let start = Instant::now();
    assert_eq!(letters(&mut queue).await, "Grö");
    assert_eq!(letters(&mut queue).await, "ße!");
    assert_eq!(letters(&mut queue).await, "end");
    assert_eq!(start.elapsed(), 2 * PACE);
}

#[tokio::test(start_paused = true)]
async fn pieces_are_the_whole_sound() {
    let mut queue = Queue::new();
    queue.speak("a", "Hello there", FORMAT);
    queue.push("a", Part::End);
    let mut sound = Vec::new();
    while let Part::Sound(letters, format) = queue.next().await.part {
        sound.extend(samples(&letters, format));
    }
    assert_eq!(sound, samples("Hello there", FORMAT));
}

#[tokio::test(start_paused = true)]
async fn context_that_is_forgotten_says_no_more() {
    let mut queue = Queue::new();
    queue.speak("a", "abcdef", FORMAT);
    queue.speak("b", "ghi", FORMAT);
    assert_eq!(letters(&mut queue).await, "abc");
    queue.forget("a");
    assert_eq!(letters(&mut queue).await, "ghi");
    let nothing = tokio::time::timeout(Duration::from_secs(9), queue.next()).await;
    assert!(nothing.is_err());
}

#[test]
fn text_without_end_is_cut_and_the_queue_fills() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let _guard = runtime.enter();
    let mut queue = Queue::new();
    queue.speak("a", &"a".repeat(1_000_000), FORMAT);
    assert_eq!(queue.cues.len(), MOST_NOTES / PIECE);
    for _ in 0..MOST_CUES {
        assert!(queue.cues.len() < MOST_CUES || queue.is_full());
        queue.push("a", Part::End);
    }
    assert!(queue.is_full());
}
