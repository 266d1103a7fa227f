//! Tests of the files that are never overwritten.

use std::fs;

use crate::tls::Authority;
use crate::tls::tests::Folder;

/// The certificate and the key of another product's authority.
fn foreign() -> (String, String) {
    let mut params = rcgen::CertificateParams::default();
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    params
        .distinguished_name
        .push(rcgen::DnType::CommonName, "Acme Root");
    let key = rcgen::KeyPair::generate().unwrap();
    (params.self_signed(&key).unwrap().pem(), key.serialize_pem())
}

#[test]
fn files_with_other_content_are_refused_and_not_changed() {
    let folder = Folder::new("foreign");
    let own = folder.0.join("own.pem");
    Authority::load_or_create(&own).unwrap();
    let read = |file: &str| fs::read_to_string(folder.0.join(file)).unwrap();
    let (certificate, key) = (read("own.pem"), read("own.pem.key"));
    let (acme, acme_key) = foreign();
    let another = Authority::new().unwrap();
    let notes = "my notes".to_owned();
    let cases: [(Option<String>, Option<String>); 12] = [
        (Some(acme.clone()), Some(acme_key.clone())),
        (Some(acme.clone()), None),
        (None, Some(acme_key.clone())),
        (Some(acme), Some(key.clone())),
        (Some(certificate.clone()), Some(acme_key)),
        (Some(certificate.clone()), Some(notes.clone())),
        (Some(notes.clone()), None),
        (Some(notes), Some(key.clone())),
        (Some(String::new()), None),
        (
            Some(format!("{certificate}{certificate}")),
            Some(key.clone()),
        ),
        (Some(certificate.clone()), None),
        // The key does not match.
        (
            Some(certificate.clone()),
            Some(key.replace(&known_part(&key), &known_part(another.certificate()))),
        ),
    ];
    for (case, (certificate, key)) in cases.into_iter().enumerate() {
        let name = format!("{case}.pem");
        let (file, key_file) = (folder.0.join(&name), folder.0.join(format!("{name}.key")));
        for (file, text) in [(&file, &certificate), (&key_file, &key)] {
            text.iter().for_each(|text| fs::write(file, text).unwrap());
            #[cfg(unix)]
            text.iter().for_each(|_| {
                fs::set_permissions(file, std::os::unix::fs::PermissionsExt::from_mode(0o600))
                    .unwrap();
            });
        }
        let error = Authority::load_or_create(&file)
            .err()
            .unwrap_or_else(|| panic!("{case} was accepted"))
            .to_string();
        assert!(error.contains(&name) && !error.contains('\n'), "{error}");
        assert_eq!(
            (
                fs::read_to_string(&file).ok(),
                fs::read_to_string(&key_file).ok()
            ),
            (certificate.clone(), key)
        );
        if certificate
            .as_ref()
            .is_some_and(|text| !text.starts_with(&another.certificate()[..27]))
        {
            assert!(Authority::create(&file).is_err(), "{case}");
            assert_eq!(fs::read_to_string(&file).ok(), certificate);
        }
    }
}

#[cfg(unix)]
#[test]
fn only_regular_files_are_written_or_replaced() {
    use std::os::unix::fs::{FileTypeExt, symlink};

    let folder = Folder::new("irregular");
    let (target, link) = (folder.0.join("own.pem"), folder.0.join("link.pem"));
    Authority::load_or_create(&target).unwrap();
    symlink(&target, &link).unwrap();
    symlink(folder.0.join("own.pem.key"), folder.0.join("link.pem.key")).unwrap();
    let dangling = folder.0.join("dangling.pem");
    symlink(folder.0.join("nowhere"), &dangling).unwrap();
    let folder_itself = folder.0.join("folder.pem");
    fs::create_dir(&folder_itself).unwrap();
    let socket = folder.0.join("socket.pem");
    let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
    let key_is_link = folder.0.join("fresh.pem");
    symlink(folder.0.join("nowhere"), folder.0.join("fresh.pem.key")).unwrap();
    for file in [&link, &dangling, &folder_itself, &socket, &key_is_link] {
        assert!(
            Authority::load_or_create(file).is_err(),
            "{}",
            file.display()
        );
    }
    for file in [&link, &dangling, &folder_itself, &socket] {
        assert!(Authority::create(file).is_err(), "{}", file.display());
    }
    assert!(
        fs::symlink_metadata(&link).unwrap().is_symlink()
            && fs::symlink_metadata(&dangling).unwrap().is_symlink()
    );
    assert!(
        fs::symlink_metadata(&socket)
            .unwrap()
            .file_type()
            .is_socket()
            && !folder.0.join("nowhere").exists()
    );
}

/// The certificate block of a PEM text.
fn known_part(text: &str) -> String {
    let from = text.find("-----BEGIN CERTIFICATE").unwrap();
    let to = text.find("-----END CERTIFICATE").unwrap();
    text[from..to].to_owned()
}
