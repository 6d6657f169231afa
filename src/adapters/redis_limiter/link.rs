//! The connection to Redis.

use std::{
    fmt, io,
    sync::{Mutex, MutexGuard, PoisonError},
};

use redis::{
    AsyncConnectionConfig, Client, Cmd, ErrorKind, FromRedisValue, RedisResult, ServerErrorKind,
    aio::{ConnectionLike, ConnectionManager, MultiplexedConnection},
};
use tokio::{
    sync::watch,
    time::{Instant, timeout_at},
};

/// How commands reach Redis.
pub(super) enum Link {
    /// A connection that is opened and reopened here.
    Own(Reconnecting),
    /// A connection of the application.
    External(ConnectionManager),
}

impl Link {
    /// Sends a command and waits for the reply until the deadline.
    ///
    /// A lost connection is noticed only when it is used, so the command is then sent a second
    /// time. If only the reply was lost, it takes effect twice.
    pub(super) async fn send<T: FromRedisValue>(&self, command: &Cmd, deadline: Instant) -> RedisResult<T> {
        match self.send_once(command, deadline).await {
            Err(error) if error.is_connection_dropped() => self.send_once(command, deadline).await,
            reply => reply,
        }
    }

    async fn send_once<T: FromRedisValue>(&self, command: &Cmd, deadline: Instant) -> RedisResult<T> {
        match self {
            Self::Own(own) => own.send(command, deadline).await,
            Self::External(manager) => query(command, manager.clone(), deadline).await,
        }
    }
}

/// Connects when a connection is first needed, and again after one has failed.
///
/// Unlike a [`ConnectionManager`] it remembers no failure: the first command after one makes a new
/// attempt, and concurrent commands wait for the same attempt.
pub(super) struct Reconnecting {
    client: Client,
    latest: Mutex<Option<Attempt>>,
}

/// The outcome of an attempt to connect; `None` while it is in progress. The attempt runs in its
/// own task, so that the deadline of one command does not end it for the others.
type Attempt = watch::Receiver<Option<RedisResult<MultiplexedConnection>>>;

impl Reconnecting {
    pub(super) fn new(client: Client) -> Self {
        Self { client, latest: Mutex::new(None) }
    }

    async fn send<T: FromRedisValue>(&self, command: &Cmd, deadline: Instant) -> RedisResult<T> {
        let mut attempt = self.attempt(deadline);
        let connection = connected(&mut attempt, deadline).await?;
        let reply = query(command, connection, deadline).await;
        if let Err(error) = &reply
            && error.kind() != ErrorKind::Server(ServerErrorKind::NoScript)
        {
            // A connection that timed out may be dead, and an error of the server may mean that it
            // is the wrong one, such as a node that is no longer the primary.
            self.discard(&attempt);
        }
        reply
    }

    fn attempt(&self, deadline: Instant) -> Attempt {
        let mut latest = self.lock();
        if let Some(attempt) = latest.as_ref().filter(|attempt| is_usable(attempt)) {
            return attempt.clone();
        }
        let (outcome, attempt) = watch::channel(None);
        let client = self.client.clone();
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(deadline.saturating_duration_since(Instant::now())))
            // Each command has its own deadline.
            .set_response_timeout(None);
        tokio::spawn(async move {
            let _ = outcome.send(Some(client.get_multiplexed_async_connection_with_config(&config).await));
        });
        *latest = Some(attempt.clone());
        attempt
    }

    fn discard(&self, attempt: &Attempt) {
        let mut latest = self.lock();
        if latest.as_ref().is_some_and(|latest| latest.same_channel(attempt)) {
            *latest = None;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<Attempt>> {
        self.latest.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether the attempt has succeeded or is still in progress.
fn is_usable(attempt: &Attempt) -> bool {
    match &*attempt.borrow() {
        Some(outcome) => outcome.is_ok(),
        // The channel is closed if the task ended with its runtime.
        None => attempt.has_changed().is_ok(),
    }
}

async fn connected(attempt: &mut Attempt, deadline: Instant) -> RedisResult<MultiplexedConnection> {
    let outcome = within(deadline, attempt.wait_for(Option::is_some)).await?;
    let outcome = outcome.ok().and_then(|outcome| outcome.clone());
    outcome.unwrap_or_else(|| Err(io::Error::from(io::ErrorKind::NotConnected).into()))
}

async fn query<T: FromRedisValue>(
    command: &Cmd,
    mut connection: impl ConnectionLike,
    deadline: Instant,
) -> RedisResult<T> {
    within(deadline, command.query_async(&mut connection)).await?
}

async fn within<T>(deadline: Instant, work: impl Future<Output = T>) -> io::Result<T> {
    timeout_at(deadline, work)
        .await
        .map_err(|_| io::Error::new(io::ErrorKind::TimedOut, "Redis did not answer in time"))
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Own(_) => "Own",
            Self::External(_) => "External",
        })
    }
}
