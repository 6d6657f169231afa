//! Where a provider says who the person is.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::super::{Pointer, Reference, Template};

/// How to learn who the person is.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Profile {
    /// Requests, in order. None if the id_token tells everything.
    #[serde(default)]
    pub requests: Vec<ProfileRequest>,
    /// The person's id. It must never change hands: no email, no name.
    pub uid: Reference,
    /// The email address.
    #[serde(default)]
    pub email: EmailRule,
    /// Names, the first that is there.
    #[serde(default)]
    pub names: Vec<Reference>,
    /// If none is there, these joined by spaces.
    #[serde(default)]
    pub name_parts: Vec<Reference>,
}

/// One request for the profile.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct ProfileRequest {
    /// Its name, for references into its reply.
    pub name: String,
    /// Where; for the first request absent if discovery tells, as is a template whose parameter is not given.
    #[serde(default)]
    pub url: Option<Template>,
    /// Whether the access token is sent as RFC 6750 §2.1 has it.
    #[serde(default = "super::yes")]
    pub bearer: bool,
    /// More headers.
    #[serde(default)]
    pub headers: BTreeMap<String, Template>,
    /// More parameters of the query.
    #[serde(default)]
    pub query: BTreeMap<String, Template>,
    /// A body, which makes it a POST.
    #[serde(default)]
    pub body: Option<Body>,
}

/// The body of a POST.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Body {
    /// JSON, as it stands here.
    Json(Value),
    /// A form.
    Form(BTreeMap<String, Template>),
}

/// Where the email address is, and when the provider vouches for it.
#[derive(Debug, Clone, PartialEq, Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct EmailRule {
    /// The address.
    pub address: Option<Reference>,
    /// Whether the provider vouches for `address`.
    pub verified: Verified,
    /// A list to choose from instead.
    pub list: Option<EmailList>,
    /// Where else to look if there is none; nobody vouches for these.
    pub otherwise: Vec<Reference>,
}

/// Whether a provider vouches for an email address.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Verified {
    /// It does not say so.
    #[default]
    Never,
    /// The operator trusts every address of it.
    ///
    /// # Security
    /// Whoever can set an address there takes over the account of that address here. Only for a directory that the operator rules.
    Always,
    /// If this test of a value succeeds; a value that is absent is none.
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
    /// What an element must satisfy.
    #[serde(default)]
    pub require: Vec<Condition>,
    /// What decides between elements, the most important first; then the first of the list wins.
    #[serde(default)]
    pub prefer: Vec<Condition>,
    /// The address in the element.
    pub address: Pointer,
    /// Whether the provider vouches for it; never if absent.
    #[serde(default)]
    pub verified: Option<Condition>,
}

/// A value of a list's element and a test.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Condition {
    /// The value.
    pub at: Pointer,
    /// The test.
    pub is: Test,
}

/// A test of a value that is there; one that is absent or `null` fails every test.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Test {
    /// It is the boolean `true`.
    True,
    /// It is the boolean `true` or the text `"true"`.
    TrueOrText,
    /// It is there and not the empty text.
    Present,
    /// It equals this.
    EqualTo(Value),
    /// It equals the value there.
    SameAs(Reference),
}
