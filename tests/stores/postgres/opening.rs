//! Opening: migrations, TLS, several servers, and a pool of the application's own.

use std::sync::Arc;

use account::{
    PostgresError, PostgresStore,
    model::Key,
    ports::{Parts, Store},
};
use tokio_postgres::NoTls;

use crate::postgres::{Schema, count, everything, id, service, sign_up};
use crate::support::services::postgres::Postgres;

const CERTIFICATE: &[u8] = include_bytes!("../../support/smtp/localhost.pem");
const CERTIFICATE_KEY: &[u8] = include_bytes!("../../support/smtp/localhost.key");

#[tokio::test(flavor = "multi_thread")]
async fn opening_at_once_migrates_once() {
    let Some(schema) = Schema::new() else { return };
    let opening: Vec<_> = (0..16)
        .map(|_| {
            let (builder, url) = (schema.builder().connections(1), schema.url());
            tokio::spawn(async move { builder.connect(&url).await.map(drop) })
        })
        .collect();
    for opened in opening {
        opened.await.unwrap().unwrap();
    }
    let client = schema.client().await;
    assert_eq!(count(&client, "account_migrations").await, PostgresStore::migrations().len() as i64);
}

#[tokio::test]
async fn who_else_migrates_is_waited_for_longer_than_a_statement_may_take() {
    let Some(schema) = Schema::new() else { return };
    let (migrating, watch) = (schema.client().await, schema.client().await);
    migrating.batch_execute(LOCK).await.unwrap();
    let opening = tokio::spawn({
        let builder = schema.builder().timeout(std::time::Duration::from_millis(500));
        let url = format!("{}?application_name=waits", schema.url());
        async move { builder.connect(&url).await.map(drop) }
    });
    while waited(&watch, "waits").await < 0.8 {
        assert!(!opening.is_finished(), "{:?}", opening.await);
    }
    migrating.batch_execute("COMMIT").await.unwrap();
    opening.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_newer_release_that_was_waited_for_is_noticed() {
    let Some(schema) = Schema::new() else { return };
    let (newer, watch) = (schema.client().await, schema.client().await);
    newer.batch_execute(LOCK).await.unwrap();
    let opening = tokio::spawn({
        let (builder, url) = (schema.builder(), format!("{}?application_name=older", schema.url()));
        async move { builder.connect(&url).await.map(drop) }
    });
    while waited(&watch, "older").await == 0.0 {
        assert!(!opening.is_finished(), "{:?}", opening.await);
    }
    let migrate = format!(
        "CREATE SCHEMA {0}; CREATE TABLE {0}.account_migrations (number INTEGER PRIMARY KEY); \
         INSERT INTO {0}.account_migrations VALUES (99); COMMIT",
        schema.name
    );
    newer.batch_execute(&migrate).await.unwrap();
    let refused = opening.await.unwrap();
    assert!(matches!(refused, Err(PostgresError::NewerSchema { found: 99, .. })), "{refused:?}");
}

/// The number is the same in all releases.
const LOCK: &str = "BEGIN; SELECT pg_advisory_xact_lock(7017280570803548161)";

/// For how many seconds a store whose connections have this name has waited for the one who
/// migrates.
async fn waited(watch: &tokio_postgres::Client, application: &str) -> f64 {
    let sql = "SELECT coalesce(max(extract(epoch FROM clock_timestamp() - query_start)::float8), 0) FROM pg_stat_activity \
               WHERE wait_event='advisory' AND application_name=$1";
    watch.query_one(sql, &[&application]).await.unwrap().get(0)
}

#[tokio::test]
async fn a_schema_of_a_newer_release_is_refused_and_left_alone() {
    let Some(schema) = Schema::new() else { return };
    drop(schema.store().await);
    let client = schema.client().await;
    client.batch_execute("INSERT INTO account_migrations VALUES (99)").await.unwrap();
    let refused = schema.builder().connect(&schema.url()).await;
    let Err(PostgresError::NewerSchema { found: 99, known }) = refused else { panic!("{refused:?}") };
    assert_eq!(known as usize, PostgresStore::migrations().len());
}

#[tokio::test]
async fn a_store_that_may_not_migrate_opens_what_somebody_else_migrated() {
    let Some(schema) = Schema::new() else { return };
    let open = async || schema.builder().migrate(false).connect(&schema.url()).await;
    let refused = open().await;
    let Err(PostgresError::OlderSchema { known }) = refused else { panic!("{refused:?}") };
    assert_eq!(known as usize, PostgresStore::migrations().len());
    drop(schema.store().await);
    let store = open().await.unwrap();
    sign_up(&service(store), "ada").await;
}

#[tokio::test]
async fn who_has_no_right_to_change_the_schema_can_use_it() {
    let Some(schema) = Schema::new() else { return };
    let (client, name) = (schema.client().await, &schema.name);
    let (owner, app) = (format!("owner_{name}"), format!("app_{name}"));
    // The owner applies the files by hand to a schema that has the owner's name, and grants no
    // rights but those that are asked for.
    client
        .batch_execute(&format!(
            "CREATE ROLE {owner} LOGIN; CREATE ROLE {app} LOGIN; CREATE SCHEMA {owner} AUTHORIZATION {owner}; \
             SET ROLE {owner}; SET search_path TO \"$user\"; \
             ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC; \
             CREATE TABLE account_migrations (number integer PRIMARY KEY)"
        ))
        .await
        .unwrap();
    for (number, migration) in (1..).zip(PostgresStore::migrations()) {
        client.batch_execute(migration).await.unwrap();
        client.batch_execute(&format!("INSERT INTO account_migrations VALUES ({number})")).await.unwrap();
    }
    client
        .batch_execute(&format!(
            "GRANT USAGE ON SCHEMA {owner} TO {app}; \
             GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {owner} TO {app}"
        ))
        .await
        .unwrap();
    let url = schema.url().replace("account@", &format!("{app}@"));
    let node = async || service(PostgresStore::builder().schema(&owner).connect(&url).await.unwrap());
    let (one, other) = (node().await, node().await);
    let (caller, secret) = sign_up(&one, "ada").await;
    for (number, (writer, reader)) in [(&one, &other), (&other, &one), (&one, &other)].into_iter().enumerate()
    {
        let preferences = format!(r#"{{"number":{number}}}"#);
        writer.change_name(&caller, format!("{number}").parse().unwrap()).await.unwrap();
        let there = reader.caller(&secret).await.unwrap();
        assert_eq!(reader.user(&there).await.unwrap().name().as_str(), number.to_string());
        writer.replace_preferences(&caller, preferences.parse().unwrap()).await.unwrap();
        assert_eq!(reader.preferences(&there).await.unwrap().as_json(), preferences);
    }
}

/// As where a schema that was prepared takes the place of the one in use.
#[tokio::test]
async fn a_schema_that_is_renamed_keeps_its_own_accounts() {
    let Some(schema) = Schema::new() else { return };
    let (client, live) = (schema.client().await, &schema.name);
    let (old, next) = (format!("{live}_old"), format!("{live}_next"));
    let node = async |name: &str| {
        service(PostgresStore::builder().schema(name).connect(&schema.url()).await.unwrap())
    };
    for (name, word) in [(live, "first"), (&next, "second")] {
        let service = node(name).await;
        let (caller, _) = sign_up(&service, "ada").await;
        service.change_name(&caller, word.parse().unwrap()).await.unwrap();
    }
    let swap = format!("ALTER SCHEMA {live} RENAME TO {old}; ALTER SCHEMA {next} RENAME TO {live}");
    client.batch_execute(&swap).await.unwrap();
    for (name, word) in [(live, "second"), (&old, "first")] {
        let service = node(name).await;
        for parts in [Parts::Whole, Parts::Body, Parts::Whole] {
            let stored = service.store().load(&Key::Id(id("ada")), parts).await.unwrap().unwrap();
            assert_eq!(stored.account.name().as_str(), word);
            // So that the next load knows another version than it finds.
            client.batch_execute(&format!("UPDATE {name}.accounts SET version=version+1")).await.unwrap();
        }
    }
}

#[tokio::test]
async fn a_schema_may_have_any_name_that_is_one() {
    let Some(schema) = Schema::new() else { return };
    for name in ["Mixed Case", "with \"quotes\"", "'; drop schema public; --", "ümläut", "select"] {
        let open = async || PostgresStore::builder().schema(name).connect(&schema.url()).await;
        sign_up(&service(open().await.unwrap()), "ada").await;
        assert_eq!(open().await.unwrap().events(&id("ada"), everything()).await.unwrap().total, 2, "{name}");
    }
    for name in ["", "a\0b", &"x".repeat(64)] {
        let refused = PostgresStore::builder().schema(name).connect(&schema.url()).await;
        assert!(matches!(refused, Err(PostgresError::SchemaName)), "{name:?}");
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_is_an_error_and_no_panic() {
    let refused = PostgresStore::connect("postgres://u:hidden@127.0.0.1:1/app").await;
    let Err(PostgresError::Failed(cause)) = refused else { panic!("{refused:?}") };
    assert!(!format!("{cause} {cause:?}").contains("hidden"));
}

#[tokio::test]
async fn a_pool_of_the_hosts_own_is_used_and_left_as_it_was() {
    let Some(schema) = Schema::new() else { return };
    let config = schema.url().parse().unwrap();
    let pool = deadpool_postgres::Pool::builder(deadpool_postgres::Manager::new(config, NoTls))
        .max_size(2)
        .build()
        .unwrap();
    let store = schema.builder().connect_by(pool.clone()).await.unwrap();
    sign_up(&service(store), "ada").await;
    assert!(pool.status().size <= 2);
    let connection = pool.get().await.unwrap();
    let path: String = connection.query_one("SHOW search_path", &[]).await.unwrap().get(0);
    assert_eq!(path, "\"$user\", public");
    let timeout: String = connection.query_one("SHOW lock_timeout", &[]).await.unwrap().get(0);
    assert_eq!(timeout, "0");
}

#[tokio::test]
async fn tls_is_checked_for_name_and_root() {
    let files = [("server.crt", CERTIFICATE), ("server.key", CERTIFICATE_KEY)];
    let Some(server) = Postgres::with_files(&files, &["ssl=on"]) else { return };
    let at = |host: &str, rest: &str| format!("postgres://account@{host}:{}/postgres?{rest}", server.port);
    let by_name = at("localhost", "sslmode=require");
    let trusting = PostgresStore::builder().connections(1).root_certificates(CERTIFICATE);

    let store = trusting.clone().connect(&by_name).await.unwrap();
    sign_up(&service(store), "ada").await;
    let encrypted = "SELECT count(*) FROM pg_stat_ssl s JOIN pg_stat_activity a USING (pid) \
                     WHERE s.ssl AND a.application_name='account'";
    let stays = trusting.clone().connect(&by_name).await.unwrap();
    assert_ne!(server.execute("postgres", encrypted), "0\n");
    drop(stays);

    let root = server.folder().join("data/server.crt");
    let named = at("localhost", &format!("sslmode=verify-full&sslrootcert={}", root.display()));
    PostgresStore::builder().connect(&named).await.unwrap();

    for (builder, url) in [
        // A root that is not trusted.
        (PostgresStore::builder(), &by_name),
        // A name that is not in the certificate.
        (trusting.clone(), &at("127.0.0.1", "sslmode=require")),
    ] {
        let refused = builder.connect(url).await;
        assert!(matches!(refused, Err(PostgresError::Failed(_))), "{refused:?}");
    }
}

#[tokio::test]
async fn a_server_without_tls_is_not_spoken_to_in_clear_if_tls_is_asked_for() {
    let Some(schema) = Schema::new() else { return };
    let refused = schema.builder().connect(&format!("{}?sslmode=require", schema.url())).await;
    assert!(matches!(refused, Err(PostgresError::Failed(_))), "{refused:?}");
}

#[tokio::test]
async fn of_several_servers_the_one_that_takes_changes_is_used() {
    let Some(writes) = Postgres::shared() else { return };
    let Some(reads) = Postgres::with_files(&[], &["default_transaction_read_only=on"]) else { return };
    let schema = Schema::new().unwrap();
    let url = format!(
        "postgres://account@127.0.0.1:1,127.0.0.1:{},127.0.0.1:{}/postgres?target_session_attrs=read-write",
        reads.port, writes.port
    );
    let store = schema.builder().connect(&url).await.unwrap();
    sign_up(&service(store), "ada").await;
    let store: Arc<dyn Store> = Arc::new(schema.store().await);
    assert_eq!(store.events(&id("ada"), everything()).await.unwrap().total, 2);
}

#[tokio::test]
async fn a_server_that_hangs_keeps_nobody_from_the_next() {
    let Some(writes) = Postgres::shared() else { return };
    let Some(hangs) = Postgres::with_files(&[], &[]) else { return };
    let _frozen = hangs.freeze();
    let schema = Schema::new().unwrap();
    let url = format!(
        "postgres://account@127.0.0.1:{},127.0.0.1:{}/postgres?target_session_attrs=read-write&connect_timeout=1",
        hangs.port, writes.port
    );
    let store = schema.builder().timeout(std::time::Duration::from_secs(60)).connect(&url).await.unwrap();
    sign_up(&service(store), "ada").await;
}

#[tokio::test]
async fn after_a_failover_the_server_that_takes_changes_now_is_used() {
    let both = [Postgres::with_files(&[], &[]), Postgres::with_files(&[], &[])];
    let [Some(first), Some(second)] = both else { return };
    let url = format!(
        "postgres://account@127.0.0.1:{},127.0.0.1:{}/postgres?target_session_attrs=read-write",
        first.port, second.port
    );
    let note = |number: u32| {
        let json = format!(
            r#"{{"format":1,"event":{{"id":"e{number}","user":"ada","kind":"user.update","at":0,"operation":"updateName"}}}}"#
        );
        account::model::Event::from_json(&json).unwrap()
    };
    drop(PostgresStore::connect(&second.url("postgres")).await.unwrap());
    let store = PostgresStore::connect(&url).await.unwrap();
    store.append_events(&[note(1)]).await.unwrap();
    first.execute("postgres", "ALTER SYSTEM SET default_transaction_read_only = on");
    first.execute("postgres", "SELECT pg_reload_conf()");
    // Its open connections hear of it a moment later.
    let mut number = 1;
    loop {
        number += 1;
        assert!(number < 1000, "the first server takes changes for ever");
        match store.append_events(&[note(number)]).await {
            Ok(()) => tokio::time::sleep(std::time::Duration::from_millis(10)).await,
            Err(_) => break,
        }
    }
    store.append_events(&[note(5000)]).await.unwrap();
    let log = store.events(&id("ada"), everything()).await.unwrap();
    assert_eq!((log.total, &log.events[0]), (1, &note(5000)));
    assert_eq!(second.execute("postgres", "SELECT count(*) FROM account_events"), "1\n");
}

#[tokio::test]
async fn v9_a_database_that_is_not_utf_8_is_refused_in_one_line() {
    let Some(server) = Postgres::shared() else { return };
    for encoding in ["LATIN1", "SQL_ASCII", "EUC_JP"] {
        let name = format!("v9_{}", encoding.to_lowercase());
        let create = format!("CREATE DATABASE {name} ENCODING '{encoding}' LOCALE 'C' TEMPLATE template0");
        server.execute("postgres", &create);
        for migrate in [true, false] {
            let refused = PostgresStore::builder().migrate(migrate).connect(&server.url(&name)).await;
            let refused = refused.unwrap_err();
            assert!(
                matches!(&refused, PostgresError::Encoding { found } if found == encoding),
                "{refused:?}"
            );
            let text = format!(
                "the database has the encoding {encoding}, but must have UTF8; create one with \
                 CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0"
            );
            assert_eq!(refused.to_string(), text);
        }
        let tables = "SELECT count(*) FROM pg_class WHERE relname LIKE 'account%'";
        assert_eq!(server.execute(&name, tables), "0\n");
    }
}
