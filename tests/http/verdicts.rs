//! Every recorded input of a parameter meets its verdict on the routes that take it.

use serde_json::{Value, json};

use super::inputs::corpus;
use crate::support::http::{Cookie, Server};

const PASSWORD: &str = "violet-anvil-71";

/// Whether each recorded input of this kind is refused as an argument exactly if its verdict says
/// so. A valid one may meet what a later rule says of it, such as that it is taken.
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
    for path in ["tokens/email", "tokens/magic-url", "recovery"] {
        agrees("email", async |_, email| {
            let body = json!({ "userId": "unique()", "email": email, "url": "http://localhost/" });
            send(&server, "POST", &format!("/v1/account/{path}"), &body, None).await
        })
        .await;
    }
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
    agrees("phone", async |_, phone| {
        let body = json!({ "userId": "unique()", "phone": phone });
        send(&server, "POST", "/v1/account/tokens/phone", &body, None).await
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
    for path in ["tokens/email", "tokens/magic-url", "tokens/phone"] {
        let server = Server::new();
        agrees("userId", async |number, id| {
            let (email, phone) =
                (format!("user{number}@example.com"), format!("+1617555{:04}", 1000 + number));
            let body = json!({ "userId": id, "email": email, "phone": phone });
            send(&server, "POST", &format!("/v1/account/{path}"), &body, None).await
        })
        .await;
    }
    agrees("userId", async |_, id| {
        let body = json!({ "userId": id, "secret": "000000" });
        send(&server, "POST", "/v1/account/sessions/token", &body, None).await
    })
    .await;
    // These operations create no account, so they know no `unique()`.
    for path in ["recovery", "verification", "verification/phone"] {
        for (id, valid) in corpus("userId") {
            let body = json!({ "userId": id, "secret": "000000", "password": PASSWORD });
            let (status, text) = send(&server, "PUT", &format!("/v1/account/{path}"), &body, None).await;
            assert_eq!(status, if valid && id != "unique()" { 401 } else { 400 }, "{path} {id:?}: {text}");
        }
    }
}

#[tokio::test]
async fn h58_redirect_urls() {
    let hosts = ["app.example.com", "localhost", "127.0.0.1", "[::1]", "*.tenant.example"];
    let server = Server::set(|settings| {
        settings.allowed_hosts = hosts.map(Into::into).to_vec();
        settings.allowed_apps = vec!["com.example.app".into()];
    });
    let cookie = server.user("ada").await;
    for path in ["verification", "recovery", "tokens/magic-url"] {
        for (url, valid) in corpus("redirectUrl") {
            // A link for signing in needs no page of the client's.
            let valid = valid || (path == "tokens/magic-url" && url.is_empty());
            let body = json!({ "userId": "unique()", "email": "ada@example.com", "url": url });
            let path = format!("/v1/account/{path}");
            let mails = server.outbox.len();
            let (status, text) = send(&server, "POST", &path, &body, Some(&cookie)).await;
            assert_eq!(status, if valid { 201 } else { 400 }, "{path} {url:?}: {text}");
            assert_eq!(server.outbox.len() - mails, usize::from(valid));
        }
    }
}

#[tokio::test]
async fn factors() {
    let server = Server::new();
    let cookie = server.user("ada").await;
    for (factor, valid) in corpus("mfaFactor") {
        let body = json!({ "factor": factor });
        let (_, text) = send(&server, "POST", "/v1/account/mfa/challenge", &body, Some(&cookie)).await;
        assert_eq!(text.contains("general_argument_invalid"), !valid, "{factor:?}: {text}");
    }
}

/// Any text may be sent as a secret; none of these opens anything.
#[tokio::test]
async fn secrets_and_codes() {
    let server = Server::new();
    let cookie = server.user("ada").await;
    server.call("POST", "/v1/account/mfa/authenticators/totp").by(&cookie).ok(200).await;
    let all = ["otp", "recoveryCode", "tokenSecret"].into_iter().flat_map(corpus);
    for (secret, _) in all {
        for path in ["tokens/email", "tokens/magic-url"] {
            let body = json!({ "userId": "ada", "email": "ada@example.com" });
            assert_eq!(send(&server, "POST", &format!("/v1/account/{path}"), &body, None).await.0, 201);
        }
        let body = json!({ "userId": "ada", "secret": secret, "password": PASSWORD });
        let challenge = json!({ "challengeId": "c", "otp": secret });
        let expected = if (1..=256).contains(&secret.chars().count()) { 401 } else { 400 };
        for (method, path, body, by) in [
            ("POST", "sessions/token", &body, None),
            ("PUT", "sessions/magic-url", &body, None),
            ("PUT", "sessions/phone", &body, None),
            ("PUT", "recovery", &body, None),
            ("PUT", "verification", &body, None),
            ("PUT", "verification/phone", &body, Some(&cookie)),
            ("PUT", "mfa/authenticators/totp", &challenge, Some(&cookie)),
            ("PUT", "mfa/challenge", &challenge, Some(&cookie)),
        ] {
            let (status, text) = send(&server, method, &format!("/v1/account/{path}"), body, by).await;
            assert_eq!(status, expected, "{path} {secret:?}: {text}");
        }
    }
}

/// The right code in spellings that are none.
#[tokio::test]
async fn a_code_has_one_spelling() {
    let server = Server::new();
    let mail = json!({ "userId": "ada", "email": "ada@example.com" });
    for respell in RESPELLINGS {
        assert_eq!(send(&server, "POST", "/v1/account/tokens/email", &mail, None).await.0, 201);
        let code = server.outbox.mailed_code();
        let body = json!({ "userId": "ada", "secret": respell(&code) });
        let (status, text) = send(&server, "POST", "/v1/account/sessions/token", &body, None).await;
        assert_eq!(status, 401, "{body}: {text}");
        let body = json!({ "userId": "ada", "secret": code });
        let (status, text) = send(&server, "POST", "/v1/account/sessions/token", &body, None).await;
        assert_eq!(status, 201, "{text}");
    }
}

#[tokio::test]
async fn v1_a_code_may_be_typed_with_blanks_and_hyphens() {
    let server = Server::new();
    let mail = json!({ "userId": "ada", "email": "ada@example.com" });
    for respell in TYPED {
        assert_eq!(send(&server, "POST", "/v1/account/tokens/email", &mail, None).await.0, 201);
        let body = json!({ "userId": "ada", "secret": respell(&server.outbox.mailed_code()) });
        let (status, text) = send(&server, "POST", "/v1/account/sessions/token", &body, None).await;
        assert_eq!(status, 201, "{body}: {text}");
    }
}

const TYPED: [fn(&str) -> String; 8] = [
    |code| format!(" {code}"),
    |code| format!("{code} "),
    |code| format!("{code}\r\n"),
    |code| format!("\t{code}\u{3000}"),
    |code| format!("{} {}", &code[..3], &code[3..]),
    |code| format!("{}\u{a0}{}", &code[..3], &code[3..]),
    |code| format!("{}-{}", &code[..3], &code[3..]),
    |code| format!("{}\u{2011}{}\u{2013}{}", &code[..2], &code[2..4], &code[4..]),
];

const RESPELLINGS: [fn(&str) -> String; 6] = [
    |code| format!("{code}\0"),
    |code| format!("0{code}"),
    |code| format!("{}.{}", &code[..3], &code[3..]),
    |code| format!("{code},000000"),
    |code| code.chars().map(|digit| char::from_u32(u32::from(digit) - 0x30 + 0xff10).unwrap()).collect(),
    |code| format!("[\"{code}\"]"),
];

#[tokio::test]
async fn names() {
    let server = Server::new();
    agrees("name", async |number, name| {
        let email = format!("user{number}@example.com");
        let body = json!({ "userId": "unique()", "email": email, "password": PASSWORD, "name": name });
        send(&server, "POST", "/v1/account", &body, None).await
    })
    .await;
    let cookie = server.user("ada").await;
    for (name, valid) in corpus("name") {
        let (status, text) =
            send(&server, "PATCH", "/v1/account/name", &json!({ "name": name }), Some(&cookie)).await;
        // Who changes a name must give one.
        assert_eq!(status, if valid && !name.is_empty() { 200 } else { 400 }, "{name:?}: {text}");
        let kept = server.get("/v1/account").by(&cookie).ok(200).await.value("name");
        assert_eq!(kept == name, status == 200, "{name:?}: {kept}");
    }
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
    let encoded = |input: &str| -> String {
        let encode = |byte: u8| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => char::from(byte).to_string(),
            _ => format!("%{byte:02X}"),
        };
        input.bytes().map(encode).collect()
    };
    for (input, valid) in corpus("sessionId") {
        let path = format!("/v1/account/sessions/{}", encoded(&input));
        let (status, code) = match (valid, input.as_str()) {
            (true, "current") => (200, None),
            (true, _) => (404, Some("user_session_not_found")),
            (false, _) => (400, Some("general_argument_invalid")),
        };
        for method in
            ["GET", "PATCH", "DELETE"].into_iter().filter(|method| (*method, status) != ("DELETE", 200))
        {
            let reply = server.call(method, &path).by(&cookie).send().await;
            let told = (reply.status, reply.value("type"));
            assert_eq!(told, (status, code.map_or(Value::Null, Value::from)), "{method} {input:?}");
        }
        // Not encoded, where such a path can be sent at all.
        let path = format!("/v1/account/sessions/{input}");
        if path.parse::<http::Uri>().is_ok() {
            let expected = if input.contains('/') { 404 } else { status };
            assert_eq!(server.get(&path).by(&cookie).send().await.status, expected, "{input:?}");
        }
    }
    server.get("/v1/account").by(&cookie).ok(200).await;
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
