//! Performing operations: the function of each.

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

use super::{call::Call, outcome::Answer, rejection::Rejection};
use crate::{
    operation::Operation,
    ports::{Clock, Mailer, SmsSender, Store},
};

/// Generates the two tables of operations, those that only read and those that change something. A
/// row is an operation and its function.
macro_rules! served {
    (
        reads { $($(#[$if_read:meta])* $read:ident => $reader:ident),* $(,)? }
        changes { $($(#[$if_change:meta])* $change:ident => $changer:ident),* $(,)? }
    ) => {
        /// Performs an operation that only reads.
        pub(super) async fn read<S: Store, M: Mailer, P: SmsSender, C: Clock>(
            call: &mut Call<S, M, P, C>,
        ) -> Answer {
            match call.route.operation {
                $($(#[$if_read])* Operation::$read => call.$reader().await,)*
                _ => Err(Rejection::unknown_route()),
            }
        }

        /// Performs an operation that changes something.
        pub(super) async fn change<S: Store, M: Mailer, P: SmsSender, C: Clock>(
            mut call: Call<S, M, P, C>,
        ) -> Answer {
            match call.route.operation {
                $($(#[$if_change])* Operation::$change => call.$changer().await,)*
                _ => Err(Rejection::unknown_route()),
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
