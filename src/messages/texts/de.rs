//! German, polite form.

use crate::messages::wording::{Wording, wording};

pub(super) static WORDING: Wording = wording! {
    LeftToRight,
    months: [
        "Januar", "Februar", "März", "April", "Mai", "Juni",
        "Juli", "August", "September", "Oktober", "November", "Dezember",
    ],
    language: "de",
    moment: "{day}. {month} {year}, {time} Uhr (UTC)",
    greeting: "Guten Tag {name}!",
    greeting_nameless: "Guten Tag!",
    verification: [
        "E-Mail-Adresse bestätigen",
        "Bestätigen Sie Ihre E-Mail-Adresse",
        "Bitte bestätigen Sie, dass diese E-Mail-Adresse zu Ihrem Konto bei {project} gehört.",
    ],
    verification_button: "E-Mail-Adresse bestätigen",
    recovery: [
        "Passwort zurücksetzen",
        "Setzen Sie Ihr Passwort zurück",
        "Sie können jetzt ein neues Passwort für Ihr Konto bei {project} wählen.",
    ],
    recovery_button: "Neues Passwort wählen",
    magic_url: [
        "Anmeldung bei {project}",
        "Melden Sie sich bei {project} an",
        "Mit diesem Link melden Sie sich bei {project} an.",
    ],
    magic_url_button: "Anmelden",
    email_code: [
        "Ihr Code für die Anmeldung bei {project}",
        "Ihr Anmeldecode",
        "Geben Sie diesen Code ein, um sich bei {project} anzumelden.",
    ],
    mfa_code: [
        "Bestätigungscode für {project}",
        "Ihr Bestätigungscode",
        "Geben Sie diesen Code ein, um Ihre Anmeldung bei {project} abzuschließen.",
    ],
    session_alert: [
        "Sicherheitshinweis: neue Sitzung in Ihrem Konto bei {project}",
        "Neue Anmeldung in Ihrem Konto",
        "Gerade hat sich jemand in Ihrem Konto bei {project} angemeldet.",
    ],
    password_changed: [
        "Ihr Passwort bei {project} wurde geändert",
        "Ihr Passwort wurde geändert",
        "Das Passwort Ihres Kontos bei {project} wurde geändert.",
    ],
    email_changed: [
        "Die E-Mail-Adresse Ihres Kontos bei {project} wurde geändert",
        "Ihre E-Mail-Adresse wurde geändert",
        "Ihr Konto bei {project} hat jetzt eine andere E-Mail-Adresse. Diese Nachricht ist die letzte an die bisherige Adresse.",
    ],
    phone_changed: [
        "Die Telefonnummer Ihres Kontos bei {project} wurde geändert",
        "Ihre Telefonnummer wurde geändert",
        "Die Telefonnummer Ihres Kontos bei {project} wurde geändert.",
    ],
    mfa_enabled: [
        "Anmeldung in zwei Schritten bei {project} eingeschaltet",
        "Anmeldung in zwei Schritten eingeschaltet",
        "Die Anmeldung in Ihrem Konto bei {project} verlangt ab jetzt einen zweiten Schritt.",
    ],
    mfa_disabled: [
        "Anmeldung in zwei Schritten bei {project} ausgeschaltet",
        "Anmeldung in zwei Schritten ausgeschaltet",
        "Die Anmeldung in Ihrem Konto bei {project} verlangt keinen zweiten Schritt mehr.",
    ],
    authenticator_added: [
        "Authenticator-App zu Ihrem Konto bei {project} hinzugefügt",
        "Authenticator-App hinzugefügt",
        "Zu Ihrem Konto bei {project} wurde eine Authenticator-App hinzugefügt.",
    ],
    authenticator_removed: [
        "Authenticator-App aus Ihrem Konto bei {project} entfernt",
        "Authenticator-App entfernt",
        "Die Authenticator-App wurde aus Ihrem Konto bei {project} entfernt.",
    ],
    recovery_codes_changed: [
        "Neue Wiederherstellungscodes für Ihr Konto bei {project}",
        "Sie haben neue Wiederherstellungscodes",
        "Für Ihr Konto bei {project} wurden neue Wiederherstellungscodes erstellt. Ältere Codes gelten nicht mehr.",
    ],
    identity_linked: [
        "Anmeldung mit {provider} zu Ihrem Konto bei {project} hinzugefügt",
        "Anmeldung mit {provider} hinzugefügt",
        "Mit Ihrem Konto bei {project} wurde ein Konto bei {provider} verknüpft. Man kann sich jetzt auch damit anmelden.",
    ],
    identity_unlinked: [
        "Anmeldung mit {provider} aus Ihrem Konto bei {project} entfernt",
        "Anmeldung mit {provider} entfernt",
        "Die Verknüpfung Ihres Kontos bei {project} mit einem Konto bei {provider} wurde aufgehoben.",
    ],
    link_instead: "Falls die Schaltfläche nicht funktioniert, kopieren Sie diese Adresse in Ihren Browser:",
    link_lasts_seven_days: "Der Link ist 7 Tage lang gültig.",
    link_lasts_an_hour: "Der Link ist eine Stunde lang gültig.",
    code_lasts_fifteen_minutes: "Der Code ist 15 Minuten lang gültig.",
    keep_the_link: "Leiten Sie diese Nachricht nicht weiter: Wer den Link hat, kann ihn verwenden.",
    keep_the_code: "Geben Sie diesen Code niemandem weiter. {project} wird Sie nie danach fragen.",
    unasked: "Falls Sie das nicht angefordert haben, können Sie diese Nachricht ignorieren.",
    mfa_unasked: "Falls Sie sich gerade nicht anmelden, kennt möglicherweise jemand anderes Ihr Passwort. Bitte ändern Sie es.",
    alert_advice: "Falls Sie das waren, brauchen Sie nichts zu tun. Andernfalls ändern Sie sofort Ihr Passwort und beenden Sie alle anderen Sitzungen.",
    change_advice: "Falls Sie das waren, brauchen Sie nichts zu tun. Andernfalls hat möglicherweise jemand anderes Zugriff auf Ihr Konto: Wenden Sie sich sofort an {project}.",
    detail: "{label}: {value}",
    device: "Gerät",
    place: "Ort",
    time: "Zeit",
    unknown: "Unbekannt",
    phrase: "Sicherheitsphrase",
    phrase_advice: "Fahren Sie nur fort, wenn die Seite, auf der Sie sich anmelden, dieselbe Sicherheitsphrase zeigt.",
    footer: "Sie erhalten diese Nachricht wegen Ihres Kontos bei {project}.",
    text_sign_in: "{code} ist Ihr Anmeldecode für {project}. Er gilt 15 Minuten.",
    text_verification: "{code} ist Ihr Bestätigungscode für {project}. Er gilt 15 Minuten.",
    text_mfa: "{code} ist Ihr Sicherheitscode für {project}. Er gilt 15 Minuten.",
};
