//! The guide: features, reference tables and topics, one page each.
//!
//! Every Rust block of the guide is compiled, and the reference tables are checked against the code.
//!
//! # Reference
//!
//! [`operations`], [`providers`].

#[doc(alias = "routes")]
#[doc(alias = "endpoints")]
#[doc = include_str!("operations.md")]
pub mod operations {}
#[doc(alias = "OAuth2 providers")]
#[doc(alias = "social providers")]
#[doc = include_str!("providers.md")]
pub mod providers {}
