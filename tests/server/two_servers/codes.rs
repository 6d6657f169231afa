//! The codes of six digits: how to get one, and how to redeem it.

use serde_json::{Value, json};

use crate::two_servers::{
    pair::{Call, Pair, must},
    people::*,
};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Code {
    SignInByEmail,
    SignInByPhone,
    PhoneVerification,
    ChallengeByEmail,
    ChallengeByPhone,
}

pub(crate) const CODES: [Code; 5] = [
    Code::SignInByEmail,
    Code::SignInByPhone,
    Code::PhoneVerification,
    Code::ChallengeByEmail,
    Code::ChallengeByPhone,
];

/// A code that was sent.
pub(crate) struct Sent {
    kind: Code,
    person: Person,
    pub(crate) digits: String,
    /// The challenge that waits for it, if any, and the secret of the session that owes it.
    challenge: (String, String),
}

impl Code {
    /// Has one sent to a new account by one server or the other.
    pub(crate) fn send(self, pair: &Pair, number: usize) -> Sent {
        let person = Person::new(pair, number, &format!("{self:?}-{number}").to_lowercase());
        let place = CODES.iter().position(|code| *code == self).unwrap();
        let person = person.with_phone(pair, number, 1000 * place + number);
        let ask = |line: &str, body: &Value| must(pair.ask(number, &Call::new(line).json(body)), 201);
        let (email, phone) = (&person.email, &person.phone);
        let mut challenge = (String::new(), String::new());
        match self {
            Self::SignInByEmail => {
                ask("POST /v1/account/tokens/email", &json!({ "userId": "unique()", "email": email }));
            }
            Self::SignInByPhone => {
                ask("POST /v1/account/tokens/phone", &json!({ "userId": "unique()", "phone": phone }));
            }
            Self::PhoneVerification => drop(person.texted_proof(pair, number)),
            Self::ChallengeByEmail => {
                person.ask_for_two_factors(pair, number);
                challenge = person.challenge(pair, number, "email");
            }
            Self::ChallengeByPhone => {
                person.prove_phone(pair, number);
                person.ask_for_two_factors(pair, number);
                challenge = person.challenge(pair, number, "phone");
            }
        }
        let is_mailed = matches!(self, Self::SignInByEmail | Self::ChallengeByEmail);
        let digits = code_in(&pair.sent(number, if is_mailed { email } else { phone }));
        Sent { kind: self, person, digits, challenge }
    }
}

impl Sent {
    /// A guess at it.
    pub(crate) fn redeem(&self, digits: &str) -> Call {
        let body = json!({ "userId": self.person.id, "secret": digits });
        match self.kind {
            Code::SignInByEmail => Call::new("POST /v1/account/sessions/token").json(&body),
            Code::SignInByPhone => Call::new("PUT /v1/account/sessions/phone").json(&body),
            Code::PhoneVerification => self.person.call("PUT /v1/account/verification/phone").json(&body),
            Code::ChallengeByEmail | Code::ChallengeByPhone => answer(&self.challenge, digits),
        }
    }
}

/// The answer to a challenge of a session with this secret.
pub(crate) fn answer((id, session): &(String, String), otp: &str) -> Call {
    // A client that keeps its secret itself keeps it after the challenge, too: no one is refused
    // for an old secret.
    let call = Call::new("PUT /v1/account/mfa/challenge").header("X-Appwrite-Session", session);
    call.json(&json!({ "challengeId": id, "otp": otp }))
}

impl Person {
    /// Proves its address, and has it asked for a second factor.
    pub(crate) fn ask_for_two_factors(&self, pair: &Pair, server: usize) {
        self.prove_email(pair, server);
        must(pair.ask(server, &self.call("PATCH /v1/account/mfa").json(&json!({ "mfa": true }))), 200);
    }

    /// A challenge of a new session, and the secret of the session that owes it.
    pub(crate) fn challenge(&self, pair: &Pair, server: usize, factor: &str) -> (String, String) {
        let cookie = signed_in(pair, server, &self.email);
        let call = Call::new("POST /v1/account/mfa/challenge").by(&cookie);
        let challenge = must(pair.ask(server, &call.json(&json!({ "factor": factor }))), 201).json();
        let (_, secret) = cookie.split_once('=').unwrap();
        let secret = secret.replace("%3D", "=").replace("%2B", "+").replace("%2F", "/");
        (challenge["$id"].as_str().unwrap().to_owned(), secret)
    }
}
