//! Opens connections, server by server, so that one that hangs does not block the others.

use std::{
    future::Future,
    net::IpAddr,
    pin::Pin,
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
    time::Duration,
};

use deadpool_postgres::Connect;
use tokio::{task::JoinHandle, time::timeout};
use tokio_postgres::{
    Client, Config, Error,
    config::{Host, LoadBalanceHosts},
    error::SqlState,
};
use tokio_postgres_rustls::MakeRustlsConnect;

const DEFAULT_PORT: u16 = 5432;

/// Tries the servers of a URL in their order.
///
/// The driver does so too, but its timeout covers only the opening of the socket: it would wait
/// forever for a frozen server.
pub(super) struct Dialer {
    tls: MakeRustlsConnect,
    /// Rotates the first server, for load balancing.
    turn: AtomicUsize,
    /// Options that limit how long the server lets a statement run.
    limits: String,
    /// Whether the server rejects these options, as PgBouncer does with unknown ones.
    rejects_limits: AtomicBool,
}

type Connected = Result<(Client, JoinHandle<()>), Error>;

impl Dialer {
    /// The server ends a statement shortly before the store's timeout, so that the store learns of
    /// it. A commit that waits for a standby is not affected.
    pub(super) fn new(tls: MakeRustlsConnect, timeout: Duration) -> Self {
        let limit = (timeout.as_millis() * 9 / 10).clamp(1, i32::MAX as u128);
        let limits = format!("-c statement_timeout={limit} -c lock_timeout={limit}");
        Self { tls, turn: AtomicUsize::new(0), limits, rejects_limits: AtomicBool::new(false) }
    }

    /// Connects to the first server that answers, and skips those that take longer than
    /// `connect_timeout`. If all of them do, tries them again until the caller stops waiting.
    async fn connect_to_any(&self, config: &Config) -> Connected {
        let mut servers = servers(config).await;
        if let [only] = servers.as_slice() {
            return self.open(only).await;
        }
        if config.get_load_balance_hosts() == LoadBalanceHosts::Random && !servers.is_empty() {
            let turn = self.turn.fetch_add(1, Ordering::Relaxed) % servers.len();
            servers.rotate_left(turn);
        }
        loop {
            let mut last_error = None;
            for server in &servers {
                match timeout(connect_timeout(config), self.open(server)).await {
                    Ok(Ok(connected)) => return Ok(connected),
                    Ok(Err(error)) => last_error = Some(error),
                    Err(_) => {}
                }
            }
            if let Some(error) = last_error {
                return Err(error);
            }
        }
    }

    /// Connects with the limits, or without them if the server rejects them.
    async fn open(&self, server: &Config) -> Connected {
        if self.rejects_limits.load(Ordering::Relaxed) {
            return self.open_without_limits(server).await;
        }
        // The options of the URL come last and take precedence.
        let options = format!("{} {}", self.limits, server.get_options().unwrap_or_default());
        match self.open_without_limits(server.clone().options(options)).await {
            Err(error) if error.code() == Some(&SqlState::PROTOCOL_VIOLATION) => {}
            other => return other,
        }
        let connected = self.open_without_limits(server).await?;
        self.rejects_limits.store(true, Ordering::Relaxed);
        Ok(connected)
    }

    async fn open_without_limits(&self, server: &Config) -> Connected {
        let (client, connection) = server.connect(self.tls.clone()).await?;
        // The client receives the connection's errors too.
        Ok((client, tokio::spawn(async move { drop(connection.await) })))
    }
}

impl Connect for Dialer {
    fn connect(&self, config: &Config) -> Pin<Box<dyn Future<Output = Connected> + Send + '_>> {
        let config = config.clone();
        Box::pin(async move { self.connect_to_any(&config).await })
    }
}

fn connect_timeout(config: &Config) -> Duration {
    config.get_connect_timeout().copied().unwrap_or(Duration::MAX)
}

/// One configuration for each server, and for each address of a server that has several.
async fn servers(config: &Config) -> Vec<Config> {
    let (hosts, addresses, ports) = (config.get_hosts(), config.get_hostaddrs(), config.get_ports());
    let mut servers = Vec::new();
    for index in 0..hosts.len().max(addresses.len()) {
        let host = hosts.get(index);
        let port = ports.get(index).or(ports.first()).copied().unwrap_or(DEFAULT_PORT);
        let resolved = match (host, addresses.get(index)) {
            (_, Some(address)) => vec![*address],
            (Some(Host::Tcp(name)), None) => {
                timeout(connect_timeout(config), resolve(name, port)).await.unwrap_or_default()
            }
            (_, None) => Vec::new(),
        };
        if resolved.is_empty() {
            // A Unix socket, or a name that the driver resolves again to report the error.
            servers.push(single(config, host, None, port));
        }
        servers.extend(resolved.into_iter().map(|address| single(config, host, Some(address), port)));
    }
    servers
}

async fn resolve(name: &str, port: u16) -> Vec<IpAddr> {
    let found = tokio::net::lookup_host((name, port)).await;
    found.map(|addresses| addresses.map(|address| address.ip()).collect()).unwrap_or_default()
}

/// The configuration for a single server, with all other settings of `config`. The host name stays
/// beside the address, because the certificate is verified against it.
fn single(config: &Config, host: Option<&Host>, address: Option<IpAddr>, port: u16) -> Config {
    let mut server = Config::new();
    match host {
        Some(Host::Tcp(name)) => {
            server.host(name);
        }
        #[cfg(unix)]
        Some(Host::Unix(path)) => {
            server.host_path(path);
        }
        None => {}
    }
    if let Some(address) = address {
        server.hostaddr(address);
    }
    server.port(port);
    copy_session(config, &mut server);
    copy_transport(config, &mut server);
    server
}

/// Copies who connects to which database, and with which options.
fn copy_session(config: &Config, server: &mut Config) {
    server.target_session_attrs(config.get_target_session_attrs());
    if let Some(user) = config.get_user() {
        server.user(user);
    }
    if let Some(password) = config.get_password() {
        server.password(password);
    }
    if let Some(name) = config.get_dbname() {
        server.dbname(name);
    }
    if let Some(options) = config.get_options() {
        server.options(options);
    }
    if let Some(name) = config.get_application_name() {
        server.application_name(name);
    }
}

/// Copies the settings of TLS and TCP.
fn copy_transport(config: &Config, server: &mut Config) {
    server
        .ssl_mode(config.get_ssl_mode())
        .ssl_negotiation(config.get_ssl_negotiation())
        .channel_binding(config.get_channel_binding())
        .keepalives(config.get_keepalives())
        .keepalives_idle(config.get_keepalives_idle());
    if let Some(timeout) = config.get_connect_timeout() {
        server.connect_timeout(*timeout);
    }
    if let Some(timeout) = config.get_tcp_user_timeout() {
        server.tcp_user_timeout(*timeout);
    }
    if let Some(interval) = config.get_keepalives_interval() {
        server.keepalives_interval(interval);
    }
    if let Some(retries) = config.get_keepalives_retries() {
        server.keepalives_retries(retries);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn each_server_has_all_settings_and_its_own_address() {
        let rest = "user=u password=p dbname=app options='-c geqo=off' application_name=name sslmode=require \
                    sslnegotiation=direct channel_binding=require target_session_attrs=read-write \
                    connect_timeout=2 tcp_user_timeout=7 keepalives=0 keepalives_idle=4 \
                    keepalives_interval=5 keepalives_retries=6";
        let parsed = |text: &str| text.parse::<Config>().unwrap();
        let both = parsed(&format!("host=a,/run/b hostaddr=10.0.0.1,10.0.0.2 port=1,2 {rest}"));
        let first = parsed(&format!("host=a hostaddr=10.0.0.1 port=1 {rest}"));
        let second = parsed(&format!("host=/run/b hostaddr=10.0.0.2 port=2 {rest}"));
        assert_eq!(servers(&both).await, [first, second]);

        let named = parsed("host=127.0.0.1,/run/b port=7");
        let addressed = parsed("host=127.0.0.1 hostaddr=127.0.0.1 port=7");
        assert_eq!(servers(&named).await, [addressed, parsed("host=/run/b port=7")]);
    }
}
