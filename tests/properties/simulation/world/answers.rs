//! Holds answers against what the model said.

use std::{collections::BTreeSet, error::Error as _, hash::Hash as _};

use account::Error;

use super::{World, perform::Answer};
use crate::simulation::{
    deeds::{Act, Deed, Flow, Jwt, Purpose, Who},
    ledger::{Letter, Stage, Task},
    model::{LIFE_OF_JWTS, Verdict, oauth2::LIFE_OF_FLOWS},
};

impl World<'_> {
    /// Holds the answer against what the model said when the operation was at the store.
    pub(super) fn judge(&mut self, task: usize, outcome: Result<Answer, Error>) {
        let mut guard = self.book.open();
        let ledger = &mut *guard;
        ledger.current = task;
        let told = outcome.as_ref().map_or_else(Error::code, |_| "done");
        told.hash(&mut ledger.digest);
        ledger.tasks[task].outcome = told;
        if ledger.tasks[task].verdicts.is_empty() {
            ledger.look();
        }
        let answer = match outcome {
            Ok(answer) => answer,
            Err(error) => {
                let words = whole(&error);
                let alike = self.alike.refused(&ledger.tasks[task].deed, error.code(), &words);
                if let Err(what) = alike {
                    ledger.complain(what);
                }
                if let Some(secret) = ledger.secrets.within(&words) {
                    let what = format!("the error tells {secret}");
                    ledger.complain(what);
                }
                let is_crowded = ledger.changes >= ledger.tasks[task].since + 3;
                if ledger.tasks[task].messages > 0 {
                    ledger.complain("it fails and sends a message");
                }
                if let Err(what) = is_right_refusal(&ledger.tasks[task], is_crowded, error.code()) {
                    ledger.complain(what);
                }
                return;
            }
        };
        answer.teach(&mut ledger.secrets);
        let state = &ledger.tasks[task];
        if state.due.map_or(state.messages > 1, |due| due != state.messages) {
            let what = format!("it sends {} messages and should send {:?}", state.messages, state.due);
            return ledger.complain(what);
        }
        // What was carried out; else what was right at one of the looks at the store, with nothing
        // to be saved.
        let is_granted = |verdict: &&Verdict| {
            let is_read = verdict.after.is_none() && verdict.removes.is_none();
            verdict.refusal.is_none() && is_read && (state.appended || !verdict.appends)
        };
        let granted = state.carried_out.as_ref().filter(|verdict| verdict.refusal.is_none());
        let granted = granted.or(state.verdicts.iter().rev().find(is_granted)).cloned();
        let Some(verdict) = granted else {
            let said: BTreeSet<_> = state.verdicts.iter().map(|verdict| verdict.refusal).collect();
            return ledger.complain(format!("it is acknowledged, was not saved, and should be {said:?}"));
        };
        let (deed, changed) = (state.deed.clone(), state.changed.clone().unwrap_or_default());
        let mut wrong = None;
        let told = match &answer {
            Answer::SignedIn { device, .. } | Answer::Secret { device, .. } => device.clone(),
            _ => None,
        };
        match (told, changed.device.clone()) {
            (Some(wire), Some(digest)) => self.devices.push((changed.user.clone(), wire, digest)),
            (None, None) => {}
            (told, _) => wrong = Some(format!("it tells a device to remember: {}", told.is_some())),
        }
        match answer {
            Answer::Done => {}
            Answer::Started { authorize, wire } => {
                let Deed::StartOAuth2(start) = deed else { return };
                let (code, state) = self.providers.approve(&authorize, start.visitor);
                [&wire, &state, &code.text].into_iter().for_each(|secret| ledger.secrets.learn(secret));
                if self.flows.iter().any(|flow| flow.state == state) {
                    wrong = Some(format!("the state {state} comes twice"));
                }
                self.flows.push(Flow {
                    number: self.flows.len(),
                    provider: start.provider,
                    state,
                    wire,
                    code,
                    who: start.who,
                    with_token: start.with_token,
                    expires: ledger.tasks[task].now + LIFE_OF_FLOWS,
                });
            }
            Answer::Sent { user, told } => {
                let known = verdict.after.is_some().then_some(changed.user.as_str());
                wrong = self.alike.sent(&deed, &user, &told, known).err();
            }
            Answer::Swept(count) => {
                let Task { swept, failed, .. } = ledger.tasks[task];
                // The one who finds an account gone after a failure cannot know that another person
                // removed it.
                if swept != count as usize && !(failed && swept < count as usize) {
                    wrong = Some(format!("it tells of {count} and swept {swept}"));
                }
            }
            Answer::View(found) => {
                let is_known = !verdict.view.contains("\"?");
                if is_known && !state.verdicts.iter().any(|verdict| verdict.view == found) {
                    wrong = Some(format!("it shows {found} and not {}", verdict.view));
                }
            }
            Answer::SignedIn { user, session, wire, .. } => {
                if changed.session.as_ref().map(|(id, _)| id) != Some(&session) || changed.user != user {
                    wrong = Some(format!("it answers session {session}, not {changed:?}"));
                }
                self.held.push(Who { user, session, secret: 0, wire, jwt: None, keeps: false });
            }
            Answer::Secret { fresh, .. } => {
                let Deed::As { who, act } = &deed else { return };
                let (session, secret) = changed.session.clone().unwrap_or((who.session.clone(), who.secret));
                let is_new = who.jwt.is_none() && secret != who.secret;
                if fresh.is_some() != is_new {
                    wrong = Some(format!("a new secret: {}, and it should be {is_new}", fresh.is_some()));
                }
                if let Some(wire) = fresh {
                    self.held.push(Who { session, secret, wire, ..who.clone() });
                }
                if let (Act::StartChallenge(factor), Some(id)) = (act, changed.challenge) {
                    self.challenges.push((who.clone(), id, *factor));
                }
            }
            Answer::Token { user, secret } => {
                if let (Some(secret), Some(person)) = (secret, ledger.model.people.get_mut(&changed.user)) {
                    let token =
                        person.tokens.iter_mut().find(|token| Some(&token.id) == changed.token.as_ref());
                    token.into_iter().for_each(|token| token.secret = Some(secret.clone()));
                    let purpose = match deed {
                        Deed::FinishOAuth2(_) => Purpose::OAuth2,
                        _ => Purpose::Generic,
                    };
                    let letter = Letter { user, purpose: Some(purpose), challenge: None, secret };
                    ledger.letters.push(letter);
                }
            }
            Answer::Jwt(text) => {
                let Deed::As { who, .. } = &deed else { return };
                let expires = ledger.tasks[task].now.div_euclid(1000) + LIFE_OF_JWTS;
                let claims = claims(&text);
                let right = (&who.user, &who.session, changed.generation, expires);
                if claims != format!("{right:?}") {
                    wrong = Some(format!("it issues a JWT of {claims} where {right:?} should be"));
                }
                let jwt = Some(Jwt { text, generation: changed.generation, expires });
                self.held.push(Who { jwt, ..who.clone() });
            }
            Answer::Seed(seed) => {
                let person = ledger.model.people.get_mut(&changed.user);
                if let Some(app) = person.and_then(|person| person.app.as_mut())
                    && app.seed == changed.unknown
                {
                    app.seed = Some(seed);
                }
            }
            Answer::Codes(codes) => {
                let person = ledger.model.people.get_mut(&changed.user);
                if let Some(known) = person.and_then(|person| person.codes.as_mut())
                    && known.first() == changed.unknown.as_ref()
                {
                    *known = codes;
                }
            }
        }
        if let Some(what) = wrong {
            ledger.complain(what);
        }
    }
}

/// What a JWT says: of whom, of which session, of which generation, until when.
fn claims(jwt: &str) -> String {
    let claims = jwt.split('.').nth(1).unwrap();
    let claims = data_encoding::BASE64URL_NOPAD.decode(claims.as_bytes()).unwrap();
    let claims: serde_json::Value = serde_json::from_slice(&claims).unwrap();
    let claim = |name: &str| claims[name].clone();
    format!("({}, {}, {}, {})", claim("userId"), claim("sessionId"), claim("generation"), claim("exp"))
}

/// All that can be read of an error.
fn whole(error: &Error) -> String {
    let sources = std::iter::successors(error.source(), |&source| source.source());
    sources.fold(format!("{error} {error:?}"), |text, source| format!("{text} {source} {source:?}"))
}

/// Whether an operation may be refused like this.
fn is_right_refusal(task: &Task, is_crowded: bool, code: &str) -> Result<(), String> {
    if task.turned_away == Some(code) {
        return Ok(());
    }
    let fits = |verdict: &&Verdict| verdict.refusal.is_some_and(|refusal| refusal == code);
    match code {
        "general_store_unavailable" if task.failed => return Ok(()),
        // Others changed the account again and again.
        "general_busy" if task.collided || is_crowded => return Ok(()),
        _ => {}
    }
    let is_apart = matches!(task.stage, Stage::Apart(_));
    let carried_out = task.carried_out.as_ref().filter(|_| !is_apart);
    if let Some(verdict) = carried_out {
        return match fits(&verdict) {
            true => Ok(()),
            false => Err(format!("it is refused as {code} and was done")),
        };
    }
    let mut fitting = task.verdicts.iter().filter(fits);
    if fitting.any(|verdict| verdict.after.is_none() && (task.appended || !verdict.appends)) {
        return Ok(());
    }
    let said: BTreeSet<_> = task.verdicts.iter().map(|verdict| verdict.refusal).collect();
    match said.contains(&Some(code)) {
        true => Err(format!("it is refused as {code} and leaves no trace")),
        false => Err(format!("it is refused as {code} and should be {said:?}")),
    }
}
