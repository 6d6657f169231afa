//! The reference server as its operator meets it: settings, key file, health, development outbox,
//! and its end.

use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use data_encoding::BASE64;

use crate::support::server_process::{
    SIGN_IN, SIGN_UP, client, empty_directory,
    server::{self, Server},
};

#[test]
fn a_bad_setting_ends_the_start_with_one_line_and_opens_nothing() {
    let directory = empty_directory("bad-settings");
    for (name, value) in [
        ("ACCOUNT_LISTENS", "127.0.0.1:8080"),
        ("ACCOUNT_LISTEN", "8080"),
        ("ACCOUNT_KEY", "changeme"),
        ("ACCOUNT_RATE_LIMITS", "yes"),
        ("ACCOUNT_DATABASE", "mysql://localhost/account"),
        ("ACCOUNT_OAUTH2_GITLAPP_ID", "id"),
    ] {
        refused(&directory, &[(name, value)], name);
    }
    refused(&directory, &[("ACCOUNT_LISTEN", "0.0.0.0:0")], "ACCOUNT_INSECURE_HTTP");
    assert_eq!(fs::read_dir(&directory).unwrap().count(), 0);
}

#[test]
fn a_port_in_use_ends_the_start_before_the_database_is_made() {
    let directory = empty_directory("port-in-use");
    let holder = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = holder.local_addr().unwrap().to_string();
    refused(&directory, &[("ACCOUNT_LISTEN", &address)], &address);
    assert_eq!(fs::read_dir(&directory).unwrap().count(), 0);
}

#[test]
fn accounts_and_sessions_outlive_a_restart_and_so_does_the_key() {
    let directory = empty_directory("restart");
    let server = Server::start(&directory, &[]);
    server.sign_up();
    let cookie = server.sign_in().cookie();
    let jwt = server.send("POST /v1/account/jwts", &[("Cookie", &cookie)], "{}");
    assert_eq!(jwt.status, 201, "{}", jwt.body);
    let jwt = jwt.json()["jwt"].as_str().unwrap().to_owned();
    let key = fs::read_to_string(key_file(&directory)).unwrap();
    assert_eq!(fs::metadata(key_file(&directory)).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(server.log().contains("account.db.key"), "the operator is told of the key");
    stop(server);

    let server = Server::start(&directory, &[]);
    assert_eq!(fs::read_to_string(key_file(&directory)).unwrap(), key);
    assert!(!server.log().contains("account.db.key"), "once is enough");
    for proof in [("Cookie", cookie.as_str()), ("X-Appwrite-JWT", &jwt)] {
        let account = server.send("GET /v1/account", &[proof], "");
        assert_eq!((account.status, account.json()["$id"].as_str()), (200, Some("ada")), "{}", proof.0);
    }
}

#[test]
fn a_database_without_its_key_is_refused_until_a_key_is_given() {
    let directory = empty_directory("lost-key");
    stop(Server::start(&directory, &[]));
    let key = fs::read_to_string(key_file(&directory)).unwrap();
    fs::remove_file(key_file(&directory)).unwrap();
    refused(&directory, &[("ACCOUNT_LISTEN", "127.0.0.1:0")], "account.db.key");
    assert!(!key_file(&directory).exists());
    stop(Server::start(&directory, &[("ACCOUNT_KEY", key.trim())]));
    fs::write(key_file(&directory), "").unwrap();
    refused(&directory, &[("ACCOUNT_LISTEN", "127.0.0.1:0")], "account.db.key");
}

#[test]
fn a_key_that_others_can_read_is_noticed() {
    let directory = empty_directory("open-key");
    stop(Server::start(&directory, &[]));
    fs::set_permissions(key_file(&directory), fs::Permissions::from_mode(0o644)).unwrap();
    assert!(Server::start(&directory, &[]).log().contains("notice: others can read the master key"));
}

#[test]
fn a_server_in_memory_leaves_nothing_behind() {
    let directory = empty_directory("memory");
    let server = Server::start(&directory, &[("ACCOUNT_DATABASE", "memory")]);
    server.sign_up();
    stop(server);
    let names: Vec<_> = fs::read_dir(&directory).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["log"]);
}

#[test]
fn requests_that_have_begun_are_finished_after_sigterm() {
    let directory = empty_directory("drain");
    let server = Server::start(&directory, &[]);
    let mut connection = client::connect(server.port).unwrap();
    let head = client::head(server.port, "POST /v1/account", &[("Expect", "100-continue")], SIGN_UP);
    connection.write_all(head.as_bytes()).unwrap();
    // The server says so when it begins to read the body, that is, when the request is in its
    // hands.
    let mut go_ahead = [0; 25];
    connection.read_exact(&mut go_ahead).unwrap();
    assert_eq!(&go_ahead, b"HTTP/1.1 100 Continue\r\n\r\n");

    server.terminate();
    while client::connect(server.port).is_ok() {}
    connection.write_all(SIGN_UP.as_bytes()).unwrap();
    let reply = client::receive(&mut connection).unwrap();
    assert_eq!((reply.status, reply.json()["$id"].as_str()), (201, Some("ada")), "{}", reply.body);
    server.log_at_end();

    let server = Server::start(&directory, &[]);
    // What was acknowledged is kept.
    server.sign_in();
}

#[test]
fn idle_connections_do_not_delay_the_end() {
    let server = Server::start(&empty_directory("idle"), &[("ACCOUNT_DATABASE", "memory")]);
    let _never_used = client::connect(server.port).unwrap();
    let mut kept_alive = client::connect(server.port).unwrap();
    kept_alive.write_all(b"GET /v1/health HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    kept_alive.read_exact(&mut [0; 15]).unwrap();
    server.terminate();
    let log = server.log_at_end();
    assert!(!log.contains("cut off"), "{log}");
}

#[test]
fn a_sent_message_shows_in_the_outbox_of_this_machine() {
    let server = Server::start(&empty_directory("outbox"), &[("ACCOUNT_DATABASE", "memory")]);
    assert_eq!(server.send("GET /dev/outbox", &[], "").json(), serde_json::json!([]));
    server.sign_up();
    let cookie = server.sign_in().cookie();
    let change = r#"{"password":"copper-lantern-58","oldPassword":"violet-anvil-71"}"#;
    let changed = server.send("PATCH /v1/account/password", &[("Cookie", &cookie)], change);
    assert_eq!(changed.status, 200, "{}", changed.body);

    let messages = server.send("GET /dev/outbox", &[], "");
    assert_eq!(messages.header("content-type"), Some("application/json"));
    let message = &messages.json()[0];
    assert_eq!(
        (message["channel"].as_str(), message["to"].as_str()),
        (Some("email"), Some("ada@example.com"))
    );
    for field in ["subject", "text", "html", "at"] {
        assert!(message[field].is_string(), "{field} of {message}");
    }
    let page = server.send("GET /dev", &[], "");
    assert_eq!(page.status, 200);
    assert!(page.header("content-type").unwrap().starts_with("text/html"));
    assert!(page.header("content-security-policy").unwrap().contains("script-src 'sha256-"));
}

#[test]
fn the_outbox_is_for_this_machine_only() {
    let server = Server::start(&empty_directory("outbox-hidden"), &[("ACCOUNT_DATABASE", "memory")]);
    for path in ["GET /dev", "GET /dev/outbox"] {
        assert_eq!(server.send(path, &[("X-Forwarded-For", "192.0.2.7")], "").status, 404);
        assert_eq!(server.send(path, &[("Host", "rebound.example.com")], "").status, 404);
    }
    drop(server);
    let everywhere = Server::start_at(
        "0.0.0.0",
        &empty_directory("outbox-absent"),
        &[("ACCOUNT_INSECURE_HTTP", "on"), ("ACCOUNT_DATABASE", "memory")],
    );
    for path in ["GET /dev", "GET /dev/outbox"] {
        assert_eq!(everywhere.send(path, &[], "").status, 404);
    }
}

#[test]
fn the_log_holds_no_secret() {
    let server = Server::start(&empty_directory("secrets"), &[]);
    // The server's greeting shows the password of these tests as an example.
    let own = |text: &str| text.replace("violet-anvil-71", "canary-anvil-71");
    let created = server.send("POST /v1/account", &[], &own(SIGN_UP));
    assert_eq!(created.status, 201, "{}", created.body);
    let guess = own(SIGN_IN).replace("canary-anvil-71", "canary-guess-71");
    assert_eq!(server.send("POST /v1/account/sessions/email", &[], &guess).status, 401);
    let session = server.send("POST /v1/account/sessions/email", &[], &own(SIGN_IN));
    assert_eq!(session.status, 201, "{}", session.body);
    let mut secrets = vec!["canary-anvil-71".to_owned(), "canary-guess-71".to_owned()];
    let lines = session.head.lines().filter_map(|line| line.strip_prefix("set-cookie: "));
    let cookies: Vec<_> = lines.map(|line| line.split(';').next().unwrap()).collect();
    assert_eq!(cookies.len(), 2, "a session and a device: {}", session.head);
    for (_, value) in cookies.iter().filter_map(|cookie| cookie.split_once('=')) {
        secrets.extend([value.to_owned(), value.replace("%3D", "=")]);
    }
    let wire = BASE64.decode(secrets[5].as_bytes()).unwrap();
    let wire: serde_json::Value = serde_json::from_slice(&wire).unwrap();
    secrets.push(wire["secret"].as_str().unwrap().to_owned());

    let cookies = cookies.join("; ");
    let jwt = server.send("POST /v1/account/jwts", &[("Cookie", &cookies)], "{}").json();
    let jwt = jwt["jwt"].as_str().unwrap().to_owned();
    assert_eq!(server.send("GET /v1/account", &[("X-Appwrite-JWT", &jwt)], "").status, 200);
    let tampered = format!("{jwt}x");
    assert_eq!(server.send("GET /v1/account", &[("X-Appwrite-JWT", &tampered)], "").status, 401);
    secrets.extend([jwt.rsplit('.').next().unwrap().to_owned(), jwt]);

    let recovery = r#"{"email":"ada@example.com","url":"http://localhost/new-password"}"#;
    let asked = server.send("POST /v1/account/recovery", &[], recovery);
    assert_eq!(asked.status, 201, "{}", asked.body);
    let outbox = server.send("GET /dev/outbox", &[], "").body;
    let link = outbox.split("secret=").nth(1).expect("a link with a secret");
    let link: String = link.chars().take_while(char::is_ascii_alphanumeric).collect();
    assert!(link.len() >= 32, "{link}");
    let redeem = |secret: &str| {
        let body = format!(r#"{{"userId":"ada","secret":"{secret}","password":"copper-lantern-58"}}"#);
        server.send("PUT /v1/account/recovery", &[], &body).status
    };
    assert_eq!((redeem("canary-guess-71"), redeem(&link)), (401, 200));
    // Where no secret belongs.
    let query = format!("GET /v1/account/logs?secret={link}&password=canary-anvil-71");
    server.send(&query, &[("Cookie", &cookies)], "");
    server.send(&format!("GET /v1/{link}"), &[], "");
    server.send("POST /v1/account/sessions/email", &[], &format!("{}}}", own(SIGN_IN)));
    secrets.extend([link, "copper-lantern-58".to_owned()]);

    server.terminate();
    let log = server.log_at_end();
    assert!(log.contains("account.db.key"), "the log is where it is looked for");
    for secret in &secrets {
        assert!(secret.len() >= 12 && !log.contains(secret.as_str()), "the log shows {secret}: {log}");
    }
}

#[test]
fn a_healthy_server_says_so_and_knows_no_other_route() {
    let server = Server::start(&empty_directory("health"), &[]);
    let health = server.send("GET /v1/health", &[], "");
    assert_eq!((health.status, health.body.as_str()), (200, r#"{"status":"pass"}"#));
    let elsewhere = server.send("GET /v1/nowhere", &[], "");
    assert_eq!((elsewhere.status, elsewhere.json()["type"].as_str()), (404, Some("general_route_not_found")));
}

/// Expects the start to end with one line on standard error that names the cause.
fn refused(directory: &Path, settings: &[(&str, &str)], cause: &str) {
    let output = server::run(directory, settings);
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success(), "{settings:?} was accepted");
    assert!(error.starts_with("error: ") && error.contains(cause), "{settings:?}: {error}");
    assert_eq!((error.lines().count(), output.stdout.len()), (1, 0), "{settings:?}: {error}");
}

fn stop(server: Server) {
    server.terminate();
    server.log_at_end();
}

fn key_file(directory: &Path) -> PathBuf {
    directory.join("account.db.key")
}
