//! The audio that a client sends, as a query describes it. Source: developers.deepgram.com/reference
//! (speech-to-text, listen-streaming and listen-flux).

use voicemint_stand_in::request::single_parameter;

use crate::error::DeepgramError;

/// The encodings, and how many bytes a sample has; `None` if that depends on the audio.
pub(super) const ENCODINGS: [(&str, Option<u64>); 11] = [
    ("linear16", Some(2)),
    ("linear32", Some(4)),
    ("mulaw", Some(1)),
    ("alaw", Some(1)),
    ("flac", None),
    ("amr-nb", None),
    ("amr-wb", None),
    ("opus", None),
    ("ogg-opus", None),
    ("speex", None),
    ("g729", None),
];

/// Compressed audio and files are treated as 32 kbit/s.
pub(super) const COMPRESSED_BYTES_PER_SECOND: u64 = 4_000;

/// The bytes per second of a client's audio. Without `encoding`, the client sends a file.
pub(super) fn bytes_per_second(query: &[(String, String)]) -> Result<u64, DeepgramError> {
    let Some(name) = single_parameter(query, "encoding")? else {
        return Ok(COMPRESSED_BYTES_PER_SECOND);
    };
    let known = ENCODINGS.into_iter().find(|(known, _)| *known == name);
    let (_, bytes) = known.ok_or_else(|| DeepgramError::bad_request("Unknown encoding."))?;
    let rate = single_parameter(query, "sample_rate")?.and_then(sample_rate);
    let rate = rate.ok_or_else(|| {
        DeepgramError::bad_request("With encoding, sample_rate is required: a number of hertz.")
    })?;
    Ok(bytes.map_or(COMPRESSED_BYTES_PER_SECOND, |bytes| bytes * rate))
}

/// A sample rate in hertz.
fn sample_rate(text: &str) -> Option<u64> {
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
    let rate = text.parse().ok().filter(|_| is_number);
    rate.filter(|rate| (1_000..=192_000).contains(rate))
}

/// A switch of a query: absent, `true` or `false`.
pub(super) fn switch(
    query: &[(String, String)],
    name: &'static str,
) -> Result<bool, DeepgramError> {
    match single_parameter(query, name)? {
        None | Some("false") => Ok(false),
        Some("true") => Ok(true),
        Some(_) => Err(DeepgramError::bad_request(&format!(
            "{name} must be true or false."
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(query: &str) -> Option<u64> {
        let pairs: Vec<_> = query
            .split('&')
            .filter_map(|pair| pair.split_once('='))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        bytes_per_second(&pairs).ok()
    }

    #[test]
    fn raw_audio_has_an_encoding_and_a_sample_rate() {
        for (query, expected) in [
            ("", Some(4_000)),
            ("encoding=linear16&sample_rate=16000", Some(32_000)),
            ("encoding=mulaw&sample_rate=8000", Some(8_000)),
            ("encoding=opus&sample_rate=48000", Some(4_000)),
            ("encoding=linear16", None),
            ("encoding=linear16&sample_rate=", None),
            ("encoding=linear16&sample_rate=+8000", None),
            ("encoding=linear16&sample_rate=999", None),
            ("encoding=linear16&sample_rate=999999999999999999999", None),
            ("encoding=linear16&sample_rate=8000&sample_rate=8000", None),
            ("encoding=pcm_s16le&sample_rate=8000", None),
        ] {
            assert_eq!(read(query), expected, "{query}");
        }
    }
}
