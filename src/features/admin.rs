//! The trusted side: what only the host's own server code may do with accounts.

use std::time::Duration;

use crate::{
    error::Error,
    model::{
        Account, Channel, ClientInfo, CustomId, Email, EventKind, Invalid, Key, Label, Name, PasswordHash,
        Phone, Preferences, TargetId, Token, User, UserId,
    },
    ports::{Clock, Mailer, Parts, Select, SmsSender, Store},
    service::{Abort, AccountService, Context, Draft, Settled},
};

/// What the host's own server code may do with any account: look it up, import, block, label, sign out, delete.
///
/// [`AccountService::admin`] makes one. Its methods ask for no caller and no permission.
///
/// # Security
/// Nothing that comes from a client may decide whether one of these is called, or on which account, before the host has checked that the client
/// is one of its administrators.
#[derive(Debug)]
pub struct Admin<'a, S, M, P, C> {
    service: &'a AccountService<S, M, P, C>,
    client: &'a ClientInfo,
}

/// An account that a host brings along, for instance from an older system.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct NewUser {
    /// Its id.
    pub user_id: CustomId<UserId>,
    /// Its email address, and whether the host knows it to be proven.
    pub email: Option<(Email, bool)>,
    /// Its phone number, and whether the host knows it to be proven.
    pub phone: Option<(Phone, bool)>,
    /// Its name, or the empty one.
    pub name: Name,
    /// The hash of its password, as [`PasswordHash::parse`] takes it; replaced at the next sign-in if it is weaker than today's.
    pub password: Option<PasswordHash>,
    /// Labels.
    pub labels: Vec<Label>,
    /// Preferences.
    pub preferences: Preferences,
}

impl NewUser {
    /// An account with a generated id and nothing else.
    #[must_use]
    pub fn new() -> Self {
        Self {
            user_id: CustomId::Generate,
            email: None,
            phone: None,
            name: Name::default(),
            password: None,
            labels: Vec::new(),
            preferences: Preferences::default(),
        }
    }
}

impl Default for NewUser {
    fn default() -> Self {
        Self::new()
    }
}

/// How long the secret of a generic token is, and how long it is good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct GenericToken {
    /// Hex digits of the secret, 4–128; 6. Of fewer than 32, five wrong guesses end it.
    pub digits: usize,
    /// How long it is good, 1 minute to 1 year; 15 minutes.
    pub lifetime: Duration,
}

impl Default for GenericToken {
    fn default() -> Self {
        Self { digits: 6, lifetime: Duration::from_secs(15 * 60) }
    }
}

impl<S: Store, M: Mailer, P: SmsSender, C: Clock> AccountService<S, M, P, C> {
    /// The trusted side of this service, on behalf of this client: the host's administrator, or nobody.
    #[must_use]
    pub fn admin<'a>(&'a self, client: &'a ClientInfo) -> Admin<'a, S, M, P, C> {
        Admin { service: self, client }
    }
}

impl<S: Store, M: Mailer, P: SmsSender, C: Clock> Admin<'_, S, M, P, C> {
    /// The account with this id.
    ///
    /// # Errors
    /// [`Error::UserNotFound`]; [`Error::Store`].
    pub async fn user(&self, id: &UserId) -> Result<User, Error> {
        self.find(&Key::Id(*id), |_| true).await
    }

    /// The account whose own email address this is.
    ///
    /// # Errors
    /// [`Error::UserNotFound`]; [`Error::Store`].
    pub async fn user_by_email(&self, email: &Email) -> Result<User, Error> {
        self.find(&Key::Mailbox(email.clone()), |account| account.email() == Some(email)).await
    }

    /// The account whose phone number this is.
    ///
    /// # Errors
    /// [`Error::UserNotFound`]; [`Error::Store`].
    pub async fn user_by_phone(&self, phone: &Phone) -> Result<User, Error> {
        self.find(&Key::Phone(phone.clone()), |_| true).await
    }

    /// At most `limit` accounts by ascending id, after the given one: pass the last id of a page to get the next, until one is empty. Their
    /// preferences are not loaded. Those that cannot be read are left out.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn users(&self, after: Option<&UserId>, limit: u32) -> Result<Vec<User>, Error> {
        let inner = &self.service.inner;
        let now = inner.clock.now();
        let mut after = after.copied();
        loop {
            let page = inner.store.list(Select::After(after.as_ref()), limit).await?;
            let is_last = page.is_empty();
            after = page.last().map(|listed| listed.id);
            let readable = page.into_iter().filter_map(|listed| listed.found.ok());
            let users: Vec<User> = readable.map(|stored| User::at(stored.account, now)).collect();
            if is_last || !users.is_empty() {
                return Ok(users);
            }
        }
    }

    /// Creates an account with what the host knows of it. It is sent nothing and signed in nowhere.
    ///
    /// # Errors
    /// [`Error::UserExists`] if the id, email or phone is taken; [`Error::Store`].
    pub async fn import(&self, new: NewUser) -> Result<User, Error> {
        let cx = self.context("createUser");
        let now = cx.now;
        let id = match new.user_id {
            CustomId::Given(id) => id,
            CustomId::Generate => UserId::generate(now, *self.service.draw()?),
        };
        let mut draft = Draft::new(Account::new(id, now), now);
        let account = &mut draft.account;
        if let Some((email, proven)) = new.email {
            account.set_email(email, TargetId::generate(now, *self.service.draw()?), now);
            proven.then(|| account.mark_verified(Channel::Mailbox, now));
        }
        if let Some((phone, proven)) = new.phone {
            account.set_phone(phone, TargetId::generate(now, *self.service.draw()?), now);
            proven.then(|| account.mark_verified(Channel::Phone, now));
        }
        (account.name, account.labels) = (new.name, new.labels);
        account.set_preferences(new.preferences);
        if let Some(hash) = new.password {
            draft.set_password(hash, self.service.inner.config.passwords.history);
        }
        draft.note(EventKind::UserCreated, None);
        self.service.create(draft, cx).await.map(User::new)
    }

    /// Blocks the account, or lifts the block. A blocked one cannot sign in, and its sessions are refused but kept.
    ///
    /// # Errors
    /// [`Error::UserNotFound`]; [`Error::Store`].
    pub async fn set_blocked(&self, id: &UserId, blocked: bool) -> Result<User, Error> {
        self.change(id, "updateStatus", |draft| {
            draft.blocked = blocked;
            draft.touch();
        })
        .await
    }

    /// Replaces the account's labels.
    ///
    /// # Errors
    /// [`Error::UserNotFound`]; [`Error::Store`].
    pub async fn set_labels(&self, id: &UserId, labels: Vec<Label>) -> Result<User, Error> {
        self.change(id, "updateLabels", |draft| {
            draft.labels.clone_from(&labels);
            draft.touch();
        })
        .await
    }

    /// Demands a new password, or no longer: until then every session of the account is refused with
    /// [`Error::PasswordResetRequired`]. A [recovery](AccountService::finish_recovery) fulfils it.
    ///
    /// # Errors
    /// [`Error::UserNotFound`]; [`Error::Store`].
    pub async fn require_password_reset(&self, id: &UserId, required: bool) -> Result<User, Error> {
        self.change(id, "updatePasswordReset", |draft| {
            draft.reset_required = required;
            draft.touch();
        })
        .await
    }

    /// Ends all sessions of the account, with their JWTs.
    ///
    /// # Errors
    /// [`Error::UserNotFound`]; [`Error::Store`].
    pub async fn end_sessions(&self, id: &UserId) -> Result<User, Error> {
        self.change(id, "deleteSessions", |draft| {
            draft.retain_sessions(|_| false);
            draft.note(EventKind::SessionDeleted, None);
        })
        .await
    }

    /// Makes a token by which its holder can [sign in](AccountService::sign_in_with_token) to the account, once. An earlier one with a short
    /// secret ends.
    ///
    /// # Errors
    /// [`Error::UserNotFound`]; [`Error::Invalid`] if length or lifetime is out of bounds; [`Error::Store`].
    ///
    /// # Security
    /// [`Token::secret`] is all it takes. Hand it to nobody but the account's owner.
    pub async fn issue_token(&self, id: &UserId, how: GenericToken) -> Result<Token, Error> {
        const YEAR: Duration = Duration::from_secs(365 * 24 * 3600);
        if !(4..=128).contains(&how.digits) {
            return Err(Invalid::Text { min: 4, max: 128 }.into());
        }
        if !(Duration::from_secs(60)..=YEAR).contains(&how.lifetime) {
            return Err(Invalid::Lifetime.into());
        }
        let cx = self.context("createToken");
        let new = self.service.new_generic_token(how.digits, how.lifetime, cx.now)?;
        let guard = self.service.guard(self.client);
        let decide = |draft: &mut Draft| {
            draft.issue(&new, guard);
            draft.note(EventKind::TokenCreated, None);
            Ok(())
        };
        match self.service.change(&Key::Id(*id), Parts::Body, cx, decide).await? {
            Settled::Done((), account) => Ok(new.view(&account, None)),
            Settled::PrepareAgain | Settled::Absent => Err(Error::UserNotFound),
        }
    }

    /// Deletes the account with everything of it: sessions, identities, preferences, keys and log.
    ///
    /// # Errors
    /// [`Error::UserNotFound`]; [`Error::Busy`] if it kept changing; [`Error::Store`], with [`StoreError::Referenced`](crate::ports::StoreError)
    /// where something of the host's own refers to it.
    pub async fn delete(&self, id: &UserId) -> Result<(), Error> {
        let decide = |draft: &mut Draft| {
            draft.remove();
            Ok(())
        };
        match self.service.change(&Key::Id(*id), Parts::Body, self.context("deleteUser"), decide).await? {
            Settled::Done((), _) => Ok(()),
            Settled::PrepareAgain | Settled::Absent => Err(Error::UserNotFound),
        }
    }

    fn context(&self, name: &'static str) -> Context<'_> {
        self.service.admin_context(name, self.client)
    }

    async fn find(&self, key: &Key, belongs: impl FnOnce(&Account) -> bool) -> Result<User, Error> {
        let inner = &self.service.inner;
        let stored = inner.store.load(key, Parts::Whole).await?;
        let account = stored.map(|stored| stored.account).filter(|account| belongs(account));
        Ok(User::at(account.ok_or(Error::UserNotFound)?, inner.clock.now()))
    }

    async fn change(
        &self,
        id: &UserId,
        name: &'static str,
        change: impl Fn(&mut Draft) + Send + Sync,
    ) -> Result<User, Error> {
        let decide = |draft: &mut Draft| {
            change(draft);
            Ok::<_, Abort>(())
        };
        match self.service.change(&Key::Id(*id), Parts::Whole, self.context(name), decide).await? {
            Settled::Done((), account) => Ok(User::new(account)),
            Settled::PrepareAgain | Settled::Absent => Err(Error::UserNotFound),
        }
    }
}
