-- Requests counted by key and window. Unlogged, so that counting costs no write-ahead log; a crash empties it.
-- `reset_at`, the end of the window, is milliseconds since 1970 UTC. Counting changes no indexed column, and room is left for it in each page.
CREATE UNLOGGED TABLE account_limits (
    key      BYTEA  NOT NULL PRIMARY KEY,
    count    BIGINT NOT NULL,
    reset_at BIGINT NOT NULL
) WITH (fillfactor = 70);

CREATE INDEX account_limits_by_reset_at ON account_limits (reset_at);
