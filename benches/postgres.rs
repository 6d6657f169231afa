//! Compares the PostgreSQL store, through the service, with bare statements on the same server,
//! which runs on the same machine.
//!
//! Every round measures both sides, so that other load on the machine cancels out of the ratio.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a benchmark fails by panicking"
)]

#[path = "../tests/support/services/mod.rs"]
mod services;
mod support;

use std::{future::Future, sync::Arc};

use account::{
    AccountService, Caller, Config, MasterKey, PostgresStore,
    model::{ClientInfo, SessionSecret, UserId},
};
use deadpool_postgres::{Manager, ManagerConfig, Pool, RecyclingMethod};
use services::postgres::Postgres;
use tokio::runtime::Runtime;
use tokio_postgres::NoTls;

const ROUNDS: usize = 11;
const ACCOUNTS: usize = 1_000;
const CHECKS: usize = 20_000;
const SAVES: usize = 400;
const MAX_CONCURRENCY: usize = 16;

type Service = AccountService<PostgresStore>;

fn main() {
    let Some(server) = Postgres::durable() else { return };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let url = server.url("postgres");
    let cached = service(runtime.block_on(PostgresStore::connect(&url)).unwrap());
    let builder = PostgresStore::builder().cached_accounts(0);
    let uncached = service(runtime.block_on(builder.connect(&url)).unwrap());
    let bare = pool(&url);
    let secrets = Arc::new(runtime.block_on(fill(&cached)));
    server.execute("postgres", "VACUUM ANALYZE");
    for concurrency in [1, MAX_CONCURRENCY] {
        println!("{concurrency} concurrent:");
        checks(&runtime, &cached, &uncached, &bare, &secrets, concurrency);
        saves(&runtime, &cached, &bare, &secrets, concurrency);
    }
}

fn checks(
    runtime: &Runtime,
    cached: &Service,
    uncached: &Service,
    bare: &Pool,
    secrets: &Arc<Vec<SessionSecret>>,
    concurrency: usize,
) {
    const VERSION: &str = "SELECT version FROM accounts WHERE id=$1";
    const JOIN: &str =
        "SELECT a.version, b.body FROM accounts a JOIN account_bodies b ON b.id=a.id WHERE a.id=$1";
    let through = |service: &Service| {
        let (service, secrets) = (service.clone(), Arc::clone(secrets));
        spread(runtime, CHECKS, concurrency, move |number| {
            let (service, secrets) = (service.clone(), Arc::clone(&secrets));
            async move { drop(service.caller(&secrets[number % ACCOUNTS]).await.unwrap()) }
        });
    };
    let by_hand = |sql: &'static str| {
        let (bare, secrets) = (bare.clone(), Arc::clone(secrets));
        spread(runtime, CHECKS, concurrency, move |number| {
            let (bare, secrets) = (bare.clone(), Arc::clone(&secrets));
            async move {
                let connection = bare.get().await.unwrap();
                let statement = connection.prepare_cached(sql).await.unwrap();
                let id = secrets[number % ACCOUNTS].user();
                drop(connection.query_one(&statement, &[&id.as_str()]).await.unwrap());
            }
        });
    };
    let per_round = CHECKS as u32;
    let name = "  session check, account in the cache / a bare read of its version";
    support::ratio(name, ROUNDS, per_round, || by_hand(VERSION), || through(cached));
    let name = "  the same / a bare join of two rows";
    support::ratio(name, ROUNDS, per_round, || by_hand(JOIN), || through(cached));
    let name = "  session check, account not in the cache / a bare join of two rows";
    support::ratio(name, ROUNDS, per_round, || by_hand(JOIN), || through(uncached));
}

fn saves(
    runtime: &Runtime,
    service: &Service,
    bare: &Pool,
    secrets: &Arc<Vec<SessionSecret>>,
    concurrency: usize,
) {
    let callers = Arc::new(runtime.block_on(callers(service, secrets)));
    let ours = || {
        let (service, callers) = (service.clone(), Arc::clone(&callers));
        spread(runtime, SAVES, concurrency, move |number| {
            let (service, callers) = (service.clone(), Arc::clone(&callers));
            async move {
                let name = format!("{number}").parse().unwrap();
                drop(service.change_name(&callers[number % ACCOUNTS], name).await.unwrap());
            }
        });
    };
    let by_hand = || {
        let (bare, secrets) = (bare.clone(), Arc::clone(secrets));
        spread(runtime, SAVES, concurrency, move |number| {
            let (bare, secrets) = (bare.clone(), Arc::clone(&secrets));
            async move { rename_by_hand(&bare, secrets[number % ACCOUNTS].user(), number).await }
        });
    };
    let name = "  change of a name / a bare read of a version and update of one row";
    support::ratio(name, ROUNDS, SAVES as u32, by_hand, ours);
}

async fn callers(service: &Service, secrets: &[SessionSecret]) -> Vec<Caller> {
    let mut callers = Vec::new();
    for secret in secrets {
        callers.push(service.caller(secret).await.unwrap());
    }
    callers
}

/// Changes a name with the minimum of bare statements.
async fn rename_by_hand(bare: &Pool, id: &UserId, number: usize) {
    let connection = bare.get().await.unwrap();
    let read = connection.prepare_cached("SELECT version FROM accounts WHERE id=$1").await.unwrap();
    drop(connection.query_one(&read, &[&id.as_str()]).await.unwrap());
    let write = connection.prepare_cached("UPDATE accounts SET name=$2 WHERE id=$1").await.unwrap();
    connection.execute(&write, &[&id.as_str(), &format!("{number}")]).await.unwrap();
}

/// Runs `work` for each number below `count`, in `concurrency` parallel tasks.
fn spread<F: Future<Output = ()> + Send + 'static>(
    runtime: &Runtime,
    count: usize,
    concurrency: usize,
    work: impl Fn(usize) -> F + Clone + Send + 'static,
) {
    runtime.block_on(async {
        let tasks: Vec<_> = (0..concurrency)
            .map(|first| {
                let work = work.clone();
                tokio::spawn(async move {
                    for number in (first..count).step_by(concurrency) {
                        work(number).await;
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
    });
}

async fn fill(service: &Service) -> Vec<SessionSecret> {
    let mut secrets = Vec::new();
    for _ in 0..ACCOUNTS {
        secrets.push(service.sign_in_anonymously(&ClientInfo::default()).await.unwrap().secret);
    }
    secrets
}

fn service(store: PostgresStore) -> Service {
    let config = Config::new(MasterKey::generate().unwrap());
    AccountService::builder(store).config(config).build().unwrap()
}

/// Creates a pool with the settings of the store's own pool.
fn pool(url: &str) -> Pool {
    let manager = ManagerConfig { recycling_method: RecyclingMethod::Fast };
    let manager = Manager::from_config(url.parse().unwrap(), NoTls, manager);
    Pool::builder(manager).max_size(MAX_CONCURRENCY).build().unwrap()
}
