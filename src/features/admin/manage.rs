//! Blocking, labelling and deleting accounts.

use super::handle::Admin;
use crate::{
    error::Error,
    model::{Key, Label, User, UserId},
    operation::AdminOperation,
    ports::{Clock, Mailer, Parts, SmsSender, Store},
    service::{Draft, Settled},
};

/// # Block, label, delete
impl<S: Store, M: Mailer, P: SmsSender, C: Clock> Admin<'_, S, M, P, C> {
    /// Blocks or unblocks the account. A blocked account cannot sign in; its sessions are refused
    /// but kept.
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
    /// admin.set_blocked(&id, true).await?;
    /// assert!(matches!(accounts.caller(&session.secret).await, Err(Error::Blocked)));
    /// admin.set_blocked(&id, false).await?;
    /// assert!(accounts.caller(&session.secret).await.is_ok());
    /// # Ok(()) }
    /// ```
    pub async fn set_blocked(&self, id: &UserId, blocked: bool) -> Result<User, Error> {
        self.change(id, AdminOperation::SetBlocked, |draft| {
            draft.blocked = blocked;
            draft.touch();
        })
        .await
    }

    /// Replaces the account's labels.
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
    /// # let id = *test.signed_up("ada@example.com").await.user_id();
    /// # let admin = accounts.admin(&client);
    /// let user = admin.set_labels(&id, vec!["admin".parse()?]).await?;
    /// assert_eq!(user.labels()[0].as_str(), "admin"); // your application decides what that means
    /// # Ok(()) }
    /// ```
    pub async fn set_labels(&self, id: &UserId, labels: Vec<Label>) -> Result<User, Error> {
        self.change(id, AdminOperation::SetLabels, |draft| {
            draft.labels.clone_from(&labels);
            draft.touch();
        })
        .await
    }

    /// Deletes the account with all its data: sessions, identities, preferences, keys and log.
    ///
    /// # Errors
    /// [`Error::UserNotFound`]; [`Error::Busy`] if other changes kept it busy; [`Error::Store`],
    /// with [`StoreError::Referenced`](crate::ports::StoreError) if a row of your application
    /// refers to it.
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
    /// use account::Error;
    ///
    /// admin.delete(&id).await?;
    /// assert!(matches!(admin.user(&id).await, Err(Error::UserNotFound)));
    /// # Ok(()) }
    /// ```
    pub async fn delete(&self, id: &UserId) -> Result<(), Error> {
        let decide = |draft: &mut Draft| {
            draft.remove();
            Ok(())
        };
        match self
            .service
            .change(&Key::Id(*id), Parts::Body, self.context(AdminOperation::Delete), decide)
            .await?
        {
            Settled::Done((), _) => Ok(()),
            Settled::PrepareAgain | Settled::Absent => Err(Error::UserNotFound),
        }
    }
}
