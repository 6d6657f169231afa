//! The reference server, built and started as a user would.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::OnceLock;
use std::thread;
use std::time::Duration;

use super::{
    SIGN_IN, SIGN_UP,
    client::{self, Reply},
};
use crate::support::services::free_port;

/// The reference server on a free port, with its files in a directory of its own; ends with the
/// value.
#[derive(Debug)]
pub(crate) struct Server {
    process: Child,
    directory: PathBuf,
    pub(crate) port: u16,
    pub(crate) url: String,
}

impl Server {
    /// Starts the server with these settings beside the usual ones and waits until it answers.
    pub(crate) fn start(directory: &Path, settings: &[(&str, &str)]) -> Self {
        Self::start_at("127.0.0.1", directory, settings)
    }

    /// As [`start`](Self::start), listening on this address.
    pub(crate) fn start_at(host: &str, directory: &Path, settings: &[(&str, &str)]) -> Self {
        fs::create_dir_all(directory).unwrap();
        let log = File::create(directory.join("log")).unwrap();
        let port = free_port();
        let url = format!("http://localhost:{port}");
        let process = command(directory)
            .env("ACCOUNT_LISTEN", format!("{host}:{port}"))
            .env("ACCOUNT_PUBLIC_URL", &url)
            .env("ACCOUNT_DATABASE", "sqlite:account.db")
            .env("ACCOUNT_ALLOWED_APPS", "com.example.notes")
            .envs(settings.iter().copied())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        let mut server = Self { process, directory: directory.to_owned(), port, url };
        server.wait_until_ready();
        server
    }

    /// Sends one request, such as `GET /v1/account`.
    pub(crate) fn send(&self, line: &str, headers: &[(&str, &str)], body: &str) -> Reply {
        client::send(self.port, line, headers, body).unwrap()
    }

    /// Signs up Ada.
    pub(crate) fn sign_up(&self) {
        let reply = self.send("POST /v1/account", &[], SIGN_UP);
        assert_eq!(reply.status, 201, "{}", reply.body);
    }

    /// Signs Ada in.
    pub(crate) fn sign_in(&self) -> Reply {
        let reply = self.send("POST /v1/account/sessions/email", &[], SIGN_IN);
        assert_eq!(reply.status, 201, "{}", reply.body);
        reply
    }

    /// What the server has printed so far.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.directory.join("log")).unwrap()
    }

    /// Asks the server to end.
    pub(crate) fn terminate(&self) {
        let killed = Command::new("kill").args(["-TERM", &self.process.id().to_string()]).status();
        assert!(killed.unwrap().success());
    }

    /// What the server had printed when it had ended by itself.
    pub(crate) fn log_at_end(mut self) -> String {
        let status = self.process.wait().unwrap();
        assert!(status.success(), "{status}");
        self.log()
    }

    fn wait_until_ready(&mut self) {
        for _ in 0..600 {
            if client::send(self.port, "GET /v1/health", &[], "").is_ok_and(|reply| reply.status == 200) {
                return;
            }
            if let Some(status) = self.process.try_wait().unwrap() {
                panic!("the server ended with {status}\n{}", self.log());
            }
            thread::sleep(Duration::from_millis(50));
        }
        panic!("the server did not become ready in 30 s\n{}", self.log());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Runs the server with these settings alone, for starts that fail.
pub(crate) fn run(directory: &Path, settings: &[(&str, &str)]) -> Output {
    fs::create_dir_all(directory).unwrap();
    command(directory).envs(settings.iter().copied()).output().unwrap()
}

/// The server in this directory, without settings from the environment of the tests.
fn command(directory: &Path) -> Command {
    let mut command = Command::new(executable());
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("ACCOUNT_") {
            command.env_remove(name);
        }
    }
    command.current_dir(directory).stdin(Stdio::null());
    command
}

/// Path of the reference server, built as these tests were; cargo builds no examples for `cargo
/// test --test server`.
fn executable() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut command = Command::new(cargo);
        command
            .args([
                "build",
                "--example",
                "server",
                "--all-features",
                "--message-format=json-render-diagnostics",
            ])
            .current_dir(env!("CARGO_MANIFEST_DIR"));
        if !cfg!(debug_assertions) {
            command.arg("--release");
        }
        let built = command.output().unwrap();
        assert!(
            built.status.success(),
            "the server does not build\n{}",
            String::from_utf8_lossy(&built.stderr)
        );
        String::from_utf8_lossy(&built.stdout)
            .lines()
            .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
            .filter(|message| message["target"]["name"] == "server")
            .find_map(|message| message["executable"].as_str().map(PathBuf::from))
            .expect("cargo names the executable it built")
    })
}
