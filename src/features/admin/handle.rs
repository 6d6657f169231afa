//! The handle of the admin operations.

use crate::{
    error::Error,
    model::{ClientInfo, Key, User, UserId},
    operation::AdminOperation,
    ports::{Clock, Mailer, Parts, SmsSender, Store},
    service::{Abort, AccountService, Context, Draft, Settled},
};

/// Admin operations on any account: look up, import, block, label, sign out, delete.
///
/// [`AccountService::admin`] returns it. Its methods check neither a session nor a permission.
///
/// # Security
/// Check that the client is one of your administrators before you call a method here, and before a
/// client's input decides which account it acts on.
///
/// # Examples
/// ```
/// # #[cfg(not(feature = "testing"))] fn main() {}
/// # #[cfg(feature = "testing")] #[tokio::main] async fn main() -> Result<(), account::Error> {
/// # let test = account::testing::TestHost::new();
/// # let accounts = &test.service;
/// # let client = account::model::ClientInfo::default();
/// # test.signed_up("ada@example.com").await;
/// use account::model::User;
///
/// # let me = test.caller(&test.signed_up("root@example.com").await).await;
/// # accounts.admin(&client).set_labels(me.user_id(), vec!["admin".parse()?]).await?;
/// let user: User = accounts.user(&me).await?;
/// if user.labels().iter().any(|label| label.as_str() == "admin") {
///     let admin = accounts.admin(&client);
///     let ada = admin.user_by_email(&"ada@example.com".parse()?).await?;
///     admin.set_blocked(ada.id(), true).await?;
/// }
/// # let ada = accounts.admin(&client).user_by_email(&"ada@example.com".parse()?).await?;
/// # assert!(ada.is_blocked());
/// # Ok(()) }
/// ```
#[derive(Debug)]
#[doc(alias = "administrator")]
#[doc(alias = "backend")]
pub struct Admin<'a, S, M, P, C> {
    pub(super) service: &'a AccountService<S, M, P, C>,
    pub(super) client: &'a ClientInfo,
}

/// # Admin
impl<S: Store, M: Mailer, P: SmsSender, C: Clock> AccountService<S, M, P, C> {
    /// Returns the admin operations. The security log records `client`: the administrator's, or the
    /// default.
    ///
    /// # Examples
    /// ```
    /// # #[cfg(not(feature = "testing"))] fn main() {}
    /// # #[cfg(feature = "testing")] #[tokio::main] async fn main() -> Result<(), account::Error> {
    /// # let test = account::testing::TestHost::new();
    /// # let accounts = &test.service;
    /// # let client = account::model::ClientInfo::default();
    /// # test.signed_up("ada@example.com").await;
    /// use account::model::ClientInfo;
    ///
    /// let client = ClientInfo::at("192.0.2.7".parse().unwrap()); // of the administrator
    /// let users = accounts.admin(&client).users(None, 100).await?;
    /// assert_eq!(users.len(), 1);
    /// # Ok(()) }
    /// ```
    #[must_use]
    #[doc(alias = "administrator")]
    pub fn admin<'a>(&'a self, client: &'a ClientInfo) -> Admin<'a, S, M, P, C> {
        Admin { service: self, client }
    }
}

impl<S: Store, M: Mailer, P: SmsSender, C: Clock> Admin<'_, S, M, P, C> {
    pub(super) fn context(&self, operation: AdminOperation) -> Context<'_> {
        self.service.admin_context(operation, self.client)
    }

    /// Makes a change that no state of the account prevents.
    pub(super) async fn change(
        &self,
        id: &UserId,
        operation: AdminOperation,
        change: impl Fn(&mut Draft) + Send + Sync,
    ) -> Result<User, Error> {
        let decide = |draft: &mut Draft| {
            change(draft);
            Ok::<_, Abort>(())
        };
        match self.service.change(&Key::Id(*id), Parts::Whole, self.context(operation), decide).await? {
            Settled::Done((), account) => Ok(User::new(account)),
            Settled::PrepareAgain | Settled::Absent => Err(Error::UserNotFound),
        }
    }
}
