//! Admin operations: what the application's own server may do with any account.

mod find;
mod handle;
mod import;
mod manage;
mod sign_in;

pub use handle::Admin;
pub use import::NewUser;
pub use sign_in::GenericToken;
