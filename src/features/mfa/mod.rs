//! Multi-factor authentication: turning it on, and the factors of an account (NIST SP 800-63B-4
//! §2.2, ASVS 6.3.3).
//!
//! One function decides whether a session lacks a factor,
//! [`Account::lacks_factor`](crate::model::Account): if MFA is on and a second factor exists, a
//! session needs two factors of different kinds.

mod authenticator;
mod challenge;
mod recovery_codes;

use crate::{
    config::Config,
    error::Error,
    messages::Notice,
    model::{Account, Factor, User},
    operation::Operation,
    ports::{Clock, Mailer, Parts, SmsSender, Store},
    service::{AccountService, Caller, Context, Draft, SessionHolder},
};

pub use authenticator::NewAuthenticator;
pub use challenge::{Challenge, PassedChallenge};
pub use recovery_codes::RecoveryCodes;

/// The second factors of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct FactorList {
    /// A confirmed authenticator app.
    pub totp: bool,
    /// A verified phone number.
    pub phone: bool,
    /// A verified email address.
    pub email: bool,
    /// At least one unused recovery code.
    pub recovery_code: bool,
}

/// # Multi-factor authentication, on or off
impl<S: Store, M: Mailer, P: SmsSender, C: Clock> AccountService<S, M, P, C> {
    /// Turns multi-factor authentication on or off.
    ///
    /// It can be turned on without a second factor, and is active once there is one. The session
    /// that turns it on counts as having every factor, so that it is not locked out. Other sessions
    /// and JWTs end unless [`end_other_sessions`](crate::Config::end_other_sessions) is off. The
    /// account's email address is notified.
    ///
    /// # Errors
    /// [`Error::ChallengeRequired`] if MFA is active and no challenge was passed in the last 30
    /// minutes; the other [errors of every caller](crate::Caller#errors); [`Error::Store`].
    ///
    /// # Examples
    /// ```
    /// # #[cfg(not(feature = "testing"))] fn main() {}
    /// # #[cfg(feature = "testing")] #[tokio::main] async fn main() -> Result<(), account::Error> {
    /// # let test = account::testing::TestHost::new();
    /// # let accounts = &test.service;
    /// # let client = account::model::ClientInfo::default();
    /// # let caller = test.caller(&test.signed_up("ada@example.com").await).await;
    /// # let allowed = account::model::AllowedRedirects::new(["localhost"], [])?;
    /// # let page = allowed.check("http://localhost")?;
    /// # accounts.start_email_verification(&caller, &page).await?;
    /// # let secret = test.link_secret("ada@example.com");
    /// # accounts.finish_email_verification(caller.user_id(), &secret, &client).await?;
    /// use account::Error;
    ///
    /// let user = accounts.set_mfa(&caller, true).await?;
    /// assert!(user.has_mfa());
    ///
    /// // From now on, the password alone is not enough.
    /// let signed_in = test.signed_in("ada@example.com").await;
    /// let refused = accounts.caller(&signed_in.secret).await;
    /// assert!(matches!(refused, Err(Error::MoreFactorsRequired)));
    /// # Ok(()) }
    /// ```
    #[doc(alias = "updateMFA")]
    #[doc(alias = "2FA")]
    #[doc(alias = "MFA")]
    pub async fn set_mfa(&self, caller: &Caller, on: bool) -> Result<User, Error> {
        self.perform(Operation::SetMfa, caller.client(), |cx| self.set_mfa_in(cx, caller, on)).await
    }

    async fn set_mfa_in(&self, cx: Context<'_>, caller: &Caller, on: bool) -> Result<User, Error> {
        let config = &self.inner.config;
        let decide = |draft: &mut Draft| Ok(draft.set_mfa(caller, on, config));
        let (changed, account) = self.change_as(caller, cx, Parts::Whole, decide).await?;
        if changed {
            let notice = if on { Notice::MfaEnabled } else { Notice::MfaDisabled };
            self.send_email(cx, account.contact(), notice).await;
        }
        Ok(User::new(account))
    }

    /// Lists the second factors of the holder's account. A sign-in page calls it after
    /// [`Error::MoreFactorsRequired`].
    ///
    /// # Errors
    /// The [errors of every caller](crate::Caller#errors) except for the missing factor;
    /// [`Error::Store`].
    ///
    /// # Examples
    /// ```
    /// # #[cfg(not(feature = "testing"))] fn main() {}
    /// # #[cfg(feature = "testing")] #[tokio::main] async fn main() -> Result<(), account::Error> {
    /// # let test = account::testing::TestHost::new();
    /// # let accounts = &test.service;
    /// # let client = account::model::ClientInfo::default();
    /// # let caller = test.caller(&test.signed_up("ada@example.com").await).await;
    /// # let allowed = account::model::AllowedRedirects::new(["localhost"], [])?;
    /// # let page = allowed.check("http://localhost")?;
    /// # accounts.start_email_verification(&caller, &page).await?;
    /// # let secret = test.link_secret("ada@example.com");
    /// # accounts.finish_email_verification(caller.user_id(), &secret, &client).await?;
    /// # accounts.set_mfa(&caller, true).await?;
    /// # let signed_in = test.signed_in("ada@example.com").await;
    /// let holder = accounts.session_holder(&signed_in.secret).await?;
    /// let factors = accounts.factors(&holder).await?;
    /// assert!(factors.email && !factors.totp); // offer a code by email
    /// # Ok(()) }
    /// ```
    #[doc(alias = "listMfaFactors")]
    pub async fn factors(&self, holder: &SessionHolder) -> Result<FactorList, Error> {
        self.perform(Operation::Factors, holder.client(), |cx| self.factors_in(cx, holder)).await
    }

    async fn factors_in(&self, cx: Context<'_>, holder: &SessionHolder) -> Result<FactorList, Error> {
        Ok(self.load_as(holder, Parts::Body, cx).await?.account.factors())
    }
}

impl Draft {
    /// Returns whether it was the other way before.
    fn set_mfa(&mut self, caller: &SessionHolder, on: bool, config: &Config) -> bool {
        let changed = self.mfa != on;
        self.mfa = on;
        let (held, now) = (self.factors(), self.now);
        if on && let Some(session) = self.session_mut(caller.session_id(), now) {
            let usable =
                [(held.totp, Factor::Totp), (held.email, Factor::Email), (held.phone, Factor::Phone)];
            usable.into_iter().filter(|(held, _)| *held).for_each(|(_, factor)| session.factors.add(factor));
        }
        if on && changed && config.end_other_sessions {
            self.revoke_other_sessions(caller);
        }
        self.touch();
        changed
    }
}

impl Account {
    fn factors(&self) -> FactorList {
        FactorList {
            totp: self.has_authenticator(),
            phone: self.is_phone_verified(),
            email: self.is_email_verified(),
            recovery_code: self.recovery_codes.is_some(),
        }
    }
}
