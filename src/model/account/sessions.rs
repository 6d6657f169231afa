//! The sessions of an account, and what ends with time.

use std::sync::Arc;

use super::Account;
use crate::model::{ids::SessionId, session_record::SessionRecord, time::Timestamp};

impl Account {
    pub(crate) fn session(&self, id: &SessionId, now: Timestamp) -> Option<&SessionRecord> {
        self.sessions.iter().find(|session| session.id == *id && session.is_live(now))
    }

    pub(crate) fn session_mut(&mut self, id: &SessionId, now: Timestamp) -> Option<&mut SessionRecord> {
        self.sessions.iter_mut().find(|session| session.id == *id && session.is_live(now))
    }

    /// Adds a session and ends the oldest ones beyond the limit.
    pub(crate) fn add_session(&mut self, session: SessionRecord, limit: usize, now: Timestamp) {
        self.tidy(now);
        self.sessions.push(session);
        let over = self.sessions.len().saturating_sub(limit.max(1));
        self.sessions.drain(..over);
        self.drop_orphans();
    }

    /// Ends the sessions for which `keep` is false, with their push targets.
    pub(crate) fn retain_sessions(&mut self, mut keep: impl FnMut(&SessionRecord) -> bool) {
        self.sessions.retain(|session| keep(session));
        self.drop_orphans();
    }

    /// Revokes all JWTs issued so far.
    pub(crate) fn revoke_jwts(&mut self) {
        self.jwt_generation = self.jwt_generation.wrapping_add(1);
    }

    /// Removes expired sessions, tokens, challenges and states.
    pub(crate) fn tidy(&mut self, now: Timestamp) {
        self.retain_sessions(|session| session.is_live(now));
        if !self.tokens.iter().all(|token| token.is_live(now)) {
            self.tokens.retain(|token| token.is_live(now));
        }
        if !self.challenges.iter().all(|challenge| challenge.is_live(now)) {
            self.challenges.retain(|challenge| challenge.is_live(now));
        }
        if !self.spent_states.iter().all(|state| now < state.expires_at) {
            self.spent_states.retain(|state| now < state.expires_at);
        }
    }

    /// Removes the push targets and challenges of sessions that have ended.
    fn drop_orphans(&mut self) {
        let Self { sessions, rest, .. } = self;
        if rest.targets.is_empty() && rest.challenges.is_empty() {
            return;
        }
        let exists = |id| sessions.iter().any(|session| session.id == id);
        let rest = Arc::make_mut(rest);
        rest.targets.retain(|target| target.session.is_none_or(exists));
        rest.challenges.retain(|challenge| exists(challenge.session));
    }
}
