//! Dutch, polite form.

use crate::messages::wording::{Wording, wording};

pub(super) static WORDING: Wording = wording! {
    LeftToRight,
    months: [
        "januari", "februari", "maart", "april", "mei", "juni",
        "juli", "augustus", "september", "oktober", "november", "december",
    ],
    language: "nl",
    moment: "{day} {month} {year}, {time} uur (UTC)",
    greeting: "Beste {name},",
    greeting_nameless: "Goedendag,",
    verification: [
        "Bevestig uw e-mailadres",
        "Bevestig uw e-mailadres",
        "Bevestig dat dit e-mailadres bij uw {project}-account hoort.",
    ],
    verification_button: "E-mailadres bevestigen",
    recovery: [
        "Wachtwoord opnieuw instellen",
        "Stel uw wachtwoord opnieuw in",
        "U kunt nu een nieuw wachtwoord voor uw {project}-account kiezen.",
    ],
    recovery_button: "Nieuw wachtwoord kiezen",
    magic_url: [
        "Inloggen bij {project}",
        "Log in bij {project}",
        "Met deze link logt u in bij {project}.",
    ],
    magic_url_button: "Inloggen",
    email_code: [
        "Uw code om in te loggen bij {project}",
        "Uw inlogcode",
        "Voer deze code in om bij {project} in te loggen.",
    ],
    mfa_code: [
        "Verificatiecode voor {project}",
        "Uw verificatiecode",
        "Voer deze code in om het inloggen bij {project} af te ronden.",
    ],
    session_alert: [
        "Beveiligingsmelding: nieuwe sessie in uw {project}-account",
        "Er is op uw account ingelogd",
        "Er heeft zojuist iemand op uw {project}-account ingelogd.",
    ],
    password_changed: [
        "Het wachtwoord van uw {project}-account is gewijzigd",
        "Uw wachtwoord is gewijzigd",
        "Het wachtwoord van uw {project}-account is gewijzigd.",
    ],
    email_changed: [
        "Het e-mailadres van uw {project}-account is gewijzigd",
        "Uw e-mailadres is gewijzigd",
        "Uw {project}-account heeft nu een ander e-mailadres. Dit is het laatste bericht aan het vorige adres.",
    ],
    phone_changed: [
        "Het telefoonnummer van uw {project}-account is gewijzigd",
        "Uw telefoonnummer is gewijzigd",
        "Het telefoonnummer van uw {project}-account is gewijzigd.",
    ],
    mfa_enabled: [
        "Inloggen in twee stappen ingeschakeld voor uw {project}-account",
        "Inloggen in twee stappen ingeschakeld",
        "Voortaan is voor het inloggen op uw {project}-account een tweede stap nodig.",
    ],
    mfa_disabled: [
        "Inloggen in twee stappen uitgeschakeld voor uw {project}-account",
        "Inloggen in twee stappen uitgeschakeld",
        "Voor het inloggen op uw {project}-account is geen tweede stap meer nodig.",
    ],
    authenticator_added: [
        "Authenticator-app toegevoegd aan uw {project}-account",
        "Authenticator-app toegevoegd",
        "Er is een authenticator-app aan uw {project}-account toegevoegd.",
    ],
    authenticator_removed: [
        "Authenticator-app verwijderd uit uw {project}-account",
        "Authenticator-app verwijderd",
        "De authenticator-app is uit uw {project}-account verwijderd.",
    ],
    recovery_codes_changed: [
        "Nieuwe herstelcodes voor uw {project}-account",
        "U hebt nieuwe herstelcodes",
        "Er zijn nieuwe herstelcodes voor uw {project}-account aangemaakt. Oudere codes zijn niet meer geldig.",
    ],
    identity_linked: [
        "Inloggen met {provider} toegevoegd aan uw {project}-account",
        "Inloggen met {provider} toegevoegd",
        "Er is een {provider}-account aan uw {project}-account gekoppeld. Daarmee kan nu ook worden ingelogd.",
    ],
    identity_unlinked: [
        "Inloggen met {provider} verwijderd uit uw {project}-account",
        "Inloggen met {provider} verwijderd",
        "Er is een {provider}-account van uw {project}-account losgekoppeld.",
    ],
    link_instead: "Werkt de knop niet? Kopieer dan dit adres naar uw browser:",
    link_lasts_seven_days: "De link is 7 dagen geldig.",
    link_lasts_an_hour: "De link is één uur geldig.",
    code_lasts_fifteen_minutes: "De code is 15 minuten geldig.",
    keep_the_link: "Stuur dit bericht niet door: wie de link heeft, kan hem gebruiken.",
    keep_the_code: "Deel deze code met niemand. {project} zal u er nooit om vragen.",
    unasked: "Hebt u dit niet aangevraagd? Dan kunt u dit bericht negeren.",
    mfa_unasked: "Als u op dit moment niet inlogt, kent misschien iemand anders uw wachtwoord. Wijzig het dan.",
    alert_advice: "Als u dit was, hoeft u niets te doen. Zo niet, wijzig dan meteen uw wachtwoord en beëindig alle andere sessies.",
    change_advice: "Als u dit was, hoeft u niets te doen. Zo niet, dan heeft misschien iemand anders toegang tot uw account: neem meteen contact op met {project}.",
    detail: "{label}: {value}",
    device: "Apparaat",
    place: "Plaats",
    time: "Tijdstip",
    unknown: "Onbekend",
    phrase: "Beveiligingszin",
    phrase_advice: "Ga alleen verder als de pagina waarop u inlogt dezelfde beveiligingszin toont.",
    footer: "U ontvangt dit bericht vanwege uw {project}-account.",
    text_sign_in: "{code} is uw inlogcode voor {project}. De code is 15 minuten geldig.",
    text_verification: "{code} is uw verificatiecode voor {project}. De code is 15 minuten geldig.",
    text_mfa: "{code} is uw beveiligingscode voor {project}. De code is 15 minuten geldig.",
};
