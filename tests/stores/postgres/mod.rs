//! What is particular to the PostgreSQL store; what all stores promise is in the conformance suite.

mod failover;
mod failures;
mod host;
mod loads;
mod nodes;
mod opening;

use account::{AccountService, PostgresBuilder, PostgresStore};
use tokio_postgres::NoTls;

use crate::support::{
    durable::{PASSWORD, everything, id, mailbox, service, sign_up},
    services::postgres::Postgres,
};

pub(crate) type Service = AccountService<PostgresStore>;

/// An empty schema on the server that all tests share.
pub(crate) struct Schema {
    server: &'static Postgres,
    pub(crate) name: String,
}

impl Schema {
    pub(crate) fn new() -> Option<Self> {
        Some(Self { server: Postgres::shared()?, name: Postgres::unused_name() })
    }

    pub(crate) fn builder(&self) -> PostgresBuilder {
        PostgresStore::builder().schema(&self.name)
    }

    async fn store(&self) -> PostgresStore {
        self.builder().connect(&self.url()).await.unwrap()
    }

    /// A node of a service, with its own connections and its own cache.
    pub(crate) async fn service(&self) -> Service {
        service(self.store().await)
    }

    pub(crate) fn url(&self) -> String {
        self.server.url("postgres")
    }

    /// Another person's connection, which looks at the schema first.
    pub(crate) async fn client(&self) -> tokio_postgres::Client {
        let (client, connection) = tokio_postgres::connect(&self.url(), NoTls).await.unwrap();
        tokio::spawn(connection);
        client.batch_execute(&format!("SET search_path TO {}", self.name)).await.unwrap();
        client
    }
}

pub(crate) async fn count(client: &tokio_postgres::Client, table: &str) -> i64 {
    client.query_one(&format!("SELECT count(*) FROM {table}"), &[]).await.unwrap().get(0)
}
