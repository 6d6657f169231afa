//! The gate in front of an operation that counts requests.

use std::net::IpAddr;

use super::{LimitKey, Operation, WINDOW};
use crate::{
    model::{Network, Timestamp},
    ports::{LimitKeyText, LimiterError, Quota, RateLimiter},
};

/// More of a parameter than any valid value holds; what goes beyond is not worth hashing.
const MAX_PART_LENGTH: usize = 512;

/// From whom and about whom a request is: what the keys of its limits are made of.
///
/// Parameters are given as they came, before they are checked, because requests with invalid ones count too. A caller who
/// has parsed them already passes the canonical form. What is absent counts as a value of its own.
///
/// # Security
/// `ip` is the peer's address, or what a *trusted* proxy says of it. All requests without one share their counters, so
/// that leaving it out opens nothing.
#[derive(Clone, Copy, Default)]
pub struct Subject<'a> {
    /// The client's address.
    pub ip: Option<IpAddr>,
    /// The parameter `email`, in any case.
    pub email: Option<&'a str>,
    /// The parameter `phone`.
    pub phone: Option<&'a str>,
    /// The parameter `userId`.
    pub user_id_param: Option<&'a str>,
    /// The id of the signed-in caller.
    pub caller_id: Option<&'a str>,
    /// The parameter `challengeId`.
    pub challenge: Option<&'a str>,
}

impl std::fmt::Debug for Subject<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Subject").finish_non_exhaustive()
    }
}

/// Counts a request against all limits of an operation and tells how much is left.
///
/// Called once a request, after the caller is known and before parameters are looked at. Every request counts, whether it
/// succeeds later or not. The answer is the tightest of several quotas, the one to be shown in `X-RateLimit-*`; it is
/// `None` for an operation without limits. The request must be refused if [`Quota::exceeded`].
///
/// `salt` keeps services that share a limiter apart and the keys unreadable: 32 bytes derived from the service's key, the same on
/// every node.
///
/// # Errors
/// [`LimiterError`] if the limiter cannot count. The request must then be refused too.
///
/// # Security
/// Spellings of one identity make one key: addresses are those of a [`Network`], email addresses are lower-cased, aliases
/// of a route are one operation, and neither host nor path is looked at.
pub async fn check<L: RateLimiter + ?Sized>(
    limiter: &L,
    salt: &[u8],
    operation: Operation,
    subject: &Subject<'_>,
    now: Timestamp,
) -> Result<Option<Quota>, LimiterError> {
    let mut tightest: Option<Quota> = None;
    for limit in operation.limits() {
        let key = limit_key(salt, operation, limit.by, subject);
        let quota = limiter.hit(&key, limit.max, WINDOW, now).await?;
        if tightest.is_none_or(|known| quota.is_tighter_than(&known)) {
            tightest = Some(quota);
        }
        if quota.exceeded && limit.guard {
            break;
        }
    }
    Ok(tightest)
}

/// Makes the key of one limit. The only place where keys are made.
fn limit_key(salt: &[u8], operation: Operation, by: &[LimitKey], subject: &Subject<'_>) -> LimitKeyText {
    let mut digest = LimitKeyText::digest(salt, operation.counter().as_bytes());
    for part in by {
        digest = match part {
            // The counter's name says it already.
            LimitKey::Url => digest,
            LimitKey::Ip => {
                let network = subject.ip.map(|ip| Network::of(ip).to_string());
                digest.part(b'i', network.as_deref().map(str::as_bytes))
            }
            LimitKey::Email => {
                let email = subject.email.map(|email| beginning(email).to_ascii_lowercase());
                digest.part(b'e', email.as_deref())
            }
            LimitKey::Phone => digest.part(b'p', subject.phone.map(beginning)),
            LimitKey::UserIdParam => digest.part(b'u', subject.user_id_param.map(beginning)),
            LimitKey::CallerId => digest.part(b'c', subject.caller_id.map(beginning)),
            LimitKey::ChallengeId => digest.part(b'h', subject.challenge.map(beginning)),
        };
    }
    digest.finish()
}

fn beginning(value: &str) -> &[u8] {
    value.as_bytes().get(..MAX_PART_LENGTH).unwrap_or(value.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{model::parse_client_ip, ports::MemoryLimiter};

    const SALT: &[u8] = b"a salt of thirty-two bytes .....";

    fn now() -> Timestamp {
        Timestamp::from_millis(1_800_000_123_456)
    }

    fn from(ip: &str) -> Subject<'static> {
        Subject { ip: parse_client_ip(ip), ..Subject::default() }
    }

    async fn ask(limiter: &MemoryLimiter, operation: Operation, subject: Subject<'_>) -> Quota {
        check(limiter, SALT, operation, &subject, now()).await.unwrap().unwrap()
    }

    fn key(operation: Operation, subject: &Subject<'_>) -> LimitKeyText {
        limit_key(SALT, operation, operation.limits().last().unwrap().by, subject)
    }

    #[tokio::test]
    async fn an_operation_without_limits_has_no_quota() {
        let limiter = MemoryLimiter::new();
        let answer = check(&limiter, SALT, Operation::User, &from("192.0.2.1"), now()).await.unwrap();
        assert_eq!(answer, None);
        assert!(limiter.is_empty());
    }

    #[tokio::test]
    async fn ten_pass_and_the_eleventh_is_refused_with_the_headers_of_the_window() {
        let limiter = MemoryLimiter::new();
        for count in 1..=12 {
            let quota = ask(&limiter, Operation::SignUp, from("192.0.2.1")).await;
            assert_eq!(quota, Quota::after(count, 10, Timestamp::from_millis(1_800_003_600_000)));
            assert_eq!(quota.exceeded, count > 10);
        }
        assert!(!ask(&limiter, Operation::SignUp, from("192.0.2.2")).await.exceeded);
    }

    #[tokio::test]
    async fn of_several_limits_the_tightest_is_shown() {
        let limiter = MemoryLimiter::new();
        for count in 1..=10_u32 {
            let email = format!("user{count}@example.com");
            let quota =
                ask(&limiter, Operation::StartRecovery, Subject { email: Some(&email), ..from("192.0.2.1") })
                    .await;
            assert_eq!(quota.remaining, 10 - count, "the network's");
        }
        let other = Subject { email: Some("user1@example.com"), ..from("192.0.2.2") };
        assert_eq!(ask(&limiter, Operation::StartRecovery, other).await.remaining, 8, "the address's");
        let same = Subject { email: Some("fresh@example.com"), ..from("192.0.2.1") };
        assert!(ask(&limiter, Operation::StartRecovery, same).await.exceeded);
    }

    #[tokio::test]
    async fn a_request_over_one_limit_counts_for_the_other_too() {
        let limiter = MemoryLimiter::new();
        let subject = Subject { email: Some("a@example.com"), ..from("192.0.2.1") };
        for _ in 0..12 {
            ask(&limiter, Operation::StartRecovery, subject).await;
        }
        let elsewhere = Subject { email: Some("a@example.com"), ..from("192.0.2.2") };
        assert!(ask(&limiter, Operation::StartRecovery, elsewhere).await.exceeded);
        let other = Subject { email: Some("b@example.com"), ..from("192.0.2.1") };
        assert!(ask(&limiter, Operation::StartRecovery, other).await.exceeded);
    }

    #[tokio::test]
    async fn sign_in_shows_the_limit_of_the_mailbox_until_the_networks_is_tighter() {
        let limiter = MemoryLimiter::new();
        let mut refused = 0;
        for number in 0..110 {
            let email = format!("user{number}@example.com");
            let quota = ask(
                &limiter,
                Operation::SignInWithPassword,
                Subject { email: Some(&email), ..from("192.0.2.1") },
            )
            .await;
            assert_eq!(quota.limit, if number < 91 { 10 } else { 100 }, "{number}");
            refused += u32::from(quota.exceeded);
        }
        assert_eq!(refused, 10);
    }

    #[tokio::test]
    async fn a_refused_network_cannot_lock_a_mailbox() {
        let limiter = MemoryLimiter::new();
        for number in 0..100 {
            let email = format!("user{number}@example.com");
            ask(
                &limiter,
                Operation::SignInWithPassword,
                Subject { email: Some(&email), ..from("192.0.2.1") },
            )
            .await;
        }
        for _ in 0..50 {
            let victim = Subject { email: Some("victim@example.com"), ..from("192.0.2.1") };
            assert!(ask(&limiter, Operation::SignInWithPassword, victim).await.exceeded);
        }
        let victim = Subject { email: Some("victim@example.com"), ..from("198.51.100.1") };
        assert_eq!(ask(&limiter, Operation::SignInWithPassword, victim).await.remaining, 9);
    }

    #[tokio::test]
    async fn a_whole_oauth2_sign_in_costs_two() {
        let limiter = MemoryLimiter::new();
        ask(&limiter, Operation::StartOAuth2, from("192.0.2.1")).await;
        let quota = ask(&limiter, Operation::OAuth2Redirect, from("192.0.2.1")).await;
        assert_eq!((quota.limit, quota.remaining), (50, 48));
    }

    #[tokio::test]
    async fn the_deprecated_twins_do_not_add_tries() {
        let limiter = MemoryLimiter::new();
        let subject = Subject { user_id_param: Some("u1"), ..from("192.0.2.1") };
        for _ in 0..5 {
            ask(&limiter, Operation::SignInWithMagicUrl, subject).await;
            ask(&limiter, Operation::SignInWithPhone, subject).await;
        }
        assert!(ask(&limiter, Operation::SignInWithToken, subject).await.exceeded);
    }

    #[tokio::test]
    async fn methods_of_one_route_are_counted_apart() {
        let limiter = MemoryLimiter::new();
        for _ in 0..10 {
            ask(&limiter, Operation::ExtendSession, from("192.0.2.1")).await;
        }
        assert_eq!(ask(&limiter, Operation::SignOut, from("192.0.2.1")).await.remaining, 99);
        let caller = Subject { caller_id: Some("u1"), user_id_param: Some("u1"), ..Subject::default() };
        ask(&limiter, Operation::StartEmailVerification, caller).await;
        assert_eq!(ask(&limiter, Operation::FinishEmailVerification, caller).await.remaining, 9);
    }

    #[test]
    fn all_spellings_of_an_identity_make_one_key() {
        let email =
            |email| key(Operation::SignInWithPassword, &Subject { email: Some(email), ..Subject::default() });
        for spelling in ["User@Example.COM", "USER@EXAMPLE.COM", "user@example.com"] {
            assert_eq!(email(spelling), email("user@example.com"));
        }
        assert_ne!(email("user@example.com"), email("user2@example.com"));

        let ip = |ip| key(Operation::SignUp, &from(ip));
        assert_eq!(ip("2001:DB8:0:0:0:0:0:1"), ip("2001:db8::ffff:ffff:ffff:ffff"));
        assert_eq!(ip("::ffff:192.0.2.1"), ip("192.0.2.1"));
        assert_ne!(ip("192.0.2.1"), ip("192.0.2.2"));
    }

    #[test]
    fn ten_thousand_addresses_of_one_network_are_one_key() {
        let keys: std::collections::HashSet<_> = (0..10_000)
            .map(|host| {
                key(Operation::SignUp, &from(&format!("2001:db8:1:2:{host:x}:{:x}::{host:x}", host % 7)))
            })
            .collect();
        assert_eq!(keys.len(), 1);
    }

    #[tokio::test]
    async fn requests_without_an_address_are_limited_together() {
        let limiter = MemoryLimiter::new();
        for _ in 0..10 {
            ask(&limiter, Operation::SignUp, Subject::default()).await;
        }
        assert!(ask(&limiter, Operation::SignUp, Subject::default()).await.exceeded);
        assert!(!ask(&limiter, Operation::SignUp, from("192.0.2.1")).await.exceeded);
    }

    #[test]
    fn a_key_of_another_salt_is_another_key() {
        let by = &[LimitKey::Ip];
        let subject = from("192.0.2.1");
        assert_ne!(
            limit_key(b"one project", Operation::SignUp, by, &subject),
            limit_key(b"other project", Operation::SignUp, by, &subject)
        );
    }

    #[test]
    fn a_parameter_that_is_too_long_counts_by_its_beginning() {
        let long = |tail| "x".repeat(MAX_PART_LENGTH) + tail;
        let key = |id: &str| {
            key(Operation::FinishRecovery, &Subject { user_id_param: Some(id), ..Subject::default() })
        };
        assert_eq!(key(&long("1")), key(&long("2")));
        assert_ne!(key(&long("")), key("x"));
        // A cut within a character must not panic.
        key(&("x".repeat(MAX_PART_LENGTH - 1) + "ü"));
    }

    #[derive(Debug)]
    struct Down;

    #[async_trait::async_trait]
    impl RateLimiter for Down {
        async fn hit(
            &self,
            _key: &LimitKeyText,
            _max: u32,
            _window: std::time::Duration,
            _now: Timestamp,
        ) -> Result<Quota, LimiterError> {
            Err(LimiterError::unavailable("connection refused"))
        }
    }

    #[tokio::test]
    async fn a_limiter_that_is_down_is_an_error_and_not_a_pass() {
        let down = |operation| async move { check(&Down, SALT, operation, &from("192.0.2.1"), now()).await };
        assert!(matches!(down(Operation::SignUp).await, Err(LimiterError::Unavailable(_))));
        assert!(matches!(down(Operation::User).await, Ok(None)), "what has no limit does not ask");
    }
}
