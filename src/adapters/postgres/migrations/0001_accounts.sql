-- One row per account, narrow: every session check reads `version` here, and the columns are for joins of the host's own.
-- All times are milliseconds since 1970 UTC: to_timestamp(created_at / 1000.0) shows one. Ids and keys compare bytewise.
-- Room is left in each page so that a change of `version` touches no index.
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

-- The value itself; the columns above are copies of parts of it.
CREATE TABLE account_bodies (
    id   TEXT COLLATE "C" NOT NULL PRIMARY KEY REFERENCES accounts (id) ON DELETE CASCADE,
    body TEXT NOT NULL
) WITH (fillfactor = 80);

-- What few operations need, and would make the body larger.
CREATE TABLE account_attachments (
    id         TEXT COLLATE "C" NOT NULL PRIMARY KEY REFERENCES accounts (id) ON DELETE CASCADE,
    attachment TEXT NOT NULL
) WITH (fillfactor = 80);

-- The same texts, for statements that mostly do not need them: a function costs nothing until it is called, whereas a table that a statement names
-- is opened each time. Stable, so that the text is that of the very state whose version the statement has seen. They give nobody rights that
-- the caller has not.
CREATE FUNCTION account_body(TEXT) RETURNS TEXT LANGUAGE sql STABLE
BEGIN ATOMIC SELECT body FROM account_bodies WHERE id = $1; END;

CREATE FUNCTION account_attachment(TEXT) RETURNS TEXT LANGUAGE sql STABLE
BEGIN ATOMIC SELECT attachment FROM account_attachments WHERE id = $1; END;

GRANT EXECUTE ON FUNCTION account_body(TEXT), account_attachment(TEXT) TO PUBLIC;

-- What must be unique over all accounts, besides the id. No foreign key: it would need an index by account, and every key is in the body.
CREATE TABLE account_keys (
    key     TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    account TEXT COLLATE "C" NOT NULL
);

-- The security log. An entry can be about an address that has no account, hence no foreign key.
CREATE TABLE account_events (
    account TEXT   COLLATE "C" NOT NULL,
    id      TEXT   COLLATE "C" NOT NULL,
    at      BIGINT NOT NULL,
    event   TEXT   NOT NULL,
    PRIMARY KEY (account, id)
);

CREATE INDEX account_events_by_at ON account_events (at);

-- For reading with plain SQL. None shows a password hash or the digest of a secret.
-- A body is text because `jsonb` cannot hold every character that JSON can.

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
