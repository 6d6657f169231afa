//! Connections to one mail server, kept for the messages that follow soon.
//!
//! Unlike lettre's own pool it starts no task, so that it can be made and dropped outside a runtime, and it puts a connection
//! back only after a whole message: one that was given up in the middle would take the next message for the rest of it.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use lettre::transport::smtp::{
    authentication::{Credentials, Mechanism},
    client::{AsyncSmtpConnection, TlsParameters},
    extension::ClientId,
};
use tokio::time::{Instant, timeout};

use super::{error::SmtpError, letter::Letter};
use crate::secret::Secret;

/// Servers end idle connections after some minutes, and a connection is hardly worth keeping for longer than this.
const IDLE: Duration = Duration::from_secs(60);
/// How long one address of the server may take to answer, so that there is time for its next one.
const CONNECT: Duration = Duration::from_secs(10);
/// How long an idle connection may take to prove that it still is one.
const PROBE: Duration = Duration::from_secs(3);

/// A mail server and how to speak with it.
pub(super) struct Server {
    pub(super) host: Box<str>,
    pub(super) port: u16,
    pub(super) security: Security,
    pub(super) credentials: Option<(Secret, Secret)>,
}

pub(super) enum Security {
    StartTls(TlsParameters),
    Tls(TlsParameters),
    None,
}

pub(super) struct Connections {
    server: Server,
    idle: Mutex<Vec<Idle>>,
    most_idle: usize,
}

struct Idle {
    connection: AsyncSmtpConnection,
    since: Instant,
}

impl Connections {
    pub(super) fn new(server: Server, most_idle: usize) -> Self {
        Self { server, idle: Mutex::default(), most_idle }
    }

    pub(super) fn server(&self) -> &Server {
        &self.server
    }

    /// Sends one letter. If the future is dropped, its connection is closed.
    pub(super) async fn send(&self, letter: &Letter) -> Result<(), SmtpError> {
        let mut connection = match self.reuse().await {
            Some(connection) => connection,
            None => self.server.connect().await?,
        };
        connection.send(&letter.envelope, &letter.content).await?;
        self.keep(connection);
        Ok(())
    }

    async fn reuse(&self) -> Option<AsyncSmtpConnection> {
        while let Some(mut idle) = self.take() {
            let is_young = idle.since.elapsed() < IDLE;
            if is_young && timeout(PROBE, idle.connection.test_connected()).await == Ok(true) {
                return Some(idle.connection);
            }
        }
        None
    }

    fn take(&self) -> Option<Idle> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }

    fn keep(&self, connection: AsyncSmtpConnection) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < self.most_idle {
            idle.push(Idle { connection, since: Instant::now() });
        }
    }
}

impl Server {
    async fn connect(&self) -> Result<AsyncSmtpConnection, SmtpError> {
        let own_name = ClientId::default();
        let address = (&*self.host, self.port);
        let begin = |tls| AsyncSmtpConnection::connect_tokio1(address, Some(CONNECT), &own_name, tls, None);
        let mut connection = match &self.security {
            Security::Tls(tls) => begin(Some(tls.clone())).await?,
            Security::None => begin(None).await?,
            Security::StartTls(tls) => {
                let mut connection = begin(None).await?;
                connection.starttls(tls.clone(), &own_name).await?;
                connection
            }
        };
        if let Some((user, password)) = &self.credentials {
            let credentials = Credentials::new(user.expose().into(), password.expose().into());
            connection.auth(&[Mechanism::Plain, Mechanism::Login], &credentials).await?;
        }
        Ok(connection)
    }
}
