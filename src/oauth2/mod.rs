//! Sign-in by other services: OAuth 2.0 (RFC 6749) with PKCE (RFC 7636), and OpenID Connect.
//!
//! A [`Provider`] is data: the 38 of the API are [built in](Provider::builtin), others come from the host's configuration. Together
//! with [`Credentials`] it makes a [`Registration`], and an [`OAuth2Client`] talks to the provider in its name:
//!
//! 1. [`OAuth2Client::authorize_url`] tells where to send the person;
//! 2. [`OAuth2Client::exchange`] redeems the code that the person comes back with;
//! 3. [`OAuth2Client::user`] tells who the person is;
//! 4. [`OAuth2Client::refresh`] keeps the provider's tokens alive.
//!
//! Nothing here knows accounts: whether a [`ProviderUser`] signs in, signs up or is linked is decided elsewhere.

mod attempt;
mod authorize;
mod builtin;
mod cache;
mod client;
mod client_secret;
mod error;
mod hosts;
mod json;
mod openid;
mod profile;
mod provider;
mod registration;
mod template;
mod token_request;
mod tokens;

pub use attempt::{Attempt, Callback};
pub use builtin::ProviderError;
pub use client::OAuth2Client;
pub use error::{ErrorResponse, OAuth2Error, ReplyError};
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
