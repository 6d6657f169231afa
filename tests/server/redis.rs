//! Servers that count requests together in Redis, and what they answer while it is away.

use std::{net::SocketAddr, time::Duration};

use account::{
    AccountService, Config, MasterKey, MemoryLimiter, MemoryStore, RedisLimiter,
    axum::{Settings, router_with},
    ports::RateLimiter,
    testing::ManualClock,
};
use axum::{
    Router,
    body::Body,
    extract::ConnectInfo,
    http::{Request, header},
};
use tower::ServiceExt as _;

use crate::support::{
    server_process::{
        SIGN_UP,
        client::Reply,
        server::{self, Server},
    },
    services::redis::Redis,
    tempdir::TempDir,
};

const KEY: &str = "UFeh0io4ytuGDP3w8NwYBKkwAcvzrEwmM6zi0d/t0EM=";

#[test]
fn two_servers_share_their_limits() {
    let Some(redis) = Redis::start() else { return };
    let directory = TempDir::new();
    let nodes = ["a", "b"].map(|name| start(&directory, name, &redis, KEY));
    // Should the hour end meanwhile, the count begins again.
    let is_done = ["ada", "eve", "bob"].iter().any(|name| {
        let replies: Vec<_> = (0..12).map(|turn| guess(&nodes[turn % 2], name)).collect();
        let reset = replies[0].header("x-ratelimit-reset");
        if replies.iter().any(|reply| reply.header("x-ratelimit-reset") != reset) {
            return false;
        }
        let statuses: Vec<_> = replies.iter().map(|reply| reply.status).collect();
        assert_eq!(statuses, [vec![401; 10], vec![429; 2]].concat());
        let left = |reply: &Reply| reply.header("x-ratelimit-remaining").unwrap().parse().unwrap();
        assert_eq!(replies.iter().map(left).collect::<Vec<u32>>(), [9, 8, 7, 6, 5, 4, 3, 2, 1, 0, 0, 0]);

        let stranger = start(&directory, "stranger", &redis, &MasterKey::generate().unwrap().to_base64());
        assert_eq!(guess(&stranger, name).status, 401, "another key, another service");
        true
    });
    assert!(is_done, "three hours cannot have ended");
}

#[test]
fn a_server_goes_on_without_redis_and_counts_again_when_it_is_back() {
    let Some(redis) = Redis::start() else { return };
    let directory = TempDir::new();
    let server = start(&directory, "a", &redis, KEY);
    server.sign_up();
    let cookie = server.sign_in().cookie();
    let session = |status| {
        let reply = server.send("GET /v1/account", &[("Cookie", &cookie)], "");
        assert_eq!(reply.status, status, "{}", reply.body);
    };
    session(200);

    let gone = redis.kill();
    let refused = guess(&server, "ada");
    assert_eq!((refused.status, refused.header("retry-after")), (503, Some("1")), "{}", refused.body);
    assert_eq!(refused.json()["type"], "general_limiter_unavailable");
    session(200);
    assert_eq!(server.send("GET /v1/health", &[], "").status, 200);

    // One that comes up while Redis is away does so, too.
    let late = Server::start(
        &directory.file("late"),
        &[("ACCOUNT_KEY", KEY), ("ACCOUNT_REDIS", &format!("redis://127.0.0.1:{}", gone.port))],
    );
    assert_eq!(guess(&late, "ada").status, 503);

    let redis = gone.restart();
    assert_eq!(guess(&server, "ada").status, 401);
    assert_eq!(guess(&late, "ada").status, 401);

    redis.pause();
    assert_eq!(guess(&server, "ada").status, 503);
    session(200);
    redis.resume();
    session(200);
    let back = (0..600).any(|_| guess(&server, "ada").status != 503);
    assert!(back, "it does not come back");
}

#[test]
fn a_bad_url_ends_the_start_with_one_line() {
    let directory = TempDir::new();
    for url in ["http://ada:hunter2@localhost", "rediss://ada:hunter2@localhost", "localhost"] {
        let output = server::run(&directory.file("bad"), &[("ACCOUNT_REDIS", url)]);
        let told = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{told}");
        assert!(told.contains("ACCOUNT_REDIS: ") && !told.contains("hunter2"), "{told}");
        assert_eq!(told.lines().count(), 1, "{told}");
    }
}

#[tokio::test]
async fn headers_are_those_of_the_limiter_in_memory() {
    let Some(redis) = Redis::shared() else { return };
    let shared = RedisLimiter::from_url(&redis.url()).unwrap().with_timeout(Duration::from_secs(20));
    let (shared, memory) = (router(shared), router(MemoryLimiter::new()));
    for (path, body) in [
        ("/v1/account", SIGN_UP),
        ("/v1/account/sessions/email", r#"{"email":"ada@example.com","password":"violet-anvil-71"}"#),
        ("/v1/account/sessions/email", r#"{"email":"eve@example.com","password":"a wrong password"}"#),
        ("/v1/account/sessions/anonymous", "{}"),
        ("/v1/account/recovery", r#"{"email":"ada@example.com","url":"http://localhost"}"#),
        ("/v1/account/jwts", "{}"),
    ] {
        for turn in 0..12 {
            let expected = limits_of(&memory, path, body).await;
            assert_eq!(limits_of(&shared, path, body).await, expected, "{path}, request {turn}");
        }
    }
}

fn start(directory: &TempDir, name: &str, redis: &Redis, key: &str) -> Server {
    Server::start(&directory.file(name), &[("ACCOUNT_KEY", key), ("ACCOUNT_REDIS", &redis.url())])
}

fn guess(server: &Server, name: &str) -> Reply {
    let body = format!(r#"{{"email":"{name}@example.com","password":"a wrong password"}}"#);
    server.send("POST /v1/account/sessions/email", &[], &body)
}

/// A service in memory at a moment that does not pass.
fn router(limiter: impl RateLimiter) -> Router {
    let config = Config::new(MasterKey::generate().unwrap());
    let builder = AccountService::builder(MemoryStore::new()).config(config).clock(ManualClock::default());
    router_with(builder.limiter(limiter).build().unwrap(), &Settings::default()).unwrap()
}

/// The status and the headers that tell of limits.
async fn limits_of(router: &Router, path: &str, body: &'static str) -> (u16, Vec<Option<String>>) {
    let request = Request::post(path)
        .header(header::HOST, "localhost")
        .header(header::CONTENT_TYPE, "application/json")
        .header("x-appwrite-project", "default")
        .extension(ConnectInfo(SocketAddr::from(([192, 0, 2, 1], 4711))))
        .body(Body::from(body));
    let reply = router.clone().oneshot(request.unwrap()).await.unwrap();
    let headers = ["x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset", "retry-after"];
    let value = |name| reply.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
    (reply.status().as_u16(), headers.map(value).into())
}
