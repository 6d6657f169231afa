//! The operations, one file per feature. A feature never imports another.

mod credentials;
mod events;
mod identities;
mod jwt;
mod mfa;
mod passwordless;
mod passwords;
mod profile;
mod recovery;
mod sessions;
mod sign_in;
mod sign_up;
mod targets;
mod trusted;
mod verification;

pub use credentials::CredentialChange;
pub use events::{LogEntry, LogPage};
pub use identities::IdentityPage;
pub use jwt::Jwt;
pub use mfa::{Challenge, FactorList, NewAuthenticator, PassedChallenge, RecoveryCodes};
pub use passwordless::EmailSignIn;
pub use sign_up::SignUp;
pub use targets::{DeviceToken, NewPushTarget};
pub use trusted::{GenericToken, NewUser, Trusted};
