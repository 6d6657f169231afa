//! Multi-factor sign-in, as an application sees it.

mod around;
mod authenticator;
mod challenge;
mod limits;
mod person;
mod recovery_codes;
mod switch;
mod together;
