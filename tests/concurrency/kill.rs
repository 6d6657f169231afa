//! The process that writes is killed at random moments. Whatever it had acknowledged is there, and
//! nothing is half there.

use std::{
    collections::HashMap,
    io::{BufRead as _, BufReader, Write as _},
    path::Path,
    process::Stdio,
};

use account::{
    AccountService, DeviceToken, Error, NewPushTarget, SignUp, SqliteStore,
    model::{ClientInfo, CustomId, Email, PageQuery},
    ports::{Parts, Select, Store},
};
use rusqlite::Connection;

use crate::support::{
    alone::this_program,
    campaign,
    durable::{PASSWORD, open},
    tempdir::TempDir,
};

const WRITERS: usize = 8;
const STEPS: u64 = 14;

/// The file and a prefix for the names of accounts, for the process that is to be killed.
const FILE: &str = "ACCOUNT_TEST_KILL_FILE";
const ROUND: &str = "ACCOUNT_TEST_KILL_ROUND";

/// What an account looks like after so many steps, each of which is one change and one entry in the
/// log.
///
/// 1 signs up, 2 signs in; from 3 on they take turns: a new name, new preferences, one more push
/// target.
#[derive(Debug, PartialEq)]
struct Shape {
    name: u64,
    preferences: u64,
    keys: u64,
    sessions: i64,
}

impl Shape {
    fn after(steps: u64) -> Self {
        let last = |turn: u64| (3..=steps).rev().find(|step| step % 3 == turn).unwrap_or(0);
        // The id, the mailbox, and of each target its id and its token.
        let keys = 2 + 2 * (3..=steps).filter(|step| step % 3 == 2).count() as u64;
        Self { name: last(0), preferences: last(1), keys, sessions: i64::from(steps >= 2) }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_process_to_be_killed() {
    let (Some(file), Ok(round)) = (std::env::var_os(FILE), std::env::var(ROUND)) else { return };
    let service = open(Path::new(&file));
    // So that no line begins with what the test harness has printed.
    acknowledge("", 0);
    let writers = (0..WRITERS).map(|writer| {
        let (service, round) = (service.clone(), round.clone());
        tokio::spawn(async move {
            for number in 0.. {
                write(&service, &format!("r{round}-w{writer}-{number}")).await.unwrap();
            }
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.unwrap();
    }
}

async fn write(service: &AccountService<SqliteStore>, name: &str) -> Result<(), Error> {
    let client = ClientInfo::default();
    let email: Email = format!("{name}@example.com").parse()?;
    let mut request = SignUp::new(email.clone(), PASSWORD.parse()?);
    request.user_id = CustomId::Given(name.parse()?);
    service.sign_up(request, &client).await?;
    acknowledge(name, 1);
    let secret = service.sign_in_with_password(email, PASSWORD.parse()?, &client).await?.secret;
    acknowledge(name, 2);
    for step in 3..=STEPS {
        let caller = service.caller(&secret).await?;
        match step % 3 {
            0 => drop(service.change_name(&caller, step.to_string().parse()?).await?),
            1 => {
                let preferences = format!(r#"{{"step":{step}}}"#).parse()?;
                drop(service.replace_preferences(&caller, preferences).await?);
            }
            _ => {
                let token: DeviceToken = format!("{name}-{step}").parse()?;
                drop(service.add_push_target(&caller, NewPushTarget::new(token)).await?);
            }
        }
        acknowledge(name, step);
    }
    Ok(())
}

fn acknowledge(account: &str, steps: u64) {
    // One write call, so that a line arrives whole or without its end.
    let line = format!("\nack {account} {steps} .\n");
    let mut out = std::io::stdout().lock();
    out.write_all(line.as_bytes()).and_then(|()| out.flush()).unwrap();
}

#[tokio::test]
async fn no_acknowledged_write_is_lost_and_none_is_half_done_when_the_process_is_killed() {
    let directory = TempDir::new();
    let mut random = 0x9e37_79b9_7f4a_7c15_u64;
    let mut journal = HashMap::new();
    let mut path = directory.file("0.db");
    for round in 0..campaign("ACCOUNT_KILLS", 25) {
        if round % 20 == 0 {
            journal.clear();
            path = directory.file(&format!("{round}.db"));
        }
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        run_and_kill(&path, round, random, &mut journal);
        check(&path, &journal).await;
    }
}

/// Lets the writers acknowledge some steps and a moment pass, kills them, and notes everything that
/// they acknowledged.
fn run_and_kill(path: &Path, round: u64, random: u64, journal: &mut HashMap<String, u64>) {
    let mut child = this_program(concat!(module_path!(), "::the_process_to_be_killed"))
        .env(FILE, path)
        .env(ROUND, round.to_string())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    let mut note = |line: &str| match line.split(' ').collect::<Vec<_>>().as_slice() {
        ["ack", account, steps, "."] => {
            journal.insert((*account).to_owned(), steps.parse().unwrap());
            true
        }
        _ => false,
    };
    let mut left = random % 250;
    while left > 0 {
        let line = lines.next().expect("the writers go on until they are killed");
        left -= u64::from(note(&line));
    }
    for _ in 0..(random >> 32) % 300_000 {
        std::hint::spin_loop();
    }
    child.kill().unwrap();
    lines.for_each(|line| {
        note(&line);
    });
    child.wait().unwrap();
    journal.remove("");
}

async fn check(path: &Path, journal: &HashMap<String, u64>) {
    // Opening brings back what the log holds.
    let store = SqliteStore::open(path).unwrap();
    let connection = Connection::open(path).unwrap();
    let verdict: String = connection.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(verdict, "ok");
    assert!(!connection.prepare("PRAGMA foreign_key_check").unwrap().exists([]).unwrap());

    let page = PageQuery::parse(&[""; 0], 1).unwrap();
    let (mut found, mut keys) = (0, 0);
    let all = store.list(Select::After(None), u32::MAX).await.unwrap();
    for listed in &all {
        let account = &listed.found.as_ref().unwrap().account;
        let steps = store.events(account.id(), page).await.unwrap().total;
        let acknowledged = journal.get(account.id().as_str()).copied().unwrap_or(0);
        found += usize::from(acknowledged > 0);
        assert!(
            (acknowledged..=acknowledged + 1).contains(&steps),
            "{}: {acknowledged} acknowledged, {steps} there",
            account.id()
        );
        let shape = Shape {
            name: account.name().as_str().parse().unwrap_or(0),
            preferences: preferences(&connection, account.id().as_str()),
            keys: account.keys().len() as u64,
            sessions: sessions(&connection, account.id().as_str()),
        };
        assert_eq!(shape, Shape::after(steps), "{} after {steps} steps", account.id());
        for key in account.keys() {
            let holder = store.load(&key, Parts::Whole).await.unwrap().unwrap();
            assert_eq!(holder.account.id(), account.id());
        }
        // The id is no row of its own.
        keys += account.keys().len() as i64 - 1;
    }
    assert_eq!(found, journal.len(), "every acknowledged account is there");
    let count = |sql: &str| -> i64 { connection.query_row(sql, [], |row| row.get(0)).unwrap() };
    assert_eq!(count("SELECT count(*) FROM account_keys"), keys, "no key is left without its account");
    assert_eq!(count("SELECT count(*) FROM account_bodies"), all.len() as i64);
    assert_eq!(
        count("SELECT count(*) FROM account_events WHERE account NOT IN (SELECT id FROM accounts)"),
        0
    );
}

fn preferences(connection: &Connection, id: &str) -> u64 {
    let sql = "SELECT json_extract(json_extract(attachment, '$.preferences'), '$.step') FROM account_attachments WHERE id=?1";
    connection.prepare_cached(sql).unwrap().query_row([id], |row| row.get::<_, u32>(0)).map_or(0, u64::from)
}

fn sessions(connection: &Connection, id: &str) -> i64 {
    let sql = "SELECT count(*) FROM account_sessions WHERE account=?1";
    connection.prepare_cached(sql).unwrap().query_row([id], |row| row.get(0)).unwrap()
}
