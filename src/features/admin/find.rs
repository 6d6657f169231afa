//! Looking accounts up.

use super::handle::Admin;
use crate::{
    error::Error,
    model::{Account, Email, Key, Phone, User, UserId},
    ports::{Clock, Mailer, Parts, Select, SmsSender, Store},
};

/// # Look up
impl<S: Store, M: Mailer, P: SmsSender, C: Clock> Admin<'_, S, M, P, C> {
    /// Returns the account with this id.
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
    /// use account::Error;
    ///
    /// let user = admin.user(&id).await?;
    /// assert_eq!(user.email().unwrap().as_str(), "ada@example.com");
    /// assert!(matches!(admin.user(&"no-such-id".parse()?).await, Err(Error::UserNotFound)));
    /// # Ok(()) }
    /// ```
    pub async fn user(&self, id: &UserId) -> Result<User, Error> {
        self.find(&Key::Id(*id), |_| true).await
    }

    /// Returns the account with this email address of its own.
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
    /// let user = admin.user_by_email(&"Ada@Example.com".parse()?).await?; // in any case
    /// assert_eq!(*user.id(), id);
    /// # Ok(()) }
    /// ```
    pub async fn user_by_email(&self, email: &Email) -> Result<User, Error> {
        self.find(&Key::Mailbox(email.clone()), |account| account.email() == Some(email)).await
    }

    /// Returns the account with this phone number.
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
    /// # let admin = accounts.admin(&client);
    /// # let mut new = account::NewUser::new();
    /// # new.phone = Some(("+64211234567".parse()?, false));
    /// # admin.import(new).await?;
    /// let user = admin.user_by_phone(&"+64211234567".parse()?).await?;
    /// assert!(!user.is_phone_verified());
    /// # Ok(()) }
    /// ```
    pub async fn user_by_phone(&self, phone: &Phone) -> Result<User, Error> {
        self.find(&Key::Phone(phone.clone()), |_| true).await
    }

    /// Lists at most `limit` accounts by ascending id, after the given one. Pass the last id of a
    /// page to get the next one, until a page is empty.
    ///
    /// Preferences are not loaded. Unreadable accounts are left out.
    ///
    /// # Errors
    /// [`Error::Store`].
    ///
    /// # Examples
    /// ```
    /// # #[cfg(not(feature = "testing"))] fn main() {}
    /// # #[cfg(feature = "testing")] #[tokio::main] async fn main() -> Result<(), account::Error> {
    /// # let test = account::testing::TestHost::new();
    /// # let accounts = &test.service;
    /// # let client = account::model::ClientInfo::default();
    /// # let id = *test.signed_up("ada@example.com").await.user_id();
    /// # test.signed_up("bob@example.com").await;
    /// # let admin = accounts.admin(&client);
    /// let (mut emails, mut after) = (Vec::new(), None);
    /// loop {
    ///     let page = admin.users(after.as_ref(), 100).await?;
    ///     let Some(last) = page.last() else { break };
    ///     after = Some(*last.id());
    ///     emails.extend(page.iter().filter_map(|user| user.email().cloned()));
    /// }
    /// assert_eq!(emails.len(), 2);
    /// # Ok(()) }
    /// ```
    pub async fn users(&self, after: Option<&UserId>, limit: u32) -> Result<Vec<User>, Error> {
        let inner = &self.service.inner;
        let now = inner.clock.now();
        let mut after = after.copied();
        loop {
            let page = inner.store.list(Select::After(after.as_ref()), limit).await?;
            let is_last = page.is_empty();
            after = page.last().map(|listed| listed.id);
            let readable = page.into_iter().filter_map(|listed| listed.found.ok());
            let users: Vec<User> = readable.map(|stored| User::at(stored.account, now)).collect();
            if is_last || !users.is_empty() {
                return Ok(users);
            }
        }
    }

    async fn find(&self, key: &Key, belongs: impl FnOnce(&Account) -> bool) -> Result<User, Error> {
        let inner = &self.service.inner;
        let stored = inner.store.load(key, Parts::Whole).await?;
        let account = stored.map(|stored| stored.account).filter(|account| belongs(account));
        Ok(User::at(account.ok_or(Error::UserNotFound)?, inner.clock.now()))
    }
}
