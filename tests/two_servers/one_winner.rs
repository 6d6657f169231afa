//! Of 64 who redeem one secret at the two servers at once, one succeeds.
//!
//! `ACCOUNT_RACE_TOKENS` says how many secrets of each kind are raced for.

use std::time::Instant;

use account::{
    model::Timestamp,
    ports::{Clock as _, SystemClock},
    testing::totp,
};
use serde_json::{Value, json};

use super::pair::{PASSWORD, Pair, Request, address, one_of, sign_in};

const REDEEMERS: usize = 64;
/// As many as an account can have.
const SESSIONS: usize = 10;
const PAGE: &str = "http://localhost/page";
/// Whoever sets a password may find the hasher's queue full.
const BUSY: (u16, &str) = (503, "general_busy");
const NEW_PASSWORD: &str = "another-Cobalt-egret";

#[derive(Debug, Clone, Copy, PartialEq)]
enum Prize {
    EmailCode,
    PhoneCode,
    MagicUrl,
    Recovery,
    EmailVerification,
    PhoneVerification,
    ChallengeByEmail,
    ChallengeByPhone,
    RecoveryCode,
    AppStep,
}

const PRIZES: [Prize; 10] = [
    Prize::EmailCode,
    Prize::PhoneCode,
    Prize::MagicUrl,
    Prize::Recovery,
    Prize::EmailVerification,
    Prize::PhoneVerification,
    Prize::ChallengeByEmail,
    Prize::ChallengeByPhone,
    Prize::RecoveryCode,
    Prize::AppStep,
];

struct Person {
    id: String,
    email: String,
    phone: String,
    cookie: String,
}

#[test]
fn one_of_sixty_four_redeems_a_secret_on_either_server() {
    let Some(pair) = Pair::start("one-winner") else { return };
    let tokens = std::env::var("ACCOUNT_RACE_TOKENS").ok().and_then(|text| text.parse().ok()).unwrap_or(1);
    for (place, prize) in PRIZES.into_iter().enumerate() {
        let began = Instant::now();
        for number in 0..tokens {
            let person = Person::new(&pair, place, number);
            let doors = prize.set(&pair, &person);
            let requests: Vec<Request> = doors.iter().cycle().take(REDEEMERS).cloned().collect();
            one_of(&format!("{prize:?}"), pair.at_once(&requests), prize.refusals());
            for door in &doors {
                for server in &pair.servers {
                    assert_eq!(door.to(server).status, 401, "{prize:?}: it is spent");
                }
            }
        }
        pair.tell(&format!("{prize:?} | {tokens} secrets"), began);
    }
}

impl Prize {
    /// What the losers may be told. Whoever passes a challenge gets a new secret for the session, so the old one is refused before the code is.
    fn refusals(self) -> &'static [(u16, &'static str)] {
        match self {
            Self::ChallengeByEmail | Self::ChallengeByPhone | Self::RecoveryCode | Self::AppStep => {
                &[(401, "user_invalid_token"), (401, "general_unauthorized_scope")]
            }
            Self::Recovery => &[(401, "user_invalid_token"), BUSY],
            _ => &[(401, "user_invalid_token")],
        }
    }

    /// Gets a secret, and gives the requests that would redeem it: one, or one for each session.
    fn set(self, pair: &Pair, person: &Person) -> Vec<Request> {
        let to_mail = json!({"userId": person.id, "email": person.email, "url": PAGE});
        let to_phone = json!({"userId": person.id, "phone": person.phone});
        let redeem = |line: &str, secret: String| {
            Request::new(line, &json!({"userId": person.id, "secret": secret, "password": NEW_PASSWORD}))
        };
        match self {
            Self::EmailCode => {
                let ask = Request::new(
                    "POST /v1/account/tokens/email",
                    &json!({"userId": person.id, "email": person.email}),
                );
                vec![redeem("POST /v1/account/sessions/token", code(&pair.sent(&person.email, &ask).1))]
            }
            Self::PhoneCode => {
                let ask = Request::new("POST /v1/account/tokens/phone", &to_phone);
                vec![redeem("PUT /v1/account/sessions/phone", code(&pair.sent(&person.phone, &ask).1))]
            }
            Self::MagicUrl => {
                let ask = Request::new("POST /v1/account/tokens/magic-url", &to_mail);
                vec![redeem("PUT /v1/account/sessions/magic-url", link(&pair.sent(&person.email, &ask).1))]
            }
            Self::Recovery => {
                let body = json!({"email": person.email, "url": PAGE});
                let ask = Request::new("POST /v1/account/recovery", &body);
                vec![redeem("PUT /v1/account/recovery", link(&pair.sent(&person.email, &ask).1))]
            }
            Self::EmailVerification => vec![person.proof_of_email(pair)],
            Self::PhoneVerification => vec![person.proof_of_phone(pair)],
            Self::ChallengeByEmail => vec![person.challenge(pair, "email", &person.email)],
            Self::ChallengeByPhone => vec![person.challenge(pair, "phone", &person.phone)],
            Self::RecoveryCode => {
                let codes = person.by("POST /v1/account/mfa/recovery-codes", &json!({}));
                let codes = pair.ok(201, &codes).json();
                person.guard(pair);
                person.answers(pair, "recoveryCode", &codes["recoveryCodes"][0])
            }
            Self::AppStep => {
                let app = person.by("POST /v1/account/mfa/authenticators/totp", &json!({}));
                let seed = pair.ok(200, &app).json()["secret"].as_str().unwrap().to_owned();
                let now = SystemClock::default().now();
                let otp = json!({"otp": totp(&seed, now)});
                pair.ok(200, &person.by("PUT /v1/account/mfa/authenticators/totp", &otp));
                person.guard(pair);
                // The next step of the app is good already, so nobody waits for it.
                let next = Timestamp::from_millis(now.as_millis() + 30_000);
                person.answers(pair, "totp", &totp(&seed, next).into())
            }
        }
    }
}

impl Person {
    fn new(pair: &Pair, place: usize, number: usize) -> Self {
        let id = format!("person-{place}-{number}");
        pair.sign_up(&id);
        let phone = format!("+1{}", 2_025_550_000 + 100_000 * place + number);
        let person = Self { cookie: pair.sign_in(&id), email: address(&id), id, phone };
        let body = json!({"phone": person.phone, "password": PASSWORD});
        pair.ok(200, &person.by("PATCH /v1/account/phone", &body));
        person
    }

    fn by(&self, line: &str, body: &Value) -> Request {
        Request::new(line, body).by(&self.cookie)
    }

    fn proof_of_email(&self, pair: &Pair) -> Request {
        let ask = self.by("POST /v1/account/verification", &json!({"url": PAGE}));
        let secret = link(&pair.sent(&self.email, &ask).1);
        Request::new("PUT /v1/account/verification", &json!({"userId": self.id, "secret": secret}))
    }

    fn proof_of_phone(&self, pair: &Pair) -> Request {
        let ask = self.by("POST /v1/account/verification/phone", &json!({}));
        let secret = code(&pair.sent(&self.phone, &ask).1);
        self.by("PUT /v1/account/verification/phone", &json!({"userId": self.id, "secret": secret}))
    }

    /// Proves both addresses and has a second factor asked for.
    fn guard(&self, pair: &Pair) {
        pair.ok(200, &self.proof_of_email(pair));
        pair.ok(200, &self.proof_of_phone(pair));
        pair.ok(200, &self.by("PATCH /v1/account/mfa", &json!({"mfa": true})));
    }

    /// The answer to a challenge whose code is sent to this address or number.
    fn challenge(&self, pair: &Pair, factor: &str, to: &str) -> Request {
        self.guard(pair);
        let cookie = pair.sign_in(&self.id);
        let ask = Request::new("POST /v1/account/mfa/challenge", &json!({"factor": factor})).by(&cookie);
        let (challenge, text) = pair.sent(to, &ask);
        answer(&cookie, &challenge.json(), &code(&text).into())
    }

    /// The same answer to a challenge of each session.
    fn answers(&self, pair: &Pair, factor: &str, otp: &Value) -> Vec<Request> {
        let cookies = (0..SESSIONS).map(|_| pair.sign_in(&self.id));
        let answers = cookies.map(|cookie| {
            let ask = Request::new("POST /v1/account/mfa/challenge", &json!({"factor": factor})).by(&cookie);
            answer(&cookie, &pair.ok(201, &ask).json(), otp)
        });
        answers.collect()
    }
}

fn answer(cookie: &str, challenge: &Value, otp: &Value) -> Request {
    let body = json!({"challengeId": challenge["$id"], "otp": otp});
    Request::new("PUT /v1/account/mfa/challenge", &body).by(cookie)
}

/// The six digits of a message.
pub(crate) fn code(text: &str) -> String {
    let mut words = text.split_whitespace();
    let is_code = |word: &&str| word.len() == 6 && word.bytes().all(|byte| byte.is_ascii_digit());
    words.find(is_code).unwrap_or_else(|| panic!("no code in {text}")).to_owned()
}

/// The secret of the link of a message.
fn link(text: &str) -> String {
    let secret = text.split("secret=").nth(1).unwrap_or_else(|| panic!("no link in {text}"));
    secret.chars().take_while(char::is_ascii_hexdigit).collect()
}

#[test]
fn one_email_makes_one_account_however_it_is_spelt() {
    let Some(pair) = Pair::start("one-email") else { return };
    let began = Instant::now();
    let spell = |number: usize| -> String {
        let flip = |(at, letter): (usize, char)| match at < 4 && number >> at & 1 == 1 {
            true => letter.to_ascii_uppercase(),
            false => letter,
        };
        address("adal").chars().enumerate().map(flip).collect()
    };
    // Each spelling reaches both servers.
    let sign_ups: Vec<Request> = (0..64)
        .map(|number| {
            let body = json!({"userId": "unique()", "email": spell(number / 2 % 16), "password": PASSWORD});
            Request::new("POST /v1/account", &body)
        })
        .collect();
    let replies = pair.at_once(&sign_ups);
    one_of("sign-up", replies, &[(409, "user_already_exists"), BUSY]);
    for server in &pair.servers {
        assert_eq!(sign_in("adal", PASSWORD).to(server).status, 201);
    }
    pair.tell("sign-ups of one email", began);
}
