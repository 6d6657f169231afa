//! Multi-factor sign-in, as a host sees it.

mod around;
mod authenticator;
mod challenge;
mod limits;
mod person;
mod recovery_codes;
mod switch;
mod together;
