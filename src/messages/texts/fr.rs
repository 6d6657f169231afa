//! French, polite form.

use crate::messages::wording::{Wording, wording};

pub(super) static WORDING: Wording = wording! {
    LeftToRight,
    months: [
        "janvier", "février", "mars", "avril", "mai", "juin",
        "juillet", "août", "septembre", "octobre", "novembre", "décembre",
    ],
    language: "fr",
    moment: "{day} {month} {year} à {time} (UTC)",
    greeting: "Bonjour {name},",
    greeting_nameless: "Bonjour,",
    verification: [
        "Vérification de votre compte",
        "Confirmez votre adresse e-mail",
        "Veuillez confirmer que cette adresse e-mail est bien celle de votre compte {project}.",
    ],
    verification_button: "Confirmer l’adresse e-mail",
    recovery: [
        "Réinitialisation de votre mot de passe",
        "Réinitialisez votre mot de passe",
        "Vous pouvez maintenant choisir un nouveau mot de passe pour votre compte {project}.",
    ],
    recovery_button: "Choisir un nouveau mot de passe",
    magic_url: [
        "Connexion à {project}",
        "Connectez-vous à {project}",
        "Voici le lien qui vous connecte à {project}.",
    ],
    magic_url_button: "Se connecter",
    email_code: [
        "Votre code de connexion à {project}",
        "Votre code de connexion",
        "Saisissez ce code pour vous connecter à {project}.",
    ],
    mfa_code: [
        "Code de vérification pour {project}",
        "Votre code de vérification",
        "Saisissez ce code pour terminer votre connexion à {project}.",
    ],
    session_alert: [
        "Alerte de sécurité : nouvelle session sur votre compte {project}",
        "Nouvelle connexion à votre compte",
        "Quelqu’un vient de se connecter à votre compte {project}.",
    ],
    password_changed: [
        "Votre mot de passe {project} a été modifié",
        "Votre mot de passe a été modifié",
        "Le mot de passe de votre compte {project} a été modifié.",
    ],
    email_changed: [
        "L’adresse e-mail de votre compte {project} a été modifiée",
        "Votre adresse e-mail a été modifiée",
        "Votre compte {project} utilise désormais une autre adresse e-mail. Ce message est le dernier envoyé à l’ancienne adresse.",
    ],
    phone_changed: [
        "Le numéro de téléphone de votre compte {project} a été modifié",
        "Votre numéro de téléphone a été modifié",
        "Le numéro de téléphone de votre compte {project} a été modifié.",
    ],
    mfa_enabled: [
        "Connexion en deux étapes activée pour votre compte {project}",
        "Connexion en deux étapes activée",
        "La connexion à votre compte {project} demande désormais une seconde étape.",
    ],
    mfa_disabled: [
        "Connexion en deux étapes désactivée pour votre compte {project}",
        "Connexion en deux étapes désactivée",
        "La connexion à votre compte {project} ne demande plus de seconde étape.",
    ],
    authenticator_added: [
        "Application d’authentification ajoutée à votre compte {project}",
        "Application d’authentification ajoutée",
        "Une application d’authentification a été ajoutée à votre compte {project}.",
    ],
    authenticator_removed: [
        "Application d’authentification retirée de votre compte {project}",
        "Application d’authentification retirée",
        "L’application d’authentification a été retirée de votre compte {project}.",
    ],
    recovery_codes_changed: [
        "Nouveaux codes de récupération pour votre compte {project}",
        "Vous avez de nouveaux codes de récupération",
        "De nouveaux codes de récupération ont été créés pour votre compte {project}. Les anciens codes ne sont plus valables.",
    ],
    identity_linked: [
        "Connexion avec {provider} ajoutée à votre compte {project}",
        "Connexion avec {provider} ajoutée",
        "Un compte {provider} a été associé à votre compte {project}. Il permet désormais de s’y connecter.",
    ],
    identity_unlinked: [
        "Connexion avec {provider} retirée de votre compte {project}",
        "Connexion avec {provider} retirée",
        "Un compte {provider} a été dissocié de votre compte {project}.",
    ],
    link_instead: "Si le bouton ne fonctionne pas, copiez cette adresse dans votre navigateur :",
    link_lasts_seven_days: "Le lien est valable 7 jours.",
    link_lasts_an_hour: "Le lien est valable une heure.",
    code_lasts_fifteen_minutes: "Le code est valable 15 minutes.",
    keep_the_link: "Ne transférez pas ce message : toute personne qui a le lien peut l’utiliser.",
    keep_the_code: "Ne communiquez ce code à personne. {project} ne vous le demandera jamais.",
    unasked: "Si vous n’êtes pas à l’origine de cette demande, vous pouvez ignorer ce message.",
    mfa_unasked: "Si vous n’êtes pas en train de vous connecter, il se peut que quelqu’un d’autre connaisse votre mot de passe. Veuillez le modifier.",
    alert_advice: "Si c’était vous, vous n’avez rien à faire. Sinon, modifiez immédiatement votre mot de passe et fermez toutes les autres sessions.",
    change_advice: "Si c’était vous, vous n’avez rien à faire. Sinon, quelqu’un d’autre a peut-être accès à votre compte : contactez immédiatement {project}.",
    detail: "{label} : {value}",
    device: "Appareil",
    place: "Lieu",
    time: "Date",
    unknown: "Inconnu",
    phrase: "Phrase de sécurité",
    phrase_advice: "Ne continuez que si la page sur laquelle vous vous connectez affiche la même phrase de sécurité.",
    footer: "Vous recevez ce message en raison de votre compte {project}.",
    text_sign_in: "{code} est votre code de connexion à {project}. Il est valable 15 minutes.",
    text_verification: "{code} est votre code de vérification pour {project}. Il est valable 15 minutes.",
    text_mfa: "{code} est votre code de sécurité pour {project}. Il est valable 15 minutes.",
};
