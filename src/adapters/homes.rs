//! Room for accounts, side by side in memory.

use std::sync::{Arc, LazyLock};

use crate::model::{Account, Timestamp, UserId};

/// How many places are made at once at the least; a quarter of those that are taken, if that is more.
const PLACES: usize = 32;
/// How many at the most, because others wait meanwhile.
const MAX_PLACES: usize = 512;

/// Places for accounts to come. Where the allocator puts an account, what a session check reads would lie scattered among all that it does not,
/// and looking up where that is in memory would cost more than the rest of the check.
#[derive(Default)]
pub(super) struct Homes(Vec<Arc<Account>>);

impl Homes {
    /// Moves an account next to others, of which there are so many.
    pub(super) fn house(&mut self, account: &Arc<Account>, others: usize) -> Arc<Account> {
        static NOBODY: LazyLock<Account> =
            LazyLock::new(|| Account::new(UserId::generate(Timestamp::MIN, [0; 10]), Timestamp::MIN));
        if self.0.is_empty() {
            self.0 = (0..(others / 4).clamp(PLACES, MAX_PLACES)).map(|_| Arc::new(NOBODY.clone())).collect();
        }
        let mut home = self.0.pop().unwrap_or_else(|| Arc::new(NOBODY.clone()));
        Arc::make_mut(&mut home).clone_from(account);
        home
    }
}
