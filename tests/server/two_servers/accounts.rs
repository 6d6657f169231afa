//! One account under many hands: its making, its sessions and its parts.

use std::{
    collections::BTreeSet,
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
};

use serde_json::json;

use crate::two_servers::{
    pair::{Call, Over, Pair, code, is_busy, must},
    people::*,
};

/// The session limit of the server.
const MAX_SESSIONS: u64 = 10;

/// Has the database note how many sessions each state of an account has that is ever committed.
const WATCH: &str = "
    CREATE TABLE watched (sessions BIGINT NOT NULL);
    CREATE FUNCTION watch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        INSERT INTO watched SELECT count(*) FROM account_sessions WHERE account = NEW.id;
        RETURN NULL;
    END $$;
    CREATE TRIGGER watch AFTER INSERT OR UPDATE ON accounts FOR EACH ROW EXECUTE FUNCTION watch();";

#[test]
fn one_email_makes_one_account_however_it_is_spelt() {
    let Some(pair) = Pair::start("one-email") else { return };
    let spell = |number: usize| -> String {
        let flip = |(at, letter): (usize, char)| match at < 4 && number >> at & 1 == 1 {
            true => letter.to_ascii_uppercase(),
            false => letter,
        };
        "adal@example.com".chars().enumerate().map(flip).collect()
    };
    // Each spelling reaches both servers.
    let calls: Vec<Call> = (0..64).map(|number| sign_up("unique()", &spell(number / 2 % 16))).collect();
    let (made, refused): (Vec<_>, Vec<_>) =
        pair.hash_at_once(&calls).into_iter().partition(|reply| reply.status == 201);
    assert_eq!((made.len(), refused.len()), (1, 63));
    for reply in refused {
        assert_eq!((reply.status, code(&reply).as_str()), (409, "user_already_exists"));
    }
    assert_eq!(pair.sql("SELECT count(*) FROM accounts"), "1");
}

#[test]
fn no_reader_ever_sees_more_sessions_than_the_limit() {
    let Some(pair) = Pair::start("sessions") else { return };
    let ada = Person::new(&pair, 0, "ada");
    pair.sql(WATCH);
    let (newest, done, seen) = (Mutex::new(ada.cookie.clone()), AtomicBool::new(false), AtomicUsize::new(0));
    let list = |server: usize| {
        let cookie = newest.lock().unwrap().clone();
        // A session that newer ones have ended meanwhile sees nothing.
        let reply = pair.ask(server, &Call::new("GET /v1/account/sessions").by(&cookie));
        (reply.status == 200).then(|| reply.json()["total"].as_u64().unwrap())
    };
    let replies = thread::scope(|scope| {
        for server in 0..2 {
            let (list, done, seen) = (&list, &done, &seen);
            scope.spawn(move || {
                while !done.load(Ordering::SeqCst) {
                    let total = list(server);
                    assert!(total.is_none_or(|total| total <= MAX_SESSIONS));
                    seen.fetch_add(usize::from(total.is_some()), Ordering::SeqCst);
                }
            });
        }
        let _over = Over(&done);
        let mut held: Vec<_> =
            (0..64).map(|number| pair.hold(number, &sign_in(&ada.email, PASSWORD))).collect();
        held.iter_mut().for_each(|held| held.release());
        let mut replies = Vec::new();
        for (number, held) in held.into_iter().enumerate() {
            let mut reply = held.reply();
            if is_busy(&reply) {
                // Too many waited for their hash.
                reply = pair.ask(number, &sign_in(&ada.email, PASSWORD));
            }
            if reply.status == 201 {
                *newest.lock().unwrap() = session_cookie(&reply);
            }
            replies.push(reply);
        }
        replies
    });
    assert_ne!(seen.into_inner(), 0, "somebody looked");
    for reply in replies {
        must(reply, 201);
    }
    assert_eq!(ada.logged(&pair, "session.create"), 65);
    assert_eq!(pair.sql("SELECT max(sessions) FROM watched"), MAX_SESSIONS.to_string());
    assert_eq!(pair.sql("SELECT count(*) FROM watched"), "64", "each sign-in is one change");
    *newest.lock().unwrap() = signed_in(&pair, 0, &ada.email);
    assert_eq!([0, 1].map(list), [Some(MAX_SESSIONS); 2]);
}

#[test]
fn parallel_changes_of_one_account_are_all_kept() {
    let Some(pair) = Pair::start("changes") else { return };
    let ada = Person::new(&pair, 0, "ada");
    // With the one that is there as many sessions as there can be.
    let calls: Vec<Call> = (0..64)
        .map(|number| match number % 7 {
            0 if number > 0 => sign_in(&ada.email, PASSWORD),
            1 | 2 => ada.call("PATCH /v1/account/name").json(&json!({ "name": format!("Ada {number}") })),
            3 | 4 => ada.call("PATCH /v1/account/prefs").json(&json!({ "prefs": { "n": number } })),
            _ => ada
                .call("POST /v1/account/targets/push")
                .json(&json!({ "targetId": format!("t{number}"), "identifier": format!("device {number}") })),
        })
        .collect();
    let replies = pair.concurrently(&calls);
    for (number, reply) in replies.iter().enumerate() {
        assert!(matches!(reply.status, 200 | 201), "{number}: {}", reply.body);
    }
    for server in 0..2 {
        let see = |line: &str| must(pair.ask(server, &ada.call(line)), 200).json();
        let account = see("GET /v1/account");
        let number: u64 = account["name"].as_str().unwrap().trim_start_matches("Ada ").parse().unwrap();
        assert!(matches!(number % 7, 1 | 2), "{number}");
        assert!(matches!(account["prefs"]["n"].as_u64().unwrap() % 7, 3 | 4), "{}", account["prefs"]);
        let targets = account["targets"].as_array().unwrap().iter();
        let devices: BTreeSet<&str> = targets.filter_map(|target| target["$id"].as_str()).collect();
        let expected: Vec<String> = (0..64)
            .filter(|n| *n == 0 || matches!(n % 7, 5 | 6))
            .map(|number| format!("t{number}"))
            .collect();
        assert!(expected.iter().all(|id| devices.contains(id.as_str())), "{devices:?}");
        assert_eq!(devices.len(), expected.len() + 1, "the address is the other target");
        assert_eq!(see("GET /v1/account/sessions")["total"], json!(MAX_SESSIONS));
    }
    let counts = ["user.update", "target.create", "session.create"].map(|kind| ada.logged(&pair, kind));
    assert_eq!(counts, [36, 19, 10], "each change is in the log once");
}
