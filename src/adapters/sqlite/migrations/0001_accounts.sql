-- One narrow row per account. Every session check reads `version`; the other columns are for joins
-- by the application. All times are milliseconds since 1970 UTC:
-- datetime(created_at / 1000, 'unixepoch') shows one.
CREATE TABLE accounts (
    id             TEXT    NOT NULL PRIMARY KEY,
    version        INTEGER NOT NULL,
    email          TEXT,
    phone          TEXT,
    name           TEXT    NOT NULL,
    status         TEXT    NOT NULL CHECK (status IN ('active', 'blocked')),
    email_verified INTEGER NOT NULL,
    phone_verified INTEGER NOT NULL,
    created_at     INTEGER NOT NULL,
    updated_at     INTEGER NOT NULL,
    accessed_at    INTEGER NOT NULL,
    due_at         INTEGER
) STRICT, WITHOUT ROWID;

CREATE INDEX accounts_by_due_at ON accounts (due_at) WHERE due_at IS NOT NULL;

-- The account itself. The columns above are copies of parts of it.
CREATE TABLE account_bodies (
    id   TEXT NOT NULL PRIMARY KEY REFERENCES accounts (id) ON DELETE CASCADE,
    body TEXT NOT NULL
) STRICT;

-- Data that few operations need, kept out of the body to keep it small.
CREATE TABLE account_attachments (
    id         TEXT NOT NULL PRIMARY KEY REFERENCES accounts (id) ON DELETE CASCADE,
    attachment TEXT NOT NULL
) STRICT;

-- Everything but the id that must be unique across all accounts. There is no foreign key: it would
-- need an index by account, and the body contains every key.
CREATE TABLE account_keys (
    key     TEXT NOT NULL PRIMARY KEY,
    account TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- The security log. There is no foreign key, because an entry can concern an address without an
-- account.
CREATE TABLE account_events (
    account TEXT    NOT NULL,
    id      TEXT    NOT NULL,
    at      INTEGER NOT NULL,
    event   TEXT    NOT NULL,
    PRIMARY KEY (account, id)
) STRICT, WITHOUT ROWID;

CREATE INDEX account_events_by_at ON account_events (at);

-- Views for reading with SQL. None of them shows a password hash or the digest of a secret.

CREATE VIEW account_users AS
SELECT a.id, a.name, a.email, a.email_verified, a.phone, a.phone_verified, a.status,
       coalesce(json_extract(b.body, '$.account.labels'), '[]') AS labels,
       coalesce(json_extract(b.body, '$.account.mfa'), 0) AS mfa,
       json_type(b.body, '$.account.password') IS NOT NULL AS has_password,
       a.created_at, a.updated_at, a.accessed_at
FROM accounts AS a JOIN account_bodies AS b ON b.id = a.id;

CREATE VIEW account_sessions AS
SELECT b.id AS account,
       json_extract(s.value, '$.id') AS id,
       json_extract(s.value, '$.provider') AS provider,
       json_extract(s.value, '$.provider_uid') AS provider_uid,
       json_extract(s.value, '$.ip') AS ip,
       json_extract(s.value, '$.country') AS country,
       json_extract(s.value, '$.factors') AS factors,
       json_extract(s.value, '$.created_at') AS created_at,
       json_extract(s.value, '$.updated_at') AS updated_at,
       json_extract(s.value, '$.expires_at') AS expires_at,
       json_extract(s.value, '$.challenged_at') AS challenged_at
FROM account_bodies AS b, json_each(b.body, '$.account.sessions') AS s;

CREATE VIEW account_identities AS
SELECT b.id AS account,
       json_extract(i.value, '$.id') AS id,
       json_extract(i.value, '$.provider') AS provider,
       json_extract(i.value, '$.uid') AS uid,
       json_extract(i.value, '$.verified_email') AS verified_email,
       json_extract(i.value, '$.created_at') AS created_at,
       json_extract(i.value, '$.updated_at') AS updated_at
FROM account_bodies AS b, json_each(b.body, '$.account.identities') AS i;
