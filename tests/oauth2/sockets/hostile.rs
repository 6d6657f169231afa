//! Every provider by every hostile reply.

use std::{
    collections::BTreeSet,
    fs,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use account::model::ClientInfo;
use tokio::{sync::Semaphore, task::JoinSet};

use crate::sockets::{
    flows::{Ending, Watched, flow, service},
    script::{ALL, Told},
    server::{Fate, Providers, Stage},
};
use crate::support::{alone::is_alone, http::Server};

/// What the operator allows a provider.
const DEADLINE: Duration = Duration::from_millis(200);
/// For flows that must end well, on a machine that may be busy with something else.
const PATIENCE: Duration = Duration::from_secs(20);
/// What a page may be told by its type.
const CODES: [&str; 4] =
    ["user_oauth2_bad_request", "user_oauth2_unauthorized", "user_oauth2_provider_error", "user_missing_id"];
const AT_ONCE: usize = 24;
/// What is more than any reply may have, in bytes.
const REPLY_LIMIT: usize = 256 * 1024;

struct World {
    providers: Arc<Providers>,
    http: Arc<Watched>,
    serial: AtomicUsize,
    /// Flows that were told what is wrong, and not only that it took too long.
    told: Mutex<BTreeSet<(String, Stage, usize)>>,
    /// Endings that no one expected.
    surprises: Mutex<BTreeSet<String>>,
}

/// One flow, and what it meets.
#[derive(Clone)]
struct Meeting {
    server: Arc<Server>,
    id: String,
    stage: Stage,
    number: usize,
}

impl World {
    async fn new() -> Arc<Self> {
        let providers = Providers::start().await;
        Arc::new(Self {
            providers,
            http: Watched::new(),
            serial: AtomicUsize::new(0),
            told: Mutex::default(),
            surprises: Mutex::default(),
        })
    }

    fn ids(&self, has: impl Fn(&crate::providers::double::Case) -> bool) -> Vec<String> {
        self.providers.cases.values().filter(|case| has(case)).map(|case| case.id.clone()).collect()
    }

    fn service(&self, ids: &[String], deadline: Duration) -> Arc<Server> {
        Arc::new(service(&self.providers, ids.iter().map(String::as_str), &self.http, deadline))
    }

    fn fate(&self, hostile: Option<(Stage, usize)>) -> Fate {
        Fate { hostile, serial: self.serial.fetch_add(1, Ordering::Relaxed) }
    }

    /// Runs flows, many at once, until each has met what it was to meet. A machine that is busy
    /// with something else may be too late for all; it gets another try.
    async fn run(self: &Arc<Self>, meetings: Vec<Meeting>) {
        for round in 0..20 {
            let is_left = |one: &&Meeting| {
                let was_told = self.told.lock().unwrap().contains(&(one.id.clone(), one.stage, one.number));
                !was_told && (round < 3 || !self.providers.has_played(&one.id, one.stage, one.number))
            };
            let left: Vec<Meeting> = meetings.iter().filter(is_left).cloned().collect();
            if left.is_empty() {
                let surprises = std::mem::take(&mut *self.surprises.lock().unwrap());
                assert!(surprises.is_empty(), "{}", surprises.into_iter().collect::<Vec<_>>().join("\n"));
                return;
            }
            let (places, mut flows) = (Arc::new(Semaphore::new(AT_ONCE)), JoinSet::new());
            for meeting in left {
                let (world, places) = (Arc::clone(self), Arc::clone(&places));
                flows.spawn(async move {
                    let _place = places.acquire_owned().await.unwrap();
                    world.meet(&meeting).await;
                });
            }
            // What panicked in a flow panics here.
            flows.join_all().await;
        }
        panic!("the machine is too slow for a deadline of {DEADLINE:?}");
    }

    async fn meet(&self, meeting: &Meeting) {
        let Meeting { server, id, stage, number } = meeting;
        let hostile = &ALL[*number];
        let ending = flow(server, &self.providers, id, self.fate(Some((*stage, *number)))).await;
        // What has no address in it is no more than that.
        let has_no_address = |code: &str| {
            *stage == Stage::Addresses && hostile.told == Told::Useless && code == "user_unauthorized"
        };
        if let Ending::Failed { code, message } = &ending
            && (CODES.contains(&code.as_str()) || has_no_address(code))
        {
            if hostile.told.is_in(message) || has_no_address(code) {
                // A deadline that passed before the script began tells nothing of it.
                if self.providers.has_played(id, *stage, *number) {
                    self.told.lock().unwrap().insert((id.clone(), *stage, *number));
                }
                return;
            }
            if Told::Late.is_in(message) {
                return;
            }
        }
        let (what, told) = (hostile.what, hostile.told);
        let surprise = format!("{stage:?}, {what}, expected {told:?}: {id} ends in {ending:?}");
        self.surprises.lock().unwrap().insert(surprise);
    }

    /// Every provider still signs a person in, by the same client.
    async fn all_is_well(&self, server: &Server, ids: &[String]) {
        for id in ids {
            let ending = flow(server, &self.providers, id, self.fate(None)).await;
            let Ending::Session(cookie) = ending else { panic!("{id}: {ending:?}") };
            let user = server.get("/v1/account").by(&cookie).ok(200).await;
            let expected = &self.providers.cases[id].expected["user"];
            assert_eq!(
                (user.value("email"), user.value("name")),
                (expected["email"].clone(), expected["name"].clone()),
                "{id}"
            );
            assert_eq!(user.value("emailVerification"), expected["email_verified"], "{id}");
            // Some of them know the same person.
            let user = user.text("$id").parse().unwrap();
            server.service.admin(&ClientInfo::default()).delete(&user).await.unwrap();
        }
    }

    async fn nobody_has_an_account(&self, server: &Server) {
        let page = server.service.admin(&ClientInfo::default()).users(None, 10).await.unwrap();
        assert!(page.is_empty(), "{page:?}");
    }
}

/// The memory that the process has, or had at the most since `forget_peak`, in KiB.
fn memory(name: &str) -> Option<usize> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    line.trim_start_matches(':').trim().trim_end_matches("kB").trim().parse().ok()
}

fn forget_peak() {
    let _ = fs::write("/proc/self/clear_refs", "5");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_hostile_reply_of_every_provider_is_an_error_at_the_failure_page_in_time_and_little_memory() {
    // The memory is that of the whole process.
    let test = concat!(
        module_path!(),
        "::every_hostile_reply_of_every_provider_is_an_error_at_the_failure_page_in_time_and_little_memory"
    );
    if !is_alone(test) {
        return;
    }
    let world = World::new().await;
    let all = world.ids(|_| true);
    assert_eq!(all.len(), 38);
    let patient = world.service(&all, PATIENCE);
    world.all_is_well(&patient, &all).await;

    let begun = Instant::now();
    forget_peak();
    let before = memory("VmRSS");
    let server = world.service(&all, DEADLINE);
    let mut meetings = Vec::new();
    for number in 0..ALL.len() {
        let stages = |id: &String| {
            let asked = world.providers.cases[id].good_profile().len().min(1 + usize::from(id != "podio"));
            [Stage::Token, Stage::User, Stage::Addresses].into_iter().take(1 + asked)
        };
        for (id, stage) in all.iter().flat_map(|id| stages(id).map(move |stage| (id, stage))) {
            meetings.push(Meeting { server: Arc::clone(&server), id: id.clone(), stage, number });
        }
    }
    world.run(meetings).await;
    world.nobody_has_an_account(&server).await;

    // Keys and documents are kept once they are good, so those who ask are new each time.
    let with_keys = world.ids(|case| case.claims.is_some());
    let discovering = world.ids(|case| case.expected["discovery_url"].is_string());
    for (stage, ids) in [(Stage::Keys, &with_keys), (Stage::Discovery, &discovering)] {
        for number in 0..ALL.len() {
            world.providers.set_documents(Some((stage, number)));
            let server = world.service(ids, DEADLINE);
            let meet = |id: &String| Meeting { server: Arc::clone(&server), id: id.clone(), stage, number };
            world.run(ids.iter().map(meet).collect()).await;
            world.nobody_has_an_account(&server).await;
        }
    }
    world.providers.set_documents(None);
    let (most, taken) = world.providers.taken();
    eprintln!(
        "{} hostile replies of {} kinds, {} told in particular, in {:?} over {} connections; {} KiB of one and {} MiB of all taken; {} KiB of one handed over, \
         {} ms the slowest; memory from {:?} to {:?} KiB at the most",
        world.providers.played(),
        ALL.len(),
        world.told.lock().unwrap().len(),
        begun.elapsed(),
        world.providers.connections(),
        most >> 10,
        taken >> 20,
        world.http.largest() >> 10,
        world.http.slowest(),
        before,
        memory("VmHWM"),
    );

    let kinds = ALL.len();
    assert!(
        world.told.lock().unwrap().len() > world.providers.played() / 2,
        "most are not told by the clock"
    );
    assert_eq!(world.providers.played(), kinds * (38 + 36 + 2 + with_keys.len() + discovering.len()));
    assert!(kinds >= 40 && with_keys.len() >= 10 && discovering.len() == 4);
    assert_eq!(world.providers.trapped(), 0, "no redirect was followed");
    assert!(world.http.largest() <= REPLY_LIMIT);
    // What the buffers of both ends hold comes on top of what the client reads.
    assert!(most < 16 << 20, "{most} bytes of one reply");
    if let (Some(before), Some(peak)) = (before, memory("VmHWM")) {
        assert!(peak < before + (256 << 10), "from {before} KiB to {peak} KiB");
    }
    world.all_is_well(&patient, &all).await;
}
