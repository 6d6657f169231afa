//! What becomes of those who come back from a provider before an account is looked for.

use std::{collections::BTreeSet, mem::replace};

use super::{Ledger, Stage};
use crate::simulation::{
    deeds::Deed,
    model::oauth2::{BAD_RETURN, PROVIDER_FAILS},
};

/// The flows of a life.
#[derive(Debug, Default)]
pub(crate) struct Flows {
    /// The providers give something for a code more than once, as they should not.
    pub(crate) are_careless: bool,
    redeemed: BTreeSet<String>,
}

impl Ledger {
    /// The current task is about to end a flow. Of several that end the same one at once, the first
    /// goes on.
    pub(crate) fn come_back(&mut self) {
        self.enter(Stage::Act);
        let Deed::FinishOAuth2(back) = &self.tasks[self.current].deed else { return };
        let (Ok(()), Some(kept)) = (back.check(self.now), &back.kept) else { return };
        let flow = Some(kept.number);
        let is_late = self.tasks.iter().any(|task| task.redeems == flow);
        let task = &mut self.tasks[self.current];
        match is_late {
            true => task.turned_away = Some(BAD_RETURN),
            false => task.redeems = flow,
        }
    }

    /// The current task sends a provider its code, whatever becomes of that. It does so once: a
    /// provider may take a second time for a theft.
    pub(crate) fn code_goes_out(&mut self) {
        if replace(&mut self.tasks[self.current].has_sent_code, true) {
            self.complain("a code is sent a second time");
        }
    }

    /// A provider was sent a code by the current task. Tells whether it gives something for it.
    pub(crate) fn redeemed(&mut self, code: &str, fits: bool) -> bool {
        let is_fresh = self.flows.redeemed.insert(code.to_owned()) || self.flows.are_careless;
        let task = &self.tasks[self.current];
        let Deed::FinishOAuth2(back) = &task.deed else {
            self.complain("a code is redeemed for nothing");
            return false;
        };
        let is_right = fits == back.is_honoured() && code == back.code.text && task.redeems.is_some();
        if !is_right {
            self.complain(format!("the code {code} is redeemed, and fits: {fits}"));
        }
        fits && is_fresh
    }

    /// The provider has answered to the current task, with this status, or fails.
    pub(crate) fn provider_answers(&mut self, status: Option<u16>) {
        let task = &mut self.tasks[self.current];
        match status {
            Some(200) => {}
            Some(_) => task.turned_away = Some(BAD_RETURN),
            None => task.turned_away = Some(PROVIDER_FAILS),
        }
    }
}
