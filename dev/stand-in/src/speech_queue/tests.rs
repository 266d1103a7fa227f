//! Tests of the speech queue.

use super::*;
use crate::synth::Encoding;

const FORMAT: AudioFormat = AudioFormat {
    encoding: Encoding::S16,
    sample_rate: 8_000,
};

async fn letters(queue: &mut SpeechQueue) -> String {
    match queue.next().await.output {
        Output::Audio(letters, _) => letters,
        Output::Frame(frame) => frame.to_string(),
        Output::End => "end".to_owned(),
    }
}

#[tokio::test(start_paused = true)]
async fn text_is_sent_in_consecutive_chunks() {
    let mut queue = SpeechQueue::new();
    queue.push_text("a", "Größe!", FORMAT);
    queue.push("a", Output::End);
    let start = Instant::now();
    assert_eq!(letters(&mut queue).await, "Grö");
    assert_eq!(letters(&mut queue).await, "ße!");
    assert_eq!(letters(&mut queue).await, "end");
    assert_eq!(start.elapsed(), 2 * FRAME_INTERVAL);
}

#[tokio::test(start_paused = true)]
async fn chunks_are_the_whole_audio() {
    let mut queue = SpeechQueue::new();
    queue.push_text("a", "Hello there", FORMAT);
    queue.push("a", Output::End);
    let mut audio = Vec::new();
    while let Output::Audio(letters, format) = queue.next().await.output {
        audio.extend(samples(&letters, format));
    }
    assert_eq!(audio, samples("Hello there", FORMAT));
}

#[tokio::test(start_paused = true)]
async fn cancelled_context_sends_nothing() {
    let mut queue = SpeechQueue::new();
    queue.push_text("a", "abcdef", FORMAT);
    queue.push_text("b", "ghi", FORMAT);
    assert_eq!(letters(&mut queue).await, "abc");
    queue.cancel("a");
    assert_eq!(letters(&mut queue).await, "ghi");
    let nothing = tokio::time::timeout(Duration::from_secs(9), queue.next()).await;
    assert!(nothing.is_err());
}

#[test]
fn very_long_text_is_truncated_and_the_queue_fills() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let _guard = runtime.enter();
    let mut queue = SpeechQueue::new();
    queue.push_text("a", &"a".repeat(1_000_000), FORMAT);
    assert_eq!(queue.items.len(), MAX_NOTES / LETTERS_PER_FRAME);
    for _ in 0..MAX_ITEMS {
        assert!(queue.items.len() < MAX_ITEMS || queue.is_full());
        queue.push("a", Output::End);
    }
    assert!(queue.is_full());
}
