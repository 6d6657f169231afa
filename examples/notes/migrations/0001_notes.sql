-- The application's own tables, in the database of the accounts.

-- Deleting an account deletes its notes.
CREATE TABLE notes (
    id      INTEGER NOT NULL PRIMARY KEY,
    account TEXT    NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    text    TEXT    NOT NULL
) STRICT;

CREATE INDEX notes_by_account ON notes (account);

-- What the application keeps about each account: here only a copy of its address, to show how.
CREATE TABLE profiles (
    account TEXT NOT NULL PRIMARY KEY REFERENCES accounts (id) ON DELETE CASCADE,
    email   TEXT
) STRICT;

-- Triggers run in the transaction that saves the account, so each account has its profile and its
-- first note from the beginning.
CREATE TRIGGER new_account AFTER INSERT ON accounts BEGIN
    INSERT INTO profiles (account, email) VALUES (new.id, new.email);
    INSERT INTO notes (account, text) VALUES (new.id, 'Welcome! This is your first note.');
END;

CREATE TRIGGER changed_email AFTER UPDATE OF email ON accounts WHEN new.email IS NOT old.email BEGIN
    UPDATE profiles SET email = new.email WHERE account = new.id;
END;
