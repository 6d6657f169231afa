//! The operations, one file per feature. A feature never imports another.

mod credentials;
mod events;
mod identities;
mod jwt;
mod mfa;
mod passwords;
mod profile;
mod sessions;
mod sign_in;
mod sign_up;
mod targets;

pub use credentials::CredentialChange;
pub use events::{LogEntry, LogPage};
pub use identities::IdentityPage;
pub use jwt::Jwt;
pub use mfa::{Challenge, FactorList, NewAuthenticator, PassedChallenge, RecoveryCodes};
pub use sessions::SignedIn;
pub use sign_up::SignUp;
pub use targets::{DeviceToken, NewPushTarget};
