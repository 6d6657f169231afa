//! The store: keeps accounts under unique keys, and replaces one only if nobody else did first.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use async_trait::async_trait;

use crate::model::{Account, Event, EventPage, FormatError, Key, PageQuery, Timestamp, UserId, stored};

/// Names one saved state of one account: 64 random bits, drawn anew for every save, compared only for equality.
///
/// A counter would repeat when an account is removed and made again under the same id; random bits do not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Version(u64);

impl Version {
    /// A version from the bits that a store kept.
    #[must_use]
    pub fn from_bits(bits: u64) -> Self {
        Self(bits)
    }

    /// The bits, for a store to keep.
    #[must_use]
    pub fn to_bits(self) -> u64 {
        self.0
    }
}

/// How much of an account to load.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Parts {
    /// The body, which is all that most operations need.
    Body,
    /// The body and the attachment (preferences).
    Whole,
}

/// An account as a store holds it, with the version of that state.
#[derive(Debug, Clone)]
pub struct Stored {
    /// The account.
    pub account: Arc<Account>,
    /// The version under which it was saved.
    pub version: Version,
}

impl Stored {
    /// Reads back what [`Change::body`] and [`Change::attachment`] wrote. Stores call it when they load.
    ///
    /// `attachment` is `None` if only the [body](Parts::Body) was asked for, `Some(None)` if the account has none, and otherwise its text.
    ///
    /// # Errors
    /// [`StoreError::NewerFormat`] if a newer release wrote it, [`StoreError::Corrupt`] if it is damaged.
    pub fn decode(
        version: Version,
        body: &str,
        attachment: Option<Option<&str>>,
    ) -> Result<Self, StoreError> {
        let mut account = stored::decode(body)?;
        account.attachment = match attachment {
            None => None,
            Some(None) => Some(Arc::default()),
            Some(Some(text)) => Some(Arc::new(stored::decode_attachment(text)?)),
        };
        Ok(Self { account: Arc::new(account), version })
    }

    /// Whether this holds the given parts. A cache asks before it answers.
    #[must_use]
    pub fn has(&self, parts: Parts) -> bool {
        parts == Parts::Body || self.account.attachment.is_some()
    }
}

/// One change of one account, to be made whole or not at all.
///
/// Built only by the service, so that "absent", "unchanged" and the new value cannot disagree.
#[derive(Debug)]
pub struct Change<'a> {
    before: Option<&'a Stored>,
    after: Arc<Account>,
    next: Version,
    events: &'a [Event],
}

impl<'a> Change<'a> {
    pub(crate) fn new(
        before: Option<&'a Stored>,
        after: Arc<Account>,
        next: Version,
        events: &'a [Event],
    ) -> Self {
        Self { before, after, next, events }
    }

    /// The state that must still be the stored one; `None`: the account must be absent.
    #[must_use]
    pub fn before(&self) -> Option<&'a Stored> {
        self.before
    }

    /// The new value.
    #[must_use]
    pub fn after(&self) -> &Arc<Account> {
        &self.after
    }

    /// The version of the new value.
    #[must_use]
    pub fn next(&self) -> Version {
        self.next
    }

    /// The keys that the new value holds and the old one did not, sorted. To be taken before any is released.
    #[must_use]
    pub fn claims(&self) -> Vec<Key> {
        let before = self.keys_before();
        self.after.keys().into_iter().filter(|key| before.binary_search(key).is_err()).collect()
    }

    /// The keys that the old value held and the new one does not, sorted. To be released after all claims are taken.
    #[must_use]
    pub fn releases(&self) -> Vec<Key> {
        let after = self.after.keys();
        self.keys_before().into_iter().filter(|key| after.binary_search(key).is_err()).collect()
    }

    /// The stored form of the new value, without its attachment: JSON text that [`Stored::decode`] reads.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if it cannot be written, which no value that the service builds causes.
    pub fn body(&self) -> Result<String, StoreError> {
        Ok(stored::encode(&self.after)?)
    }

    /// The stored form of the attachment, or `None` if it stays as it is.
    ///
    /// # Errors
    /// As [`Change::body`].
    pub fn attachment(&self) -> Result<Option<String>, StoreError> {
        let before = self.before.and_then(|stored| stored.account.attachment.as_ref());
        match (&self.after.attachment, before) {
            (None, _) => Ok(None),
            (Some(after), Some(before)) if after == before => Ok(None),
            (Some(after), None) if self.before.is_none() && **after == Default::default() => Ok(None),
            (Some(after), _) => Ok(Some(stored::encode_attachment(after)?)),
        }
    }

    /// The new value as a store that keeps values rather than texts holds it: with the attachment of `current` where the change left it alone,
    /// and with an empty one if there is no `current` because the account is new.
    ///
    /// Where `current` does not [have](Stored::has) its attachment, as in a cache of bodies, the new value has none either: unknown is not
    /// empty.
    #[must_use]
    pub fn whole(&self, current: Option<&Stored>) -> Stored {
        let mut account = Arc::clone(&self.after);
        if account.attachment.is_none() {
            let kept =
                current.map_or_else(|| Some(Arc::default()), |stored| stored.account.attachment.clone());
            if kept.is_some() {
                Arc::make_mut(&mut account).attachment = kept;
            }
        }
        Stored { account, version: self.next }
    }

    /// Entries of the security log, to be written with the change or not at all.
    #[must_use]
    pub fn events(&self) -> &'a [Event] {
        self.events
    }

    fn keys_before(&self) -> Vec<Key> {
        self.before.map(|stored| stored.account.keys()).unwrap_or_default()
    }
}

/// What [`Store::list`] finds of one account.
#[derive(Debug, Clone)]
pub struct Listed {
    /// Whose it is.
    pub id: UserId,
    /// A state that was saved, with its body; or why it cannot be read: [`NewerFormat`](StoreError::NewerFormat) or
    /// [`Corrupt`](StoreError::Corrupt).
    pub found: Result<Stored, StoreError>,
}

impl From<Stored> for Listed {
    fn from(stored: Stored) -> Self {
        Self { id: *stored.account.id(), found: Ok(stored) }
    }
}

/// Which accounts to list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Select<'a> {
    /// All, by ascending id (bytewise), after the given one.
    After(Option<&'a UserId>),
    /// Those whose [`due_at`](Account::due_at) is at or before this instant, the earliest first.
    DueBy(Timestamp),
}

/// Why a store did not do what it was asked.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The store did not answer, or not in time. Whether a change was made is open: the service finds out by the version.
    #[error("the store is unavailable")]
    Unavailable(#[source] Option<Arc<dyn std::error::Error + Send + Sync>>),
    /// A newer release wrote this value, in this format; upgrade before reading it.
    #[error("the value was written in format {0} by a newer release")]
    NewerFormat(u32),
    /// A stored value cannot be read.
    #[error("a stored value is damaged")]
    Corrupt,
    /// The account cannot be removed, because something of the host's own refers to it, such as a row with a foreign key.
    #[error("something of the host's own refers to the account")]
    Referenced,
}

impl From<FormatError> for StoreError {
    fn from(error: FormatError) -> Self {
        match error {
            FormatError::Newer(format) => Self::NewerFormat(format),
            FormatError::Corrupt => Self::Corrupt,
        }
    }
}

impl StoreError {
    /// An [`Unavailable`](StoreError::Unavailable) with its cause.
    pub fn unavailable(cause: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self::Unavailable(Some(Arc::new(cause)))
    }
}

/// Why a save did not happen.
#[derive(Debug, thiserror::Error)]
pub enum SaveError {
    /// Another account holds this key.
    #[error("a key is taken")]
    Taken(Key),
    /// The stored state is no longer the one that the change was made from.
    #[error("the account has changed meanwhile")]
    Stale,
    /// The store failed; the change may or may not have been made.
    #[error(transparent)]
    Failed(#[from] StoreError),
}

/// What [`Store::load`] finds.
pub type Loaded = Result<Option<Stored>, StoreError>;

/// The answer of [`Store::load`]: there at once, or after some waiting.
pub struct Loading<'a>(Answer<'a>);

enum Answer<'a> {
    Ready(Option<Loaded>),
    Waiting(Pin<Box<dyn Future<Output = Loaded> + Send + 'a>>),
}

impl<'a> Loading<'a> {
    /// An answer that is there already. Costs no allocation.
    #[must_use]
    pub fn ready(answer: Loaded) -> Self {
        Self(Answer::Ready(Some(answer)))
    }

    /// An answer that has to be waited for.
    #[must_use]
    pub fn of(answer: impl Future<Output = Loaded> + Send + 'a) -> Self {
        Self(Answer::Waiting(Box::pin(answer)))
    }

    /// The answer, if it is there already. Awaiting it would give the same, but copies it more often.
    pub(crate) fn now_or_never(self) -> Result<Loaded, Self> {
        match self.0 {
            Answer::Ready(Some(answer)) => Ok(answer),
            waiting => Err(Self(waiting)),
        }
    }
}

impl Future for Loading<'_> {
    type Output = Loaded;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Loaded> {
        match &mut self.0 {
            // It is asked once; whoever asks again gets no second answer.
            Answer::Ready(answer) => answer.take().map_or(Poll::Pending, Poll::Ready),
            Answer::Waiting(answer) => answer.as_mut().poll(context),
        }
    }
}

impl fmt::Debug for Loading<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Loading(…)")
    }
}

/// Keeps accounts, their keys and their log.
///
/// A host implements it to keep accounts where it likes, and proves it with
/// [`store_conformance!`](crate::store_conformance). Every method is one promise; none has a default.
#[async_trait]
pub trait Store: fmt::Debug + Send + Sync + 'static {
    /// The account that holds this key now, or `None`. Sees every save that was acknowledged before the call, and of each save all or nothing:
    /// the account that is found holds the key, and body, attachment and version are of one save.
    ///
    /// Every request of a signed-in user asks it, so a store that has the answer at hand need not allocate a future for it. Such a store looks
    /// when it is called, and not when it is awaited.
    fn load<'a>(&'a self, key: &'a Key, parts: Parts) -> Loading<'a>;

    /// Makes a change if the stored state is still [`Change::before`]: the value, its claims and releases, and its events, all or nothing.
    /// Once it has answered `Ok` the change survives whatever the store promises to survive.
    ///
    /// If the state is not the expected one, or the account is gone, the answer is [`SaveError::Stale`], whether or not a key is taken as well.
    /// A new account is never stale: if its id is held the answer is [`SaveError::Taken`] with [`Key::Id`]. If several keys are taken, any of
    /// them may be named. A store that has to give up because saves collide (a deadlock, a serialisation failure) answers `Stale` for a
    /// change and tries a new account again by itself.
    ///
    /// A caller may drop the future at any point: the change is then made whole or not at all, now or a little later.
    async fn save(&self, change: Change<'_>) -> Result<(), SaveError>;

    /// Removes the account with its keys, attachment and log if this is still its stored state; otherwise, or if it is gone, the answer is
    /// [`SaveError::Stale`]. Where something of the host's own refers to it, nothing happens and the answer is [`StoreError::Referenced`].
    async fn remove(&self, account: &Stored) -> Result<(), SaveError>;

    /// Accounts in the order of `which`, at most `limit`. One that cannot be read keeps nobody from the others.
    async fn list(&self, which: Select<'_>, limit: u32) -> Result<Vec<Listed>, StoreError>;

    /// Adds log entries that belong to no change, as durably as a save. Their accounts need not exist.
    async fn append_events(&self, events: &[Event]) -> Result<(), StoreError>;

    /// A page of an account's log, newest (greatest id) first, with the total.
    async fn events(&self, user: &UserId, page: PageQuery) -> Result<EventPage, StoreError>;

    /// Removes log entries older than `before`, at most `limit`, and tells how many. Which ones go first is left to the store.
    async fn delete_events_before(&self, before: Timestamp, limit: u32) -> Result<u32, StoreError>;
}

#[async_trait]
impl<T: Store + ?Sized> Store for Arc<T> {
    fn load<'a>(&'a self, key: &'a Key, parts: Parts) -> Loading<'a> {
        (**self).load(key, parts)
    }

    async fn save(&self, change: Change<'_>) -> Result<(), SaveError> {
        (**self).save(change).await
    }

    async fn remove(&self, account: &Stored) -> Result<(), SaveError> {
        (**self).remove(account).await
    }

    async fn list(&self, which: Select<'_>, limit: u32) -> Result<Vec<Listed>, StoreError> {
        (**self).list(which, limit).await
    }

    async fn append_events(&self, events: &[Event]) -> Result<(), StoreError> {
        (**self).append_events(events).await
    }

    async fn events(&self, user: &UserId, page: PageQuery) -> Result<EventPage, StoreError> {
        (**self).events(user, page).await
    }

    async fn delete_events_before(&self, before: Timestamp, limit: u32) -> Result<u32, StoreError> {
        (**self).delete_events_before(before, limit).await
    }
}
