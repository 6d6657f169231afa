//! What those who are signed in do.

use super::{
    Address, App, Assurance, BLOCKED, CHALLENGE, Challenge, DAY, INVALID, LIFE_OF_SESSIONS, MINUTE,
    MORE_FACTORS, NAME, NEW, NO_SESSION, Person, TARGET_EXISTS, Target, Verdict, WRONG,
};
use crate::simulation::deeds::{Act, Factor, Purpose, Who};

impl Person {
    /// Checks a guess at the password.
    pub(super) fn guess(&mut self, password: usize, now: i64) -> Result<(), Verdict> {
        if self.is_locked(now) {
            return Err(Verdict::refused(WRONG));
        }
        if self.password != Some(password) {
            let events = self.count(now);
            return Err(Verdict::costs(WRONG, self.clone(), events));
        }
        Ok(())
    }

    pub(super) fn admit(&self, events: &mut Vec<&'static str>) -> Result<(), Verdict> {
        if !self.blocked {
            return Ok(());
        }
        events.push("session.refuse");
        Err(Verdict::costs(BLOCKED, self.clone(), events.clone()))
    }

    /// What a person who is signed in does.
    pub(super) fn act(mut self, who: &Who, act: &Act, now: i64) -> Result<Verdict, Verdict> {
        let assurance = match act {
            Act::StartChallenge(_) | Act::FinishChallenge { .. } | Act::SignOut(_) => Assurance::Exempt,
            Act::Mfa(_) | Act::AddApp | Act::RemoveApp => Assurance::FreshIfActive,
            Act::ReadCodes | Act::ReplaceCodes => Assurance::Fresh,
            _ => Assurance::Full,
        };
        let own = self.prove(who, now, assurance)?;
        let own_id = self.sessions[own].id.clone();
        let rotates = who.jwt.is_none() && !who.keeps;
        let event = match act {
            Act::User => return Ok(Verdict::reads(self.user_view())),
            Act::Sessions => {
                let ids: Vec<_> = self.sessions.iter().map(|session| session.id.as_str()).collect();
                return Ok(Verdict::reads(format!("{ids:?}")));
            }
            Act::Events => return Ok(Verdict::default()),
            Act::ReadPreferences => return Ok(Verdict::reads(self.preferences.to_string())),
            Act::ReadCodes => {
                let codes = self.codes.ok_or(Verdict::refused("user_recovery_codes_not_found"))?;
                return Ok(Verdict::reads(format!("{codes:?}")));
            }
            Act::Identities => {
                let ids: Vec<_> = self.identities.iter().map(|identity| identity.id.as_str()).collect();
                return Ok(Verdict::reads(format!("{ids:?}")));
            }
            Act::Unlink(id) => {
                self.unlink(id, &own_id)?;
                "identity.delete"
            }
            Act::Name => {
                self.name = NAME;
                "user.update"
            }
            Act::Preferences(n) => {
                self.preferences = *n;
                "user.update"
            }
            Act::Block => {
                self.blocked = true;
                "user.update"
            }
            Act::Password { new, old } => {
                if self.password.is_some() {
                    let old = old.ok_or(Verdict::refused(WRONG))?;
                    self.guess(old, now)?;
                    self.forgive();
                }
                return self.change_credentials(own, rotates, Some(*new), None, now);
            }
            Act::Address { to, password } => {
                let first = self.password.is_none().then_some(*password);
                if first.is_none() {
                    self.guess(*password, now)?;
                    self.forgive();
                }
                return self.change_credentials(own, rotates, first, Some(*to), now);
            }
            Act::SignOut(id) => {
                if *id != own_id && self.owes(&self.sessions[own]) {
                    return Err(Verdict::refused(MORE_FACTORS));
                }
                if !self.sessions.iter().any(|session| session.id == *id) {
                    return Err(Verdict::refused(NO_SESSION));
                }
                self.keep_sessions(|session| session.id != *id);
                "session.delete"
            }
            Act::SignOutEverywhere => {
                self.keep_sessions(|_| false);
                "session.delete"
            }
            Act::Extend(id) => {
                let session = self.sessions.iter_mut().find(|session| session.id == *id);
                session.ok_or(Verdict::refused(NO_SESSION))?.expires = now + LIFE_OF_SESSIONS;
                "session.update"
            }
            Act::Jwt if who.jwt.is_some() => return Err(Verdict::refused(NO_SESSION)),
            Act::Jwt => "jwt.create",
            Act::StartVerification { phone } => {
                let address = if *phone { self.phone } else { self.email };
                match (address, phone) {
                    (None, false) => return Err(Verdict::refused("user_email_not_found")),
                    (None, true) => return Err(Verdict::refused("user_phone_not_found")),
                    (Some((_, true)), false) => return Err(Verdict::refused("user_email_already_verified")),
                    (Some((_, true)), true) => return Err(Verdict::refused("user_phone_already_verified")),
                    (Some(_), false) => self.issue(Purpose::EmailVerification, false, 7 * DAY, now),
                    (Some(_), true) => self.issue(Purpose::PhoneVerification, true, 15 * MINUTE, now),
                }
                "verification.create"
            }
            Act::FinishPhoneVerification { secret, .. } => {
                self.redeem(secret, &[Purpose::PhoneVerification], now)?;
                self.phone.iter_mut().for_each(|(_, proven)| *proven = true);
                "verification.update"
            }
            Act::Mfa(on) => {
                let changed = self.mfa != *on;
                self.mfa = *on;
                if *on {
                    let held = [
                        (self.has_app(), Factor::Totp),
                        (Self::proven(self.email), Factor::Email),
                        (Self::proven(self.phone), Factor::Phone),
                    ];
                    let usable = held.into_iter().filter(|(held, _)| *held).map(|(_, factor)| factor);
                    self.sessions[own].factors.extend(usable);
                    if changed {
                        self.end_others(&own_id);
                    }
                }
                "user.update"
            }
            Act::AddApp => {
                if self.has_app() {
                    return Err(Verdict::refused("user_authenticator_already_verified"));
                }
                self.app = Some(App::default());
                "authenticator.create"
            }
            Act::ConfirmApp { otp } => {
                match &self.app {
                    None => return Err(Verdict::refused("user_authenticator_not_found")),
                    Some(app) if app.verified => {
                        return Err(Verdict::refused("user_authenticator_already_verified"));
                    }
                    Some(_) if self.is_locked(now) => return Err(Verdict::refused(INVALID)),
                    Some(_) => {}
                }
                if !self.spend_otp(otp, now) {
                    let events = self.count(now);
                    return Err(Verdict::costs(INVALID, self, events));
                }
                self.app.iter_mut().for_each(|app| app.verified = true);
                self.sessions[own].factors.insert(Factor::Totp);
                "user.update"
            }
            Act::RemoveApp => {
                self.app.take().ok_or(Verdict::refused("user_authenticator_not_found"))?;
                self.sessions.iter_mut().for_each(|session| {
                    session.factors.remove(&Factor::Totp);
                });
                self.challenges.retain(|challenge| challenge.factor != Factor::Totp);
                "authenticator.delete"
            }
            Act::StartChallenge(factor) => {
                let refusal = match (factor, self.email, self.phone) {
                    (Factor::Email, None, _) => Some("user_email_not_found"),
                    (Factor::Email, Some((_, false)), _) => Some("user_email_not_verified"),
                    (Factor::Phone, _, None) => Some("user_phone_not_found"),
                    (Factor::Phone, _, Some((_, false))) => Some("user_phone_not_verified"),
                    _ => None,
                };
                if let Some(code) = refusal {
                    return Err(Verdict::refused(code));
                }
                self.challenges.retain(|other| other.session != own_id || other.factor != *factor);
                self.challenges.push(Challenge {
                    id: NEW.into(),
                    session: own_id,
                    factor: *factor,
                    code: None,
                    expires: now + 15 * MINUTE,
                    tries: 0,
                });
                "challenge.create"
            }
            Act::FinishChallenge { id, otp } => {
                self.answer(own, id, otp, rotates, now)?;
                "challenges.update"
            }
            Act::CreateCodes if self.codes.is_some() => {
                return Err(Verdict::refused("user_recovery_codes_already_exists"));
            }
            Act::ReplaceCodes if self.codes.is_none() => {
                return Err(Verdict::refused("user_recovery_codes_not_found"));
            }
            Act::CreateCodes | Act::ReplaceCodes => {
                let event =
                    if self.codes.is_some() { "recovery-codes.update" } else { "recovery-codes.create" };
                self.codes = Some(vec![NEW.into()]);
                event
            }
            Act::AddTarget(identifier) => {
                if self.targets.iter().any(|target| target.identifier == *identifier) {
                    return Err(Verdict::refused(TARGET_EXISTS));
                }
                let session = who.jwt.is_none().then_some(own_id);
                self.targets.push(Target { id: NEW.into(), identifier: identifier.clone(), session });
                "target.create"
            }
            Act::ChangeTarget(id, identifier) => {
                if !self.targets.iter().any(|target| target.id == *id) {
                    return Err(Verdict::refused("user_target_not_found"));
                }
                if self.targets.iter().any(|target| target.id != *id && target.identifier == *identifier) {
                    return Err(Verdict::refused(TARGET_EXISTS));
                }
                let target = self.targets.iter_mut().find(|target| target.id == *id);
                target.into_iter().for_each(|target| target.identifier.clone_from(identifier));
                "target.update"
            }
            Act::RemoveTarget(id) => {
                if !self.targets.iter().any(|target| target.id == *id) {
                    return Err(Verdict::refused("user_target_not_found"));
                }
                self.targets.retain(|target| target.id != *id);
                "target.delete"
            }
        };
        Ok(Verdict::saves(self, vec![event]))
    }

    fn change_credentials(
        mut self,
        own: usize,
        rotates: bool,
        password: Option<usize>,
        to: Option<Address>,
        now: i64,
    ) -> Result<Verdict, Verdict> {
        let (asked, lasting, before) = (self.asks_for_two(), self.is_lasting(), self.clone());
        match to {
            Some(Address::Email(email)) if self.email.is_none_or(|(address, _)| address != email) => {
                self.email = Some((email, false));
                self.drop_codes(true);
            }
            Some(Address::Phone(phone)) if self.phone.is_none_or(|(address, _)| address != phone) => {
                self.phone = Some((phone, false));
                self.drop_codes(false);
            }
            _ => {}
        }
        if password.is_none() && (self.email, self.phone) == (before.email, before.phone) {
            return Ok(Verdict::saves(self, vec![]));
        }
        let fresh = self.sessions[own].challenged.is_some_and(|at| now - at <= 30 * MINUTE);
        if asked && !self.asks_for_two() && !fresh {
            return Err(Verdict::refused(CHALLENGE));
        }
        let session = self.sessions[own].id.clone();
        if let Some(password) = password {
            self.set_password(password);
            self.by_mailbox = false;
        }
        self.end_others(&session);
        if let [session] = &mut self.sessions[..] {
            if password.is_some() {
                session.factors.insert(Factor::Password);
            }
            session.secret += u32::from(!lasting && rotates);
        }
        Ok(Verdict::saves(self, vec!["user.update"]))
    }

    /// Answers a challenge.
    fn answer(&mut self, own: usize, id: &str, otp: &str, rotates: bool, now: i64) -> Result<(), Verdict> {
        let session = self.sessions[own].id.clone();
        let challenge = self.challenges.iter().position(|other| other.id == id && other.session == session);
        let Some(place) = challenge.filter(|_| !self.is_locked(now)) else {
            return Err(Verdict::refused(INVALID));
        };
        let factor = self.challenges[place].factor;
        let right = match factor {
            Factor::Totp => self.has_app() && self.spend_otp(otp, now),
            Factor::RecoveryCode => match &mut self.codes {
                Some(codes) if codes.iter().any(|code| code == otp) => {
                    codes.retain(|code| code != otp);
                    if codes.is_empty() {
                        self.codes = None;
                    }
                    true
                }
                _ => false,
            },
            _ => self.challenges[place].code.as_deref() == Some(otp),
        };
        if !right {
            self.challenges[place].tries += 1;
            self.challenges.retain(|challenge| challenge.tries < 5);
            let events = self.count(now);
            return Err(Verdict::costs(INVALID, self.clone(), events));
        }
        self.challenges.remove(place);
        let session = &mut self.sessions[own];
        session.factors.insert(factor);
        session.challenged = Some(now);
        session.secret += u32::from(rotates);
        if !self.owes(&self.sessions[own]) {
            self.welcome(now);
        }
        Ok(())
    }
}
