//! Counting a request against the limits of its operation.

use super::limiter::{LimitKeyText, LimiterError, Quota, RateLimiter};
use crate::{
    model::{Network, Timestamp},
    operation::{LimitKey, Operation, Subject, WINDOW},
};

/// Longer than any valid parameter. The rest of a longer one is not hashed.
const MAX_PART_LENGTH: usize = 512;

/// Counts a request against all limits of an operation and returns the tightest quota.
///
/// Call it once per request, after the caller is authenticated and before the parameters are
/// parsed. Every request counts, whether it succeeds or not. Refuse the request if
/// [`Quota::exceeded`], and send the quota in the `X-RateLimit-*` headers. It is `None` for an
/// operation without limits.
///
/// `salt` separates services that share a limiter and makes the keys unreadable: 32 bytes derived
/// from the service's key, the same on every node.
///
/// # Errors
/// [`LimiterError`] if the limiter cannot count. The request must be refused then, too.
///
/// # Security
/// All spellings of one identity give one key: IP addresses count as their [`Network`], email
/// addresses are lower-cased, and the aliases of a route are one operation. The host name and path
/// of the request are not part of the key.
///
/// # Examples
/// ```
/// use account::{MemoryLimiter, model::Timestamp, operation::{Operation, Subject}};
/// use account::ports::count_request;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), account::ports::LimiterError> {
/// let (limiter, now) = (MemoryLimiter::new(), Timestamp::from_millis(1_800_000_000_000));
/// let subject = Subject { ip: Some([192, 0, 2, 7].into()), ..Subject::default() };
/// let quota = count_request(&limiter, &[7; 32], Operation::SignUp, &subject, now).await?.unwrap();
/// assert_eq!((quota.limit, quota.remaining, quota.exceeded), (10, 9, false));
/// # Ok(()) }
/// ```
#[doc(alias = "rate limit")]
#[doc(alias = "throttle")]
pub async fn count_request<L: RateLimiter + ?Sized>(
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

/// Creates the key of one limit.
fn limit_key(salt: &[u8], operation: Operation, by: &[LimitKey], subject: &Subject<'_>) -> LimitKeyText {
    let mut digest = LimitKeyText::digest(salt, operation.counter().as_bytes());
    for part in by {
        digest = match part {
            // The name of the counter is in the digest already.
            LimitKey::Url => digest,
            LimitKey::Ip => {
                let network = subject.ip.map(|ip| Network::of(ip).to_string());
                digest.part(b'i', network.as_deref().map(str::as_bytes))
            }
            LimitKey::Email => {
                let email = subject.email.map(|email| prefix(email).to_ascii_lowercase());
                digest.part(b'e', email.as_deref())
            }
            LimitKey::Phone => digest.part(b'p', subject.phone.map(prefix)),
            LimitKey::UserIdParam => digest.part(b'u', subject.user_id_param.map(prefix)),
            LimitKey::CallerId => digest.part(b'c', subject.caller_id.map(prefix)),
            LimitKey::ChallengeId => digest.part(b'h', subject.challenge.map(prefix)),
        };
    }
    digest.finish()
}

fn prefix(value: &str) -> &[u8] {
    value.as_bytes().get(..MAX_PART_LENGTH).unwrap_or(value.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{model::parse_client_ip, ports::memory_limiter::MemoryLimiter};

    const SALT: &[u8] = b"a salt of thirty-two bytes .....";

    fn now() -> Timestamp {
        Timestamp::from_millis(1_800_000_123_456)
    }

    fn from(ip: &str) -> Subject<'static> {
        Subject { ip: parse_client_ip(ip), ..Subject::default() }
    }

    async fn ask(limiter: &MemoryLimiter, operation: Operation, subject: Subject<'_>) -> Quota {
        count_request(limiter, SALT, operation, &subject, now()).await.unwrap().unwrap()
    }

    fn key(operation: Operation, subject: &Subject<'_>) -> LimitKeyText {
        limit_key(SALT, operation, operation.limits().last().unwrap().by, subject)
    }

    #[tokio::test]
    async fn an_operation_without_limits_has_no_quota() {
        let limiter = MemoryLimiter::new();
        let answer = count_request(&limiter, SALT, Operation::User, &from("192.0.2.1"), now()).await.unwrap();
        assert_eq!(answer, None);
        assert!(limiter.is_empty());
    }

    #[tokio::test]
    async fn ten_requests_pass_and_the_eleventh_exceeds_the_limit() {
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
            let subject = Subject { email: Some(&email), ..from("192.0.2.1") };
            let quota = ask(&limiter, Operation::StartRecovery, subject).await;
            assert_eq!(quota.remaining, 10 - count, "network limit");
        }
        let other = Subject { email: Some("user1@example.com"), ..from("192.0.2.2") };
        assert_eq!(ask(&limiter, Operation::StartRecovery, other).await.remaining, 8, "address limit");
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
    async fn sign_in_shows_the_mailbox_limit_until_the_network_is_tighter() {
        let limiter = MemoryLimiter::new();
        let mut refused = 0;
        for number in 0..110 {
            let email = format!("user{number}@example.com");
            let subject = Subject { email: Some(&email), ..from("192.0.2.1") };
            let quota = ask(&limiter, Operation::SignInWithPassword, subject).await;
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
            let subject = Subject { email: Some(&email), ..from("192.0.2.1") };
            ask(&limiter, Operation::SignInWithPassword, subject).await;
        }
        for _ in 0..50 {
            let victim = Subject { email: Some("victim@example.com"), ..from("192.0.2.1") };
            assert!(ask(&limiter, Operation::SignInWithPassword, victim).await.exceeded);
        }
        let victim = Subject { email: Some("victim@example.com"), ..from("198.51.100.1") };
        assert_eq!(ask(&limiter, Operation::SignInWithPassword, victim).await.remaining, 9);
    }

    #[tokio::test]
    async fn a_whole_oauth2_sign_in_counts_twice() {
        let limiter = MemoryLimiter::new();
        ask(&limiter, Operation::StartOAuth2, from("192.0.2.1")).await;
        let quota = ask(&limiter, Operation::OAuth2Redirect, from("192.0.2.1")).await;
        assert_eq!((quota.limit, quota.remaining), (50, 48));
    }

    #[tokio::test]
    async fn deprecated_operations_share_the_limit_of_their_replacement() {
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
            .map(|number| {
                let ip = format!("2001:db8:1:2:{number:x}:{:x}::{number:x}", number % 7);
                key(Operation::SignUp, &from(&ip))
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
    fn keys_of_different_salts_differ() {
        let by = &[LimitKey::Ip];
        let subject = from("192.0.2.1");
        assert_ne!(
            limit_key(b"one project", Operation::SignUp, by, &subject),
            limit_key(b"other project", Operation::SignUp, by, &subject)
        );
    }

    #[test]
    fn a_parameter_that_is_too_long_counts_by_its_prefix() {
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
    async fn a_limiter_that_is_down_is_an_error() {
        let down =
            |operation| async move { count_request(&Down, SALT, operation, &from("192.0.2.1"), now()).await };
        assert!(matches!(down(Operation::SignUp).await, Err(LimiterError::Unavailable(_))));
        assert!(matches!(down(Operation::User).await, Ok(None)), "no limit, no call");
    }
}
