//! The operations, one file per feature. A feature never imports another one.

mod admin;
mod credentials;
mod events;
mod identities;
mod jwt;
mod maintenance;
mod mfa;
#[cfg(feature = "oauth2")]
mod oauth2;
mod passwordless;
mod passwords;
mod profile;
mod recovery;
mod sessions;
mod sign_in;
mod sign_up;
mod targets;
mod verification;

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
