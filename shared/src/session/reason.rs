//! Why a session is refused or cannot be verified, as the log's `reason` says it.
//!
//! The documentation has a table of these reasons, and a test compares the two: each variant has a
//! row there. No reason contains a secret, or anything of a credential but the name of its
//! algorithm.

use std::borrow::Cow;

use thiserror::Error;

/// The reason if the secret that signs sessions cannot be used.
pub(crate) const SIGNING_SECRET_TOO_SHORT: &str =
    "the secret that signs sessions is shorter than 32 bytes";
/// The reason if the secret that encrypts sessions cannot be used.
pub(crate) const ENCRYPTION_SECRET_TOO_SHORT: &str =
    "the secret that encrypts sessions is shorter than 32 bytes";
/// The reason if the secret with the credentials for introspection cannot be used.
pub(crate) const NO_CLIENT_CREDENTIALS: &str =
    "the secret of SESSION_INTROSPECTION_SECRET_ID has no client_id and client_secret";

/// Why a session is refused or cannot be verified.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[allow(missing_docs, reason = "each variant's text says what it means")]
pub enum Reason {
    // What the request contains.
    #[error("the request has neither a Bearer credential nor a session cookie")]
    NoCredential,
    #[error("a session cookie is present, but no session can be decoded from it")]
    UndecodableCookies,
    #[error("the cookies contain no session")]
    EmptyCookies,
    #[error("the cookies contain more than four different sessions; none of them was verified")]
    TooManyCookies,
    #[error(
        "the cookies contain valid sessions of different users: a sibling host may have set one"
    )]
    AmbiguousCookies,

    // The form of a signed token.
    #[error("the token is longer than 8 KiB")]
    TokenTooLong,
    #[error("the token has five parts: it is encrypted, but a signed token is expected")]
    TokenEncrypted,
    #[error("the token does not have three parts")]
    TokenParts,
    #[error("the token is not valid base64url")]
    TokenEncoding,
    #[error("the token is not signed")]
    TokenUnsigned,
    #[error("the token's header is not a valid JSON object")]
    TokenHeader,
    #[error("the token's header has a crit or b64 member")]
    TokenExtension,
    #[error("the token's type is not a string")]
    TokenTypeNotString,
    #[error("the token's type is not the type of a session token")]
    TokenType,
    #[error("the token's algorithm is missing or not a string")]
    AlgorithmMissing,
    #[error("the token's algorithm is not supported")]
    AlgorithmUnsupported,
    #[error("the token's key id is too long or not a string")]
    KeyIdInvalid,
    #[error("the token's claims are not a valid JSON object")]
    TokenClaims,

    // The issuer, the algorithm and the key of a signed token.
    #[error("the token has no iss claim")]
    IssuerMissing,
    #[error("iss is not in SESSION_ISSUER")]
    IssuerUnknown,
    #[error("the token's algorithm is not in SESSION_ALGORITHMS: it is {algorithm}")]
    AlgorithmNotAllowed { algorithm: &'static str },
    #[error(
        "the token is signed with {algorithm}, which uses a shared secret, but sessions are verified with published \
         keys: SESSION_KIND=secret, or SESSION_SECRET_ID for supabase, accepts such tokens"
    )]
    SharedSecretAlgorithm { algorithm: &'static str },
    #[error(
        "the token is signed with {algorithm}, which uses a private key, but sessions are verified with a shared \
         secret: SESSION_KIND=jwt accepts such tokens"
    )]
    PrivateKeyAlgorithm { algorithm: &'static str },
    #[error("the token has no key id")]
    KeyIdMissing,
    #[error("the issuer's key set is empty")]
    KeySetEmpty,
    #[error("the issuer's key set has {count} keys, none of which can verify signatures")]
    KeySetUnusable { count: usize },
    #[error(
        "the token is signed with {algorithm} and has no key id, and the issuer's keys are for {known}"
    )]
    NoKeyForAlgorithm {
        algorithm: &'static str,
        known: String,
    },
    #[error(
        "the token is signed with {algorithm}, but the issuer's keys with the token's key id are for {known}"
    )]
    KeyIdForOtherAlgorithm {
        algorithm: &'static str,
        known: String,
    },
    #[error(
        "the issuer's keys with the token's key id cannot verify signatures (by use, key_ops, type, algorithm or \
         strength)"
    )]
    KeyIdUnusable,
    #[error("the issuer has no key with the token's key id, only keys with other ids ({known})")]
    KeyIdUnknown { known: String },
    #[error("the issuer has no key with the token's key id, only keys without ids ({known})")]
    KeysWithoutIds { known: String },
    #[error("the signature does not match the issuer's key")]
    SignatureMismatch,

    // The issuer's published keys.
    #[error("the issuer did not answer in time")]
    IssuerTimeout,
    #[error("the key set {0}")]
    KeySetDownload(DownloadError),
    #[error("the key set is not a valid JSON object: it is {kind}")]
    KeySetNotObject { kind: &'static str },
    #[error("the key set has no keys member that is an array")]
    KeySetWithoutKeys,
    #[error("the key set has more than 100 keys")]
    KeySetTooLarge,
    #[error("the discovery document {0}")]
    DiscoveryDownload(DownloadError),
    #[error("the discovery document is not a valid JSON object: it is {kind}")]
    DiscoveryNotObject { kind: &'static str },
    #[error("the discovery document's issuer is not the issuer whose keys are needed")]
    DiscoveryOtherIssuer,
    #[error("the discovery document has no jwks_uri")]
    DiscoveryWithoutJwksUri,
    #[error("the discovery document's jwks_uri {requirement}")]
    DiscoveryJwksUri { requirement: &'static str },

    // Encrypted sessions.
    #[error("the encrypted session is longer than 16 KiB")]
    EncryptedTooLong,
    #[error("the encrypted session does not have five parts")]
    EncryptedParts,
    #[error("the encrypted session contains an encrypted key")]
    EncryptedKeyPresent,
    #[error("the encrypted session is not valid base64url")]
    EncryptedEncoding,
    #[error("the encrypted session's header is not a valid JSON object")]
    EncryptedHeader,
    #[error("the encrypted session's header has a crit, b64 or zip member")]
    EncryptedExtension,
    #[error("the encrypted session's algorithm is not dir")]
    EncryptedAlgorithm,
    #[error("no key decrypts the encrypted session")]
    NoDecryptionKey,
    #[error("the decrypted session is not a valid JSON object")]
    DecryptedNotObject,
    #[error("the decrypted session has no user or no expiry")]
    DecryptedIncomplete,

    // Claims.
    #[error("the token has an events claim: it is a logout or security event token")]
    EventToken,
    #[error("iss is not the expected issuer")]
    IssuerMismatch,
    #[error("the subject is missing, empty, or neither a string nor an integer")]
    SubjectInvalid,
    #[error("the audience is not in SESSION_AUDIENCE")]
    AudienceNotAllowed,
    #[error("azp is missing, and client_id does not name a page")]
    PartyNotPage,
    #[error("azp and client_id are missing, and SESSION_AUTHORIZED_PARTIES does not list absent")]
    PartyMissing,
    #[error("azp or client_id is not in SESSION_AUTHORIZED_PARTIES")]
    PartyNotAllowed,
    #[error("a claim does not have the value in SESSION_REQUIRED_CLAIMS")]
    RequiredClaim,
    #[error("nbf is in the future or not a number")]
    NotBefore,
    #[error("iat is in the future or not a number")]
    IssuedAt,
    #[error("exp is missing or not a number")]
    ExpiryMissing,
    #[error("exp is in the past")]
    Expired,

    // What an identity provider's tokens must contain.
    #[error("typ or cat is not that of a Clerk session token")]
    ClerkTokenType,
    #[error("sid is missing: the token is not a Clerk session token")]
    ClerkSessionIdMissing,
    #[error("sts is not active: the session is pending")]
    ClerkSessionPending,
    #[error("sub is longer than 128 characters")]
    FirebaseSubjectTooLong,
    #[error("auth_time is missing, in the future or not a number")]
    FirebaseAuthTime,
    #[error("role is not authenticated")]
    SupabaseRole,
    #[error("client_id is present: the token was issued to another app")]
    SupabaseClient,
    #[error("sid is missing: the token is not a WorkOS session token")]
    WorkosSessionIdMissing,

    // The services that are asked about sessions.
    #[error("the credential is empty or contains characters outside visible ASCII")]
    CredentialCharacters,
    #[error("the credential is longer than 8 KiB")]
    CredentialTooLong,
    #[error("the credential is not a valid header value")]
    CredentialHeader,
    #[error("the session service {0}")]
    Service(ServiceError),
    #[error("the app does not recognize the session")]
    ForwardRejected,
    #[error(
        "the app answered {status}, as it does for an unknown session; if it also answers this for valid sessions, \
         SESSION_FORWARD_URL is wrong"
    )]
    ForwardStatus { status: u16 },
    #[error("the app answered with a redirect, as it does when nobody is signed in")]
    ForwardRedirect,
    #[error("the app's response is not a valid JSON object: it is {kind}")]
    ForwardNotObject { kind: &'static str },
    #[error("SESSION_FORWARD_URL cannot be called")]
    ForwardUrl,
    #[error("the authorization server says that the token is not active")]
    IntrospectionInactive,
    #[error(
        "the authorization server answered {status}, as it does for a token that it cannot read; if it also answers this for \
         valid tokens, SESSION_INTROSPECTION_URL is wrong"
    )]
    IntrospectionStatus { status: u16 },
    #[error("the token is a refresh token or an ID token, but an access token is expected")]
    NotAccessToken,
    #[error("SESSION_INTROSPECTION_URL cannot be called")]
    IntrospectionUrl,

    /// In the words of `crate::secret`, or of one of the constants above.
    #[error("{0}")]
    Secret(Cow<'static, str>),
}

/// Why a document of an issuer cannot be used: the end of a sentence whose subject is the document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[allow(missing_docs, reason = "each variant's text says what it means")]
pub enum DownloadError {
    #[error("has a URL that cannot be called")]
    Url,
    #[error("did not arrive in time")]
    Timeout,
    #[error("is too large")]
    TooLarge,
    #[error("cannot be fetched: {0}")]
    Unreachable(&'static str),
    #[error("is compressed ({0}), although no compression was requested")]
    Compressed(&'static str),
    #[error("was answered with {0}")]
    Status(u16),
}

/// Why the service that is asked about sessions gives no usable answer: the end of a sentence whose
/// subject is the service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[allow(missing_docs, reason = "each variant's text says what it means")]
pub enum ServiceError {
    #[error("did not answer in time")]
    Timeout,
    #[error("answered with more than 64 KiB")]
    TooLarge,
    #[error("cannot be reached: {0}")]
    Unreachable(&'static str),
    #[error("answered {0}")]
    Status(u16),
    #[error("did not answer with a valid JSON object: the response is {0}")]
    NotObject(&'static str),
    #[error("did not say whether the token is active")]
    ActiveMissing,
}
