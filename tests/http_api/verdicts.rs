//! Every recorded input of a parameter meets its verdict on the routes that take it.

use serde_json::{Value, json};

use super::{
    inputs::corpus,
    support::{Cookie, Server},
};

const PASSWORD: &str = "violet-anvil-71";

/// Whether each recorded input of this kind is refused as an argument exactly if its verdict says so. A valid one may meet what a later rule
/// says of it, such as that it is taken.
async fn agrees(kind: &str, mut ask: impl AsyncFnMut(usize, &str) -> (u16, String)) {
    for (number, (input, valid)) in corpus(kind).iter().enumerate() {
        let (status, text) = ask(number, input).await;
        assert!(status < 500, "{kind} {input:?}: {text}");
        assert_eq!(status != 400, *valid, "{kind} {input:?}: {text}");
        assert!(status != 400 || text.contains("general_argument_invalid"), "{kind} {input:?}: {text}");
    }
}

async fn send(server: &Server, method: &str, path: &str, body: &Value, by: Option<&Cookie>) -> (u16, String) {
    let call = server.call(method, path).json(&body.to_string());
    let reply = match by {
        Some(cookie) => call.by(cookie),
        None => call,
    }
    .send()
    .await;
    (reply.status, reply.text)
}

fn without_dictionary() -> Server {
    Server::with(|config| config.passwords.refuse_common = false, |_| {}, false)
}

#[tokio::test]
async fn emails() {
    let server = Server::new();
    let cookie = server.user("ada").await;
    agrees("email", async |_, email| {
        let body = json!({ "userId": "unique()", "email": email, "password": PASSWORD });
        send(&server, "POST", "/v1/account", &body, None).await
    })
    .await;
    agrees("email", async |_, email| {
        let body = json!({ "email": email, "password": PASSWORD });
        send(&server, "POST", "/v1/account/sessions/email", &body, None).await
    })
    .await;
    agrees("email", async |_, email| {
        let body = json!({ "email": email, "password": PASSWORD });
        send(&server, "PATCH", "/v1/account/email", &body, Some(&cookie)).await
    })
    .await;
}

#[tokio::test]
async fn phones() {
    let server = Server::new();
    let cookie = server.user("ada").await;
    agrees("phone", async |_, phone| {
        let body = json!({ "phone": phone, "password": PASSWORD });
        send(&server, "PATCH", "/v1/account/phone", &body, Some(&cookie)).await
    })
    .await;
}

#[tokio::test]
async fn user_ids() {
    let server = Server::new();
    agrees("userId", async |number, id| {
        let email = format!("user{number}@example.com");
        let body = json!({ "userId": id, "email": email, "password": PASSWORD });
        send(&server, "POST", "/v1/account", &body, None).await
    })
    .await;
}

#[tokio::test]
async fn names() {
    let server = Server::new();
    agrees("name", async |number, name| {
        let email = format!("user{number}@example.com");
        let body = json!({ "userId": "unique()", "email": email, "password": PASSWORD, "name": name });
        send(&server, "POST", "/v1/account", &body, None).await
    })
    .await;
}

#[tokio::test]
async fn passwords() {
    let server = without_dictionary();
    agrees("password", async |number, password| {
        let email = format!("user{number}@example.com");
        let body = json!({ "userId": "unique()", "email": email, "password": password });
        send(&server, "POST", "/v1/account", &body, None).await
    })
    .await;
    agrees("password", async |number, password| {
        let cookie = server.user(&format!("person{number}")).await;
        let body = json!({ "password": password, "oldPassword": PASSWORD });
        send(&server, "PATCH", "/v1/account/password", &body, Some(&cookie)).await
    })
    .await;
}

#[cfg(feature = "strength")]
#[tokio::test]
async fn common_passwords() {
    let server = Server::new();
    agrees("passwordBlocklist", async |number, password| {
        let email = format!("user{number}@example.com");
        let body = json!({ "userId": "unique()", "email": email, "password": password });
        send(&server, "POST", "/v1/account", &body, None).await
    })
    .await;
}

#[tokio::test]
async fn session_ids() {
    let server = Server::new();
    let cookie = server.user("ada").await;
    for (input, valid) in corpus("sessionId") {
        let Ok(path) = format!("/v1/account/sessions/{input}").parse::<axum::http::Uri>() else {
            assert!(!valid, "{input:?} is no part of a path");
            continue;
        };
        let reply = server.get(&path.to_string()).by(&cookie).send().await;
        assert!(
            if valid { [200, 404].contains(&reply.status) } else { (400..500).contains(&reply.status) },
            "{input:?}: {}",
            reply.text
        );
    }
}

#[tokio::test]
async fn queries() {
    let server = Server::new();
    let cookie = server.user("ada").await;
    for (kind, route) in [("queryLogs", "logs"), ("queryIdentities", "identities")] {
        for (input, valid) in corpus(kind) {
            let query: String = input.bytes().map(|byte| format!("%{byte:02X}")).collect();
            let reply =
                server.get(&format!("/v1/account/{route}?queries[]={query}")).by(&cookie).send().await;
            assert_eq!(reply.status == 200, valid, "{kind} {input:?}: {}", reply.text);
            assert!(valid || reply.status == 400, "{kind} {input:?}: {}", reply.text);
        }
    }
}

/// The recorded JWTs have other headers and keys than ours, so all of them are forged here.
#[tokio::test]
async fn jwts_of_others() {
    let server = Server::new();
    let visible = |input: &str| !input.is_empty() && input.bytes().all(|byte| (0x20..0x7f).contains(&byte));
    for (input, _) in corpus("jwt").into_iter().filter(|(input, _)| visible(input)) {
        server.get("/v1/account").header("x-appwrite-jwt", &input).refused(401, "user_jwt_invalid").await;
    }
}
