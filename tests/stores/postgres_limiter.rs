//! Request limits that nodes share in PostgreSQL: counted as in memory, and refused while it is
//! away.

use std::{sync::Arc, time::Duration};

use account::{
    MemoryLimiter, PostgresBuilder, PostgresLimiter, PostgresStore,
    model::Timestamp,
    ports::{LimitKeyText, LimiterError, Quota, RateLimiter},
};

use crate::support::services::postgres::Postgres;

const HOUR: Duration = Duration::from_secs(3600);

fn start() -> Timestamp {
    Timestamp::from_millis(1_800_000_000_000)
}

fn key(name: &str) -> LimitKeyText {
    LimitKeyText::new(b"postgres tests", name, [])
}

async fn hit(limiter: &PostgresLimiter, name: &str, max: u32) -> Result<Quota, LimiterError> {
    limiter.hit(&key(name), max, HOUR, start()).await
}

/// A limiter in this schema of the server that these tests share.
async fn limiter(server: &Postgres, schema: &str, builder: PostgresBuilder) -> PostgresLimiter {
    builder.schema(schema).connect(&server.url("postgres")).await.unwrap().limiter()
}

/// Without PostgreSQL, which has been told of by then, the suite has a limiter that passes.
async fn or_in_memory(builder: PostgresBuilder) -> Arc<dyn RateLimiter> {
    match Postgres::shared() {
        Some(server) => Arc::new(limiter(server, &Postgres::unused_name(), builder).await),
        None => Arc::new(MemoryLimiter::new()),
    }
}

mod with_sixteen_connections {
    account::limiter_conformance!(super::or_in_memory(super::PostgresStore::builder()));
}

mod with_one_connection_and_nothing_prepared {
    account::limiter_conformance!(super::or_in_memory(
        super::PostgresStore::builder().connections(1).prepared_statements(false)
    ));
}

#[tokio::test]
async fn every_sequence_of_hits_is_counted_as_in_memory() {
    let Some(server) = Postgres::shared() else { return };
    let shared = limiter(server, &Postgres::unused_name(), PostgresStore::builder()).await;
    let memory = MemoryLimiter::new();
    // A walk that stays, goes on and back, over windows of several lengths; the same at each run.
    let (mut state, mut now) = (7_u64, start());
    let mut random = |below: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    for step in 0..2_000 {
        let window = [Duration::from_secs(60), HOUR][random(2) as usize];
        // No further back than counters are kept beyond their window.
        match random(40) {
            0 => now = now.after(HOUR * random(40) as u32),
            1 => now = now.before(Duration::from_secs(random(3_600))),
            _ => now = now.after(Duration::from_millis(random(30_000))),
        }
        let (key, max) = (key(&format!("walk {}", random(3))), random(12) as u32);
        let expected = memory.hit(&key, max, window, now).await.unwrap();
        assert_eq!(shared.hit(&key, max, window, now).await.unwrap(), expected, "step {step}");
    }
    // Ends of time, and windows that have none.
    for (number, window) in [Duration::ZERO, Duration::MAX, HOUR].into_iter().enumerate() {
        for now in [Timestamp::MIN, start(), Timestamp::MAX] {
            let key = key(&format!("edge {number}"));
            let expected = memory.hit(&key, 1, window, now).await.unwrap();
            assert_eq!(shared.hit(&key, 1, window, now).await.unwrap(), expected, "{window:?} at {now}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_hits_over_many_nodes_exactly_as_many_pass_as_may_at_any_isolation() {
    const MAX: u32 = 25;
    let Some(server) = Postgres::shared() else { return };
    for isolation in ["read committed", "repeatable read", "serializable"] {
        let schema = Postgres::unused_name();
        let url = server.database();
        let database = url.rsplit('/').next().unwrap();
        server.execute(
            "postgres",
            &format!("ALTER DATABASE {database} SET default_transaction_isolation TO '{isolation}'"),
        );
        let mut nodes = Vec::new();
        for _ in 0..4 {
            let store =
                PostgresStore::builder().connections(4).schema(&schema).timeout(Duration::from_secs(60));
            nodes.push(Arc::new(store.connect(&url).await.unwrap().limiter()));
        }
        for round in 0..3 {
            let name = format!("race {round}");
            let hits: Vec<_> = (0..200)
                .map(|number| {
                    let (node, name) = (Arc::clone(&nodes[number % nodes.len()]), name.clone());
                    tokio::spawn(async move { hit(&node, &name, MAX).await.unwrap() })
                })
                .collect();
            let mut left = Vec::new();
            for hit in hits {
                let quota = hit.await.unwrap();
                if !quota.exceeded {
                    left.push(quota.remaining);
                }
            }
            left.sort_unstable();
            assert_eq!(left, (0..MAX).collect::<Vec<_>>(), "{isolation}");
        }
    }
}

#[tokio::test]
async fn while_the_server_is_away_hits_are_errors_and_afterwards_they_count() {
    let Some(mut server) = Postgres::durable() else { return };
    let builder = PostgresStore::builder().timeout(Duration::from_secs(20));
    let limiter = limiter(&server, "public", builder).await;
    assert_eq!(hit(&limiter, "restart", 10).await.unwrap().remaining, 9);
    server.kill();
    for _ in 0..3 {
        let refused = hit(&limiter, "restart", 10).await;
        assert!(matches!(refused, Err(LimiterError::Unavailable(_))), "{refused:?}");
    }
    server.restart();
    assert_eq!(hit(&limiter, "restart", 10).await.unwrap().remaining, 9, "a crash empties the table");
    // Behind the limiter's back, all its connections end.
    server.execute(
        "postgres",
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name='account'",
    );
    assert_eq!(hit(&limiter, "restart", 10).await.unwrap().remaining, 8);
}

#[tokio::test]
async fn a_server_that_hangs_is_answered_for_in_time() {
    let Some(server) = Postgres::shared() else { return };
    let schema = Postgres::unused_name();
    let usual = limiter(server, &schema, PostgresStore::builder()).await;
    hit(&usual, "hang", 10).await.unwrap();
    let hasty = limiter(server, &schema, PostgresStore::builder().timeout(Duration::from_millis(300))).await;
    // A person holds the row for as long as this takes.
    let holder = tokio::task::spawn_blocking({
        let sql =
            format!("BEGIN; UPDATE {schema}.account_limits SET count=count; SELECT pg_sleep(3); COMMIT");
        move || server.execute("postgres", &sql)
    });
    let is_held = format!(
        "SELECT count(*) FROM pg_locks WHERE relation='{schema}.account_limits'::regclass AND granted AND mode='RowExclusiveLock'"
    );
    while server.execute("postgres", &is_held).trim() == "0" {}
    assert!(matches!(hit(&hasty, "hang", 10).await, Err(LimiterError::Unavailable(_))));
    assert!(!holder.is_finished(), "it did not wait for the end");
    holder.await.unwrap();
    assert_eq!(hit(&hasty, "hang", 10).await.unwrap().remaining, 8, "what was called off did not count");
}

#[tokio::test]
async fn windows_that_are_over_are_cleared_away() {
    let Some(server) = Postgres::shared() else { return };
    let schema = Postgres::unused_name();
    let limiter = limiter(server, &schema, PostgresStore::builder()).await;
    let rows = format!("SELECT count(*) FROM {schema}.account_limits");
    let count = || server.execute("postgres", &rows).trim().parse::<u32>().unwrap();
    let kept = limiter.hit(&key("kept"), 1, 100 * HOUR, start()).await.unwrap();
    for number in 0..998 {
        hit(&limiter, &number.to_string(), 1).await.unwrap();
    }
    assert_eq!(count(), 999);
    let later = start().after(3 * HOUR);
    limiter.hit(&key("later"), 1, HOUR, later).await.unwrap();
    while count() > 2 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert!(limiter.hit(&key("kept"), 1, 100 * HOUR, later).await.unwrap().exceeded);
    assert!(kept.reset > later);
}
