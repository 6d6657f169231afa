//! An operation that is under way, and what it has brought.

use account::testing::Fault;

use super::request::Request;
use crate::simulation::{
    deeds::Deed,
    model::{Address, Code, NEW, Person, Verdict},
};

/// Where an operation stands.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Stage {
    /// Who asks is being checked.
    Check,
    Act,
    /// The address that was proved gets an account of its own.
    Apart(Address),
}

/// Whom an operation calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Neighbour {
    Store,
    Limiter,
    Provider,
}

/// An operation that is under way, or was.
pub(crate) struct Task {
    pub(crate) deed: Deed,
    /// The digest of the device that asks.
    pub(crate) device: Option<String>,
    pub(crate) stage: Stage,
    pub(crate) request: Request,
    /// What it read from the clock last.
    pub(crate) now: i64,
    pub(crate) calls: usize,
    pub(crate) fault: Option<(usize, Fault)>,
    /// Its messages get lost.
    pub(crate) is_mute: bool,
    /// What the model said at each of its calls in this stage.
    pub(crate) verdicts: Vec<Verdict>,
    /// How often it changed an account as the model says it should.
    pub(crate) done: usize,
    pub(crate) changed: Option<Changed>,
    /// What the model said when it changed something last.
    pub(crate) carried_out: Option<Verdict>,
    pub(crate) appended: bool,
    /// How many accounts were tidied or removed and how many log entries forgotten.
    pub(crate) swept: usize,
    /// A call of its failed or hung.
    pub(crate) failed: bool,
    pub(crate) hangs: bool,
    /// A save of its was too late.
    pub(crate) collided: bool,
    /// Its fault came.
    pub(crate) met: bool,
    /// Whom it befell.
    pub(crate) at: Option<Neighbour>,
    /// Why it was not to come as far as an account.
    pub(crate) turned_away: Option<Code>,
    /// The flow that it is ending.
    pub(crate) redeems: Option<usize>,
    /// Its code is on the way to the provider, or was.
    pub(crate) has_sent_code: bool,
    /// The one who asked has gone.
    pub(crate) is_left: bool,
    pub(crate) addresses: Vec<Address>,
    pub(crate) messages: usize,
    /// How many it should send. `None`: one or none.
    pub(crate) due: Option<usize>,
    /// How many changes there were before it began.
    pub(crate) since: usize,
    /// What it came to.
    pub(crate) outcome: &'static str,
}

/// What a change brought that only the service knew.
#[derive(Debug, Clone, Default)]
pub(crate) struct Changed {
    pub(crate) user: String,
    pub(crate) session: Option<(String, u32)>,
    pub(crate) token: Option<String>,
    pub(crate) challenge: Option<String>,
    /// The digest of a device that was not known.
    pub(crate) device: Option<String>,
    pub(crate) unknown: Option<String>,
    pub(crate) generation: u32,
}

impl Task {
    pub(crate) fn new(deed: Deed, now: i64) -> Self {
        let stage = if deed.who().is_some() { Stage::Check } else { Stage::Act };
        Self {
            deed,
            device: None,
            stage,
            request: Request::default(),
            now,
            calls: 0,
            fault: None,
            is_mute: false,
            verdicts: Vec::new(),
            done: 0,
            changed: None,
            carried_out: None,
            appended: false,
            swept: 0,
            failed: false,
            hangs: false,
            collided: false,
            met: false,
            at: None,
            turned_away: None,
            redeems: None,
            has_sent_code: false,
            is_left: false,
            addresses: Vec::new(),
            messages: 0,
            due: Some(0),
            since: 0,
            outcome: "has not ended",
        }
    }
}

impl Changed {
    pub(crate) fn of(after: &Person, person: &Person) -> Self {
        let new = |ids: Vec<(&String, &String)>| -> Option<String> {
            ids.into_iter().find(|(before, _)| *before == NEW).map(|(_, found)| found.clone())
        };
        let sessions = after.sessions.iter().zip(&person.sessions);
        let tokens = after.tokens.iter().zip(&person.tokens);
        let challenges = after.challenges.iter().zip(&person.challenges);
        let devices = after.devices.iter().zip(&person.devices);
        Self {
            user: person.id.clone(),
            session: new(sessions.map(|(one, other)| (&one.id, &other.id)).collect()).map(|id| (id, 0)),
            token: new(tokens.map(|(one, other)| (&one.id, &other.id)).collect()),
            challenge: new(challenges.map(|(one, other)| (&one.id, &other.id)).collect()),
            device: new(devices.map(|(one, other)| (&one.digest, &other.digest)).collect()),
            unknown: after.codes.as_ref().and_then(|codes| codes.iter().find(|code| *code == NEW).cloned()),
            generation: person.generation,
        }
    }
}
