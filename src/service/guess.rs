//! Guessing a password: at most as many guesses as the limit says, the count saved before the answer.

use std::{sync::Arc, time::Duration};

use super::{
    AccountService, Draft, Refusal,
    change::Errand,
    guess_gate::{Entry, Permit},
};
use crate::{
    Error,
    model::{Account, EventKind, Key, Password, PasswordHash},
    ports::{Clock, HashError, Mailer, Parts, SmsSender, Store, Stored},
};

/// How often a guess is prepared anew because the password changed under it.
const PREPARATIONS: u32 = 3;

/// What hashing has learnt about a password: it counts only for the hash it was computed from.
#[derive(Debug)]
pub(crate) struct PasswordProof {
    of: Option<PasswordHash>,
    matches: bool,
    /// The password under today's parameters, if the stored hash was weaker.
    rehashed: Option<PasswordHash>,
}

impl Account {
    /// Decides on a guess. Past the limit the answer is the same whether it was right; a wrong one costs an attempt; a right one clears
    /// the count.
    pub(crate) fn check_guess(
        draft: &mut Draft,
        proof: &PasswordProof,
        limit: &crate::model::GuessLimit,
    ) -> Result<(), Refusal> {
        let now = draft.now;
        if draft.failures.is_locked(now) {
            return Err(Error::InvalidCredentials.into());
        }
        if draft.password.as_ref().map(|password| &password.hash) != proof.of.as_ref() {
            return Err(Refusal::Stale);
        }
        if !proof.matches {
            if draft.failures.count(now, limit) {
                draft.note(EventKind::SignInRefused, None);
            }
            return Err(Refusal::Costly(Error::InvalidCredentials));
        }
        draft.failures.clear();
        if let (Some(hash), Some(password)) = (&proof.rehashed, draft.password.as_mut()) {
            let old = std::mem::replace(&mut password.hash, hash.clone());
            draft
                .password_history
                .iter_mut()
                .filter(|other| **other == old)
                .for_each(|other| *other = hash.clone());
        }
        Ok(())
    }
}

impl<S: Store, M: Mailer, P: SmsSender, C: Clock> AccountService<S, M, P, C> {
    /// Guesses the password of the account under `key`, and lets `decide` go on with the outcome. `None`: there is no such account.
    ///
    /// `belongs` says whether the account found is the one that is meant.
    pub(crate) async fn guess<T: Send>(
        &self,
        key: &Key,
        errand: Errand<'_>,
        password: &Password,
        belongs: impl Fn(&Account) -> bool + Send + Sync,
        mut decide: impl FnMut(&mut Draft, &PasswordProof) -> Result<T, Refusal> + Send,
    ) -> Result<Option<(T, Arc<Account>)>, Error> {
        for _ in 0..PREPARATIONS {
            let Some((stored, _permit)) = self.enter(key, errand, &belongs).await? else { return Ok(None) };
            let proof = self.prove_password(password, &stored).await?;
            let settled = self
                .change(&Key::Id(stored.account.id), Parts::Body, errand, |draft| {
                    if belongs(draft) { decide(draft, &proof) } else { Err(Refusal::Stale) }
                })
                .await?;
            match settled {
                None => return Ok(None),
                Some(Some(done)) => return Ok(Some(done)),
                Some(None) => {}
            }
        }
        Err(Error::Busy(Duration::from_secs(1)))
    }

    /// Loads the account and waits for the right to guess on it.
    async fn enter(
        &self,
        key: &Key,
        errand: Errand<'_>,
        belongs: &impl Fn(&Account) -> bool,
    ) -> Result<Option<(Stored, Permit<'_>)>, Error> {
        let limit = self.inner.config.guesses.run;
        loop {
            let moment = self.inner.gate.moment();
            let stored =
                self.inner.store.load(key, Parts::Body).await?.filter(|stored| belongs(&stored.account));
            let Some(stored) = stored else { return Ok(None) };
            let failures = &stored.account.failures;
            if failures.is_locked(errand.now) {
                return Err(Error::InvalidCredentials);
            }
            match self.inner.gate.enter(stored.account.id, failures.run, limit, &moment) {
                Entry::Permit(permit) => return Ok(Some((stored, permit))),
                Entry::Reload => {}
                // A gate that has gone lets everybody look again.
                Entry::Wait(turn) => drop(turn.await),
            }
        }
    }

    async fn prove_password(&self, password: &Password, stored: &Stored) -> Result<PasswordProof, Error> {
        let of = stored.account.password.as_ref().map(|password| password.hash.clone());
        let verdict =
            self.inner.hasher.verify(password.secret(), of.clone()).await.map_err(hashing_failed)?;
        let rehashed = match verdict.matches && verdict.weaker {
            true => Some(self.hash_password(password).await?),
            false => None,
        };
        Ok(PasswordProof { of, matches: verdict.matches, rehashed })
    }

    /// The work of a guess, spent on an account that does not exist.
    pub(crate) async fn spend_guess(&self, password: &Password) -> Result<(), Error> {
        self.inner.hasher.verify(password.secret(), None).await.map_err(hashing_failed)?;
        Ok(())
    }

    pub(crate) async fn hash_password(&self, password: &Password) -> Result<PasswordHash, Error> {
        let salt = self.draw::<16>()?;
        self.inner.hasher.hash(password.secret(), *salt).await.map_err(hashing_failed)
    }

    /// Whether the password is one of these.
    pub(crate) async fn is_one_of(
        &self,
        password: &Password,
        hashes: &[PasswordHash],
    ) -> Result<bool, Error> {
        for hash in hashes {
            if self
                .inner
                .hasher
                .verify(password.secret(), Some(hash.clone()))
                .await
                .map_err(hashing_failed)?
                .matches
            {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

fn hashing_failed(error: HashError) -> Error {
    match error {
        HashError::Busy => Error::Busy(Duration::from_secs(1)),
        HashError::Failed => Error::Internal,
    }
}
