//! The profile: reading it, name, preferences, and blocking one's own account.

use crate::{
    error::Error,
    model::{Name, Preferences, User},
    operation::Operation,
    ports::{Clock, Mailer, Parts, SmsSender, Store},
    service::{AccountService, Caller, Context, Draft},
};

/// # Profile
impl<S: Store, M: Mailer, P: SmsSender, C: Clock> AccountService<S, M, P, C> {
    /// Returns the caller's account.
    ///
    /// # Errors
    /// [`Error::NotSignedIn`] and the other [errors of every caller](crate::Caller#errors) if the
    /// caller may no longer act; [`Error::Store`].
    ///
    /// # Examples
    /// ```
    /// # #[cfg(not(feature = "testing"))] fn main() {}
    /// # #[cfg(feature = "testing")] #[tokio::main] async fn main() -> Result<(), account::Error> {
    /// # let test = account::testing::TestHost::new();
    /// # let accounts = &test.service;
    /// # let caller = test.caller(&test.signed_up("ada@example.com").await).await;
    /// let user = accounts.user(&caller).await?;
    /// assert_eq!(user.email().unwrap().as_str(), "ada@example.com");
    /// assert!(user.name().is_empty() && !user.has_mfa());
    /// # Ok(()) }
    /// ```
    #[doc(alias = "get")]
    #[doc(alias = "current user")]
    pub async fn user(&self, caller: &Caller) -> Result<User, Error> {
        self.perform(Operation::User, caller.client(), |cx| self.user_in(cx, caller)).await
    }

    async fn user_in(&self, cx: Context<'_>, caller: &Caller) -> Result<User, Error> {
        Ok(User::at(self.load_as(caller, Parts::Whole, cx).await?.account, cx.now))
    }

    /// Changes the caller's display name.
    ///
    /// # Errors
    /// The [errors of every caller](crate::Caller#errors); [`Error::Store`].
    ///
    /// # Examples
    /// ```
    /// # #[cfg(not(feature = "testing"))] fn main() {}
    /// # #[cfg(feature = "testing")] #[tokio::main] async fn main() -> Result<(), account::Error> {
    /// # let test = account::testing::TestHost::new();
    /// # let accounts = &test.service;
    /// # let caller = test.caller(&test.signed_up("ada@example.com").await).await;
    /// let user = accounts.change_name(&caller, "Ada Lovelace".parse()?).await?;
    /// assert_eq!(user.name().as_str(), "Ada Lovelace");
    /// # Ok(()) }
    /// ```
    #[doc(alias = "updateName")]
    pub async fn change_name(&self, caller: &Caller, name: Name) -> Result<User, Error> {
        self.perform(Operation::ChangeName, caller.client(), |cx| self.change_name_in(cx, caller, name)).await
    }

    async fn change_name_in(&self, cx: Context<'_>, caller: &Caller, name: Name) -> Result<User, Error> {
        let decide = |draft: &mut Draft| {
            draft.name = name.clone();
            draft.touch();
            Ok(())
        };
        let ((), account) = self.change_as(caller, cx, Parts::Whole, decide).await?;
        Ok(User::new(account))
    }

    /// Returns the caller's preferences, exactly as they were sent.
    ///
    /// # Errors
    /// The [errors of every caller](crate::Caller#errors); [`Error::Store`].
    ///
    /// # Examples
    /// ```
    /// # #[cfg(not(feature = "testing"))] fn main() {}
    /// # #[cfg(feature = "testing")] #[tokio::main] async fn main() -> Result<(), account::Error> {
    /// # let test = account::testing::TestHost::new();
    /// # let accounts = &test.service;
    /// # let caller = test.caller(&test.signed_up("ada@example.com").await).await;
    /// # accounts.replace_preferences(&caller, r#"{"theme":"dark"}"#.parse()?).await?;
    /// let preferences = accounts.preferences(&caller).await?;
    /// assert_eq!(preferences.as_json(), r#"{"theme":"dark"}"#);
    /// # Ok(()) }
    /// ```
    #[doc(alias = "getPrefs")]
    pub async fn preferences(&self, caller: &Caller) -> Result<Preferences, Error> {
        self.perform(Operation::Preferences, caller.client(), |cx| self.preferences_in(cx, caller)).await
    }

    async fn preferences_in(&self, cx: Context<'_>, caller: &Caller) -> Result<Preferences, Error> {
        Ok(self.load_as(caller, Parts::Whole, cx).await?.account.preferences())
    }

    /// Replaces all of the caller's preferences.
    ///
    /// # Errors
    /// The [errors of every caller](crate::Caller#errors); [`Error::Store`].
    ///
    /// # Examples
    /// ```
    /// # #[cfg(not(feature = "testing"))] fn main() {}
    /// # #[cfg(feature = "testing")] #[tokio::main] async fn main() -> Result<(), account::Error> {
    /// # let test = account::testing::TestHost::new();
    /// # let accounts = &test.service;
    /// # let caller = test.caller(&test.signed_up("ada@example.com").await).await;
    /// use account::model::Preferences;
    ///
    /// #[derive(serde::Serialize, serde::Deserialize)]
    /// struct Choices { theme: String }
    ///
    /// let choices = Preferences::from_value(&Choices { theme: "dark".into() })?;
    /// accounts.replace_preferences(&caller, choices).await?;
    /// let kept: Choices = accounts.preferences(&caller).await?.to_value().unwrap();
    /// assert_eq!(kept.theme, "dark");
    /// # Ok(()) }
    /// ```
    #[doc(alias = "updatePrefs")]
    pub async fn replace_preferences(
        &self,
        caller: &Caller,
        preferences: Preferences,
    ) -> Result<User, Error> {
        self.perform(Operation::ReplacePreferences, caller.client(), |cx| {
            self.replace_preferences_in(cx, caller, preferences)
        })
        .await
    }

    async fn replace_preferences_in(
        &self,
        cx: Context<'_>,
        caller: &Caller,
        preferences: Preferences,
    ) -> Result<User, Error> {
        let decide = |draft: &mut Draft| {
            draft.set_preferences(preferences.clone());
            draft.touch();
            Ok(())
        };
        let ((), account) = self.change_as(caller, cx, Parts::Whole, decide).await?;
        Ok(User::new(account))
    }

    /// Blocks the caller's own account. Only an [admin](crate::Admin::set_blocked) can unblock it;
    /// until then every operation returns [`Error::Blocked`].
    ///
    /// # Errors
    /// The [errors of every caller](crate::Caller#errors); [`Error::Store`].
    ///
    /// # Examples
    /// ```
    /// # #[cfg(not(feature = "testing"))] fn main() {}
    /// # #[cfg(feature = "testing")] #[tokio::main] async fn main() -> Result<(), account::Error> {
    /// # let test = account::testing::TestHost::new();
    /// # let accounts = &test.service;
    /// # let client = account::model::ClientInfo::default();
    /// # let caller = test.caller(&test.signed_up("ada@example.com").await).await;
    /// use account::Error;
    ///
    /// let user = accounts.block(&caller).await?;
    /// assert!(matches!(accounts.user(&caller).await, Err(Error::Blocked)));
    ///
    /// // Only your own server can unblock it.
    /// accounts.admin(&client).set_blocked(user.id(), false).await?;
    /// assert!(accounts.user(&caller).await.is_ok());
    /// # Ok(()) }
    /// ```
    #[doc(alias = "updateStatus")]
    pub async fn block(&self, caller: &Caller) -> Result<User, Error> {
        self.perform(Operation::Block, caller.client(), |cx| self.block_in(cx, caller)).await
    }

    async fn block_in(&self, cx: Context<'_>, caller: &Caller) -> Result<User, Error> {
        let decide = |draft: &mut Draft| {
            draft.blocked = true;
            draft.touch();
            Ok(())
        };
        let ((), account) = self.change_as(caller, cx, Parts::Whole, decide).await?;
        Ok(User::new(account))
    }
}
