//! Every statement that the store sends. Each is a transaction of its own and needs no session: a
//! load is one statement, and so is a save.
//!
//! A save first writes the account's row, if the version is the expected one, and everything else
//! depends on that row: without it, nothing happens. Claims are inserted in sorted order and
//! releases wait for them, so that accounts that exchange keys lock them in the same order. A key
//! that is taken is a unique violation, which rolls back the whole statement.

use tokio_postgres::types::Type;

/// A statement and the types of its parameters, which let it be sent without being prepared.
pub(super) struct Statement {
    pub(super) sql: String,
    pub(super) types: &'static [Type],
}

pub(super) struct Statements {
    pub(super) body_by_id: Statement,
    pub(super) whole_by_id: Statement,
    pub(super) body_if_changed: Statement,
    pub(super) whole_if_changed: Statement,
    pub(super) bodies_if_changed: Statement,
    pub(super) body_by_key: Statement,
    pub(super) whole_by_key: Statement,
    pub(super) create: Statement,
    pub(super) change: Statement,
    pub(super) holder: Statement,
    pub(super) holds_keys: Statement,
    pub(super) remove: Statement,
    pub(super) list_after: Statement,
    pub(super) list_due: Statement,
    pub(super) append_events: Statement,
    pub(super) events: Statement,
    pub(super) delete_events: Statement,
    pub(super) hit: Statement,
    pub(super) purge: Statement,
}

impl Statements {
    pub(super) fn for_schema(name: &str) -> Self {
        let schema = quoted(name);
        let statement = |types, sql: &str| Statement { sql: sql.replace("@", &schema), types };
        Self {
            body_by_id: statement(BY_TEXT, BODY_BY_ID),
            whole_by_id: statement(BY_TEXT, WHOLE_BY_ID),
            body_if_changed: statement(BY_ID_AND_VERSION, BODY_IF_CHANGED),
            whole_if_changed: statement(BY_ID_AND_VERSION, WHOLE_IF_CHANGED),
            bodies_if_changed: statement(&[Type::TEXT_ARRAY, Type::INT8_ARRAY], BODIES_IF_CHANGED),
            body_by_key: statement(BY_TEXT, BODY_BY_KEY),
            whole_by_key: statement(BY_TEXT, WHOLE_BY_KEY),
            create: statement(WRITE, CREATE),
            change: statement(WRITE, CHANGE),
            holder: statement(&[Type::TEXT, Type::TEXT_ARRAY], HOLDER),
            holds_keys: statement(&[Type::TEXT, Type::TEXT, Type::TEXT], HOLDS_KEYS),
            remove: statement(&[Type::TEXT, Type::INT8, Type::TEXT_ARRAY], REMOVE),
            list_after: statement(&[Type::TEXT, Type::INT8], LIST_AFTER),
            list_due: statement(&[Type::INT8, Type::INT8], LIST_DUE),
            append_events: statement(EVENT_COLUMNS, APPEND_EVENTS),
            events: statement(&[Type::TEXT, Type::INT8, Type::INT8], EVENTS),
            delete_events: statement(&[Type::INT8, Type::INT8], DELETE_EVENTS),
            hit: statement(&[Type::BYTEA, Type::INT8, Type::INT8, Type::INT8], HIT),
            purge: statement(&[Type::INT8, Type::INT8], PURGE),
        }
    }
}

/// Quotes a name as an SQL identifier.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// An id or a key.
const BY_TEXT: &[Type] = &[Type::TEXT];
const BY_ID_AND_VERSION: &[Type] = &[Type::TEXT, Type::INT8];
const EVENT_COLUMNS: &[Type] = &[Type::TEXT_ARRAY, Type::TEXT_ARRAY, Type::INT8_ARRAY, Type::TEXT_ARRAY];
/// The row, the expected version, the texts, the keys, and the log entries.
const WRITE: &[Type] = &[
    Type::TEXT,
    Type::INT8,
    Type::TEXT,
    Type::TEXT,
    Type::TEXT,
    Type::TEXT,
    Type::BOOL,
    Type::BOOL,
    Type::INT8,
    Type::INT8,
    Type::INT8,
    Type::INT8,
    Type::INT8,
    Type::TEXT,
    Type::TEXT,
    Type::TEXT_ARRAY,
    Type::TEXT_ARRAY,
    Type::TEXT_ARRAY,
    Type::TEXT_ARRAY,
    Type::INT8_ARRAY,
    Type::TEXT_ARRAY,
];

const BODY_BY_ID: &str = "SELECT a.version, b.body FROM @.accounts a \
    LEFT JOIN @.account_bodies b ON b.id=a.id WHERE a.id=$1";

const WHOLE_BY_ID: &str = "SELECT a.version, b.body, t.attachment FROM @.accounts a \
    LEFT JOIN @.account_bodies b ON b.id=a.id \
    LEFT JOIN @.account_attachments t ON t.id=a.id WHERE a.id=$1";

/// `$2` is the cached version. The texts are read only if the account has another one, by
/// functions: joining their tables would cost a quarter more even if the version is unchanged.
const BODY_IF_CHANGED: &str = "SELECT a.version, \
    CASE WHEN a.version<>$2 THEN @.account_body(a.id) END \
    FROM @.accounts a WHERE a.id=$1";

const WHOLE_IF_CHANGED: &str = "SELECT a.version, \
    CASE WHEN a.version<>$2 THEN @.account_body(a.id) END, \
    CASE WHEN a.version<>$2 THEN @.account_attachment(a.id) END \
    FROM @.accounts a WHERE a.id=$1";

/// `OFFSET 0` makes the planner look up each id by index, whatever table sizes it estimates.
const BODIES_IF_CHANGED: &str = "SELECT a.version, b.body, w.place \
    FROM unnest($1, $2) WITH ORDINALITY AS w (id, known, place) \
    CROSS JOIN LATERAL (SELECT version FROM @.accounts WHERE id=w.id OFFSET 0) a \
    LEFT JOIN LATERAL (\
        SELECT body FROM @.account_bodies WHERE id=w.id AND a.version IS DISTINCT FROM w.known OFFSET 0\
    ) b ON true";

const BODY_BY_KEY: &str = "SELECT a.version, b.body, a.id FROM @.account_keys k \
    JOIN @.accounts a ON a.id=k.account \
    LEFT JOIN @.account_bodies b ON b.id=a.id WHERE k.key=$1";

const WHOLE_BY_KEY: &str = "SELECT a.version, b.body, a.id, t.attachment FROM @.account_keys k \
    JOIN @.accounts a ON a.id=k.account \
    LEFT JOIN @.account_bodies b ON b.id=a.id \
    LEFT JOIN @.account_attachments t ON t.id=a.id WHERE k.key=$1";

/// The conditions on `$13` and `$17` are always true. They let `CHANGE` take the same parameters.
const CREATE: &str = "WITH account AS (\
        INSERT INTO @.accounts (id, version, email, phone, name, status, email_verified, phone_verified, \
        created_at, updated_at, accessed_at, due_at) \
        SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12 WHERE $13 IS NULL \
        ON CONFLICT (id) DO NOTHING RETURNING id\
    ), body AS (\
        INSERT INTO @.account_bodies (id, body) SELECT id, $14 FROM account\
    ), attachment AS (\
        INSERT INTO @.account_attachments (id, attachment) SELECT id, $15 FROM account \
        WHERE $15 IS NOT NULL\
    ), claimed AS (\
        INSERT INTO @.account_keys (key, account) SELECT k.key, a.id FROM account a \
        CROSS JOIN unnest($16) WITH ORDINALITY AS k (key, place) ORDER BY k.place\
    ), logged AS (\
        INSERT INTO @.account_events (account, id, at, event) \
        SELECT e.account, e.id, e.at, e.event FROM account a \
        CROSS JOIN unnest($18, $19, $20, $21) AS e (account, id, at, event) \
        ON CONFLICT (account, id) DO NOTHING\
    ) SELECT count(*) FROM account WHERE $17 IS NOT NULL";

const CHANGE: &str = "WITH account AS (\
        UPDATE @.accounts SET version=$2, email=$3, phone=$4, name=$5, status=$6, email_verified=$7, \
        phone_verified=$8, created_at=$9, updated_at=$10, accessed_at=$11, due_at=$12 \
        WHERE id=$1 AND version=$13 RETURNING id\
    ), body AS (\
        INSERT INTO @.account_bodies (id, body) SELECT id, $14 FROM account \
        ON CONFLICT (id) DO UPDATE SET body=excluded.body\
    ), attachment AS (\
        INSERT INTO @.account_attachments (id, attachment) SELECT id, $15 FROM account \
        WHERE $15 IS NOT NULL \
        ON CONFLICT (id) DO UPDATE SET attachment=excluded.attachment\
    ), claimed AS (\
        INSERT INTO @.account_keys (key, account) SELECT k.key, a.id FROM account a \
        CROSS JOIN unnest($16) WITH ORDINALITY AS k (key, place) ORDER BY k.place RETURNING key\
    ), released AS (\
        DELETE FROM @.account_keys WHERE key=ANY($17) AND account=$1 AND EXISTS (SELECT FROM account) \
        AND (SELECT count(*) FROM claimed) IS NOT NULL\
    ), logged AS (\
        INSERT INTO @.account_events (account, id, at, event) \
        SELECT e.account, e.id, e.at, e.event FROM account a \
        CROSS JOIN unnest($18, $19, $20, $21) AS e (account, id, at, event) \
        ON CONFLICT (account, id) DO NOTHING\
    ) SELECT count(*) FROM account";

/// A key of `$2` that an account other than `$1` holds.
const HOLDER: &str = "SELECT key FROM @.account_keys WHERE key=ANY($2) AND account<>$1 LIMIT 1";

/// Whether the table `$2` in the schema `$1` is the table of keys in the schema `$3`, or a
/// partition of it.
const HOLDS_KEYS: &str = "SELECT EXISTS (SELECT FROM pg_class t JOIN pg_namespace n ON n.oid=t.relnamespace \
    JOIN pg_class k ON k.oid=coalesce(pg_partition_root(t.oid), t.oid) \
    JOIN pg_namespace s ON s.oid=k.relnamespace \
    WHERE n.nspname=$1 AND t.relname=$2 AND s.nspname=$3 AND k.relname='account_keys')";

/// Foreign keys remove the body and the attachment.
const REMOVE: &str = "WITH account AS (\
        DELETE FROM @.accounts WHERE id=$1 AND version=$2 RETURNING id\
    ), released AS (\
        DELETE FROM @.account_keys WHERE key=ANY($3) AND account=$1 AND EXISTS (SELECT FROM account)\
    ), deleted AS (\
        DELETE FROM @.account_events WHERE account=$1 AND EXISTS (SELECT FROM account)\
    ) SELECT count(*) FROM account";

const LIST_AFTER: &str = "SELECT a.version, b.body, a.id FROM @.accounts a \
    LEFT JOIN @.account_bodies b ON b.id=a.id WHERE a.id>$1 ORDER BY a.id LIMIT $2";

const LIST_DUE: &str = "SELECT a.version, b.body, a.id FROM @.accounts a \
    LEFT JOIN @.account_bodies b ON b.id=a.id WHERE a.due_at<=$1 ORDER BY a.due_at, a.id LIMIT $2";

/// The ids of entries are unique, so a conflicting entry is the same entry.
const APPEND_EVENTS: &str = "INSERT INTO @.account_events (account, id, at, event) \
    SELECT * FROM unnest($1, $2, $3, $4) ON CONFLICT (account, id) DO NOTHING";

/// One statement, so that the total matches the page. An empty page is one row without an entry.
const EVENTS: &str = "SELECT c.total, e.event \
    FROM (SELECT count(*) AS total FROM @.account_events WHERE account=$1) c \
    LEFT JOIN LATERAL (\
        SELECT id, event FROM @.account_events WHERE account=$1 ORDER BY id DESC LIMIT $2 OFFSET $3\
    ) e ON true ORDER BY e.id DESC";

/// Skips entries that another node is deleting.
const DELETE_EVENTS: &str = "WITH old AS (\
        SELECT account, id FROM @.account_events WHERE at<$1 ORDER BY at LIMIT $2 FOR UPDATE SKIP LOCKED\
    ), deleted AS (\
        DELETE FROM @.account_events e USING old WHERE e.account=old.account AND e.id=old.id RETURNING e.id\
    ) SELECT count(*) FROM deleted";

/// `$2` is the current time, `$3` the end of its window, and `$4` the latest end that a window may
/// have, in case the clock was far ahead and has been set back.
const HIT: &str = "INSERT INTO @.account_limits AS l (key, count, reset_at) VALUES ($1, 1, $3) \
    ON CONFLICT (key) DO UPDATE SET \
    count=CASE WHEN l.reset_at<=$2 THEN 1 ELSE least(l.count, 4294967294)+1 END, \
    reset_at=least(CASE WHEN l.reset_at<=$2 THEN $3 ELSE l.reset_at END, $4) RETURNING count, reset_at";

/// Skips counters that are in use.
const PURGE: &str = "DELETE FROM @.account_limits WHERE key=ANY(ARRAY(\
    SELECT key FROM @.account_limits WHERE reset_at<=$1 ORDER BY reset_at LIMIT $2 FOR UPDATE SKIP LOCKED))";
