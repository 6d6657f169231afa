//! The PostgreSQL store keeps every promise of the port: with one connection and many, with its
//! cache and without; and on two nodes in turn: directly, through a pooler, on partitioned tables,
//! and where every transaction is serializable.

use std::sync::{
    Arc, OnceLock,
    atomic::{AtomicUsize, Ordering},
};

use account::{
    MemoryStore, PostgresBuilder, PostgresStore,
    model::{Event, EventPage, Key, PageQuery, Timestamp, UserId},
    ports::{Change, Listed, Loading, Parts, SaveError, Select, Store, StoreError, Stored},
};
use async_trait::async_trait;

use crate::support::services::{pgbouncer::PgBouncer, postgres::Postgres};

/// A store in a schema of its own. Where there is no PostgreSQL, which has been said by then, one
/// in memory stands in.
async fn opened(builder: PostgresBuilder) -> Arc<dyn Store> {
    let Some(server) = Postgres::shared() else { return Arc::new(MemoryStore::new()) };
    let builder = builder.schema(Postgres::unused_name());
    Arc::new(builder.connect(&server.url("postgres")).await.unwrap())
}

fn with(connections: usize) -> PostgresBuilder {
    PostgresStore::builder().connections(connections)
}

mod with_one_connection {
    account::store_conformance!(async { super::opened(super::with(1)).await });
}

mod with_two_connections_and_no_cache {
    account::store_conformance!(async { super::opened(super::with(2).cached_accounts(0)).await });
}

mod with_sixteen_connections {
    account::store_conformance!(async { super::opened(super::with(16)).await });
}

mod on_two_nodes_in_turn {
    account::store_conformance!(async { super::on_two_nodes().await });
}

mod through_pgbouncer {
    account::store_conformance!(async { super::through_pgbouncer().await });
}

mod partitioned_by_account {
    account::store_conformance!(async { super::on_partitions().await });
}

mod where_all_is_serializable {
    account::store_conformance!(async { super::where_all_is_serializable().await });
}

/// Each call goes to the other one of two stores than the last, as behind a load balancer, and each
/// has a cache of its own.
#[derive(Debug)]
struct TwoNodes {
    nodes: [PostgresStore; 2],
    calls: AtomicUsize,
}

impl TwoNodes {
    async fn opened(builder: PostgresBuilder, url: &str) -> Arc<dyn Store> {
        let node = async || builder.clone().connect(url).await.unwrap();
        Arc::new(Self { nodes: [node().await, node().await], calls: AtomicUsize::new(0) })
    }

    fn node(&self) -> &PostgresStore {
        &self.nodes[self.calls.fetch_add(1, Ordering::Relaxed) % 2]
    }
}

#[async_trait]
impl Store for TwoNodes {
    fn load<'a>(&'a self, key: &'a Key, parts: Parts) -> Loading<'a> {
        self.node().load(key, parts)
    }

    async fn save(&self, change: Change<'_>) -> Result<(), SaveError> {
        self.node().save(change).await
    }

    async fn remove(&self, account: &Stored) -> Result<(), SaveError> {
        self.node().remove(account).await
    }

    async fn list(&self, which: Select<'_>, limit: u32) -> Result<Vec<Listed>, StoreError> {
        self.node().list(which, limit).await
    }

    async fn append_events(&self, events: &[Event]) -> Result<(), StoreError> {
        self.node().append_events(events).await
    }

    async fn events(&self, user: &UserId, page: PageQuery) -> Result<EventPage, StoreError> {
        self.node().events(user, page).await
    }

    async fn delete_events_before(&self, before: Timestamp, limit: u32) -> Result<u32, StoreError> {
        self.node().delete_events_before(before, limit).await
    }
}

async fn on_two_nodes() -> Arc<dyn Store> {
    let Some(server) = Postgres::shared() else { return Arc::new(MemoryStore::new()) };
    TwoNodes::opened(with(4).schema(Postgres::unused_name()), &server.url("postgres")).await
}

/// Through a pooler that knows nothing of prepared statements and hands each transaction to another
/// connection.
async fn through_pgbouncer() -> Arc<dyn Store> {
    let Some(pooler) = PgBouncer::shared() else { return Arc::new(MemoryStore::new()) };
    let builder = with(8).prepared_statements(false).schema(Postgres::unused_name());
    TwoNodes::opened(builder, &pooler.url("postgres")).await
}

/// On tables that the operator of the database has partitioned before.
async fn on_partitions() -> Arc<dyn Store> {
    let Some(server) = Postgres::shared() else { return Arc::new(MemoryStore::new()) };
    let schema = Postgres::unused_name();
    let mut sql = format!("CREATE SCHEMA {schema}; SET search_path TO {schema};");
    sql += "CREATE TABLE account_migrations (number integer PRIMARY KEY);";
    for (number, migration) in (1..).zip(PostgresStore::migrations()) {
        sql += &partitioned(migration);
        sql += &format!("INSERT INTO account_migrations VALUES ({number});");
    }
    server.execute("postgres", &sql);
    TwoNodes::opened(with(4).schema(schema).migrate(false), &server.url("postgres")).await
}

/// The same tables in two partitions each, by account, and the keys by key.
fn partitioned(migration: &str) -> String {
    let mut sql = String::new();
    for statement in migration.split_inclusive(";\n") {
        let table = statement.split("CREATE TABLE ").nth(1).and_then(|rest| rest.split(' ').next());
        let Some(table) = table else {
            sql += statement;
            continue;
        };
        let column = match table {
            "account_keys" => "key",
            "account_events" => "account",
            _ => "id",
        };
        let (head, _) = statement.rsplit_once(')').unwrap();
        let head = head.rsplit_once(") WITH (").map_or(head, |(head, _)| head);
        sql += &format!("{head}) PARTITION BY HASH ({column});\n");
        for part in 0..2 {
            sql += &format!(
                "CREATE TABLE {table}_{part} PARTITION OF {table} FOR VALUES WITH (MODULUS 2, REMAINDER {part});\n"
            );
        }
    }
    sql
}

async fn where_all_is_serializable() -> Arc<dyn Store> {
    static DATABASE: OnceLock<String> = OnceLock::new();
    let Some(server) = Postgres::shared() else { return Arc::new(MemoryStore::new()) };
    let url = DATABASE.get_or_init(|| {
        let url = server.database();
        let (_, name) = url.rsplit_once('/').unwrap();
        let set = format!("ALTER DATABASE {name} SET default_transaction_isolation TO 'serializable'");
        server.execute("postgres", &set);
        url
    });
    TwoNodes::opened(with(4).schema(Postgres::unused_name()), url).await
}
