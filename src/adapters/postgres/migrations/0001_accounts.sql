-- One narrow row per account. Every session check reads `version`; the other columns are for joins
-- by the application. All times are milliseconds since 1970 UTC: to_timestamp(created_at / 1000.0)
-- shows one. Ids and keys compare bytewise. The fill factor leaves room for changes of `version`
-- that touch no index.
CREATE TABLE accounts (
    id             TEXT    COLLATE "C" NOT NULL PRIMARY KEY,
    version        BIGINT  NOT NULL,
    email          TEXT,
    phone          TEXT,
    name           TEXT    NOT NULL,
    status         TEXT    NOT NULL CHECK (status IN ('active', 'blocked')),
    email_verified BOOLEAN NOT NULL,
    phone_verified BOOLEAN NOT NULL,
    created_at     BIGINT  NOT NULL,
    updated_at     BIGINT  NOT NULL,
    accessed_at    BIGINT  NOT NULL,
    due_at         BIGINT
) WITH (fillfactor = 80);

CREATE INDEX accounts_by_due_at ON accounts (due_at, id) WHERE due_at IS NOT NULL;

-- The account itself. The columns above are copies of parts of it.
CREATE TABLE account_bodies (
    id   TEXT COLLATE "C" NOT NULL PRIMARY KEY REFERENCES accounts (id) ON DELETE CASCADE,
    body TEXT NOT NULL
) WITH (fillfactor = 80);

-- Data that few operations need, kept out of the body to keep it small.
CREATE TABLE account_attachments (
    id         TEXT COLLATE "C" NOT NULL PRIMARY KEY REFERENCES accounts (id) ON DELETE CASCADE,
    attachment TEXT NOT NULL
) WITH (fillfactor = 80);

-- The same texts, for statements that rarely need them: a table named in a statement is opened
-- every time, while a function costs nothing until it is called. STABLE makes a function see the
-- same snapshot as the statement, so that text and version match. The functions run with the rights
-- of the caller.
CREATE FUNCTION account_body(TEXT) RETURNS TEXT LANGUAGE sql STABLE
BEGIN ATOMIC SELECT body FROM account_bodies WHERE id = $1; END;

CREATE FUNCTION account_attachment(TEXT) RETURNS TEXT LANGUAGE sql STABLE
BEGIN ATOMIC SELECT attachment FROM account_attachments WHERE id = $1; END;

GRANT EXECUTE ON FUNCTION account_body(TEXT), account_attachment(TEXT) TO PUBLIC;

-- Everything but the id that must be unique across all accounts. There is no foreign key: it would
-- need an index by account, and the body contains every key.
CREATE TABLE account_keys (
    key     TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    account TEXT COLLATE "C" NOT NULL
);

-- The security log. There is no foreign key, because an entry can concern an address without an
-- account.
CREATE TABLE account_events (
    account TEXT   COLLATE "C" NOT NULL,
    id      TEXT   COLLATE "C" NOT NULL,
    at      BIGINT NOT NULL,
    event   TEXT   NOT NULL,
    PRIMARY KEY (account, id)
);

CREATE INDEX account_events_by_at ON account_events (at);

-- Views for reading with SQL. None of them shows a password hash or the digest of a secret.
-- Bodies are text, because `jsonb` does not support every character of JSON.

CREATE VIEW account_users AS
SELECT a.id, a.name, a.email, a.email_verified, a.phone, a.phone_verified, a.status,
       coalesce(v.account -> 'labels', '[]') AS labels,
       coalesce((v.account ->> 'mfa')::boolean, false) AS mfa,
       v.account ? 'password' AS has_password,
       to_timestamp(a.created_at / 1000.0) AS created_at,
       to_timestamp(a.updated_at / 1000.0) AS updated_at,
       to_timestamp(a.accessed_at / 1000.0) AS accessed_at
FROM accounts AS a
JOIN account_bodies AS b ON b.id = a.id
CROSS JOIN LATERAL (SELECT replace(b.body, '\u0000', '\ufffd')::jsonb -> 'account' AS account) AS v;

CREATE VIEW account_sessions AS
SELECT b.id AS account,
       s.value ->> 'id' AS id,
       s.value ->> 'provider' AS provider,
       s.value ->> 'provider_uid' AS provider_uid,
       s.value ->> 'ip' AS ip,
       s.value ->> 'country' AS country,
       s.value -> 'factors' AS factors,
       to_timestamp((s.value ->> 'created_at')::bigint / 1000.0) AS created_at,
       to_timestamp((s.value ->> 'updated_at')::bigint / 1000.0) AS updated_at,
       to_timestamp((s.value ->> 'expires_at')::bigint / 1000.0) AS expires_at,
       to_timestamp((s.value ->> 'challenged_at')::bigint / 1000.0) AS challenged_at
FROM account_bodies AS b
CROSS JOIN LATERAL jsonb_array_elements(
    coalesce(replace(b.body, '\u0000', '\ufffd')::jsonb #> '{account,sessions}', '[]')) AS s (value);

CREATE VIEW account_identities AS
SELECT b.id AS account,
       i.value ->> 'id' AS id,
       i.value ->> 'provider' AS provider,
       i.value ->> 'uid' AS uid,
       i.value ->> 'verified_email' AS verified_email,
       to_timestamp((i.value ->> 'created_at')::bigint / 1000.0) AS created_at,
       to_timestamp((i.value ->> 'updated_at')::bigint / 1000.0) AS updated_at
FROM account_bodies AS b
CROSS JOIN LATERAL jsonb_array_elements(
    coalesce(replace(b.body, '\u0000', '\ufffd')::jsonb #> '{account,identities}', '[]')) AS i (value);
