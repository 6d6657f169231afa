//! Request limits as an application meets them: through `AccountService::admit`.

use std::{
    collections::HashSet,
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use account::{
    AccountService, Config, Error, MasterKey, MemoryLimiter, MemoryStore, SignUp,
    error::Kind,
    model::{ClientInfo, Email, Password, Timestamp},
    operation::{Operation, Subject},
    ports::{LimitKeyText, LimiterError, NoLimits, NoMailer, NoSms, Quota, RateLimiter},
    testing::ManualClock,
};

use crate::support::limiter::Down;

const START: i64 = 1_800_000_123_456;
const HOME: &str = "192.0.2.1";
const PASSWORD: &str = "three brown foxes";

#[tokio::test]
async fn the_eleventh_sign_up_from_one_address_is_refused_until_the_hour_is_over() {
    let clock = clock();
    let service = service(clock.clone(), MemoryLimiter::new());
    let next_hour = Timestamp::from_millis(1_800_003_600_000);
    for left in (0..10).rev() {
        let quota = service.admit(Operation::SignUp, &from(HOME)).await.unwrap().unwrap();
        assert_eq!((quota.limit, quota.remaining, quota.reset), (10, left, next_hour));
    }
    let refusal = service.admit(Operation::SignUp, &from(HOME)).await.unwrap_err();
    assert_eq!((refusal.kind(), refusal.kind().status()), (Kind::Limited, 429));
    assert_eq!(refusal.code(), "general_rate_limit_exceeded");
    let quota = refused(Err(refusal));
    assert_eq!((quota.limit, quota.remaining, quota.reset), (10, 0, next_hour));

    clock.set(Timestamp::from_millis(next_hour.as_millis() - 1));
    refused(service.admit(Operation::SignUp, &from(HOME)).await);
    clock.set(next_hour);
    assert_eq!(left(&service, Operation::SignUp, from(HOME)).await, 9);
}

#[tokio::test]
async fn another_address_or_operation_is_not_affected() {
    let service = service(clock(), MemoryLimiter::new());
    exhaust(&service, Operation::SignUp, from(HOME)).await;
    assert_eq!(left(&service, Operation::SignUp, from("192.0.2.2")).await, 9);
    assert_eq!(left(&service, Operation::StartRecovery, about(HOME, "a@example.com")).await, 9);
}

#[tokio::test]
async fn h80_requests_at_once_do_not_slip_through() {
    let service = service(clock(), MemoryLimiter::new());
    let requests: Vec<_> = (0..100)
        .map(|_| {
            let service = service.clone();
            tokio::spawn(async move { service.admit(Operation::SignUp, &from(HOME)).await.is_ok() })
        })
        .collect();
    let mut passed = 0;
    for request in requests {
        passed += u32::from(request.await.unwrap());
    }
    assert_eq!(passed, 10);
}

#[tokio::test]
async fn known_and_unknown_mailboxes_trip_alike() {
    let service = service(clock(), MemoryLimiter::new());
    sign_up(&service, "known@example.com").await;
    for (operation, limit) in [
        (Operation::SignInWithPassword, 10),
        (Operation::StartRecovery, 10),
        (Operation::SendEmailCode, 10),
        (Operation::SendMagicUrl, 60),
    ] {
        let mut answers = Vec::new();
        for (network, email) in [("192.0.2", "known@example.com"), ("203.0.113", "unknown@example.com")] {
            let mut answers_to_one = Vec::new();
            for number in 0..limit + 2 {
                // Each from another address, so that the mailbox alone is counted.
                let answer = service.admit(operation, &about(&format!("{network}.{number}"), email)).await;
                if operation == Operation::SignInWithPassword && answer.is_ok() {
                    guess(&service, email).await;
                }
                answers_to_one.push(answer.map_err(|error| (error.code(), refused(Err(error)))));
            }
            answers.push(answers_to_one);
        }
        assert_eq!(answers[0], answers[1], "{operation:?}");
        assert_eq!(answers[0].iter().filter(|answer| answer.is_ok()).count(), limit, "{operation:?}");
    }
}

#[tokio::test]
async fn h34_spellings_of_a_mailbox_count_as_one() {
    let service = service(clock(), MemoryLimiter::new());
    let spellings = ["user@example.com", "User@Example.com", "USER@EXAMPLE.COM", "uSER@example.COM"];
    for number in 0..10 {
        let from_anywhere = format!("198.51.100.{number}");
        let subject = about(&from_anywhere, spellings[number % spellings.len()]);
        service.admit(Operation::SignInWithPassword, &subject).await.unwrap();
    }
    for spelling in spellings {
        refused(service.admit(Operation::SignInWithPassword, &about("203.0.113.1", spelling)).await);
    }
}

#[tokio::test]
async fn spellings_of_an_address_count_as_one() {
    for spellings in [
        ["192.0.2.1", "::ffff:192.0.2.1", "::ffff:c000:201", "::FFFF:C000:0201"],
        ["2001:db8::1", "2001:DB8:0:0:0:0:0:1", "2001:0db8::0001", "2001:db8:0::0.0.0.1"],
    ] {
        let service = service(clock(), MemoryLimiter::new());
        for number in 0..10 {
            service.admit(Operation::SignUp, &from(spellings[number % spellings.len()])).await.unwrap();
        }
        for spelling in spellings {
            refused(service.admit(Operation::SignUp, &from(spelling)).await);
        }
    }
}

#[tokio::test]
async fn ten_thousand_addresses_of_one_subscriber_are_one() {
    let service = service(clock(), MemoryLimiter::new());
    let base = "2001:db8:1:2::".parse::<std::net::Ipv6Addr>().unwrap().to_bits();
    let addresses: HashSet<IpAddr> = (0..10_000_u128)
        .map(|host| IpAddr::V6((base | (host * 0x9e37_79b9_7f4a_7c15) & u128::from(u64::MAX)).into()))
        .collect();
    assert_eq!(addresses.len(), 10_000);
    let mut passed = 0;
    for ip in addresses {
        let subject = Subject { ip: Some(ip), ..Subject::default() };
        passed += u32::from(service.admit(Operation::SignUp, &subject).await.is_ok());
    }
    assert_eq!(passed, 10);
    assert_eq!(left(&service, Operation::SignUp, from("2001:db8:1:3::")).await, 9, "the next subscriber");
}

#[tokio::test]
async fn requests_without_an_address_share_their_limits() {
    let service = service(clock(), MemoryLimiter::new());
    exhaust(&service, Operation::SignUp, Subject::default()).await;
    assert_eq!(left(&service, Operation::SignUp, from(HOME)).await, 9);
}

#[tokio::test]
async fn success_never_resets_a_limit() {
    let service = service(clock(), MemoryLimiter::new());
    let email = "user@example.com";
    sign_up(&service, email).await;
    for expected in (0..10).rev() {
        assert_eq!(left(&service, Operation::SignInWithPassword, about(HOME, email)).await, expected);
        let client = ClientInfo::at(HOME.parse().unwrap());
        let (email, password) = (email.parse().unwrap(), PASSWORD.parse().unwrap());
        service.sign_in_with_password(email, password, &client).await.unwrap();
    }
    refused(service.admit(Operation::SignInWithPassword, &about(HOME, email)).await);
}

#[tokio::test]
async fn h34_a_refused_network_cannot_lock_a_mailbox() {
    let service = service(clock(), MemoryLimiter::new());
    for number in 0..100 {
        let email = format!("user{number}@example.com");
        service.admit(Operation::SignInWithPassword, &about(HOME, &email)).await.unwrap();
    }
    for _ in 0..100 {
        refused(service.admit(Operation::SignInWithPassword, &about(HOME, "victim@example.com")).await);
    }
    let victim = about("198.51.100.1", "victim@example.com");
    assert_eq!(left(&service, Operation::SignInWithPassword, victim).await, 9);
}

#[tokio::test]
async fn h80_a_limiter_that_is_down_refuses_every_operation_that_has_limits() {
    for down in [Down::Unavailable, Down::Full] {
        let service = service(clock(), down);
        for operation in all_operations() {
            let answer = service.admit(operation, &about(HOME, "user@example.com")).await;
            if operation.limits().is_empty() {
                assert!(matches!(answer, Ok(None)), "{operation:?}: {answer:?}");
                continue;
            }
            let error = answer.unwrap_err();
            assert!(matches!(error, Error::Limiter(_)), "{operation:?}: {error:?}");
            assert_eq!((error.kind(), error.kind().status()), (Kind::Unavailable, 503));
            assert_eq!(error.code(), "general_limiter_unavailable");
            assert_eq!(error.to_string(), "The rate limiter is not available.");
        }
    }
}

#[tokio::test]
async fn a_limiter_that_fails_at_the_second_limit_refuses_too() {
    let service = service(clock(), DownAfter { good: 1, hits: AtomicU32::new(0) });
    let answer = service.admit(Operation::StartRecovery, &about(HOME, "user@example.com")).await;
    assert!(matches!(answer, Err(Error::Limiter(LimiterError::Unavailable(_)))), "{answer:?}");
}

#[tokio::test]
async fn a_host_that_limits_elsewhere_is_never_refused() {
    let service = service(clock(), NoLimits);
    for _ in 0..1_000 {
        service.admit(Operation::SignUp, &from(HOME)).await.unwrap();
    }
}

#[tokio::test]
async fn nodes_with_one_key_and_one_limiter_count_together_and_others_apart() {
    let (key, limiter) = (MasterKey::generate().unwrap(), Arc::new(MemoryLimiter::new()));
    let node = |key: &MasterKey| {
        let builder = AccountService::builder(MemoryStore::new()).config(Config::new(key.clone()));
        builder.clock(clock()).limiter(Arc::clone(&limiter)).build().unwrap()
    };
    let (one, other) = (node(&key), node(&key));
    for _ in 0..5 {
        one.admit(Operation::SignUp, &from(HOME)).await.unwrap();
        other.admit(Operation::SignUp, &from(HOME)).await.unwrap();
    }
    refused(one.admit(Operation::SignUp, &from(HOME)).await);
    refused(other.admit(Operation::SignUp, &from(HOME)).await);

    let stranger = node(&MasterKey::generate().unwrap());
    assert_eq!(left(&stranger, Operation::SignUp, from(HOME)).await, 9);
}

type Service = AccountService<MemoryStore, NoMailer, NoSms, ManualClock>;

fn clock() -> ManualClock {
    let clock = ManualClock::default();
    clock.set(Timestamp::from_millis(START));
    clock
}

fn service(clock: ManualClock, limiter: impl RateLimiter) -> Service {
    let config = Config::new(MasterKey::generate().unwrap());
    AccountService::builder(MemoryStore::new()).config(config).clock(clock).limiter(limiter).build().unwrap()
}

fn all_operations() -> impl Iterator<Item = Operation> {
    Operation::ALL.iter().chain(Operation::SUPPORTING).copied()
}

fn from(ip: &str) -> Subject<'static> {
    Subject { ip: Some(ip.parse().unwrap()), ..Subject::default() }
}

fn about<'a>(ip: &str, email: &'a str) -> Subject<'a> {
    Subject { email: Some(email), ..from(ip) }
}

async fn left(service: &Service, operation: Operation, subject: Subject<'_>) -> u32 {
    service.admit(operation, &subject).await.unwrap().unwrap().remaining
}

async fn exhaust(service: &Service, operation: Operation, subject: Subject<'_>) {
    while left(service, operation, subject).await > 0 {}
    refused(service.admit(operation, &subject).await);
}

#[track_caller]
fn refused(answer: Result<Option<Quota>, Error>) -> Quota {
    match answer {
        Err(Error::RateLimited(quota)) if quota.exceeded => quota,
        other => panic!("not refused: {other:?}"),
    }
}

async fn sign_up(service: &Service, email: &str) {
    let (email, password): (Email, Password) = (email.parse().unwrap(), PASSWORD.parse().unwrap());
    service.sign_up(SignUp::new(email, password), &ClientInfo::default()).await.unwrap();
}

/// A wrong password, as a request that was admitted would try it.
async fn guess(service: &Service, email: &str) {
    let (email, password) = (email.parse().unwrap(), "a wrong password".parse().unwrap());
    let answer = service.sign_in_with_password(email, password, &ClientInfo::default()).await;
    assert!(matches!(answer, Err(Error::InvalidCredentials)), "{answer:?}");
}

/// A limiter that counts a few hits and then breaks down.
#[derive(Debug)]
struct DownAfter {
    good: u32,
    hits: AtomicU32,
}

#[async_trait::async_trait]
impl RateLimiter for DownAfter {
    async fn hit(
        &self,
        key: &LimitKeyText,
        max: u32,
        window: Duration,
        now: Timestamp,
    ) -> Result<Quota, LimiterError> {
        if self.hits.fetch_add(1, Ordering::SeqCst) >= self.good {
            return Down::Unavailable.hit(key, max, window, now).await;
        }
        NoLimits.hit(key, max, window, now).await
    }
}
