//! Counts requests in Redis, for several nodes together.

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
/// How much longer than its window, at the least, a counter is kept: the clocks of nodes differ, and Redis' own runs apart from them.
const MIN_SLACK: Duration = Duration::from_secs(60);

/// The whole rule, so that a hit is one step in Redis, whatever happens to whoever asked for it.
const HIT: &str = include_str!("redis_limiter/hit.lua");
static SCRIPT: LazyLock<Script> = LazyLock::new(|| Script::new(HIT));

/// A [`RateLimiter`] in Redis 2.6.12 or later, or Valkey, that all nodes with the same database and prefix share.
///
/// It counts exactly as [`MemoryLimiter`](crate::MemoryLimiter) does: each hit is one script, hence one atomic step, and the nodes'
/// clocks say which window it belongs to. Redis' own expiry only clears away what is over, a window later. A counter takes one key,
/// about 200 bytes.
///
/// It connects at its first hit and whenever the connection has failed; nothing need be done when Redis was away. A hit that is not
/// answered in time is an error, so the operations that are limited answer 503 meanwhile; all others, session checks among them, do
/// not ask Redis. Should a connection break between a hit and its reply, the hit is sent again and may count twice. It needs a tokio
/// runtime to run on.
///
/// # Security
/// Redis must not evict keys (`maxmemory-policy noeviction`): a counter that is evicted starts from zero. Replication is
/// asynchronous, so a failover may forget the last hits. Keys are digests and tell nothing of whom they stand for. Who can write to
/// this Redis can reset limits; tries per code and failures per account are counted in the account and do not depend on it.
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
pub struct RedisLimiter {
    link: Link,
    prefix: Box<str>,
    timeout: Duration,
}

impl RedisLimiter {
    /// A limiter with a connection of its own, over which all hits of this node go.
    ///
    /// `redis://user:password@host:port/database`, all but the host optional, or `redis+unix:///path/to/socket`. Nothing is
    /// connected to yet.
    ///
    /// # Errors
    /// [`RedisConfigError`] says what is wrong, without the password.
    pub fn from_url(url: &str) -> Result<Self, RedisConfigError> {
        let is_encrypted = ["rediss:", "valkeys:"].iter().any(|scheme| url.starts_with(scheme));
        if is_encrypted {
            return Err(RedisConfigError::Encrypted);
        }
        let info = url.into_connection_info().map_err(|_| RedisConfigError::Url)?;
        if matches!(info.addr(), ConnectionAddr::TcpTls { .. }) {
            return Err(RedisConfigError::Encrypted);
        }
        // Commands are small and sent at once; waiting to fill a packet would only delay them.
        let info = info.set_tcp_settings(TcpSettings::default().set_nodelay(true));
        let client = Client::open(info).map_err(|_| RedisConfigError::Url)?;
        Ok(Self::over(Link::Own(Reconnecting::new(client))))
    }

    /// A limiter over a connection that the host has already, or that needs what a URL cannot say: TLS, Sentinel, certificates.
    ///
    /// How it reconnects is the manager's matter. One that retries for long makes hits wait for it, at the most for
    /// [`with_timeout`](Self::with_timeout).
    #[must_use]
    pub fn with_connection(connection: ConnectionManager) -> Self {
        Self::over(Link::Host(connection))
    }

    /// Begins the keys with this instead of `account:limit:`. Services with different master keys count apart even without it.
    #[must_use]
    pub fn with_prefix(self, prefix: &str) -> Self {
        Self { prefix: prefix.into(), ..self }
    }

    /// How long a hit may take, connecting included, before it is an error; a second by default, an hour at the most.
    #[must_use]
    pub fn with_timeout(self, timeout: Duration) -> Self {
        Self { timeout: timeout.min(MAX_TIMEOUT), ..self }
    }

    fn over(link: Link) -> Self {
        Self { link, prefix: DEFAULT_PREFIX.into(), timeout: DEFAULT_TIMEOUT }
    }

    /// Runs the script by its digest or, if Redis does not know it (any more), by its text, which it then keeps.
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

/// What the script is told of a hit.
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
            // As far as times go, which bounds it.
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

/// Why a URL makes no [`RedisLimiter`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RedisConfigError {
    /// It is not of the form that [`RedisLimiter::from_url`] takes.
    #[error("this is no URL such as `redis://user:password@host:6379/0`")]
    Url,
    /// It asks for TLS, which the driver takes from the process-wide provider of rustls: hosts that have one hand over a connection of
    /// theirs with [`RedisLimiter::with_connection`].
    #[error("TLS needs a connection of the host's own")]
    Encrypted,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_checked_before_anything_is_connected_to() {
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
    fn windows_of_any_length_make_numbers_that_lua_keeps_exactly() {
        let key = LimitKeyText::new(b"", "", []);
        for (window, now) in [(Duration::MAX, Timestamp::MAX), (Duration::ZERO, Timestamp::MIN)] {
            let command = Hit { prefix: "", key: &key, window, now }.command("EVAL", "");
            for number in command.args_iter().skip(4) {
                let redis::Arg::Simple(digits) = number else { panic!("no cursor is asked for") };
                let number: u64 = std::str::from_utf8(digits).unwrap().parse().unwrap();
                assert!(number < 1 << 53, "{number}");
            }
        }
    }
}
