use super::*;

fn mailer(url: &str) -> SmtpMailer {
    SmtpMailer::from_url(url, "a@b.example").unwrap()
}

#[test]
fn encryption_is_the_default_except_on_this_machine() {
    use SmtpEncryption::{None, StartTls, Tls};
    for (url, host, port, encryption) in [
        ("smtp://mail.example.com", "mail.example.com", 587, StartTls),
        ("SMTP://MAIL.example.com:25?tls=none", "mail.example.com", 25, None),
        ("smtps://mail.example.com/", "mail.example.com", 465, Tls),
        ("smtps://localhost:1465?tls=required", "localhost", 1465, Tls),
        ("smtp://localhost:1025", "localhost", 1025, None),
        ("smtp://127.0.0.9", "127.0.0.9", 587, None),
        ("smtp://[::1]:1025", "::1", 1025, None),
        ("smtp://localhost?tls=required", "localhost", 587, StartTls),
        ("smtp://10.0.0.1", "10.0.0.1", 587, StartTls),
        ("smtp://localhost.example.com", "localhost.example.com", 587, StartTls),
        ("smtp://bücher.example", "xn--bcher-kva.example", 587, StartTls),
    ] {
        let mailer = mailer(url);
        let server = mailer.connections.server();
        assert_eq!((&*server.host, server.port, mailer.encryption), (host, port, encryption), "{url}");
    }
}

#[test]
fn user_and_password_are_percent_decoded() {
    let with_password = mailer("smtp://ada%40example.com:p%40ss%2Fw+rd%23@mail.example.com");
    let (user, password) = with_password.connections.server().credentials.as_ref().unwrap();
    assert_eq!((user.expose(), password.expose()), ("ada@example.com", "p@ss/w+rd#"));
    assert!(mailer("smtp://mail.example.com").connections.server().credentials.is_none());
}

#[test]
fn errors_about_a_url_do_not_show_its_password() {
    for url in [
        "",
        "mail.example.com",
        "http://hunter2@mail.example.com",
        "smtp:///x",
        "smtp://ada:hunter2#@mail.example.com",
        "smtp://ada:hunter2/@mail.example.com",
        "smtp://ada:hunter2@",
        "smtp://ada:hunter2@mail.example.com:99999",
        "smtp://ada:hunter2@mail.example.com?tls=maybe",
        "smtp://ada:hunter2@mail.example.com?tls=none&tls=required",
        "smtp://ada:hunter2@mail.example.com?hunter2",
        "smtps://ada:hunter2@mail.example.com?tls=none",
        "smtp://ada:hunter%FF2@mail.example.com",
        "smtp://ada:hunter2@mail_%20.example.com",
    ] {
        let error = SmtpMailer::from_url(url, "a@b.example").unwrap_err();
        assert!(!format!("{error} {error:?}").contains("hunter"), "{url}");
    }
    let refused = SmtpMailer::from_url("smtp://mail.example.com", "no address").unwrap_err();
    assert!(matches!(refused, SmtpConfigError::Sender));
}
