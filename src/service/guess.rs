//! Checking passwords: bounded by the lockout, each wrong guess saved before the answer.

use std::time::Duration;

use super::{
    account_service::AccountService,
    context::Context,
    draft::{Abort, Draft},
    guess_gate::{Entry, GuessKey, Permit},
    token::Guard,
};
use crate::{
    error::Error,
    model::{Account, Key, Password, PasswordHash, Profile},
    ports::{Clock, HashError, Mailer, Parts, SmsSender, Store, Stored, Verdict},
};

/// How often an operation is prepared, if the account changes while it is.
pub(crate) const MAX_PREPARATIONS: u32 = 3;

/// A checked password, and the permit to check it. Drop it once the outcome is saved.
pub(crate) struct Guess<'a> {
    pub(crate) proof: PasswordProof,
    _permit: Permit<'a>,
}

/// The result of hashing a password. It is valid only for the hash that it was compared with.
#[derive(Debug)]
pub(crate) struct PasswordProof {
    of: Option<PasswordHash>,
    matches: bool,
    /// The password hashed with the current parameters, if the stored hash is weaker.
    rehashed: Option<PasswordHash>,
}

impl PasswordProof {
    /// Whether the password was right, to decide what else to prepare.
    pub(crate) fn matches(&self) -> bool {
        self.matches
    }
}

impl Draft {
    /// Decides on a guess, and counts a wrong one. While guesses are locked, right and wrong ones
    /// get the same answer.
    pub(crate) fn check_guess(&mut self, proof: &PasswordProof, guard: Guard<'_>) -> Result<(), Abort> {
        if self.are_guesses_locked(guard.client) {
            return Err(Error::InvalidCredentials.into());
        }
        if self.password.as_ref().map(|password| &password.hash) != proof.of.as_ref() {
            return Err(Abort::PrepareAgain);
        }
        if !proof.matches {
            self.count_failure(guard);
            return Err(Abort::SaveAndRefuse(Error::InvalidCredentials));
        }
        if let Some(hash) = &proof.rehashed {
            self.account.replace_hash(hash);
        }
        Ok(())
    }
}

impl Account {
    /// Replaces the hash of the same password by a stronger one.
    fn replace_hash(&mut self, hash: &PasswordHash) {
        let Profile { password: Some(password), password_history, .. } = &mut **self else { return };
        let old = std::mem::replace(&mut password.hash, hash.clone());
        for other in password_history.iter_mut().filter(|other| **other == old) {
            *other = hash.clone();
        }
    }
}

impl<S: Store, M: Mailer, P: SmsSender, C: Clock> AccountService<S, M, P, C> {
    /// Loads the account under `key`, waits for a permit, and checks the password. `None` if there
    /// is no such account, or `belongs` rejects it.
    pub(crate) async fn guess(
        &self,
        key: &Key,
        cx: Context<'_>,
        password: &Password,
        belongs: impl Fn(&Account) -> bool + Send + Sync,
    ) -> Result<Option<Guess<'_>>, Error> {
        let Some((stored, permit)) = self.permit(key, cx, belongs).await? else { return Ok(None) };
        let of = stored.account.password.as_ref().map(|password| password.hash.clone());
        let verdict = self.verify(password, of.as_ref()).await?;
        let rehashed = match verdict.matches && verdict.weaker {
            true => Some(self.hash_password(password).await?),
            false => None,
        };
        Ok(Some(Guess { proof: PasswordProof { of, matches: verdict.matches, rehashed }, _permit: permit }))
    }

    /// Loads the account and waits for a permit to guess.
    async fn permit(
        &self,
        key: &Key,
        Context { client, now, .. }: Context<'_>,
        belongs: impl Fn(&Account) -> bool + Send + Sync,
    ) -> Result<Option<(Stored, Permit<'_>)>, Error> {
        let limit = self.inner.config.lockout.threshold;
        loop {
            let moment = self.inner.gate.moment();
            let stored =
                self.inner.store.load(key, Parts::Body).await?.filter(|stored| belongs(&stored.account));
            let Some(stored) = stored else { return Ok(None) };
            let known = stored.account.knows(client, now);
            let failures = if known { &stored.account.known_failures } else { &stored.account.failures };
            if failures.is_locked(now) {
                return Err(Error::InvalidCredentials);
            }
            match self.inner.gate.enter(
                GuessKey { id: stored.account.id, known },
                failures.run,
                limit,
                &moment,
            ) {
                Entry::Permit(permit) => return Ok(Some((stored, permit))),
                Entry::Reload => {}
                // A sender that was dropped has ended as well.
                Entry::Wait(ended) => drop(ended.await),
            }
        }
    }

    /// Does the work of a guess for an account that does not exist (timing side channel).
    pub(crate) async fn spend_guess(&self, password: &Password) -> Result<(), Error> {
        self.verify(password, None).await.map(drop)
    }

    /// Verifies a password as it was typed, because an older system may have hashed it so, and
    /// normalized. A hash of another form counts as weaker, so that it is replaced.
    ///
    /// # Security
    /// Only the typed text decides whether one or two checks are made, never the account (user
    /// enumeration by timing).
    async fn verify(&self, password: &Password, against: Option<&PasswordHash>) -> Result<Verdict, Error> {
        let check =
            async |text| self.inner.hasher.verify(text, against.cloned()).await.map_err(hashing_failed);
        let as_typed = match password.typed() {
            Some(typed) => check(typed).await?.matches,
            None => false,
        };
        let normalized = check(password.secret()).await?;
        Ok(Verdict {
            matches: normalized.matches | as_typed,
            weaker: normalized.weaker | (as_typed & !normalized.matches),
        })
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
            if self.verify(password, Some(hash)).await?.matches {
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
