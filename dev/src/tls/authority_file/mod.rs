//! Recognizes files that hold an authority of this command. No other file is ever overwritten.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

/// The maximum size of a file that is read; an authority is less than a tenth of it.
const MAX_BYTES: u64 = 64 * 1024;

/// The object identifier of name constraints (RFC 5280 section 4.2.1.10), in DER.
const NAME_CONSTRAINTS: [u8; 5] = [0x06, 0x03, 0x55, 0x1d, 0x1e];

const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
const END: &str = "-----END CERTIFICATE-----";

/// Whether the path does not exist, not even as a dangling link.
pub fn is_absent(file: &Path) -> bool {
    fs::symlink_metadata(file).is_err_and(|error| error.kind() == ErrorKind::NotFound)
}

/// The text of a regular file; `None` for links, devices and folders.
pub fn text(file: &Path) -> Option<String> {
    let metadata = fs::symlink_metadata(file).ok()?;
    (metadata.is_file() && metadata.len() <= MAX_BYTES).then(|| fs::read_to_string(file).ok())?
}

/// Whether a file contains the certificate of such an authority and nothing else. `name` is its
/// subject and its issuer.
pub fn has_certificate(file: &Path, name: &str) -> bool {
    text(file).is_some_and(|text| {
        let bare = text
            .trim()
            .strip_prefix(BEGIN)
            .and_then(|rest| rest.strip_suffix(END));
        bare.is_some_and(|base64| !base64.contains('-')) && is_certificate(&text, name)
    })
}

/// Whether a text contains the certificate of such an authority: it is self-signed and has name
/// constraints.
pub fn is_certificate(text: &str, name: &str) -> bool {
    let Ok(der) = CertificateDer::from_pem_slice(text.as_bytes()) else {
        return false;
    };
    let count = |part: &[u8]| {
        der.windows(part.len())
            .filter(|bytes| *bytes == part)
            .count()
    };
    count(name.as_bytes()) == 2 && count(&NAME_CONSTRAINTS) == 1
}

/// The error for a file, or its key file, that has other content.
pub fn foreign_content(file: &Path) -> String {
    let file = file.display();
    format!(
        "{file} or {file}.key does not contain an authority of this command, so neither file is overwritten"
    )
}

/// Whether only its owner can read a file.
pub fn is_private(file: &Path) -> bool {
    let Ok(metadata) = fs::symlink_metadata(file) else {
        return false;
    };
    #[cfg(unix)]
    if std::os::unix::fs::MetadataExt::mode(&metadata) & 0o077 != 0 {
        return false;
    }
    metadata.is_file()
}

#[cfg(test)]
mod tests;
