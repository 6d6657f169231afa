//! Of 64 who redeem one secret at the two servers at once, one succeeds, and the others are told no
//! more than that it is none.
//!
//! `ACCOUNT_RACE_TOKENS` says how many secrets of each kind are raced for.

use std::time::Instant;

use account::{
    model::Timestamp,
    ports::{Clock as _, SystemClock},
    testing::totp,
};
use serde_json::json;

use crate::support::campaign;
use crate::two_servers::{
    codes::{CODES, Code, answer},
    pair::{Call, Pair, code, must},
    people::*,
};

const REDEEMERS: usize = 64;
/// As many as an account can have beside that of its owner.
const SESSIONS: usize = 9;

#[derive(Debug, Clone, Copy)]
enum Prize {
    Code(Code),
    MagicUrl,
    Recovery,
    EmailVerification,
    /// Good once for every session of the account, as is a step of an app.
    RecoveryCode,
    AppStep,
}

#[test]
fn one_of_sixty_four_redeems_a_secret_at_either_server() {
    let Some(pair) = Pair::start("one-winner") else { return };
    let tokens = campaign("ACCOUNT_RACE_TOKENS", 2) as usize;
    let others =
        [Prize::MagicUrl, Prize::Recovery, Prize::EmailVerification, Prize::RecoveryCode, Prize::AppStep];
    for prize in CODES.map(Prize::Code).into_iter().chain(others) {
        #[expect(clippy::disallowed_methods, reason = "the figures of a race are told in real time")]
        let began = Instant::now();
        for number in 0..tokens {
            prize.race(&pair, number);
        }
        println!("two servers | {prize:?} | {tokens} | {:.1} s", began.elapsed().as_secs_f64());
    }
}

impl Prize {
    fn race(self, pair: &Pair, number: usize) {
        let doors = self.set(pair, number);
        // Two in turn get the same, so that both servers are asked for it.
        let calls: Vec<Call> = (0..REDEEMERS).map(|place| doors[place / 2 % doors.len()].clone()).collect();
        let (won, lost): (Vec<_>, Vec<_>) =
            pair.hash_at_once(&calls).into_iter().partition(|reply| reply.status < 300);
        assert_eq!((won.len(), lost.len()), (1, REDEEMERS - 1), "{self:?}");
        let again = doors.iter().flat_map(|door| [0, 1].map(|server| pair.ask(server, door)));
        for reply in lost.into_iter().chain(again) {
            assert_eq!((reply.status, code(&reply).as_str()), (401, "user_invalid_token"), "{self:?}");
        }
    }

    /// Has one server or the other make a secret, and gives the requests that would redeem it: one,
    /// or one for each session.
    fn set(self, pair: &Pair, number: usize) -> Vec<Call> {
        if let Self::Code(kind) = self {
            let sent = kind.send(pair, number);
            return vec![sent.redeem(&sent.digits)];
        }
        let person = Person::new(pair, number, &format!("{self:?}-{number}").to_lowercase());
        let (email, id) = (&person.email, &person.id);
        let link = |line: &str, body| {
            must(pair.ask(number, &Call::new(line).json(&body)), 201);
            secret_in(&pair.sent(number, email))
        };
        match self {
            Self::Code(_) => Vec::new(),
            Self::MagicUrl => {
                let body = json!({ "userId": id, "email": email, "url": PAGE });
                let secret = link("POST /v1/account/tokens/magic-url", body);
                let body = json!({ "userId": id, "secret": secret });
                vec![Call::new("PUT /v1/account/sessions/magic-url").json(&body)]
            }
            Self::Recovery => {
                let secret = link("POST /v1/account/recovery", json!({ "email": email, "url": PAGE }));
                let body = json!({ "userId": id, "secret": secret, "password": NEW_PASSWORD });
                vec![Call::new("PUT /v1/account/recovery").json(&body)]
            }
            Self::EmailVerification => {
                let body = json!({ "userId": id, "secret": person.mailed_proof(pair, number) });
                vec![Call::new("PUT /v1/account/verification").json(&body)]
            }
            Self::RecoveryCode => {
                let codes = person.call("POST /v1/account/mfa/recovery-codes").body("{}".into());
                let codes = must(pair.ask(number, &codes), 201).json();
                person.answers(pair, number, "recoveryCode", codes["recoveryCodes"][0].as_str().unwrap())
            }
            Self::AppStep => {
                let path = "/v1/account/mfa/authenticators/totp";
                let app = person.call(&format!("POST {path}")).body("{}".into());
                let seed = must(pair.ask(number, &app), 200).json()["secret"].as_str().unwrap().to_owned();
                let now = SystemClock::default().now();
                let confirm = person.call(&format!("PUT {path}")).json(&json!({ "otp": totp(&seed, now) }));
                must(pair.ask(number + 1, &confirm), 200);
                // The next step is good already, so no one waits for it.
                let next = Timestamp::from_millis(now.as_millis() + 30_000);
                person.answers(pair, number, "totp", &totp(&seed, next))
            }
        }
    }
}

impl Person {
    /// The same answer to a challenge of each session.
    fn answers(&self, pair: &Pair, number: usize, factor: &str, otp: &str) -> Vec<Call> {
        self.ask_for_two_factors(pair, number);
        (0..SESSIONS).map(|session| answer(&self.challenge(pair, number + session, factor), otp)).collect()
    }
}
