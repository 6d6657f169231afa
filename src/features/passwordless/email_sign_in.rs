//! The request for a link or code by email.

use crate::model::{CustomId, Email, UserId};

/// A request for a link or code by email.
///
/// # Examples
/// ```
/// use account::EmailSignIn;
///
/// let mut request = EmailSignIn::new("ada@example.com".parse()?);
/// request.user_id = "ada".parse()?; // of a new account; default: a generated id
/// request.with_phrase = true;
/// assert_eq!(request.email.as_str(), "ada@example.com");
/// # Ok::<(), account::error::Invalid>(())
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct EmailSignIn {
    /// The id of the account that is created if none has the address.
    pub user_id: CustomId<UserId>,
    /// The address.
    pub email: Email,
    /// Whether the page and the message show the same security phrase, by which users recognise
    /// their own request.
    pub with_phrase: bool,
}

impl EmailSignIn {
    /// A request without a phrase, for an account with a generated id.
    #[must_use]
    pub fn new(email: Email) -> Self {
        Self { user_id: CustomId::Generate, email, with_phrase: false }
    }
}
