//! Opening connections: server by server, so that one that hangs keeps nobody from the next.

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

const PORT: u16 = 5432;

/// Tries the servers of a URL in their order. The driver does so too, but bounds only the time until a socket is open: at a server that is
/// frozen it would wait for ever.
pub(super) struct Dial {
    tls: MakeRustlsConnect,
    /// With which server to begin where that is to be shared out.
    turn: AtomicUsize,
    /// What the server is told of how long a statement may take, as options.
    limits: String,
    /// Whether it would not hear of them: PgBouncer refuses options that it does not know.
    is_limitless: AtomicBool,
}

type Connected = Result<(Client, JoinHandle<()>), Error>;

impl Dial {
    /// The server gives a statement up shortly before the store does, so that the store hears of it. This ends before a commit waits for a
    /// standby.
    pub(super) fn new(tls: MakeRustlsConnect, timeout: Duration) -> Self {
        let limit = (timeout.as_millis() * 9 / 10).clamp(1, i32::MAX as u128);
        let limits = format!("-c statement_timeout={limit} -c lock_timeout={limit}");
        Self { tls, turn: AtomicUsize::new(0), limits, is_limitless: AtomicBool::new(false) }
    }

    /// Passes over servers that take longer than the `connect_timeout`. If none answers it asks them all again, for as long as anybody waits.
    async fn first_to_answer(&self, config: &Config) -> Connected {
        let mut servers = servers(config).await;
        if let [only] = servers.as_slice() {
            return self.open(only).await;
        }
        if config.get_load_balance_hosts() == LoadBalanceHosts::Random && !servers.is_empty() {
            let turn = self.turn.fetch_add(1, Ordering::Relaxed) % servers.len();
            servers.rotate_left(turn);
        }
        loop {
            let mut refused = None;
            for server in &servers {
                match timeout(patience(config), self.open(server)).await {
                    Ok(Ok(connected)) => return Ok(connected),
                    Ok(Err(error)) => refused = Some(error),
                    Err(_) => {}
                }
            }
            if let Some(error) = refused {
                return Err(error);
            }
        }
    }

    async fn open(&self, server: &Config) -> Connected {
        if !self.is_limitless.load(Ordering::Relaxed) {
            // What the URL says comes later, and so holds.
            let options = format!("{} {}", self.limits, server.get_options().unwrap_or_default());
            match self.open_as_it_is(server.clone().options(options)).await {
                Err(error) if error.code() == Some(&SqlState::PROTOCOL_VIOLATION) => {}
                other => return other,
            }
            let connected = self.open_as_it_is(server).await?;
            self.is_limitless.store(true, Ordering::Relaxed);
            return Ok(connected);
        }
        self.open_as_it_is(server).await
    }

    async fn open_as_it_is(&self, server: &Config) -> Connected {
        let (client, connection) = server.connect(self.tls.clone()).await?;
        // What goes wrong with it is told to whoever uses it.
        Ok((client, tokio::spawn(async move { drop(connection.await) })))
    }
}

impl Connect for Dial {
    fn connect(&self, config: &Config) -> Pin<Box<dyn Future<Output = Connected> + Send + '_>> {
        let config = config.clone();
        Box::pin(async move { self.first_to_answer(&config).await })
    }
}

fn patience(config: &Config) -> Duration {
    config.get_connect_timeout().copied().unwrap_or(Duration::MAX)
}

/// The settings for each server alone, and for each address of one that has several.
async fn servers(config: &Config) -> Vec<Config> {
    let (hosts, addresses, ports) = (config.get_hosts(), config.get_hostaddrs(), config.get_ports());
    let mut servers = Vec::new();
    for index in 0..hosts.len().max(addresses.len()) {
        let host = hosts.get(index);
        let port = ports.get(index).or(ports.first()).copied().unwrap_or(PORT);
        match (host, addresses.get(index)) {
            (host, Some(address)) => servers.push(alone(config, host, Some(*address), port)),
            (Some(Host::Tcp(name)), None) => match timeout(patience(config), resolved(name, port)).await {
                Ok(found) if !found.is_empty() => {
                    servers.extend(found.into_iter().map(|address| alone(config, host, Some(address), port)));
                }
                // The driver looks it up anew and says what is wrong.
                _ => servers.push(alone(config, host, None, port)),
            },
            (host, None) => servers.push(alone(config, host, None, port)),
        }
    }
    servers
}

async fn resolved(name: &str, port: u16) -> Vec<IpAddr> {
    let found = tokio::net::lookup_host((name, port)).await;
    found.map(|addresses| addresses.map(|address| address.ip()).collect()).unwrap_or_default()
}

/// All that `config` says except which servers there are. The name stays beside the address: the certificate is for it.
fn alone(config: &Config, host: Option<&Host>, address: Option<IpAddr>, port: u16) -> Config {
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
    server
        .port(port)
        .ssl_mode(config.get_ssl_mode())
        .ssl_negotiation(config.get_ssl_negotiation())
        .channel_binding(config.get_channel_binding())
        .target_session_attrs(config.get_target_session_attrs())
        .keepalives(config.get_keepalives())
        .keepalives_idle(config.get_keepalives_idle());
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
    server
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn each_server_has_all_settings_and_its_own_address() {
        let rest = "user=u password=p dbname=app options='-c geqo=off' application_name=name sslmode=require \
                    sslnegotiation=direct channel_binding=require target_session_attrs=read-write connect_timeout=2 \
                    tcp_user_timeout=7 keepalives=0 keepalives_idle=4 keepalives_interval=5 keepalives_retries=6";
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
