//! Triggers, constraints and tables of the application's own beside those of a store: what they
//! refuse, and what they keep in step.

use std::error::Error as _;

use account::{
    AccountService, Error, SignUp,
    error::Kind,
    model::{ClientInfo, CustomId, Key, UserId},
    ports::{Parts, SaveError, Store, StoreError},
};
use async_trait::async_trait;

use crate::support::durable::{PASSWORD, id, mailbox, sign_up};

/// A store on which the application executes SQL of its own.
#[async_trait]
trait Tables: Sync {
    /// A trigger that raises an error with this text.
    fn raising(&self, when: &str, condition: &str, text: &str) -> String;
    /// A trigger that executes a statement.
    fn executing(&self, when: &str, statement: &str) -> String;
    async fn execute(&self, sql: &str);
    async fn count(&self, table: &str) -> i64;
}

/// The error's causes, as a log shows them.
fn causes(error: &Error) -> String {
    std::iter::successors(error.source(), |&cause| cause.source()).map(|cause| format!("{cause}; ")).collect()
}

#[track_caller]
fn assert_refused<T: std::fmt::Debug>(outcome: Result<T, Error>, reason: &str) {
    let error = outcome.unwrap_err();
    assert!(matches!(error, Error::RefusedByHost(_)), "{error:?}");
    assert_eq!((error.code(), error.kind()), ("general_access_forbidden", Kind::Forbidden));
    assert_eq!(error.kind().status(), 403);
    assert!(!error.to_string().contains(reason), "the reason is for the log: {error}");
    assert!(causes(&error).contains(reason), "{}", causes(&error));
}

async fn sign_up_as<S: Store>(service: &AccountService<S>, user: &str, name: &str) -> Result<UserId, Error> {
    let email = format!("{user}@example.com").parse().unwrap();
    let mut request = SignUp::new(email, PASSWORD.parse().unwrap());
    request.user_id = CustomId::Given(id(user));
    if !name.is_empty() {
        request.name = name.parse().unwrap();
    }
    service.sign_up(request, &ClientInfo::default()).await.map(|user| *user.id())
}

async fn is_there(store: &impl Store, user: &str) -> bool {
    let by_id = store.load(&Key::Id(id(user)), Parts::Body).await.unwrap().is_some();
    assert_eq!(by_id, store.load(&mailbox(user), Parts::Body).await.unwrap().is_some());
    by_id
}

async fn triggers_refuse_changes<S: Store>(service: &AccountService<S>, tables: &impl Tables) {
    let (caller, _) = sign_up(service, "ada").await;
    let uninvited = "new.email LIKE 'eve%'";
    tables.execute(&tables.raising("BEFORE INSERT", uninvited, "by invitation only")).await;
    tables.execute(&tables.raising("AFTER UPDATE", "new.name='root'", "a reserved name")).await;
    tables.execute(&tables.raising("BEFORE DELETE", "old.id='ada'", "the founder stays")).await;

    assert_refused(sign_up_as(service, "eve", "").await, "by invitation only");
    assert!(!is_there(service.store(), "eve").await);
    assert_refused(service.change_name(&caller, "root".parse().unwrap()).await, "a reserved name");
    let client = ClientInfo::default();
    assert_refused(service.admin(&client).delete(&id("ada")).await, "the founder stays");
    assert!(is_there(service.store(), "ada").await);
    let entries = tables.count("account_events").await;

    // Everything else goes on.
    assert!(service.user(&caller).await.unwrap().name().is_empty());
    service.change_name(&caller, "Ada".parse().unwrap()).await.unwrap();
    sign_up_as(service, "bob", "").await.unwrap();
    service.admin(&client).delete(&id("bob")).await.unwrap();
    assert_eq!(tables.count("account_events").await, entries + 1, "nothing is logged of what was refused");
}

async fn constraints_refuse_changes<S: Store>(service: &AccountService<S>, tables: &impl Tables) {
    tables.execute("CREATE UNIQUE INDEX one_of_a_name ON accounts (name) WHERE name<>''").await;
    tables.execute("CREATE TABLE tenants (id TEXT NOT NULL PRIMARY KEY)").await;
    tables.execute("INSERT INTO tenants VALUES ('ada'), ('bob'), ('eve')").await;
    let members = "CREATE TABLE members (account TEXT NOT NULL REFERENCES tenants (id), name TEXT UNIQUE)";
    tables.execute(members).await;
    let insert = "INSERT INTO members (account, name) VALUES (new.id, new.email)";
    tables.execute(&tables.executing("AFTER INSERT", insert)).await;

    let (caller, _) = sign_up(service, "ada").await;
    sign_up_as(service, "bob", "Bob").await.unwrap();
    // It is no account that exists, and no conflict that could end.
    assert_refused(sign_up_as(service, "eve", "Bob").await, "name");
    assert_refused(service.change_name(&caller, "Bob".parse().unwrap()).await, "name");
    let text = sign_up_as(service, "zoe", "Zoe").await;
    assert!(matches!(&text, Err(Error::RefusedByHost(_))), "no such tenant: {text:?}");
    tables.execute("INSERT INTO members VALUES ('eve', 'eve@example.com')").await;
    assert_refused(sign_up_as(service, "eve", "Eve").await, "members");
    assert_eq!(tables.count("members").await, 3);
    assert_eq!(tables.count("accounts").await, 2);

    // What is taken is still told as that.
    assert_eq!(sign_up_as(service, "ada", "").await.unwrap_err().code(), "user_already_exists");
    let taken = service.change_email(&caller, "bob@example.com".parse().unwrap(), PASSWORD.parse().unwrap());
    assert_eq!(taken.await.unwrap_err().code(), "user_target_already_exists");
}

async fn triggers_keep_rows_in_step<S: Store>(service: &AccountService<S>, tables: &impl Tables) {
    tables.execute("CREATE TABLE profiles (account TEXT NOT NULL PRIMARY KEY, name TEXT NOT NULL)").await;
    for (when, statement) in [
        ("AFTER INSERT", "INSERT INTO profiles (account, name) VALUES (new.id, new.name)"),
        ("AFTER UPDATE", "UPDATE profiles SET name=new.name WHERE account=new.id"),
        ("AFTER DELETE", "DELETE FROM profiles WHERE account=old.id"),
    ] {
        tables.execute(&tables.executing(when, statement)).await;
    }
    let (caller, _) = sign_up(service, "ada").await;
    assert_eq!(tables.count("profiles").await, 1);
    service.change_name(&caller, "Ada".parse().unwrap()).await.unwrap();
    assert_eq!(tables.count("profiles WHERE name='Ada'").await, 1);
    // A sign-up that fails later in the same transaction leaves no row.
    assert_eq!(sign_up_as(service, "ada", "").await.unwrap_err().code(), "user_already_exists");
    let mut request = SignUp::new("ada@example.com".parse().unwrap(), PASSWORD.parse().unwrap());
    request.user_id = CustomId::Given(id("eve"));
    let taken = service.sign_up(request, &ClientInfo::default()).await;
    assert_eq!(taken.unwrap_err().code(), "user_already_exists");
    assert_eq!(tables.count("profiles").await, 1);
    service.admin(&ClientInfo::default()).delete(&id("ada")).await.unwrap();
    assert_eq!(tables.count("profiles").await, 0);
}

async fn rows_hold_accounts<S: Store>(service: &AccountService<S>, tables: &impl Tables) {
    for (number, reference) in ["", "ON DELETE RESTRICT", "DEFERRABLE INITIALLY DEFERRED"].iter().enumerate()
    {
        sign_up(service, "ada").await;
        let orders = format!("orders{number}");
        let table =
            format!("CREATE TABLE {orders} (account TEXT NOT NULL REFERENCES accounts (id) {reference})");
        tables.execute(&table).await;
        tables.execute(&format!("INSERT INTO {orders} VALUES ('ada')")).await;
        let stored = service.store().load(&mailbox("ada"), Parts::Body).await.unwrap().unwrap();
        let kept = service.store().remove(&stored).await;
        assert!(matches!(kept, Err(SaveError::Failed(StoreError::Referenced))), "{reference}: {kept:?}");
        let client = ClientInfo::default();
        let error = service.admin(&client).delete(&id("ada")).await.unwrap_err();
        assert!(matches!(error, Error::Referenced), "{reference}: {error:?}");
        assert_eq!((error.code(), error.kind()), ("user_referenced", Kind::Conflict));
        assert_eq!(
            error.to_string(),
            "The account cannot be deleted, because other data still refers to it."
        );
        assert!(is_there(service.store(), "ada").await);
        assert_eq!(tables.count("account_events").await, 2);
        tables.execute(&format!("DELETE FROM {orders}")).await;
        service.admin(&client).delete(&id("ada")).await.unwrap();
        assert_eq!(tables.count("account_events").await, 0);
    }
}

/// Tables that have nothing to do with this crate, and their names.
const TABLES_OF_OTHERS: [(&str, &str); 3] = [
    ("CREATE TABLE Accounts (number INTEGER, owner TEXT)", "accounts"),
    ("CREATE VIEW account_users AS SELECT 1 AS number", "account_users"),
    ("CREATE TABLE account_migrations (version TEXT)", "account_migrations"),
];

macro_rules! scenarios {
    ($($test:ident => $scenario:ident)*) => { $(
        #[tokio::test]
        async fn $test() {
            let Some((service, tables)) = opened().await else { return };
            $scenario(&service, &tables).await;
        }
    )* };
}

#[cfg(feature = "sqlite")]
mod sqlite {
    use std::sync::Mutex;

    use account::{OpenError, SqliteStore};
    use rusqlite::Connection;

    use super::*;
    use crate::support::{
        durable::{open, service},
        tempdir::TempDir,
    };

    struct File {
        connection: Mutex<Connection>,
        _directory: TempDir,
    }

    async fn opened() -> Option<(AccountService<SqliteStore>, File)> {
        let directory = TempDir::new();
        let service = open(&directory.file("a.db"));
        let connection = Mutex::new(Connection::open(directory.file("a.db")).unwrap());
        Some((service, File { connection, _directory: directory }))
    }

    #[async_trait]
    impl Tables for File {
        fn raising(&self, when: &str, condition: &str, text: &str) -> String {
            let name = when.replace(' ', "_");
            format!(
                "CREATE TRIGGER raise_{name} {when} ON accounts WHEN {condition}
                 BEGIN SELECT RAISE(ABORT, '{text}'); END"
            )
        }

        fn executing(&self, when: &str, statement: &str) -> String {
            let name = when.replace(' ', "_");
            format!("CREATE TRIGGER execute_{name} {when} ON accounts BEGIN {statement}; END")
        }

        async fn execute(&self, sql: &str) {
            self.connection.lock().unwrap().execute_batch(sql).unwrap();
        }

        async fn count(&self, table: &str) -> i64 {
            let connection = self.connection.lock().unwrap();
            connection.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0)).unwrap()
        }
    }

    scenarios! {
        a_trigger_of_the_application_refuses_a_change => triggers_refuse_changes
        a_constraint_of_the_application_refuses_a_change => constraints_refuse_changes
        a_trigger_keeps_rows_of_the_application_in_step => triggers_keep_rows_in_step
        a_row_of_the_application_holds_its_account => rows_hold_accounts
    }

    #[tokio::test]
    async fn accounts_live_in_a_file_where_the_application_has_such_tables() {
        let directory = TempDir::new();
        let path = directory.file("app.db");
        let connection = Connection::open(&path).unwrap();
        for (theirs, _) in TABLES_OF_OTHERS {
            connection.execute_batch(theirs).unwrap();
        }
        connection.execute_batch("INSERT INTO Accounts VALUES (7, 'Ada')").unwrap();
        let open = |prefix: &str| service(SqliteStore::builder().table_prefix(prefix).open(&path).unwrap());
        let (one, other) = (open("auth_"), open("B2"));
        let (caller, secret) = sign_up(&one, "ada").await;
        one.replace_preferences(&caller, r#"{"a":1}"#.parse().unwrap()).await.unwrap();
        assert!(!is_there(other.store(), "ada").await, "another prefix is another store");
        sign_up(&other, "ada").await;

        let file = File { connection: Mutex::new(connection), _directory: directory };
        for (table, rows) in [
            ("Accounts", 1),
            ("auth_accounts", 1),
            ("auth_account_users WHERE email='ada@example.com'", 1),
            ("auth_account_sessions", 1),
            ("auth_account_attachments", 1),
            ("B2accounts", 1),
            ("auth_account_migrations", 1),
            ("sqlite_schema WHERE name LIKE 'auth~_%' ESCAPE '~'", 11),
        ] {
            assert_eq!(file.count(table).await, rows, "{table}");
        }
        file.execute("CREATE TABLE orders (account TEXT NOT NULL REFERENCES auth_accounts (id))").await;
        file.execute("INSERT INTO orders VALUES ('ada')").await;
        let client = ClientInfo::default();
        assert!(matches!(one.admin(&client).delete(&id("ada")).await, Err(Error::Referenced)));
        other.admin(&client).delete(&id("ada")).await.unwrap();
        drop((one, other));

        let again = open("auth_");
        let caller = again.caller(&secret).await.unwrap();
        assert_eq!(again.preferences(&caller).await.unwrap().as_json(), r#"{"a":1}"#);
    }

    #[test]
    fn a_prefix_that_needs_quotes_or_is_reserved_is_refused() {
        let directory = TempDir::new();
        let open = |prefix: &str| SqliteStore::builder().table_prefix(prefix).open(directory.file("a.db"));
        for bad in ["a b", "a-", "1a", "é", "a\"", "a;", "sqlite_", "SQLite_x", &"x".repeat(33)] {
            assert!(matches!(open(bad), Err(OpenError::TablePrefix)), "{bad:?}");
        }
        assert!(!directory.file("a.db").exists());
        for good in ["", "_", "sqlite", &"x".repeat(32)] {
            open(good).unwrap();
        }
    }

    #[test]
    fn a_table_of_another_application_is_named_in_one_line() {
        for (theirs, name) in TABLES_OF_OTHERS {
            let directory = TempDir::new();
            let path = directory.file("app.db");
            let connection = Connection::open(&path).unwrap();
            connection.execute_batch(theirs).unwrap();
            let refused = SqliteStore::open(&path).unwrap_err();
            assert!(matches!(&refused, OpenError::NameTaken { name: taken } if taken == name), "{refused:?}");
            let text = refused.to_string();
            assert!(text.contains(name) && text.lines().count() == 1 && refused.source().is_none(), "{text}");
            let schema = "SELECT count(*) FROM sqlite_schema";
            assert_eq!(connection.query_row(schema, [], |row| row.get(0)), Ok(1), "nothing is left behind");
        }
    }
}

#[cfg(feature = "postgres")]
mod postgres {
    use account::{PostgresError, PostgresStore};
    use tokio_postgres::Client;

    use super::*;
    use crate::postgres::Schema;

    struct Connected(Client);

    async fn opened() -> Option<(AccountService<PostgresStore>, Connected)> {
        let schema = Schema::new()?;
        let service = schema.service().await;
        Some((service, Connected(schema.client().await)))
    }

    #[async_trait]
    impl Tables for Connected {
        fn raising(&self, when: &str, condition: &str, text: &str) -> String {
            self.executing(when, &format!("IF {condition} THEN RAISE EXCEPTION '{text}'; END IF"))
        }

        fn executing(&self, when: &str, statement: &str) -> String {
            let name = when.replace(' ', "_");
            let row = if when.contains("DELETE") { "old" } else { "new" };
            format!(
                "CREATE FUNCTION do_{name}() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT
                 AS $$ BEGIN {statement}; RETURN {row}; END $$;
                 CREATE TRIGGER do_{name} {when} ON accounts FOR EACH ROW EXECUTE FUNCTION do_{name}()"
            )
        }

        async fn execute(&self, sql: &str) {
            self.0.batch_execute(sql).await.unwrap();
        }

        async fn count(&self, table: &str) -> i64 {
            crate::postgres::count(&self.0, table).await
        }
    }

    scenarios! {
        a_trigger_of_the_application_refuses_a_change => triggers_refuse_changes
        a_constraint_of_the_application_refuses_a_change => constraints_refuse_changes
        a_trigger_keeps_rows_of_the_application_in_step => triggers_keep_rows_in_step
        a_row_of_the_application_holds_its_account => rows_hold_accounts
    }

    #[tokio::test]
    async fn a_table_of_another_application_is_named_in_one_line() {
        for (theirs, name) in TABLES_OF_OTHERS {
            let Some(schema) = Schema::new() else { return };
            let client = schema.client().await;
            let create = format!("CREATE SCHEMA {}; {}", schema.name, theirs.replace("Accounts", "accounts"));
            client.batch_execute(&create).await.unwrap();
            let refused = schema.builder().connect(&schema.url()).await.unwrap_err();
            assert!(matches!(&refused, PostgresError::NameTaken { name: taken, .. } if taken == name));
            let text = refused.to_string();
            assert!(
                text.contains(name) && text.contains(&schema.name) && refused.source().is_none(),
                "{text}"
            );
            assert_eq!(text.lines().count(), 1);
            let tables = format!("pg_class WHERE relnamespace='{}'::regnamespace", schema.name);
            assert!(crate::postgres::count(&client, &tables).await <= 2, "nothing is left behind");
        }
    }

    #[tokio::test]
    async fn an_error_with_a_code_of_the_application_is_a_refusal() {
        let Some((service, tables)) = opened().await else { return };
        for (number, code) in ["ZX001", "P0001", "check_violation", "unique_violation"].iter().enumerate() {
            let raise = format!("RAISE EXCEPTION 'not today' USING ERRCODE='{code}'");
            tables.execute(&tables.executing("BEFORE INSERT", &raise)).await;
            assert_refused(sign_up_as(&service, &format!("user{number}"), "").await, "not today");
            tables.execute("DROP FUNCTION do_BEFORE_INSERT CASCADE").await;
        }
        // What is wrong with the trigger itself is a failure.
        tables.execute(&tables.executing("BEFORE INSERT", "PERFORM 1/0")).await;
        let failed = sign_up_as(&service, "ada", "").await.unwrap_err();
        assert_eq!(failed.code(), "general_store_unavailable");
    }
}
