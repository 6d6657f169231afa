//! No one may learn from an answer whether there is an account: what is told is the same for all.

use std::collections::BTreeMap;

use crate::simulation::{
    deeds::{Deed, Purpose},
    model::{INVALID, WRONG},
};

#[derive(Default)]
pub(crate) struct Alike {
    /// What was told of each kind of token.
    told: BTreeMap<Purpose, String>,
    /// Who stands for an address in answers, whether or not there is an account.
    nobodies: BTreeMap<usize, String>,
    /// The words of each refusal.
    words: BTreeMap<&'static str, String>,
}

impl Alike {
    /// Something was sent to the account of an address, or would have been if there were one.
    pub(crate) fn sent(
        &mut self,
        deed: &Deed,
        user: &str,
        told: &str,
        known: Option<&str>,
    ) -> Result<(), String> {
        let (purpose, address) = match deed {
            Deed::Send(purpose, _) => (*purpose, None),
            Deed::StartRecovery { email } => (Purpose::Recovery, Some(*email)),
            _ => return Err("it tells of a token".into()),
        };
        let nobody = address.map(|email| &*self.nobodies.entry(email).or_insert_with(|| user.into()));
        let expected = nobody.map(String::as_str).or(known).unwrap_or_default();
        if user != expected {
            return Err(format!("it answers {user} where {expected} should be"));
        }
        let others = self.told.entry(purpose).or_insert_with(|| told.into());
        match others == told {
            true => Ok(()),
            false => Err(format!("it tells {told}, and others {others}")),
        }
    }

    pub(crate) fn refused(&mut self, deed: &Deed, code: &'static str, words: &str) -> Result<(), String> {
        if matches!(deed, Deed::As { .. } | Deed::Host { .. }) || ![WRONG, INVALID].contains(&code) {
            return Ok(());
        }
        let others = self.words.entry(code).or_insert_with(|| words.into());
        match others == words {
            true => Ok(()),
            false => Err(format!("it is refused as {words}, and others as {others}")),
        }
    }
}
