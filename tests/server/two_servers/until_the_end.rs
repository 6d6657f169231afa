//! A session and its JWT are busy at both servers until the session ends at one of them.

use std::{
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
    thread,
};

use serde_json::json;

use crate::two_servers::{
    ends::{End, KEEP, assert_nothing_was_written_after},
    operations::{OPERATIONS, Scene},
    pair::{Call, Over, Pair, code},
};

const WRITERS: usize = 8;
const ROUNDS: usize = 4;

/// Changes the account until it is refused, and gives what it is told then.
fn write(pair: &Pair, writer: usize, scene: &Scene, written: &AtomicUsize, ended: &AtomicBool) -> String {
    for round in 0.. {
        let call = match round % 2 {
            0 => Call::new("PATCH /v1/account/name").json(&json!({ "name": format!("{writer}-{round}") })),
            _ => Call::new("PATCH /v1/account/prefs").json(&json!({ "prefs": { "round": round } })),
        };
        // Two cookies and two JWTs at each server.
        let call = match writer % 4 < 2 {
            true => call.by(&scene.person.cookie),
            false => call.header("X-Appwrite-JWT", &scene.jwt),
        };
        let is_late = ended.load(Ordering::SeqCst);
        let reply = pair.ask(writer, &call);
        if reply.status != 200 {
            assert_eq!(reply.status, 401, "{}", reply.body);
            return code(&reply);
        }
        assert!(!is_late, "it was begun after the end was acknowledged");
        written.fetch_add(1, Ordering::SeqCst);
    }
    unreachable!("sessions end")
}

#[test]
fn nothing_begins_at_either_server_once_the_end_of_its_session_is_acknowledged() {
    let Some(pair) = Pair::start("busy") else { return };
    pair.sql(KEEP);
    let ends = [End::SignOut, End::SignOutOfItself, End::SignOutEverywhere, End::Block, End::ChangePassword];
    let mut all = Vec::new();
    for (number, end) in (0..ROUNDS).flat_map(|_| ends).enumerate() {
        let scene = Scene::new(&pair, OPERATIONS[0], number);
        let (written, ended) = (AtomicUsize::new(0), AtomicBool::new(false));
        thread::scope(|scope| {
            let (pair, scene, written, ended) = (&pair, &scene, &written, &ended);
            let writers: Vec<_> = (0..WRITERS)
                .map(|writer| scope.spawn(move || write(pair, writer, scene, written, ended)))
                .collect();
            while written.load(Ordering::SeqCst) < 10 + number && !writers.iter().any(|w| w.is_finished()) {
                thread::yield_now();
            }
            let over = Over(ended);
            let reply = pair.ask(number, &end.call(scene));
            drop(over);
            assert!(reply.status < 300, "{end:?}: {}", reply.body);
            for writer in writers {
                assert_eq!(writer.join().unwrap(), end.refusal(), "{end:?}");
            }
        });
        all.push((scene.person.id, scene.session));
    }
    assert_nothing_was_written_after(&pair, &all);
}
