//! Loads that come at the same time: most of them share a statement, and each gets its own answer.

use std::{sync::Arc, time::Duration};

use account::{
    Error, PostgresStore,
    model::{Key, SessionSecret},
    ports::{Parts, Store},
};
use tokio::task::JoinSet;
use tokio_postgres::NoTls;

use crate::postgres::{Postgres, Schema, Service, id, mailbox, nodes::settled, service, sign_up};

type Secrets = Arc<Vec<SessionSecret>>;

async fn people(service: &Service, many: usize) -> Secrets {
    let mut secrets = Vec::new();
    for number in 0..many {
        secrets.push(sign_up(service, &format!("p{number}")).await.1);
    }
    secrets.into()
}

async fn check_all(service: &Service, secrets: &Secrets, times: usize) -> Vec<Result<String, Error>> {
    let mut checks = JoinSet::new();
    for number in 0..secrets.len() * times {
        let (service, secrets) = (service.clone(), Arc::clone(secrets));
        checks.spawn(async move {
            let caller = service.caller(&secrets[number % secrets.len()]).await?;
            Ok(caller.user_id().to_string())
        });
    }
    checks.join_all().await
}

fn succeeded(answers: &[Result<String, Error>], of: &str) -> usize {
    answers.iter().filter(|answer| answer.as_ref().is_ok_and(|id| id == of)).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_of_many_at_once_gets_its_own_answer() {
    let Some(schema) = Schema::new() else { return };
    let (here, there) = (schema.service().await, schema.service().await);
    let secrets = people(&there, 16).await;
    // Of the states that this node knows, some are still true, some have been replaced, and some
    // are of accounts that are gone.
    for secret in &secrets[..12] {
        here.caller(secret).await.unwrap();
    }
    for number in 4..8 {
        let caller = there.caller(&secrets[number]).await.unwrap();
        there.change_name(&caller, format!("{number}").parse().unwrap()).await.unwrap();
    }
    for number in 8..10 {
        let stored =
            there.store().load(&mailbox(&format!("p{number}")), Parts::Whole).await.unwrap().unwrap();
        there.store().remove(&stored).await.unwrap();
    }
    for number in 10..12 {
        there.sign_out_everywhere(&there.caller(&secrets[number]).await.unwrap()).await.unwrap();
    }
    for _ in 0..5 {
        let answers = check_all(&here, &secrets, 8).await;
        for number in 0..16 {
            let expected = if (8..12).contains(&number) { 0 } else { 8 };
            assert_eq!(succeeded(&answers, &format!("p{number}")), expected, "p{number}");
        }
    }
    for number in 4..8 {
        let stored =
            here.store().load(&Key::Id(id(&format!("p{number}"))), Parts::Body).await.unwrap().unwrap();
        assert_eq!(stored.account.name().as_str(), number.to_string());
    }
}

/// The server counts its transactions.
#[tokio::test]
async fn many_at_once_take_few_statements() {
    let Some(server) = Postgres::shared() else { return };
    let url = server.database();
    let (client, connection) = tokio_postgres::connect(&server.url("postgres"), NoTls).await.unwrap();
    tokio::spawn(connection);
    let transactions = async || -> i64 {
        let sql = "SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname=$1";
        client.query_one(sql, &[&url.rsplit_once('/').unwrap().1]).await.unwrap().get(0)
    };
    let node = async || service(PostgresStore::connect(&url).await.unwrap());
    let secrets = people(&node().await, 8).await;
    let before = settled(&transactions).await;
    let service = node().await;
    for _ in 0..20 {
        assert!(check_all(&service, &secrets, 8).await.iter().all(Result::is_ok));
    }
    drop(service);
    let many = settled(&transactions).await - before;
    assert!((20..400).contains(&many), "{many} for 1,280 checks");
}

/// The one who goes away, even as the one in whose wake others wait, takes no one along.
#[tokio::test(flavor = "multi_thread")]
async fn those_who_hang_up_leave_the_others_their_answers() {
    let Some(schema) = Schema::new() else { return };
    let service = service(schema.builder().connections(2).connect(&schema.url()).await.unwrap());
    let secrets = people(&service, 8).await;
    for round in 0..50_u64 {
        let mut hasty = JoinSet::new();
        for number in 0..32 {
            let (service, secrets) = (service.clone(), Arc::clone(&secrets));
            hasty.spawn(async move {
                let patience = Duration::from_micros((number * 37 + round * 11) % 1000);
                let check = service.caller(&secrets[number as usize % 8]);
                tokio::time::timeout(patience, check).await.map_err(drop)
            });
        }
        let answers = check_all(&service, &secrets, 4).await;
        assert!(answers.iter().all(Result::is_ok), "round {round}");
        for answer in hasty.join_all().await {
            assert!(answer.is_err() || answer.is_ok_and(|checked| checked.is_ok()));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn when_the_server_hangs_all_are_told_and_when_it_is_back_all_are_served() {
    let Some(server) = Postgres::with_files(&[], &[]) else { return };
    let quick = PostgresStore::builder().timeout(Duration::from_millis(400));
    let service = service(quick.connect(&server.url("postgres")).await.unwrap());
    let secrets = people(&service, 8).await;
    for _ in 0..3 {
        let frozen = (server.freeze_connections("account"), server.freeze());
        let answers = check_all(&service, &secrets, 8).await;
        assert!(answers.iter().all(|answer| matches!(answer, Err(Error::Store(_)))));
        drop(frozen);
        while service.caller(&secrets[0]).await.is_err() {}
        let answers = check_all(&service, &secrets, 8).await;
        assert!(answers.iter().all(Result::is_ok));
    }
}

/// A store may outlive the runtime on which it was first used, with loads under way.
#[test]
fn what_ends_with_a_runtime_is_no_burden_for_the_next() {
    let Some(server) = Postgres::with_files(&[], &[]) else { return };
    let runtime =
        || tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let first = runtime();
    let quick = PostgresStore::builder().timeout(Duration::from_secs(2));
    let service = first.block_on(async { service(quick.connect(&server.url("postgres")).await.unwrap()) });
    let secrets = first.block_on(people(&service, 8));
    let frozen = (server.freeze_connections("account"), server.freeze());
    let given_up = first.block_on(async {
        tokio::time::timeout(Duration::from_millis(100), check_all(&service, &secrets, 8)).await.is_err()
    });
    assert!(given_up, "nobody is served by a server that hangs");
    drop((first, frozen));
    let second = runtime();
    second.block_on(async {
        while service.caller(&secrets[0]).await.is_err() {}
        let answers = check_all(&service, &secrets, 8).await;
        assert!(answers.iter().all(Result::is_ok));
    });
}
