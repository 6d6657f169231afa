//! Starts PostgreSQL, Redis and the servers, and stops them in reverse order.

use std::{
    env,
    error::Error,
    net::{Ipv4Addr, TcpStream},
    os::unix::process::CommandExt as _,
    path::{Path, PathBuf},
    process::{Child, Command},
    time::Duration,
};

use account::MasterKey;
use tokio::signal::unix::{SignalKind, signal};

use crate::{postgres::Postgres, redis::Redis};

const PORTS: [u16; 2] = [8081, 8082];

/// Runs until a signal arrives or a server ends.
pub(crate) async fn run() -> Result<(), Box<dyn Error>> {
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    let program = built_server()?;
    // PostgreSQL and Redis end when these values are dropped.
    let (database, _postgres) = database()?;
    let (limits, _redis) = limits()?;
    let key = key()?;
    let settings = [
        ("ACCOUNT_DATABASE", database.as_str()),
        ("ACCOUNT_REDIS", limits.as_str()),
        ("ACCOUNT_KEY", key.as_str()),
    ];
    let mut servers = Vec::new();
    for port in PORTS {
        servers.push(Server::start(&program, port, &settings)?);
    }

    let mut is_explained = false;
    let mut interval = tokio::time::interval(Duration::from_millis(200));
    loop {
        tokio::select! {
            _ = interrupt.recv() => break,
            _ = terminate.recv() => break,
            _ = interval.tick() => {}
        }
        if servers.iter_mut().any(|server| !server.is_running()) {
            return Err("a server has ended; its own message above says why".into());
        }
        if !is_explained && PORTS.iter().all(|port| is_listening(*port)) {
            println!("\n{}\nTwo servers, one service. Press Ctrl-C to stop them.", explanation());
            is_explained = true;
        }
    }
    // The servers finish their requests before the database and Redis are stopped.
    servers.iter().try_for_each(Server::terminate)?;
    servers.iter_mut().try_for_each(|server| server.0.wait().map(drop))?;
    Ok(())
}

/// The configured master key, or a new one if the database is new too.
fn key() -> Result<String, Box<dyn Error>> {
    match (env::var("ACCOUNT_KEY"), env::var_os("ACCOUNT_DATABASE")) {
        (Ok(key), _) => Ok(key),
        (Err(_), None) => Ok(MasterKey::generate()?.to_base64()),
        (Err(_), Some(_)) => {
            Err("ACCOUNT_DATABASE is set, so ACCOUNT_KEY must be set to the key of its accounts".into())
        }
    }
}

fn is_listening(port: u16) -> bool {
    TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok()
}

fn database() -> Result<(String, Option<Postgres>), Box<dyn Error>> {
    if let Ok(url) = env::var("ACCOUNT_DATABASE") {
        return Ok((url, None));
    }
    println!("Starting PostgreSQL …");
    let server = Postgres::with_files(&[], &[])
        .ok_or("PostgreSQL is not installed; install it or set ACCOUNT_DATABASE")?;
    Ok((server.database(), Some(server)))
}

fn limits() -> Result<(String, Option<Redis>), Box<dyn Error>> {
    if let Ok(url) = env::var("ACCOUNT_REDIS") {
        return Ok((url, None));
    }
    println!("Starting Redis …");
    let server = Redis::start().ok_or("Redis is not installed; install it or set ACCOUNT_REDIS")?;
    Ok((server.url(), Some(server)))
}

/// Builds the reference server in the same profile as this program and returns its path: cargo puts
/// both programs into the same directory.
fn built_server() -> Result<PathBuf, Box<dyn Error>> {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command
        .args(["build", "--quiet", "--example", "server", "--all-features"])
        .current_dir(env!("CARGO_MANIFEST_DIR"));
    if !cfg!(debug_assertions) {
        command.arg("--release");
    }
    if !command.status()?.success() {
        return Err("the server could not be built".into());
    }
    Ok(env::current_exe()?.with_file_name("server"))
}

/// A running server. It is killed on drop if it has not ended before.
struct Server(Child);

impl Server {
    fn start(program: &Path, port: u16, settings: &[(&str, &str)]) -> Result<Self, Box<dyn Error>> {
        let process = Command::new(program)
            .envs(settings.iter().copied())
            .env("ACCOUNT_LISTEN", format!("127.0.0.1:{port}"))
            .env("ACCOUNT_PUBLIC_URL", format!("http://localhost:{port}"))
            // In its own group, the server does not receive Ctrl-C: this program stops everything
            // in order.
            .process_group(0)
            .spawn()?;
        Ok(Self(process))
    }

    fn is_running(&mut self) -> bool {
        matches!(self.0.try_wait(), Ok(None))
    }

    fn terminate(&self) -> Result<(), Box<dyn Error>> {
        let status = Command::new("kill").args(["-TERM", &self.0.id().to_string()]).status()?;
        if status.success() { Ok(()) } else { Err("a server could not be stopped".into()) }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Commands to try.
fn explanation() -> String {
    let [a, b] = PORTS.map(|port| format!("http://localhost:{port}/v1/account"));
    let curl = "curl -H 'X-Appwrite-Project: default' -H 'Content-Type: application/json'";
    let (account, sign_in) = (
        r#"{"userId":"unique()","email":"ada@example.com","password":"violet-anvil-71"}"#,
        r#"{"email":"ada@example.com","password":"violet-anvil-71"}"#,
    );
    format!(
        "Sign up on one, sign in on the other, sign out on the first:\n  \
         {curl} {a} -d '{account}'\n  \
         {curl} -c jar {b}/sessions/email -d '{sign_in}'\n  \
         {curl} -b jar {a}\n  \
         {curl} -b jar -X DELETE {a}/sessions/current\n  \
         {curl} -b jar {b}"
    )
}
