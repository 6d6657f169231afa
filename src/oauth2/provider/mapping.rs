//! How a provider reports who the user is.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::super::template::{Pointer, Reference, Template};

/// How to learn who the user is.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Profile {
    /// The requests to make, in order. Empty if the id_token has everything.
    #[serde(default)]
    pub requests: Vec<ProfileRequest>,
    /// The user's id at the provider.
    ///
    /// # Security
    /// It must never be reassigned to another user: do not use an email address or a user name.
    pub uid: Reference,
    /// The email address.
    #[serde(default)]
    pub email: EmailRule,
    /// The user's name: the first of these that is present.
    #[serde(default)]
    pub names: Vec<Reference>,
    /// If none of `names` is present, these are joined by spaces.
    #[serde(default)]
    pub name_parts: Vec<Reference>,
}

/// One request for the profile.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct ProfileRequest {
    /// Its name, by which references select its reply.
    pub name: String,
    /// Its URL. For the first request, if it is absent or one of its parameters is not given, it is
    /// discovered.
    #[serde(default)]
    pub url: Option<Template>,
    /// Whether the access token is sent as a bearer token (RFC 6750 §2.1).
    #[serde(default = "yes")]
    pub bearer: bool,
    /// More headers.
    #[serde(default)]
    pub headers: BTreeMap<String, Template>,
    /// More parameters of the query.
    #[serde(default)]
    pub query: BTreeMap<String, Template>,
    /// A body, which makes it a POST request.
    #[serde(default)]
    pub body: Option<Body>,
}

/// The body of a POST request.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Body {
    /// JSON, sent unchanged.
    Json(Value),
    /// A form.
    Form(BTreeMap<String, Template>),
}

/// Where the email address is, and when the provider has verified it.
#[derive(Debug, Clone, PartialEq, Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct EmailRule {
    /// The address.
    pub address: Option<Reference>,
    /// Whether the provider has verified `address`.
    pub verified: Verified,
    /// A list of addresses, which takes precedence over `address`.
    pub list: Option<EmailList>,
    /// Where else to look if there is no address. These addresses count as unverified.
    pub otherwise: Vec<Reference>,
}

/// Whether a provider has verified an email address.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Verified {
    /// The provider does not report it.
    #[default]
    Never,
    /// Every address counts as verified.
    ///
    /// # Security
    /// Anyone who can set an address at the provider can take over the account with that address in
    /// your application. Use it only for a directory that you control.
    Always,
    /// If a value passes a test. An absent value does not.
    When(Check),
}

/// A value and a test.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Check {
    /// The value.
    pub at: Reference,
    /// The test.
    pub is: Test,
}

/// How to choose an email address from a list.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct EmailList {
    /// The list.
    pub of: Reference,
    /// Conditions that an element must satisfy.
    #[serde(default)]
    pub require: Vec<Condition>,
    /// Conditions that rank the elements, the most important first. Of equal elements the first of
    /// the list is chosen.
    #[serde(default)]
    pub prefer: Vec<Condition>,
    /// The address within the element.
    pub address: Pointer,
    /// The condition on which the provider has verified the address. If absent, it counts as
    /// unverified.
    #[serde(default)]
    pub verified: Option<Condition>,
}

/// A value of a list's element, and a test.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Condition {
    /// The value.
    pub at: Pointer,
    /// The test.
    pub is: Test,
}

/// A test of a value. An absent or `null` value fails every test.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Test {
    /// The value is the boolean `true`.
    True,
    /// The value is the boolean `true` or the text `"true"`.
    TrueOrText,
    /// The value is present and not the empty text.
    Present,
    /// The value equals this one.
    EqualTo(Value),
    /// The value equals the value at this reference.
    SameAs(Reference),
}

/// The default of flags that are set unless the provider's data clears them.
pub(super) fn yes() -> bool {
    true
}
