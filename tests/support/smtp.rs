//! A mail server of another make, npm's `smtp-server`, in a process of its own.
//!
//! Without Node, or without the package registry, tests say so and pass; under `CI=true` they fail.

use std::{
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        OnceLock,
        mpsc::{Receiver, channel},
    },
    thread,
    time::Duration,
};

use serde_json::Value;

use super::{node, services::skip};

const SOURCES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/smtp");
/// The certificate of the server, for `localhost`.
pub(crate) const CERTIFICATE: &[u8] = include_bytes!("smtp/localhost.pem");

/// A running server; ends with the value.
pub(crate) struct SmtpServer {
    process: Child,
    events: Receiver<Value>,
    pub(crate) port: u16,
}

impl SmtpServer {
    /// Starts a server with these settings of `server.mjs`, unless that is impossible here.
    pub(crate) fn start(settings: &Value) -> Option<Self> {
        let directory = installed()?;
        let mut process = Command::new("node")
            .arg("server.mjs")
            .arg(settings.to_string())
            .current_dir(directory)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let (sender, events) = channel();
        thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                if sender.send(serde_json::from_str(&line).unwrap()).is_err() {
                    return;
                }
            }
        });
        let mut server = Self { process, events, port: 0 };
        server.port = server.event()["port"].as_u64().unwrap().try_into().unwrap();
        Some(server)
    }

    /// What the server tells next.
    pub(crate) fn event(&self) -> Value {
        self.events.recv_timeout(Duration::from_secs(30)).expect("the server tells of it")
    }

    /// What the server has told and no one has asked for yet.
    pub(crate) fn rest(&self) -> Vec<Value> {
        self.events.try_iter().collect()
    }
}

impl Drop for SmtpServer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A copy of `tests/support/smtp` with its packages installed, one for each test program.
fn installed() -> Option<&'static Path> {
    static INSTALLED: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    let install = || {
        let name = concat!("smtp-server-", env!("CARGO_CRATE_NAME"));
        let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        node::install(Path::new(SOURCES), &directory).map(|()| directory)
    };
    match INSTALLED.get_or_init(install) {
        Ok(directory) => Some(directory),
        Err(reason) => {
            skip(&format!("no mail server: {reason}"));
            None
        }
    }
}
