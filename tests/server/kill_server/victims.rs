//! What is killed: the server on SQLite, the server on PostgreSQL, or the PostgreSQL under it.

use std::path::PathBuf;

use rusqlite::Connection;

use crate::support::server_process::server::Server;

/// A server under load that is killed, or whose database is, and that comes back.
pub(crate) trait Victim {
    fn server(&self) -> &Server;

    fn kill(&mut self);

    fn revive(&mut self);

    /// A number that the database answers to this SQL.
    fn count(&self, sql: &str) -> i64;

    /// Fails unless the database holds nothing but these accounts and the entries that sign-ins at
    /// `nobodies` addresses without account left.
    fn check(&self, accounts: i64, nobodies: i64) {
        let tables = [
            ("accounts", "no account is there that nobody asked for"),
            ("account_bodies", "each has its body"),
        ];
        for (table, promise) in tables {
            assert_eq!(self.count(&format!("SELECT count(*) FROM {table}")), accounts, "{promise}");
        }
        let keys = self.count("SELECT count(*) FROM account_keys");
        assert_eq!(keys, accounts, "each has its address, and no key is left over");
        let strangers = "SELECT count(*) FROM account_events WHERE account NOT IN (SELECT id FROM accounts)";
        assert_eq!(self.count(strangers), nobodies);
    }
}

pub(crate) struct OnSqlite {
    directory: PathBuf,
    server: Option<Server>,
}

impl OnSqlite {
    pub(crate) fn new(directory: PathBuf) -> Self {
        let mut this = Self { directory, server: None };
        this.revive();
        this
    }
}

impl Victim for OnSqlite {
    fn server(&self) -> &Server {
        self.server.as_ref().unwrap()
    }

    fn kill(&mut self) {
        // With SIGKILL, as `Server` does to the process that it still holds.
        drop(self.server.take());
    }

    fn revive(&mut self) {
        self.server = Some(Server::start(&self.directory, &[("ACCOUNT_RATE_LIMITS", "off")]));
        let connection = Connection::open(self.directory.join("account.db")).unwrap();
        let verdict: String = connection.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
        assert_eq!(verdict, "ok");
        assert!(!connection.prepare("PRAGMA foreign_key_check").unwrap().exists([]).unwrap());
    }

    fn count(&self, sql: &str) -> i64 {
        let connection = Connection::open(self.directory.join("account.db")).unwrap();
        connection.query_row(sql, [], |row| row.get(0)).unwrap()
    }
}

#[cfg(feature = "postgres")]
pub(crate) use postgres::{OnPostgres, UnderPostgres};

#[cfg(feature = "postgres")]
mod postgres {
    use std::path::{Path, PathBuf};

    use super::{Server, Victim};
    use crate::support::{server_process::KEY, services::postgres::Postgres};

    /// The server is killed, and PostgreSQL goes on.
    pub(crate) struct OnPostgres {
        postgres: Postgres,
        directory: PathBuf,
        server: Option<Server>,
    }

    impl OnPostgres {
        pub(crate) fn new(directory: &Path) -> Option<Self> {
            let postgres = Postgres::durable()?;
            let mut this = Self { postgres, directory: directory.to_owned(), server: None };
            this.revive();
            Some(this)
        }
    }

    impl Victim for OnPostgres {
        fn server(&self) -> &Server {
            self.server.as_ref().unwrap()
        }

        fn kill(&mut self) {
            drop(self.server.take());
        }

        fn revive(&mut self) {
            let url = self.postgres.url("postgres");
            let settings = [("ACCOUNT_RATE_LIMITS", "off"), ("ACCOUNT_DATABASE", &url), ("ACCOUNT_KEY", KEY)];
            self.server = Some(Server::start(&self.directory, &settings));
        }

        fn count(&self, sql: &str) -> i64 {
            self.postgres.execute("postgres", sql).trim().parse().unwrap()
        }
    }

    /// PostgreSQL is killed, and the server goes on, without ever being started again.
    pub(crate) struct UnderPostgres(pub(crate) OnPostgres);

    impl Victim for UnderPostgres {
        fn server(&self) -> &Server {
            self.0.server()
        }

        fn kill(&mut self) {
            self.0.postgres.kill();
        }

        fn revive(&mut self) {
            self.0.postgres.restart();
        }

        fn count(&self, sql: &str) -> i64 {
            self.0.count(sql)
        }
    }
}
