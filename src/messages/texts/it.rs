//! Italian, polite form.

use crate::messages::wording::{Wording, wording};

pub(super) static WORDING: Wording = wording! {
    LeftToRight,
    months: [
        "gennaio", "febbraio", "marzo", "aprile", "maggio", "giugno",
        "luglio", "agosto", "settembre", "ottobre", "novembre", "dicembre",
    ],
    language: "it",
    moment: "{day} {month} {year}, ore {time} (UTC)",
    greeting: "Buongiorno {name},",
    greeting_nameless: "Buongiorno,",
    verification: [
        "Verifica del suo account",
        "Confermi il suo indirizzo e-mail",
        "La preghiamo di confermare che questo indirizzo e-mail appartiene al suo account {project}.",
    ],
    verification_button: "Conferma l’indirizzo e-mail",
    recovery: [
        "Reimpostazione della password",
        "Reimposti la sua password",
        "Ora può scegliere una nuova password per il suo account {project}.",
    ],
    recovery_button: "Scegli una nuova password",
    magic_url: [
        "Accesso a {project}",
        "Acceda a {project}",
        "Con questo link può accedere a {project}.",
    ],
    magic_url_button: "Accedi",
    email_code: [
        "Il suo codice di accesso a {project}",
        "Il suo codice di accesso",
        "Inserisca questo codice per accedere a {project}.",
    ],
    mfa_code: [
        "Codice di verifica per {project}",
        "Il suo codice di verifica",
        "Inserisca questo codice per completare l’accesso a {project}.",
    ],
    session_alert: [
        "Avviso di sicurezza: nuova sessione nel suo account {project}",
        "Nuovo accesso al suo account",
        "Qualcuno ha appena effettuato l’accesso al suo account {project}.",
    ],
    password_changed: [
        "La password del suo account {project} è stata modificata",
        "La sua password è stata modificata",
        "La password del suo account {project} è stata modificata.",
    ],
    email_changed: [
        "L’indirizzo e-mail del suo account {project} è stato modificato",
        "Il suo indirizzo e-mail è stato modificato",
        "Il suo account {project} ha ora un altro indirizzo e-mail. Questo è l’ultimo messaggio inviato all’indirizzo precedente.",
    ],
    phone_changed: [
        "Il numero di telefono del suo account {project} è stato modificato",
        "Il suo numero di telefono è stato modificato",
        "Il numero di telefono del suo account {project} è stato modificato.",
    ],
    mfa_enabled: [
        "Accesso in due passaggi attivato per il suo account {project}",
        "Accesso in due passaggi attivato",
        "D’ora in poi l’accesso al suo account {project} richiede un secondo passaggio.",
    ],
    mfa_disabled: [
        "Accesso in due passaggi disattivato per il suo account {project}",
        "Accesso in due passaggi disattivato",
        "L’accesso al suo account {project} non richiede più un secondo passaggio.",
    ],
    authenticator_added: [
        "App di autenticazione aggiunta al suo account {project}",
        "App di autenticazione aggiunta",
        "Un’app di autenticazione è stata aggiunta al suo account {project}.",
    ],
    authenticator_removed: [
        "App di autenticazione rimossa dal suo account {project}",
        "App di autenticazione rimossa",
        "L’app di autenticazione è stata rimossa dal suo account {project}.",
    ],
    recovery_codes_changed: [
        "Nuovi codici di recupero per il suo account {project}",
        "Ha nuovi codici di recupero",
        "Sono stati creati nuovi codici di recupero per il suo account {project}. I codici precedenti non sono più validi.",
    ],
    identity_linked: [
        "Accesso con {provider} aggiunto al suo account {project}",
        "Accesso con {provider} aggiunto",
        "Un account {provider} è stato collegato al suo account {project}. Ora può essere usato per accedere.",
    ],
    identity_unlinked: [
        "Accesso con {provider} rimosso dal suo account {project}",
        "Accesso con {provider} rimosso",
        "Un account {provider} è stato scollegato dal suo account {project}.",
    ],
    link_instead: "Se il pulsante non funziona, copi questo indirizzo nel suo browser:",
    link_lasts_seven_days: "Il link è valido per 7 giorni.",
    link_lasts_an_hour: "Il link è valido per un’ora.",
    code_lasts_fifteen_minutes: "Il codice è valido per 15 minuti.",
    keep_the_link: "Non inoltri questo messaggio: chiunque abbia il link può usarlo.",
    keep_the_code: "Non comunichi questo codice a nessuno. {project} non glielo chiederà mai.",
    unasked: "Se non ha fatto lei questa richiesta, può ignorare questo messaggio.",
    mfa_unasked: "Se non sta effettuando l’accesso in questo momento, è possibile che qualcun altro conosca la sua password. La preghiamo di modificarla.",
    alert_advice: "Se l’accesso è suo, non deve fare nulla. In caso contrario, modifichi subito la password e chiuda tutte le altre sessioni.",
    change_advice: "Se la modifica è sua, non deve fare nulla. In caso contrario, è possibile che qualcun altro abbia accesso al suo account: contatti subito {project}.",
    detail: "{label}: {value}",
    device: "Dispositivo",
    place: "Luogo",
    time: "Data",
    unknown: "Sconosciuto",
    phrase: "Frase di sicurezza",
    phrase_advice: "Prosegua solo se la pagina in cui sta effettuando l’accesso mostra la stessa frase di sicurezza.",
    footer: "Riceve questo messaggio in quanto titolare di un account {project}.",
    text_sign_in: "{code} è il suo codice di accesso a {project}. Valido per 15 minuti.",
    text_verification: "{code} è il suo codice di verifica per {project}. Valido per 15 minuti.",
    text_mfa: "{code} è il suo codice di sicurezza per {project}. Valido per 15 minuti.",
};
