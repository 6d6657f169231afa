//! Recovery codes, for users who have lost their other factors (NIST SP 800-63B-4 §3.1.2, ASVS
//! 6.5.1).

use constant_time_eq::constant_time_eq;
use zeroize::Zeroizing;

use crate::{
    crypto::{self, Sealer, typed_code},
    error::Error,
    messages::Notice,
    model::{EventKind, Sealed},
    operation::Operation,
    ports::{Clock, Mailer, Parts, SmsSender, Store, StoreError},
    secret::Secret,
    service::{AccountService, Caller, Context, Draft},
};

/// The unused recovery codes of an account, each valid for one challenge.
#[derive(Debug)]
pub struct RecoveryCodes(Vec<Secret>);

impl RecoveryCodes {
    /// The codes: ten lower-case hex digits each.
    #[must_use]
    pub fn codes(&self) -> &[Secret] {
        &self.0
    }
}

/// New codes, and their stored form.
struct FreshCodes {
    codes: RecoveryCodes,
    sealed: Sealed,
}

/// Nonces for a decision that may run more than once. Each run seals another list, so each needs
/// its own.
pub(super) struct Nonces {
    first: Zeroizing<[u8; 24]>,
    runs: u64,
}

/// # Recovery codes
impl<S: Store, M: Mailer, P: SmsSender, C: Clock> AccountService<S, M, P, C> {
    /// Creates six recovery codes for an account that has none left. The account's email address is
    /// notified.
    ///
    /// # Errors
    /// [`Error::RecoveryCodesExist`] if some are left; the [errors of every
    /// caller](crate::Caller#errors); [`Error::Store`].
    ///
    /// # Examples
    /// ```
    /// # #[cfg(not(feature = "testing"))] fn main() {}
    /// # #[cfg(feature = "testing")] #[tokio::main] async fn main() -> Result<(), account::Error> {
    /// # let test = account::testing::TestHost::new();
    /// # let accounts = &test.service;
    /// # let caller = test.caller(&test.signed_up("ada@example.com").await).await;
    /// let new = accounts.create_recovery_codes(&caller).await?;
    /// let lines: Vec<&str> = new.codes().iter().map(|code| code.expose()).collect();
    /// assert_eq!(lines.len(), 6); // show them once, for the user to print or to write down
    /// assert!(accounts.factors(&caller).await?.recovery_code);
    /// # Ok(()) }
    /// ```
    #[doc(alias = "createMfaRecoveryCodes")]
    pub async fn create_recovery_codes(&self, caller: &Caller) -> Result<RecoveryCodes, Error> {
        self.perform(Operation::CreateRecoveryCodes, caller.client(), |cx| {
            self.issue_recovery_codes(cx, caller, false)
        })
        .await
    }

    /// Returns the unused recovery codes, to show them to their owner again.
    ///
    /// # Errors
    /// [`Error::RecoveryCodesNotFound`] if none are left; [`Error::ChallengeRequired`] if no
    /// challenge was passed in the last 30 minutes; the other [errors of every
    /// caller](crate::Caller#errors); [`Error::Store`].
    ///
    /// # Examples
    /// ```
    /// # #[cfg(not(feature = "testing"))] fn main() {}
    /// # #[cfg(feature = "testing")] #[tokio::main] async fn main() -> Result<(), account::Error> {
    /// # let test = account::testing::TestHost::new();
    /// # let accounts = &test.service;
    /// # let caller = test.caller(&test.signed_up("ada@example.com").await).await;
    /// # let codes = accounts.create_recovery_codes(&caller).await?;
    /// use account::model::SecondFactor;
    ///
    /// // The caller needs a recent challenge, which one of the codes can answer.
    /// let challenge = accounts.start_challenge(&caller, SecondFactor::RecoveryCode).await?;
    /// let code = codes.codes()[0].expose();
    /// let passed = accounts.finish_challenge(&caller, &challenge.id, code).await?;
    /// let caller = accounts.caller(&passed.secret.unwrap()).await?;
    ///
    /// let left = accounts.recovery_codes(&caller).await?;
    /// assert_eq!(left.codes().len(), 5);
    /// # Ok(()) }
    /// ```
    #[doc(alias = "getMfaRecoveryCodes")]
    pub async fn recovery_codes(&self, caller: &Caller) -> Result<RecoveryCodes, Error> {
        self.perform(Operation::RecoveryCodes, caller.client(), |cx| self.recovery_codes_in(cx, caller)).await
    }

    async fn recovery_codes_in(&self, cx: Context<'_>, caller: &Caller) -> Result<RecoveryCodes, Error> {
        let account = self.load_as(caller, Parts::Body, cx).await?.account;
        let sealed = account.recovery_codes.as_ref().ok_or(Error::RecoveryCodesNotFound)?;
        let list = open(&self.inner.sealer, account.id.as_str(), sealed)?;
        let codes = list.codes().ok_or(StoreError::Corrupt)?;
        Ok(RecoveryCodes(codes.into_iter().map(|code| Secret::new(code.to_owned())).collect()))
    }

    /// Replaces the unused recovery codes by six new ones. The account's email address is notified.
    ///
    /// # Errors
    /// [`Error::RecoveryCodesNotFound`] if none are left; [`Error::ChallengeRequired`] if no
    /// challenge was passed in the last 30 minutes; the other [errors of every
    /// caller](crate::Caller#errors); [`Error::Store`].
    ///
    /// # Examples
    /// ```
    /// # #[cfg(not(feature = "testing"))] fn main() {}
    /// # #[cfg(feature = "testing")] #[tokio::main] async fn main() -> Result<(), account::Error> {
    /// # let test = account::testing::TestHost::new();
    /// # let accounts = &test.service;
    /// # let caller = test.caller(&test.signed_up("ada@example.com").await).await;
    /// # let codes = accounts.create_recovery_codes(&caller).await?;
    /// use account::model::SecondFactor;
    ///
    /// // The caller needs a recent challenge, which one of the codes can answer.
    /// let challenge = accounts.start_challenge(&caller, SecondFactor::RecoveryCode).await?;
    /// let code = codes.codes()[0].expose();
    /// let passed = accounts.finish_challenge(&caller, &challenge.id, code).await?;
    /// let caller = accounts.caller(&passed.secret.unwrap()).await?;
    ///
    /// let new = accounts.replace_recovery_codes(&caller).await?;
    /// assert_eq!(new.codes().len(), 6); // the earlier ones are no longer accepted
    /// # Ok(()) }
    /// ```
    #[doc(alias = "updateMfaRecoveryCodes")]
    pub async fn replace_recovery_codes(&self, caller: &Caller) -> Result<RecoveryCodes, Error> {
        self.perform(Operation::ReplaceRecoveryCodes, caller.client(), |cx| {
            self.issue_recovery_codes(cx, caller, true)
        })
        .await
    }

    async fn issue_recovery_codes(
        &self,
        cx: Context<'_>,
        caller: &Caller,
        replace: bool,
    ) -> Result<RecoveryCodes, Error> {
        let FreshCodes { codes, sealed } = self.fresh_codes(caller.user_id().as_str())?;
        let decide = |draft: &mut Draft| Ok(draft.put_recovery_codes(&sealed, replace)?);
        let ((), account) = self.change_as(caller, cx, Parts::Body, decide).await?;
        self.send_email(cx, account.contact(), Notice::RecoveryCodesChanged).await;
        Ok(codes)
    }

    fn fresh_codes(&self, user: &str) -> Result<FreshCodes, Error> {
        let codes = crypto::recovery_codes(&*self.inner.entropy).map_err(|_| Error::Internal)?;
        let list: Vec<&str> = codes.iter().map(|code| code.as_str()).collect();
        let sealed = seal(&self.inner.sealer, user, &list, *self.draw()?)?;
        let codes = codes.iter().map(|code| Secret::new(code.as_str().to_owned())).collect();
        Ok(FreshCodes { codes: RecoveryCodes(codes), sealed })
    }
}

impl Nonces {
    pub(super) fn new(first: Zeroizing<[u8; 24]>) -> Self {
        Self { first, runs: 0 }
    }

    pub(super) fn next(&mut self) -> [u8; 24] {
        let mut nonce = *self.first;
        // Nonces differ from run to run. Two operations collide only if their random values are
        // this close.
        for (byte, run) in nonce.iter_mut().zip(self.runs.to_be_bytes()) {
            *byte ^= run;
        }
        self.runs = self.runs.wrapping_add(1);
        nonce
    }
}

impl Draft {
    fn put_recovery_codes(&mut self, fresh: &Sealed, replace: bool) -> Result<(), Error> {
        let event = match (&self.recovery_codes, replace) {
            (None, true) => return Err(Error::RecoveryCodesNotFound),
            (Some(_), false) => return Err(Error::RecoveryCodesExist),
            (None, false) => EventKind::RecoveryCodesCreated,
            (Some(_), true) => EventKind::RecoveryCodesReplaced,
        };
        self.recovery_codes = Some(fresh.clone());
        self.note(event, None);
        Ok(())
    }

    /// Checks a recovery code, as it was typed, and uses it up.
    ///
    /// # Security
    /// All codes are compared, each in constant time.
    pub(super) fn spend_recovery_code(
        &mut self,
        code: &str,
        sealer: &Sealer,
        nonce: [u8; 24],
    ) -> Result<bool, Error> {
        let (id, code) = (self.id, typed_code(code));
        let Some(sealed) = &self.recovery_codes else { return Ok(false) };
        let list = open(sealer, id.as_str(), sealed)?;
        let codes = list.codes().ok_or(StoreError::Corrupt)?;
        let (used, left): (Vec<_>, Vec<_>) =
            codes.into_iter().partition(|kept| constant_time_eq(kept.as_bytes(), code.as_bytes()));
        if used.is_empty() {
            return Ok(false);
        }
        self.recovery_codes =
            if left.is_empty() { None } else { Some(seal(sealer, id.as_str(), &left, nonce)?) };
        Ok(true)
    }
}

/// The sealed form of the codes: a JSON list.
struct OpenList(Zeroizing<Vec<u8>>);

impl OpenList {
    fn codes(&self) -> Option<Vec<&str>> {
        serde_json::from_slice(&self.0).ok()
    }
}

fn open(sealer: &Sealer, user: &str, sealed: &Sealed) -> Result<OpenList, Error> {
    Ok(OpenList(sealer.open(&codes_context(user), sealed).ok_or(StoreError::Corrupt)?))
}

fn seal(sealer: &Sealer, user: &str, codes: &[&str], nonce: [u8; 24]) -> Result<Sealed, Error> {
    let list = Zeroizing::new(serde_json::to_vec(codes).map_err(|_| Error::Internal)?);
    Ok(sealer.seal(&codes_context(user), &list, nonce))
}

fn codes_context(user: &str) -> [&[u8]; 2] {
    [user.as_bytes(), b"recovery codes"]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        crypto::MasterKey,
        model::{Account, Timestamp},
    };

    fn sealer() -> Sealer {
        let key = MasterKey::from_bytes(&std::array::from_fn::<u8, 32, _>(|i| i as u8)).unwrap();
        Sealer::new(&[key]).unwrap()
    }

    fn draft(codes: &[&str]) -> Draft {
        let mut account = Account::new("ada".parse().unwrap(), Timestamp::MIN);
        account.recovery_codes = Some(seal(&sealer(), "ada", codes, [0; 24]).unwrap());
        Draft::new(account, Timestamp::MIN)
    }

    fn left(draft: &Draft) -> Vec<String> {
        let Some(sealed) = &draft.recovery_codes else { return Vec::new() };
        let list = open(&sealer(), "ada", sealed).unwrap();
        list.codes().unwrap().into_iter().map(str::to_owned).collect()
    }

    #[test]
    fn a_code_is_spent_alone_and_the_last_one_leaves_nothing() {
        let mut draft = draft(&["0123456789", "abcdef0123"]);
        for wrong in ["", "012345678", "01234567890", "0123456789.", "abcdef0124", "ａｂcdef0123"] {
            assert!(!draft.spend_recovery_code(wrong, &sealer(), [1; 24]).unwrap(), "{wrong}");
        }
        assert_eq!(left(&draft).len(), 2);
        assert!(draft.spend_recovery_code("0123456789", &sealer(), [1; 24]).unwrap());
        assert_eq!(left(&draft), ["abcdef0123"]);
        assert!(!draft.spend_recovery_code("0123456789", &sealer(), [2; 24]).unwrap());
        assert!(draft.spend_recovery_code("abcdef0123", &sealer(), [2; 24]).unwrap());
        assert!(draft.recovery_codes.is_none());
        assert!(!draft.spend_recovery_code("abcdef0123", &sealer(), [3; 24]).unwrap());
    }

    #[test]
    fn a_list_of_another_account_does_not_open() {
        let mut draft = draft(&["0123456789"]);
        draft.recovery_codes = Some(seal(&sealer(), "bob", &["0123456789"], [0; 24]).unwrap());
        let refused = draft.spend_recovery_code("0123456789", &sealer(), [1; 24]);
        assert!(matches!(refused, Err(Error::Store(StoreError::Corrupt))));
    }

    #[test]
    fn each_run_of_a_decision_has_its_own_nonce() {
        let mut nonces = Nonces::new(Zeroizing::new([7; 24]));
        let drawn: std::collections::HashSet<_> = (0..1_000).map(|_| nonces.next()).collect();
        assert_eq!(drawn.len(), 1_000);
    }
}
