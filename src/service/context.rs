//! The context of one operation.

use super::account_service::AccountService;
use crate::{
    model::{ClientInfo, Timestamp},
    operation::{Action, AdminOperation, Assurance, Operation},
    ports::{Clock, Mailer, SmsSender, Store},
};

/// What every step of an operation needs to know: what it is for the log and observers, the
/// assurance that it requires of its caller, the client, and the time.
#[derive(Clone, Copy)]
pub(crate) struct Context<'a> {
    pub(crate) action: Action,
    pub(crate) assurance: Assurance,
    pub(crate) client: &'a ClientInfo,
    pub(crate) now: Timestamp,
}

impl<S: Store, M: Mailer, P: SmsSender, C: Clock> AccountService<S, M, P, C> {
    pub(crate) fn context<'a>(&self, operation: Operation, client: &'a ClientInfo) -> Context<'a> {
        let now = self.inner.clock.now();
        let action = Action::Operation(operation);
        Context { action, assurance: self.assurance_of(operation), client, now }
    }

    /// The assurance that this service requires of the caller of an operation.
    pub(crate) fn assurance_of(&self, operation: Operation) -> Assurance {
        match operation.assurance() {
            Assurance::FreshIfActive if !self.inner.config.fresh_challenges => Assurance::Full,
            other => other,
        }
    }

    /// The context of an admin operation, which has no entry in the operations table.
    pub(crate) fn admin_context<'a>(&self, operation: AdminOperation, client: &'a ClientInfo) -> Context<'a> {
        let action = Action::Admin(operation);
        Context { action, assurance: Assurance::Full, client, now: self.inner.clock.now() }
    }
}
