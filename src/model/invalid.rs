//! The reason why a parser rejected a value.

use std::fmt;

/// The reason why a value was rejected.
///
/// Every parser of [`model`](crate::model) returns it. `Display` writes one plain sentence that
/// does not contain the value, except for the ASCII form of an email address's domain, so it may be
/// shown to the client. The HTTP API prefixes it with the name of the parameter.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Invalid {
    /// The value is not an email address in dot-atom form.
    #[error("Value must be a valid email address")]
    Email,
    /// The domain of the email address is not in ASCII. The text is the spelling that is accepted,
    /// such as `xn--mnchen-3ya.de` for `münchen.de`.
    #[error("Value must be a valid email address, with its domain in ASCII: {0}")]
    EmailDomain(Box<str>),
    /// The value is not a phone number in E.164 form, or its country code is not assigned.
    #[error("Phone number must start with a '+' and a country code, and can have at most fifteen digits")]
    Phone,
    /// The value is not an id.
    #[error(
        "Value must be an id of 1 to 36 characters: letters, digits, period, hyphen and underscore, \
         beginning with a letter or digit"
    )]
    Id,
    /// The password is too short or too long.
    #[error("Password must be between 8 and 256 characters long")]
    Password,
    /// The password is commonly used, so a dictionary attack would find it first.
    #[error("Password must be between 8 and 256 characters long and must not be a commonly used one")]
    CommonPassword,
    /// The name is empty, too long, or contains control characters.
    #[error("Value must be a name of at least 1 and at most 128 characters without control characters")]
    Name,
    /// The text is too short or too long.
    #[error("Value must be a text of at least {min} and at most {max} characters")]
    Text {
        /// The minimum number of characters.
        min: usize,
        /// The maximum number of characters.
        max: usize,
    },
    /// The value is not one of the allowed values.
    #[error("Value must be one of ({})", List(.0))]
    OneOf(&'static [&'static str]),
    /// The value is not a label.
    #[error("Value must be a label of at least 1 and at most 36 letters and digits")]
    Label,
    /// The value is not a JSON object, or a JSON object that not every store returns unchanged.
    #[error(
        "Value must be a JSON object of at most 65535 bytes and 64 levels, without repeated names, \
         NUL characters or lone surrogates"
    )]
    Preferences,
    /// The value is not an absolute URL in plain spelling, or your application does not allow its
    /// target.
    #[error("URL must be absolute and plainly spelled, or its host is not allowed")]
    RedirectUrl,
    /// An entry of the allowed hosts is neither a host name nor an origin.
    #[error(
        "Allowed hosts must be a host such as app.example.com, a wildcard such as *.example.com, \
         or an origin such as https://app.example.com:8443"
    )]
    AllowedHost,
    /// An entry of the allowed apps is neither an application id nor a private-use scheme.
    #[error(
        "Allowed apps must be an application id such as com.example.app, \
         and no scheme that browsers or systems treat specially"
    )]
    AllowedApp,
    /// The query cannot be parsed. The text describes the problem.
    #[error("Invalid query: {0}")]
    Query(&'static str),
    /// The method of the query does not exist or is not supported here.
    #[error("Invalid query method: it does not exist or is not supported here")]
    QueryMethod,
    /// A [`PasswordRule`](crate::ports::PasswordRule) of your application rejected the new
    /// password. The text comes from the rule.
    #[error("{0}")]
    PasswordRule(String),
    /// The value is not the wire form of a session token or device token.
    #[error("Value must be the secret of a session")]
    SessionSecret,
    /// The master key is too short, not random, or not base64.
    #[error("Master key must be at least 32 random bytes, in base64")]
    MasterKey,
    /// The lifetime is too short or too long.
    #[error("Value must be a lifetime of at least one minute and at most one year")]
    Lifetime,
    /// The value is not the wire form of the state that a browser keeps during an OAuth2 sign-in.
    #[error("Value must be the state of a sign-in")]
    FlowState,
    /// The cursor of the query is not an id. The API's error code is `general_query_invalid`.
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
