//! Races over HTTP with two reference servers on one PostgreSQL, each of which gets half of the
//! requests: for one secret and one new account, sessions, parallel changes, ends of sessions,
//! wrong guesses, what only one account can have, and flows of OAuth2.
//!
//! All but the last byte of each request is sent beforehand, the last bytes of all at once: so they
//! reach the servers at the same moment, and what a session begins has mostly been let in already
//! when the race is run.

mod accounts;
mod addresses;
mod codes;
mod ends;
mod guesses;
mod oauth2;
mod one_winner;
mod operations;
mod pair;
mod people;
mod provider;
mod until_the_end;
