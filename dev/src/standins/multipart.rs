//! Reading a `multipart/form-data` upload: the named text fields, and how large the file was. The
//! sound itself is of no use to a stand-in and is dropped as it arrives.

use axum::extract::Multipart;
use axum::extract::multipart::{MultipartError, MultipartRejection};
use axum::http::StatusCode;

/// An upload as the stand-ins need it.
#[derive(Debug)]
pub(super) struct Form {
    fields: Vec<(String, String)>,
    /// Bytes of the part named `file`, where there is one.
    pub(super) file: Option<usize>,
}

/// Why an upload could not be read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Unreadable {
    /// The content type is not multipart/form-data with a boundary.
    NotMultipart,
    Malformed,
    TooLarge,
}

/// Reads an upload to its end; its size is bounded by the router's body limit. To be called before
/// anything is refused: a client that is still sending when the answer comes may see a broken
/// connection in place of it.
pub(super) async fn read(
    upload: Result<Multipart, MultipartRejection>,
) -> Result<Form, Unreadable> {
    let mut upload = upload.map_err(|_| Unreadable::NotMultipart)?;
    let mut form = Form {
        fields: Vec::new(),
        file: None,
    };
    while let Some(part) = upload.next_field().await.map_err(unreadable)? {
        let name = part.name().unwrap_or_default().to_owned();
        let content = part.bytes().await.map_err(unreadable)?;
        if name == "file" {
            form.file = Some(content.len());
        } else {
            let text = String::from_utf8_lossy(&content).into_owned();
            form.fields.push((name, text));
        }
    }
    Ok(form)
}

impl Form {
    /// The first field of that name.
    pub(super) fn field(&self, name: &str) -> Option<&str> {
        self.fields
            .iter()
            .find(|(field, _)| field == name)
            .map(|(_, value)| value.as_str())
    }

    /// How long the file would play as 16 kHz, 16-bit mono, in seconds: a plausible answer without
    /// decoding it.
    pub(super) fn seconds(&self) -> f64 {
        // No upload is anywhere near 2^32 bytes, see the router's body limit.
        let bytes = u32::try_from(self.file.unwrap_or_default()).unwrap_or(u32::MAX);
        f64::from(bytes) / 32_000.0
    }
}

fn unreadable(error: MultipartError) -> Unreadable {
    if error.status() == StatusCode::PAYLOAD_TOO_LARGE {
        Unreadable::TooLarge
    } else {
        Unreadable::Malformed
    }
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::extract::{FromRequest, Request};

    use super::*;
    use crate::standins::testing;

    async fn read_body(content_type: &str, body: &str) -> Result<Form, Unreadable> {
        let request = Request::post("/")
            .header("content-type", content_type)
            .body(Body::from(body.to_owned()))
            .unwrap();
        read(Multipart::from_request(request, &()).await).await
    }

    #[tokio::test]
    async fn fields_and_file_size_are_read() {
        let body = testing::form(&[("model", "ink-whisper"), ("file", "0123456789")]);
        let form = read_body(testing::FORM_TYPE, &body).await.unwrap();
        assert_eq!(form.field("model"), Some("ink-whisper"));
        assert_eq!(form.field("language"), None);
        assert_eq!(form.file, Some(10));
    }

    #[tokio::test]
    async fn other_content_types_are_not_multipart() {
        for content_type in ["application/json", "multipart/form-data", "text/plain", ""] {
            let error = read_body(content_type, "{}").await.unwrap_err();
            assert_eq!(error, Unreadable::NotMultipart, "{content_type}");
        }
    }

    #[tokio::test]
    async fn broken_or_empty_body_is_malformed() {
        let body = testing::form(&[("file", "0123456789")]);
        for body in ["", "hello", body.get(..40).unwrap()] {
            let error = read_body(testing::FORM_TYPE, body).await.unwrap_err();
            assert_eq!(error, Unreadable::Malformed, "{body:?}");
        }
    }
}
