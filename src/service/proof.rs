//! What becomes of an account when somebody proves to own an address that had not been proved yet.
//!
//! Whoever registered the address first may have been a stranger who waits for its owner to come (H82 of the project's threat list: account
//! pre-hijacking). So the first proof by sign-in or recovery leaves nothing to whoever was there before.

use super::Draft;
use crate::model::{Account, Attachment, Channel, Contact, Email, Key, Phone, TargetId, Timestamp, UserId};

/// To whom a proof belongs.
pub(crate) enum Proven {
    /// The account that was asked for; its address now counts as proven.
    Here,
    /// Somebody else: the address was taken off the account, which has another proven owner, and belongs on an account of its own.
    Apart(Address),
}

/// An address that somebody has just proved, or is asked to.
#[derive(Debug, Clone)]
pub(crate) enum Address {
    Email(Email),
    Phone(Phone),
}

impl Draft {
    /// Takes the proof of the address that this way leads to, given by a sign-in or a recovery.
    pub(crate) fn take_proof(&mut self, channel: Channel) -> Proven {
        let now = self.now;
        let (proven, other) = match channel {
            Channel::Host => return Proven::Here,
            Channel::Mailbox => (self.is_mailbox_proven(), self.is_phone_verified()),
            Channel::Phone => (self.is_phone_verified(), self.is_mailbox_proven()),
        };
        if proven {
            self.mark_proven(channel, now);
            return Proven::Here;
        }
        if other || !self.identities.is_empty() {
            self.touch();
            self.drop_codes_by(channel);
            let address = match channel {
                Channel::Phone => self.phone.take().map(|contact| Address::Phone(contact.address)),
                _ => self.email.take().map(|contact| Address::Email(contact.address)),
            };
            return address.map_or(Proven::Here, Proven::Apart);
        }
        self.forget_all_but(channel);
        self.mark_proven(channel, now);
        Proven::Here
    }
}

impl Account {
    /// Whether somebody proved the account's email, to us or to a provider that vouches for it.
    fn is_mailbox_proven(&self) -> bool {
        self.is_email_verified()
            || self.identities.iter().any(|identity| {
                identity.verified_email.is_some() && identity.verified_email.as_ref() == self.email()
            })
    }

    /// Marks an address as proven. Tells whether it was not yet.
    pub(crate) fn mark_proven(&mut self, channel: Channel, now: Timestamp) -> bool {
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
        self.bar_jwts();
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
    pub(crate) fn of_prover(id: UserId, address: Address, target: TargetId, now: Timestamp) -> Self {
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
