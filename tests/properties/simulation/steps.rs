//! What happens in a simulation, step by step. A step names what it is about by numbers that count
//! in whatever is there when it comes, so that any of them can be left out and the others still
//! mean something.

use account::testing::Fault;
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};

/// How many operations are under way at once.
pub(crate) const SLOTS: usize = 4;

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Step {
    /// A person begins something, once what they did before has ended.
    Begin { slot: usize, kind: Kind, picks: [usize; 3], fault: Option<(usize, Fault)>, is_mute: bool },
    /// An operation goes on so many times to its next pause.
    GoOn { slot: usize, times: usize },
    /// The one who asked for it hangs up.
    Leave { slot: usize },
    /// Time passes.
    Wait { millis: i64 },
    /// The store and the limiter are down for so many calls, no matter who makes them.
    Outage { calls: usize },
    /// The process ends with all that is under way, and another one begins.
    Restart,
}

macro_rules! kinds {
    ($($kind:ident $weight:expr),* $(,)?) => {
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub(crate) enum Kind {
            $($kind),*
        }

        impl Kind {
            pub(crate) const ALL: &'static [(Self, usize)] = &[$((Self::$kind, $weight)),*];
        }
    };
}

kinds! {
    SignUp 4, Anonymous 2, SignIn 16, EmailCode 6, MagicUrl 5, PhoneCode 5, Redeem 16, FinishVerification 8, StartRecovery 4,
    FinishRecovery 5, Check 8, User 3, Sessions 3, Events 2, ReadPreferences 3, ReadCodes 5, Name 3, Preferences 4, Block 1, Password 4,
    Email 3, Phone 4, SignOut 4, SignOutEverywhere 1, Extend 3, Jwt 4, StartEmailVerification 6, StartPhoneVerification 5,
    FinishPhoneVerification 8, Mfa 6, AddApp 6, ConfirmApp 10, RemoveApp 2, StartChallenge 12, FinishChallenge 20, CreateCodes 5,
    ReplaceCodes 4, AddTarget 6, ChangeTarget 3, RemoveTarget 2, HostBlock 1, HostUnblock 4, HostReset 1, HostNoReset 4, HostEndSessions 1,
    HostToken 4, HostDelete 3, Sweep 3, RemoveGuests 2, ForgetEvents 2, Flood 9, StartOAuth2 9, FinishOAuth2 14,
    Identities 2, Unlink 4,
}

impl Kind {
    /// Whether it takes no one who is signed in.
    pub(crate) fn is_for_guests(self) -> bool {
        use Kind::*;
        matches!(
            self,
            SignUp
                | Anonymous
                | SignIn
                | EmailCode
                | MagicUrl
                | PhoneCode
                | Redeem
                | FinishVerification
                | StartRecovery
                | FinishRecovery
                | HostBlock
                | HostUnblock
                | HostReset
                | HostNoReset
                | HostEndSessions
                | HostToken
                | HostDelete
                | Sweep
                | RemoveGuests
                | ForgetEvents
        )
    }
}

/// The steps of a seed.
pub(crate) fn steps(seed: u64, operations: usize) -> Vec<Step> {
    let mut random = StdRng::seed_from_u64(seed);
    let mut steps = Vec::new();
    let total: usize = Kind::ALL.iter().map(|(_, weight)| weight).sum();
    let mut begun = 0;
    while begun < operations {
        let slot = random.random_range(0..SLOTS);
        steps.push(match random.random_range(0..1000) {
            0..450 => {
                begun += 1;
                let mut place = random.random_range(0..total);
                let mut kinds = Kind::ALL.iter();
                let kind = loop {
                    let (kind, weight) = kinds.next().unwrap_or(&Kind::ALL[0]);
                    match place.checked_sub(*weight) {
                        Some(left) => place = left,
                        None => break *kind,
                    }
                };
                let fault = random.random_bool(0.5).then(|| {
                    let fault = Fault::ALL[random.random_range(0..Fault::ALL.len())];
                    (random.random_range(0..7), fault)
                });
                let picks = std::array::from_fn(|_| random.random_range(0..1_000_000));
                Step::Begin { slot, kind, picks, fault, is_mute: random.random_bool(0.05) }
            }
            450..920 => Step::GoOn { slot, times: random.random_range(1..12) },
            920..950 => Step::Leave { slot },
            950..988 => Step::Wait { millis: random.random_range(1..40_000) },
            // A clock that is set back.
            988 => Step::Wait { millis: -random.random_range(1..5_000) },
            989 => Step::Outage { calls: random.random_range(1..15) },
            990..997 => Step::Wait { millis: random.random_range(60_000..900_000) },
            997 => Step::Wait { millis: random.random_range(900_000..20_000_000) },
            998 => Step::Wait { millis: random.random_range(1..16) * 86_400_000 },
            _ => Step::Restart,
        });
        // The one who is removed mostly comes back at once under the same id, while others are
        // still busy with who was there before.
        if let Some(Step::Begin { kind: Kind::HostDelete, picks, .. }) = steps.last()
            && random.random_bool(0.7)
        {
            let picks = picks.map(|pick| pick / 3 * 3 + 1);
            begun += 1;
            steps.push(Step::GoOn { slot, times: 12 });
            steps.push(Step::Begin { slot, kind: Kind::SignUp, picks, fault: None, is_mute: false });
            steps.push(Step::GoOn { slot, times: 12 });
        }
    }
    steps
}
