//! Wrong guesses at both servers: counted together, to the last one.

use serde_json::json;

use crate::two_servers::{
    codes::CODES,
    pair::{Call, Pair, code, must},
    people::*,
};

fn guess(pair: &Pair, person: &Person, guesses: usize) {
    let calls: Vec<Call> = (0..guesses).map(|_| sign_in(&person.email, "no such password")).collect();
    for reply in pair.hash_at_once(&calls) {
        assert_eq!((reply.status, code(&reply).as_str()), (401, "user_invalid_credentials"));
    }
}

#[test]
fn the_hundredth_wrong_password_locks_whichever_server_took_it() {
    let Some(pair) = Pair::start("passwords") else { return };
    let ada = Person::new(&pair, 0, "ada");
    guess(&pair, &ada, 64);
    assert_eq!(ada.stored(&pair, "failures,run"), "64");
    guess(&pair, &ada, 35);
    assert_eq!(ada.stored(&pair, "failures,run"), "99");
    assert_eq!(ada.logged(&pair, "session.refuse"), 2, "the first and the tenth");
    must(pair.ask(1, &sign_in(&ada.email, PASSWORD)), 201);
    assert_eq!(ada.stored(&pair, "failures,run"), "0", "a success begins the count anew");

    // Twenty more than the lock lets through.
    guess(&pair, &ada, 64);
    guess(&pair, &ada, 56);
    let failures = ["failures,run", "failures,locks"].map(|part| ada.stored(&pair, part));
    assert_eq!(failures, ["0", "1"], "exactly one lock's worth");
    assert_eq!(ada.logged(&pair, "session.refuse"), 2 + 3, "the lock is in the log once");
    for server in 0..2 {
        let refused = pair.ask(server, &sign_in(&ada.email, PASSWORD));
        assert_eq!((refused.status, code(&refused).as_str()), (401, "user_invalid_credentials"));
        must(pair.ask(server, &ada.call("GET /v1/account")), 200);
    }
    assert_eq!(ada.logged(&pair, "session.refuse"), 5, "a locked account's guess writes nothing");
}

#[test]
fn a_code_takes_five_guesses_at_both_servers_together() {
    let Some(pair) = Pair::start("codes") else { return };
    let cases = CODES.into_iter().flat_map(|kind| [(kind, 4, true), (kind, 64, false)]);
    for (number, (kind, guesses, is_alive)) in cases.enumerate() {
        let sent = kind.send(&pair, number);
        let wrong = (sent.digits.parse::<u32>().unwrap() + 1) % 1_000_000;
        let calls = vec![sent.redeem(&format!("{wrong:06}")); guesses];
        for reply in pair.concurrently(&calls) {
            assert_eq!((reply.status, code(&reply).as_str()), (401, "user_invalid_token"), "{kind:?}");
        }
        for server in 0..2 {
            let reply = pair.ask(server, &sent.redeem(&sent.digits));
            let opens = is_alive && server == 0;
            assert_eq!(reply.status < 300, opens, "{kind:?} after {guesses}: {}", reply.body);
            assert!(opens || code(&reply) == "user_invalid_token", "{kind:?}: {}", reply.body);
        }
    }
}

/// Whatever the order, one of these holds: the right guess was among the first five, or it opened
/// nothing and opens nothing any more.
#[test]
fn among_sixty_four_guesses_at_once_a_right_one_opens_once_at_the_most() {
    let Some(pair) = Pair::start("bursts") else { return };
    for (number, kind) in CODES.into_iter().enumerate() {
        let sent = kind.send(&pair, number);
        let guess =
            |place: usize| if place == 13 * number { sent.digits.clone() } else { format!("{place:05}x") };
        let calls: Vec<Call> = (0..64).map(|place| sent.redeem(&guess(place))).collect();
        let right = pair.concurrently(&calls).iter().filter(|reply| reply.status < 300).count();
        assert!(right <= 1, "{kind:?}");
        for server in 0..2 {
            let reply = pair.ask(server, &sent.redeem(&sent.digits));
            assert_eq!((reply.status, code(&reply).as_str()), (401, "user_invalid_token"), "{kind:?}");
        }
    }
}

#[test]
fn wrong_passwords_are_counted_together_over_all_doors() {
    let Some(pair) = Pair::start("doors") else { return };
    let ada = Person::new(&pair, 0, "ada");
    let wrong = "no such password";
    let calls: Vec<Call> = (0..64)
        .map(|number| match number / 2 % 4 {
            0 => sign_in(&ada.email, wrong),
            1 => ada
                .call("PATCH /v1/account/password")
                .json(&json!({ "password": NEW_PASSWORD, "oldPassword": wrong })),
            2 => ada
                .call("PATCH /v1/account/email")
                .json(&json!({ "email": "new@example.com", "password": wrong })),
            _ => ada
                .call("PATCH /v1/account/phone")
                .json(&json!({ "phone": "+16175551212", "password": wrong })),
        })
        .collect();
    for reply in pair.hash_at_once(&calls) {
        assert_eq!((reply.status, code(&reply).as_str()), (401, "user_invalid_credentials"));
    }
    assert_eq!(ada.stored(&pair, "failures,run"), "64");
}
