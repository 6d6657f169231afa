//! Email over SMTP.

mod client_name;
mod composer;
mod connections;
mod encryption;
mod error;
mod url;

use std::{fmt, sync::Arc, time::Duration};

use async_trait::async_trait;

use self::{
    composer::Composer,
    connections::{Connections, Server},
    url::ServerUrl,
};
pub use self::{
    encryption::SmtpEncryption,
    error::{SmtpConfigError, SmtpError},
};
use crate::{
    messages::{EmailMessage, Renderer, Texts},
    ports::{Mailer, SendError},
    secret::Secret,
};

const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30);
const DEFAULT_IDLE_CONNECTIONS: usize = 4;

/// A [`Mailer`] that sends each message to a mail server by SMTP (RFC 5321; submission, RFC 6409).
///
/// A message has a text part, an HTML part, and a header that suppresses automatic replies (RFC
/// 3834). Connections are kept open for a short time and reused. When the same message is sent
/// again, for instance because a reply was lost, it has the same `Message-ID`, so that mailboxes
/// can discard the duplicate.
///
/// The mailer waits for the mail server, so wrap it in a `Queued` (feature `queue`). Replies of 5xx
/// are permanent errors, and so is a server that does not support what the settings require; all
/// other errors are temporary. The mailer needs a tokio runtime.
///
/// # Security
/// - Without a queue, the time a reply takes reveals whether a message was sent, and with it
///   whether an account exists (user enumeration by timing).
/// - TLS with a verified certificate is required, unless the server is on this machine or your
///   application turns it off. TLS is rustls with Mozilla's root certificates and changes nothing
///   process-wide.
/// - Control characters are removed from every text that goes into a header, so that none can be
///   injected.
/// - `Debug` output and errors contain neither the password nor a recipient.
///
/// # Examples
/// ```
/// use account::SmtpMailer;
///
/// let mailer = SmtpMailer::from_url(
///     "smtp://user:p%40ss@mail.example.com:587",
///     "Example <no-reply@example.com>",
/// )?;
/// assert_eq!(
///     format!("{mailer:?}"),
///     r#"SmtpMailer { host: "mail.example.com", port: 587, encryption: StartTls, .. }"#,
/// );
/// # Ok::<(), account::SmtpConfigError>(())
/// ```
pub struct SmtpMailer {
    composer: Composer,
    connections: Connections,
    encryption: SmtpEncryption,
    timeout: Duration,
}

impl SmtpMailer {
    /// Creates a mailer from a URL and the sender that recipients see: `no-reply@example.com` or
    /// `Example <no-reply@example.com>`.
    ///
    /// - `smtp://user:password@host:port` requires STARTTLS, or nothing if the host name is this
    ///   machine. The default port is 587.
    /// - `smtps://user:password@host:port` begins with TLS (RFC 8314 §3.3). The default port is
    ///   465.
    /// - `smtp://…?tls=none` sends everything unencrypted, including the password.
    /// - `smtp://…?tls=required` requires STARTTLS on this machine too.
    /// - `smtp://…?client_name=app.example.com` sets the [client name](SmtpBuilder::client_name).
    ///
    /// User and password are optional and percent-encoded.
    ///
    /// # Errors
    /// [`SmtpConfigError`] names the invalid part. It does not contain the password.
    pub fn from_url(url: &str, from: &str) -> Result<Self, SmtpConfigError> {
        SmtpBuilder::from_url(url, from)?.build()
    }

    /// Creates a builder from a host name and the sender that recipients see, for settings that a
    /// URL cannot express.
    pub fn builder(host: &str, from: &str) -> SmtpBuilder {
        SmtpBuilder {
            host: host.into(),
            from: from.into(),
            port: None,
            encryption: None,
            credentials: None,
            client_name: None,
            certificates: Vec::new(),
            renderer: Arc::new(Texts::new()),
            timeout: DEFAULT_TIMEOUT,
            idle_connections: DEFAULT_IDLE_CONNECTIONS,
        }
    }
}

#[async_trait]
impl Mailer for SmtpMailer {
    async fn send(&self, message: EmailMessage) -> Result<(), SendError> {
        let mail = self.composer.compose(&message)?;
        // A server can accept the connection and then stay silent forever.
        match tokio::time::timeout(self.timeout, self.connections.send(&mail)).await {
            Ok(sent) => Ok(sent?),
            Err(_) => Err(SmtpError::TimedOut.into()),
        }
    }
}

impl fmt::Debug for SmtpMailer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let server = self.connections.server();
        f.debug_struct("SmtpMailer")
            .field("host", &server.host)
            .field("port", &server.port)
            .field("encryption", &self.encryption)
            .finish_non_exhaustive()
    }
}

/// Configures an [`SmtpMailer`]. Created by [`SmtpMailer::builder`].
///
/// # Examples
/// ```
/// use std::time::Duration;
/// use account::{SmtpEncryption, SmtpMailer};
///
/// let mailer = SmtpMailer::builder("mail.example.com", "Example <no-reply@example.com>")
///     .encryption(SmtpEncryption::Tls)
///     .credentials("no-reply".to_owned(), "hidden".to_owned())
///     .timeout(Duration::from_secs(20))
///     .build()?;
/// assert!(format!("{mailer:?}").contains("port: 465"));
/// # Ok::<(), account::SmtpConfigError>(())
/// ```
#[must_use]
pub struct SmtpBuilder {
    host: Box<str>,
    from: Box<str>,
    port: Option<u16>,
    encryption: Option<SmtpEncryption>,
    credentials: Option<(Secret, Secret)>,
    client_name: Option<Box<str>>,
    certificates: Vec<Box<[u8]>>,
    renderer: Arc<dyn Renderer>,
    timeout: Duration,
    idle_connections: usize,
}

impl SmtpBuilder {
    /// Creates a builder from a URL as in [`SmtpMailer::from_url`], to add further settings.
    ///
    /// # Errors
    /// [`SmtpConfigError`] names the invalid part. It does not contain the password.
    pub fn from_url(url: &str, from: &str) -> Result<Self, SmtpConfigError> {
        let ServerUrl { host, port, encryption, credentials, client_name } = ServerUrl::parse(url)?;
        Ok(Self { port, encryption, credentials, client_name, ..SmtpMailer::builder(&host, from) })
    }

    /// Sets the port. Default: 465 for [`SmtpEncryption::Tls`], otherwise 587.
    pub fn port(mut self, port: u16) -> Self {
        self.port = Some(port);
        self
    }

    /// Sets how connections are encrypted. Default: [`SmtpEncryption::None`] if the host name is
    /// this machine, otherwise [`SmtpEncryption::StartTls`].
    pub fn encryption(mut self, encryption: SmtpEncryption) -> Self {
        self.encryption = Some(encryption);
        self
    }

    /// Sets the user and password for signing in to the server. Default: no authentication.
    pub fn credentials(mut self, user: impl Into<Secret>, password: impl Into<Secret>) -> Self {
        self.credentials = Some((user.into(), password.into()));
        self
    }

    /// Sets the name that the mailer gives to the server in EHLO: a fully qualified domain name, or
    /// an address literal such as `[192.0.2.1]` (RFC 5321 §4.1.1.1). Default: the name of this
    /// machine if it has a dot, otherwise the domain of the sender.
    pub fn client_name(mut self, name: &str) -> Self {
        self.client_name = Some(name.into());
        self
    }

    /// Adds a root certificate (PEM) to trust in addition to Mozilla's, such as a company's own.
    pub fn root_certificate(mut self, pem: &[u8]) -> Self {
        self.certificates.push(pem.into());
        self
    }

    /// Sets the renderer that writes subjects and bodies. Default: [`Texts::new`].
    pub fn renderer(mut self, renderer: impl Renderer) -> Self {
        self.renderer = Arc::new(renderer);
        self
    }

    /// Sets how long sending one message may take, including connecting. Default: 30 seconds.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Sets how many idle connections are kept for further messages. Default: 4.
    pub fn idle_connections(mut self, connections: usize) -> Self {
        self.idle_connections = connections;
        self
    }

    /// Builds the mailer. It opens no connection yet.
    ///
    /// # Errors
    /// [`SmtpConfigError`] names the invalid setting.
    pub fn build(self) -> Result<SmtpMailer, SmtpConfigError> {
        let composer = Composer::new(&self.from, self.renderer)?;
        let host = url::parse_host(&self.host)?;
        let encryption = self.encryption.unwrap_or_else(|| SmtpEncryption::default_for(&host));
        let security = encryption.prepare(&host, &self.certificates)?;
        let port = self.port.unwrap_or_else(|| encryption.default_port());
        let client_name = match &self.client_name {
            Some(name) => client_name::parse(name).ok_or(SmtpConfigError::ClientName)?,
            None => client_name::default_for(composer.sender_domain()),
        };
        let server = Server { host, port, security, credentials: self.credentials, client_name };
        let connections = Connections::new(server, self.idle_connections);
        Ok(SmtpMailer { composer, connections, encryption, timeout: self.timeout })
    }
}

impl fmt::Debug for SmtpBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SmtpBuilder")
            .field("host", &self.host)
            .field("port", &self.port)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
