//! Multi-factor sign-in: the switch, and which second factors there are (NIST SP 800-63B-4 §2.2, ASVS 6.3.3).
//!
//! Who owes a factor is decided at one place, [`Account::owes_factor`](crate::model::Account): where the switch is on and there is a factor to
//! ask for, a session acts only once it has proved two of different kinds.

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
    service::{AccountService, Caller, Draft, SessionHolder},
};

pub use authenticator::NewAuthenticator;
pub use challenge::{Challenge, PassedChallenge};
pub use recovery_codes::RecoveryCodes;

/// Which second factors an account can be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct FactorList {
    /// An authenticator app that has shown one of its codes.
    pub totp: bool,
    /// A verified phone number.
    pub phone: bool,
    /// A verified email address.
    pub email: bool,
    /// At least one recovery code that was not used.
    pub recovery_code: bool,
}

impl<S: Store, M: Mailer, P: SmsSender, C: Clock> AccountService<S, M, P, C> {
    /// Switches multi-factor sign-in on or off.
    ///
    /// It can be switched on without any second factor; nothing is asked for until there is one. The session that switches it on counts as
    /// having proved every factor there is, so that it is not locked out; other sessions and JWTs end unless
    /// [`end_other_sessions`](crate::Config::end_other_sessions) is off. The account's email address is told of a change.
    ///
    /// # Errors
    /// [`Error::ChallengeRequired`] if two factors are asked for and no challenge was passed in the last 30 minutes; the other gates;
    /// [`Error::Store`].
    #[doc(alias = "updateMFA")]
    pub async fn set_mfa(&self, caller: &Caller, on: bool) -> Result<User, Error> {
        self.perform(Operation::SetMfa, caller.client(), |cx| async move {
            let policy = &self.inner.config;
            let decide = |draft: &mut Draft| Ok(draft.set_mfa(caller, on, policy));
            let (changed, account) = self.change_as(caller, cx, Parts::Whole, decide).await?;
            if changed {
                let notice = if on { Notice::MfaEnabled } else { Notice::MfaDisabled };
                self.send_email(account.contact(), cx.client, cx.now, notice).await;
            }
            Ok(User::new(account))
        })
        .await
    }

    /// Which second factors the holder's account can be asked for. A sign-in page asks when it is told that a factor is owed.
    ///
    /// # Errors
    /// The gates, but for the one of second factors; [`Error::Store`].
    #[doc(alias = "listMfaFactors")]
    pub async fn factors(&self, holder: &SessionHolder) -> Result<FactorList, Error> {
        self.perform(Operation::Factors, holder.client(), |cx| async move {
            Ok(self.load_as(holder, Parts::Body, cx).await?.account.factors())
        })
        .await
    }
}

impl Draft {
    /// Tells whether the switch was in the other position.
    fn set_mfa(&mut self, caller: &SessionHolder, on: bool, policy: &Config) -> bool {
        let changed = self.mfa != on;
        self.mfa = on;
        let (held, now) = (self.factors(), self.now);
        if on && let Some(session) = self.session_mut(caller.session_id(), now) {
            let usable =
                [(held.totp, Factor::Totp), (held.email, Factor::Email), (held.phone, Factor::Phone)];
            usable.into_iter().filter(|(held, _)| *held).for_each(|(_, factor)| session.factors.add(factor));
        }
        if on && changed && policy.end_other_sessions {
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
