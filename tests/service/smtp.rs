//! Emails as a mail server of another make receives them.

use std::{error::Error as _, net::Ipv4Addr, sync::Arc, time::Duration};

use account::{
    Secret, SmtpBuilder, SmtpEncryption, SmtpError, SmtpMailer,
    messages::{EmailMessage, Notice},
    model::Timestamp,
    ports::{Mailer, SendError},
    user_agent::Device,
};
use serde_json::{Value, json};

use crate::support::smtp::{CERTIFICATE, SmtpServer};

const FROM: &str = "Example Ltd. <no-reply@example.com>";
/// 2020-10-15T06:38:00Z; mail dates know no milliseconds.
const AT: i64 = 1_602_743_880_000;

fn email(project: &str, notice: Notice) -> EmailMessage {
    let to = "ada@example.org".parse().unwrap();
    EmailMessage::new(to, project, Timestamp::from_millis(AT), notice)
}

fn to(address: &str) -> EmailMessage {
    EmailMessage::new(
        address.parse().unwrap(),
        "Example",
        Timestamp::from_millis(AT),
        Notice::PasswordChanged,
    )
}

fn every_notice(link: &str, words: &str) -> Vec<Notice> {
    let link = || Arc::new(Secret::new(link.to_owned()));
    let code = || Arc::new(Secret::new("314159".to_owned()));
    let (device, phrase) = (Device::default, || Some(words.into()));
    let ip = Some(Ipv4Addr::new(192, 0, 2, 1).into());
    vec![
        Notice::Verification { link: link() },
        Notice::Recovery { link: link() },
        Notice::MagicUrl { link: link(), device: device(), phrase: phrase() },
        Notice::EmailCode { code: code(), device: device(), phrase: phrase() },
        Notice::MfaCode { code: code(), device: device() },
        Notice::SessionAlert { device: device(), ip, country: Some("FR".into()) },
        Notice::PasswordChanged,
        Notice::EmailChanged,
        Notice::PhoneChanged,
        Notice::MfaEnabled,
        Notice::MfaDisabled,
        Notice::AuthenticatorAdded,
        Notice::AuthenticatorRemoved,
        Notice::RecoveryCodesChanged,
        Notice::IdentityLinked { provider: "GitHub".into() },
        Notice::IdentityUnlinked { provider: "GitHub".into() },
    ]
}

/// A mailer for this server, by name, because that is what its certificate is for.
fn mailer(server: &SmtpServer) -> SmtpBuilder {
    SmtpMailer::builder("localhost", FROM).port(server.port)
}

fn cause(error: &SendError) -> &SmtpError {
    error.source().unwrap().downcast_ref().unwrap()
}

fn lines(text: &str) -> Vec<&str> {
    text.trim_end().lines().collect()
}

#[tokio::test]
async fn every_notice_arrives_as_text_and_as_html() {
    let Some(server) = SmtpServer::start(&json!({})) else { return };
    let mailer = SmtpMailer::from_url(&format!("smtp://127.0.0.1:{}", server.port), FROM).unwrap();
    let link = "https://example.org/verify?userId=ada&secret=x%20y&expire=2020-10-15+06%3A38%3A00.000";
    for notice in every_notice(link, "Quiet lantern") {
        let name = notice.name();
        let mut message = email("Example & Söhne", notice);
        message.name = "Ada Lovelace, \"Countess\" 👩‍💻".parse().unwrap();
        mailer.send(message.clone()).await.unwrap();
        let letter = server.event();
        assert_eq!(letter["contentType"], "multipart/alternative", "{name}");
        assert_eq!(letter["subject"], message.subject(), "{name}");
        assert_eq!(lines(letter["text"].as_str().unwrap()), lines(&message.text()), "{name}");
        assert_eq!(lines(letter["html"].as_str().unwrap()), lines(&message.html()), "{name}");
        let from = json!([{"address": "no-reply@example.com", "name": "Example Ltd."}]);
        assert_eq!(letter["from"], from, "{name}");
        assert_eq!(
            letter["to"],
            json!([{"address": "ada@example.org", "name": message.name.as_str()}]),
            "{name}"
        );
        assert_eq!(
            (&letter["sender"], &letter["recipients"]),
            (&json!("no-reply@example.com"), &json!(["ada@example.org"]))
        );
        assert_eq!(
            (&letter["date"], &letter["autoSubmitted"]),
            (&json!(AT), &json!("auto-generated")),
            "{name}"
        );
        assert!(letter["messageId"].as_str().unwrap().ends_with("@example.com>"), "{name}");
        assert_eq!(letter["attachments"], 0, "{name}");
        let raw = letter["raw"].as_str().unwrap();
        assert!(
            raw.is_ascii() && raw.split("\r\n").all(|line| line.len() <= 998 && !line.contains('\n')),
            "{name}"
        );
    }
}

#[tokio::test]
async fn hostile_texts_add_no_header_no_recipient_and_no_message() {
    let Some(server) = SmtpServer::start(&json!({})) else { return };
    let mailer = mailer(&server).build().unwrap();
    let headers = |letter: &Value| letter["headers"].clone();
    mailer.send(named(email("Example", Notice::PasswordChanged), "Ada")).await.unwrap();
    let harmless = headers(&server.event());

    let breaks =
        "\r\nBcc: mallory@example.net\r\n\r\n.\r\nMAIL FROM:<a@example.net>\r\nX: \n.\nY: \r.\r\u{85}Z: \0";
    let names = [
        "\"Ada\" <mallory@example.net>, x",
        "Ada\u{2028}Bcc: mallory@example.net",
        "=?utf-8?Q?=0D=0ABcc:_m@example.net?=",
    ];
    for notice in every_notice(&format!("https://example.org/{breaks}"), breaks) {
        for name in names {
            let kind = notice.name();
            let message = named(email(breaks, notice.clone()), name);
            mailer.send(message).await.unwrap();
            let letter = server.event();
            assert_eq!(headers(&letter), harmless, "{kind}, {name}");
            assert_eq!(letter["recipients"], json!(["ada@example.org"]), "{kind}");
            assert_eq!(letter["to"].as_array().unwrap().len(), 1, "{kind}, {name}");
            assert_eq!(letter["to"][0]["address"], "ada@example.org", "{kind}, {name}");
            assert!(!letter["subject"].as_str().unwrap().contains(char::is_control), "{kind}");
        }
    }
    assert!(server.rest().is_empty(), "one letter came of each message");
}

fn named(mut message: EmailMessage, name: &str) -> EmailMessage {
    message.name = name.parse().unwrap();
    message
}

#[tokio::test]
async fn the_strangest_addresses_arrive_where_they_should() {
    let Some(server) = SmtpServer::start(&json!({})) else { return };
    let mailer = mailer(&server).build().unwrap();
    for (address, readable) in [
        ("!#$%&'*+-/=?^_`{|}~@example.org", "!#$%&'*+-/=?^_`{|}~@example.org"),
        ("bcc@xn--bcher-kva.example", "bcc@bücher.example"),
        ("a.b.c+d@sub.example.org", "a.b.c+d@sub.example.org"),
    ] {
        mailer.send(to(address)).await.unwrap();
        let letter = server.event();
        assert_eq!(letter["recipients"], json!([readable]));
        assert_eq!(letter["to"][0]["address"], readable);
    }
}

#[tokio::test]
async fn a_second_attempt_is_known_as_the_same_letter() {
    let Some(server) = SmtpServer::start(&json!({})) else { return };
    let mailer = mailer(&server).build().unwrap();
    let message = to("ada@example.org");
    for _ in 0..2 {
        mailer.send(message.clone()).await.unwrap();
    }
    mailer.send(to("bob@example.org")).await.unwrap();
    let ids = [server.event(), server.event(), server.event()].map(|letter| letter["messageId"].clone());
    assert!(ids[0] == ids[1] && ids[1] != ids[2]);
}

#[tokio::test]
async fn the_password_is_shown_to_the_server_and_to_nobody_else() {
    let Some(server) = SmtpServer::start(&json!({"user": "ada@example.com", "password": "p@ss/wörd#1"}))
    else {
        return;
    };
    let url = format!("smtp://ada%40example.com:p%40ss%2Fw%C3%B6rd%231@localhost:{}", server.port);
    let mailer = SmtpMailer::from_url(&url, FROM).unwrap();
    mailer.send(to("ada@example.org")).await.unwrap();
    assert_eq!(server.event()["user"], "ada@example.com");

    let wrong = SmtpMailer::from_url(&url.replace("p%40ss", "hunter2"), FROM).unwrap();
    let refused = wrong.send(to("ada@example.org")).await.unwrap_err();
    assert!(refused.is_permanent());
    assert_eq!(cause(&refused).to_string(), "the mail server answered 535 5.7.8");
    let missing = SmtpMailer::builder("localhost", FROM).port(server.port).build().unwrap();
    let also_refused = missing.send(to("ada@example.org")).await.unwrap_err();
    assert!(also_refused.is_permanent(), "{also_refused:?}");
    for shown in [format!("{refused:?}"), format!("{mailer:?}"), format!("{wrong:?}")] {
        assert!(!shown.contains("ss/w") && !shown.contains("hunter2") && !shown.contains("ada"), "{shown}");
    }
    assert!(server.rest().is_empty());
}

#[tokio::test]
async fn starttls_needs_a_certificate_that_is_trusted() {
    let Some(server) = SmtpServer::start(&json!({"tls": "starttls", "user": "ada", "password": "secret"}))
    else {
        return;
    };
    let mailer = || {
        mailer(&server)
            .encryption(SmtpEncryption::StartTls)
            .credentials("ada".to_owned(), "secret".to_owned())
    };
    let trusting = mailer().root_certificate(CERTIFICATE).build().unwrap();
    trusting.send(to("ada@example.org")).await.unwrap();
    let letter = server.event();
    assert_eq!((&letter["secure"], &letter["user"]), (&json!(true), &json!("ada")));

    let distrusting = mailer().build().unwrap().send(to("ada@example.org")).await.unwrap_err();
    assert!(matches!(cause(&distrusting), SmtpError::Unreachable(_)) && !distrusting.is_permanent());
    assert!(server.rest().is_empty());
}

#[tokio::test]
async fn nothing_is_said_in_the_clear_where_starttls_is_asked_for() {
    let Some(server) = SmtpServer::start(&json!({"user": "ada", "password": "secret"})) else { return };
    let url = format!("smtp://ada:secret@localhost:{}?tls=required", server.port);
    let refused = SmtpMailer::from_url(&url, FROM).unwrap().send(to("ada@example.org")).await.unwrap_err();
    assert!(matches!(cause(&refused), SmtpError::Unsupported(_)) && refused.is_permanent());
    assert!(server.rest().is_empty());
}

#[tokio::test]
async fn implicit_tls_begins_with_the_first_byte() {
    let Some(server) = SmtpServer::start(&json!({"tls": "implicit"})) else { return };
    let mailer =
        mailer(&server).encryption(SmtpEncryption::Tls).root_certificate(CERTIFICATE).build().unwrap();
    mailer.send(to("ada@example.org")).await.unwrap();
    assert_eq!(server.event()["secure"], true);
}

#[tokio::test]
async fn refusals_tell_for_good_from_for_now_and_do_not_name_the_recipient() {
    let Some(server) = SmtpServer::start(&json!({})) else { return };
    let mailer = mailer(&server).build().unwrap();
    for (address, permanent, words) in [
        ("unknown@example.org", true, "the mail server answered 550 5.1.1"),
        ("greylisted@example.org", false, "the mail server answered 451 4.7.1"),
    ] {
        let refused = mailer.send(to(address)).await.unwrap_err();
        assert_eq!((refused.is_permanent(), cause(&refused).to_string().as_str()), (permanent, words));
        assert!(!format!("{refused:?}").contains("example.org"), "{refused:?}");
    }
    mailer.send(to("ada@example.org")).await.unwrap();
    assert_eq!(server.event()["recipients"], json!(["ada@example.org"]));
}

#[tokio::test]
async fn a_connection_serves_several_messages() {
    let Some(server) = SmtpServer::start(&json!({})) else { return };
    let mailer = mailer(&server).build().unwrap();
    let mut connections = Vec::new();
    for _ in 0..3 {
        mailer.send(to("ada@example.org")).await.unwrap();
        connections.push(server.event()["connection"].clone());
    }
    connections.dedup();
    assert_eq!(connections.len(), 1);
}

#[tokio::test]
async fn a_message_given_up_in_the_middle_does_no_harm_to_the_next() {
    let Some(server) = SmtpServer::start(&json!({})) else { return };
    let mailer = Arc::new(mailer(&server).build().unwrap());
    mailer.send(to("ada@example.org")).await.unwrap();
    server.event();
    let hanging = tokio::spawn({
        let mailer = Arc::clone(&mailer);
        async move { mailer.send(to("hanging@example.org")).await }
    });
    let (server, event) = tokio::task::spawn_blocking(move || {
        let event = server.event();
        (server, event)
    })
    .await
    .unwrap();
    assert_eq!(event["hanging"], "hanging@example.org");
    hanging.abort();
    assert!(hanging.await.unwrap_err().is_cancelled());
    mailer.send(to("bob@example.org")).await.unwrap();
    let letter = server.event();
    assert_eq!(letter["recipients"], json!(["bob@example.org"]));
    assert_eq!(letter["to"][0]["address"], "bob@example.org");
}

#[tokio::test]
async fn a_server_that_ended_is_reached_again_when_it_is_back() {
    let Some(server) = SmtpServer::start(&json!({})) else { return };
    let (mailer, port) = (mailer(&server).build().unwrap(), server.port);
    mailer.send(to("ada@example.org")).await.unwrap();
    drop(server);
    let failed = mailer.send(to("ada@example.org")).await.unwrap_err();
    assert!(matches!(cause(&failed), SmtpError::Unreachable(_)) && !failed.is_permanent(), "{failed:?}");
    let server = SmtpServer::start(&json!({ "port": port })).unwrap();
    mailer.send(to("ada@example.org")).await.unwrap();
    assert_eq!(server.event()["recipients"], json!(["ada@example.org"]));
}

#[tokio::test(start_paused = true)]
async fn a_server_that_says_nothing_is_waited_for_only_so_long() {
    let silent = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let port = silent.local_addr().unwrap().port();
    let mailer =
        SmtpMailer::builder("127.0.0.1", FROM).port(port).timeout(Duration::from_secs(5)).build().unwrap();
    let failed = mailer.send(to("ada@example.org")).await.unwrap_err();
    assert!(matches!(cause(&failed), SmtpError::TimedOut) && !failed.is_permanent());
}

#[tokio::test]
async fn what_is_no_mail_server_is_a_failure_for_now() {
    let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let answering = std::thread::spawn(move || {
        use std::io::Write as _;
        listener.accept().unwrap().0.write_all(b"SSH-2.0-OpenSSH_9.9\r\n").unwrap();
    });
    let mailer = SmtpMailer::builder("127.0.0.1", FROM).port(port).build().unwrap();
    let failed = mailer.send(to("ada@example.org")).await.unwrap_err();
    assert!(matches!(cause(&failed), SmtpError::Garbled) && !failed.is_permanent(), "{failed:?}");
    answering.join().unwrap();
}

#[test]
fn a_mailer_is_made_and_dropped_without_a_runtime() {
    drop(SmtpMailer::from_url("smtps://ada:secret@mail.example.com", FROM).unwrap());
}

/// A server that answers EHLO, and RCPT, with these lines, and returns the EHLO that it got.
fn scripted(ehlo: &'static str, rcpt: &'static str) -> (u16, std::thread::JoinHandle<String>) {
    use std::io::{BufRead as _, BufReader, Write as _};
    let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let answering = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut greeted = String::new();
        stream.write_all(b"220 mail.example.com ESMTP\r\n").unwrap();
        for line in BufReader::new(stream.try_clone().unwrap()).lines().map_while(Result::ok) {
            let reply = match line.get(..4).unwrap_or_default() {
                "EHLO" => {
                    greeted = line;
                    ehlo
                }
                "RCPT" => rcpt,
                _ => "250 2.0.0 Ok",
            };
            if stream.write_all(format!("{reply}\r\n").as_bytes()).is_err() {
                break;
            }
        }
        greeted
    });
    (port, answering)
}

#[tokio::test]
async fn v5_the_name_of_the_client_is_qualified_or_an_address_literal() {
    for (name, from, expected) in [
        (Some("app.example.net"), FROM, "EHLO app.example.net"),
        (Some("[192.0.2.7]"), FROM, "EHLO [192.0.2.7]"),
        (Some("[IPv6:2001:db8::7]"), FROM, "EHLO [IPv6:2001:db8::7]"),
        (None, "ada@localhost", ""),
        (None, FROM, ""),
    ] {
        let (port, answering) = scripted("250 mail.example.com", "550 5.1.1 unknown");
        let mut builder = SmtpMailer::builder("127.0.0.1", from).port(port);
        if let Some(name) = name {
            builder = builder.client_name(name);
        }
        let mailer = builder.build().unwrap();
        mailer.send(to("ada@example.org")).await.unwrap_err();
        drop(mailer);
        let greeted = answering.join().unwrap();
        match expected {
            "" => assert!(greeted.contains(['.', ':']), "{greeted}"),
            _ => assert_eq!(greeted, expected),
        }
    }
}

#[tokio::test]
async fn v5_a_refused_client_name_is_told_plainly() {
    let helo = "504 5.5.2 <vm.example.net>: Helo command rejected: need fully-qualified hostname";
    for (ehlo, rcpt, code) in [
        (helo, "250 2.1.5 Ok", 504),
        ("550 access denied", "250 2.1.5 Ok", 550),
        ("501 5.5.2 syntax", "250 2.1.5 Ok", 501),
        ("250 mail.example.com", helo, 504),
        ("250 mail.example.com", "450 4.7.1 <vm.example.net>: Helo command rejected: Host not found", 450),
    ] {
        let (port, answering) = scripted(ehlo, rcpt);
        let mailer =
            SmtpMailer::builder("127.0.0.1", FROM).port(port).client_name("vm.example.net").build().unwrap();
        let refused = mailer.send(to("ada@example.org")).await.unwrap_err();
        assert_eq!(refused.is_permanent(), code >= 500, "{refused:?}");
        let text = format!(
            "the mail server answered {code} to the name vm.example.net that the mailer gave in EHLO; \
             set another with client_name"
        );
        assert_eq!(cause(&refused).to_string(), text);
        drop(mailer);
        answering.join().unwrap();
    }
}

#[test]
fn v5_the_client_name_is_checked() {
    for name in
        ["", "vm", "a b.example", "vm.example\r\nMAIL", "192.0.2.7", "[vm.example]", "[192.0.2]", "-.example"]
    {
        let refused = SmtpMailer::builder("127.0.0.1", FROM).client_name(name).build().unwrap_err();
        assert!(matches!(refused, account::SmtpConfigError::ClientName), "{name}");
    }
    SmtpMailer::from_url("smtp://localhost?client_name=app.example.net", FROM).unwrap();
    SmtpMailer::from_url("smtp://localhost?tls=none&client_name=app.example.net", FROM).unwrap();
}
