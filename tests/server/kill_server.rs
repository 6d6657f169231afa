//! The server, or the database under it, is killed at random moments while eight clients write.
//! Whatever was answered is there, and nothing is half there.

mod victims;

use std::{
    collections::BTreeMap,
    io,
    sync::mpsc::{Sender, channel},
    thread,
    time::Duration,
};

use serde_json::{Value, json};
use victims::{OnSqlite, Victim};

use crate::support::{
    campaign,
    server_process::{
        client::{self, Reply},
        server::Server,
    },
    tempdir::TempDir,
};

/// How many times a file is opened again before the next one is begun.
const KILLS_PER_FILE: u64 = 20;
const WRITERS: usize = 8;
const STEPS: u64 = 14;
const PASSWORD: &str = "violet-anvil-71";

/// What a writer does to its account next. Each step is one request, one change and one entry in
/// the log.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Step {
    SignUp,
    /// With a session that lasts.
    SignIn,
    Rename,
    ReplacePreferences,
    /// With a session that ends three steps later.
    SignInAgain,
    SignOut,
}

/// The step with this number begins the session that lasts.
const LASTING: u64 = 2;
/// A session that does not last ends so many steps after it began.
const BRIEF: u64 = 3;

impl Step {
    fn of(number: u64) -> Self {
        match (number, number % 6) {
            (1, _) => Self::SignUp,
            (LASTING, _) => Self::SignIn,
            (_, 3 | 0) => Self::Rename,
            (_, 4 | 1) => Self::ReplacePreferences,
            (_, 5) => Self::SignInAgain,
            _ => Self::SignOut,
        }
    }

    fn event(self) -> &'static str {
        match self {
            Self::SignUp => "user.create",
            Self::SignIn | Self::SignInAgain => "session.create",
            Self::Rename | Self::ReplacePreferences => "user.update",
            Self::SignOut => "session.delete",
        }
    }
}

/// What the holder of an account sees of it.
#[derive(Debug, Clone, PartialEq)]
struct View {
    name: String,
    preferences: Value,
    sessions: u64,
    /// Oldest first.
    events: Vec<String>,
}

impl View {
    /// After so many steps, the last of them perhaps followed by a sign-in of the test's own.
    fn after(steps: u64, own_sign_in: bool) -> Self {
        let mut view = Self { name: String::new(), preferences: json!({}), sessions: 0, events: Vec::new() };
        for number in 1..=steps {
            let step = Step::of(number);
            match step {
                Step::SignUp => {}
                Step::SignIn | Step::SignInAgain => view.sessions += 1,
                Step::Rename => view.name = number.to_string(),
                Step::ReplacePreferences => view.preferences = json!({ "step": number }),
                Step::SignOut => view.sessions -= 1,
            }
            view.events.push(step.event().to_owned());
        }
        if own_sign_in {
            view.sessions += 1;
            view.events.push(Step::SignIn.event().to_owned());
        }
        view
    }

    fn of(server: &Server, cookie: &str) -> Self {
        let ask = |path: &str| {
            let reply = server.send(&format!("GET {path}"), &[("Cookie", cookie)], "");
            assert_eq!(reply.status, 200, "{path}: {}", reply.body);
            reply.json()
        };
        let account = ask("/v1/account");
        let log = ask("/v1/account/logs");
        let events: Vec<String> = log["logs"]
            .as_array()
            .unwrap()
            .iter()
            .rev()
            .map(|entry| entry["event"].as_str().unwrap().to_owned())
            .collect();
        assert_eq!(log["total"], events.len());
        Self {
            name: account["name"].as_str().unwrap().to_owned(),
            preferences: account["prefs"].clone(),
            sessions: ask("/v1/account/sessions")["total"].as_u64().unwrap(),
            events,
        }
    }
}

/// What the server has answered about an account.
#[derive(Debug, Clone, Default)]
struct Known {
    /// How many steps it acknowledged; 0 if it was only asked to make the account.
    steps: u64,
    /// The cookies of the sessions, by the steps that began them.
    cookies: BTreeMap<u64, String>,
}

impl Known {
    /// The step that began the session that does not last, if it is open after so many steps.
    fn brief(&self) -> Option<u64> {
        (self.steps.saturating_sub(BRIEF - 1)..=self.steps).find(|step| Step::of(*step) == Step::SignInAgain)
    }

    /// Whether its writer can go on: no session began whose cookie was never heard of.
    fn can_go_on(&self) -> bool {
        let is_held = |step| self.cookies.contains_key(&step);
        self.steps < STEPS && is_held(LASTING) && self.brief().is_none_or(is_held)
    }
}

/// A step that was asked for (0) or acknowledged, and the cookie that came with the answer.
type Word = (String, u64, Option<String>);

#[test]
fn no_acknowledged_write_is_lost_and_none_is_half_done_when_the_server_is_killed() {
    let directory = TempDir::new();
    let mut random = 0x2545_f491_4f6c_dd1d_u64;
    let mut acknowledged = 0;
    let kills = campaign("ACCOUNT_KILLS", 20);
    for file in 0..kills.div_ceil(KILLS_PER_FILE) {
        let mut victim = OnSqlite::new(directory.file(&file.to_string()));
        let left = kills - file * KILLS_PER_FILE;
        acknowledged += kill_again_and_again(&mut victim, left.min(KILLS_PER_FILE), &mut random);
    }
    tell(kills, acknowledged);
}

#[cfg(feature = "postgres")]
#[test]
fn no_acknowledged_write_is_lost_and_none_is_half_done_when_the_server_on_postgres_is_killed() {
    let directory = TempDir::new();
    let Some(mut victim) = victims::OnPostgres::new(&directory.file("server")) else { return };
    let kills = campaign("ACCOUNT_KILLS", 10);
    tell(kills, kill_again_and_again(&mut victim, kills, &mut 0x9e37_79b9_7f4a_7c15));
}

#[cfg(feature = "postgres")]
#[test]
fn no_acknowledged_write_is_lost_and_none_is_half_done_when_postgres_is_killed() {
    let directory = TempDir::new();
    let Some(victim) = victims::OnPostgres::new(&directory.file("server")) else { return };
    let mut victim = victims::UnderPostgres(victim);
    let kills = campaign("ACCOUNT_KILLS", 2);
    tell(kills, kill_again_and_again(&mut victim, kills, &mut 0xd1b5_4a32_d192_ed03));
}

fn tell(kills: u64, acknowledged: u64) {
    assert!(acknowledged > kills * 10, "{acknowledged} steps are no load");
    eprintln!("{kills} kills, {acknowledged} acknowledged steps, none lost");
}

/// Tells how many steps were acknowledged.
fn kill_again_and_again(victim: &mut impl Victim, kills: u64, random: &mut u64) -> u64 {
    let mut accounts = BTreeMap::new();
    let mut seen = BTreeMap::new();
    let (mut acknowledged, mut nobodies) = (0, 0);
    for _ in 0..kills {
        *random ^= *random << 13;
        *random ^= *random >> 7;
        *random ^= *random << 17;
        let (journal, heard) = write_and_kill(victim, &accounts, *random);
        acknowledged += heard;
        victim.revive();
        for (name, known, view, was_absent) in check_all(victim.server(), journal) {
            nobodies += i64::from(was_absent);
            seen.insert(name.clone(), view);
            accounts.insert(name, known);
        }
        victim.check(seen.len() as i64, nobodies);
    }
    // No later kill took anything from what an earlier one had left.
    for (name, (cookie, view)) in &seen {
        assert_eq!(View::of(victim.server(), cookie), *view, "{name}");
    }
    acknowledged
}

/// Lets the writers have some steps acknowledged and a moment pass, kills the victim, and tells all
/// that was answered about which accounts, and how many steps those answers were. Writers go on
/// with accounts of earlier rounds before they make new ones.
fn write_and_kill(
    victim: &mut impl Victim,
    accounts: &BTreeMap<String, Known>,
    random: u64,
) -> (BTreeMap<String, Known>, u64) {
    let (words, heard) = channel();
    let first = accounts.len();
    let mut journal: BTreeMap<_, _> = accounts
        .iter()
        .filter(|(_, known)| known.can_go_on())
        .map(|(name, known)| (name.clone(), known.clone()))
        .collect();
    let mut left_over = journal.clone().into_iter();
    let writers: Vec<_> = (0..WRITERS)
        .map(|writer| {
            let (begun, words, port) = (left_over.next(), words.clone(), victim.server().port);
            let new = (0..).map(move |number| (format!("a{first}-w{writer}-{number}"), Known::default()));
            thread::spawn(move || {
                begun.into_iter().chain(new).try_for_each(|(name, known)| write(port, &name, known, &words))
            })
        })
        .collect();
    drop(words);
    let mut acknowledged = 0;
    while acknowledged < random % 64 {
        let word = heard.recv().expect("the writers go on until they are hindered");
        acknowledged += u64::from(note(&mut journal, word));
    }
    for _ in 0..(random >> 32) % 300_000 {
        std::hint::spin_loop();
    }
    victim.kill();
    for word in heard {
        acknowledged += u64::from(note(&mut journal, word));
    }
    for writer in writers {
        writer.join().unwrap().expect_err("the victim has gone");
    }
    (journal, acknowledged)
}

/// Whether a step was acknowledged.
fn note(journal: &mut BTreeMap<String, Known>, (name, step, cookie): Word) -> bool {
    let known: &mut Known = journal.entry(name).or_default();
    known.steps = step;
    known.cookies.extend(cookie.map(|cookie| (step, cookie)));
    step > 0
}

/// Takes one account through all the steps that are left. Fails when the server does not answer any
/// more, or has no database.
fn write(port: u16, name: &str, known: Known, words: &Sender<Word>) -> io::Result<()> {
    let say = |step, cookie| words.send((name.to_owned(), step, cookie)).unwrap();
    let mut lasting = known.cookies.get(&LASTING).cloned().unwrap_or_default();
    let mut brief = known.cookies.values().next_back().cloned().unwrap_or_default();
    if known.steps == 0 {
        say(0, None);
    }
    for number in known.steps + 1..=STEPS {
        let step = Step::of(number);
        // Each of two open sessions writes.
        let by = [("Cookie", if number % 6 < 2 { &*brief } else { &*lasting })];
        let (status, reply) = match step {
            Step::SignUp => (201, sign_up(port, name)?),
            Step::SignIn | Step::SignInAgain => (201, sign_in(port, name)?),
            Step::Rename => {
                let body = json!({ "name": number.to_string() }).to_string();
                (200, client::send(port, "PATCH /v1/account/name", &by, &body)?)
            }
            Step::ReplacePreferences => {
                let body = json!({ "prefs": { "step": number } }).to_string();
                (200, client::send(port, "PATCH /v1/account/prefs", &by, &body)?)
            }
            Step::SignOut => {
                let line = "DELETE /v1/account/sessions/current";
                (204, client::send(port, line, &[("Cookie", &brief)], "")?)
            }
        };
        if is_refused_for(&reply, "general_store_unavailable") {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        assert_eq!(reply.status, status, "step {number} of {name}: {}", reply.body);
        let cookie = matches!(step, Step::SignIn | Step::SignInAgain).then(|| cookie(&reply));
        if let Some(cookie) = &cookie {
            *(if number == LASTING { &mut lasting } else { &mut brief }) = cookie.clone();
        }
        say(number, cookie);
    }
    Ok(())
}

fn sign_up(port: u16, name: &str) -> io::Result<Reply> {
    let body = json!({ "userId": name, "email": format!("{name}@example.com"), "password": PASSWORD });
    post(port, "/v1/account", &body)
}

fn sign_in(port: u16, name: &str) -> io::Result<Reply> {
    let body = json!({ "email": format!("{name}@example.com"), "password": PASSWORD });
    post(port, "/v1/account/sessions/email", &body)
}

/// Sends what costs a hash, again while too many others wait for theirs: then nothing was done.
fn post(port: u16, path: &str, body: &Value) -> io::Result<Reply> {
    loop {
        let reply = client::send(port, &format!("POST {path}"), &[], &body.to_string())?;
        if !is_refused_for(&reply, "general_busy") {
            return Ok(reply);
        }
        thread::sleep(Duration::from_millis(50));
    }
}

fn is_refused_for(reply: &Reply, reason: &str) -> bool {
    reply.status == 503 && reply.json()["type"] == reason
}

fn cookie(reply: &Reply) -> String {
    reply.cookie()
}

/// Checks all accounts at once, since most of the time goes into passwords.
fn check_all(
    server: &Server,
    journal: BTreeMap<String, Known>,
) -> Vec<(String, Known, (String, View), bool)> {
    thread::scope(|scope| {
        let checks: Vec<_> = journal
            .into_iter()
            .map(|(name, mut known)| {
                scope.spawn(move || {
                    let (view, was_absent) = check(server, &name, &mut known);
                    (name, known, view, was_absent)
                })
            })
            .collect();
        checks.into_iter().map(|check| check.join().unwrap()).collect()
    })
}

/// Asks the server, started again, for an account: it is as it was after the last step that was
/// acknowledged, or after the one more that was under way. Tells what was seen, with which cookie,
/// and whether the account had to be made first; and brings `known` up to that.
fn check(server: &Server, name: &str, known: &mut Known) -> ((String, View), bool) {
    let (mut cookie, mut was_absent) = (known.cookies.get(&LASTING).cloned(), false);
    let must_sign_in = cookie.is_none();
    if must_sign_in {
        let mut reply = sign_in(server.port, name).unwrap();
        was_absent = reply.status == 401;
        if was_absent {
            assert_eq!(known.steps, 0, "{name}: an acknowledged account is not there");
            // Nothing of it is: neither its id nor its address is taken.
            let made = sign_up(server.port, name).unwrap();
            assert_eq!(made.status, 201, "{name}: {}", made.body);
            reply = sign_in(server.port, name).unwrap();
        }
        assert_eq!(reply.status, 201, "{name}: {}", reply.body);
        cookie = Some(self::cookie(&reply));
    }
    let cookie = cookie.unwrap();
    let view = View::of(server, &cookie);
    let there = view.events.len() as u64 - u64::from(must_sign_in);
    let acknowledged = known.steps;
    assert!(
        (acknowledged..=acknowledged + 1).contains(&there),
        "{name}: {acknowledged} acknowledged, {there} there"
    );
    assert_eq!(view, View::after(there, must_sign_in), "{name} after {there} steps");
    for (began, brief) in known.cookies.range(LASTING + 1..) {
        let reply = server.send("GET /v1/account", &[("Cookie", brief)], "");
        let is_open = there < began + BRIEF;
        assert_eq!(reply.status, if is_open { 200 } else { 401 }, "{name}: the session of step {began}");
    }
    known.steps = there;
    if must_sign_in && there < LASTING {
        // What was just done is what the writer had before it.
        known.steps = LASTING;
        known.cookies.insert(LASTING, cookie.clone());
    }
    ((cookie, view), was_absent)
}
