//! The parameters of statements that write.

use tokio_postgres::types::ToSql;

use crate::{
    adapters::rows::{EventRow, check_size, event_rows, version_to_sql},
    model::{Email, Event, Key, Phone, Timestamp},
    ports::{Change, StoreError},
};

/// The values of a save.
pub(super) struct SaveParameters<'a> {
    id: &'a str,
    next: i64,
    email: Option<&'a str>,
    phone: Option<&'a str>,
    name: &'a str,
    status: &'static str,
    email_verified: bool,
    phone_verified: bool,
    times: [i64; 3],
    due_at: Option<i64>,
    expected: Option<i64>,
    body: String,
    attachment: Option<String>,
    claims: Vec<String>,
    releases: Vec<String>,
    events: EventColumns,
}

/// Log entries as one array per column.
#[derive(Default)]
pub(super) struct EventColumns {
    accounts: Vec<String>,
    ids: Vec<String>,
    times: Vec<i64>,
    texts: Vec<String>,
}

pub(super) type Parameter<'a> = &'a (dyn ToSql + Sync);

impl<'a> SaveParameters<'a> {
    pub(super) fn new(change: &'a Change<'_>) -> Result<Self, StoreError> {
        let (body, attachment) = (change.body()?, change.attachment()?);
        check_size(&body)?;
        attachment.as_deref().map_or(Ok(()), check_size)?;
        let account = &**change.after();
        // The id has its own table.
        let is_claimed = |key: &&Key| !matches!(key, Key::Id(_));
        Ok(Self {
            id: account.id().as_str(),
            next: version_to_sql(change.next()),
            email: account.email().map(Email::as_str),
            phone: account.phone().map(Phone::as_str),
            name: account.name().as_str(),
            status: if account.is_blocked() { "blocked" } else { "active" },
            email_verified: account.is_email_verified(),
            phone_verified: account.is_phone_verified(),
            times: [account.created_at(), account.updated_at(), account.accessed_at()]
                .map(Timestamp::as_millis),
            due_at: account.due_at().map(Timestamp::as_millis),
            expected: change.before().map(|stored| version_to_sql(stored.version)),
            body,
            attachment,
            claims: change.claims().iter().filter(is_claimed).map(Key::to_text).collect(),
            releases: change.releases().iter().map(Key::to_text).collect(),
            events: EventColumns::new(change.events())?,
        })
    }

    /// The parameters of the statements `create` and `change`, in their order.
    pub(super) fn all(&self) -> [Parameter<'_>; 21] {
        let [created_at, updated_at, accessed_at] = &self.times;
        let [accounts, ids, times, texts] = self.events.all();
        [
            &self.id,
            &self.next,
            &self.email,
            &self.phone,
            &self.name,
            &self.status,
            &self.email_verified,
            &self.phone_verified,
            created_at,
            updated_at,
            accessed_at,
            &self.due_at,
            &self.expected,
            &self.body,
            &self.attachment,
            &self.claims,
            &self.releases,
            accounts,
            ids,
            times,
            texts,
        ]
    }

    /// The parameters of the statement `holder`.
    pub(super) fn claims(&self) -> [Parameter<'_>; 2] {
        [&self.id, &self.claims]
    }
}

impl EventColumns {
    pub(super) fn new(events: &[Event]) -> Result<Self, StoreError> {
        let mut columns = Self::default();
        for EventRow { account, id, at, text } in event_rows(events)? {
            columns.accounts.push(account.as_str().to_owned());
            columns.ids.push(id);
            columns.times.push(at.as_millis());
            columns.texts.push(text);
        }
        Ok(columns)
    }

    /// The parameters of the statement `append_events`.
    pub(super) fn all(&self) -> [Parameter<'_>; 4] {
        [&self.accounts, &self.ids, &self.times, &self.texts]
    }
}
