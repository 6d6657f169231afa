//! Polish, in the capitalised second person of letters.

use crate::messages::wording::{Wording, wording};

pub(super) static WORDING: Wording = wording! {
    LeftToRight,
    months: [
        "stycznia", "lutego", "marca", "kwietnia", "maja", "czerwca",
        "lipca", "sierpnia", "września", "października", "listopada", "grudnia",
    ],
    language: "pl",
    moment: "{day} {month} {year}, godz. {time} (UTC)",
    greeting: "Dzień dobry, {name}!",
    greeting_nameless: "Dzień dobry!",
    verification: [
        "Weryfikacja konta",
        "Potwierdź swój adres e-mail",
        "Potwierdź, że ten adres e-mail należy do Twojego konta {project}.",
    ],
    verification_button: "Potwierdź adres e-mail",
    recovery: [
        "Resetowanie hasła",
        "Zresetuj swoje hasło",
        "Możesz teraz ustawić nowe hasło do swojego konta {project}.",
    ],
    recovery_button: "Ustaw nowe hasło",
    magic_url: [
        "Logowanie do {project}",
        "Zaloguj się do {project}",
        "Ten link pozwoli Ci zalogować się do {project}.",
    ],
    magic_url_button: "Zaloguj się",
    email_code: [
        "Twój kod logowania do {project}",
        "Twój kod logowania",
        "Wpisz ten kod, aby zalogować się do {project}.",
    ],
    mfa_code: [
        "Kod weryfikacyjny do {project}",
        "Twój kod weryfikacyjny",
        "Wpisz ten kod, aby dokończyć logowanie do {project}.",
    ],
    session_alert: [
        "Alert bezpieczeństwa: nowa sesja na Twoim koncie {project}",
        "Nowe logowanie na Twoje konto",
        "Ktoś właśnie zalogował się na Twoje konto {project}.",
    ],
    password_changed: [
        "Hasło do Twojego konta {project} zostało zmienione",
        "Twoje hasło zostało zmienione",
        "Hasło do Twojego konta {project} zostało zmienione.",
    ],
    email_changed: [
        "Adres e-mail Twojego konta {project} został zmieniony",
        "Twój adres e-mail został zmieniony",
        "Twoje konto {project} ma teraz inny adres e-mail. To ostatnia wiadomość wysłana na poprzedni adres.",
    ],
    phone_changed: [
        "Numer telefonu Twojego konta {project} został zmieniony",
        "Twój numer telefonu został zmieniony",
        "Numer telefonu Twojego konta {project} został zmieniony.",
    ],
    mfa_enabled: [
        "Logowanie dwuetapowe na Twoim koncie {project} zostało włączone",
        "Logowanie dwuetapowe zostało włączone",
        "Od teraz logowanie na Twoje konto {project} wymaga drugiego etapu.",
    ],
    mfa_disabled: [
        "Logowanie dwuetapowe na Twoim koncie {project} zostało wyłączone",
        "Logowanie dwuetapowe zostało wyłączone",
        "Logowanie na Twoje konto {project} nie wymaga już drugiego etapu.",
    ],
    authenticator_added: [
        "Dodano aplikację uwierzytelniającą do Twojego konta {project}",
        "Dodano aplikację uwierzytelniającą",
        "Do Twojego konta {project} dodano aplikację uwierzytelniającą.",
    ],
    authenticator_removed: [
        "Usunięto aplikację uwierzytelniającą z Twojego konta {project}",
        "Usunięto aplikację uwierzytelniającą",
        "Z Twojego konta {project} usunięto aplikację uwierzytelniającą.",
    ],
    recovery_codes_changed: [
        "Nowe kody odzyskiwania do Twojego konta {project}",
        "Masz nowe kody odzyskiwania",
        "Dla Twojego konta {project} utworzono nowe kody odzyskiwania. Starsze kody już nie działają.",
    ],
    identity_linked: [
        "Dodano logowanie przez {provider} do Twojego konta {project}",
        "Dodano logowanie przez {provider}",
        "Z Twoim kontem {project} połączono konto {provider}. Można go teraz używać do logowania.",
    ],
    identity_unlinked: [
        "Usunięto logowanie przez {provider} z Twojego konta {project}",
        "Usunięto logowanie przez {provider}",
        "Konto {provider} zostało odłączone od Twojego konta {project}.",
    ],
    link_instead: "Jeśli przycisk nie działa, skopiuj ten adres do przeglądarki:",
    link_lasts_seven_days: "Link jest ważny przez 7 dni.",
    link_lasts_an_hour: "Link jest ważny przez godzinę.",
    code_lasts_fifteen_minutes: "Kod jest ważny przez 15 minut.",
    keep_the_link: "Nie przekazuj tej wiadomości dalej: każdy, kto ma link, może go użyć.",
    keep_the_code: "Nie podawaj nikomu tego kodu. {project} nigdy o niego nie poprosi.",
    unasked: "Jeśli to nie Twoja prośba, możesz zignorować tę wiadomość.",
    mfa_unasked: "Jeśli właśnie się nie logujesz, ktoś inny może znać Twoje hasło. Zmień je.",
    alert_advice: "Jeśli to Ty, nie musisz nic robić. Jeśli nie, natychmiast zmień hasło i zakończ wszystkie pozostałe sesje.",
    change_advice: "Jeśli to Twoja zmiana, nie musisz nic robić. Jeśli nie, ktoś inny może mieć dostęp do Twojego konta: natychmiast skontaktuj się z {project}.",
    detail: "{label}: {value}",
    device: "Urządzenie",
    place: "Miejsce",
    time: "Czas",
    unknown: "Brak danych",
    phrase: "Fraza bezpieczeństwa",
    phrase_advice: "Kontynuuj tylko wtedy, gdy strona, na której się logujesz, pokazuje tę samą frazę bezpieczeństwa.",
    footer: "Otrzymujesz tę wiadomość w związku z Twoim kontem {project}.",
    text_sign_in: "{code} to Twój kod logowania do {project}. Ważny 15 minut.",
    text_verification: "{code} to Twój kod weryfikacyjny do {project}. Ważny 15 minut.",
    text_mfa: "{code} to Twój kod bezpieczeństwa do {project}. Ważny 15 minut.",
};
