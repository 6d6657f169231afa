//! Every statement of the store.

use super::names::Names;

/// The statements for one prefix, formatted once.
pub(super) struct Statements {
    pub(super) version: String,
    pub(super) holder: String,
    pub(super) body_by_id: String,
    pub(super) whole_by_id: String,
    pub(super) body_by_key: String,
    pub(super) whole_by_key: String,
    pub(super) list_after: String,
    pub(super) list_due: String,
    pub(super) count_events: String,
    pub(super) events: String,
    pub(super) create: String,
    pub(super) change: String,
    pub(super) claim: String,
    pub(super) release: String,
    pub(super) put_body: String,
    pub(super) put_attachment: String,
    pub(super) remove: String,
    pub(super) remove_events: String,
    pub(super) append_event: String,
    pub(super) delete_events: String,
}

impl Statements {
    pub(super) fn with_prefix(prefix: &str) -> Self {
        let names = Names::with_prefix(prefix);
        Self {
            version: names.put_into(VERSION),
            holder: names.put_into(HOLDER),
            body_by_id: names.put_into(BODY_BY_ID),
            whole_by_id: names.put_into(WHOLE_BY_ID),
            body_by_key: names.put_into(BODY_BY_KEY),
            whole_by_key: names.put_into(WHOLE_BY_KEY),
            list_after: names.put_into(LIST_AFTER),
            list_due: names.put_into(LIST_DUE),
            count_events: names.put_into(COUNT_EVENTS),
            events: names.put_into(EVENTS),
            create: names.put_into(CREATE),
            change: names.put_into(CHANGE),
            claim: names.put_into(CLAIM),
            release: names.put_into(RELEASE),
            put_body: names.put_into(PUT_BODY),
            put_attachment: names.put_into(PUT_ATTACHMENT),
            remove: names.put_into(REMOVE),
            remove_events: names.put_into(REMOVE_EVENTS),
            append_event: names.put_into(APPEND_EVENT),
            delete_events: names.put_into(DELETE_EVENTS),
        }
    }
}

const VERSION: &str = "SELECT version FROM accounts WHERE id=?1";

const HOLDER: &str =
    "SELECT a.id, a.version FROM account_keys k JOIN accounts a ON a.id=k.account WHERE k.key=?1";

const BODY_BY_ID: &str = "SELECT a.version, b.body FROM accounts a \
    LEFT JOIN account_bodies b ON b.id=a.id WHERE a.id=?1";

const WHOLE_BY_ID: &str = "SELECT a.version, b.body, t.attachment FROM accounts a \
    LEFT JOIN account_bodies b ON b.id=a.id \
    LEFT JOIN account_attachments t ON t.id=a.id WHERE a.id=?1";

const BODY_BY_KEY: &str = "SELECT a.version, b.body FROM account_keys k JOIN accounts a ON a.id=k.account \
    LEFT JOIN account_bodies b ON b.id=a.id WHERE k.key=?1";

const WHOLE_BY_KEY: &str = "SELECT a.version, b.body, t.attachment FROM account_keys k \
    JOIN accounts a ON a.id=k.account \
    LEFT JOIN account_bodies b ON b.id=a.id \
    LEFT JOIN account_attachments t ON t.id=a.id WHERE k.key=?1";

const LIST_AFTER: &str = "SELECT a.version, b.body, a.id FROM accounts a \
    LEFT JOIN account_bodies b ON b.id=a.id WHERE a.id>?1 ORDER BY a.id LIMIT ?2";

const LIST_DUE: &str = "SELECT a.version, b.body, a.id FROM accounts a \
    LEFT JOIN account_bodies b ON b.id=a.id WHERE a.due_at<=?1 ORDER BY a.due_at, a.id LIMIT ?2";

const COUNT_EVENTS: &str = "SELECT count(*) FROM account_events WHERE account=?1";

const EVENTS: &str = "SELECT event FROM account_events WHERE account=?1 ORDER BY id DESC LIMIT ?2 OFFSET ?3";

/// `?13 IS NULL` is always true. It lets `CHANGE` take the same parameters.
const CREATE: &str = "INSERT INTO accounts (id, version, email, phone, name, status, \
    email_verified, phone_verified, created_at, updated_at, accessed_at, due_at) \
    SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12 WHERE ?13 IS NULL \
    ON CONFLICT (id) DO NOTHING";

const CHANGE: &str = "UPDATE accounts SET version=?2, email=?3, phone=?4, name=?5, status=?6, \
    email_verified=?7, phone_verified=?8, created_at=?9, updated_at=?10, accessed_at=?11, due_at=?12 \
    WHERE id=?1 AND version=?13";

const CLAIM: &str = "INSERT INTO account_keys (key, account) VALUES (?1, ?2) ON CONFLICT (key) DO NOTHING";

const RELEASE: &str = "DELETE FROM account_keys WHERE key=?1 AND account=?2";

const PUT_BODY: &str = "INSERT INTO account_bodies (id, body) VALUES (?1, ?2) \
    ON CONFLICT (id) DO UPDATE SET body=excluded.body";

const PUT_ATTACHMENT: &str = "INSERT INTO account_attachments (id, attachment) VALUES (?1, ?2) \
    ON CONFLICT (id) DO UPDATE SET attachment=excluded.attachment";

/// Foreign keys remove the body and the attachment.
const REMOVE: &str = "DELETE FROM accounts WHERE id=?1 AND version=?2";

const REMOVE_EVENTS: &str = "DELETE FROM account_events WHERE account=?1";

/// The ids of entries are unique, so a conflicting entry is the same entry.
const APPEND_EVENT: &str = "INSERT INTO account_events (account, id, at, event) VALUES (?1, ?2, ?3, ?4) \
    ON CONFLICT (account, id) DO NOTHING";

const DELETE_EVENTS: &str = "DELETE FROM account_events WHERE (account, id) IN \
    (SELECT account, id FROM account_events WHERE at<?1 ORDER BY at LIMIT ?2)";
