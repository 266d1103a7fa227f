//! Which files hold an authority of this command: no other file may ever be written over, as
//! somebody may have trusted it, or need it.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

/// The longest file that is read. An authority has less than a tenth of it.
const MOST_BYTES: u64 = 64 * 1024;

/// The name constraints' object identifier (RFC 5280 section 4.2.1.10), as DER has it.
const NAME_CONSTRAINTS: [u8; 5] = [0x06, 0x03, 0x55, 0x1d, 0x1e];

const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
const END: &str = "-----END CERTIFICATE-----";

/// Whether there is nothing of that name, not even a link that leads nowhere.
pub fn is_absent(file: &Path) -> bool {
    fs::symlink_metadata(file).is_err_and(|error| error.kind() == ErrorKind::NotFound)
}

/// The text of a regular file: a link, a device or a folder has none.
pub fn text(file: &Path) -> Option<String> {
    let metadata = fs::symlink_metadata(file).ok()?;
    (metadata.is_file() && metadata.len() <= MOST_BYTES).then(|| fs::read_to_string(file).ok())?
}

/// Whether a file has the certificate of such an authority, and nothing else. `name` is whom it is
/// to be made out to, and by.
pub fn has_certificate(file: &Path, name: &str) -> bool {
    text(file).is_some_and(|text| {
        let bare = text
            .trim()
            .strip_prefix(BEGIN)
            .and_then(|rest| rest.strip_suffix(END));
        bare.is_some_and(|base64| !base64.contains('-')) && is_certificate(&text, name)
    })
}

/// Whether a text has such an authority's certificate: it is its own issuer, and may vouch for some
/// names alone.
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

/// Why a file, or the one of its key, is not written.
pub fn refused(file: &Path) -> String {
    let file = file.display();
    format!(
        "{file} or {file}.key holds something else than an authority of this command, so both are left as they are"
    )
}

/// Whether a file is one that only its owner can read.
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
