//! The account of one user, as one value.

mod sessions;

use std::{
    fmt,
    ops::{Deref, DerefMut},
    sync::Arc,
};

use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use super::{
    device::KnownDevices,
    email::Email,
    failures::Failures,
    identity::IdentityRecord,
    ids::{IdentityId, TargetId, UserId},
    key::Key,
    label::Label,
    name::Name,
    password_hash::PasswordHash,
    phone::Phone,
    preferences::Preferences,
    sealed::Sealed,
    second_factor::{Authenticator, ChallengeRecord},
    secret_digest::SecretDigest,
    session_record::SessionRecord,
    target::PushTargetRecord,
    time::Timestamp,
    token::TokenRecord,
};

/// The account of one user: profile, password hash, sessions, identities, targets and counters.
///
/// It is one value: a store saves and replaces it as a whole and finds it by its
/// [`keys`](Account::keys). Only the operations of [`AccountService`](crate::AccountService) change
/// it. `Debug` shows only its id.
///
/// # Security
/// It contains digests, hashes and sealed values, never a secret in plain text.
#[derive(Clone)]
// The fields that every session check reads come first and are small: with a million accounts, a
// check is bound by memory latency.
#[repr(C)]
pub struct Account {
    pub(crate) id: UserId,
    pub(crate) blocked: bool,
    pub(crate) reset_required: bool,
    pub(crate) mfa: bool,
    pub(crate) accessed_at: Timestamp,
    /// Oldest first. One session is stored inline, which saves most session checks a memory access.
    pub(crate) sessions: SmallVec<[SessionRecord; 1]>,
    rest: Arc<Profile>,
}

/// The other fields of an account. [`Account`] dereferences to them.
#[derive(Clone)]
#[doc(hidden)]
pub struct Profile {
    /// Incremented to revoke all JWTs issued so far.
    pub(crate) jwt_generation: u32,
    pub(crate) created_at: Timestamp,
    pub(crate) updated_at: Timestamp,
    /// Whether the account was created without any identifier.
    pub(crate) began_anonymously: bool,
    pub(crate) name: Name,
    pub(crate) labels: Vec<Label>,
    pub(crate) email: Option<Contact<Email>>,
    pub(crate) phone: Option<Contact<Phone>>,
    pub(crate) password: Option<PasswordRecord>,
    /// The hashes of earlier passwords and the current one, oldest first, as many as the policy
    /// keeps.
    pub(crate) password_history: Vec<PasswordHash>,
    pub(crate) identities: Vec<IdentityRecord>,
    pub(crate) targets: Vec<PushTargetRecord>,
    pub(crate) failures: Failures,
    /// Failures of known devices, which are counted apart.
    pub(crate) known_failures: Failures,
    pub(crate) devices: KnownDevices,
    pub(crate) tokens: Vec<TokenRecord>,
    pub(crate) authenticator: Option<Authenticator>,
    /// The unused recovery codes, sealed together.
    pub(crate) recovery_codes: Option<Sealed>,
    pub(crate) challenges: Vec<ChallengeRecord>,
    pub(crate) spent_states: Vec<SpentState>,
    /// `None` if it was not loaded. A save then leaves it unchanged in the store.
    pub(crate) attachment: Option<Arc<Attachment>>,
}

impl Deref for Account {
    type Target = Profile;

    fn deref(&self) -> &Profile {
        &self.rest
    }
}

impl DerefMut for Account {
    fn deref_mut(&mut self) -> &mut Profile {
        Arc::make_mut(&mut self.rest)
    }
}

impl fmt::Debug for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Profile").finish_non_exhaustive()
    }
}

/// The part of an account that most operations do not need.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Attachment {
    pub(crate) preferences: Preferences,
    /// The tokens of OAuth2 providers.
    pub(crate) provider_tokens: Vec<ProviderTokens>,
}

/// The provider tokens of one identity, sealed for this account and identity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ProviderTokens {
    pub(crate) identity: IdentityId,
    pub(crate) sealed: Sealed,
}

/// The state of a completed OAuth2 sign-in, kept against replay.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SpentState {
    pub(crate) digest: SecretDigest,
    pub(crate) expires_at: Timestamp,
}

/// An email address or phone number of the account, with the id of its messaging target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Contact<A> {
    pub(crate) address: A,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) verified: bool,
    pub(crate) target: TargetId,
    pub(crate) created_at: Timestamp,
    pub(crate) updated_at: Timestamp,
}

impl<A> Contact<A> {
    /// Creates an unverified address.
    pub(crate) fn new(address: A, target: TargetId, now: Timestamp) -> Self {
        Self { address, verified: false, target, created_at: now, updated_at: now }
    }
}

/// The password and when it was set.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PasswordRecord {
    pub(crate) hash: PasswordHash,
    pub(crate) updated_at: Timestamp,
    /// Whether it was set by a recovery while sign-in required two factors. It then shows access to
    /// the mailbox only.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) by_mailbox: bool,
}

impl Account {
    pub(crate) fn new(id: UserId, now: Timestamp) -> Self {
        let rest = Profile {
            jwt_generation: 0,
            created_at: now,
            updated_at: now,
            began_anonymously: false,
            name: Name::default(),
            labels: Vec::new(),
            email: None,
            phone: None,
            password: None,
            password_history: Vec::new(),
            identities: Vec::new(),
            targets: Vec::new(),
            failures: Failures::default(),
            known_failures: Failures::default(),
            devices: KnownDevices::default(),
            tokens: Vec::new(),
            authenticator: None,
            recovery_codes: None,
            challenges: Vec::new(),
            spent_states: Vec::new(),
            attachment: Some(Arc::default()),
        };
        Self::from_parts(id, now, rest)
    }

    pub(crate) fn from_parts(id: UserId, accessed_at: Timestamp, rest: Profile) -> Self {
        Self {
            id,
            blocked: false,
            reset_required: false,
            mfa: false,
            accessed_at,
            sessions: SmallVec::new(),
            rest: Arc::new(rest),
        }
    }

    /// Returns the account's id, which never changes.
    #[must_use]
    pub fn id(&self) -> &UserId {
        &self.id
    }

    /// Returns when the account was created.
    #[must_use]
    pub fn created_at(&self) -> Timestamp {
        self.created_at
    }

    /// Returns when the profile last changed.
    #[must_use]
    pub fn updated_at(&self) -> Timestamp {
        self.updated_at
    }

    /// Returns when the account was last used, to the day.
    #[must_use]
    pub fn accessed_at(&self) -> Timestamp {
        self.accessed_at
    }

    /// Returns the display name, which may be empty.
    #[must_use]
    pub fn name(&self) -> &Name {
        &self.name
    }

    /// Returns the email address, if there is one.
    #[must_use]
    pub fn email(&self) -> Option<&Email> {
        self.email.as_ref().map(|contact| &contact.address)
    }

    /// Returns whether the email address is verified.
    #[must_use]
    pub fn is_email_verified(&self) -> bool {
        self.email.as_ref().is_some_and(|contact| contact.verified)
    }

    /// Returns the phone number, if there is one.
    #[must_use]
    pub fn phone(&self) -> Option<&Phone> {
        self.phone.as_ref().map(|contact| &contact.address)
    }

    /// Returns whether the phone number is verified.
    #[must_use]
    pub fn is_phone_verified(&self) -> bool {
        self.phone.as_ref().is_some_and(|contact| contact.verified)
    }

    /// Returns whether the account is blocked.
    #[must_use]
    pub fn is_blocked(&self) -> bool {
        self.blocked
    }

    /// Returns the labels that your application assigned, such as roles.
    #[doc(alias = "roles")]
    #[must_use]
    pub fn labels(&self) -> &[Label] {
        &self.labels
    }

    /// Returns whether your application assigned this label.
    ///
    /// Handlers call it on [`Caller::account`](crate::SessionHolder::account) to authorise a
    /// request; nothing is loaded again. Each request sees the labels as they were when it was
    /// authenticated, so a label that is removed is missing from the next request on.
    ///
    /// # Examples
    /// ```
    /// use account::Caller;
    ///
    /// fn may_publish(caller: &Caller) -> bool {
    ///     ["editor", "admin"].iter().any(|label| caller.account().has_label(label))
    /// }
    /// ```
    #[doc(alias = "has_role")]
    #[doc(alias = "authorize")]
    #[must_use]
    pub fn has_label(&self, label: &str) -> bool {
        self.labels.iter().any(|assigned| assigned.as_str() == label)
    }

    /// Returns whether it was created anonymously and still has no sign-in method.
    pub(crate) fn is_guest(&self) -> bool {
        self.began_anonymously
            && self.email.is_none()
            && self.phone.is_none()
            && self.password.is_none()
            && self.identities.is_empty()
    }

    /// Returns whether it is a guest account that can no longer be used: it has no session or
    /// token.
    pub(crate) fn is_abandoned(&self) -> bool {
        self.is_guest() && self.sessions.is_empty() && self.tokens.is_empty()
    }

    /// Returns the earliest instant at which a part of the account expires and can be removed.
    ///
    /// For an anonymous account without sessions and tokens, that includes the time of its last
    /// change.
    #[must_use]
    pub fn due_at(&self) -> Option<Timestamp> {
        let abandoned = self.is_abandoned().then_some(self.updated_at);
        let sessions = self.sessions.iter().map(|session| session.expires_at);
        let tokens = self.tokens.iter().map(|token| token.expires_at);
        let challenges = self.challenges.iter().map(|challenge| challenge.expires_at);
        let states = self.spent_states.iter().map(|state| state.expires_at);
        sessions.chain(tokens).chain(challenges).chain(states).chain(abandoned).min()
    }

    /// Returns all keys of the account, sorted and without duplicates.
    #[must_use]
    pub fn keys(&self) -> Vec<Key> {
        let mut keys = vec![Key::Id(self.id)];
        keys.extend(self.email().cloned().map(Key::Mailbox));
        keys.extend(self.phone().cloned().map(Key::Phone));
        for identity in &self.identities {
            keys.push(Key::Identity { provider: identity.provider.clone(), uid: identity.uid.clone() });
            keys.extend(identity.verified_email.clone().map(Key::Mailbox));
        }
        for target in &self.targets {
            keys.push(Key::Target(target.id));
            keys.push(Key::TargetIdentifier(target.identifier.clone()));
        }
        keys.sort_unstable();
        keys.dedup();
        keys
    }

    /// Returns the address and name for messages about the account.
    pub(crate) fn contact(&self) -> Option<(Email, Name)> {
        self.email().map(|email| (email.clone(), self.name.clone()))
    }

    /// Returns whether its owner can sign in again without the current session.
    pub(crate) fn has_sign_in_method(&self) -> bool {
        self.password.is_some() || self.email.is_some() || self.phone.is_some() || !self.identities.is_empty()
    }

    pub(crate) fn preferences(&self) -> Preferences {
        self.attachment.as_deref().map(|attachment| attachment.preferences.clone()).unwrap_or_default()
    }

    pub(crate) fn set_preferences(&mut self, preferences: Preferences) {
        let mut attachment = self.attachment.as_deref().cloned().unwrap_or_default();
        attachment.preferences = preferences;
        self.attachment = Some(Arc::new(attachment));
    }
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Account").field("id", &self.id).finish_non_exhaustive()
    }
}
