//! The hosts of Soniox's sockets, which are not the host that mints. Each region has its own
//! (<https://soniox.com/docs/data-residency>, and `urlsFromBase` in @soniox/client 2.3.0).

use voicemint::provider::BaseUrl;

/// The hosts of the sockets.
#[derive(Debug)]
pub(crate) struct SocketHosts {
    pub(crate) transcription: BaseUrl,
    pub(crate) speech: BaseUrl,
}

impl SocketHosts {
    /// The hosts that belong to the one that mints: those of its region, or that host itself if it
    /// is not Soniox's own, such as a proxy.
    pub(crate) fn new(base_url: &BaseUrl) -> Self {
        let Some(domain) = own_domain(base_url.public()) else {
            return Self {
                transcription: base_url.clone(),
                speech: base_url.clone(),
            };
        };
        Self {
            transcription: BaseUrl::new(format!("https://stt-rt.{domain}")),
            speech: BaseUrl::new(format!("https://tts-rt.{domain}")),
        }
    }

    /// Each host once, as responses name it.
    pub(crate) fn public(&self) -> Vec<&str> {
        let mut hosts = vec![self.transcription.public(), self.speech.public()];
        hosts.dedup();
        hosts
    }
}

/// `soniox.com` or `<region>.soniox.com`, if this is the URL of `api.` in it.
fn own_domain(url: &str) -> Option<&str> {
    let domain = url.strip_prefix("https://api.")?;
    let region = domain.strip_suffix("soniox.com")?;
    let is_label = |text: &str| {
        !text.is_empty()
            && text
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    let is_own = region.is_empty() || region.strip_suffix('.').is_some_and(is_label);
    is_own.then_some(domain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_region_of_the_minting_host_is_that_of_the_sockets() {
        for (base_url, transcription, speech) in [
            (
                "https://api.soniox.com",
                "https://stt-rt.soniox.com",
                "https://tts-rt.soniox.com",
            ),
            (
                "https://api.eu.soniox.com/",
                "https://stt-rt.eu.soniox.com",
                "https://tts-rt.eu.soniox.com",
            ),
            (
                "https://api.jp-2.soniox.com",
                "https://stt-rt.jp-2.soniox.com",
                "https://tts-rt.jp-2.soniox.com",
            ),
        ] {
            let hosts = SocketHosts::new(&BaseUrl::new(base_url));
            assert_eq!(hosts.public(), [transcription, speech], "{base_url}");
        }
    }

    #[test]
    fn any_other_host_serves_the_sockets_itself() {
        for base_url in [
            "https://voice.example.com/soniox",
            "http://127.0.0.1:8788",
            "http://api.soniox.com",
            "https://api.soniox.com:8443",
            "https://api.soniox.com/proxy",
            "https://api.eu.soniox.com/proxy",
            "https://api.a.b.soniox.com",
            "https://api..soniox.com",
            "https://api.evilsoniox.com",
            "https://api.x/y.soniox.com",
            "https://api.soniox.com.example.com",
            "https://stt-rt.soniox.com",
        ] {
            let hosts = SocketHosts::new(&BaseUrl::new(base_url));
            assert_eq!(hosts.public(), [base_url], "{base_url}");
        }
    }

    #[test]
    fn the_hosts_follow_the_url_in_responses() {
        let base_url = BaseUrl::new("http://127.0.0.1:1").with_public("https://localhost:2");
        let hosts = SocketHosts::new(&base_url);
        assert_eq!(hosts.public(), ["https://localhost:2"]);
        assert_eq!(hosts.speech.as_str(), "http://127.0.0.1:1");
    }
}
