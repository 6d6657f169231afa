//! The first verification of an address by a sign-in or a recovery.
//!
//! An attacker may have registered the address and wait for its owner to arrive (account
//! pre-hijacking, H82 in HARDENING.md). So the first verification removes everything that an
//! earlier registrant set up.

use std::sync::Arc;

use super::{account_service::AccountService, caller::SessionHolder, context::Context, draft::Draft};
use crate::{
    error::Error,
    model::{
        Account, Attachment, Channel, Contact, Email, EventKind, Key, Name, Phone, TargetId, Timestamp,
        UserId,
    },
    operation::Assurance,
    ports::{Clock, Mailer, SmsSender, Store},
};

/// Who owns a verified address.
pub(crate) enum AddressOwner {
    /// The account that has it. The address is now verified there.
    ThisAccount,
    /// Another person: the account has another verified owner, so the address was removed from it
    /// and goes to a new account.
    NewAccount(Address),
}

/// An address that a sign-in or a recovery verifies.
#[derive(Debug, Clone)]
pub(crate) enum Address {
    Email(Email),
    Phone(Phone),
}

impl<S: Store, M: Mailer, P: SmsSender, C: Clock> AccountService<S, M, P, C> {
    /// A new account, with a generated id, for an address that was removed from another account.
    pub(crate) fn account_for_address(&self, address: Address, now: Timestamp) -> Result<Draft, Error> {
        let (id, target) = (UserId::generate(now, *self.draw()?), *self.draw()?);
        let channel = address.channel();
        let account = Account::with_address(id, address, TargetId::generate(now, target), now);
        let mut draft = Draft::new(account, now);
        draft.account.mark_verified(channel, now);
        draft.note(EventKind::UserCreated, None);
        Ok(draft)
    }

    /// Saves such an account.
    ///
    /// # Errors
    /// [`Error::InvalidToken`] if the address was registered again in between; its owner can
    /// request another token. [`Error::Store`].
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
    /// As [`verify_address`](Self::verify_address), but a caller who is signed in to this account
    /// loses nothing.
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

    /// Verifies the address behind this channel, after a sign-in or a recovery by it.
    pub(crate) fn verify_address(&mut self, channel: Channel) -> AddressOwner {
        let now = self.now;
        let (is_verified, has_other_owner) = match channel {
            Channel::Application => return AddressOwner::ThisAccount,
            Channel::Mailbox => (self.is_mailbox_verified(), self.is_phone_verified()),
            Channel::Phone => (self.is_phone_verified(), self.is_mailbox_verified()),
        };
        if is_verified {
            self.mark_verified(channel, now);
            return AddressOwner::ThisAccount;
        }
        if has_other_owner || !self.identities.is_empty() {
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
    /// Whether the account's email is verified, by this service or by a provider.
    fn is_mailbox_verified(&self) -> bool {
        self.is_email_verified()
            || self.identities.iter().any(|identity| {
                identity.verified_email.is_some() && identity.verified_email.as_ref() == self.email()
            })
    }

    /// Marks an address as verified. Returns whether it was not before.
    pub(crate) fn mark_verified(&mut self, channel: Channel, now: Timestamp) -> bool {
        match channel {
            Channel::Mailbox => mark(&mut self.email, now),
            Channel::Phone => mark(&mut self.phone, now),
            Channel::Application => false,
        }
    }

    /// Removes everything that an earlier registrant could have set up.
    fn forget_all_but(&mut self, channel: Channel) {
        self.retain_sessions(|_| false);
        self.mfa = false;
        // Messages to the owner would show the earlier registrant's text.
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

    /// A new account with this address, unverified.
    pub(crate) fn with_address(id: UserId, address: Address, target: TargetId, now: Timestamp) -> Self {
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

    /// An account with an email and a phone, each verified or not, and an identity with or without
    /// a verified address.
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

    /// What is left of email, phone and identities, and whether the address goes to a new account.
    fn outcome(mut draft: Draft, channel: Channel) -> (bool, bool, bool, bool) {
        let is_apart = match draft.verify_address(channel) {
            AddressOwner::NewAccount(address) => {
                assert_eq!(address.channel(), channel);
                true
            }
            AddressOwner::ThisAccount => {
                let verified = [draft.is_email_verified(), draft.is_phone_verified()];
                assert!(verified[usize::from(channel == Channel::Phone)] || channel == Channel::Application);
                false
            }
        };
        (draft.email.is_some(), draft.phone.is_some(), !draft.identities.is_empty(), is_apart)
    }

    #[test]
    fn a_verified_address_belongs_to_the_first_verified_owner() {
        let (other, same) = (Some(Some("other@example.com")), Some(Some(EMAIL)));
        use Channel::{Application, Mailbox, Phone};
        for (email, phone, identity, channel, expected) in [
            // Verified before: nothing is removed.
            (true, false, None, Mailbox, (true, true, false, false)),
            (false, false, same, Mailbox, (true, true, true, false)),
            (false, true, None, Phone, (true, true, false, false)),
            // Another verified owner: the address goes to a new account.
            (false, true, None, Mailbox, (false, true, false, true)),
            (false, false, other, Mailbox, (false, true, true, true)),
            (false, false, Some(None), Mailbox, (false, true, true, true)),
            (true, false, None, Phone, (true, false, false, true)),
            (false, false, same, Phone, (true, false, true, true)),
            // No verified owner: everything else is removed.
            (false, false, None, Mailbox, (true, false, false, false)),
            (false, false, None, Phone, (false, true, false, false)),
            // A token of the application's server verifies no address.
            (false, false, other, Application, (true, true, true, false)),
        ] {
            let found = outcome(draft(email, phone, identity), channel);
            assert_eq!(found, expected, "{email} {phone} {identity:?} {channel:?}");
        }
    }
}
