//! Two servers on one database, and requests that reach both at the same moment.

use std::{
    io::{ErrorKind, Read as _, Write as _},
    net::TcpStream,
    path::Path,
    sync::atomic::{AtomicBool, Ordering},
    thread,
};

use serde_json::Value;

use crate::{
    support::server_process::{
        KEY,
        client::{self, Reply},
        server::Server,
    },
    support::services::postgres::Postgres,
};

/// A request, to be sent to either server.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    line: String,
    headers: Vec<(&'static str, String)>,
    body: String,
}

impl Call {
    /// Such as `GET /v1/account`.
    pub(crate) fn new(line: impl Into<String>) -> Self {
        Self { line: line.into(), headers: Vec::new(), body: String::new() }
    }

    pub(crate) fn json(self, body: &Value) -> Self {
        self.body(body.to_string())
    }

    pub(crate) fn body(self, body: String) -> Self {
        Self { body, ..self }
    }

    /// By the one who keeps this cookie.
    pub(crate) fn by(self, cookie: &str) -> Self {
        self.header("Cookie", cookie)
    }

    pub(crate) fn header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }
}

/// A request that has been sent but for its last byte.
pub(crate) struct Held {
    stream: TcpStream,
    last: u8,
}

impl Held {
    fn new(port: u16, call: &Call) -> Self {
        let headers: Vec<_> = call.headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let text = client::head(port, &call.line, &headers, &call.body) + &call.body;
        let (last, most) = text.as_bytes().split_last().unwrap();
        let mut stream = client::connect(port).unwrap();
        stream.set_nodelay(true).unwrap();
        stream.write_all(most).unwrap();
        Self { stream, last: *last }
    }

    pub(crate) fn release(&mut self) {
        // A server that refuses does not wait for the rest.
        let _ = self.stream.write_all(&[self.last]);
    }

    pub(crate) fn reply(mut self) -> Reply {
        let (mut text, mut part) = (Vec::new(), [0; 4096]);
        loop {
            match self.stream.read(&mut part) {
                Ok(0) => break,
                Ok(length) => text.extend_from_slice(&part[..length]),
                // The last byte came when the server had answered and gone.
                Err(error) if error.kind() == ErrorKind::ConnectionReset => break,
                Err(error) => panic!("no reply: {error}"),
            }
        }
        client::parse(&String::from_utf8(text).unwrap()).unwrap()
    }
}

/// Two servers with the same settings.
pub(crate) struct Pair {
    servers: [Server; 2],
    postgres: &'static Postgres,
    database: String,
}

impl Pair {
    pub(crate) fn start(name: &str) -> Option<Self> {
        Self::start_with(name, &[])
    }

    pub(crate) fn start_with(name: &str, settings: &[(&str, &str)]) -> Option<Self> {
        let postgres = Postgres::shared()?;
        let url = postgres.database();
        let usual = [
            ("ACCOUNT_DATABASE", url.as_str()),
            ("ACCOUNT_KEY", KEY),
            ("ACCOUNT_RATE_LIMITS", "off"),
            // That of whatever stands before them.
            ("ACCOUNT_PUBLIC_URL", "http://localhost:8080"),
        ];
        let settings = [&usual, settings].concat();
        let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("two-servers").join(name);
        let servers = thread::scope(|scope| {
            let other = scope.spawn(|| Server::start(&directory.join("other"), &settings));
            [Server::start(&directory.join("one"), &settings), other.join().unwrap()]
        });
        let database = url.rsplit('/').next().unwrap().to_owned();
        Some(Self { servers, postgres, database })
    }

    pub(crate) fn port(&self, server: usize) -> u16 {
        self.servers[server % 2].port
    }

    /// What the database answers to this SQL.
    pub(crate) fn sql(&self, sql: &str) -> String {
        self.postgres.execute(&self.database, sql).trim_end().to_owned()
    }

    /// Sends one request and waits for the answer; sends it again, but not for ever, if there were
    /// too many passwords to hash.
    pub(crate) fn ask(&self, server: usize, call: &Call) -> Reply {
        let mut replies = (0..100).map(|_| {
            let mut held = self.hold(server, call);
            held.release();
            held.reply()
        });
        replies.find(|reply| !is_busy(reply)).expect("a server that is not busy all the time")
    }

    pub(crate) fn hold(&self, server: usize, call: &Call) -> Held {
        Held::new(self.port(server), call)
    }

    /// Sends every other request to the other server, all at the same moment, and gives the answers
    /// in the order of the requests.
    pub(crate) fn concurrently(&self, calls: &[Call]) -> Vec<Reply> {
        let numbered = calls.iter().enumerate();
        let mut held: Vec<Held> = numbered.map(|(number, call)| self.hold(number, call)).collect();
        held.iter_mut().for_each(Held::release);
        held.into_iter().map(Held::reply).collect()
    }

    /// As [`at_once`](Self::concurrently), for requests that cost a hash: those that found too many
    /// others waiting for theirs, so that nothing was done, are sent again.
    pub(crate) fn hash_at_once(&self, calls: &[Call]) -> Vec<Reply> {
        let replies = self.concurrently(calls).into_iter().enumerate();
        let answer = |(number, reply)| if is_busy(&reply) { self.ask(number, &calls[number]) } else { reply };
        replies.map(answer).collect()
    }

    /// The text of the newest message that this server has for an address or number.
    pub(crate) fn sent(&self, server: usize, to: &str) -> String {
        let outbox = must(self.ask(server, &Call::new("GET /dev/outbox")), 200).json();
        let messages = outbox.as_array().unwrap().iter();
        let newest = messages.rev().find(|message| message["to"] == to);
        newest.unwrap_or_else(|| panic!("nothing was sent to {to}"))["text"].as_str().unwrap().to_owned()
    }
}

/// Tells others that something is over, also if it ended in a panic.
pub(crate) struct Over<'a>(pub(crate) &'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

pub(crate) fn is_busy(reply: &Reply) -> bool {
    reply.status == 503 && code(reply) == "general_busy"
}

pub(crate) fn must(reply: Reply, status: u16) -> Reply {
    assert_eq!(reply.status, status, "{}", reply.body);
    reply
}

/// The stable name of an error.
pub(crate) fn code(reply: &Reply) -> String {
    reply.json()["type"].as_str().unwrap_or_else(|| panic!("no error: {}", reply.body)).to_owned()
}

/// The cookies that a reply sets, as they are sent back.
pub(crate) fn cookies(reply: &Reply) -> Vec<&str> {
    let lines = reply.head.lines().filter_map(|line| line.split_once(": "));
    let set = lines.filter(|(name, _)| name.eq_ignore_ascii_case("set-cookie"));
    set.map(|(_, value)| value.split(';').next().unwrap()).collect()
}
