//! Messages in plain English.

use super::{EmailMessage, Notice, SmsMessage, TextNotice};

impl EmailMessage {
    /// The subject line.
    #[must_use]
    pub fn subject(&self) -> String {
        let project = &self.project;
        match &self.notice {
            Notice::Verification { .. } => "Account Verification".into(),
            Notice::Recovery { .. } => "Password Reset".into(),
            Notice::MagicUrl { .. } => format!("{project} Login"),
            Notice::EmailCode { .. } => format!("OTP for {project} Login"),
            Notice::MfaCode { .. } => format!("Verification Code for {project}"),
            Notice::SessionAlert { .. } => format!("Security alert: new session on your {project} account"),
            Notice::PasswordChanged => format!("{project}: Your password was changed"),
            Notice::EmailChanged => format!("{project}: Your email address was changed"),
            Notice::PhoneChanged => format!("{project}: Your phone number was changed"),
            Notice::MfaEnabled => format!("{project}: Two-step sign-in is on"),
            Notice::MfaDisabled => format!("{project}: Two-step sign-in is off"),
            Notice::AuthenticatorAdded => format!("{project}: An authenticator app was added"),
            Notice::AuthenticatorRemoved => format!("{project}: Your authenticator app was removed"),
            Notice::RecoveryCodesChanged => format!("{project}: You have new recovery codes"),
        }
    }

    /// The text.
    #[must_use]
    pub fn text(&self) -> String {
        match &self.notice {
            Notice::Verification { link } | Notice::Recovery { link } | Notice::MagicUrl { link, .. } => {
                format!("{}\n\n{}\n", self.subject(), link.expose())
            }
            Notice::EmailCode { code, .. } | Notice::MfaCode { code, .. } => {
                format!("{}\n\n{}\n", self.subject(), code.expose())
            }
            _ => format!(
                "{}.\n\nTime: {}\n\nIf it was not you, contact {} at once.\n",
                self.subject(),
                self.at,
                self.project
            ),
        }
    }

    /// The text as HTML.
    #[must_use]
    pub fn html(&self) -> String {
        String::new()
    }
}

impl SmsMessage {
    /// The text. It begins with the code.
    #[must_use]
    pub fn text(&self) -> String {
        match &self.notice {
            TextNotice::SignInCode { code }
            | TextNotice::VerificationCode { code }
            | TextNotice::MfaCode { code } => code.expose().into(),
        }
    }
}
