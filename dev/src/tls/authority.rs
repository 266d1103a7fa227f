//! The authority that signs this machine's certificates. It is made once and kept, so that a
//! browser has to trust it once; and it can vouch for the names of this machine and its local
//! network alone, so that its key is worth nothing elsewhere.

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
use voicemint::clock::Clock;

use super::{Error, authority_file};

/// How long the authority is good. Nobody has to trust it beyond that.
const LIFETIME: Duration = Duration::from_secs(2 * 365 * 24 * 60 * 60);

/// How long a certificate is good: longer than anyone leaves the command running, shorter than any
/// client allows.
const LEAF_LIFETIME: Duration = Duration::from_secs(90 * 24 * 60 * 60);

/// Clients whose clocks are behind by less are served all the same.
const BEFORE: Duration = Duration::from_secs(24 * 60 * 60);

/// Names, and those below them, that no one can have on the internet (RFC 6761, RFC 6762).
const LOCAL_NAMES: [&str; 4] = ["localhost", "local", "test", "host.docker.internal"];

/// Addresses of the loopback interface, of private networks and of single links (RFC 1918, 3927,
/// 4193, 4291, 6598).
const LOCAL_V4: [([u8; 4], u8); 6] = [
    ([127, 0, 0, 0], 8),
    ([10, 0, 0, 0], 8),
    ([172, 16, 0, 0], 12),
    ([192, 168, 0, 0], 16),
    ([169, 254, 0, 0], 16),
    ([100, 64, 0, 0], 10),
];
const LOCAL_V6: [([u8; 2], u8); 2] = [([0xfc, 0], 7), ([0xfe, 0x80], 10)];

/// Says of a kept authority that it was made by the same rules.
const FORMAT: &str = "voicemint-authority 1, good until ";

/// To whom its certificate is made out.
const NAME: &str = "Voicemint's local command: authority";

/// An authority: its certificate, and the key that signs. It has no `Debug`.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    certificate: String,
}

impl Authority {
    /// Makes one that is gone with this process.
    ///
    /// # Errors
    /// When the system has no randomness to give.
    pub fn new() -> Result<Self, Error> {
        let (params, key) = (params()?, KeyPair::generate()?);
        let certificate = params.self_signed(&key)?.pem();
        Ok(Self {
            issuer: Issuer::new(params, key),
            certificate,
        })
    }

    /// The one that is kept next to this file, or a new one, which is kept there. Its certificate
    /// goes into the file itself.
    ///
    /// # Errors
    /// When it cannot be kept, as something else is there too, or the system has no randomness to
    /// give.
    pub fn kept(file: &Path) -> Result<Self, Error> {
        let kept = with_ending(file, "key");
        let _one_at_a_time = locked_folder(file)?;
        let known = Self::read(&kept);
        let are_free = authority_file::is_absent(file) && authority_file::is_absent(&kept);
        if !are_free && (known.is_none() || !Self::may_write_certificate(file)) {
            return Err(authority_file::refused(file).into());
        }
        if let Some((authority, until)) = known
            && authority_file::is_private(&kept)
            && Clock::system().now() + LEAF_LIFETIME <= until
        {
            authority.write_certificate(file)?;
            return Ok(authority);
        }
        let authority = Self::new()?;
        authority.keep(&kept)?;
        authority.write_certificate(file)?;
        Ok(authority)
    }

    /// One that is gone with this process, with its certificate in a file.
    ///
    /// # Errors
    /// When the file cannot be written, or holds something else, or the system has no randomness to
    /// give.
    pub fn in_file(file: &Path) -> Result<Self, Error> {
        if !Self::may_write_certificate(file) {
            return Err(authority_file::refused(file).into());
        }
        let authority = Self::new()?;
        authority.write_certificate(file)?;
        Ok(authority)
    }

    /// The certificate, as PEM.
    pub fn certificate(&self) -> &str {
        &self.certificate
    }

    /// Signs a certificate for those of these names that are local.
    ///
    /// # Errors
    /// When the system has no randomness to give.
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
        let mut leaf = valid(
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
        authority_file::is_absent(file) || authority_file::has_certificate(file, NAME)
    }

    /// Writes the certificate, in the place of another one.
    ///
    /// # Errors
    /// As the system says.
    pub fn write_certificate(&self, file: &Path) -> io::Result<()> {
        // Clients may be reading it, and another copy of this command may have written the same.
        if fs::symlink_metadata(file).is_ok_and(|metadata| metadata.is_file())
            && fs::read_to_string(file).is_ok_and(|text| text == self.certificate)
        {
            return Ok(());
        }
        replace(file, &self.certificate, 0o644)
    }

    fn keep(&self, file: &Path) -> io::Result<()> {
        let until = (Clock::system().now() + LIFETIME).as_secs();
        let text = format!(
            "{FORMAT}{until}\n{}{}",
            self.certificate,
            self.issuer.key().serialize_pem()
        );
        replace(file, &text, 0o600)
    }

    /// What is kept in a file, if that is an authority of this command, and how long it is good.
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
        (is_pair && authority_file::is_certificate(certificate, NAME)).then_some((authority, until))
    }
}

/// All of an authority's certificate but its key.
fn params() -> Result<CertificateParams, Error> {
    let mut params = valid(CertificateParams::default(), NAME, LIFETIME);
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

fn valid(mut params: CertificateParams, name: &str, lifetime: Duration) -> CertificateParams {
    let now = date_time_ymd(1970, 1, 1) + Clock::system().now();
    params.not_before = now - BEFORE;
    params.not_after = now + lifetime;
    params.distinguished_name.remove(DnType::CommonName);
    params.distinguished_name.push(DnType::CommonName, name);
    params
}

/// Whether the authority may vouch for a name or an address.
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

/// Writes a text into another file first and moves that there: nobody reads half of it, and no link
/// that somebody put there is followed.
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

/// Holds up other copies of this command that look into the same folder, until it is dropped.
fn locked_folder(file: &Path) -> io::Result<File> {
    let folder = file
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    let folder = File::open(folder)?;
    // Not every file system has locks: there, two that start at once for the first time may differ.
    let _ = folder.lock();
    Ok(folder)
}

fn with_ending(file: &Path, ending: &str) -> PathBuf {
    let mut path = file.as_os_str().to_owned();
    path.push(".");
    path.push(ending);
    path.into()
}
