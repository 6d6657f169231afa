-- Requests counted by key and window. The table is unlogged, so that counting writes no write-ahead
-- log; a crash empties it. `reset_at`, the end of the window, is in milliseconds since 1970 UTC.
-- Counting changes no indexed column within a window, and the fill factor leaves room for it.
CREATE UNLOGGED TABLE account_limits (
    key      BYTEA  NOT NULL PRIMARY KEY,
    count    BIGINT NOT NULL,
    reset_at BIGINT NOT NULL
) WITH (fillfactor = 70);

CREATE INDEX account_limits_by_reset_at ON account_limits (reset_at);
