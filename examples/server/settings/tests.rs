use super::*;

/// Every setting except the keys, which are random.
const EVERY_SETTING: [(&str, &str); 21] = [
    ("ACCOUNT_LISTEN", "[::]:80"),
    ("ACCOUNT_PUBLIC_URL", "https://accounts.example.com/"),
    ("ACCOUNT_TRUSTED_PROXIES", "10.0.0.0/8, ::1"),
    ("ACCOUNT_CROSS_SITE_COOKIES", "on"),
    ("ACCOUNT_DATABASE", "memory"),
    ("ACCOUNT_PROJECT", "notes"),
    ("ACCOUNT_PROJECT_NAME", "Notes & more"),
    ("ACCOUNT_ALLOWED_HOSTS", "app.example.com,*.example.org"),
    ("ACCOUNT_ALLOWED_APPS", "com.example.notes"),
    ("ACCOUNT_PROFILE", "appwrite-1.6"),
    ("ACCOUNT_API_KEY", "0123456789abcdef"),
    ("ACCOUNT_RATE_LIMITS", "off"),
    ("ACCOUNT_REDIS", "redis://:hunter2@redis.example.com/3"),
    ("ACCOUNT_SESSION_ALERTS", "on"),
    ("ACCOUNT_SMTP", "smtp://ada:hunter2@mail.example.com:587"),
    ("ACCOUNT_SMTP_FROM", "Notes <notes@example.com>"),
    ("ACCOUNT_SMS_WEBHOOK", "https://sms.example.com/?key=hunter2"),
    ("ACCOUNT_INSECURE_HTTP", "off"),
    ("ACCOUNT_PUSH_PROVIDERS", "fcm, apns"),
    ("ACCOUNT_OAUTH2_GITHUB_ID", "id-1"),
    ("ACCOUNT_OAUTH2_GITHUB_SECRET", "hunter2"),
];

fn parse(variables: &[(&str, &str)]) -> Result<Settings, SettingError> {
    let variables = variables.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
    Settings::read(Variables::new(variables))
}

fn problem(variables: &[(&str, &str)]) -> String {
    parse(variables).unwrap_err().to_string()
}

#[test]
fn no_setting_is_required() {
    let settings = parse(&[]).unwrap();
    assert_eq!(settings.listen.to_string(), "127.0.0.1:8080");
    assert_eq!(settings.database, Database::Sqlite("account.db".into()));
    assert_eq!(settings.allowed_hosts, ["localhost"]);
    assert_eq!(settings.profile, Profile::Default);
    assert!(settings.rate_limits && settings.is_local() && !settings.is_https());
    assert!(settings.keys.is_none() && settings.api_key.is_none() && settings.cross_site_cookies.is_none());
}

#[test]
fn every_setting_is_read() {
    let (first, second) = (MasterKey::generate().unwrap(), MasterKey::generate().unwrap());
    let keys = format!("{}, {}", first.to_base64(), second.to_base64());
    let settings = parse(&[&EVERY_SETTING[..], &[("ACCOUNT_KEY", &keys)]].concat()).unwrap();
    assert_eq!(settings.public_url.as_deref(), Some("https://accounts.example.com"));
    assert_eq!(settings.trusted_proxies, ["10.0.0.0/8".parse().unwrap(), "::1".parse().unwrap()]);
    assert_eq!(settings.database, Database::Memory);
    assert_eq!(settings.keys.as_ref().map(Vec::len), Some(2));
    assert_eq!(
        (settings.project.as_str(), settings.project_name.as_deref()),
        ("notes", Some("Notes & more"))
    );
    assert_eq!(settings.allowed_hosts, ["app.example.com", "*.example.org"]);
    assert_eq!(settings.allowed_apps, ["com.example.notes"]);
    assert_eq!(settings.profile, Profile::Appwrite16);
    assert_eq!((settings.push_providers.len(), settings.providers.len()), (2, 1));
    assert!(settings.cross_site_cookies == Some(true) && !settings.rate_limits && !settings.is_local());
    assert!(settings.session_alerts && settings.smtp.is_some() && settings.redis.is_some());
    assert!(matches!(settings.sms, Some(Sms::Webhook(_))));
    let shown = format!("{settings:?}");
    assert!(!shown.contains("0123456789abcdef") && !shown.contains("hunter2"));
}

#[test]
fn channels_are_set_up_whole_or_not_at_all() {
    let twilio = [
        ("ACCOUNT_TWILIO_SID", "AC0"),
        ("ACCOUNT_TWILIO_TOKEN", "token"),
        ("ACCOUNT_TWILIO_FROM", "+15550100"),
    ];
    assert!(matches!(parse(&twilio).unwrap().sms, Some(Sms::Twilio { .. })));
    assert!(problem(&twilio[..2]).starts_with("ACCOUNT_TWILIO_FROM: "));
    assert!(problem(&[("ACCOUNT_SMTP", "smtp://localhost")]).starts_with("ACCOUNT_SMTP_FROM: "));
    assert!(problem(&[("ACCOUNT_SMTP_FROM", "a@example.com")]).starts_with("ACCOUNT_SMTP: "));
    let smtp = ("ACCOUNT_SMTP", "smtp://localhost");
    assert!(problem(&[smtp, ("ACCOUNT_SMTP_FROM", "no address")]).starts_with("ACCOUNT_SMTP_FROM: "));
    let from = ("ACCOUNT_SMTP_FROM", "a@example.com");
    assert!(problem(&[("ACCOUNT_SMTP", "http://localhost"), from]).starts_with("ACCOUNT_SMTP: "));
    let webhook = ("ACCOUNT_SMS_WEBHOOK", "https://sms.example.com");
    let [sid, token, sender] = twilio;
    assert!(problem(&[sid, token, sender, webhook]).starts_with("ACCOUNT_SMS_WEBHOOK: "));
}

#[test]
fn empty_lists_are_lists() {
    let settings = parse(&[("ACCOUNT_ALLOWED_HOSTS", ""), ("ACCOUNT_TRUSTED_PROXIES", "")]).unwrap();
    assert!(settings.allowed_hosts.is_empty() && settings.trusted_proxies.is_empty());
}

#[test]
fn an_unknown_variable_is_refused_by_name() {
    assert_eq!(problem(&[("ACCOUNT_LISTENS", "x")]), "ACCOUNT_LISTENS: this is no setting of the server");
}

#[test]
fn v10_a_schema_is_that_of_a_postgresql_database() {
    let key = MasterKey::generate().unwrap().to_base64();
    let postgres = [("ACCOUNT_DATABASE", "postgres://a@db/b"), ("ACCOUNT_KEY", key.as_str())];
    let with = |schema| [postgres[0], postgres[1], ("ACCOUNT_DATABASE_SCHEMA", schema)];
    assert_eq!(parse(&with("accounts")).unwrap().database_schema.as_deref(), Some("accounts"));
    assert_eq!(parse(&postgres).unwrap().database_schema, None);
    let line = problem(&[("ACCOUNT_DATABASE_SCHEMA", "accounts")]);
    assert_eq!(line, "ACCOUNT_DATABASE_SCHEMA: only postgres:// has schemas");
}

#[test]
fn values_that_do_not_parse_are_refused_by_name_and_not_shown() {
    for (name, value) in [
        ("ACCOUNT_LISTEN", "8080"),
        ("ACCOUNT_PUBLIC_URL", "accounts.example.com"),
        ("ACCOUNT_PUBLIC_URL", "ftp://accounts.example.com"),
        ("ACCOUNT_PUBLIC_URL", "https://ada:pw@accounts.example.com"),
        ("ACCOUNT_TRUSTED_PROXIES", "10.0.0.0/33"),
        ("ACCOUNT_TRUSTED_PROXIES", "proxy.example.com"),
        ("ACCOUNT_CROSS_SITE_COOKIES", "yes"),
        ("ACCOUNT_DATABASE_SCHEMA", ""),
        ("ACCOUNT_DATABASE", "account.db"),
        ("ACCOUNT_DATABASE", "sqlite:"),
        ("ACCOUNT_DATABASE", "sqlite::memory:"),
        ("ACCOUNT_DATABASE", "sqlite://account.db"),
        ("ACCOUNT_DATABASE", "sqlite:account.db?mode=rwc"),
        ("ACCOUNT_KEY", ""),
        ("ACCOUNT_KEY", "changeme"),
        ("ACCOUNT_PROJECT", "-no-"),
        ("ACCOUNT_PROJECT_NAME", "two\nlines"),
        ("ACCOUNT_ALLOWED_HOSTS", "https://app.example.com/path"),
        ("ACCOUNT_ALLOWED_APPS", "javascript"),
        ("ACCOUNT_PROFILE", "appwrite-1.5"),
        ("ACCOUNT_API_KEY", "short"),
        ("ACCOUNT_RATE_LIMITS", ""),
        ("ACCOUNT_PUSH_PROVIDERS", "no spaces"),
        ("ACCOUNT_INSECURE_HTTP", "1"),
        ("ACCOUNT_SESSION_ALERTS", "maybe"),
    ] {
        let line = problem(&[(name, value)]);
        assert!(line.starts_with(&format!("{name}: expected ")), "{name}={value}: {line}");
        assert!(!line.contains('\n'));
    }
    assert!(!problem(&[("ACCOUNT_KEY", "hunter2hunter2")]).contains("hunter2"));
}

#[test]
fn a_malformed_redis_url_is_refused_without_its_password() {
    for url in ["", "localhost:6379", "http://:hunter2@localhost", "redis://:hunter2@localhost/first"] {
        let line = problem(&[("ACCOUNT_REDIS", url)]);
        assert!(
            line.starts_with("ACCOUNT_REDIS: the URL of Redis must have the form redis://"),
            "{url}: {line}"
        );
        assert!(!line.contains("hunter2") && !line.contains('\n'));
    }
    assert!(
        problem(&[("ACCOUNT_REDIS", "rediss://localhost")])
            .starts_with("ACCOUNT_REDIS: the URL of Redis requires TLS")
    );
}

#[test]
fn plain_http_beyond_loopback_must_be_allowed() {
    let everywhere = ("ACCOUNT_LISTEN", "0.0.0.0:8080");
    assert!(problem(&[everywhere]).starts_with("ACCOUNT_LISTEN: beyond loopback"));
    assert!(
        problem(&[everywhere, ("ACCOUNT_PUBLIC_URL", "http://10.0.0.7")])
            .contains("ACCOUNT_INSECURE_HTTP=on")
    );
    assert!(parse(&[everywhere, ("ACCOUNT_INSECURE_HTTP", "on")]).is_ok());
    assert!(parse(&[everywhere, ("ACCOUNT_PUBLIC_URL", "https://accounts.example.com")]).is_ok());
    assert!(parse(&[("ACCOUNT_LISTEN", "[::1]:0"), ("ACCOUNT_PUBLIC_URL", "http://accounts.test")]).is_ok());
}

#[test]
fn the_outbox_is_shown_only_without_a_proxy() {
    let private = |variables: &[(&str, &str)]| parse(variables).unwrap().is_private();
    assert!(private(&[]));
    assert!(private(&[("ACCOUNT_PUBLIC_URL", "http://127.0.0.1:9000")]));
    assert!(!private(&[("ACCOUNT_PUBLIC_URL", "https://accounts.example.com")]));
    assert!(!private(&[("ACCOUNT_TRUSTED_PROXIES", "127.0.0.1")]));
    assert!(!private(&[("ACCOUNT_LISTEN", "0.0.0.0:80"), ("ACCOUNT_INSECURE_HTTP", "on")]));
}

#[test]
fn nodes_on_postgres_need_a_shared_key() {
    let database = ("ACCOUNT_DATABASE", "postgres://account:hunter2@db.example.com/account");
    assert!(problem(&[database]).starts_with("ACCOUNT_KEY: with postgres://"));
    let key = MasterKey::generate().unwrap().to_base64();
    let settings = parse(&[database, ("ACCOUNT_KEY", &key)]).unwrap();
    let Database::Postgres(url) = &settings.database else { panic!("{}", settings.database) };
    assert_eq!(url.expose(), database.1);
    assert!(!format!("{} {settings:?}", settings.database).contains("hunter2"));
}
