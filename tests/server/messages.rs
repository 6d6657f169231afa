//! The reference server with a mail server and an SMS gateway: what people get, and what becomes of
//! it when the server ends.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{Ipv4Addr, TcpListener, TcpStream},
    sync::{
        Arc, Condvar, Mutex,
        mpsc::{Receiver, Sender, channel},
    },
    thread,
    time::Duration,
};

use serde_json::{Value, json};

use crate::support::{
    server_process::{client, empty_directory, server::Server},
    smtp::SmtpServer,
};

const RECOVERY: &str = r#"{"email":"ada@example.com","url":"http://localhost/reset"}"#;
const FROM: (&str, &str) = ("ACCOUNT_SMTP_FROM", "Notes <notes@example.com>");

#[test]
fn a_recovery_is_mailed_by_smtp_and_sets_a_new_password() {
    let Some(mail) = SmtpServer::start(&json!({"user": "notes", "password": "p@ss"})) else { return };
    let url = format!("smtp://notes:p%40ss@localhost:{}", mail.port);
    let server = Server::start(&empty_directory("smtp"), &[("ACCOUNT_SMTP", &url), FROM]);
    server.sign_up();
    let asked = server.send("POST /v1/account/recovery", &[], RECOVERY);
    assert_eq!(asked.status, 201, "{}", asked.body);

    let letter = mail.event();
    assert_eq!((&letter["user"], &letter["recipients"]), (&json!("notes"), &json!(["ada@example.com"])));
    assert_eq!(letter["from"], json!([{"address": "notes@example.com", "name": "Notes"}]));
    let text = letter["text"].as_str().unwrap();
    let link =
        text.lines().find(|line| line.starts_with("http://localhost/reset?userId=ada&secret=")).unwrap();
    assert!(letter["html"].as_str().unwrap().contains(&link.replace('&', "&amp;")));
    let secret = link.split('&').find_map(|pair| pair.strip_prefix("secret=")).unwrap();
    let body = json!({"userId": "ada", "secret": secret, "password": "copper-lantern-58"}).to_string();
    let changed = server.send("PUT /v1/account/recovery", &[], &body);
    assert_eq!(changed.status, 200, "{}", changed.body);
    let sign_in = r#"{"email":"ada@example.com","password":"copper-lantern-58"}"#;
    assert_eq!(server.send("POST /v1/account/sessions/email", &[], sign_in).status, 201);

    assert!(mail.event()["subject"].as_str().unwrap().contains("password was changed"));
    assert_eq!(server.send("GET /dev/outbox", &[], "").json(), json!([]), "mail does not go both ways");
    stop(server);
    assert!(mail.rest().is_empty());
}

#[test]
fn a_code_is_posted_to_the_webhook_and_signs_in() {
    let webhook = Webhook::answering();
    let url = format!("http://notes:secret@127.0.0.1:{}/sms?from=notes", webhook.port);
    let server = Server::start(&empty_directory("webhook"), &[("ACCOUNT_SMS_WEBHOOK", &url)]);
    text(&server, "ada", "+12025550123");

    let (head, body) = webhook.post();
    assert!(head.starts_with("POST /sms?from=notes HTTP/1.1\r\n"), "{head}");
    let head = head.to_lowercase();
    assert!(head.contains("content-type: application/json\r\n"), "{head}");
    // `notes:secret` in base64 (RFC 7617 §2).
    assert!(head.contains("authorization: basic bm90zxm6c2vjcmv0\r\n"), "{head}");
    assert_eq!((body.as_object().unwrap().len(), &body["to"]), (2, &json!("+12025550123")));
    let code = body["message"].as_str().unwrap().split(' ').next().unwrap();
    let body = json!({"userId": "ada", "secret": code}).to_string();
    let session = server.send("PUT /v1/account/sessions/phone", &[], &body);
    assert_eq!(session.status, 201, "{}", session.body);
    assert_eq!(server.send("GET /dev/outbox", &[], "").json(), json!([]), "SMS does not go both ways");
}

#[test]
fn a_server_that_can_send_everything_has_no_outbox() {
    let settings = [
        ("ACCOUNT_SMTP", "smtp://localhost:9"),
        FROM,
        ("ACCOUNT_SMS_WEBHOOK", "http://localhost:9/"),
        ("ACCOUNT_DATABASE", "memory"),
    ];
    let server = Server::start(&empty_directory("no-outbox"), &settings);
    for path in ["GET /dev", "GET /dev/outbox"] {
        assert_eq!(server.send(path, &[], "").status, 404);
    }
}

#[test]
fn no_reply_waits_for_the_webhook_and_the_end_waits_for_all_messages() {
    let webhook = Webhook::hesitating();
    let url = format!("http://127.0.0.1:{}/", webhook.port);
    let server = Server::start(&empty_directory("drain-sms"), &[("ACCOUNT_SMS_WEBHOOK", &url)]);
    let numbers: Vec<String> = (0..9).map(|number| format!("+1202555012{number}")).collect();
    for (place, number) in numbers.iter().enumerate() {
        text(&server, &format!("person-{place}"), number);
    }
    let first = webhook.post();
    server.terminate();
    while client::connect(server.port).is_ok() {}
    webhook.answer();
    let log = server.log_at_end();
    assert!(!log.contains("could not be sent"), "{log}");
    let mut reached: Vec<String> = std::iter::once(first)
        .chain(webhook.rest())
        .map(|(_, body)| body["to"].as_str().unwrap().to_owned())
        .collect();
    reached.sort();
    assert_eq!(reached, numbers);
}

#[test]
fn mail_that_failed_for_now_is_tried_once_more_at_the_end() {
    // Starts the mail server only to learn whether one can be had here.
    if SmtpServer::start(&json!({})).is_none() {
        return;
    }
    let closed = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = closed.local_addr().unwrap().port();
    let url = format!("smtp://127.0.0.1:{port}");
    let server = Server::start(&empty_directory("drain-mail"), &[("ACCOUNT_SMTP", &url), FROM]);
    server.sign_up();
    let asked = server.send("POST /v1/account/recovery", &[], RECOVERY);
    assert_eq!(asked.status, 201, "{}", asked.body);
    drop(closed.accept().unwrap());
    drop(closed);
    let mail = SmtpServer::start(&json!({ "port": port })).unwrap();
    stop(server);
    assert_eq!(mail.event()["recipients"], json!(["ada@example.com"]));
    assert!(mail.rest().is_empty());
}

#[test]
fn mail_that_is_refused_for_good_is_told_to_the_operator_without_its_recipient() {
    let Some(mail) = SmtpServer::start(&json!({})) else { return };
    let url = format!("smtp://127.0.0.1:{}", mail.port);
    let server = Server::start(&empty_directory("refused"), &[("ACCOUNT_SMTP", &url), FROM]);
    let body = r#"{"userId":"ada","email":"unknown@example.com"}"#;
    let asked = server.send("POST /v1/account/tokens/email", &[], body);
    assert_eq!(asked.status, 201, "{}", asked.body);
    server.terminate();
    let log = server.log_at_end();
    let told = log.lines().find(|line| line.contains("otpSession")).expect("the operator is told");
    assert!(told.starts_with("notice: ") && told.contains("550") && !log.contains("unknown@"), "{log}");
}

#[test]
fn a_second_signal_does_not_wait_for_messages_but_tells_that_they_are_lost() {
    let webhook = Webhook::hesitating();
    let url = format!("http://127.0.0.1:{}/", webhook.port);
    let server = Server::start(&empty_directory("second-signal"), &[("ACCOUNT_SMS_WEBHOOK", &url)]);
    text(&server, "ada", "+12025550123");
    webhook.post();
    server.terminate();
    while client::connect(server.port).is_ok() {}
    server.terminate();
    let log = server.log_at_end();
    for told in ["cut off: a second signal came", "messages that could not be sent in time: 1"] {
        assert!(log.contains(told), "{log}");
    }
}

/// An SMS gateway that tells what it is sent.
struct Webhook {
    port: u16,
    posts: Receiver<(String, Value)>,
    go_ahead: Arc<(Mutex<bool>, Condvar)>,
}

impl Webhook {
    fn answering() -> Self {
        let webhook = Self::hesitating();
        webhook.answer();
        webhook
    }

    /// One that does not answer before it is told to.
    fn hesitating() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let (sender, posts) = channel();
        let go_ahead = Arc::new((Mutex::new(false), Condvar::new()));
        let answering = Arc::clone(&go_ahead);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (sender, go_ahead) = (sender.clone(), Arc::clone(&answering));
                thread::spawn(move || serve(&stream.unwrap(), &sender, &go_ahead));
            }
        });
        Self { port, posts, go_ahead }
    }

    fn answer(&self) {
        *self.go_ahead.0.lock().unwrap() = true;
        self.go_ahead.1.notify_all();
    }

    /// The next request: its head, and the JSON that it carried.
    fn post(&self) -> (String, Value) {
        self.posts.recv_timeout(Duration::from_secs(30)).expect("the server posts the message")
    }

    fn rest(&self) -> Vec<(String, Value)> {
        self.posts.try_iter().collect()
    }
}

fn serve(mut stream: &TcpStream, posts: &Sender<(String, Value)>, go_ahead: &(Mutex<bool>, Condvar)) {
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        assert!(reader.read_line(&mut head).unwrap() > 0, "the request is whole");
    }
    let length = |line: &str| line.to_lowercase().strip_prefix("content-length: ")?.parse::<usize>().ok();
    let mut body = vec![0; head.lines().find_map(length).unwrap()];
    reader.read_exact(&mut body).unwrap();
    posts.send((head, serde_json::from_slice(&body).unwrap())).unwrap();
    drop(go_ahead.1.wait_while(go_ahead.0.lock().unwrap(), |is_open| !*is_open).unwrap());
    stream.write_all(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n").unwrap();
}

/// Asks for a code by SMS.
fn text(server: &Server, id: &str, number: &str) {
    let body = json!({"userId": id, "phone": number}).to_string();
    let asked = server.send("POST /v1/account/tokens/phone", &[], &body);
    assert_eq!(asked.status, 201, "{}", asked.body);
}

fn stop(server: Server) {
    server.terminate();
    let log = server.log_at_end();
    assert!(!log.contains("could not be sent"), "{log}");
}
