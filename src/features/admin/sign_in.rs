//! Access to accounts: new passwords, sessions, and tokens that sign in.

use std::time::Duration;

use super::handle::Admin;
use crate::{
    error::Error,
    model::{EventKind, Invalid, Key, Token, User, UserId},
    operation::AdminOperation,
    ports::{Clock, Mailer, Parts, SmsSender, Store},
    service::{Draft, Settled},
};

/// The length and lifetime of a generic token.
///
/// # Examples
/// ```
/// use std::time::Duration;
/// use account::GenericToken;
///
/// let mut how = GenericToken::default();
/// (how.digits, how.lifetime) = (64, Duration::from_secs(24 * 3600)); // for a link in a letter
/// assert_ne!(how, GenericToken::default());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct GenericToken {
    /// The number of hex digits of the secret, 4 to 128. Default: 6. Five wrong guesses invalidate
    /// a secret of fewer than 32 digits.
    pub digits: usize,
    /// The lifetime, 1 minute to 1 year. Default: 15 minutes.
    pub lifetime: Duration,
}

impl Default for GenericToken {
    fn default() -> Self {
        Self { digits: 6, lifetime: Duration::from_secs(15 * 60) }
    }
}

/// # Sessions, new passwords and tokens
impl<S: Store, M: Mailer, P: SmsSender, C: Clock> Admin<'_, S, M, P, C> {
    /// Requires a new password, or withdraws that: until then every session of the account is
    /// refused with [`Error::PasswordResetRequired`]. A
    /// [recovery](crate::AccountService::finish_recovery) sets the new password.
    ///
    /// # Errors
    /// [`Error::UserNotFound`]; [`Error::Store`].
    ///
    /// # Examples
    /// ```
    /// # #[cfg(not(feature = "testing"))] fn main() {}
    /// # #[cfg(feature = "testing")] #[tokio::main] async fn main() -> Result<(), account::Error> {
    /// # let test = account::testing::TestHost::new();
    /// # let accounts = &test.service;
    /// # let client = account::model::ClientInfo::default();
    /// # let session = test.signed_up("ada@example.com").await;
    /// # let id = *session.user_id();
    /// # let admin = accounts.admin(&client);
    /// use account::Error;
    ///
    /// admin.require_password_reset(&id, true).await?;
    /// let refused = accounts.caller(&session.secret).await;
    /// assert!(matches!(refused, Err(Error::PasswordResetRequired)));
    /// # Ok(()) }
    /// ```
    pub async fn require_password_reset(&self, id: &UserId, required: bool) -> Result<User, Error> {
        self.change(id, AdminOperation::RequirePasswordReset, |draft| {
            draft.reset_required = required;
            draft.touch();
        })
        .await
    }

    /// Ends all sessions of the account, with their JWTs.
    ///
    /// # Errors
    /// [`Error::UserNotFound`]; [`Error::Store`].
    ///
    /// # Examples
    /// ```
    /// # #[cfg(not(feature = "testing"))] fn main() {}
    /// # #[cfg(feature = "testing")] #[tokio::main] async fn main() -> Result<(), account::Error> {
    /// # let test = account::testing::TestHost::new();
    /// # let accounts = &test.service;
    /// # let client = account::model::ClientInfo::default();
    /// # let session = test.signed_up("ada@example.com").await;
    /// # let id = *session.user_id();
    /// # let admin = accounts.admin(&client);
    /// admin.end_sessions(&id).await?;
    /// assert!(accounts.caller(&session.secret).await.is_err());
    /// # Ok(()) }
    /// ```
    pub async fn end_sessions(&self, id: &UserId) -> Result<User, Error> {
        self.change(id, AdminOperation::EndSessions, |draft| {
            draft.retain_sessions(|_| false);
            draft.note(EventKind::SessionDeleted, None);
        })
        .await
    }

    /// Issues a token that [signs in](crate::AccountService::sign_in_with_token) to the account,
    /// once. It replaces an earlier one with a short secret.
    ///
    /// # Errors
    /// [`Error::UserNotFound`]; [`Error::Invalid`] if length or lifetime is out of bounds;
    /// [`Error::Store`].
    ///
    /// # Security
    /// [`Token::secret`] is all that a sign-in needs. Give it only to the account's owner.
    ///
    /// # Examples
    /// ```
    /// # #[cfg(not(feature = "testing"))] fn main() {}
    /// # #[cfg(feature = "testing")] #[tokio::main] async fn main() -> Result<(), account::Error> {
    /// # let test = account::testing::TestHost::new();
    /// # let accounts = &test.service;
    /// # let client = account::model::ClientInfo::default();
    /// # let id = *test.signed_up("ada@example.com").await.user_id();
    /// # let admin = accounts.admin(&client);
    /// use account::{GenericToken, model::Passcode};
    ///
    /// let token = admin.issue_token(&id, GenericToken::default()).await?;
    /// let code: Passcode = token.secret().unwrap().expose().parse()?; // hand it to the owner
    /// let signed_in = accounts.sign_in_with_token(&id, &code, &client).await?;
    /// assert_eq!(*signed_in.user_id(), id);
    /// # Ok(()) }
    /// ```
    pub async fn issue_token(&self, id: &UserId, how: GenericToken) -> Result<Token, Error> {
        const YEAR: Duration = Duration::from_secs(365 * 24 * 3600);
        if !(4..=128).contains(&how.digits) {
            return Err(Invalid::Text { min: 4, max: 128 }.into());
        }
        if !(Duration::from_secs(60)..=YEAR).contains(&how.lifetime) {
            return Err(Invalid::Lifetime.into());
        }
        let cx = self.context(AdminOperation::IssueToken);
        let new = self.service.new_generic_token(how.digits, how.lifetime, cx.now)?;
        let guard = self.service.guard(self.client);
        let decide = |draft: &mut Draft| {
            draft.issue(&new, guard);
            draft.note(EventKind::TokenCreated, None);
            Ok(())
        };
        match self.service.change(&Key::Id(*id), Parts::Body, cx, decide).await? {
            Settled::Done((), account) => Ok(new.view(&account, None)),
            Settled::PrepareAgain | Settled::Absent => Err(Error::UserNotFound),
        }
    }
}
