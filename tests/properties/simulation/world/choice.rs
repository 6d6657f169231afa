//! Makes a deed of a step, from what is there when it comes.

use account::{model::Timestamp, testing::totp};
use data_encoding::BASE64URL_NOPAD;

use super::{World, perform::PASSWORDS};
use crate::simulation::{
    deeds::{Act, Deed, Factor, Flood, HostAct, Purpose, Who},
    ledger::Letter,
    model::{Address, Person, Token, limits::limits},
    steps::Kind,
};

/// One of a list, mostly of the last few.
pub(super) fn pick<T: Clone>(list: &[T], pick: usize) -> Option<T> {
    let reach = if pick.is_multiple_of(4) { list.len() } else { list.len().min(6) };
    let back = (pick / 4).checked_rem(reach)?;
    list.get(list.len() - 1 - back).cloned()
}

/// A person who has changed what their JWT says.
fn forged(mut who: Who) -> Who {
    if let Some(jwt) = &mut who.jwt {
        let [head, claims, signature] = jwt.text.split('.').collect::<Vec<_>>()[..] else { return who };
        let said = BASE64URL_NOPAD.decode(claims.as_bytes()).unwrap();
        let said = String::from_utf8(said).unwrap().replace("\"generation\":", "\"generation\":1");
        jwt.text = format!("{head}.{}.{signature}", BASE64URL_NOPAD.encode(said.as_bytes()));
        jwt.expires = i64::MIN;
    }
    who
}

impl World<'_> {
    /// The device from which a person asks: mostly one that they had before, or a new one; now and
    /// then that of another person.
    pub(super) fn device(&self, deed: &Deed, number: usize) -> Option<(String, String, String)> {
        let ledger = self.book.open();
        let user = match deed {
            Deed::SignIn { email, .. } => ledger.model.holder(Address::Email(*email))?.id.clone(),
            Deed::Redeem { user, .. } | Deed::FinishVerification { user, .. } => user.clone(),
            Deed::FinishRecovery { user, .. } => user.clone(),
            Deed::As { who, .. } => who.user.clone(),
            Deed::FinishOAuth2(back) => ledger.model.known(back.provider, back.code.visitor.uid)?.id.clone(),
            _ => return None,
        };
        let own: Vec<_> = self.devices.iter().filter(|(whose, ..)| *whose == user).collect();
        match number % 8 {
            0 => pick(&self.devices, number / 8),
            1..=4 => pick(&own, number / 8).cloned(),
            _ => None,
        }
    }

    /// Makes a deed of what is there.
    pub(super) fn deed(&self, kind: Kind, [a, b, c]: [usize; 3]) -> Option<Deed> {
        if kind == Kind::Flood {
            let (kind, _) = Kind::ALL[b % Kind::ALL.len()];
            let deed = self.deed(kind, [a, b / Kind::ALL.len(), c])?;
            let (times, is_widespread) = ([12, 12, 12, 110][c / 4 % 4], c % 3 == 0);
            let is_limited = !limits(&deed, 0).is_empty();
            return is_limited.then(|| Deed::Flood(Flood { of: Box::new(deed), times, is_widespread }));
        }
        let ledger = self.book.open();
        let people: Vec<&Person> = ledger.model.people.values().collect();
        let someone =
            |pick: usize| people.get(pick.checked_rem(people.len())?).map(|person| person.id.clone());
        // What still counts, mostly; now and then what has long been spent or has expired.
        let counts = |letter: &Letter| {
            let person = ledger.model.people.get(&letter.user);
            person.is_some_and(|person| {
                let is_it = |token: &Token| token.secret.as_ref() == Some(&letter.secret);
                person.tokens.iter().any(|token| is_it(token) && ledger.now < token.expires)
            })
        };
        let letter = |number: usize, purposes: &[Purpose]| -> Option<Letter> {
            let fit = |letter: &&Letter| letter.purpose.is_some_and(|purpose| purposes.contains(&purpose));
            let mut letters: Vec<&Letter> = ledger.letters.iter().rev().filter(fit).take(24).collect();
            letters.reverse();
            let good: Vec<&Letter> = letters.iter().copied().filter(|letter| counts(letter)).collect();
            pick(&good, number).filter(|_| c % 7 != 0).or(pick(&letters, number)).cloned()
        };
        // Right mostly; now and then for another person, or a guess.
        let said = |letter: Option<Letter>| -> Option<(String, String)> {
            let Letter { user, secret, .. } = match letter {
                Some(letter) => letter,
                None if c % 8 != 5 => return None,
                None => {
                    Letter { user: someone(b)?, purpose: None, challenge: None, secret: "no-idea".into() }
                }
            };
            Some(match c % 12 {
                0 => (someone(b)?, secret),
                1 | 2 => (user, "wrong!".into()),
                3 if secret.len() > 32 => (user, secret.chars().rev().collect()),
                _ => (user, secret),
            })
        };
        let may = |who: &&Who| ledger.model.judge_check(who, true, ledger.now).refusal.is_none();
        let recent = self.held.iter().rev().take(if kind.is_for_guests() { 0 } else { 40 });
        let mut able: Vec<&Who> = recent.filter(may).collect();
        able.reverse();
        let suited = |who: &Who| {
            let Some(person) = ledger.model.people.get(&who.user) else { return false };
            match kind {
                Kind::ConfirmApp | Kind::AddApp => {
                    person.app.as_ref().is_some_and(|app| !app.verified) == (kind == Kind::ConfirmApp)
                }
                Kind::StartEmailVerification => person.email.is_some_and(|(_, proven)| !proven),
                Kind::StartPhoneVerification => person.phone.is_some_and(|(_, proven)| !proven),
                Kind::ReadCodes | Kind::ReplaceCodes => {
                    let own = person.sessions.iter().find(|session| session.id == who.session);
                    person.codes.is_some() && own.is_some_and(|session| session.challenged.is_some())
                }
                Kind::Mfa => !person.mfa,
                Kind::RemoveApp => person.app.is_some(),
                Kind::ChangeTarget | Kind::RemoveTarget => !person.targets.is_empty(),
                Kind::Unlink => !person.identities.is_empty(),
                _ => true,
            }
        };
        let best: Vec<&Who> = able.iter().copied().filter(|who| suited(who)).collect();
        let who = match c % 9 {
            _ if kind.is_for_guests() => None,
            0 => pick(&self.held, a),
            1 | 2 => pick(&able, a).cloned(),
            _ => pick(&best, a).or(pick(&able, a)).cloned(),
        };
        let who = who.map(|who| Who { keeps: c % 2 == 0, ..who });
        let who = who.map(|who| if c % 11 == 4 { forged(who) } else { who });
        // Mostly the right password.
        let password = |person: Option<&Person>| match person.and_then(|person| person.password) {
            Some(password) if c % 4 != 0 => password,
            _ => c / 4 % PASSWORDS.len(),
        };
        let session = || {
            let own = who.as_ref()?;
            let others: Vec<_> = self.held.iter().filter(|other| other.user == own.user).collect();
            match b % 3 {
                0 => Some(own.session.clone()),
                _ => pick(&others, b / 3).map(|other| other.session.clone()),
            }
        };
        let me = who.as_ref().and_then(|who| ledger.model.people.get(&who.user));
        let app = |user: &str| match &ledger.model.people.get(user)?.app {
            Some(app) if c % 8 != 0 => {
                let seed = app.seed.as_ref().filter(|seed| !seed.starts_with('?'))?;
                let at = ledger.now - [0, 0, 0, 30_000, -30_000, 60_000][c / 8 % 6];
                Some(totp(seed, Timestamp::from_millis(at)))
            }
            _ => None,
        };
        let act = match kind {
            Kind::SignUp => {
                let taken = |number: &usize| ledger.model.holder(Address::Email(*number)).is_some();
                let free: Vec<usize> = (0..4).filter(|number| !taken(number)).collect();
                let email = pick(&free, a).filter(|_| c % 4 != 0).unwrap_or(a % 4);
                let ids = [format!("user-{}", b / 3 % 2), format!("user-{}", (b / 3 + 1) % 2)];
                let is_free = |id: &&String| !ledger.model.people.contains_key(*id);
                let id = ids.iter().find(is_free).filter(|_| c % 8 != 0).unwrap_or(&ids[0]);
                let id = (b % 3 != 0).then(|| id.clone());
                return Some(Deed::SignUp { id, email, password: c % PASSWORDS.len() });
            }
            Kind::Anonymous => return Some(Deed::Anonymous),
            Kind::SignIn => {
                let known: Vec<_> = people.iter().filter(|person| person.password.is_some()).collect();
                let known = pick(&known, a).filter(|_| c % 7 != 0).and_then(|person| person.email);
                let address = known.map_or(a % 4, |(address, _)| address);
                let person = ledger.model.holder(Address::Email(address));
                return Some(Deed::SignIn { email: address, password: password(person) });
            }
            Kind::EmailCode => return Some(Deed::Send(Purpose::EmailCode, Address::Email(a % 4))),
            Kind::MagicUrl => return Some(Deed::Send(Purpose::MagicUrl, Address::Email(a % 4))),
            Kind::PhoneCode => return Some(Deed::Send(Purpose::PhoneCode, Address::Phone(a % 3))),
            Kind::Redeem => {
                let all = [
                    Purpose::EmailCode,
                    Purpose::MagicUrl,
                    Purpose::PhoneCode,
                    Purpose::Generic,
                    Purpose::OAuth2,
                    Purpose::Recovery,
                ];
                let (user, secret) = said(letter(a, &all[..5 + usize::from(b % 20 == 0)]))?;
                return Some(Deed::Redeem { user, secret });
            }
            Kind::FinishVerification => {
                let all = [Purpose::EmailVerification, Purpose::MagicUrl];
                let (user, secret) = said(letter(a, &all[..1 + usize::from(b % 20 == 0)]))?;
                return Some(Deed::FinishVerification { user, secret });
            }
            Kind::StartRecovery => return Some(Deed::StartRecovery { email: a % 4 }),
            Kind::FinishRecovery => {
                let all = [Purpose::Recovery, Purpose::EmailVerification];
                let (user, secret) = said(letter(a, &all[..1 + usize::from(b % 20 == 0)]))?;
                return Some(Deed::FinishRecovery { user, secret, password: b % PASSWORDS.len() });
            }
            Kind::Check => return Some(Deed::Check(who?)),
            Kind::HostBlock => return Some(Deed::Host { user: someone(a)?, act: HostAct::Block(true) }),
            Kind::HostUnblock => {
                let blocked = people.iter().find(|person| person.blocked).map(|person| person.id.clone());
                return Some(Deed::Host { user: blocked.or(someone(a))?, act: HostAct::Block(false) });
            }
            Kind::HostReset => {
                return Some(Deed::Host { user: someone(a)?, act: HostAct::RequireReset(true) });
            }
            Kind::HostNoReset => {
                let reset = people.iter().find(|person| person.reset).map(|person| person.id.clone());
                return Some(Deed::Host { user: reset.or(someone(a))?, act: HostAct::RequireReset(false) });
            }
            Kind::HostEndSessions => {
                return Some(Deed::Host { user: someone(a)?, act: HostAct::EndSessions });
            }
            Kind::HostToken => {
                return Some(Deed::Host { user: someone(a)?, act: HostAct::IssueToken(b % 2 == 0) });
            }
            Kind::HostDelete => {
                // A person who is busy, to see what becomes of what they are doing.
                let mut busy =
                    self.slots.iter().flatten().filter_map(|(task, ..)| match &ledger.tasks[*task].deed {
                        Deed::As { who, .. } | Deed::Check(who) => Some(who.user.clone()),
                        Deed::Redeem { user, .. } | Deed::FinishRecovery { user, .. } => Some(user.clone()),
                        Deed::SignIn { email, .. } => {
                            Some(ledger.model.holder(Address::Email(*email))?.id.clone())
                        }
                        _ => None,
                    });
                let user = busy.next_back().filter(|_| b % 2 == 0).or(someone(a))?;
                return Some(Deed::Host { user, act: HostAct::Delete });
            }
            Kind::Flood => return None,
            Kind::StartOAuth2 => return Some(self.set_out(who, [a, b, c])),
            Kind::FinishOAuth2 => return self.come_back(&ledger.model, &able, ledger.now, [a, b, c]),
            Kind::Sweep => return Some(Deed::Sweep { limit: 1 + a as u32 % 4 }),
            Kind::RemoveGuests => return Some(Deed::RemoveGuests { days: a as i64 % 5 }),
            Kind::ForgetEvents => return Some(Deed::ForgetEvents { days: a as i64 % 20 }),
            Kind::Identities => Act::Identities,
            Kind::Unlink => {
                let identities = &me?.identities;
                let own = identities.get(b.checked_rem(identities.len())?)?;
                Act::Unlink(if c % 11 == 0 { "none".into() } else { own.id.clone() })
            }
            Kind::User => Act::User,
            Kind::Sessions => Act::Sessions,
            Kind::Events => Act::Events,
            Kind::ReadPreferences => Act::ReadPreferences,
            Kind::ReadCodes => Act::ReadCodes,
            Kind::Name => Act::Name,
            Kind::Preferences => Act::Preferences(1 + b % 1000),
            Kind::Block => Act::Block,
            Kind::Password => {
                let old = me.and_then(|me| me.password).filter(|_| c % 9 != 0).map(|_| password(me));
                Act::Password { new: b % PASSWORDS.len(), old }
            }
            Kind::Email => Act::Address { to: Address::Email(b % 4), password: password(me) },
            Kind::Phone => Act::Address { to: Address::Phone(b % 3), password: password(me) },
            Kind::SignOut => Act::SignOut(session()?),
            Kind::SignOutEverywhere => Act::SignOutEverywhere,
            Kind::Extend => Act::Extend(session()?),
            Kind::Jwt => Act::Jwt,
            Kind::StartEmailVerification => Act::StartVerification { phone: false },
            Kind::StartPhoneVerification => Act::StartVerification { phone: true },
            Kind::FinishPhoneVerification => {
                let all = [Purpose::PhoneVerification, Purpose::PhoneCode];
                let letter = letter(a, &all[..1 + usize::from(b % 20 == 0)]);
                let (user, secret) = said(letter)?;
                let own: Vec<&Who> = able.iter().copied().filter(|who| who.user == user).collect();
                let who = pick(&own, b).cloned().filter(|_| c % 11 != 0).or(who)?;
                return Some(Deed::As { who, act: Act::FinishPhoneVerification { user, secret } });
            }
            Kind::Mfa => Act::Mfa(b % 4 != 0),
            Kind::AddApp => Act::AddApp,
            Kind::ConfirmApp => {
                let otp = app(&who.as_ref()?.user).unwrap_or("wrong!".into());
                Act::ConfirmApp { otp }
            }
            Kind::RemoveApp => Act::RemoveApp,
            Kind::StartChallenge => {
                let all = [Factor::Totp, Factor::Email, Factor::Phone, Factor::RecoveryCode];
                let held = |factor: &Factor| {
                    me.is_some_and(|me| match factor {
                        Factor::Totp => me.app.as_ref().is_some_and(|app| app.verified),
                        Factor::Email => me.email.is_some_and(|(_, proven)| proven),
                        Factor::Phone => me.phone.is_some_and(|(_, proven)| proven),
                        _ => me.codes.is_some(),
                    })
                };
                let useful: Vec<_> = all.iter().copied().filter(held).collect();
                let factor = useful.get((b / 4).checked_rem(useful.len()).unwrap_or(0)).copied();
                Act::StartChallenge(factor.filter(|_| b % 4 != 0).unwrap_or(all[b % 4]))
            }
            Kind::FinishChallenge => {
                let waits = |challenge: &&(Who, String, Factor)| {
                    let person = ledger.model.people.get(&challenge.0.user);
                    person.is_some_and(|person| {
                        let mut own = person.challenges.iter().filter(|own| ledger.now < own.expires);
                        own.any(|own| own.id == challenge.1)
                    })
                };
                let recent: Vec<_> = self.challenges.iter().rev().take(40).collect();
                let waiting: Vec<_> = recent.into_iter().rev().filter(waits).cloned().collect();
                let (holder, id, factor) = match c % 9 {
                    0 => pick(&self.challenges, a)?,
                    _ => pick(&waiting, a).or(pick(&self.challenges, a))?,
                };
                let otp = match factor {
                    Factor::Totp => app(&holder.user),
                    Factor::RecoveryCode => {
                        let codes =
                            ledger.model.people.get(&holder.user).and_then(|person| person.codes.clone());
                        pick(&codes.unwrap_or_default(), c)
                    }
                    _ => {
                        let mut letters = ledger.letters.iter().rev();
                        letters
                            .find(|letter| letter.challenge.as_ref() == Some(&id))
                            .map(|letter| letter.secret.clone())
                    }
                };
                let otp = otp.filter(|otp| c % 4 != 1 && !otp.starts_with('?')).unwrap_or("wrong!".into());
                let own: Vec<_> =
                    able.iter().filter(|other| other.session == holder.session).cloned().collect();
                let own = pick(&own, b * 4 + 1).cloned().unwrap_or(holder);
                // Now and then it is tried by another person.
                let who = who.filter(|_| c % 13 == 0).unwrap_or(own);
                return Some(Deed::As {
                    who: Who { keeps: c % 2 == 0, ..who },
                    act: Act::FinishChallenge { id, otp },
                });
            }
            Kind::CreateCodes => Act::CreateCodes,
            Kind::ReplaceCodes => Act::ReplaceCodes,
            Kind::AddTarget => Act::AddTarget(format!("device-{}", b % 6)),
            Kind::ChangeTarget | Kind::RemoveTarget => {
                let mut targets = me?.targets.iter().map(|target| target.id.clone());
                let target = targets.nth(b % me?.targets.len().max(1))?;
                match kind {
                    Kind::ChangeTarget => Act::ChangeTarget(target, format!("device-{}", c % 6)),
                    _ => Act::RemoveTarget(target),
                }
            }
        };
        Some(Deed::As { who: who?, act })
    }
}
