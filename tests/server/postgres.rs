//! Two reference servers on one PostgreSQL, as behind a load balancer.

use std::{
    path::{Path, PathBuf},
    thread,
};

use crate::support::{
    server_process::{
        KEY, SIGN_IN, SIGN_UP,
        server::{self, Server},
    },
    services::postgres::Postgres,
};

fn node(name: &str, database: &str) -> Server {
    let settings = [("ACCOUNT_DATABASE", database), ("ACCOUNT_KEY", KEY), ("ACCOUNT_RATE_LIMITS", "off")];
    Server::start(&directory(name), &settings)
}

fn directory(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("server-postgres").join(name)
}

fn status(server: &Server, line: &str, proof: (&str, &str)) -> u16 {
    server.send(line, &[proof], "").status
}

#[test]
fn what_one_server_does_holds_for_the_other_at_once() {
    let Some(postgres) = Postgres::shared() else { return };
    let database = postgres.database();
    // Both find an empty database and make the tables, once.
    let (one, other) = thread::scope(|scope| {
        let one = scope.spawn(|| node("one", &database));
        (node("other", &database), one.join().unwrap())
    });
    assert_eq!(one.send("POST /v1/account", &[], SIGN_UP).status, 201);
    for round in 0..10 {
        let (here, there) = if round % 2 == 0 { (&one, &other) } else { (&other, &one) };
        let signed_in = here.send("POST /v1/account/sessions/email", &[], SIGN_IN);
        assert_eq!(signed_in.status, 201, "{}", signed_in.body);
        let cookie = signed_in.cookie();
        let session = ("Cookie", cookie.as_str());
        assert_eq!(status(there, "GET /v1/account", session), 200);
        let jwt = there.send("POST /v1/account/jwts", &[session], "{}").json();
        let jwt = ("X-Appwrite-JWT", jwt["jwt"].as_str().unwrap());
        let renamed =
            here.send("PATCH /v1/account/name", &[session], &format!(r#"{{"name":"round {round}"}}"#));
        assert_eq!(renamed.status, 200, "{}", renamed.body);
        assert_eq!(there.send("GET /v1/account", &[jwt], "").json()["name"], format!("round {round}"));

        assert_eq!(status(there, "DELETE /v1/account/sessions/current", session), 204);
        for proof in [session, jwt] {
            assert_eq!(status(here, "GET /v1/account", proof), 401, "round {round}: {}", proof.0);
        }
    }
}

#[test]
fn servers_on_one_database_count_requests_together() {
    let Some(postgres) = Postgres::shared() else { return };
    let database = postgres.database();
    let settings = [("ACCOUNT_DATABASE", database.as_str()), ("ACCOUNT_KEY", KEY)];
    let servers = ["counts", "counts-too"].map(|name| Server::start(&directory(name), &settings));
    for left in (0..10).rev() {
        let answer = servers[left % 2].send("POST /v1/account/sessions/email", &[], SIGN_IN);
        assert_eq!(answer.status, 401, "{}", answer.body);
        assert_eq!(answer.header("x-ratelimit-remaining"), Some(left.to_string().as_str()));
    }
    for server in &servers {
        assert_eq!(server.send("POST /v1/account/sessions/email", &[], SIGN_IN).status, 429);
    }
}

#[test]
fn health_tells_whether_the_database_answers() {
    let Some(mut postgres) = Postgres::durable() else { return };
    let server = node("health", &postgres.url("postgres"));
    let health = || server.send("GET /v1/health", &[], "").status;
    assert_eq!(health(), 200);
    postgres.kill();
    assert_eq!(health(), 503);
    postgres.restart();
    assert_eq!(health(), 200, "the server finds its database again by itself");
    assert_eq!(server.send("POST /v1/account", &[], SIGN_UP).status, 201);
}

#[test]
fn a_start_that_fails_shows_no_password() {
    let database = "postgres://account:hunter2@127.0.0.1:1/account";
    let told = |settings: &[(&str, &str)], code| {
        let ended = server::run(&directory("refused"), settings);
        let text = String::from_utf8(ended.stderr).unwrap();
        assert_eq!(ended.status.code(), Some(code), "{text}");
        assert!(!text.contains("hunter2") && text.lines().count() == 1, "{text}");
        text
    };
    assert!(told(&[("ACCOUNT_DATABASE", database)], 2).contains("ACCOUNT_KEY"));
    let listen = ("ACCOUNT_LISTEN", "127.0.0.1:0");
    let no_server = told(&[("ACCOUNT_DATABASE", database), ("ACCOUNT_KEY", KEY), listen], 1);
    assert!(no_server.contains("the database cannot be opened"), "{no_server}");
    let malformed = format!("{database}?unheard=hunter2");
    let no_url = told(&[("ACCOUNT_DATABASE", &malformed), ("ACCOUNT_KEY", KEY), listen], 1);
    assert!(no_url.contains("the URL of the database is malformed"), "{no_url}");
}
