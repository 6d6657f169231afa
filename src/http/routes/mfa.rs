//! Multi-factor sign-in: the switch, the authenticator app, challenges and recovery codes.

use std::str::FromStr;

use crate::{
    error::Error,
    http::{
        call::Call,
        models::{AuthenticatorModel, ChallengeModel, FactorsModel, RecoveryCodesModel, SessionModel},
        reply::{Answer, CookieChange, Reply},
    },
    model::{Invalid, Passcode, SecondFactor},
    ports::{Clock, Mailer, SmsSender, Store},
};

use super::profile::account;

impl<S: Store, M: Mailer, P: SmsSender, C: Clock> Call<S, M, P, C> {
    pub(super) async fn set_mfa(&self) -> Answer {
        let on = self.required_bool("mfa")?;
        Ok(account(&self.service.set_mfa(self.caller()?, on).await?))
    }

    pub(super) async fn factors(&self) -> Answer {
        Ok(Reply::ok(&FactorsModel::new(self.service.factors(self.holder()?).await?)))
    }

    pub(super) async fn add_authenticator(&self) -> Answer {
        self.in_path::<AuthenticatorKind>("type")?;
        let authenticator = self.service.add_authenticator(self.caller()?).await?;
        Ok(Reply::ok(&AuthenticatorModel::new(&authenticator)))
    }

    pub(super) async fn confirm_authenticator(&self) -> Answer {
        self.in_path::<AuthenticatorKind>("type")?;
        let otp = self.required::<Passcode>("otp")?;
        Ok(account(&self.service.confirm_authenticator(self.caller()?, otp.expose()).await?))
    }

    pub(super) async fn remove_authenticator(&self) -> Answer {
        self.in_path::<AuthenticatorKind>("type")?;
        self.service.remove_authenticator(self.caller()?).await?;
        Ok(Reply::empty())
    }

    pub(super) async fn start_challenge(&self) -> Answer {
        let factor = self.required::<SecondFactor>("factor")?;
        let challenge = self.service.start_challenge(self.holder()?, factor).await?;
        Ok(Reply::created(&ChallengeModel::new(&challenge)))
    }

    pub(super) async fn finish_challenge(&self) -> Answer {
        let (id, otp) = (self.required::<Passcode>("challengeId")?, self.required::<Passcode>("otp")?);
        // Any text may be sent; what is no id is the id of no challenge.
        let id = id.expose().parse().map_err(|_: Invalid| Error::InvalidToken)?;
        let passed = self.service.finish_challenge(self.holder()?, &id, otp.expose()).await?;
        let reply = Reply::ok(&SessionModel::new(&passed.session, "")).with_device(passed.device);
        Ok(match passed.secret {
            Some(secret) => reply.with_cookie(CookieChange::Set(secret, passed.session.expires_at)),
            None => reply,
        })
    }

    pub(super) async fn recovery_codes(&self) -> Answer {
        let codes = self.service.recovery_codes(self.caller()?).await?;
        Ok(Reply::ok(&RecoveryCodesModel::new(&codes)))
    }

    pub(super) async fn create_recovery_codes(&self) -> Answer {
        let codes = self.service.create_recovery_codes(self.caller()?).await?;
        Ok(Reply::created(&RecoveryCodesModel::new(&codes)))
    }

    pub(super) async fn replace_recovery_codes(&self) -> Answer {
        let codes = self.service.replace_recovery_codes(self.caller()?).await?;
        Ok(Reply::ok(&RecoveryCodesModel::new(&codes)))
    }
}

/// The one kind of authenticator that there is, in any case.
struct AuthenticatorKind;

impl FromStr for AuthenticatorKind {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        text.eq_ignore_ascii_case("totp").then_some(Self).ok_or(Invalid::OneOf(&["totp"]))
    }
}
