//! Two servers on one database, and requests that leave for both at the same moment.

use std::{
    io::Write as _,
    path::Path,
    sync::{
        Barrier, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use serde_json::{Value, json};

use super::{
    common::{
        client::{self, Reply},
        server::Server,
    },
    neighbour::Postgres,
};

pub(crate) const PASSWORD: &str = "violet-anvil-71";
const KEY: &str = "mhxE5wK9U4hvIdA+lXrMEEjzXQaxKep0jDfYYQufQqU=";

/// One request, by whoever has this cookie or JWT.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    line: String,
    proof: Option<(&'static str, String)>,
    body: String,
}

impl Request {
    pub(crate) fn new(line: impl Into<String>, body: &Value) -> Self {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        Self { line: line.into(), proof: None, body }
    }

    pub(crate) fn by(mut self, cookie: &str) -> Self {
        self.proof = Some(("Cookie", cookie.to_owned()));
        self
    }

    fn headers(&self) -> Vec<(&str, &str)> {
        self.proof.iter().map(|(name, value)| (*name, value.as_str())).collect()
    }

    /// Sends it to this server and reads what it answers.
    pub(crate) fn to(&self, server: &Server) -> Reply {
        server.send(&self.line, &self.headers(), &self.body)
    }

    /// Sends it over a connection that is already there when the barrier opens.
    fn at(&self, server: &Server, start: &Barrier) -> Reply {
        let mut stream = client::connect(server.port).unwrap();
        let head = client::head(server.port, &self.line, &self.headers(), &self.body);
        start.wait();
        stream.write_all(format!("{head}{}", self.body).as_bytes()).unwrap();
        client::receive(&mut stream).unwrap()
    }
}

/// The two servers. Tests take turns with the machine, so that each race has all of it.
#[derive(Debug)]
pub(crate) struct Pair {
    pub(crate) servers: [Server; 2],
    requests: AtomicUsize,
    /// How many requests came one by one.
    steps: AtomicUsize,
    _turn: MutexGuard<'static, ()>,
}

impl Pair {
    /// None where there is no PostgreSQL.
    pub(crate) fn start(name: &str) -> Option<Self> {
        static TURN: Mutex<()> = Mutex::new(());
        let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        let database = Postgres::shared()?.database();
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("two-servers").join(name);
        let settings =
            [("ACCOUNT_DATABASE", database.as_str()), ("ACCOUNT_KEY", KEY), ("ACCOUNT_RATE_LIMITS", "off")];
        let servers = ["one", "other"].map(|server| Server::start(&folder.join(server), &settings));
        Some(Self { servers, requests: AtomicUsize::new(0), steps: AtomicUsize::new(0), _turn: turn })
    }

    /// Sends the requests in turn to the one server and the other, all at the same moment.
    pub(crate) fn at_once(&self, requests: &[Request]) -> Vec<Reply> {
        self.requests.fetch_add(requests.len(), Ordering::Relaxed);
        let start = Barrier::new(requests.len());
        thread::scope(|scope| {
            let senders: Vec<_> = requests
                .iter()
                .zip(self.servers.iter().cycle())
                .map(|(request, server)| scope.spawn(|| request.at(server, &start)))
                .collect();
            senders.into_iter().map(|sender| sender.join().unwrap()).collect()
        })
    }

    /// What is answered, which must be this. The servers take turns, so that neither could do without what the other did.
    pub(crate) fn ok(&self, status: u16, request: &Request) -> Reply {
        ok(self.next(), status, request)
    }

    fn next(&self) -> &Server {
        &self.servers[self.steps.fetch_add(1, Ordering::Relaxed) % 2]
    }

    pub(crate) fn sign_up(&self, user: &str) {
        let body = json!({"userId": user, "email": address(user), "password": PASSWORD});
        self.ok(201, &Request::new("POST /v1/account", &body));
    }

    /// The cookie of a new session.
    pub(crate) fn sign_in(&self, user: &str) -> String {
        cookie(&self.ok(201, &sign_in(user, PASSWORD))).unwrap()
    }

    /// Has something sent to this address or number, and gives its text. Mail may leave after the reply.
    pub(crate) fn sent(&self, to: &str, request: &Request) -> (Reply, String) {
        let server = self.next();
        let earlier = outbox(server, to).len();
        let reply = ok(server, 201, request);
        for _ in 0..1_000 {
            if let Some(text) = outbox(server, to).into_iter().nth(earlier) {
                return (reply, text);
            }
        }
        panic!("nothing was sent to {to}");
    }

    /// Tells how many requests raced so far.
    pub(crate) fn tell(&self, what: &str, began: std::time::Instant) {
        let requests = self.requests.swap(0, Ordering::Relaxed);
        println!("two servers | {what} | {requests} requests | {:.1} s", began.elapsed().as_secs_f64());
    }
}

fn ok(server: &Server, status: u16, request: &Request) -> Reply {
    let reply = request.to(server);
    assert_eq!(reply.status, status, "{}: {}", request.line, reply.body);
    reply
}

fn outbox(server: &Server, to: &str) -> Vec<String> {
    let messages = server.send("GET /dev/outbox", &[], "").json();
    let to_them = messages.as_array().unwrap().iter().filter(|message| message["to"] == to);
    to_them.map(|message| message["text"].as_str().unwrap().to_owned()).collect()
}

pub(crate) fn address(user: &str) -> String {
    format!("{user}@example.com")
}

pub(crate) fn sign_in(user: &str, password: &str) -> Request {
    let body = json!({"email": address(user), "password": password});
    Request::new("POST /v1/account/sessions/email", &body)
}

/// The session's cookie, if the reply sets one.
pub(crate) fn cookie(reply: &Reply) -> Option<String> {
    let cookies = reply.head.lines().filter_map(|line| line.split_once(": "));
    let mut cookies = cookies.filter(|(name, _)| name.eq_ignore_ascii_case("set-cookie"));
    let (_, session) = cookies.find(|(_, cookie)| cookie.starts_with("a_session_default="))?;
    session.split(';').next().map(str::to_owned)
}

/// Status and type of what is not a success.
pub(crate) fn refusal(reply: &Reply) -> (u16, String) {
    let kind = serde_json::from_str::<Value>(&reply.body).ok();
    let kind = kind.and_then(|body| body["type"].as_str().map(str::to_owned));
    (reply.status, kind.unwrap_or_else(|| reply.body.clone()))
}

/// Expects one success, and gives it; each other reply is one of these refusals.
pub(crate) fn one_of(what: &str, replies: Vec<Reply>, refusals: &[(u16, &str)]) -> Reply {
    let (mut won, lost): (Vec<_>, Vec<_>) =
        replies.into_iter().partition(|reply| (200..300).contains(&reply.status));
    assert_eq!(won.len(), 1, "{what}: {:?}", lost.iter().map(refusal).collect::<Vec<_>>());
    for refused in lost.iter().map(refusal) {
        let is_expected = refusals.iter().any(|(status, kind)| refused == (*status, (*kind).to_owned()));
        assert!(is_expected, "{what}: {refused:?}");
    }
    won.remove(0)
}
