//! Spanish, polite form.

use crate::messages::wording::{Wording, wording};

pub(super) static WORDING: Wording = wording! {
    LeftToRight,
    months: [
        "enero", "febrero", "marzo", "abril", "mayo", "junio",
        "julio", "agosto", "septiembre", "octubre", "noviembre", "diciembre",
    ],
    language: "es",
    moment: "{day} de {month} de {year}, {time} (UTC)",
    greeting: "Hola, {name}:",
    greeting_nameless: "Hola:",
    verification: [
        "Verificación de su cuenta",
        "Confirme su correo electrónico",
        "Confirme que esta dirección de correo electrónico pertenece a su cuenta de {project}.",
    ],
    verification_button: "Confirmar correo electrónico",
    recovery: [
        "Restablecimiento de su contraseña",
        "Restablezca su contraseña",
        "Ya puede elegir una contraseña nueva para su cuenta de {project}.",
    ],
    recovery_button: "Elegir una contraseña nueva",
    magic_url: [
        "Inicio de sesión en {project}",
        "Inicie sesión en {project}",
        "Con este enlace iniciará sesión en {project}.",
    ],
    magic_url_button: "Iniciar sesión",
    email_code: [
        "Su código para iniciar sesión en {project}",
        "Su código de acceso",
        "Introduzca este código para iniciar sesión en {project}.",
    ],
    mfa_code: [
        "Código de verificación de {project}",
        "Su código de verificación",
        "Introduzca este código para completar el inicio de sesión en {project}.",
    ],
    session_alert: [
        "Alerta de seguridad: nueva sesión en su cuenta de {project}",
        "Nuevo inicio de sesión en su cuenta",
        "Alguien acaba de iniciar sesión en su cuenta de {project}.",
    ],
    password_changed: [
        "Se ha cambiado su contraseña de {project}",
        "Se ha cambiado su contraseña",
        "Se ha cambiado la contraseña de su cuenta de {project}.",
    ],
    email_changed: [
        "Se ha cambiado el correo electrónico de su cuenta de {project}",
        "Se ha cambiado su correo electrónico",
        "Su cuenta de {project} tiene ahora otra dirección de correo electrónico. Este es el último mensaje a la dirección anterior.",
    ],
    phone_changed: [
        "Se ha cambiado el número de teléfono de su cuenta de {project}",
        "Se ha cambiado su número de teléfono",
        "Se ha cambiado el número de teléfono de su cuenta de {project}.",
    ],
    mfa_enabled: [
        "Verificación en dos pasos activada en su cuenta de {project}",
        "Verificación en dos pasos activada",
        "A partir de ahora, para iniciar sesión en su cuenta de {project} hace falta un segundo paso.",
    ],
    mfa_disabled: [
        "Verificación en dos pasos desactivada en su cuenta de {project}",
        "Verificación en dos pasos desactivada",
        "Ya no hace falta un segundo paso para iniciar sesión en su cuenta de {project}.",
    ],
    authenticator_added: [
        "Aplicación de autenticación añadida a su cuenta de {project}",
        "Aplicación de autenticación añadida",
        "Se ha añadido una aplicación de autenticación a su cuenta de {project}.",
    ],
    authenticator_removed: [
        "Aplicación de autenticación eliminada de su cuenta de {project}",
        "Aplicación de autenticación eliminada",
        "Se ha eliminado la aplicación de autenticación de su cuenta de {project}.",
    ],
    recovery_codes_changed: [
        "Nuevos códigos de recuperación de su cuenta de {project}",
        "Tiene nuevos códigos de recuperación",
        "Se han creado nuevos códigos de recuperación para su cuenta de {project}. Los códigos anteriores ya no son válidos.",
    ],
    identity_linked: [
        "Acceso con {provider} añadido a su cuenta de {project}",
        "Acceso con {provider} añadido",
        "Se ha vinculado una cuenta de {provider} a su cuenta de {project}. Ahora también se puede iniciar sesión con ella.",
    ],
    identity_unlinked: [
        "Acceso con {provider} eliminado de su cuenta de {project}",
        "Acceso con {provider} eliminado",
        "Se ha desvinculado una cuenta de {provider} de su cuenta de {project}.",
    ],
    link_instead: "Si el botón no funciona, copie esta dirección en su navegador:",
    link_lasts_seven_days: "El enlace es válido durante 7 días.",
    link_lasts_an_hour: "El enlace es válido durante una hora.",
    code_lasts_fifteen_minutes: "El código es válido durante 15 minutos.",
    keep_the_link: "No reenvíe este mensaje: cualquiera que tenga el enlace puede utilizarlo.",
    keep_the_code: "No comparta este código con nadie. {project} nunca se lo pedirá.",
    unasked: "Si no lo ha solicitado usted, puede ignorar este mensaje.",
    mfa_unasked: "Si no está iniciando sesión en este momento, es posible que otra persona conozca su contraseña. Cámbiela, por favor.",
    alert_advice: "Si ha sido usted, no tiene que hacer nada. De lo contrario, cambie su contraseña de inmediato y cierre todas las demás sesiones.",
    change_advice: "Si ha sido usted, no tiene que hacer nada. De lo contrario, es posible que otra persona tenga acceso a su cuenta: póngase en contacto con {project} de inmediato.",
    detail: "{label}: {value}",
    device: "Dispositivo",
    place: "Lugar",
    time: "Fecha",
    unknown: "Desconocido",
    phrase: "Frase de seguridad",
    phrase_advice: "Continúe solo si la página en la que inicia sesión muestra la misma frase de seguridad.",
    footer: "Recibe este mensaje por su cuenta de {project}.",
    text_sign_in: "{code} es su código de acceso a {project}. Válido 15 minutos.",
    text_verification: "{code} es su código de verificación de {project}. Válido 15 min.",
    text_mfa: "{code} es su código de seguridad de {project}. Válido 15 min.",
};
