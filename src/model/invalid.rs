//! Why a value was refused by its parser.

use std::fmt;

/// Why a value was refused. `Display` is one plain sentence without the value, fit for an answer to the client.
///
/// Every parser of [`model`](crate::model) returns it. Callers that answer over HTTP put ``Invalid `name` param: `` before it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Invalid {
    /// Not an email address in dot-atom form.
    #[error("Value must be a valid email address")]
    Email,
    /// Not a phone number in E.164 form, or its country code is not assigned.
    #[error("Phone number must start with a '+' and a country code, and can have at most fifteen digits")]
    Phone,
    /// Not an id.
    #[error(
        "Value must be an id of 1 to 36 characters: letters, digits, period, hyphen and underscore, beginning with a letter or digit"
    )]
    Id,
    /// A password that is too short or too long.
    #[error("Password must be between 8 and 256 characters long")]
    Password,
    /// A password that everybody tries first.
    #[error("Password must be between 8 and 256 characters long and must not be a commonly used one")]
    CommonPassword,
    /// A name that is empty, too long, or holds control characters.
    #[error("Value must be a name of at least 1 and at most 128 characters without control characters")]
    Name,
    /// A text whose length is out of bounds.
    #[error("Value must be a text of at least {min} and at most {max} characters")]
    Text {
        /// The least number of characters.
        min: usize,
        /// The greatest number of characters.
        max: usize,
    },
    /// A value that is not among those that exist.
    #[error("Value must be one of ({})", List(.0))]
    OneOf(&'static [&'static str]),
    /// Not a label.
    #[error("Value must be a label of at least 1 and at most 36 letters and digits")]
    Label,
    /// Not a JSON object, or one that no store could keep and give back as it was.
    #[error(
        "Value must be a JSON object of at most 65535 bytes and 64 levels, without repeated names, NUL characters or lone surrogates"
    )]
    Preferences,
    /// Not an absolute URL in its plain spelling, or one that leads to a place that the host does not list.
    #[error("URL must be absolute and plainly spelled, or its host is not allowed")]
    RedirectUrl,
    /// An entry of the list of allowed hosts that is neither a host nor an origin.
    #[error(
        "Allowed hosts must be a host such as app.example.com, a wildcard such as *.example.com, or an origin such as https://app.example.com:8443"
    )]
    AllowedHost,
    /// An entry of the list of allowed apps that cannot be an application id or a private-use scheme.
    #[error(
        "Allowed apps must be an application id such as com.example.app, and no scheme that browsers or systems treat specially"
    )]
    AllowedApp,
    /// A query that cannot be read; the text says what is wrong with it.
    #[error("Invalid query: {0}")]
    Query(&'static str),
    /// A query with a method that does not exist or is not offered here.
    #[error("Invalid query method: it does not exist or is not supported here")]
    QueryMethod,
    /// A new password that a rule of the host refuses; the text is the rule's.
    #[error("{0}")]
    PasswordRule(String),
    /// Not the wire form of a session's secret.
    #[error("Value must be the secret of a session")]
    SessionSecret,
    /// A master key that is too short, no randomness, or not base64.
    #[error("Master key must be at least 32 random bytes, in base64")]
    MasterKey,
    /// A lifetime out of bounds.
    #[error("Value must be a lifetime of at least one minute and at most one year")]
    Lifetime,
    /// Not the wire form of what a browser keeps while it is at a provider.
    #[error("Value must be the state of a sign-in")]
    FlowState,
    /// A query whose cursor is no id. The API calls it `general_query_invalid`.
    #[error("Invalid query: the cursor must be an id")]
    QueryCursor,
}

struct List<'a>(&'a [&'a str]);

impl fmt::Display for List<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_of_allowed_values_is_printed_in_parentheses() {
        assert_eq!(Invalid::OneOf(&["totp", "email"]).to_string(), "Value must be one of (totp, email)");
    }
}
