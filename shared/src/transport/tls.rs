//! The certificate authorities that TLS connections trust: those that are compiled in, and those of
//! `SSL_CERT_FILE`.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustls::pki_types::CertificateDer;
use rustls::{ClientConfig, RootCertStore};

use crate::settings::Reader;

const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
const END: &str = "-----END CERTIFICATE-----";

/// The trusted authorities. Reading those of the operating system would take milliseconds in each
/// cold start.
pub(super) fn roots(reader: &mut Reader) -> Option<RootCertStore> {
    let mut roots = RootCertStore {
        roots: webpki_roots::TLS_SERVER_ROOTS.to_vec(),
    };
    if let Some(path) = reader.optional("SSL_CERT_FILE") {
        let Ok(pem) = std::fs::read(path) else {
            reader.error(
                "SSL_CERT_FILE",
                "must be a readable PEM file of certificate authorities",
            );
            return None;
        };
        // Some bundles contain certificates that no library can read. Each is read separately, so
        // that a section without an end does not hide the next one.
        let pem = String::from_utf8_lossy(&pem);
        let certificates = pem.split(BEGIN).skip(1).filter_map(certificate);
        if roots.add_parsable_certificates(certificates).0 == 0 {
            reader.error(
                "SSL_CERT_FILE",
                "must contain at least one certificate (-----BEGIN CERTIFICATE-----)",
            );
            return None;
        }
    }
    Some(roots)
}

/// Reads a certificate, after its first line. rustls decodes PEM in constant time, as it may hold keys,
/// which takes 33,000 instructions more.
fn certificate(section: &str) -> Option<CertificateDer<'static>> {
    let (lines, _) = section.split_once(END)?;
    let text: String = lines.split_ascii_whitespace().collect();
    STANDARD.decode(text).ok().map(CertificateDer::from)
}

/// TLS 1.2 and 1.3 with aws-lc. `None` if the library rejects its own defaults, which no setting can
/// cause.
pub(super) fn client_config(roots: RootCertStore) -> Option<ClientConfig> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .ok()?;
    Some(config.with_root_certificates(roots).with_no_client_auth())
}
