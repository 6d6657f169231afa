//! A request limiter in Redis, shared by several nodes.

mod link;

use std::{fmt, sync::LazyLock, time::Duration};

use async_trait::async_trait;
use redis::{
    Client, Cmd, ConnectionAddr, ErrorKind, IntoConnectionInfo as _, RedisResult, Script, ServerErrorKind,
    aio::ConnectionManager, io::tcp::TcpSettings,
};
use tokio::time::Instant;

use self::link::{Link, Reconnecting};
use crate::{
    model::Timestamp,
    ports::{LimitKeyText, LimiterError, Quota, RateLimiter, window_end},
};

const DEFAULT_PREFIX: &str = "account:limit:";
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(1);
const MAX_TIMEOUT: Duration = Duration::from_secs(3600);
/// How much longer than its window a counter is kept at least: the clocks of the nodes differ from
/// each other and from the clock of Redis.
const MIN_SLACK: Duration = Duration::from_secs(60);

/// The whole rule as one script, so that a hit is atomic even if its node fails.
const HIT: &str = include_str!("redis_limiter/hit.lua");
static SCRIPT: LazyLock<Script> = LazyLock::new(|| Script::new(HIT));

/// A [`RateLimiter`] in Redis 2.6.12 or later, or Valkey, shared by all nodes that use the same
/// database and prefix.
///
/// It counts exactly as [`MemoryLimiter`](crate::MemoryLimiter) does. Each hit is one script and
/// therefore atomic. The nodes' clocks decide to which window a hit belongs; Redis' own expiry only
/// removes counters one window after they have ended. A counter takes one key, about 200 bytes.
///
/// The limiter connects at its first hit and reconnects by itself after Redis was unavailable. A
/// hit that is not answered in time is an error, so limited operations answer 503 in the meantime.
/// All others, such as session checks, do not use Redis. If a connection breaks between a hit and
/// its reply, the hit is sent again and may count twice. The limiter needs a tokio runtime.
///
/// # Security
/// - Configure Redis not to evict keys (`maxmemory-policy noeviction`): an evicted counter starts
///   from zero.
/// - Replication is asynchronous, so a failover can lose the last hits.
/// - Anyone who can write to this Redis can reset limits. Keys are digests and do not reveal whom
///   they belong to.
/// - Protection against brute force does not depend on Redis: attempts per code and failures per
///   account are counted in the account.
///
/// # Examples
/// ```
/// use account::{AccountService, Config, MasterKey, MemoryStore, RedisLimiter};
///
/// let limiter = RedisLimiter::from_url("redis://user:password@redis.example.com:6379/0")?;
/// let service = AccountService::builder(MemoryStore::new())
///     .config(Config::new(MasterKey::generate()?))
///     .limiter(limiter)
///     .build()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[doc(alias = "rate limit")]
#[doc(alias = "throttle")]
pub struct RedisLimiter {
    link: Link,
    prefix: Box<str>,
    timeout: Duration,
}

impl RedisLimiter {
    /// Creates a limiter with its own connection, which all hits of this node share. It does not
    /// connect yet.
    ///
    /// The URL is `redis://user:password@host:port/database`, in which everything but the host name
    /// is optional, or `redis+unix:///path/to/socket`.
    ///
    /// # Errors
    /// - [`RedisConfigError::Url`] if the URL has another form.
    /// - [`RedisConfigError::Encrypted`] if it requires TLS.
    ///
    /// Errors do not contain the password.
    pub fn from_url(url: &str) -> Result<Self, RedisConfigError> {
        let is_encrypted = ["rediss:", "valkeys:"].iter().any(|scheme| url.starts_with(scheme));
        if is_encrypted {
            return Err(RedisConfigError::Encrypted);
        }
        let info = url.into_connection_info().map_err(|_| RedisConfigError::Url)?;
        if matches!(info.addr(), ConnectionAddr::TcpTls { .. }) {
            return Err(RedisConfigError::Encrypted);
        }
        // Commands are small: waiting to fill a packet would only delay them.
        let info = info.set_tcp_settings(TcpSettings::default().set_nodelay(true));
        let client = Client::open(info).map_err(|_| RedisConfigError::Url)?;
        Ok(Self::over(Link::Own(Reconnecting::new(client))))
    }

    /// Creates a limiter over a connection of your application, for what a URL cannot express: TLS,
    /// Sentinel, client certificates.
    ///
    /// The connection manager decides how it reconnects. If it retries for long, hits wait for it,
    /// but no longer than the [timeout](Self::with_timeout).
    #[must_use]
    pub fn with_connection(connection: ConnectionManager) -> Self {
        Self::over(Link::External(connection))
    }

    /// Sets the prefix of the keys. Default: `account:limit:`.
    ///
    /// Services with different master keys count separately even with the same prefix.
    #[must_use]
    pub fn with_prefix(self, prefix: &str) -> Self {
        Self { prefix: prefix.into(), ..self }
    }

    /// Sets how long a hit may take, including connecting, before it fails. Default: a second; at
    /// most an hour.
    #[must_use]
    pub fn with_timeout(self, timeout: Duration) -> Self {
        Self { timeout: timeout.min(MAX_TIMEOUT), ..self }
    }

    fn over(link: Link) -> Self {
        Self { link, prefix: DEFAULT_PREFIX.into(), timeout: DEFAULT_TIMEOUT }
    }

    /// Runs the script by its digest. If Redis does not have it cached, sends its text, which Redis
    /// then caches.
    async fn count(&self, hit: &Hit<'_>) -> RedisResult<(u32, i64)> {
        let deadline = Instant::now() + self.timeout;
        match self.link.send(&hit.command("EVALSHA", SCRIPT.get_hash()), deadline).await {
            Err(error) if error.kind() == ErrorKind::Server(ServerErrorKind::NoScript) => {
                self.link.send(&hit.command("EVAL", HIT), deadline).await
            }
            reply => reply,
        }
    }
}

#[async_trait]
impl RateLimiter for RedisLimiter {
    async fn hit(
        &self,
        key: &LimitKeyText,
        max: u32,
        window: Duration,
        now: Timestamp,
    ) -> Result<Quota, LimiterError> {
        let hit = Hit { prefix: &self.prefix, key, window, now };
        let (count, end) = self.count(&hit).await.map_err(LimiterError::unavailable)?;
        Ok(Quota::after(count, max, Timestamp::from_millis(end)))
    }
}

/// The arguments of the script.
struct Hit<'a> {
    prefix: &'a str,
    key: &'a LimitKeyText,
    window: Duration,
    now: Timestamp,
}

impl Hit<'_> {
    fn command(&self, name: &str, script: &str) -> Cmd {
        let end = window_end(self.now, self.window);
        let slack = self.window.max(MIN_SLACK);
        let mut command = redis::cmd(name);
        command
            .arg(script)
            .arg(1)
            .arg(format!("{}{}", self.prefix, self.key))
            .arg(self.now.as_millis())
            .arg(end.as_millis())
            .arg(end.after(self.window).as_millis())
            // As a timestamp, so that it is bounded.
            .arg(Timestamp::MIN.after(slack).as_millis());
        command
    }
}

impl fmt::Debug for RedisLimiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisLimiter")
            .field("link", &self.link)
            .field("prefix", &self.prefix)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

/// Why a [`RedisLimiter`] could not be created from a URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RedisConfigError {
    /// The URL does not have the form that [`RedisLimiter::from_url`] accepts.
    #[error("the URL of Redis must have the form redis://user:password@host:6379/0")]
    Url,
    /// The URL requires TLS, for which the driver uses the process-wide crypto provider of rustls.
    /// An application that has installed one passes its own connection to
    /// [`RedisLimiter::with_connection`].
    #[error("the URL of Redis requires TLS; pass a connection to RedisLimiter::with_connection instead")]
    Encrypted,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_checked_without_connecting() {
        for good in ["redis://localhost", "redis://:pa%40ss@[::1]:7000/3", "redis+unix:///run/redis.sock"] {
            assert!(RedisLimiter::from_url(good).is_ok(), "{good}");
        }
        for bad in ["", "localhost:6379", "http://localhost", "redis://", "redis://localhost/first"] {
            assert_eq!(RedisLimiter::from_url(bad).unwrap_err(), RedisConfigError::Url, "{bad}");
        }
        for encrypted in ["rediss://localhost", "valkeys://localhost"] {
            assert_eq!(RedisLimiter::from_url(encrypted).unwrap_err(), RedisConfigError::Encrypted);
        }
    }

    #[test]
    fn neither_debug_nor_errors_show_the_password() {
        let limiter = RedisLimiter::from_url("redis://ada:hunter2@localhost").unwrap();
        let shown = "RedisLimiter { link: Own, prefix: \"account:limit:\", timeout: 1s, .. }";
        assert_eq!(format!("{limiter:?}"), shown);
        let refused = RedisLimiter::from_url("redis://ada:hunter2@localhost/first").unwrap_err();
        assert!(!format!("{refused:?} {refused}").contains("hunter2"));
    }

    #[test]
    fn lua_represents_all_window_times_exactly() {
        let key = LimitKeyText::new(b"", "", []);
        for (window, now) in [(Duration::MAX, Timestamp::MAX), (Duration::ZERO, Timestamp::MIN)] {
            let command = Hit { prefix: "", key: &key, window, now }.command("EVAL", "");
            for number in command.args_iter().skip(4) {
                let redis::Arg::Simple(digits) = number else { panic!("not an argument") };
                let number: u64 = std::str::from_utf8(digits).unwrap().parse().unwrap();
                assert!(number < 1 << 53, "{number}");
            }
        }
    }
}
