//! The operations, one file per feature. A feature never imports another one.

// In reading order, because rustdoc shows the operations of `AccountService` in this order. The
// formatter sorts modules between blank lines.
mod sign_up;

mod sign_in;

mod passwordless;
mod passwords;

#[cfg(feature = "oauth2")]
mod oauth2;
mod sessions;

mod jwt;
mod recovery;
mod verification;

mod profile;

mod credentials;
mod identities;

mod mfa;
mod targets;

mod events;
mod maintenance;

mod admin;

pub use admin::{Admin, GenericToken, NewUser};
pub use credentials::CredentialChange;
pub use events::{LogEntry, LogPage};
pub use identities::IdentityPage;
pub use jwt::Jwt;
pub use maintenance::{Swept, SweptGuests};
pub use mfa::{Challenge, FactorList, NewAuthenticator, PassedChallenge, RecoveryCodes};
#[cfg(feature = "oauth2")]
pub use oauth2::{
    FailedOAuth2, FinishedOAuth2, FlowState, OAuth2Outcome, OAuth2Return, OAuth2Start, StartedOAuth2,
};
pub use passwordless::EmailSignIn;
#[cfg(feature = "strength")]
pub use passwords::is_common;
pub use sign_up::SignUp;
pub use targets::{DeviceToken, NewPushTarget};
