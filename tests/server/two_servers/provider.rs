//! An OpenID Connect provider on this machine that believes every code, as often as it comes; and
//! browsers that come from it.

use std::{
    io::{Read as _, Write as _},
    net::{Ipv4Addr, TcpListener, TcpStream},
    thread,
};

use serde_json::json;
use url::{Url, form_urlencoded};

use crate::support::server_process::client::Reply;
use crate::two_servers::{
    pair::{Call, Pair, cookies, must},
    people::session_cookie,
};

pub(crate) const SUCCESS: &str = "http://localhost/in";
const FAILURE: &str = "http://localhost/out";
const ROUTE: &str = "/v1/account/sessions/oauth2/oidc";

/// Two servers that know a provider of their own.
pub(crate) fn pair(name: &str) -> Option<Pair> {
    let provider = format!("http://127.0.0.1:{}", start());
    let endpoint = |path: &str| format!("{provider}{path}");
    let [authorize, token, user] = ["/authorize", "/token", "/user"].map(endpoint);
    let settings = [
        ("ACCOUNT_OAUTH2_OIDC_ID", "notes"),
        ("ACCOUNT_OAUTH2_OIDC_SECRET", "hush"),
        ("ACCOUNT_OAUTH2_OIDC_AUTHORIZATION_ENDPOINT", &authorize),
        ("ACCOUNT_OAUTH2_OIDC_TOKEN_ENDPOINT", &token),
        ("ACCOUNT_OAUTH2_OIDC_USERINFO_ENDPOINT", &user),
        ("ACCOUNT_OAUTH2_OIDC_PRIVATE_NETWORK", "on"),
    ];
    Pair::start_with(name, &settings)
}

/// Starts the provider, and tells its port.
fn start() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for stream in listener.incoming() {
            // A client may go before it is answered.
            thread::spawn(move || serve(stream.unwrap()).unwrap_or_default());
        }
    });
    port
}

/// The code is the person's name, and so is the access token.
fn serve(mut stream: TcpStream) -> std::io::Result<()> {
    let request = read(&mut stream)?;
    let name = |after: &str| -> String {
        let (_, text) = request.split_once(after).unwrap_or_else(|| panic!("no {after}{request}"));
        text.chars().take_while(|letter| letter.is_ascii_alphanumeric() || *letter == '-').collect()
    };
    let body = match request.starts_with("POST /token ") {
        true => json!({ "access_token": name("code=code-"), "token_type": "Bearer", "expires_in": 3600 }),
        false => {
            // RFC 9110 §11.1: the scheme is written as one likes.
            let name = name("earer ");
            json!({ "sub": name, "email": format!("{name}@example.org"), "email_verified": true })
        }
    };
    let (body, kind) = (body.to_string(), "Content-Type: application/json");
    let head = format!("HTTP/1.1 200 OK\r\n{kind}\r\nContent-Length: {}\r\nConnection: close", body.len());
    stream.write_all(format!("{head}\r\n\r\n{body}").as_bytes())
}

/// One request, head and body.
fn read(stream: &mut TcpStream) -> std::io::Result<String> {
    let (mut request, mut part) = (Vec::new(), [0; 4096]);
    loop {
        let length = stream.read(&mut part)?;
        request.extend_from_slice(&part[..length]);
        let text = String::from_utf8_lossy(&request);
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            if length == 0 {
                return Err(std::io::ErrorKind::UnexpectedEof.into());
            }
            continue;
        };
        let announced = head.lines().find_map(|line| {
            let (name, value) = line.split_once(": ")?;
            name.eq_ignore_ascii_case("content-length").then(|| value.parse::<usize>().unwrap())
        });
        if body.len() >= announced.unwrap_or_default() {
            return Ok(text.into_owned());
        }
    }
}

/// A browser that is at the provider, and comes back as this person.
pub(crate) struct Visit {
    /// What it sends of what it keeps.
    cookies: String,
    state: String,
    name: String,
}

impl Visit {
    /// Begins at this server; by a person who is signed in if there is a cookie.
    pub(crate) fn begin(pair: &Pair, server: usize, name: &str, session: Option<&str>) -> Self {
        Self::begin_at(ROUTE, pair, server, name, session)
    }

    /// As [`begin`](Self::begin), to end with a token instead of a session.
    pub(crate) fn begin_for_token(pair: &Pair, server: usize, name: &str) -> Self {
        Self::begin_at("/v1/account/tokens/oauth2/oidc", pair, server, name, None)
    }

    fn begin_at(route: &str, pair: &Pair, server: usize, name: &str, session: Option<&str>) -> Self {
        let query = query(&[("project", "default"), ("success", SUCCESS), ("failure", FAILURE)]);
        let call = Call::new(format!("GET {route}?{query}"));
        let reply = must(pair.ask(server, &session.iter().fold(call, |call, cookie| call.by(cookie))), 302);
        let to = location(&reply);
        let (_, state) = to.query_pairs().find(|(name, _)| name == "state").expect("a state");
        let kept: Vec<&str> = session.into_iter().chain(cookies(&reply)).collect();
        Self { cookies: kept.join("; "), state: state.into_owned(), name: name.to_owned() }
    }

    /// How the browser comes back.
    pub(crate) fn end(&self) -> Call {
        let code = format!("code-{}", self.name);
        let query = query(&[("project", "default"), ("code", &code), ("state", &self.state)]);
        Call::new(format!("GET {ROUTE}/redirect?{query}")).by(&self.cookies)
    }
}

/// Links a person of the provider to the one who is signed in, and gives the cookie of the session
/// that takes the place of the old one.
pub(crate) fn linked(pair: &Pair, session: &str, number: usize) -> String {
    let visit = Visit::begin(pair, number, &format!("linked-{number}"), Some(session));
    let reply = must(pair.ask(number + 1, &visit.end()), 302);
    assert!(has_succeeded(&reply), "{}", reply.head);
    session_cookie(&reply)
}

pub(crate) fn location(reply: &Reply) -> Url {
    Url::parse(reply.header("location").expect("a location")).unwrap()
}

pub(crate) fn has_succeeded(reply: &Reply) -> bool {
    assert_eq!(reply.status, 302, "{}", reply.body);
    let to = location(reply);
    assert!(to.as_str().starts_with(SUCCESS) || to.as_str().starts_with(FAILURE), "{to}");
    to.as_str().starts_with(SUCCESS)
}

/// The error that the failure page is told.
pub(crate) fn told(reply: &Reply) -> String {
    let to = location(reply);
    let (_, error) = to.query_pairs().find(|(name, _)| name == "error").expect("an error");
    let error: serde_json::Value = serde_json::from_str(&error).unwrap();
    error["type"].as_str().unwrap().to_owned()
}

fn query(pairs: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}
