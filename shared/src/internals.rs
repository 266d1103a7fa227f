//! Items for Voicemint's own tests, benchmarks, fuzz targets and local command.
//!
//! They are not part of the public interface and may change in any version. A provider needs
//! none of them.

pub use crate::aws::Aws;
pub use crate::aws::dynamodb::DynamoDb;
pub use crate::aws::secrets_manager::SecretsManager;
pub use crate::broker::profiles::check_profiles;
pub use crate::broker::{Broker, Invocation};
pub use crate::clock::Clock;
pub use crate::endpoint::origin::Origins;
pub use crate::limit::Limiter;
pub use crate::limit::gcra::{Admission, Exceeded, Limit};
pub use crate::limit::memory::Memory;
pub use crate::limit::settings::{Limits, OnError};
pub use crate::limit::table::{Item, Table, Update, UpdateFuture};
pub use crate::log::LevelFilter;
pub use crate::log::outcome::Outcome;
pub use crate::log::request::RequestLog;
pub use crate::origin_pattern::OriginPattern;
pub use crate::secret::role::{Role, RoleFuture};
pub use crate::secret::{
    LoadFuture, SecretCache, SecretField, SecretStore, SecretValue, StoreError,
};
pub use crate::session::claims::authorized_parties::{AuthorizedParties, Party};
pub use crate::session::claims::claims_set::ClaimsSet;
pub use crate::session::claims::{Audience, IssuerClaim, Rules, Times};
pub use crate::session::cookie::{CookieFormat, SessionCookie};
pub use crate::session::credential::Credential;
pub use crate::session::jwe::compact::{ContentKey, Encryption};
pub use crate::session::jwt::algorithm::Algorithm;
pub use crate::session::jwt::download::Location;
pub use crate::session::jwt::jwk_set::{JwkSet, KeyLookupError};
pub use crate::session::jwt::remote_jwk_set::{KeysUnavailable, RemoteJwkSet};
pub use crate::session::jwt::signature::VerifyingKey;
pub use crate::session::jwt::unverified::UnverifiedToken;
pub use crate::session::reason::Reason;
pub use crate::session::settings::SessionSettings;
pub use crate::session::verifier::Verifier;
pub use crate::transport::{Failure, Transport};

/// The log's start.
pub mod log {
    pub use crate::log::{level, start};
}

/// Cookies of requests.
pub mod cookie {
    pub use crate::cookie::all;
}

/// The counting of mints.
pub mod gcra {
    pub use crate::limit::gcra::count;
}

/// The verification of signed tokens.
pub mod verify {
    pub use crate::session::jwt::verify::{VerifyError, verify};
}

/// The decryption of encrypted tokens.
pub mod compact {
    pub use crate::session::jwe::compact::open;
}
