//! Sign-in with external providers: OAuth 2.0 (RFC 6749) with PKCE (RFC 7636), and OpenID Connect.
//!
//! A [`Provider`] is data: 38 are [built in](Provider::builtin), and your application can define
//! others. A provider and its [`Credentials`] make a [`Registration`], which an [`OAuth2Client`]
//! uses to talk to the provider:
//!
//! 1. [`OAuth2Client::authorize_url`] returns the URL to send the user to;
//! 2. [`OAuth2Client::exchange`] redeems the code of the callback for tokens;
//! 3. [`OAuth2Client::user`] returns who the user is at the provider;
//! 4. [`OAuth2Client::refresh`] renews the tokens.
//!
//! This module does not know accounts. [`AccountService`](crate::AccountService) decides whether a
//! [`ProviderUser`] signs in, signs up or is linked to an existing account.

mod attempt;
mod authorize;
mod builtin;
mod cache;
mod client;
mod discovery;
mod error;
mod error_response;
mod hosts;
mod json;
mod openid;
mod profile;
mod provider;
mod registration;
mod template;
mod token_request;
mod token_response;
mod tokens;
mod urlencoded;

pub use attempt::{Attempt, Callback};
pub use builtin::ProviderError;
pub use client::OAuth2Client;
pub use error::OAuth2Error;
pub use error_response::ErrorResponse;
pub use json::ReplyError;
pub use openid::IdTokenError;
pub use profile::ProviderUser;
pub use provider::{
    AuthorizeEndpoint, Body, Check, ClientAuth, Condition, EmailList, EmailRule, Encoding, Extra, OpenId,
    Parameter, ParameterKind, Profile, ProfileRequest, Provider, Region, Test, TokenEndpoint, TokenReply,
    Verified,
};
pub use registration::{Credentials, Registration, RegistrationError};
pub use template::{InvalidTemplate, Pointer, Reference, Template};
pub use tokens::Tokens;
