//! What a caller requests: the fields, the profile, and whether the session permits them.

use bytes::Bytes;
use http::Request;

use super::profiles::Profile;
use super::{Broker, Progress};
use crate::problem::Problem;
use crate::provider::Provider;
use crate::provider::fields::Fields;
use crate::provider::profile::ProfileFormat;
use crate::provider::request::TokenRequest;
use crate::session::Session;

/// A token request whose profile has not been loaded yet.
pub struct Requested<O> {
    pub request: TokenRequest<O>,
    /// The profile that the caller names.
    pub profile: Option<String>,
}

impl<P: Provider> Broker<P> {
    pub(super) fn read_request(
        &self,
        request: &Request<Bytes>,
    ) -> Result<Requested<P::Options>, Problem> {
        let mut fields = Fields::read(request)?;
        let profile = if <P::Profile as ProfileFormat>::IS_USED {
            let query = request.uri().query();
            fields.profile(query.filter(|_| <P::Profile as ProfileFormat>::IN_QUERY))
        } else {
            None
        };
        let request = self.provider.token_request(fields)?;
        Ok(Requested { request, profile })
    }

    /// Checks that the session permits the request, before anything is loaded for it.
    pub(super) fn check_grants(
        &self,
        session: &Session,
        requested: &Requested<P::Options>,
    ) -> Result<(), Problem> {
        let default = self
            .profiles
            .as_ref()
            .and_then(|profiles| profiles.default_name());
        let profile = requested.profile.as_deref().or(default);
        if self.profiles.is_some() && profile.is_none() {
            // The name of the only profile is known after loading it.
            return Ok(());
        }
        self.check_named(session, &requested.request, profile)
    }

    /// Checks the request against its profile, and the profile against the session.
    pub(super) fn check_profile(
        &self,
        session: &Session,
        requested: Requested<P::Options>,
        profile: Option<&Profile<P::Profile>>,
        progress: &mut Progress,
    ) -> Result<TokenRequest<P::Options>, Problem> {
        let Some(profile) = profile else {
            return Ok(requested.request);
        };
        progress.profile = Some(profile.name.clone());
        self.check_named(session, &requested.request, Some(&profile.name))?;
        self.provider
            .check_profile(requested.request, &profile.content)
    }

    fn check_named(
        &self,
        session: &Session,
        request: &TokenRequest<P::Options>,
        profile: Option<&str>,
    ) -> Result<(), Problem> {
        let grants_claim = self.grants_claim.as_deref();
        if let Some(profile) = profile {
            session.permits(&[profile], grants_claim)?;
            if request.grants().is_empty() {
                return Ok(());
            }
        }
        session.permits(request.grants(), grants_claim)
    }
}
