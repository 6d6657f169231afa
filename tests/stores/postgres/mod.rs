//! What is particular to the PostgreSQL store; what all stores promise is in the conformance suite.

mod failover;
mod failures;
mod host;
mod loads;
mod nodes;
mod opening;

use crate::support::services::postgres::Postgres;
use account::{
    AccountService, Argon2Params, Caller, Config, MasterKey, PostgresBuilder, PostgresStore, SignUp,
    model::{ClientInfo, CustomId, Email, Key, PageQuery, SessionSecret, UserId},
};
use tokio_postgres::NoTls;

const PASSWORD: &str = "correct horse battery";
const KEY: [u8; 32] = *b"\x9a\x1c\x44\xe7\x02\xbd\x53\x88\x6f\x21\xd0\x3e\x95\x7a\xcc\x10\x48\xf3\x5d\x06\xb1\x29\xea\x74\x8c\x37\xd8\x61\x0b\x9f\x42\xa5";

type Service = AccountService<PostgresStore>;

/// An empty schema on the server that all tests share.
struct Schema {
    server: &'static Postgres,
    name: String,
}

impl Schema {
    fn new() -> Option<Self> {
        Some(Self { server: Postgres::shared()?, name: Postgres::unused_name() })
    }

    fn builder(&self) -> PostgresBuilder {
        PostgresStore::builder().schema(&self.name)
    }

    async fn store(&self) -> PostgresStore {
        self.builder().connect(&self.url()).await.unwrap()
    }

    /// A node of a service, with its own connections and its own cache.
    async fn service(&self) -> Service {
        service(self.store().await)
    }

    fn url(&self) -> String {
        self.server.url("postgres")
    }

    /// Somebody else's connection, which looks at the schema first.
    async fn client(&self) -> tokio_postgres::Client {
        let (client, connection) = tokio_postgres::connect(&self.url(), NoTls).await.unwrap();
        tokio::spawn(connection);
        client.batch_execute(&format!("SET search_path TO {}", self.name)).await.unwrap();
        client
    }
}

/// A service whose password hashes cost nearly nothing.
fn service(store: PostgresStore) -> Service {
    let mut config = Config::appwrite_1_6(MasterKey::from_bytes(&KEY).unwrap());
    config.hashing = Argon2Params::new(8, 1, 1).unwrap();
    AccountService::builder(store).config(config).build().unwrap()
}

async fn sign_up(service: &Service, name: &str) -> (Caller, SessionSecret) {
    let email: Email = format!("{name}@example.com").parse().unwrap();
    let mut request = SignUp::new(email.clone(), PASSWORD.parse().unwrap());
    request.user_id = CustomId::Given(id(name));
    service.sign_up(request, &ClientInfo::default()).await.unwrap();
    let signed_in = service
        .sign_in_with_password(email, PASSWORD.parse().unwrap(), &ClientInfo::default())
        .await
        .unwrap();
    (service.caller(&signed_in.secret).await.unwrap(), signed_in.secret)
}

async fn count(client: &tokio_postgres::Client, table: &str) -> i64 {
    client.query_one(&format!("SELECT count(*) FROM {table}"), &[]).await.unwrap().get(0)
}

fn id(text: &str) -> UserId {
    text.parse().unwrap()
}

fn mailbox(name: &str) -> Key {
    Key::Mailbox(format!("{name}@example.com").parse().unwrap())
}

fn everything() -> PageQuery {
    PageQuery::parse(&[""; 0], 5000).unwrap()
}
