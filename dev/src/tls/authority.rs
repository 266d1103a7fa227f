//! The certificate authority that signs this machine's certificates. It is stored, so that a
//! browser has to trust it only once. Name constraints limit it to local names and private
//! addresses, so that its key is useless for other hosts.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::net::{IpAddr, Ipv6Addr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rcgen::{
    BasicConstraints, CertificateParams, CidrSubnet, DnType, ExtendedKeyUsagePurpose,
    GeneralSubtree, IsCa, Issuer, KeyPair, KeyUsagePurpose, NameConstraints, date_time_ymd,
};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use voicemint::internals::Clock;

use super::authority_file;

/// Why TLS is unavailable.
pub type Error = Box<dyn std::error::Error + Send + Sync>;

/// The lifetime of the authority.
const LIFETIME: Duration = Duration::from_secs(2 * 365 * 24 * 60 * 60);

/// The lifetime of a certificate: longer than the command usually runs, and shorter than the limit
/// of any client.
const LEAF_LIFETIME: Duration = Duration::from_secs(90 * 24 * 60 * 60);

/// How far certificates are backdated, for clients whose clocks are slow.
const BACKDATING: Duration = Duration::from_secs(24 * 60 * 60);

/// Names that do not exist on the internet, and names below them (RFC 6761, RFC 6762).
const LOCAL_NAMES: [&str; 4] = ["localhost", "local", "test", "host.docker.internal"];

/// Loopback, private, shared and link-local addresses (RFC 1918, 3927, 4193, 4291, 6598).
const LOCAL_V4: [([u8; 4], u8); 6] = [
    ([127, 0, 0, 0], 8),
    ([10, 0, 0, 0], 8),
    ([172, 16, 0, 0], 12),
    ([192, 168, 0, 0], 16),
    ([169, 254, 0, 0], 16),
    ([100, 64, 0, 0], 10),
];
const LOCAL_V6: [([u8; 2], u8); 2] = [([0xfc, 0], 7), ([0xfe, 0x80], 10)];

/// The first line of a stored authority. It identifies the rules by which the authority was made.
const FORMAT: &str = "voicemint-authority 1, good until ";

/// The subject of the authority's certificate.
const COMMON_NAME: &str = "Voicemint's local command: authority";

/// An authority: its certificate, and its secret key. It has no `Debug`.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    certificate: String,
}

impl Authority {
    /// Makes an authority that is not stored.
    ///
    /// # Errors
    /// If the system has no random numbers.
    pub fn new() -> Result<Self, Error> {
        let (params, key) = (params()?, KeyPair::generate()?);
        let certificate = params.self_signed(&key)?.pem();
        Ok(Self {
            issuer: Issuer::new(params, key),
            certificate,
        })
    }

    /// Loads the authority that is stored next to this file, or creates and stores one. The file
    /// itself holds the certificate.
    ///
    /// # Errors
    /// If the files have other content or cannot be written, or the system has no random numbers.
    pub fn load_or_create(file: &Path) -> Result<Self, Error> {
        let key_file = with_ending(file, "key");
        let _lock = locked_folder(file)?;
        let stored = Self::read(&key_file);
        let are_free = authority_file::is_absent(file) && authority_file::is_absent(&key_file);
        if !are_free && (stored.is_none() || !Self::may_write_certificate(file)) {
            return Err(authority_file::foreign_content(file).into());
        }
        if let Some((authority, until)) = stored
            && authority_file::is_private(&key_file)
            && Clock::system().now() + LEAF_LIFETIME <= until
        {
            authority.write_certificate(file)?;
            return Ok(authority);
        }
        let authority = Self::new()?;
        authority.store(&key_file)?;
        authority.write_certificate(file)?;
        Ok(authority)
    }

    /// Makes an authority that is not stored, and writes its certificate to a file.
    ///
    /// # Errors
    /// If the file has other content or cannot be written, or the system has no random numbers.
    pub fn create(file: &Path) -> Result<Self, Error> {
        if !Self::may_write_certificate(file) {
            return Err(authority_file::foreign_content(file).into());
        }
        let authority = Self::new()?;
        authority.write_certificate(file)?;
        Ok(authority)
    }

    /// The certificate, as PEM.
    pub fn certificate(&self) -> &str {
        &self.certificate
    }

    /// Signs a certificate for the local names among these.
    ///
    /// # Errors
    /// If the system has no random numbers.
    pub fn sign<'a>(
        &self,
        names: impl Iterator<Item = &'a str>,
    ) -> Result<(CertificateDer<'static>, PrivatePkcs8KeyDer<'static>), Error> {
        self.sign_any(
            names
                .filter(|name| is_local(name))
                .map(str::to_owned)
                .collect(),
        )
    }

    pub(super) fn sign_any(
        &self,
        names: Vec<String>,
    ) -> Result<(CertificateDer<'static>, PrivatePkcs8KeyDer<'static>), Error> {
        let mut leaf = with_validity(
            CertificateParams::new(names)?,
            "Voicemint's local command",
            LEAF_LIFETIME,
        );
        leaf.use_authority_key_identifier_extension = true;
        leaf.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let key = KeyPair::generate()?;
        let leaf = leaf.signed_by(&key, &self.issuer)?;
        Ok((
            leaf.der().clone(),
            PrivatePkcs8KeyDer::from(key.serialize_der()),
        ))
    }

    fn may_write_certificate(file: &Path) -> bool {
        authority_file::is_absent(file) || authority_file::has_certificate(file, COMMON_NAME)
    }

    /// Writes the certificate and replaces an older one.
    ///
    /// # Errors
    /// The error of the operating system.
    pub fn write_certificate(&self, file: &Path) -> io::Result<()> {
        // Clients may be reading the file, and another process of this command may have written the
        // same certificate.
        if fs::symlink_metadata(file).is_ok_and(|metadata| metadata.is_file())
            && fs::read_to_string(file).is_ok_and(|text| text == self.certificate)
        {
            return Ok(());
        }
        replace(file, &self.certificate, 0o644)
    }

    fn store(&self, file: &Path) -> io::Result<()> {
        let until = (Clock::system().now() + LIFETIME).as_secs();
        let text = format!(
            "{FORMAT}{until}\n{}{}",
            self.certificate,
            self.issuer.key().serialize_pem()
        );
        replace(file, &text, 0o600)
    }

    /// The authority that is stored in a file, and the time at which it expires.
    fn read(file: &Path) -> Option<(Self, Duration)> {
        let text = authority_file::text(file)?;
        let (first, rest) = text.split_once('\n')?;
        let until = Duration::from_secs(first.strip_prefix(FORMAT)?.parse().ok()?);
        let (certificate, key) =
            rest.split_at_checked(rest.find("-----BEGIN PRIVATE KEY-----")?)?;
        let key = KeyPair::from_pem(key).ok()?;
        let der = CertificateDer::from_pem_slice(certificate.as_bytes()).ok()?;
        let public = key.public_key_raw();
        let is_pair = der.windows(public.len()).any(|bytes| bytes == public);
        let issuer = Issuer::new(params().ok()?, key);
        let authority = Self {
            issuer,
            certificate: certificate.to_owned(),
        };
        (is_pair && authority_file::is_certificate(certificate, COMMON_NAME))
            .then_some((authority, until))
    }
}

/// The parameters of the authority's certificate.
fn params() -> Result<CertificateParams, Error> {
    let mut params = with_validity(CertificateParams::default(), COMMON_NAME, LIFETIME);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let names = LOCAL_NAMES.map(|name| GeneralSubtree::DnsName(name.to_owned()));
    let v4 = LOCAL_V4.map(|(address, prefix)| CidrSubnet::from_v4_prefix(address, prefix));
    let v6 = LOCAL_V6.map(|([first, second], prefix)| {
        CidrSubnet::from_v6_prefix(
            [first, second, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
            prefix,
        )
    });
    let loopback = CidrSubnet::from_v6_prefix(Ipv6Addr::LOCALHOST.octets(), 128);
    let addresses = v4
        .into_iter()
        .chain(v6)
        .chain([loopback])
        .map(GeneralSubtree::IpAddress);
    params.name_constraints = Some(NameConstraints {
        permitted_subtrees: names.into_iter().chain(addresses).collect(),
        excluded_subtrees: Vec::new(),
    });
    Ok(params)
}

fn with_validity(
    mut params: CertificateParams,
    name: &str,
    lifetime: Duration,
) -> CertificateParams {
    let now = date_time_ymd(1970, 1, 1) + Clock::system().now();
    params.not_before = now - BACKDATING;
    params.not_after = now + lifetime;
    params.distinguished_name.remove(DnType::CommonName);
    params.distinguished_name.push(DnType::CommonName, name);
    params
}

/// Whether the authority can sign certificates for a name or an address.
pub fn is_local(name: &str) -> bool {
    match name.parse::<IpAddr>() {
        Ok(IpAddr::V4(address)) => LOCAL_V4.iter().any(|(network, prefix)| {
            let mask = u32::MAX << (32 - u32::from(*prefix));
            u32::from(address) & mask == u32::from_be_bytes(*network) & mask
        }),
        Ok(IpAddr::V6(address)) => {
            address.is_loopback() || address.is_unique_local() || address.is_unicast_link_local()
        }
        Err(_) => LOCAL_NAMES.iter().any(|local| {
            name.strip_suffix(local)
                .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        }),
    }
}

/// Writes a text to a temporary file and renames it, so that readers never see a partial file and
/// symbolic links are not followed.
fn replace(file: &Path, text: &str, mode: u32) -> io::Result<()> {
    let new = with_ending(file, &std::process::id().to_string());
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, mode);
    let written = options
        .open(&new)
        .and_then(|mut opened| opened.write_all(text.as_bytes()))
        .and_then(|()| fs::rename(&new, file));
    if written.is_err() {
        let _ = fs::remove_file(&new);
    }
    written
}

/// Locks the folder against other processes of this command until the lock is dropped.
fn locked_folder(file: &Path) -> io::Result<File> {
    let folder = file
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    let folder = File::open(folder)?;
    // Not every file system supports locks. Without them, two processes that start at the same time
    // can create different authorities.
    let _ = folder.lock();
    Ok(folder)
}

fn with_ending(file: &Path, ending: &str) -> PathBuf {
    let mut path = file.as_os_str().to_owned();
    path.push(".");
    path.push(ending);
    path.into()
}
