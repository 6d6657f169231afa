//! What may break between store and server: each operation is answered in bounded time, a change is
//! sent once, and what comes next works.

use std::time::{Duration, Instant};

use account::{
    Error, PostgresStore, SignUp,
    model::{ClientInfo, CustomId, Key},
    ports::{Parts, Store},
};

use crate::postgres::{
    PASSWORD, Postgres, Schema, Service, count, everything, id, mailbox, service, sign_up,
};

const SOON: Duration = Duration::from_secs(20);

/// Waits until the server has statements of the store that wait for a lock.
async fn until_waiting(client: &tokio_postgres::Client, schema: &Schema, many: i64) {
    let sql = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type='Lock' AND query LIKE $1";
    let begun = Instant::now();
    loop {
        let waiting: i64 = client.query_one(sql, &[&format!("%\"{}\".%", schema.name)]).await.unwrap().get(0);
        if waiting == many {
            return;
        }
        assert!(begun.elapsed() < SOON, "{waiting} statements wait instead of {many}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Ends all connections of the store, as an operator or a network may.
async fn cut_off(client: &tokio_postgres::Client, schema: &Schema) -> i64 {
    let sql = "SELECT count(pg_terminate_backend(pid, 10000)) FROM pg_stat_activity \
               WHERE application_name='account' AND query LIKE $1";
    client.query_one(sql, &[&format!("%\"{}\".%", schema.name)]).await.unwrap().get(0)
}

async fn name_of(service: &Service) -> String {
    let stored = service.store().load(&Key::Id(id("ada")), Parts::Body).await.unwrap().unwrap();
    stored.account.name().as_str().to_owned()
}

#[tokio::test]
async fn what_takes_too_long_is_called_off_and_not_done_later() {
    let Some(schema) = Schema::new() else { return };
    let quick = schema.builder().timeout(Duration::from_millis(400));
    let service = service(quick.connect(&schema.url()).await.unwrap());
    let (caller, _) = sign_up(&service, "ada").await;
    let blocker = schema.client().await;
    blocker.batch_execute("BEGIN; SELECT FROM accounts FOR UPDATE").await.unwrap();
    let begun = Instant::now();
    let answer = service.change_name(&caller, "late".parse().unwrap()).await;
    assert!(matches!(answer, Err(Error::Store(_))), "{answer:?}");
    assert!(begun.elapsed() < SOON);
    // The server gives up by itself what no one waits for.
    until_waiting(&schema.client().await, &schema, 0).await;
    blocker.batch_execute("COMMIT").await.unwrap();
    assert_eq!(name_of(&service).await, "");
    service.change_name(&caller, "next".parse().unwrap()).await.unwrap();
    assert_eq!(name_of(&service).await, "next");
}

#[tokio::test]
async fn a_save_that_no_standby_has_is_not_acknowledged() {
    let Some(server) = Postgres::with_files(&[], &["synchronous_standby_names=*"]) else { return };
    let url = server.url("postgres");
    let unreplicated = format!("{url}?options=-csynchronous_commit%3Dlocal");
    let (caller, _) = sign_up(&service(PostgresStore::connect(&unreplicated).await.unwrap()), "ada").await;
    let quick = PostgresStore::builder().timeout(Duration::from_millis(400));
    let service = service(quick.connect(&url).await.unwrap());
    for _ in 0..3 {
        let answer = service.change_name(&caller, "nowhere else".parse().unwrap()).await;
        assert!(matches!(answer, Err(Error::Store(_))), "{answer:?}");
        assert_eq!(name_of(&service).await, "", "what may be lost is not shown");
    }
    let stored = service.store().load(&mailbox("ada"), Parts::Body).await.unwrap().unwrap();
    assert!(service.store().remove(&stored).await.is_err());
    assert!(service.store().load(&mailbox("ada"), Parts::Body).await.unwrap().is_some());
}

#[tokio::test]
async fn a_read_waits_for_no_writer() {
    let Some(schema) = Schema::new() else { return };
    let service = schema.service().await;
    let (_, secret) = sign_up(&service, "ada").await;
    let blocker = schema.client().await;
    blocker
        .batch_execute("BEGIN; SELECT FROM accounts FOR UPDATE; UPDATE account_bodies SET body=''")
        .await
        .unwrap();
    assert!(service.caller(&secret).await.is_ok());
    assert!(service.store().load(&mailbox("ada"), Parts::Whole).await.unwrap().is_some());
    blocker.batch_execute("ROLLBACK").await.unwrap();
}

#[tokio::test]
async fn a_busy_pool_is_waited_for_no_longer_than_the_timeout() {
    let Some(schema) = Schema::new() else { return };
    let few = schema.builder().connections(1).timeout(Duration::from_millis(400));
    let service = service(few.connect(&schema.url()).await.unwrap());
    let (caller, secret) = sign_up(&service, "ada").await;
    let blocker = schema.client().await;
    blocker.batch_execute("BEGIN; SELECT FROM accounts FOR UPDATE").await.unwrap();
    let stuck = tokio::spawn({
        let service = service.clone();
        async move { service.change_name(&caller, "late".parse().unwrap()).await }
    });
    until_waiting(&schema.client().await, &schema, 1).await;
    let begun = Instant::now();
    let _ = service.caller(&secret).await;
    assert!(begun.elapsed() < SOON);
    assert!(stuck.await.unwrap().is_err());
    blocker.batch_execute("ROLLBACK").await.unwrap();
    assert!(service.caller(&secret).await.is_ok());
}

#[tokio::test]
async fn after_its_connections_are_lost_the_store_goes_on_by_itself() {
    let Some(schema) = Schema::new() else { return };
    let service = schema.service().await;
    let (caller, secret) = sign_up(&service, "ada").await;
    let operator = schema.client().await;
    for round in 0..10 {
        assert!(cut_off(&operator, &schema).await > 0);
        // The first read after it needs a new connection, and gets it.
        service.caller(&secret).await.unwrap();
        service.change_name(&caller, format!("{round}").parse().unwrap()).await.unwrap();
        assert_eq!(name_of(&service).await, format!("{round}"));
    }
}

#[tokio::test]
async fn a_change_whose_connection_breaks_is_not_sent_again() {
    let Some(schema) = Schema::new() else { return };
    let service = schema.service().await;
    let (caller, _) = sign_up(&service, "ada").await;
    let (blocker, operator) = (schema.client().await, schema.client().await);
    blocker.batch_execute("BEGIN; SELECT FROM accounts FOR UPDATE").await.unwrap();
    let changing = tokio::spawn({
        let service = service.clone();
        async move { service.change_name(&caller, "broken".parse().unwrap()).await }
    });
    until_waiting(&operator, &schema, 1).await;
    cut_off(&operator, &schema).await;
    let answer = changing.await.unwrap();
    assert!(matches!(answer, Err(Error::Store(_))), "{answer:?}");
    blocker.batch_execute("COMMIT").await.unwrap();
    assert_eq!(name_of(&service).await, "", "it was not made, and nobody tries again");
    assert_eq!(service.store().events(&id("ada"), everything()).await.unwrap().total, 2);
}

#[tokio::test]
async fn a_change_that_loses_a_deadlock_is_decided_anew() {
    let Some(schema) = Schema::new() else { return };
    let service = schema.service().await;
    let (caller, _) = sign_up(&service, "ada").await;
    let (rival, watch) = (schema.client().await, schema.client().await);
    // The rival waits longer before it looks for a deadlock, so that the store's statement is the
    // one that is ended.
    rival
        .batch_execute(
            "SET deadlock_timeout='15s'; BEGIN; INSERT INTO account_keys VALUES ('mailbox:new@example.com', 'rival')",
        )
        .await
        .unwrap();
    let changing = tokio::spawn({
        let service = service.clone();
        async move {
            let email = "new@example.com".parse().unwrap();
            service.change_email(&caller, email, PASSWORD.parse().unwrap()).await
        }
    });
    until_waiting(&watch, &schema, 1).await;
    rival.batch_execute("UPDATE accounts SET name='rival'").await.unwrap();
    rival.batch_execute("ROLLBACK").await.unwrap();
    changing.await.unwrap().unwrap();
    assert!(service.store().load(&mailbox("new"), Parts::Body).await.unwrap().is_some());
}

#[tokio::test]
async fn a_new_account_that_loses_a_deadlock_is_tried_again() {
    let Some(schema) = Schema::new() else { return };
    let service = schema.service().await;
    let (rival, watch) = (schema.client().await, schema.client().await);
    rival
        .batch_execute(
            "SET deadlock_timeout='15s'; BEGIN; INSERT INTO account_keys VALUES ('mailbox:ada@example.com', 'rival')",
        )
        .await
        .unwrap();
    let creating = tokio::spawn({
        let service = service.clone();
        async move {
            let mut request = SignUp::new("ada@example.com".parse().unwrap(), PASSWORD.parse().unwrap());
            request.user_id = CustomId::Given(id("ada"));
            service.sign_up(request, &ClientInfo::default()).await
        }
    });
    until_waiting(&watch, &schema, 1).await;
    let insert =
        "INSERT INTO accounts SELECT 'ada', 1, NULL, NULL, '', 'active', false, false, 0, 0, 0, NULL";
    rival.batch_execute(insert).await.unwrap();
    rival.batch_execute("ROLLBACK").await.unwrap();
    creating.await.unwrap().unwrap();
    assert_eq!(count(&watch, "accounts").await, 1);
}

#[tokio::test]
async fn after_the_server_stood_still_its_old_connections_keep_nobody_waiting() {
    const TIMEOUT: Duration = Duration::from_secs(1);
    let Some(server) = Postgres::with_files(&[], &[]) else { return };
    let builder = PostgresStore::builder().timeout(TIMEOUT);
    let service = service(builder.connect(&server.url("postgres")).await.unwrap());
    let (_, secret) = sign_up(&service, "ada").await;
    // Many connections, one of which is asked for something by a caller who leaves before it
    // answers.
    let mut together = tokio::task::JoinSet::new();
    for _ in 0..16 {
        let service = service.clone();
        together.spawn(async move { service.store().load(&mailbox("ada"), Parts::Body).await.map(drop) });
    }
    while let Some(answer) = together.join_next().await {
        answer.unwrap().unwrap();
    }
    let connected = "SELECT count(*) FROM pg_stat_activity WHERE application_name='account'";
    let many: u32 = server.execute("postgres", connected).trim().parse().unwrap();
    assert!(many > 4, "{many}");
    let frozen = server.freeze_connections("account");
    let left = tokio::time::timeout(TIMEOUT / 10, service.caller(&secret)).await;
    assert!(left.is_err(), "nobody answers");
    assert!(service.caller(&secret).await.is_err(), "nor now");
    // The server itself takes new ones.
    let begun = Instant::now();
    service.caller(&secret).await.unwrap();
    assert!(begun.elapsed() < TIMEOUT);
    drop(frozen);
}

#[tokio::test]
async fn what_always_collides_is_tried_with_pauses_until_its_time_is_over() {
    const TIMEOUT: Duration = Duration::from_millis(400);
    let Some(schema) = Schema::new() else { return };
    let service = service(schema.builder().timeout(TIMEOUT).connect(&schema.url()).await.unwrap());
    let client = schema.client().await;
    let collide = "CREATE SEQUENCE tries; CREATE FUNCTION collide() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
                   PERFORM nextval(TG_TABLE_SCHEMA || '.tries'); RAISE EXCEPTION USING ERRCODE='40001'; END $$; \
                   CREATE TRIGGER collide BEFORE INSERT ON accounts FOR EACH ROW EXECUTE FUNCTION collide()";
    client.batch_execute(collide).await.unwrap();
    let begun = Instant::now();
    let request = SignUp::new("ada@example.com".parse().unwrap(), PASSWORD.parse().unwrap());
    let answer = service.sign_up(request, &ClientInfo::default()).await;
    assert!(matches!(answer, Err(Error::Store(_))), "{answer:?}");
    assert!((TIMEOUT / 2..SOON).contains(&begun.elapsed()), "{:?}", begun.elapsed());
    let tries: i64 = client.query_one("SELECT last_value FROM tries", &[]).await.unwrap().get(0);
    assert!((2..200).contains(&tries), "{tries}");
}

#[tokio::test]
async fn a_caller_who_does_not_wait_leaves_the_connection_to_others() {
    let Some(schema) = Schema::new() else { return };
    let service = service(schema.builder().connections(1).connect(&schema.url()).await.unwrap());
    let (caller, secret) = sign_up(&service, "ada").await;
    let (blocker, watch) = (schema.client().await, schema.client().await);
    blocker.batch_execute("BEGIN; SELECT FROM accounts FOR UPDATE").await.unwrap();
    let changing = tokio::spawn({
        let service = service.clone();
        async move { service.change_name(&caller, "unheard".parse().unwrap()).await }
    });
    until_waiting(&watch, &schema, 1).await;
    changing.abort();
    let _ = changing.await;
    blocker.batch_execute("COMMIT").await.unwrap();
    assert!(service.caller(&secret).await.is_ok());
    let begun = Instant::now();
    while name_of(&service).await != "unheard" {
        assert!(begun.elapsed() < SOON, "what was sent is done, a little later");
    }
}
