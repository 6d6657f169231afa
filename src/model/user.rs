//! The account as its owner sees it.

use std::sync::Arc;

use super::{
    account::{Account, Contact},
    email::Email,
    ids::UserId,
    label::Label,
    name::Name,
    phone::Phone,
    preferences::Preferences,
    target::{Target, TargetKind},
    time::Timestamp,
};

/// An account as its owner sees it, at one instant.
///
/// It exposes no secret. Cloning is cheap.
#[derive(Debug, Clone)]
pub struct User(Arc<Account>);

impl User {
    pub(crate) fn new(account: Arc<Account>) -> Self {
        Self(account)
    }

    /// Creates it without the parts that have expired by `now`.
    pub(crate) fn at(mut account: Arc<Account>, now: Timestamp) -> Self {
        if account.due_at().is_some_and(|due| due <= now) {
            Arc::make_mut(&mut account).tidy(now);
        }
        Self(account)
    }

    /// Returns the account's id, which never changes.
    #[must_use]
    pub fn id(&self) -> &UserId {
        self.0.id()
    }

    /// Returns when the account was created.
    #[must_use]
    pub fn created_at(&self) -> Timestamp {
        self.0.created_at
    }

    /// Returns when the profile last changed.
    #[must_use]
    pub fn updated_at(&self) -> Timestamp {
        self.0.updated_at
    }

    /// Returns when the account was last used, to the day.
    #[must_use]
    pub fn accessed_at(&self) -> Timestamp {
        self.0.accessed_at
    }

    /// Returns the display name, which may be empty.
    #[must_use]
    pub fn name(&self) -> &Name {
        &self.0.name
    }

    /// Returns the email address, if there is one.
    #[must_use]
    pub fn email(&self) -> Option<&Email> {
        self.0.email()
    }

    /// Returns whether the email address is verified.
    #[must_use]
    pub fn is_email_verified(&self) -> bool {
        self.0.is_email_verified()
    }

    /// Returns the phone number, if there is one.
    #[must_use]
    pub fn phone(&self) -> Option<&Phone> {
        self.0.phone()
    }

    /// Returns whether the phone number is verified.
    #[must_use]
    pub fn is_phone_verified(&self) -> bool {
        self.0.is_phone_verified()
    }

    /// Returns whether the account is blocked.
    #[must_use]
    pub fn is_blocked(&self) -> bool {
        self.0.blocked
    }

    /// Returns whether MFA is switched on. Sign-in then requires a second factor as soon as the
    /// account has one.
    #[doc(alias = "2FA")]
    #[must_use]
    pub fn has_mfa(&self) -> bool {
        self.0.mfa
    }

    /// Returns the labels that your application assigned.
    #[must_use]
    pub fn labels(&self) -> &[Label] {
        self.0.labels()
    }

    /// Returns whether your application assigned this label.
    #[must_use]
    pub fn has_label(&self, label: &str) -> bool {
        self.0.has_label(label)
    }

    /// Returns when the password was last set, or `None` if there is no password.
    #[must_use]
    pub fn password_updated_at(&self) -> Option<Timestamp> {
        self.0.password.as_ref().map(|password| password.updated_at)
    }

    /// Returns the preferences, as they were sent.
    #[must_use]
    pub fn preferences(&self) -> Preferences {
        self.0.preferences()
    }

    /// Returns the messaging targets: email, phone, then devices in the order they were added.
    #[must_use]
    pub fn targets(&self) -> Vec<Target> {
        let email = self
            .0
            .email
            .as_ref()
            .map(|contact| self.contact_target(TargetKind::Email, contact, contact.address.as_str()));
        let phone = self
            .0
            .phone
            .as_ref()
            .map(|contact| self.contact_target(TargetKind::Sms, contact, contact.address.as_str()));
        let push = self.0.targets.iter().map(|record| Target {
            id: record.id,
            user: *self.id(),
            created_at: record.created_at,
            updated_at: record.updated_at,
            kind: TargetKind::Push,
            identifier: record.identifier.clone(),
            provider: record.provider,
            name: record.name.clone(),
        });
        email.into_iter().chain(phone).chain(push).collect()
    }

    fn contact_target<A>(&self, kind: TargetKind, contact: &Contact<A>, identifier: &str) -> Target {
        Target {
            id: contact.target,
            user: *self.id(),
            created_at: contact.created_at,
            updated_at: contact.updated_at,
            kind,
            identifier: identifier.into(),
            provider: None,
            name: "".into(),
        }
    }
}
