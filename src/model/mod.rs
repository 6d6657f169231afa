//! The account and the types of its values.
//!
//! Everything here is pure data: parsing, invariants and the stored form, without I/O.

mod account;
mod argon2_params;
mod checked_url;
mod client_info;
pub(crate) mod compact_json;
mod country;
mod device;
mod email;
mod event;
mod factor;
mod failures;
mod format_error;
mod host_label;
mod identity;
mod ids;
mod invalid;
mod key;
mod label;
mod mfa;
mod name;
mod network;
mod passcode;
mod password;
mod password_hash;
mod phone;
mod preferences;
mod query;
mod redirects;
mod sealed;
mod second_factor;
mod secret_digest;
mod session;
mod session_provider;
mod session_record;
pub(crate) mod stored;
mod target;
mod time;
mod token;
mod user;

pub use account::Account;
pub(crate) use account::{Attachment, Contact, PasswordRecord, Profile};
#[cfg(feature = "oauth2")]
pub(crate) use account::{ProviderTokens, SpentState};
pub use argon2_params::{Argon2Params, InvalidArgon2Params};
pub use checked_url::CheckedUrl;
pub use client_info::ClientInfo;
pub use country::country_name;
pub use device::DeviceSecret;
pub use email::Email;
pub use event::{Event, EventKind, EventPage};
pub use factor::Factor;
pub(crate) use factor::Factors;
pub use failures::Lockout;
pub use format_error::FormatError;
pub use identity::Identity;
pub(crate) use identity::IdentityRecord;
pub use ids::{
    ChallengeId, CustomId, EventId, IdentityId, ProviderId, SessionId, TargetId, TokenId, Uid, UserId,
};
pub use invalid::Invalid;
pub use key::Key;
pub use label::Label;
pub use name::Name;
pub use network::{Network, parse_client_ip};
pub use passcode::Passcode;
pub use password::Password;
pub(crate) use password_hash::{Argon2Hash, Checkable};
#[cfg(feature = "import-hashes")]
pub(crate) use password_hash::{BcryptHash, ScryptHash};
pub use password_hash::{HashLimit, InvalidPasswordHash, PasswordHash};
pub use phone::Phone;
pub use preferences::Preferences;
pub use query::{
    CursorNotFound, Field, IdentityAttribute, IdentityQuery, IdentityRows, PageQuery, QueryFields,
};
pub use redirects::AllowedRedirects;
pub(crate) use sealed::Sealed;
pub use second_factor::SecondFactor;
pub(crate) use second_factor::{Authenticator, ChallengeRecord};
pub(crate) use secret_digest::SecretDigest;
pub use session::{Session, SessionSecret};
pub use session_provider::{ProviderKey, SessionProvider};
pub(crate) use session_record::{SessionDetails, SessionRecord};
pub(crate) use target::PushTargetRecord;
pub use target::{Target, TargetKind};
pub use time::Timestamp;
pub(crate) use token::{Channel, TokenRecord};
pub use token::{Token, TokenPurpose};
pub use user::User;
