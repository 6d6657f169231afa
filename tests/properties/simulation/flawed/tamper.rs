//! What is kept instead of what the service decided.

use account::model::Event;
use serde_json::Value;

use super::{Defect, Flawed};

/// The entries of a list of one state that the other does not have, by id.
pub(super) fn missing(one: &Value, other: &Value, list: &str) -> Vec<Value> {
    let entries = |state: &Value| state[list].as_array().cloned().unwrap_or_default();
    let there = entries(other);
    entries(one).into_iter().filter(|entry| !there.iter().any(|kept| kept["id"] == entry["id"])).collect()
}

/// The entries of a list, if it is there.
fn list<'a>(state: &'a mut Value, name: &str) -> impl Iterator<Item = &'a mut Value> {
    state.get_mut(name).and_then(Value::as_array_mut).into_iter().flatten()
}

/// Puts entries in front of a list.
fn put_back(state: &mut Value, list: &str, mut entries: Vec<Value>) {
    if entries.is_empty() {
        return;
    }
    entries.extend(state[list].as_array().cloned().unwrap_or_default());
    state[list] = Value::Array(entries);
}

impl Flawed {
    /// What is kept instead of what was decided.
    pub(super) fn tamper(&self, before: &str, after: &str, events: &[Event]) -> String {
        let (before, mut after): (Value, Value) =
            (serde_json::from_str(before).unwrap(), serde_json::from_str(after).unwrap());
        let was = &before["account"];
        let account = &mut after["account"];
        let happened = |name: &str| events.iter().any(|event| event.kind.name() == name);
        let new_sessions = missing(account, was, "sessions");
        let gone = |list: &str, account: &Value| missing(was, account, list);
        match self.defect {
            Defect::SingleUseDropped
                if !new_sessions.is_empty()
                    || happened("verification.update")
                    || happened("recovery.update") =>
            {
                let tokens = gone("tokens", account);
                put_back(account, "tokens", tokens);
            }
            Defect::ProofOutlivesTheAddress => {
                let was_proven = was["email"]["verified"] == true;
                if was_proven
                    && !account["email"].is_null()
                    && was["email"]["address"] != account["email"]["address"]
                {
                    account["email"]["verified"] = true.into();
                }
            }
            Defect::TriesNotCounted => {
                for token in list(account, "tokens") {
                    token.as_object_mut().unwrap().remove("tries");
                }
            }
            Defect::GuessesNotCounted
                if account["failures"]["run"].as_u64() > was["failures"]["run"].as_u64() =>
            {
                account["failures"]["run"] = was["failures"]["run"].clone();
            }
            Defect::NeverLocked => {
                account["failures"].as_object_mut().unwrap().remove("locked_until");
            }
            Defect::SignedOutLives if happened("session.delete") => {
                let sessions = gone("sessions", account);
                put_back(account, "sessions", sessions);
            }
            Defect::SessionsOutliveChanges if happened("user.update") && !happened("session.create") => {
                let sessions = gone("sessions", account);
                put_back(account, "sessions", sessions);
            }
            Defect::SessionsOutliveRecovery if happened("recovery.update") => {
                let sessions = gone("sessions", account);
                put_back(account, "sessions", sessions);
            }
            Defect::NoLimitOfSessions
                if !new_sessions.is_empty() && was["email"]["verified"] == account["email"]["verified"] =>
            {
                let sessions = gone("sessions", account);
                put_back(account, "sessions", sessions);
            }
            Defect::JwtsOutlive => account["jwt_generation"] = was["jwt_generation"].clone(),
            Defect::ExpiredLives => {
                for name in ["tokens", "sessions", "challenges"] {
                    let known: Vec<Value> =
                        was[name].as_array().into_iter().flatten().map(|entry| entry["id"].clone()).collect();
                    for entry in list(account, name) {
                        if !known.contains(&entry["id"]) {
                            entry["expires_at"] = (entry["expires_at"].as_i64().unwrap() + 86_400_000).into();
                        }
                    }
                }
            }
            Defect::ChallengeAnsweredTwice if happened("challenges.update") => {
                let challenges = gone("challenges", account);
                put_back(account, "challenges", challenges);
            }
            Defect::ChallengesPile if happened("challenge.create") => {
                let challenges = gone("challenges", account);
                put_back(account, "challenges", challenges);
            }
            Defect::FlowEndsTwice => {
                account.as_object_mut().unwrap().remove("spent_states");
            }
            Defect::UnlinkedStays if happened("identity.delete") => {
                let identities = gone("identities", account);
                put_back(account, "identities", identities);
            }
            Defect::SessionsOutliveTheIdentity if happened("identity.delete") => {
                let sessions = gone("sessions", account);
                put_back(account, "sessions", sessions);
            }
            Defect::AppCodeReplayed if !account["authenticator"].is_null() => {
                account["authenticator"].as_object_mut().unwrap().remove("last_step");
            }
            Defect::RecoveryCodeReused
                if happened("challenges.update") && !was["recovery_codes"].is_null() =>
            {
                account["recovery_codes"] = was["recovery_codes"].clone();
            }
            Defect::BlockIgnored => {
                account.as_object_mut().unwrap().remove("blocked");
            }
            Defect::StrangerStays if account["password"].is_null() && !was["password"].is_null() => {
                account["password"] = was["password"].clone();
            }
            Defect::FactorForNothing => {
                for session in list(account, "sessions") {
                    if new_sessions.iter().any(|new| new["id"] == session["id"]) {
                        session["factors"].as_array_mut().unwrap().push("recoverycode".into());
                    }
                }
            }
            Defect::FreshForNothing => {
                for session in list(account, "sessions") {
                    if new_sessions.iter().any(|new| new["id"] == session["id"]) {
                        session["challenged_at"] = session["created_at"].clone();
                    }
                }
            }
            Defect::EarlierCodeStays if !missing(account, was, "tokens").is_empty() => {
                let tokens = gone("tokens", account);
                put_back(account, "tokens", tokens);
            }
            Defect::SecretNotRenewed => {
                for session in list(account, "sessions") {
                    let known = was["sessions"].as_array().into_iter().flatten();
                    if let Some(known) = known.into_iter().find(|known| known["id"] == session["id"]) {
                        session["digest"] = known["digest"].clone();
                    }
                }
            }
            Defect::CodesOutliveTheAddress
                if was["email"]["address"] != account["email"]["address"] && !account["email"].is_null() =>
            {
                let tokens = gone("tokens", account);
                put_back(account, "tokens", tokens);
            }
            Defect::DevicesStay if happened("user.update") && !was["devices"].is_null() => {
                account["devices"] = was["devices"].clone();
            }
            Defect::SecretInTheClear => {
                if let Some(letter) =
                    self.book.open().letters.iter().rfind(|letter| letter.secret.len() <= 36)
                {
                    account["labels"] = vec![letter.secret.clone()].into();
                }
            }
            Defect::EntrancesStay if happened("user.update") => {
                let tokens = gone("tokens", account);
                put_back(account, "tokens", tokens);
            }
            _ => {}
        }
        after.to_string()
    }
}
