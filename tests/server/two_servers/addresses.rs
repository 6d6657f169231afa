//! What only one of two accounts can have: a device, an address, a number.

use serde_json::json;

use crate::support::server_process::client::Reply;
use crate::two_servers::{
    pair::{Call, Pair, code, must},
    people::*,
};

fn both(pair: &Pair) -> [Person; 2] {
    [Person::new(pair, 0, "ada"), Person::new(pair, 1, "bob")]
}

/// Which of two who claimed the same won; the other was told that it is taken.
fn winner(replies: &[Reply], won: u16) -> usize {
    let winners: Vec<usize> = (0..2).filter(|number| replies[*number].status == won).collect();
    assert_eq!(winners.len(), 1, "{replies:?}");
    let lost = &replies[1 - winners[0]];
    assert_eq!((lost.status, code(lost).as_str()), (409, "user_target_already_exists"));
    winners[0]
}

#[test]
fn a_device_goes_to_one_of_two_accounts_that_claim_it() {
    let Some(pair) = Pair::start("devices") else { return };
    let both = both(&pair);
    // The accounts take turns at the servers.
    let claim = |number: usize| {
        let device = json!({ "targetId": "unique()", "identifier": format!("device {}", number / 2) });
        both[(number + number / 2) % 2].call("POST /v1/account/targets/push").json(&device)
    };
    let replies = pair.concurrently(&(0..64).map(claim).collect::<Vec<Call>>());
    for claimed in replies.chunks(2) {
        winner(claimed, 201);
    }
    let held: usize = both
        .iter()
        .map(|person| {
            let account = must(pair.ask(0, &person.call("GET /v1/account")), 200).json();
            account["targets"].as_array().unwrap().len() - 1
        })
        .sum();
    assert_eq!(held, 32);
}

/// Both accounts claim the same again and again, each time something new.
fn claim(name: &str, path: &str, part: &str, new: impl Fn(usize) -> String) {
    let Some(pair) = Pair::start(name) else { return };
    let both = both(&pair);
    let mut has = both.clone().map(|person| if part == "email" { person.email } else { person.phone });
    for round in 0..12 {
        let wanted = new(round);
        let calls = [0, 1].map(|number| {
            let body = json!({ part: wanted, "password": PASSWORD });
            both[(number + round) % 2].call(&format!("PATCH {path}")).json(&body)
        });
        let winner = (winner(&pair.hash_at_once(&calls), 200) + round) % 2;
        has[winner] = wanted;
        for (person, has) in both.iter().zip(&has) {
            let account = must(pair.ask(round, &person.call("GET /v1/account")), 200).json();
            assert_eq!(account[part].as_str(), Some(has.as_str()), "round {round}: {}", person.id);
        }
        let key = format!("SELECT count(*) FROM account_keys WHERE key LIKE '%{}'", has[winner]);
        assert_eq!(pair.sql(&key), "1");
    }
    let kept = has.iter().filter(|has| !has.is_empty()).count();
    let keys: usize = pair.sql("SELECT count(*) FROM account_keys").parse().unwrap();
    assert_eq!(keys, if part == "email" { 2 } else { 2 + kept }, "nothing that was left is held");
}

#[test]
fn an_address_goes_to_one_of_two_accounts_that_change_to_it() {
    claim("addresses", "/v1/account/email", "email", |round| format!("new{round}@example.com"));
}

#[test]
fn a_number_goes_to_one_of_two_accounts_that_change_to_it() {
    claim("numbers", "/v1/account/phone", "phone", |round| format!("+1617555{round:04}"));
}
