//! How a request ended, as log lines and metrics name it.

/// How a request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// A token was minted.
    Minted,
    /// The token of the cookie was issued again.
    Resumed,
    /// The token cookie was expired.
    SignedOut,
    /// A preflight was from an allowed origin.
    Preflight,
    /// The request failed, with a code of the error table.
    Refused(&'static str),
}

impl Outcome {
    /// The outcome's name in the log.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Minted => "minted",
            Self::Resumed => "resumed",
            Self::SignedOut => "signed_out",
            Self::Preflight => "preflight",
            Self::Refused(code) => code,
        }
    }
}
