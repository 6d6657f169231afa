//! The one who races: an account with a session, an address and a number.

use serde_json::json;

use crate::support::server_process::client::Reply;
use crate::two_servers::pair::{Call, Pair, cookies, must};

pub(crate) const PASSWORD: &str = "violet-anvil-71";
/// What passwords are changed to.
pub(crate) const NEW_PASSWORD: &str = "another-Cobalt-egret";
/// Where links lead.
pub(crate) const PAGE: &str = "http://localhost/here";

#[derive(Debug, Clone)]
pub(crate) struct Person {
    pub(crate) id: String,
    pub(crate) email: String,
    pub(crate) phone: String,
    /// Of the session.
    pub(crate) cookie: String,
}

impl Person {
    /// An account with a password and an unproven address, made by one server and signed in by the
    /// other.
    pub(crate) fn new(pair: &Pair, server: usize, id: &str) -> Self {
        let email = format!("{id}@example.com");
        must(pair.ask(server, &sign_up(id, &email)), 201);
        let cookie = signed_in(pair, server + 1, &email);
        Self { id: id.to_owned(), email, phone: String::new(), cookie }
    }

    /// Gives it an unproven number, which ends all sessions but its own.
    pub(crate) fn with_phone(self, pair: &Pair, server: usize, number: usize) -> Self {
        let phone = format!("+1617{:07}", 2_000_000 + number);
        let call = self.call("PATCH /v1/account/phone");
        must(pair.ask(server, &call.json(&json!({ "phone": phone, "password": PASSWORD }))), 200);
        Self { phone, ..self }
    }

    pub(crate) fn call(&self, line: &str) -> Call {
        Call::new(line).by(&self.cookie)
    }

    /// Asks for a link that proves the address, and gives its secret.
    pub(crate) fn mailed_proof(&self, pair: &Pair, server: usize) -> String {
        let call = self.call("POST /v1/account/verification");
        must(pair.ask(server, &call.json(&json!({ "url": PAGE }))), 201);
        secret_in(&pair.sent(server, &self.email))
    }

    /// Asks for a code that proves the number.
    pub(crate) fn texted_proof(&self, pair: &Pair, server: usize) -> String {
        must(pair.ask(server, &self.call("POST /v1/account/verification/phone").body("{}".into())), 201);
        code_in(&pair.sent(server, &self.phone))
    }

    pub(crate) fn prove_email(&self, pair: &Pair, server: usize) {
        let secret = self.mailed_proof(pair, server);
        let call = Call::new("PUT /v1/account/verification");
        must(pair.ask(server + 1, &call.json(&json!({ "userId": self.id, "secret": secret }))), 200);
    }

    pub(crate) fn prove_phone(&self, pair: &Pair, server: usize) {
        let secret = self.texted_proof(pair, server);
        let call = self.call("PUT /v1/account/verification/phone");
        must(pair.ask(server + 1, &call.json(&json!({ "userId": self.id, "secret": secret }))), 200);
    }

    /// A part of the account as the database has it; empty if it has none.
    pub(crate) fn stored(&self, pair: &Pair, path: &str) -> String {
        let id = &self.id;
        pair.sql(&format!(
            "SELECT body::jsonb #>> '{{account,{path}}}' FROM account_bodies WHERE id = '{id}'"
        ))
    }

    /// How often something is in the log.
    pub(crate) fn logged(&self, pair: &Pair, kind: &str) -> usize {
        let id = &self.id;
        let sql = "SELECT count(*) FROM account_events WHERE event::jsonb #>> '{event,kind}'";
        pair.sql(&format!("{sql} = '{kind}' AND account = '{id}'")).parse().unwrap()
    }
}

pub(crate) fn sign_up(id: &str, email: &str) -> Call {
    let body = json!({ "userId": id, "email": email, "password": PASSWORD });
    Call::new("POST /v1/account").json(&body)
}

pub(crate) fn sign_in(email: &str, password: &str) -> Call {
    let body = json!({ "email": email, "password": password });
    Call::new("POST /v1/account/sessions/email").json(&body)
}

/// The cookie of a new session.
pub(crate) fn signed_in(pair: &Pair, server: usize, email: &str) -> String {
    session_cookie(&must(pair.ask(server, &sign_in(email, PASSWORD)), 201))
}

pub(crate) fn session_cookie(reply: &Reply) -> String {
    let found = cookies(reply).into_iter().find(|cookie| cookie.starts_with("a_session_"));
    found.unwrap_or_else(|| panic!("no session: {}", reply.head)).to_owned()
}

/// The code of six digits in a message.
pub(crate) fn code_in(text: &str) -> String {
    let numbers = text.split(|letter: char| !letter.is_ascii_digit());
    numbers.into_iter().find(|number| number.len() == 6).expect("a code").to_owned()
}

/// The secret in the link of a message.
pub(crate) fn secret_in(text: &str) -> String {
    let (_, secret) = text.split_once("secret=").expect("a link");
    secret.chars().take_while(char::is_ascii_alphanumeric).collect()
}
