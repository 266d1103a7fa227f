//! Reads a `multipart/form-data` upload: its text fields and the size of its file. The audio itself
//! is discarded.

use axum::extract::Multipart;
use axum::extract::multipart::{MultipartError, MultipartRejection};
use axum::http::StatusCode;

/// An upload, without the content of its file.
#[derive(Debug)]
pub struct Upload {
    fields: Vec<(String, String)>,
    /// The size of the part named `file`.
    pub file_bytes: Option<usize>,
}

/// Why an upload cannot be read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum UploadError {
    /// The content type is not multipart/form-data with a boundary.
    NotMultipart,
    /// It cannot be read.
    Malformed,
    /// It is longer than a request may be.
    TooLarge,
}

/// Reads a whole upload, whose size the router limits. Call this before any check: a client that is
/// still sending when the response arrives can see a broken connection instead of the response.
///
/// # Errors
/// Why the upload cannot be read.
pub async fn read(upload: Result<Multipart, MultipartRejection>) -> Result<Upload, UploadError> {
    let mut multipart = upload.map_err(|_| UploadError::NotMultipart)?;
    let mut upload = Upload {
        fields: Vec::new(),
        file_bytes: None,
    };
    while let Some(part) = multipart.next_field().await.map_err(upload_error)? {
        let name = part.name().unwrap_or_default().to_owned();
        let content = part.bytes().await.map_err(upload_error)?;
        if name == "file" {
            upload.file_bytes = Some(content.len());
        } else {
            let text = String::from_utf8_lossy(&content).into_owned();
            upload.fields.push((name, text));
        }
    }
    Ok(upload)
}

impl Upload {
    /// The first field of that name.
    pub fn field(&self, name: &str) -> Option<&str> {
        self.fields
            .iter()
            .find(|(field, _)| field == name)
            .map(|(_, value)| value.as_str())
    }

    /// The duration of the file as 16 kHz, 16-bit mono, in seconds: a plausible value without
    /// decoding the file.
    pub fn seconds(&self) -> f64 {
        // The router limits uploads to far less than 2^32 bytes.
        let bytes = u32::try_from(self.file_bytes.unwrap_or_default()).unwrap_or(u32::MAX);
        f64::from(bytes) / 32_000.0
    }
}

fn upload_error(error: MultipartError) -> UploadError {
    if error.status() == StatusCode::PAYLOAD_TOO_LARGE {
        UploadError::TooLarge
    } else {
        UploadError::Malformed
    }
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::extract::{FromRequest, Request};

    use super::*;
    use crate::testing;

    async fn read_body(content_type: &str, body: &str) -> Result<Upload, UploadError> {
        let request = Request::post("/")
            .header("content-type", content_type)
            .body(Body::from(body.to_owned()))
            .unwrap();
        read(Multipart::from_request(request, &()).await).await
    }

    #[tokio::test]
    async fn fields_and_file_size_are_read() {
        let body = testing::multipart_body(&[("model", "ink-whisper"), ("file", "0123456789")]);
        let upload = read_body(testing::MULTIPART_TYPE, &body).await.unwrap();
        assert_eq!(upload.field("model"), Some("ink-whisper"));
        assert_eq!(upload.field("language"), None);
        assert_eq!(upload.file_bytes, Some(10));
    }

    #[tokio::test]
    async fn other_content_types_are_not_multipart() {
        for content_type in ["application/json", "multipart/form-data", "text/plain", ""] {
            let error = read_body(content_type, "{}").await.unwrap_err();
            assert_eq!(error, UploadError::NotMultipart, "{content_type}");
        }
    }

    #[tokio::test]
    async fn broken_or_empty_body_is_malformed() {
        let body = testing::multipart_body(&[("file", "0123456789")]);
        for body in ["", "hello", body.get(..40).unwrap()] {
            let error = read_body(testing::MULTIPART_TYPE, body).await.unwrap_err();
            assert_eq!(error, UploadError::Malformed, "{body:?}");
        }
    }
}
