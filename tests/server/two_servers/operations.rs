//! What a session can begin, and the state that each operation starts from.

use account::{
    ports::{Clock as _, SystemClock},
    testing::totp,
};
use serde_json::{Value, json};

use crate::two_servers::{
    pair::{Call, Pair, code, must},
    people::*,
    provider,
};

/// How an account is brought into the state that an operation starts from, by the session that will
/// begin it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    Target,
    Phone,
    PhoneCode,
    ProvenMailbox,
    App,
    ConfirmedApp,
    RecoveryCodes,
    Challenge,
    PassedChallenge,
    Identity,
}

/// A request, with a body in which names in angle brackets stand for what the steps before it
/// brought.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Operation {
    pub(crate) line: &'static str,
    body: &'static str,
    after: &'static [Step],
}

const fn row(line: &'static str, body: &'static str, after: &'static [Step]) -> Operation {
    Operation { line, body, after }
}

use Step::*;

/// The operations that a session begins; those of guests are not its own.
pub(crate) const OPERATIONS: [Operation; 34] = [
    row("GET /v1/account", "", &[]),
    row("PATCH /v1/account/email", r#"{"email":"new-<id>@example.com","password":"violet-anvil-71"}"#, &[]),
    row("GET /v1/account/identities", "", &[]),
    row("DELETE /v1/account/identities/<identity>", "{}", &[Identity]),
    row("POST /v1/account/jwts", "{}", &[]),
    row("GET /v1/account/logs", "", &[]),
    row("PATCH /v1/account/mfa", r#"{"mfa":true}"#, &[ProvenMailbox]),
    row("POST /v1/account/mfa/authenticators/totp", "{}", &[]),
    row("PUT /v1/account/mfa/authenticators/totp", r#"{"otp":"<code>"}"#, &[App]),
    row("DELETE /v1/account/mfa/authenticators/totp", "{}", &[App, ConfirmedApp]),
    row("POST /v1/account/mfa/challenge", r#"{"factor":"email"}"#, &[ProvenMailbox]),
    row(
        "PUT /v1/account/mfa/challenge",
        r#"{"challengeId":"<challenge>","otp":"<code>"}"#,
        &[RecoveryCodes, Challenge],
    ),
    row("GET /v1/account/mfa/factors", "", &[]),
    row("GET /v1/account/mfa/recovery-codes", "", &[RecoveryCodes, Challenge, PassedChallenge]),
    row("POST /v1/account/mfa/recovery-codes", "{}", &[]),
    row("PATCH /v1/account/mfa/recovery-codes", "{}", &[RecoveryCodes, Challenge, PassedChallenge]),
    row("PATCH /v1/account/name", r#"{"name":"Countess"}"#, &[]),
    row(
        "PATCH /v1/account/password",
        r#"{"password":"another-Cobalt-egret","oldPassword":"violet-anvil-71"}"#,
        &[],
    ),
    row("PATCH /v1/account/phone", r#"{"phone":"<phone>","password":"violet-anvil-71"}"#, &[]),
    row("GET /v1/account/prefs", "", &[]),
    row("PATCH /v1/account/prefs", r#"{"prefs":{"theme":"dark"}}"#, &[]),
    row("GET /v1/account/sessions", "", &[]),
    row("DELETE /v1/account/sessions", "{}", &[]),
    row("GET /v1/account/sessions/<remote>", "", &[]),
    row("PATCH /v1/account/sessions/<remote>", "{}", &[]),
    row("DELETE /v1/account/sessions/<remote>", "{}", &[]),
    row("DELETE /v1/account/sessions/<own>", "{}", &[]),
    row("PATCH /v1/account/status", "{}", &[]),
    row("POST /v1/account/targets/push", r#"{"targetId":"unique()","identifier":"new device of <id>"}"#, &[]),
    row("PUT /v1/account/targets/<target>/push", r#"{"identifier":"other device of <id>"}"#, &[Target]),
    row("DELETE /v1/account/targets/<target>/push", "{}", &[Target]),
    row("POST /v1/account/verification", r#"{"url":"http://localhost/here"}"#, &[]),
    row("POST /v1/account/verification/phone", "{}", &[Phone]),
    row("PUT /v1/account/verification/phone", r#"{"userId":"<id>","secret":"<code>"}"#, &[Phone, PhoneCode]),
];

impl Operation {
    /// Whether a guest is told something else than that he is none.
    pub(crate) fn is_for_guests_too(self) -> bool {
        self.line == "PUT /v1/account/verification/phone"
    }

    /// Whether it ends the session that began it. The session of a provider ends with the identity.
    pub(crate) fn ends_itself(self) -> bool {
        matches!(
            self.line,
            "DELETE /v1/account/identities/<identity>"
                | "DELETE /v1/account/sessions"
                | "DELETE /v1/account/sessions/<own>"
        )
    }

    /// A JWT is no session, and gets no other JWT.
    pub(crate) fn takes_a_jwt(self) -> bool {
        self.line != "POST /v1/account/jwts"
    }
}

/// An account with two sessions: one that begins an operation and is to end, and a remote one that
/// ends it.
pub(crate) struct Scene {
    pub(crate) person: Person,
    pub(crate) session: String,
    pub(crate) remote: Person,
    pub(crate) jwt: String,
    names: Vec<(&'static str, String)>,
}

impl Scene {
    pub(crate) fn new(pair: &Pair, operation: Operation, number: usize) -> Self {
        let person = Person::new(pair, number, &format!("person-{number}"));
        let phone = format!("+1617{:07}", 3_000_000 + number);
        let names = vec![("<id>", person.id.clone()), ("<phone>", phone)];
        let mut scene =
            Self { session: String::new(), remote: person.clone(), jwt: String::new(), person, names };
        for step in operation.after {
            scene.step(pair, *step, number);
        }
        // Last, because a change of the number ends the other sessions.
        scene.remote.cookie = signed_in(pair, number, &scene.person.email);
        scene.session = scene.own(pair, "GET /v1/account/sessions/current", Value::Null, "$id");
        let current = scene.remote.call("GET /v1/account/sessions/current");
        let remote = must(pair.ask(number, &current), 200).json()["$id"].as_str().unwrap().to_owned();
        scene.jwt = scene.own(pair, "POST /v1/account/jwts", json!({}), "jwt");
        scene.names.extend([("<own>", scene.session.clone()), ("<remote>", remote)]);
        scene
    }

    fn step(&mut self, pair: &Pair, step: Step, number: usize) {
        let app = "/v1/account/mfa/authenticators/totp";
        let found = match step {
            Phone => {
                self.person = self.person.clone().with_phone(pair, number, number);
                return;
            }
            ProvenMailbox => return self.person.prove_email(pair, number),
            ConfirmedApp => {
                let otp = self.fill("<code>");
                self.own(pair, &format!("PUT {app}"), json!({ "otp": otp }), "$id");
                return;
            }
            PassedChallenge => {
                let body = json!({ "challengeId": self.fill("<challenge>"), "otp": self.fill("<code>") });
                let call = self.person.call("PUT /v1/account/mfa/challenge").json(&body);
                self.person.cookie = session_cookie(&must(pair.ask(number, &call), 200));
                return;
            }
            PhoneCode => ("<code>", self.person.texted_proof(pair, number)),
            App => {
                let seed = self.own(pair, &format!("POST {app}"), json!({}), "secret");
                ("<code>", totp(&seed, SystemClock::default().now()))
            }
            RecoveryCodes => {
                let codes =
                    self.own(pair, "POST /v1/account/mfa/recovery-codes", json!({}), "recoveryCodes/0");
                ("<code>", codes)
            }
            Challenge => {
                let body = json!({ "factor": "recoverycode" });
                ("<challenge>", self.own(pair, "POST /v1/account/mfa/challenge", body, "$id"))
            }
            Target => {
                let body = json!({ "targetId": "unique()", "identifier": format!("device {number}") });
                ("<target>", self.own(pair, "POST /v1/account/targets/push", body, "$id"))
            }
            Identity => {
                self.person.cookie = provider::linked(pair, &self.person.cookie, number);
                let id = self.own(pair, "GET /v1/account/identities", Value::Null, "identities/0/$id");
                ("<identity>", id)
            }
        };
        self.names.push(found);
    }

    /// Does something by the session that is to end, and gives a part of the answer.
    fn own(&self, pair: &Pair, line: &str, body: Value, part: &str) -> String {
        let call = self.person.call(line);
        let reply = pair.ask(0, &if body.is_null() { call } else { call.json(&body) });
        assert!(matches!(reply.status, 200 | 201), "{line}: {}", reply.body);
        let json = reply.json();
        json.pointer(&format!("/{part}")).and_then(Value::as_str).unwrap_or_default().to_owned()
    }

    fn fill(&self, text: &str) -> String {
        let fill = |text: String, (name, value): &(&str, String)| text.replace(name, value);
        self.names.iter().fold(text.to_owned(), fill)
    }

    /// The operation by the session that is to end, or by its JWT.
    pub(crate) fn call(&self, operation: Operation, by_jwt: bool) -> Call {
        let call = Call::new(self.fill(operation.line)).body(self.fill(operation.body));
        match by_jwt {
            true => call.header("X-Appwrite-JWT", &self.jwt),
            false => call.by(&self.person.cookie),
        }
    }
}

#[test]
fn each_operation_succeeds_while_its_session_lasts() {
    let Some(pair) = provider::pair("operations") else { return };
    for (number, operation) in OPERATIONS.into_iter().enumerate() {
        for by_jwt in [false, true] {
            let scene = Scene::new(&pair, operation, 2 * number + usize::from(by_jwt));
            let reply = pair.ask(number, &scene.call(operation, by_jwt));
            let is_done = reply.status < 300;
            assert_eq!(is_done, !by_jwt || operation.takes_a_jwt(), "{}: {}", operation.line, reply.body);
            assert!(is_done || code(&reply) == "user_session_not_found", "{}", reply.body);
        }
    }
}
