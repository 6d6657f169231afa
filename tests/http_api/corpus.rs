//! Every recorded input of the kinds that the operations take meets its verdict over HTTP, as it does through the library.

use crate::{inputs::corpus, support::*};

/// Percent-encodes every byte but letters and digits.
fn percent(text: &str) -> String {
    text.bytes().fold(String::new(), |mut out, byte| {
        if byte.is_ascii_alphanumeric() {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
        out
    })
}

fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap()
}

/// The parameter was refused, or taken for what it is.
fn judge(reply: &Reply, parameter: &str, input: &str, valid: bool) {
    let refused = reply.status == 400 && reply.message().contains(&format!("`{parameter}` param"));
    let shown: String = input.chars().take(60).collect();
    assert_eq!(refused, !valid, "{parameter} {shown:?}: {} {}", reply.status, reply.text);
    assert!(reply.status < 500, "{parameter} {shown:?}: {}", reply.text);
}

/// Signs up with one value of the corpus, and good ones for the rest.
async fn sign_up(server: &Server, number: usize, parameter: &str, input: &str) -> Reply {
    let mut values = [
        ("userId", format!("user{number}")),
        ("email", format!("mail{number}@example.com")),
        ("password", "violet-anvil-71".to_owned()),
        ("name", "Somebody".to_owned()),
    ];
    values.iter_mut().filter(|(name, _)| *name == parameter).for_each(|(_, value)| input.clone_into(value));
    let fields: Vec<_> =
        values.iter().map(|(name, value)| format!("{}:{}", quoted(name), quoted(value))).collect();
    server.post("/v1/account", &format!("{{{}}}", fields.join(","))).send().await
}

#[tokio::test]
async fn values_of_a_sign_up() {
    let lenient = |config: &mut account::Config| {
        config.passwords.refuse_common = false;
        config.passwords.refuse_personal_data = false;
    };
    let server = Server::with(lenient, |_| {}, false);
    for parameter in ["userId", "email", "password", "name"] {
        for (number, (input, valid)) in corpus(parameter).into_iter().enumerate() {
            let reply = sign_up(&server, number, parameter, &input).await;
            judge(&reply, parameter, &input, valid);
        }
    }
}

#[tokio::test]
async fn common_passwords() {
    let server = Server::new();
    for (number, (input, valid)) in corpus("passwordBlocklist").into_iter().enumerate() {
        judge(&sign_up(&server, number, "password", &input).await, "password", &input, valid);
    }
}

#[tokio::test]
async fn addresses_at_sign_in() {
    let server = Server::new();
    for (input, valid) in corpus("email") {
        let body = format!(r#"{{"email":{},"password":"violet-anvil-71"}}"#, quoted(&input));
        judge(&server.post("/v1/account/sessions/email", &body).send().await, "email", &input, valid);
    }
}

#[tokio::test]
async fn phone_numbers() {
    let server = Server::new();
    let cookie = server.user("ada").await;
    for (input, valid) in corpus("phone") {
        let body = format!(r#"{{"phone":{},"password":"violet-anvil-71"}}"#, quoted(&input));
        judge(&server.patch("/v1/account/phone", &body).by(&cookie).send().await, "phone", &input, valid);
    }
}

#[tokio::test]
async fn queries_of_the_lists() {
    let server = Server::new();
    let cookie = server.user("ada").await;
    for (kind, path) in [("queryLogs", "/v1/account/logs"), ("queryIdentities", "/v1/account/identities")] {
        for (input, valid) in corpus(kind) {
            let reply =
                server.get(&format!("{path}?queries%5B0%5D={}", percent(&input))).by(&cookie).send().await;
            let shown: String = input.chars().take(60).collect();
            assert_eq!(reply.status, if valid { 200 } else { 400 }, "{kind} {shown:?}: {}", reply.text);
        }
    }
}

#[tokio::test]
async fn jwts_of_others_are_refused_on_every_route() {
    let server = Server::new();
    for (input, _) in corpus("jwt").into_iter().filter(|(input, _)| !input.is_empty()) {
        if !input.bytes().all(|byte| (0x20..0x7f).contains(&byte)) {
            continue;
        }
        server.get("/v1/account").header("x-appwrite-jwt", &input).refused(401, "user_jwt_invalid").await;
    }
}
