//! The audio of the stand-ins: a short plucked note for each letter of the text, so that a page has
//! audio to play and different texts sound different.

use std::f32::consts::TAU;

/// The encoding of samples; both are little-endian and mono.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Encoding {
    /// Signed 16-bit integers.
    S16,
    /// 32-bit floats.
    F32,
}

/// The format of raw audio.
#[derive(Clone, Copy, Debug)]
pub struct AudioFormat {
    /// The encoding of a sample.
    pub encoding: Encoding,
    /// The sample rate in hertz.
    pub sample_rate: u32,
}

/// Notes per second.
pub const NOTES_PER_SECOND: u32 = 12;

/// The maximum number of notes per transcript; it limits the audio of one request to a few
/// megabytes.
pub const MAX_NOTES: usize = 240;

/// A pentatonic scale in hertz: any sequence of its notes sounds pleasant.
const SCALE: [f32; 10] = [
    261.6, 293.7, 329.6, 392.0, 440.0, 523.3, 587.3, 659.3, 784.0, 880.0,
];

/// The transcript as raw samples at `sample_rate` (hertz). Characters other than letters and digits
/// are rests.
pub fn pcm(transcript: &str, sample_rate: u32, encoding: Encoding) -> Vec<u8> {
    let mut bytes = Vec::new();
    for letter in transcript.chars().take(MAX_NOTES) {
        let pitch = pitch(letter);
        for sample in 0..sample_rate / NOTES_PER_SECOND {
            // All sample rates are below 2^24, the largest integer range of f32.
            let value = pitch.map_or(0.0, |hertz| {
                pluck(sample as f32 / sample_rate as f32, hertz)
            });
            match encoding {
                // The value is below 1, and `as` saturates.
                Encoding::S16 => bytes.extend(((value * 32_767.0) as i16).to_le_bytes()),
                Encoding::F32 => bytes.extend(value.to_le_bytes()),
            }
        }
    }
    bytes
}

/// Raw samples with a RIFF header.
pub fn wav(pcm: &[u8], sample_rate: u32, encoding: Encoding) -> Vec<u8> {
    let (format, width): (u16, u16) = match encoding {
        Encoding::S16 => (1, 2),
        Encoding::F32 => (3, 4),
    };
    let length = u32::try_from(pcm.len()).unwrap_or(u32::MAX);
    let mut bytes = Vec::with_capacity(pcm.len().saturating_add(44));
    bytes.extend(b"RIFF");
    bytes.extend(length.saturating_add(36).to_le_bytes());
    bytes.extend(b"WAVEfmt ");
    bytes.extend(16_u32.to_le_bytes());
    bytes.extend(format.to_le_bytes());
    bytes.extend(1_u16.to_le_bytes());
    bytes.extend(sample_rate.to_le_bytes());
    bytes.extend((sample_rate * u32::from(width)).to_le_bytes());
    bytes.extend(width.to_le_bytes());
    bytes.extend((width * 8).to_le_bytes());
    bytes.extend(b"data");
    bytes.extend(length.to_le_bytes());
    bytes.extend(pcm);
    bytes
}

fn pitch(letter: char) -> Option<f32> {
    if !letter.is_alphanumeric() {
        return None;
    }
    SCALE
        .iter()
        .cycle()
        .nth(letter as usize % SCALE.len())
        .copied()
}

/// A plucked string, `seconds` after the pluck. It fades in over 4 ms, so that notes do not click.
fn pluck(seconds: f32, hertz: f32) -> f32 {
    let fade_in = (seconds / 0.004).min(1.0);
    0.4 * fade_in * (-40.0 * seconds).exp() * (TAU * hertz * seconds).sin()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn samples(transcript: &str) -> Vec<i16> {
        pcm(transcript, 24_000, Encoding::S16)
            .chunks_exact(2)
            .map(|pair| i16::from_le_bytes([pair[0], pair[1]]))
            .collect()
    }

    fn loudest(samples: &[i16]) -> u16 {
        samples.iter().map(|s| s.unsigned_abs()).max().unwrap()
    }

    #[test]
    fn every_character_lasts_a_twelfth_of_a_second() {
        for (encoding, width) in [(Encoding::S16, 2), (Encoding::F32, 4)] {
            assert_eq!(pcm("abc", 48_000, encoding).len(), 3 * 4_000 * width);
        }
    }

    #[test]
    fn letters_fade_out_and_spaces_are_silent() {
        let note = samples("a");
        let (start, end) = note.split_at(note.len() / 2);
        assert!(loudest(start) > 8_000, "{}", loudest(start));
        assert!(loudest(end) < loudest(start) / 2);
        assert_eq!(loudest(&samples(" ")), 0);
    }

    #[test]
    fn different_letters_have_different_pitch() {
        assert_ne!(samples("a"), samples("b"));
    }

    #[test]
    fn both_encodings_contain_the_same_audio() {
        let floats = pcm("a", 8_000, Encoding::F32);
        let whole = pcm("a", 8_000, Encoding::S16);
        for (float, pair) in floats.chunks_exact(4).zip(whole.chunks_exact(2)) {
            let float = f32::from_le_bytes(float.try_into().unwrap());
            let whole = f32::from(i16::from_le_bytes([pair[0], pair[1]]));
            assert!((float * 32_767.0 - whole).abs() <= 1.0);
        }
    }

    #[test]
    fn very_long_transcript_is_truncated() {
        let long = "a".repeat(1_000_000);
        assert_eq!(pcm(&long, 8_000, Encoding::S16).len(), 240 * 666 * 2);
    }

    #[test]
    fn page_accepts_no_text_that_would_be_truncated() {
        let page = include_str!("../../../web/page/index.html");
        assert!(page.contains(&format!(
            "<textarea id=\"text\" rows=\"2\" maxlength=\"{MAX_NOTES}\""
        )));
    }

    #[test]
    fn wav_header_describes_the_samples() {
        let file = wav(&[7; 10], 16_000, Encoding::F32);
        assert_eq!(file.len(), 54);
        assert_eq!(&file[0..4], b"RIFF");
        assert_eq!(&file[4..8], 46_u32.to_le_bytes());
        assert_eq!(&file[8..16], b"WAVEfmt ");
        assert_eq!(&file[20..24], [3, 0, 1, 0]);
        assert_eq!(&file[24..28], 16_000_u32.to_le_bytes());
        assert_eq!(&file[28..32], 64_000_u32.to_le_bytes());
        assert_eq!(&file[32..36], [4, 0, 32, 0]);
        assert_eq!(&file[40..44], 10_u32.to_le_bytes());
        assert_eq!(&file[44..], [7; 10]);
    }
}
