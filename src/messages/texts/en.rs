//! English.

use crate::messages::wording::{Wording, wording};

pub(super) static WORDING: Wording = wording! {
    LeftToRight,
    months: [
        "January", "February", "March", "April", "May", "June",
        "July", "August", "September", "October", "November", "December",
    ],
    language: "en",
    moment: "{day} {month} {year}, {time} UTC",
    greeting: "Hello {name},",
    greeting_nameless: "Hello,",
    verification: [
        "Account Verification",
        "Confirm your email address",
        "Please confirm that this email address belongs to your {project} account.",
    ],
    verification_button: "Confirm email address",
    recovery: [
        "Password Reset",
        "Reset your password",
        "You can now choose a new password for your {project} account.",
    ],
    recovery_button: "Choose a new password",
    magic_url: [
        "{project} Login",
        "Sign in to {project}",
        "Here is the link that signs you in to {project}.",
    ],
    magic_url_button: "Sign in",
    email_code: [
        "OTP for {project} Login",
        "Your sign-in code",
        "Enter this code to sign in to {project}.",
    ],
    mfa_code: [
        "Verification Code for {project}",
        "Your verification code",
        "Enter this code to complete your sign-in to {project}.",
    ],
    session_alert: [
        "Security alert: new session on your {project} account",
        "New sign-in to your account",
        "There was a new sign-in to your {project} account.",
    ],
    password_changed: [
        "Your {project} password was changed",
        "Your password was changed",
        "The password of your {project} account was changed.",
    ],
    email_changed: [
        "The email address of your {project} account was changed",
        "Your email address was changed",
        "Your {project} account now has a different email address. This message is the last one to the previous address.",
    ],
    phone_changed: [
        "The phone number of your {project} account was changed",
        "Your phone number was changed",
        "The phone number of your {project} account was changed.",
    ],
    mfa_enabled: [
        "Two-step sign-in is on for your {project} account",
        "Two-step sign-in is on",
        "Signing in to your {project} account now takes a second step.",
    ],
    mfa_disabled: [
        "Two-step sign-in is off for your {project} account",
        "Two-step sign-in is off",
        "Signing in to your {project} account no longer takes a second step.",
    ],
    authenticator_added: [
        "Authenticator app added to your {project} account",
        "Authenticator app added",
        "An authenticator app was added to your {project} account.",
    ],
    authenticator_removed: [
        "Authenticator app removed from your {project} account",
        "Authenticator app removed",
        "The authenticator app was removed from your {project} account.",
    ],
    recovery_codes_changed: [
        "New recovery codes for your {project} account",
        "You have new recovery codes",
        "New recovery codes were created for your {project} account. Older codes no longer work.",
    ],
    identity_linked: [
        "Sign-in with {provider} added to your {project} account",
        "Sign-in with {provider} added",
        "An account at {provider} was linked to your {project} account. It can now be used to sign in.",
    ],
    identity_unlinked: [
        "Sign-in with {provider} removed from your {project} account",
        "Sign-in with {provider} removed",
        "An account at {provider} was unlinked from your {project} account.",
    ],
    link_instead: "If the button does not work, copy this address into your browser:",
    link_lasts_seven_days: "The link is valid for 7 days.",
    link_lasts_an_hour: "The link is valid for one hour.",
    code_lasts_fifteen_minutes: "The code is valid for 15 minutes.",
    keep_the_link: "Do not forward this message: anyone with the link can use it.",
    keep_the_code: "Do not share this code with anyone. {project} will never ask you for it.",
    unasked: "If you did not request this, you can ignore this message.",
    mfa_unasked: "If you are not signing in right now, someone else may know your password. Please change it.",
    alert_advice: "If this was you, there is nothing to do. If not, change your password right away and end all other sessions.",
    change_advice: "If this was you, there is nothing to do. If not, someone else may have access to your account: contact {project} right away.",
    detail: "{label}: {value}",
    device: "Device",
    place: "Location",
    time: "Time",
    unknown: "Unknown",
    phrase: "Security phrase",
    phrase_advice: "Only continue if the page where you are signing in shows the same security phrase.",
    footer: "You are receiving this message because of your {project} account.",
    text_sign_in: "{code} is your {project} sign-in code. It is valid for 15 minutes.",
    text_verification: "{code} is your {project} verification code. It is valid for 15 minutes.",
    text_mfa: "{code} is your {project} security code. It is valid for 15 minutes.",
};
