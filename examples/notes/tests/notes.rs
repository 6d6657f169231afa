//! The application as browsers see it.

use std::{sync::Arc, time::Duration};

use account::{
    MemoryLimiter,
    axum::Settings,
    model::ClientInfo,
    ports::Clock as _,
    testing::{
        Browser, FakeProvider, FakeUser, PASSWORD, Page, TempSqlite, TestHost, TestServiceBuilder, totp,
    },
};
use axum::Router;
use sqlx::SqlitePool;

const ADA: &str = "ada@example.com";
const OTHER_PASSWORD: &str = "quartz-lantern-4471";

/// The application on a database of its own, and its doubles.
struct World {
    host: TestHost,
    github: FakeProvider,
    database: SqlitePool,
    app: Router,
    /// Keeps the file of the database.
    _sqlite: TempSqlite,
}

impl World {
    async fn new() -> Self {
        Self::on(|builder| builder).await
    }

    /// With other parts of the service.
    async fn on(customize: impl FnOnce(TestServiceBuilder) -> TestServiceBuilder) -> Self {
        let (sqlite, github) = (TempSqlite::new(), FakeProvider::new("github"));
        let store = Arc::clone(&sqlite.store);
        let host = TestHost::builder()
            .store(store)
            .customize(|builder| customize(builder.provider(github.client())));
        let host = host.build();
        let database = notes::open(&sqlite.path()).await.unwrap();
        let app = notes::app(host.service.clone(), &Settings::default(), database.clone(), true).unwrap();
        Self { host, github, database, app, _sqlite: sqlite }
    }

    fn browser(&self) -> Browser {
        Browser::new(self.app.clone())
    }

    /// A browser that has signed up.
    async fn signed_up(&self, email: &str) -> Browser {
        let mut browser = self.browser();
        let form = [("name", "Ada"), ("email", email), ("password", PASSWORD)];
        assert_eq!(submit(&mut browser, "/sign-up", &form).await.title(), "Notes");
        browser
    }

    async fn emails(&self) -> Vec<String> {
        sqlx::query_scalar("SELECT email FROM profiles ORDER BY email")
            .fetch_all(&self.database)
            .await
            .unwrap()
    }

    async fn texts(&self) -> Vec<String> {
        sqlx::query_scalar("SELECT text FROM notes ORDER BY id").fetch_all(&self.database).await.unwrap()
    }
}

trait Shown {
    fn title(&self) -> &str;
    fn alert(&self) -> &str;
}

impl Shown for Page {
    fn title(&self) -> &str {
        between(&self.text, "<h1>", "</h1>")
    }

    fn alert(&self) -> &str {
        between(&self.text, "<p role=\"alert\">", "</p>")
    }
}

fn between<'a>(text: &'a str, start: &str, end: &str) -> &'a str {
    text.split_once(start).and_then(|(_, rest)| rest.split_once(end)).map_or("", |(found, _)| found)
}

/// Sends a form, and follows to the page that is shown then.
async fn submit(browser: &mut Browser, path: &str, fields: &[(&str, &str)]) -> Page {
    let sent = browser.post(path, fields).await;
    browser.follow(sent).await
}

async fn open(browser: &mut Browser, path: &str) -> Page {
    let page = browser.get(path).await;
    browser.follow(page).await
}

async fn sign_in(browser: &mut Browser, password: &str, more: &[(&str, &str)]) -> Page {
    submit(browser, "/sign-in", &[&[("email", ADA), ("password", password)], more].concat()).await
}

/// Sets up an authenticator app, and returns its secret and the recovery codes.
async fn set_up_app(world: &World, browser: &mut Browser) -> (String, Vec<String>) {
    let page = submit(browser, "/settings/app/new", &[]).await;
    assert!(page.text.contains("<svg") && page.text.contains("aria-label=\"QR code\""));
    let secret = between(&page.text, "<code>", "</code>").to_owned();
    let code = totp(&secret, world.host.clock.now());
    let page = submit(browser, "/settings/app", &[("code", &code)]).await;
    assert_eq!(page.title(), "The second step is on");
    let codes = page.text.split("<code>").skip(1).map(|rest| rest.split('<').next().unwrap().to_owned());
    world.host.clock.advance(Duration::from_secs(60));
    (secret, codes.collect())
}

#[tokio::test]
async fn a_new_account_has_a_profile_and_a_first_note_by_a_trigger() {
    let world = World::new().await;
    let mut ada = world.signed_up(ADA).await;
    assert_eq!(world.emails().await, [ADA]);
    let page = ada.get("/notes").await;
    assert!(page.text.contains("Welcome! This is your first note."));

    // The copy of the address changes with it.
    let signed_in = world.host.signed_in(ADA).await;
    let caller = world.host.caller(&signed_in).await;
    let (email, password) = ("lovelace@example.com".parse().unwrap(), PASSWORD.parse().unwrap());
    world.host.service.change_email(&caller, email, password).await.unwrap();
    assert_eq!(world.emails().await, ["lovelace@example.com"]);
}

#[tokio::test]
async fn a_wrong_input_is_shown_once_on_the_page_of_the_form() {
    let world = World::new().await;
    world.signed_up(ADA).await;
    let mut browser = world.browser();
    let page = sign_in(&mut browser, OTHER_PASSWORD, &[]).await;
    assert_eq!((page.title(), page.alert()), ("Sign in", "The email address or the password is wrong."));
    assert_eq!(browser.get("/sign-in").await.alert(), "", "it is shown once");

    let page = submit(&mut browser, "/sign-up", &[("email", "ada"), ("password", PASSWORD)]).await;
    assert_eq!((page.title(), page.alert()), ("Sign up", "Value must be a valid email address"));
    let page = submit(&mut browser, "/sign-up", &[("email", "b@example.com"), ("password", "short")]).await;
    assert_eq!(page.alert(), "Password must be between 8 and 256 characters long");
    let page = submit(&mut browser, "/sign-up", &[("email", ADA), ("password", PASSWORD)]).await;
    assert!(page.alert().contains("exists already"), "{}", page.alert());
}

#[tokio::test]
async fn a_guest_signs_in_and_returns_to_the_page() {
    let world = World::new().await;
    world.signed_up(ADA).await;
    let mut browser = world.browser();
    let to = browser.get("/settings?tab=1").await;
    let sign_in = to.location().unwrap().to_owned();
    assert_eq!(sign_in, "/sign-in?next=%2Fsettings%3Ftab%3D1");
    let sent = browser.post(&sign_in, &[("email", ADA), ("password", PASSWORD)]).await;
    assert_eq!(sent.location(), Some("/settings?tab=1"));
    assert_eq!(browser.follow(sent).await.title(), "Settings");
    for evil in ["https%3A%2F%2Fevil.example", "%2F%2Fevil.example"] {
        let form = [("email", ADA), ("password", PASSWORD)];
        let sent = world.browser().post(&format!("/sign-in?next={evil}"), &form).await;
        assert_eq!(sent.location(), Some("/notes"), "{evil}");
    }
}

#[tokio::test]
async fn keeping_signed_in_outlives_the_browser() {
    let world = World::new().await;
    world.signed_up(ADA).await;
    let mut browser = world.browser();
    sign_in(&mut browser, PASSWORD, &[]).await;
    assert!(browser.cookie("a_device_default").is_some(), "the device is known from now on");
    browser.close();
    assert_eq!(open(&mut browser, "/notes").await.title(), "Sign in");
    assert!(browser.cookie("a_device_default").is_some(), "the device is still known");
    sign_in(&mut browser, PASSWORD, &[("keep", "on")]).await;
    browser.close();
    assert_eq!(browser.get("/notes").await.title(), "Notes");

    assert_eq!(submit(&mut browser, "/sign-out", &[]).await.title(), "Sign in");
    assert_eq!(open(&mut browser, "/notes").await.title(), "Sign in");
}

#[tokio::test]
async fn too_many_forms_are_refused_for_a_while() {
    let world = World::on(|builder| builder.limiter(MemoryLimiter::new())).await;
    let mut browser = world.browser();
    for _ in 0..10 {
        let page = sign_in(&mut browser, OTHER_PASSWORD, &[]).await;
        assert_eq!(page.alert(), "The email address or the password is wrong.");
    }
    let page = sign_in(&mut browser, OTHER_PASSWORD, &[]).await;
    assert_eq!((page.status.as_u16(), page.title()), (429, "Sorry"));
    assert!(page.headers.contains_key("retry-after"));
}

#[tokio::test]
async fn forms_of_other_sites_are_refused() {
    let world = World::new().await;
    let mut ada = world.signed_up(ADA).await;
    let forms = [
        ("/sign-in", vec![("email", ADA), ("password", PASSWORD)]),
        ("/notes", vec![("text", "forged")]),
        ("/settings/delete", vec![("text", "delete")]),
        ("/sign-out", vec![]),
    ];
    for (path, fields) in forms {
        let page = ada.post_from("https://evil.example", path, &fields).await;
        assert_eq!((page.status.as_u16(), page.title()), (403, "Sorry"), "{path}");
    }
    assert_eq!(ada.get("/notes").await.title(), "Notes");
    assert_eq!(world.texts().await.len(), 1);
}

#[tokio::test]
async fn links_in_messages_verify_and_reset() {
    let world = World::new().await;
    let mut ada = world.signed_up(ADA).await;
    // Opening the link alone changes nothing.
    assert_eq!(ada.open_link(&world.host.outbox, ADA).await.title(), "Your email address");
    assert!(ada.get("/settings").await.text.contains("Send a link"));
    let link = world.host.outbox.link_for(ADA).unwrap();
    let page = submit(&mut ada, &link, &[]).await;
    assert_eq!((page.title(), page.alert()), ("Notes", "Your email address is verified."));
    assert!(!ada.get("/settings").await.text.contains("Send a link"));

    let mut other = world.browser();
    for email in ["unknown@example.com", ADA] {
        let page = submit(&mut other, "/forgot-password", &[("email", email)]).await;
        assert_eq!(page.alert(), "If the address has an account, we have sent a link to it.");
    }
    assert_eq!(other.open_link(&world.host.outbox, ADA).await.title(), "A new password");
    let link = world.host.outbox.link_for(ADA).unwrap();
    let page = submit(&mut other, &link, &[("password", "short")]).await;
    assert_eq!(page.alert(), "Password must be between 8 and 256 characters long");
    let page = submit(&mut other, &link, &[("password", OTHER_PASSWORD)]).await;
    assert_eq!(page.alert(), "Please sign in with your new password.");
    assert_eq!(open(&mut ada, "/notes").await.title(), "Sign in", "all sessions have ended");
    assert_eq!(sign_in(&mut other, PASSWORD, &[]).await.title(), "Sign in");
    assert_eq!(sign_in(&mut other, OTHER_PASSWORD, &[]).await.title(), "Notes");
    let again = submit(&mut other, &link, &[("password", PASSWORD)]).await;
    assert_eq!(again.alert(), "The code or link is wrong, has expired or was used already.");
}

#[tokio::test]
async fn the_second_step_is_asked_for_at_sign_in() {
    let world = World::new().await;
    let mut ada = world.signed_up(ADA).await;
    let page = submit(&mut ada, "/settings/app", &[("code", "000000")]).await;
    assert_ne!(page.alert(), "", "there is no app to confirm");
    let (secret, codes) = set_up_app(&world, &mut ada).await;

    let mut other = world.browser();
    let form = [("email", ADA), ("password", PASSWORD), ("keep", "on")];
    let page = submit(&mut other, "/sign-in?next=%2Fsettings", &form).await;
    assert_eq!(page.title(), "Second step");
    assert!(page.text.contains("name=\"keep\" type=\"checkbox\" checked"), "{}", page.text);
    assert_eq!(open(&mut other, "/notes").await.title(), "Second step");
    let page = submit(&mut other, "/sign-in/code?next=%2Fsettings", &[("code", "000000")]).await;
    assert_eq!(page.alert(), "The code or link is wrong, has expired or was used already.");
    let code = totp(&secret, world.host.clock.now());
    let form = [("code", &*code), ("keep", "on")];
    assert_eq!(submit(&mut other, "/sign-in/code?next=%2Fsettings", &form).await.title(), "Settings");
    other.close();
    assert_eq!(other.get("/notes").await.title(), "Notes");

    // With a recovery code instead of the app, and out of the second step.
    let mut third = world.browser();
    sign_in(&mut third, PASSWORD, &[]).await;
    assert_eq!(codes.len(), 6);
    let form = [("code", &*codes[0]), ("recovery", "on")];
    assert_eq!(submit(&mut third, "/sign-in/code", &form).await.title(), "Notes");
    let page = submit(&mut third, "/settings/app/remove", &[]).await;
    assert_eq!(page.alert(), "The second step is off.");
    assert_eq!(sign_in(&mut world.browser(), PASSWORD, &[]).await.title(), "Notes");
}

#[tokio::test]
async fn turning_the_second_step_off_asks_for_it_first() {
    let world = World::new().await;
    let mut ada = world.signed_up(ADA).await;
    let (secret, _) = set_up_app(&world, &mut ada).await;
    world.host.clock.advance(Duration::from_secs(31 * 60));
    let page = submit(&mut ada, "/settings/app/remove", &[]).await;
    assert_eq!(
        (page.title(), page.alert()),
        ("Second step", "Please confirm with your second factor first.")
    );
    let code = totp(&secret, world.host.clock.now());
    submit(&mut ada, "/sign-in/code", &[("code", &code)]).await;
    assert_eq!(submit(&mut ada, "/settings/app/remove", &[]).await.alert(), "The second step is off.");
}

#[tokio::test]
async fn github_signs_up_and_in() {
    let world = World::new().await;
    for _ in 0..2 {
        let mut browser = world.browser();
        assert!(browser.get("/sign-in").await.text.contains("Sign in with GitHub"));
        let sent = browser.get("/sign-in/github").await;
        let github = sent.location().unwrap().parse().unwrap();
        let back = world.github.approve(&github, &FakeUser::new("42", ADA));
        assert_eq!(open(&mut browser, back.as_str()).await.title(), "Notes");
    }
    assert_eq!(world.emails().await, [ADA]);
}

#[tokio::test]
async fn a_refusal_at_github_and_a_foreign_flow_sign_in_nobody() {
    let world = World::new().await;
    let mut browser = world.browser();
    let sent = browser.get("/sign-in/github").await;
    let github = sent.location().unwrap().parse().unwrap();
    let refused = open(&mut browser, world.github.refuse(&github).as_str()).await;
    assert!(refused.alert().starts_with("Failed to sign in with the provider"), "{}", refused.alert());
    // Another browser has not started the flow (login CSRF).
    let back = world.github.approve(&github, &FakeUser::new("42", ADA));
    let foreign = open(&mut world.browser(), back.as_str()).await;
    assert_eq!(foreign.status.as_u16(), 400);
    assert!(world.emails().await.is_empty());
}

#[tokio::test]
async fn notes_belong_to_their_account() {
    let world = World::new().await;
    let mut ada = world.signed_up(ADA).await;
    let mut bob = world.signed_up("bob@example.com").await;
    let page = submit(&mut ada, "/notes", &[("text", "Buy <b>milk</b>")]).await;
    assert!(page.text.contains("Buy &lt;b&gt;milk&lt;/b&gt;"));
    assert!(!bob.get("/notes").await.text.contains("milk"));
    submit(&mut bob, "/notes/delete", &[("id", "3")]).await;
    assert_eq!(world.texts().await.len(), 3, "it is not Bob's to delete");
    submit(&mut ada, "/notes/delete", &[("id", "3")]).await;
    assert_eq!(world.texts().await.len(), 2);
    let page = submit(&mut ada, "/notes", &[("text", "")]).await;
    assert!(page.alert().contains("at least 1"), "{}", page.alert());
}

#[tokio::test]
async fn settings_rename_sign_out_everywhere_and_delete() {
    let world = World::new().await;
    let mut ada = world.signed_up(ADA).await;
    let page = submit(&mut ada, "/settings", &[("name", "Countess")]).await;
    assert!(page.text.contains("value=\"Countess\"") && page.alert() == "Your name is saved.");

    let mut other = world.browser();
    sign_in(&mut other, PASSWORD, &[]).await;
    assert_eq!(submit(&mut ada, "/settings/sign-out", &[]).await.alert(), "You are signed out everywhere.");
    assert_eq!(open(&mut other, "/notes").await.title(), "Sign in");

    sign_in(&mut ada, PASSWORD, &[]).await;
    let page = submit(&mut ada, "/settings/delete", &[("text", "no")]).await;
    assert_eq!((page.title(), page.alert()), ("Settings", "Value must be one of (delete)"));
    assert_eq!(submit(&mut ada, "/settings/delete", &[("text", "delete")]).await.title(), "Sign in");
    assert!(world.emails().await.is_empty() && world.texts().await.is_empty(), "by the foreign keys");
    assert_eq!(sign_in(&mut ada, PASSWORD, &[]).await.title(), "Sign in");
}

#[tokio::test]
async fn only_administrators_see_all_accounts() {
    let world = World::new().await;
    let mut ada = world.signed_up(ADA).await;
    world.signed_up("bob@example.com").await;
    assert_eq!(ada.get("/admin").await.status.as_u16(), 403);
    let client = ClientInfo::default();
    let admin = world.host.service.admin(&client);
    let id = *admin.user_by_email(&ADA.parse().unwrap()).await.unwrap().id();
    admin.set_labels(&id, vec!["admin".parse().unwrap()]).await.unwrap();
    let page = ada.get("/admin").await;
    assert_eq!(page.status.as_u16(), 200);
    assert!(page.text.contains("<td>bob@example.com</td><td>Ada</td><td>1</td>"), "{}", page.text);
}
