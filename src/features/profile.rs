//! The profile: name, preferences and the account's own block.

use crate::{
    error::Error,
    model::{Name, Preferences, User},
    operation::Operation,
    ports::{Clock, Mailer, Parts, SmsSender, Store},
    service::{AccountService, Caller, Draft},
};

impl<S: Store, M: Mailer, P: SmsSender, C: Clock> AccountService<S, M, P, C> {
    /// Changes the caller's display name.
    ///
    /// # Errors
    /// The gates; [`Error::Store`].
    #[doc(alias = "updateName")]
    pub async fn change_name(&self, caller: &Caller, name: Name) -> Result<User, Error> {
        self.perform(Operation::ChangeName, caller.client(), |cx| async move {
            let decide = |draft: &mut Draft| {
                draft.name = name.clone();
                draft.touch();
                Ok(())
            };
            let ((), account) = self.change_as(caller, cx, Parts::Whole, decide).await?;
            Ok(User::new(account))
        })
        .await
    }

    /// The caller's preferences, exactly as they were sent.
    ///
    /// # Errors
    /// The gates; [`Error::Store`].
    #[doc(alias = "getPrefs")]
    pub async fn preferences(&self, caller: &Caller) -> Result<Preferences, Error> {
        self.perform(Operation::Preferences, caller.client(), |cx| async move {
            Ok(self.load_as(caller, Parts::Whole, cx).await?.account.preferences())
        })
        .await
    }

    /// Replaces the caller's preferences as a whole.
    ///
    /// # Errors
    /// The gates; [`Error::Store`].
    #[doc(alias = "updatePrefs")]
    pub async fn replace_preferences(
        &self,
        caller: &Caller,
        preferences: Preferences,
    ) -> Result<User, Error> {
        self.perform(Operation::ReplacePreferences, caller.client(), |cx| async move {
            let decide = |draft: &mut Draft| {
                draft.set_preferences(preferences.clone());
                draft.touch();
                Ok(())
            };
            let ((), account) = self.change_as(caller, cx, Parts::Whole, decide).await?;
            Ok(User::new(account))
        })
        .await
    }

    /// Blocks the caller's own account. Only the host can lift that; until then every use answers [`Error::Blocked`].
    ///
    /// # Errors
    /// The gates; [`Error::Store`].
    #[doc(alias = "updateStatus")]
    pub async fn block(&self, caller: &Caller) -> Result<User, Error> {
        self.perform(Operation::Block, caller.client(), |cx| async move {
            let decide = |draft: &mut Draft| {
                draft.blocked = true;
                draft.touch();
                Ok(())
            };
            let ((), account) = self.change_as(caller, cx, Parts::Whole, decide).await?;
            Ok(User::new(account))
        })
        .await
    }
}
