//! Sign-ins by a provider that end at both servers at once.

use crate::support::server_process::client::Reply;
use crate::two_servers::{
    pair::{Call, Pair, must},
    people::{Person, session_cookie},
    provider::{self, Visit, has_succeeded, location, told},
};

const ROUNDS: usize = 8;

/// The one that came to its page; the other was told this.
fn winner(replies: Vec<Reply>, refusal: &str) -> Reply {
    let (mut won, lost): (Vec<_>, Vec<_>) = replies.into_iter().partition(has_succeeded);
    assert_eq!((won.len(), lost.len()), (1, 1));
    assert_eq!(told(&lost[0]), refusal);
    let kept =
        lost[0].head.lines().any(|line| line.to_lowercase().starts_with("set-cookie: a_session_default="));
    assert!(!kept, "{}", lost[0].head);
    won.remove(0)
}

fn total(pair: &Pair, server: usize, cookie: &str, list: &str) -> u64 {
    let call = Call::new(format!("GET /v1/account/{list}")).by(cookie);
    must(pair.ask(server, &call), 200).json()["total"].as_u64().unwrap()
}

#[test]
fn a_flow_that_ends_at_both_servers_at_once_ends_once() {
    let Some(pair) = provider::pair("flows") else { return };
    for round in 0..ROUNDS {
        // A new person first, then a known one.
        for known in [false, true] {
            let visit = Visit::begin(&pair, round, &format!("person-{round}"), None);
            let won = winner(pair.concurrently(&[visit.end(), visit.end()]), "user_oauth2_bad_request");
            let cookie = session_cookie(&won);
            for server in 0..2 {
                assert_eq!(total(&pair, server, &cookie, "sessions"), if known { 2 } else { 1 });
                assert_eq!(total(&pair, server, &cookie, "identities"), 1);
                let again = pair.ask(server, &visit.end());
                assert!(!has_succeeded(&again) && told(&again) == "user_oauth2_bad_request");
            }
        }
    }
    assert_eq!(pair.sql("SELECT count(*) FROM accounts"), ROUNDS.to_string());
}

#[test]
fn a_flow_with_a_token_that_ends_at_both_servers_at_once_gives_one_token_that_is_good_once() {
    let Some(pair) = provider::pair("token-flows") else { return };
    for round in 0..ROUNDS {
        let visit = Visit::begin_for_token(&pair, round, &format!("person-{round}"));
        let won = winner(pair.concurrently(&[visit.end(), visit.end()]), "user_oauth2_bad_request");
        let to = location(&won);
        let given = |name: &str| to.query_pairs().find(|(given, _)| given == name).unwrap().1.into_owned();
        let body = serde_json::json!({ "userId": given("userId"), "secret": given("secret") });
        let redeem = Call::new("POST /v1/account/sessions/token").json(&body);
        let (won, lost): (Vec<_>, Vec<_>) =
            pair.concurrently(&vec![redeem; 64]).into_iter().partition(|reply| reply.status == 201);
        assert_eq!((won.len(), lost.len()), (1, 63));
        assert!(lost.iter().all(|reply| crate::two_servers::pair::code(reply) == "user_invalid_token"));
        assert_eq!(total(&pair, round, &session_cookie(&won[0]), "sessions"), 1);
    }
}

#[test]
fn two_browsers_of_one_newcomer_come_to_one_account() {
    let Some(pair) = provider::pair("newcomers") else { return };
    for round in 0..ROUNDS {
        let name = format!("person-{round}");
        let visits = [0, 1].map(|server| Visit::begin(&pair, server, &name, None).end());
        let replies = pair.concurrently(&visits);
        for reply in &replies {
            assert!(has_succeeded(reply), "{}", told(reply));
            let cookie = session_cookie(reply);
            assert_eq!(total(&pair, round, &cookie, "sessions"), 2);
            assert_eq!(total(&pair, round, &cookie, "identities"), 1);
        }
    }
    assert_eq!(pair.sql("SELECT count(*) FROM accounts"), ROUNDS.to_string());
}

#[test]
fn an_identity_goes_to_one_of_two_accounts_that_link_it() {
    let Some(pair) = provider::pair("links") else { return };
    let mut both = [Person::new(&pair, 0, "ada"), Person::new(&pair, 1, "bob")];
    for round in 0..ROUNDS {
        let name = format!("person-{round}");
        let ends = [0, 1].map(|number| {
            let cookie = &both[(number + round) % 2].cookie;
            Visit::begin(&pair, number + 1, &name, Some(cookie)).end()
        });
        let replies = pair.concurrently(&ends);
        let won = replies.iter().position(has_succeeded).expect("somebody gets it");
        let reply = winner(replies, "user_already_exists");
        // A session of the provider takes the place of the one that began the flow.
        both[(won + round) % 2].cookie = session_cookie(&reply);
        let held: u64 = both.iter().map(|person| total(&pair, round, &person.cookie, "identities")).sum();
        assert_eq!(held, round as u64 + 1);
    }
    assert_eq!(pair.sql("SELECT count(*) FROM account_identities"), ROUNDS.to_string());
    assert_eq!(pair.sql("SELECT count(*) FROM accounts"), "2");
}
