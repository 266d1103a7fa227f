//! What a provider's secret consists of.

/// What a provider's secret consists of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecretFormat {
    /// One key: the member `API_KEY_JSON_FIELD` of a JSON object, or the whole text.
    Key,
    /// Several values: these members of a JSON object, of which the first is the key.
    Values(&'static [&'static str]),
    /// Nothing that the provider knows. `SEALING_SECRET_ID` names a secret of at least 32 bytes that
    /// only seals cookies and hashes subjects. It is shared by all environments of the function and
    /// outlives them, which the credentials of the function's role do not.
    Sealing,
}
