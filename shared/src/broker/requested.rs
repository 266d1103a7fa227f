//! What a caller requests: the fields, the profile, and whether the session permits them.

use bytes::Bytes;
use http::Request;

use super::profiles::{FoundProfile, Profile};
use super::{Broker, Progress};
use crate::problem::Problem;
use crate::provider::Provider;
use crate::provider::fields::Fields;
use crate::provider::profile::ProfileFormat;
use crate::provider::request::TokenRequest;
use crate::session::Session;

/// A token request whose profile has not been loaded yet.
pub(super) struct Requested<O> {
    pub request: TokenRequest<O>,
    /// The profile that the caller names.
    pub profile: Option<String>,
}

/// A token request, with its profile if the provider has profiles.
type CheckedRequest<'a, P> = (
    TokenRequest<<P as Provider>::Options>,
    Option<&'a Profile<<P as Provider>::Profile>>,
);

impl<P: Provider> Broker<P> {
    pub(super) fn read_request(
        &self,
        request: &Request<Bytes>,
    ) -> Result<Requested<P::Options>, Problem> {
        let mut fields = Fields::read(request)?;
        let profile = if <P::Profile as ProfileFormat>::IS_USED {
            let query = request.uri().query();
            fields.profile(query.filter(|_| <P::Profile as ProfileFormat>::IN_QUERY))?
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

    /// Checks the profile against the session, and the request against the profile.
    pub(super) fn check_profile<'a>(
        &self,
        session: &Session,
        requested: Requested<P::Options>,
        found: Option<&'a FoundProfile<P::Profile>>,
        progress: &mut Progress,
    ) -> Result<CheckedRequest<'a, P>, Problem> {
        let Some(found) = found else {
            return Ok((requested.request, None));
        };
        progress.profile = Some(found.name.clone());
        self.check_named(session, &requested.request, Some(&found.name))?;
        let profile = found.get()?;
        let request = self
            .provider
            .check_profile(requested.request, &profile.content)?;
        Ok((request, Some(profile)))
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
