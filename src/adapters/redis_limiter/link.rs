//! A connection that comes back by itself.

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

/// Who speaks to Redis.
pub(super) enum Link {
    Own(Reconnecting),
    Host(ConnectionManager),
}

impl Link {
    /// Sends a command and waits for the reply, until the deadline.
    ///
    /// That a connection has gone shows when it is used, so the command is sent once more then. If just the reply was lost, it takes
    /// effect twice.
    pub(super) async fn send<T: FromRedisValue>(&self, command: &Cmd, deadline: Instant) -> RedisResult<T> {
        match self.send_once(command, deadline).await {
            Err(error) if error.is_connection_dropped() => self.send_once(command, deadline).await,
            reply => reply,
        }
    }

    async fn send_once<T: FromRedisValue>(&self, command: &Cmd, deadline: Instant) -> RedisResult<T> {
        match self {
            Self::Host(manager) => query(command, manager.clone(), deadline).await,
            Self::Own(own) => {
                let mut attempt = own.attempt(deadline);
                let connection = connected(&mut attempt, deadline).await?;
                let reply = query(command, connection, deadline).await;
                if let Err(error) = &reply
                    && error.kind() != ErrorKind::Server(ServerErrorKind::NoScript)
                {
                    // Whatever it was: nothing more is expected of a connection that is silent, and what Redis refuses may be a
                    // matter of whom one is connected to, such as a node that is no longer the primary.
                    own.discard(&attempt);
                }
                reply
            }
        }
    }
}

/// Connects when it is first needed, and anew when a connection failed.
///
/// Unlike a [`ConnectionManager`] it keeps no failure, of whatever kind: whoever comes after one makes a new attempt, and those who
/// come meanwhile wait for the same one.
pub(super) struct Reconnecting {
    client: Client,
    latest: Mutex<Option<Attempt>>,
}

/// How an attempt to connect went; `None` while it goes on. It has a task of its own, so that nobody's impatience ends it.
type Attempt = watch::Receiver<Option<RedisResult<MultiplexedConnection>>>;

impl Reconnecting {
    pub(super) fn new(client: Client) -> Self {
        Self { client, latest: Mutex::new(None) }
    }

    fn attempt(&self, deadline: Instant) -> Attempt {
        let mut latest = self.lock();
        if let Some(attempt) = latest.as_ref().filter(|attempt| is_promising(attempt)) {
            return attempt.clone();
        }
        let (outcome, attempt) = watch::channel(None);
        let client = self.client.clone();
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(deadline.saturating_duration_since(Instant::now())))
            // Whoever sends a command bounds the wait.
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

/// Whether it is worth waiting for: it has succeeded, or may yet.
fn is_promising(attempt: &Attempt) -> bool {
    match &*attempt.borrow() {
        Some(outcome) => outcome.is_ok(),
        // Otherwise its task has ended with the runtime it ran on.
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
    timeout_at(deadline, work).await.map_err(|_| io::Error::new(io::ErrorKind::TimedOut, "no answer in time"))
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Own(_) => "Own",
            Self::Host(_) => "Host",
        })
    }
}
