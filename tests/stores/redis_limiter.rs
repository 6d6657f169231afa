//! Request limits that nodes share in Redis: counted as in memory, refused while Redis is away, and
//! good again when it is back.

use std::{
    net::{Ipv4Addr, TcpListener},
    sync::Arc,
    time::Duration,
};

use account::{
    AccountService, Config, Error, MasterKey, MemoryLimiter, MemoryStore, RedisLimiter, SignUp,
    error::Kind,
    model::{ClientInfo, Timestamp},
    operation::{Operation, Subject},
    ports::{LimitKeyText, LimiterError, Quota, RateLimiter},
};
use redis::aio::ConnectionManager;
use tokio::time::Instant;

use crate::support::services::redis::Redis;

const HOUR: Duration = Duration::from_secs(3600);
/// Longer than this machine needs to connect and to answer, however busy it is with other tests.
const PATIENCE: Duration = Duration::from_secs(20);

fn start() -> Timestamp {
    Timestamp::from_millis(1_800_000_000_000)
}

fn key(name: &str) -> LimitKeyText {
    LimitKeyText::new(b"redis tests", name, [])
}

fn limiter(redis: &Redis) -> RedisLimiter {
    RedisLimiter::from_url(&redis.url()).unwrap().with_timeout(PATIENCE)
}

async fn hit(limiter: &impl RateLimiter, name: &str, max: u32) -> Result<Quota, LimiterError> {
    limiter.hit(&key(name), max, HOUR, start()).await
}

/// Without Redis, which has been told of by then, the suite has a limiter that passes.
fn or_in_memory(limiter: impl FnOnce(&Redis) -> RedisLimiter) -> Arc<dyn RateLimiter> {
    match Redis::shared() {
        Some(redis) => Arc::new(limiter(redis)),
        None => Arc::new(MemoryLimiter::new()),
    }
}

mod over_its_own_connection {
    account::limiter_conformance!(async { super::or_in_memory(super::limiter) });
}

mod over_the_hosts_connection {
    account::limiter_conformance!(async {
        super::or_in_memory(|redis| {
            let client = redis::Client::open(redis.url()).unwrap();
            let manager = super::ConnectionManager::new_lazy_with_config(client, Default::default()).unwrap();
            super::RedisLimiter::with_connection(manager).with_timeout(super::PATIENCE)
        })
    });
}

#[tokio::test]
async fn every_sequence_of_hits_is_counted_as_in_memory() {
    let Some(redis) = Redis::shared() else { return };
    let (shared, memory) = (limiter(redis), MemoryLimiter::new());
    // A walk that stays, goes on and back, over windows of several lengths; the same at each run.
    let (mut state, mut now) = (7_u64, start());
    let mut random = |below: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    for step in 0..3_000 {
        let window = [Duration::from_secs(60), HOUR][random(2) as usize];
        match random(40) {
            0 => now = now.after(HOUR * random(40) as u32),
            1 => now = now.before(HOUR * random(40) as u32),
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
async fn of_hits_over_many_connections_exactly_as_many_pass_as_may() {
    const MAX: u32 = 25;
    let Some(redis) = Redis::shared() else { return };
    let nodes: Vec<_> = (0..4).map(|_| Arc::new(limiter(redis))).collect();
    for round in 0..10 {
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
        assert_eq!(left, (0..MAX).collect::<Vec<_>>());
    }
}

#[tokio::test]
async fn services_that_share_redis_and_key_count_together() {
    let Some(redis) = Redis::shared() else { return };
    let key = MasterKey::generate().unwrap();
    let node = |key: &MasterKey| {
        let builder = AccountService::builder(MemoryStore::new()).config(Config::new(key.clone()));
        builder.limiter(limiter(redis)).build().unwrap()
    };
    let (one, other) = (node(&key), node(&key));
    let home = Subject { ip: Some(Ipv4Addr::new(192, 0, 2, 1).into()), ..Subject::default() };
    for left in [8, 6, 4, 2, 0] {
        one.admit(Operation::SignUp, &home).await.unwrap();
        assert_eq!(other.admit(Operation::SignUp, &home).await.unwrap().unwrap().remaining, left);
    }
    for node in [&one, &other] {
        let refused = node.admit(Operation::SignUp, &home).await.unwrap_err();
        assert!(matches!(refused, Error::RateLimited(_)), "{refused:?}");
    }
    let stranger = node(&MasterKey::generate().unwrap());
    assert_eq!(stranger.admit(Operation::SignUp, &home).await.unwrap().unwrap().remaining, 9);
}

#[tokio::test]
async fn while_redis_is_away_limited_operations_are_refused_and_sessions_go_on() {
    let Some(redis) = Redis::start() else { return };
    let config = Config::new(MasterKey::generate().unwrap());
    let builder = AccountService::builder(MemoryStore::new()).config(config);
    let service = builder.limiter(limiter(&redis)).build().unwrap();
    let (email, password) = ("ada@example.com".parse().unwrap(), "violet-anvil-71".parse().unwrap());
    service.sign_up(SignUp::new(email, password), &ClientInfo::default()).await.unwrap();
    let (email, password) = ("ada@example.com".parse().unwrap(), "violet-anvil-71".parse().unwrap());
    let ada = service.sign_in_with_password(email, password, &ClientInfo::default()).await.unwrap();
    let home = Subject { ip: Some(Ipv4Addr::new(192, 0, 2, 1).into()), ..Subject::default() };
    assert!(service.admit(Operation::SignInWithPassword, &home).await.is_ok());

    let gone = redis.kill();
    for _ in 0..3 {
        let begun = Instant::now();
        let refused = service.admit(Operation::SignInWithPassword, &home).await.unwrap_err();
        assert!(matches!(refused, Error::Limiter(LimiterError::Unavailable(_))), "{refused:?}");
        assert_eq!((refused.kind(), refused.kind().status()), (Kind::Unavailable, 503));
        assert!(begun.elapsed() < PATIENCE / 2, "nobody waits for a server that refuses connections");
        assert_eq!(service.admit(Operation::User, &home).await.unwrap(), None);
        service.caller(&ada.secret).await.unwrap();
    }

    let _redis = gone.restart();
    let quota = service.admit(Operation::SignInWithPassword, &home).await.unwrap();
    assert!(quota.is_some(), "the first request after its return is counted");
}

#[tokio::test]
async fn a_restart_between_two_hits_is_not_noticed() {
    let Some(redis) = Redis::start() else { return };
    let own = limiter(&redis);
    let client = redis::Client::open(redis.url()).unwrap();
    let host = RedisLimiter::with_connection(ConnectionManager::new(client).await.unwrap());
    assert_eq!(hit(&own, "restart", 10).await.unwrap().remaining, 9);
    assert_eq!(hit(&host, "restart", 10).await.unwrap().remaining, 8);
    let _redis = redis.kill().restart();
    assert_eq!(hit(&own, "restart", 10).await.unwrap().remaining, 9);
    assert_eq!(hit(&host.with_timeout(PATIENCE), "restart", 10).await.unwrap().remaining, 8);
}

#[tokio::test]
async fn a_redis_that_hangs_is_answered_for_in_time() {
    const TIMEOUT: Duration = Duration::from_millis(300);
    let Some(redis) = Redis::start() else { return };
    let client = redis::Client::open(redis.url()).unwrap();
    let manager = ConnectionManager::new(client).await.unwrap();
    for limiter in [limiter(&redis), RedisLimiter::with_connection(manager)] {
        hit(&limiter, "hang", 100).await.unwrap();
        let limiter = limiter.with_timeout(TIMEOUT);
        redis.pause();
        // Over the connection there is, and over new ones, which the system accepts in the server's
        // place.
        for _ in 0..3 {
            let begun = Instant::now();
            let refused = hit(&limiter, "hang", 100).await;
            assert!(matches!(refused, Err(LimiterError::Unavailable(_))), "{refused:?}");
            assert!(begun.elapsed() < TIMEOUT * 20, "{:?}", begun.elapsed());
        }
        // Many at once wait no longer than one.
        let begun = Instant::now();
        let limiter = Arc::new(limiter);
        let hits: Vec<_> = (0..500)
            .map(|_| {
                let limiter = Arc::clone(&limiter);
                tokio::spawn(async move { hit(&limiter, "hang", 100).await.is_err() })
            })
            .collect();
        for hit in hits {
            assert!(hit.await.unwrap());
        }
        assert!(begun.elapsed() < TIMEOUT * 20, "{:?}", begun.elapsed());
        redis.resume();
        let begun = Instant::now();
        while hit(&limiter, "hang", 100).await.is_err() {
            assert!(begun.elapsed() < PATIENCE, "it does not come back");
        }
    }
}

#[tokio::test]
async fn a_place_that_accepts_connections_and_says_nothing_is_given_up() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let url = format!("redis://{}", listener.local_addr().unwrap());
    let limiter = RedisLimiter::from_url(&url).unwrap().with_timeout(Duration::from_millis(100));
    for _ in 0..2 {
        assert!(matches!(hit(&limiter, "silent", 1).await, Err(LimiterError::Unavailable(_))));
    }
}

#[tokio::test]
async fn a_redis_that_refuses_is_asked_again_over_a_new_connection() {
    let Some(redis) = Redis::start() else { return };
    let limiter = limiter(&redis);
    hit(&limiter, "refusal", 10).await.unwrap();
    // As a former primary after a failover.
    redis.ask("REPLICAOF 127.0.0.1 1").unwrap();
    let refused = hit(&limiter, "refusal", 10).await;
    assert!(matches!(refused, Err(LimiterError::Unavailable(_))), "{refused:?}");
    redis.ask("REPLICAOF NO ONE").unwrap();
    assert_eq!(hit(&limiter, "refusal", 10).await.unwrap().remaining, 8);
    // A password that was not asked for before; the error holds for as long as the cause.
    redis.ask("CONFIG SET requirepass hunter2").unwrap();
    let stranger = RedisLimiter::from_url(&redis.url()).unwrap().with_timeout(PATIENCE);
    let url = format!("redis://:hunter3@127.0.0.1:{}", redis.port);
    let mistaken = RedisLimiter::from_url(&url).unwrap().with_timeout(PATIENCE);
    for limiter in [&stranger, &mistaken] {
        let refused = hit(limiter, "refusal", 10).await.unwrap_err();
        let told = format!("{refused:?} {refused}");
        assert!(!told.contains("hunter"), "{told}");
    }
    let known = RedisLimiter::from_url(&format!("redis://:hunter2@127.0.0.1:{}", redis.port)).unwrap();
    assert_eq!(hit(&known.with_timeout(PATIENCE), "refusal", 10).await.unwrap().remaining, 7);
    assert_eq!(redis.ask("AUTH hunter2").unwrap(), "+OK");
}

#[tokio::test]
async fn forgotten_scripts_do_no_harm() {
    let Some(redis) = Redis::start() else { return };
    let limiter = limiter(&redis);
    for left in (0..20).rev() {
        assert_eq!(redis.ask("SCRIPT FLUSH").unwrap(), "+OK");
        assert_eq!(hit(&limiter, "flush", 20).await.unwrap().remaining, left);
    }
}

#[tokio::test]
async fn a_full_redis_lets_nobody_pass() {
    let Some(redis) = Redis::start() else { return };
    let limiter = limiter(&redis);
    assert_eq!(redis.ask("CONFIG SET maxmemory 1").unwrap(), "+OK");
    assert!(matches!(hit(&limiter, "full", 10).await, Err(LimiterError::Unavailable(_))));
    assert_eq!(redis.ask("CONFIG SET maxmemory 0").unwrap(), "+OK");
    assert_eq!(hit(&limiter, "full", 10).await.unwrap().remaining, 9);
}

#[tokio::test]
async fn counters_expire_by_themselves_but_not_before_their_window_is_over() {
    let Some(redis) = Redis::start() else { return };
    let late = start().after(HOUR).before(Duration::from_secs(10));
    for (prefix, now, seconds) in [("early:", start(), 7200), ("late:", late, 3610)] {
        let limiter = limiter(&redis).with_prefix(prefix);
        limiter.hit(&key("expiry"), 10, HOUR, now).await.unwrap();
        let left = redis.ask(&format!("PTTL {prefix}{}", key("expiry"))).unwrap();
        let left: i64 = left.trim_start_matches(':').parse().unwrap();
        assert!(left <= seconds * 1000 && left > seconds * 1000 - 20_000, "{left}");
    }
    assert_eq!(redis.ask("DBSIZE").unwrap(), ":2");
}

#[tokio::test]
async fn what_is_no_counter_is_left_alone_and_refused() {
    let Some(redis) = Redis::shared() else { return };
    let limiter = limiter(redis);
    for command in ["SET", "SADD"] {
        let name = format!("foreign {command}");
        let place = format!("account:limit:{}", key(&name));
        redis.ask(&format!("{command} {place} something")).unwrap();
        assert!(matches!(hit(&limiter, &name, 10).await, Err(LimiterError::Unavailable(_))));
        assert_eq!(redis.ask(&format!("EXISTS {place}")).unwrap(), ":1");
    }
}

#[test]
fn a_limiter_outlives_the_runtime_that_it_first_connected_on() {
    let Some(redis) = Redis::shared() else { return };
    let limiter = limiter(redis);
    for left in [2, 1, 0] {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        assert_eq!(runtime.block_on(hit(&limiter, "runtimes", 3)).unwrap().remaining, left);
    }
}
