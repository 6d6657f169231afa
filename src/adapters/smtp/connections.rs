//! A pool of connections to one mail server.
//!
//! It replaces lettre's pool for two reasons. It starts no task, so it can be created and dropped
//! outside a runtime. And it reuses a connection only after a complete message: on one that was
//! abandoned in the middle, the server would take the next message for the rest of the last.

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

use super::{composer::Mail, error::SmtpError};
use crate::secret::Secret;

/// How long an idle connection is kept. Servers close them after a few minutes.
const MAX_IDLE_TIME: Duration = Duration::from_secs(60);
/// How long one address of the server may take to accept a connection before the next is tried.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How long an idle connection may take to show that it is still open.
const PROBE_TIMEOUT: Duration = Duration::from_secs(3);

/// A mail server and how to connect to it.
pub(super) struct Server {
    pub(super) host: Box<str>,
    pub(super) port: u16,
    pub(super) security: Security,
    pub(super) credentials: Option<(Secret, Secret)>,
    pub(super) client_name: ClientId,
}

pub(super) enum Security {
    StartTls(TlsParameters),
    Tls(TlsParameters),
    None,
}

pub(super) struct Connections {
    server: Server,
    idle: Mutex<Vec<Idle>>,
    max_idle: usize,
}

struct Idle {
    connection: AsyncSmtpConnection,
    since: Instant,
}

impl Connections {
    pub(super) fn new(server: Server, max_idle: usize) -> Self {
        Self { server, idle: Mutex::default(), max_idle }
    }

    pub(super) fn server(&self) -> &Server {
        &self.server
    }

    /// Sends one message. Dropping the future closes its connection.
    pub(super) async fn send(&self, mail: &Mail) -> Result<(), SmtpError> {
        let mut connection = match self.reuse().await {
            Some(connection) => connection,
            None => self.server.connect().await?,
        };
        let sent = connection.send(&mail.envelope, &mail.content).await;
        sent.map_err(|error| SmtpError::after_ehlo(error, &self.server.client_name))?;
        self.put_back(connection);
        Ok(())
    }

    async fn reuse(&self) -> Option<AsyncSmtpConnection> {
        while let Some(mut idle) = self.take() {
            let is_fresh = idle.since.elapsed() < MAX_IDLE_TIME;
            if is_fresh && timeout(PROBE_TIMEOUT, idle.connection.test_connected()).await == Ok(true) {
                return Some(idle.connection);
            }
        }
        None
    }

    fn take(&self) -> Option<Idle> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }

    fn put_back(&self, connection: AsyncSmtpConnection) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < self.max_idle {
            idle.push(Idle { connection, since: Instant::now() });
        }
    }
}

impl Server {
    async fn connect(&self) -> Result<AsyncSmtpConnection, SmtpError> {
        let (address, name) = ((&*self.host, self.port), &self.client_name);
        let open = async |tls| {
            AsyncSmtpConnection::connect_tokio1(address, Some(CONNECT_TIMEOUT), name, tls, None)
                .await
                .map_err(|error| SmtpError::until_ehlo(error, name))
        };
        let mut connection = match &self.security {
            Security::Tls(tls) => open(Some(tls.clone())).await?,
            Security::None => open(None).await?,
            Security::StartTls(tls) => {
                let mut connection = open(None).await?;
                let started = connection.starttls(tls.clone(), name).await;
                started.map_err(|error| SmtpError::after_ehlo(error, name))?;
                connection
            }
        };
        if let Some((user, password)) = &self.credentials {
            let credentials = Credentials::new(user.expose().into(), password.expose().into());
            let signed_in = connection.auth(&[Mechanism::Plain, Mechanism::Login], &credentials).await;
            signed_in.map_err(|error| SmtpError::after_ehlo(error, name))?;
        }
        Ok(connection)
    }
}
