//! What changed an account.

use super::table::Operation;

/// What changed an account: an operation of a user, one of your application, or maintenance.
///
/// [`ObservedChange::action`](crate::ports::ObservedChange::action) returns it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Action {
    /// An operation of the Account API, by the user or by a visitor.
    Operation(Operation),
    /// An operation of [`AccountService::admin`](crate::AccountService::admin).
    Admin(AdminOperation),
    /// The authentication of a session, such as
    /// [`AccountService::caller`](crate::AccountService::caller). It records once a day that the
    /// account is in use.
    Authenticate,
    /// [`AccountService::sweep`](crate::AccountService::sweep).
    Sweep,
    /// [`AccountService::remove_unused_guests`](crate::AccountService::remove_unused_guests).
    RemoveUnusedGuests,
    /// Another account took over a push target of an expired session, so that what had expired was
    /// removed.
    ReleaseExpired,
}

impl Action {
    /// The name in the security log, such as `updateName`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Operation(operation) => operation.api_name(),
            Self::Admin(operation) => operation.api_name(),
            Self::Authenticate => "authenticate",
            Self::Sweep => "sweep",
            Self::RemoveUnusedGuests => "removeUnusedGuests",
            Self::ReleaseExpired => "releaseExpired",
        }
    }
}

/// One of the operations of [`AccountService::admin`](crate::AccountService::admin) that change an
/// account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AdminOperation {
    /// [`Admin::import`](crate::Admin::import).
    Import,
    /// [`Admin::set_blocked`](crate::Admin::set_blocked).
    SetBlocked,
    /// [`Admin::set_labels`](crate::Admin::set_labels).
    SetLabels,
    /// [`Admin::require_password_reset`](crate::Admin::require_password_reset).
    RequirePasswordReset,
    /// [`Admin::end_sessions`](crate::Admin::end_sessions).
    EndSessions,
    /// [`Admin::issue_token`](crate::Admin::issue_token).
    IssueToken,
    /// [`Admin::delete`](crate::Admin::delete).
    Delete,
}

impl AdminOperation {
    /// The name in the security log, as in the API for servers, such as `updateLabels`.
    #[must_use]
    pub const fn api_name(self) -> &'static str {
        match self {
            Self::Import => "createUser",
            Self::SetBlocked => "updateStatus",
            Self::SetLabels => "updateLabels",
            Self::RequirePasswordReset => "updatePasswordReset",
            Self::EndSessions => "deleteSessions",
            Self::IssueToken => "createToken",
            Self::Delete => "deleteUser",
        }
    }
}
