//! A code that is not bound to the address it was sent to: it is redeemed although the account has
//! another one by now.

use account::ports::Stored;
use serde_json::Value;

use super::tamper::missing;
use crate::simulation::{
    deeds::{Act, Deed, Purpose},
    ledger::Ledger,
};

/// An address that an account had, and what had been sent there by then.
#[derive(Clone)]
pub(crate) struct Former {
    by_mail: bool,
    contact: Value,
    tokens: Vec<Value>,
}

fn slot(by_mail: bool) -> &'static str {
    if by_mail { "email" } else { "phone" }
}

impl Former {
    /// The addresses that a change takes off an account.
    pub(crate) fn of(was: &Value, account: &Value) -> Vec<Self> {
        let tokens = missing(was, account, "tokens");
        let former = |by_mail: bool| {
            let contact = was[slot(by_mail)].clone();
            let sent_there = |token: &Value| {
                let purpose = token["purpose"].as_str().and_then(Purpose::named);
                purpose
                    .is_some_and(|purpose| if by_mail { purpose.is_by_mail() } else { purpose.is_by_phone() })
            };
            let tokens = tokens.iter().filter(|token| sent_there(token)).cloned().collect();
            let has_gone = contact["address"] != account[slot(by_mail)]["address"];
            (has_gone && !contact.is_null()).then_some(Self { by_mail, contact, tokens })
        };
        [true, false].into_iter().filter_map(former).collect()
    }

    /// The account with this address and what was sent there, as a person must see it who does not
    /// ask where a code was sent.
    pub(crate) fn show(&self, body: &str, now: i64) -> String {
        let mut body: Value = serde_json::from_str(body).unwrap();
        let account = &mut body["account"];
        account[slot(self.by_mail)] = self.contact.clone();
        let mut tokens = account["tokens"].as_array().cloned().unwrap_or_default();
        tokens.extend(self.tokens.iter().filter(|token| token["expires_at"].as_i64() > Some(now)).cloned());
        account["tokens"] = tokens.into();
        body.to_string()
    }

    /// Puts the present address back, if the change was made of an account that was shown with a
    /// former one.
    pub(crate) fn put_back(before: &Stored, kept: &str, body: &str) -> Option<String> {
        let kept: Value = serde_json::from_str(kept).unwrap();
        let email = before.account.email().map(|email| email.as_str());
        let phone = before.account.phone().map(|phone| phone.as_str());
        let is_shown = |slot: &str, shown: Option<&str>| kept["account"][slot]["address"].as_str() != shown;
        let shown =
            [("email", email), ("phone", phone)].into_iter().find(|(slot, shown)| is_shown(slot, *shown));
        let (slot, _) = shown?;
        let mut body: Value = serde_json::from_str(body).unwrap();
        body["account"][slot] = kept["account"][slot].clone();
        Some(body.to_string())
    }
}

/// Which former address the current task has a code of, if its code was sent to one.
pub(crate) fn asked_for<'a>(ledger: &Ledger, former: &'a [Former]) -> Option<&'a Former> {
    if former.is_empty() {
        return None;
    }
    let (user, secret) = match &ledger.tasks.get(ledger.current)?.deed {
        Deed::Redeem { user, secret } | Deed::FinishVerification { user, secret } => (user, secret),
        Deed::FinishRecovery { user, secret, .. } => (user, secret),
        Deed::As { act: Act::FinishPhoneVerification { user, secret }, .. } => (user, secret),
        _ => return None,
    };
    let letter = ledger.letters.iter().find(|letter| letter.user == *user && letter.secret == *secret)?;
    let person = ledger.model.people.get(user)?;
    let is_good = person.tokens.iter().any(|token| token.secret.as_ref() == Some(secret));
    let by_mail = letter.purpose?.is_by_mail();
    former.iter().rev().find(|former| former.by_mail == by_mail && !former.tokens.is_empty() && !is_good)
}
