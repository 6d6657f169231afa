//! What becomes of an account when somebody proves to own an address that had not been proved yet.
//!
//! Whoever registered the address first may have been a stranger who waits for its owner to come (H82 of the project's threat list: account
//! pre-hijacking). So the first proof by sign-in or recovery leaves nothing to whoever was there before.

use std::sync::Arc;

use super::{AccountService, Context, Draft, SessionHolder};
use crate::{
    error::Error,
    model::{
        Account, Attachment, Channel, Contact, Email, EventKind, Key, Name, Phone, TargetId, Timestamp,
        UserId,
    },
    operation::Assurance,
    ports::{Clock, Mailer, SmsSender, Store},
};

/// To whom a proof belongs.
pub(crate) enum AddressOwner {
    /// The account that was asked for; its address now counts as proven.
    ThisAccount,
    /// Somebody else: the address was taken off the account, which has another proven owner, and belongs on an account of its own.
    NewAccount(Address),
}

/// An address that somebody has just proved, or is asked to.
#[derive(Debug, Clone)]
pub(crate) enum Address {
    Email(Email),
    Phone(Phone),
}

impl<S: Store, M: Mailer, P: SmsSender, C: Clock> AccountService<S, M, P, C> {
    /// A new account, with a generated id, of whoever has proved an address that was taken off somebody else's.
    pub(crate) fn account_for_address(&self, address: Address, now: Timestamp) -> Result<Draft, Error> {
        let (id, target) = (UserId::generate(now, *self.draw()?), *self.draw()?);
        let channel = address.channel();
        let account = Account::with_verified_address(id, address, TargetId::generate(now, target), now);
        let mut draft = Draft::new(account, now);
        draft.account.mark_verified(channel, now);
        draft.note(EventKind::UserCreated, None);
        Ok(draft)
    }

    /// Saves such an account.
    ///
    /// # Errors
    /// [`Error::InvalidToken`] if somebody registered the address anew in between; its owner can prove it once more. [`Error::Store`].
    pub(crate) async fn create_for_address(
        &self,
        draft: Draft,
        cx: Context<'_>,
    ) -> Result<Arc<Account>, Error> {
        match self.create(draft, cx).await {
            Err(Error::UserExists) => Err(Error::InvalidToken),
            outcome => outcome,
        }
    }
}

impl Draft {
    /// As [`verify_address`](Self::verify_address), but what a caller who is signed in to this very account proves drops nothing.
    pub(crate) fn verify_address_as(
        &mut self,
        channel: Channel,
        caller: Option<&SessionHolder>,
    ) -> AddressOwner {
        let now = self.now;
        let is_owner = |caller: &SessionHolder| caller.recheck(self, now, Assurance::Full).is_ok();
        if caller.filter(|caller| *caller.user_id() == self.id).is_some_and(is_owner) {
            self.mark_verified(channel, now);
            return AddressOwner::ThisAccount;
        }
        self.verify_address(channel)
    }

    /// Takes the proof of the address that this method leads to, given by a sign-in or a recovery.
    pub(crate) fn verify_address(&mut self, channel: Channel) -> AddressOwner {
        let now = self.now;
        let (proven, other) = match channel {
            Channel::Host => return AddressOwner::ThisAccount,
            Channel::Mailbox => (self.is_mailbox_verified(), self.is_phone_verified()),
            Channel::Phone => (self.is_phone_verified(), self.is_mailbox_verified()),
        };
        if proven {
            self.mark_verified(channel, now);
            return AddressOwner::ThisAccount;
        }
        if other || !self.identities.is_empty() {
            self.touch();
            self.drop_codes_by(channel);
            let address = match channel {
                Channel::Phone => self.phone.take().map(|contact| Address::Phone(contact.address)),
                _ => self.email.take().map(|contact| Address::Email(contact.address)),
            };
            return address.map_or(AddressOwner::ThisAccount, AddressOwner::NewAccount);
        }
        self.forget_all_but(channel);
        self.mark_verified(channel, now);
        AddressOwner::ThisAccount
    }
}

impl Account {
    /// Whether somebody proved the account's email, to us or to a provider that vouches for it.
    fn is_mailbox_verified(&self) -> bool {
        self.is_email_verified()
            || self.identities.iter().any(|identity| {
                identity.verified_email.is_some() && identity.verified_email.as_ref() == self.email()
            })
    }

    /// Marks an address as proven. Tells whether it was not yet.
    pub(crate) fn mark_verified(&mut self, channel: Channel, now: Timestamp) -> bool {
        match channel {
            Channel::Mailbox => mark(&mut self.email, now),
            Channel::Phone => mark(&mut self.phone, now),
            Channel::Host => false,
        }
    }

    /// Drops whatever somebody could have put there who did not own the address.
    fn forget_all_but(&mut self, channel: Channel) {
        self.retain_sessions(|_| false);
        self.mfa = false;
        // It would greet the owner in every message.
        self.name = Name::default();
        self.revoke_jwts();
        self.password = None;
        self.password_history.clear();
        self.tokens.clear();
        self.devices.keep_only(None);
        self.identities.clear();
        self.authenticator = None;
        self.recovery_codes = None;
        self.challenges.clear();
        self.targets.clear();
        self.failures.clear();
        self.known_failures.clear();
        self.attachment = Some(Attachment::default().into());
        match channel {
            Channel::Phone => self.email = None,
            _ => self.phone = None,
        }
    }

    /// A new account of whoever has just proved this address.
    pub(crate) fn with_verified_address(
        id: UserId,
        address: Address,
        target: TargetId,
        now: Timestamp,
    ) -> Self {
        let mut account = Self::new(id, now);
        match address {
            Address::Email(email) => account.email = Some(Contact::new(email, target, now)),
            Address::Phone(phone) => account.phone = Some(Contact::new(phone, target, now)),
        }
        account
    }
}

fn mark<A>(slot: &mut Option<Contact<A>>, now: Timestamp) -> bool {
    match slot.as_mut().filter(|contact| !contact.verified) {
        Some(contact) => {
            contact.verified = true;
            contact.updated_at = now;
            true
        }
        None => false,
    }
}

impl Address {
    pub(crate) fn channel(&self) -> Channel {
        match self {
            Self::Email(_) => Channel::Mailbox,
            Self::Phone(_) => Channel::Phone,
        }
    }

    /// Whether it is the account's own, and not only that of one of its identities.
    pub(crate) fn belongs_to(&self, account: &Account) -> bool {
        match self {
            Self::Email(email) => account.email() == Some(email),
            Self::Phone(phone) => account.phone() == Some(phone),
        }
    }

    pub(crate) fn key(&self) -> Key {
        match self {
            Self::Email(email) => Key::Mailbox(email.clone()),
            Self::Phone(phone) => Key::Phone(phone.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::IdentityRecord;

    const NOW: Timestamp = Timestamp::MIN;
    const EMAIL: &str = "ada@example.com";

    /// An account with an email and a phone, each proved or not, and an identity that vouches for an address or for none.
    fn draft(email: bool, phone: bool, identity: Option<Option<&str>>) -> Draft {
        let target = || "06q2vgk1o0000000000000000e".parse().unwrap();
        let mut account = Account::new("ada".parse().unwrap(), NOW);
        account.email =
            Some(Contact { verified: email, ..Contact::new(EMAIL.parse().unwrap(), target(), NOW) });
        account.phone =
            Some(Contact { verified: phone, ..Contact::new("+16175551212".parse().unwrap(), target(), NOW) });
        account.identities.extend(identity.map(|vouched| -> IdentityRecord {
            serde_json::from_value(serde_json::json!({ "id": "i", "created_at": 0, "updated_at": 0,
                "provider": "github", "uid": "1", "verified_email": vouched }))
            .unwrap()
        }));
        Draft::new(account, NOW)
    }

    /// What is left of email, phone and identities; `apart` if the address went elsewhere.
    fn outcome(mut draft: Draft, channel: Channel) -> (bool, bool, bool, bool) {
        let apart = match draft.verify_address(channel) {
            AddressOwner::NewAccount(address) => {
                assert_eq!(address.channel(), channel);
                true
            }
            AddressOwner::ThisAccount => {
                let proven = [draft.is_email_verified(), draft.is_phone_verified()];
                assert!(proven[usize::from(channel == Channel::Phone)] || channel == Channel::Host);
                false
            }
        };
        (draft.email.is_some(), draft.phone.is_some(), !draft.identities.is_empty(), apart)
    }

    #[test]
    fn a_proof_belongs_to_whoever_had_proved_something_before() {
        let (other, same) = (Some(Some("other@example.com")), Some(Some(EMAIL)));
        use Channel::{Host, Mailbox, Phone};
        for (email, phone, identity, channel, expected) in [
            // Proved before: nothing goes.
            (true, false, None, Mailbox, (true, true, false, false)),
            (false, false, same, Mailbox, (true, true, true, false)),
            (false, true, None, Phone, (true, true, false, false)),
            // Another owner has proved something else: the address goes to the prover.
            (false, true, None, Mailbox, (false, true, false, true)),
            (false, false, other, Mailbox, (false, true, true, true)),
            (false, false, Some(None), Mailbox, (false, true, true, true)),
            (true, false, None, Phone, (true, false, false, true)),
            (false, false, same, Phone, (true, false, true, true)),
            // Nobody has proved anything: all else goes.
            (false, false, None, Mailbox, (true, false, false, false)),
            (false, false, None, Phone, (false, true, false, false)),
            // What the host's server hands out proves no address.
            (false, false, other, Host, (true, true, true, false)),
        ] {
            let found = outcome(draft(email, phone, identity), channel);
            assert_eq!(found, expected, "{email} {phone} {identity:?} {channel:?}");
        }
    }
}
