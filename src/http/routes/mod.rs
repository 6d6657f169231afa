//! The routes: which operations are offered, and the function that does each.

mod credentials;
mod lists;
mod mfa;
#[cfg(feature = "oauth2")]
mod oauth2;
mod profile;
mod recovery;
mod sessions;
mod targets;
mod tokens;
mod verification;

use axum::http::Method;

use super::{call::Call, reply::Answer};
use crate::{
    operation::Operation,
    ports::{Clock, Mailer, SmsSender, Store},
};

/// Makes the two tables of operations, those that read and those that change something: a row is an operation and its function.
macro_rules! served {
    (
        reads { $($(#[$if_read:meta])* $read:ident => $reader:ident),* $(,)? }
        changes { $($(#[$if_change:meta])* $change:ident => $changer:ident),* $(,)? }
    ) => {
        /// The operations that are offered.
        pub(super) const SERVED: &[Operation] =
            &[$($(#[$if_read])* Operation::$read,)* $($(#[$if_change])* Operation::$change),*];

        /// Does an operation that only reads.
        pub(super) async fn read<S: Store, M: Mailer, P: SmsSender, C: Clock>(
            operation: Operation,
            call: &Call<S, M, P, C>,
        ) -> Answer {
            match operation {
                $($(#[$if_read])* Operation::$read => call.$reader().await,)*
                _ => Err(super::Rejection::unknown_route()),
            }
        }

        /// Does an operation that changes something.
        pub(super) async fn change<S: Store, M: Mailer, P: SmsSender, C: Clock>(
            operation: Operation,
            mut call: Call<S, M, P, C>,
        ) -> Answer {
            match operation {
                $($(#[$if_change])* Operation::$change => call.$changer().await,)*
                _ => Err(super::Rejection::unknown_route()),
            }
        }
    };
}

served! {
    reads {
        User => user,
        Identities => identities,
        Events => events,
        Factors => factors,
        RecoveryCodes => recovery_codes,
        Preferences => preferences,
        Sessions => sessions,
        Session => session,
        #[cfg(feature = "oauth2")]
        StartOAuth2 => start_oauth2_session,
        #[cfg(feature = "oauth2")]
        StartOAuth2Token => start_oauth2_token,
    }
    changes {
        SignUp => sign_up,
        ChangeEmail => change_email,
        UnlinkIdentity => unlink_identity,
        IssueJwt => issue_jwt,
        SetMfa => set_mfa,
        AddAuthenticator => add_authenticator,
        ConfirmAuthenticator => confirm_authenticator,
        RemoveAuthenticator => remove_authenticator,
        StartChallenge => start_challenge,
        FinishChallenge => finish_challenge,
        CreateRecoveryCodes => create_recovery_codes,
        ReplaceRecoveryCodes => replace_recovery_codes,
        ChangeName => change_name,
        ChangePassword => change_password,
        ChangePhone => change_phone,
        ReplacePreferences => replace_preferences,
        StartRecovery => start_recovery,
        FinishRecovery => finish_recovery,
        SignOutEverywhere => sign_out_everywhere,
        SignInAnonymously => sign_in_anonymously,
        SignInWithPassword => sign_in_with_password,
        SignInWithMagicUrl => sign_in_with_token,
        SignInWithPhone => sign_in_with_token,
        SignInWithToken => sign_in_with_token,
        ExtendSession => extend_session,
        SignOut => sign_out,
        Block => block,
        AddPushTarget => add_push_target,
        ChangePushTarget => change_push_target,
        RemovePushTarget => remove_push_target,
        SendEmailCode => send_email_code,
        SendMagicUrl => send_magic_url,
        SendPhoneCode => send_phone_code,
        StartEmailVerification => start_email_verification,
        FinishEmailVerification => finish_email_verification,
        StartPhoneVerification => start_phone_verification,
        FinishPhoneVerification => finish_phone_verification,
        #[cfg(feature = "oauth2")]
        OAuth2Redirect => finish_oauth2,
    }
}

/// An operation, and the route by which it was found.
pub(super) struct Route {
    pub(super) operation: Operation,
    pub(super) path: &'static str,
}

impl Route {
    /// The operation behind a method and a path. `HEAD` is `GET`.
    ///
    /// Where a fixed segment and a parameter both fit, the fixed one does: `/sessions/anonymous` is no session's id.
    pub(super) fn find(method: &Method, path: &str) -> Option<Self> {
        let method = if method == Method::HEAD { "GET" } else { method.as_str() };
        let find = |fits: &dyn Fn(&str) -> bool| {
            SERVED.iter().filter(|operation| operation.methods().contains(&method)).find_map(|operation| {
                let mut paths = std::iter::once(operation.path()).chain(operation.aliases().iter().copied());
                paths.find(|route| fits(route)).map(|path| Self { operation: *operation, path })
            })
        };
        find(&|route| route == path).or_else(|| find(&|route| fits(route, path)))
    }
}

/// Whether a path has the form of a route. Segments are compared as they are sent: what is spelled otherwise is another path.
fn fits(route: &str, path: &str) -> bool {
    let (mut parts, mut given) = (route.split('/'), path.split('/'));
    loop {
        match (parts.next(), given.next()) {
            (None, None) => return true,
            (Some(part), Some(segment))
                if part == segment || (part.starts_with('{') && !segment.is_empty()) => {}
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(method: &str, path: &str) -> Option<Operation> {
        Route::find(&method.parse().unwrap(), path).map(|route| route.operation)
    }

    #[test]
    fn every_operation_is_found_by_its_own_routes() {
        for operation in SERVED {
            for path in std::iter::once(operation.path()).chain(operation.aliases().iter().copied()) {
                let path = path.replace(['{', '}'], "");
                assert_eq!(found(operation.method(), &path), Some(*operation), "{path}");
            }
        }
    }

    #[test]
    fn head_is_get_and_nothing_else_is_guessed() {
        assert_eq!(found("HEAD", "/v1/account"), Some(Operation::User));
        for (method, path) in [
            ("PUT", "/v1/account"),
            ("get", "/v1/account"),
            ("GET", "/v1/account/"),
            ("GET", "/v1/Account"),
            ("GET", "/v1//account"),
            ("GET", "/v1/account/sessions/"),
            ("GET", "/v1/account/sessions/a/b"),
            ("POST", "/v1/account/name"),
        ] {
            assert_eq!(found(method, path), None, "{method} {path}");
        }
    }
}
