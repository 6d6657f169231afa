//! A session ends at one server while what it began is under way at the other: nothing that it
//! began is written after its end.
//!
//! The database keeps every state of an account in the order in which they were committed. In each
//! race the state without the session is the last one, whatever was answered to whom.

use std::{
    hint::spin_loop,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

use serde_json::json;

use crate::support::server_process::client::Reply;
use crate::two_servers::{
    operations::{OPERATIONS, Operation, Scene},
    pair::{Call, Pair, code},
    people::PASSWORD,
    provider,
};

/// How many races are run side by side.
const TRACKS: usize = 4;

/// Has the database keep every state that is committed.
pub(crate) const KEEP: &str = "
    CREATE TABLE states (n BIGSERIAL PRIMARY KEY, account TEXT NOT NULL, body TEXT NOT NULL);
    CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        INSERT INTO states (account, body) SELECT id, body FROM account_bodies WHERE id = NEW.id;
        RETURN NULL;
    END $$;
    CREATE TRIGGER keep AFTER INSERT OR UPDATE ON accounts FOR EACH ROW EXECUTE FUNCTION keep();";

/// What ends the right of a session to act.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    SignOut,
    SignOutOfItself,
    SignOutEverywhere,
    Block,
    ChangePassword,
}

impl End {
    pub(crate) fn call(self, scene: &Scene) -> Call {
        let by_remote = |line: &str| scene.remote.call(line).body("{}".into());
        match self {
            Self::SignOut => by_remote(&format!("DELETE /v1/account/sessions/{}", scene.session)),
            Self::SignOutOfItself => {
                scene.person.call("DELETE /v1/account/sessions/current").body("{}".into())
            }
            Self::SignOutEverywhere => by_remote("DELETE /v1/account/sessions"),
            Self::Block => by_remote("PATCH /v1/account/status"),
            Self::ChangePassword => scene
                .remote
                .call("PATCH /v1/account/password")
                .json(&json!({ "password": "third-Cobalt-stork", "oldPassword": PASSWORD })),
        }
    }

    /// What the session is told from then on.
    pub(crate) fn refusal(self) -> &'static str {
        if self == Self::Block { "user_blocked" } else { "general_unauthorized_scope" }
    }
}

/// How many operations were done before the end, and how many were refused for it.
#[derive(Debug, Default)]
struct Score {
    done: AtomicUsize,
    refused: AtomicUsize,
    /// How often the operation had ended the session that was to end it.
    missed: AtomicUsize,
}

/// One race; gives the account and the session if this came to its end.
fn race(pair: &Pair, number: usize, row: (Operation, End, bool), score: &Score) -> Option<(String, String)> {
    let (operation, end, by_jwt) = row;
    // Who goes first, and at which server, changes with the end.
    let turn = number + end as usize;
    let what = format!("{}, by JWT: {by_jwt}, {end:?}", operation.line);
    let scene = Scene::new(pair, operation, number);
    let call = scene.call(operation, by_jwt);
    let (mut began, mut ends) = (pair.hold(turn, &call), pair.hold(turn + 1, &end.call(&scene)));
    // A password takes its time.
    let pause = turn * 7919 % if end == End::ChangePassword { 1_000_000 } else { 30_000 };
    let wait = || (0..pause).for_each(|_| spin_loop());
    let (outcome, ended) = match turn % 3 {
        0 => {
            began.release();
            wait();
            ends.release();
            (began.reply(), ends.reply())
        }
        1 => {
            ends.release();
            wait();
            began.release();
            (began.reply(), ends.reply())
        }
        _ => {
            ends.release();
            let ended = ends.reply();
            began.release();
            let outcome = began.reply();
            assert!(outcome.status >= 300, "{what}: it was done after the end was acknowledged");
            (outcome, ended)
        }
    };
    if ended.status >= 300 {
        assert!(outcome.status < 300, "{what}: {} {}", outcome.body, ended.body);
        let told = ["general_unauthorized_scope", "user_blocked", "user_session_not_found"];
        assert!(told.contains(&code(&ended).as_str()), "{what}: {}", ended.body);
        score.missed.fetch_add(1, Ordering::Relaxed);
        return None;
    }
    if outcome.status < 300 {
        score.done.fetch_add(1, Ordering::Relaxed);
    } else {
        assert_refused(&what, &outcome, operation, end);
        score.refused.fetch_add(1, Ordering::Relaxed);
    }
    for server in 0..2 {
        assert_refused(&what, &pair.ask(server, &call), operation, end);
    }
    // What comes after an end by the operation itself is the end that it was raced with.
    let is_over = operation.ends_itself() && outcome.status < 300;
    (!is_over).then_some((scene.person.id, scene.session))
}

fn assert_refused(what: &str, reply: &Reply, operation: Operation, end: End) {
    let told = code(reply);
    let is_told = told == end.refusal()
        || (operation.ends_itself() && told == "general_unauthorized_scope")
        || (operation.is_for_guests_too() && told == "user_invalid_token");
    assert!(reply.status == 401 && is_told, "{what}: {} {}", reply.status, reply.body);
}

/// Fails unless each of these sessions was there, went, and its account was not written after that.
pub(crate) fn assert_nothing_was_written_after(pair: &Pair, ended: &[(String, String)]) {
    let rows: Vec<_> = ended.iter().map(|(account, session)| format!("('{account}','{session}')")).collect();
    let sql = format!(
        "WITH ended (account, session) AS (VALUES {}),
        seen AS (SELECT account, n, strpos(body, session) > 0 AND strpos(body, '\"blocked\":true') = 0 AS acts
            FROM states JOIN ended USING (account)),
        begins AS (SELECT account, min(n) AS n FROM seen WHERE acts GROUP BY account),
        ends AS (SELECT account, min(seen.n) AS n FROM seen JOIN begins USING (account)
            WHERE NOT acts AND seen.n > begins.n GROUP BY account)
        SELECT (SELECT count(*) FROM ends),
            (SELECT count(*) FROM seen JOIN ends USING (account) WHERE seen.n > ends.n)",
        rows.join(",")
    );
    assert_eq!(pair.sql(&sql), format!("{}|0", ended.len()));
}

/// Races every operation with this end.
fn race_all(name: &str, end: End, by_jwt: bool) {
    let Some(pair) = provider::pair(name) else { return };
    pair.sql(KEEP);
    let rows = OPERATIONS.into_iter().filter(|operation| !by_jwt || operation.takes_a_jwt());
    let rows: Vec<_> = rows.map(|operation| (operation, end, by_jwt)).collect();
    let (pair, rows, score) = (&pair, &rows, &Score::default());
    let ended: Vec<(String, String)> = thread::scope(|scope| {
        let tracks: Vec<_> = (0..TRACKS)
            .map(|track| {
                let own = rows.iter().enumerate().skip(track).step_by(TRACKS);
                let race = move |(number, row): (usize, &_)| race(pair, number, *row, score);
                scope.spawn(move || own.filter_map(race).collect::<Vec<_>>())
            })
            .collect();
        tracks.into_iter().flat_map(|track| track.join().unwrap()).collect()
    });
    assert_nothing_was_written_after(pair, &ended);
    println!("{name} | {} races | {score:?}", rows.len());
    assert!(score.done.load(Ordering::Relaxed) > 0 && score.refused.load(Ordering::Relaxed) > 0, "{score:?}");
}

#[test]
fn what_a_session_began_does_not_outlive_its_sign_out_at_the_other_server() {
    race_all("sign-out", End::SignOut, false);
}

#[test]
fn what_a_session_began_does_not_outlive_its_own_sign_out_at_the_other_server() {
    race_all("own-sign-out", End::SignOutOfItself, false);
}

#[test]
fn what_a_session_began_does_not_outlive_a_sign_out_everywhere_at_the_other_server() {
    race_all("sign-out-everywhere", End::SignOutEverywhere, false);
}

#[test]
fn what_a_session_began_does_not_outlive_a_block_at_the_other_server() {
    race_all("block", End::Block, false);
}

#[test]
fn what_a_session_began_does_not_outlive_a_change_of_password_at_the_other_server() {
    race_all("password", End::ChangePassword, false);
}

#[test]
fn what_a_jwt_began_does_not_outlive_its_session_at_the_other_server() {
    race_all("jwt", End::SignOut, true);
}
