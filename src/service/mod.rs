//! The service: ports and configuration put together, the change loop, and callers.

// Modules with methods of `AccountService` come first: rustdoc shows them in the order of the
// modules, and the formatter sorts those between blank lines.
mod builder;

mod authenticate;

mod account_service;
mod address;
mod caller;
mod change;
mod conflict_queue;
mod context;
mod draft;
mod guess;
mod guess_gate;
mod notices;
mod perform;
#[cfg(feature = "oauth2")]
mod redemptions;
mod start_session;
mod token;

pub use account_service::{AccountService, DynAccountService};
pub(crate) use address::{Address, AddressOwner};
pub use authenticate::Authenticate;
pub use builder::Builder;
pub use caller::{Caller, SessionHolder};
pub(crate) use change::Settled;
pub(crate) use context::Context;
pub(crate) use draft::{Abort, Draft};
pub(crate) use guess::MAX_PREPARATIONS;
pub use start_session::SignedIn;
pub(crate) use start_session::{NewSession, SignInMethod, StartedSession};
pub(crate) use token::{Guard, MAX_TRIES, NewToken};
