//! Importing accounts.

use super::handle::Admin;
use crate::{
    error::Error,
    model::{
        Account, Channel, CustomId, Email, EventKind, Label, Name, PasswordHash, Phone, Preferences,
        TargetId, User, UserId,
    },
    operation::AdminOperation,
    ports::{Clock, Mailer, SmsSender, Store},
    service::Draft,
};

/// An account to be imported, for instance from an older system.
///
/// # Examples
/// ```
/// use account::{NewUser, model::PasswordHash};
///
/// let mut new = NewUser::new();
/// new.user_id = "legacy-7".parse()?; // default: a generated id
/// new.email = Some(("ada@example.com".parse()?, true)); // verified there
/// new.name = "Ada Lovelace".parse()?;
/// new.labels = vec!["editor".parse()?];
/// let hash = "$argon2i$v=19$m=64,t=2,p=1$c29tZXNhbHQ$xRLOFUAzF0kO6zRZrtQcj/Uyr/V53pyi1N7JAJRfFiE";
/// new.password = Some(PasswordHash::parse(hash)?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct NewUser {
    /// The id.
    pub user_id: CustomId<UserId>,
    /// The email address, and whether it is verified.
    pub email: Option<(Email, bool)>,
    /// The phone number, and whether it is verified.
    pub phone: Option<(Phone, bool)>,
    /// The name, which may be empty.
    pub name: Name,
    /// The password hash, as [`PasswordHash::parse`] takes it. A hash weaker than
    /// [`Config::hashing`](crate::Config::hashing) is replaced at the next sign-in.
    pub password: Option<PasswordHash>,
    /// The labels.
    pub labels: Vec<Label>,
    /// The preferences.
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

/// # Import
impl<S: Store, M: Mailer, P: SmsSender, C: Clock> Admin<'_, S, M, P, C> {
    /// Creates an account from existing data. It sends no message and starts no session.
    ///
    /// # Errors
    /// [`Error::UserExists`] if the id, email or phone is taken; [`Error::Store`].
    ///
    /// # Examples
    /// ```
    /// # #[cfg(not(feature = "testing"))] fn main() {}
    /// # #[cfg(feature = "testing")] #[tokio::main]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let test = account::testing::TestHost::new();
    /// # let accounts = &test.service;
    /// # let client = account::model::ClientInfo::default();
    /// use account::{NewUser, model::PasswordHash};
    ///
    /// let salt_and_hash = "c29tZXNhbHQ$xRLOFUAzF0kO6zRZrtQcj/Uyr/V53pyi1N7JAJRfFiE";
    /// let old = format!("$argon2i$v=19$m=64,t=2,p=1${salt_and_hash}");
    /// let mut new = NewUser::new();
    /// new.email = Some(("ada@example.com".parse()?, true));
    /// new.password = Some(PasswordHash::parse(&old)?);
    /// let user = accounts.admin(&client).import(new).await?;
    /// assert!(user.is_email_verified());
    ///
    /// let (email, password) = ("ada@example.com".parse()?, "tr4verse-Cobalt-heron".parse()?);
    /// assert!(accounts.sign_in_with_password(email, password, &client).await.is_ok());
    /// # Ok(()) }
    /// ```
    pub async fn import(&self, new: NewUser) -> Result<User, Error> {
        let cx = self.context(AdminOperation::Import);
        let now = cx.now;
        let id = match new.user_id {
            CustomId::Given(id) => id,
            CustomId::Generate => UserId::generate(now, *self.service.draw()?),
        };
        let mut draft = Draft::new(Account::new(id, now), now);
        let account = &mut draft.account;
        if let Some((email, verified)) = new.email {
            account.set_email(email, TargetId::generate(now, *self.service.draw()?), now);
            verified.then(|| account.mark_verified(Channel::Mailbox, now));
        }
        if let Some((phone, verified)) = new.phone {
            account.set_phone(phone, TargetId::generate(now, *self.service.draw()?), now);
            verified.then(|| account.mark_verified(Channel::Phone, now));
        }
        (account.name, account.labels) = (new.name, new.labels);
        account.set_preferences(new.preferences);
        if let Some(hash) = new.password {
            draft.set_password(hash, self.service.inner.config.passwords.history);
        }
        draft.note(EventKind::UserCreated, None);
        self.service.create(draft, cx).await.map(User::new)
    }
}
