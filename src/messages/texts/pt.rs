//! Portuguese as in Brazil, which most readers of Portuguese are at home with.

use crate::messages::wording::{Wording, wording};

pub(super) static WORDING: Wording = wording! {
    LeftToRight,
    months: [
        "janeiro", "fevereiro", "março", "abril", "maio", "junho",
        "julho", "agosto", "setembro", "outubro", "novembro", "dezembro",
    ],
    language: "pt-BR",
    moment: "{day} de {month} de {year}, {time} (UTC)",
    greeting: "Olá, {name}!",
    greeting_nameless: "Olá!",
    verification: [
        "Verificação da sua conta",
        "Confirme seu endereço de e-mail",
        "Confirme que este endereço de e-mail pertence à sua conta em {project}.",
    ],
    verification_button: "Confirmar e-mail",
    recovery: [
        "Redefinição da sua senha",
        "Redefina sua senha",
        "Você já pode escolher uma nova senha para a sua conta em {project}.",
    ],
    recovery_button: "Escolher nova senha",
    magic_url: [
        "Acesso a {project}",
        "Entre em {project}",
        "Com este link, você entra em {project}.",
    ],
    magic_url_button: "Entrar",
    email_code: [
        "Seu código de acesso a {project}",
        "Seu código de acesso",
        "Digite este código para entrar em {project}.",
    ],
    mfa_code: [
        "Código de verificação de {project}",
        "Seu código de verificação",
        "Digite este código para concluir seu acesso a {project}.",
    ],
    session_alert: [
        "Alerta de segurança: nova sessão na sua conta em {project}",
        "Novo acesso à sua conta",
        "Alguém acabou de entrar na sua conta em {project}.",
    ],
    password_changed: [
        "Sua senha de {project} foi alterada",
        "Sua senha foi alterada",
        "A senha da sua conta em {project} foi alterada.",
    ],
    email_changed: [
        "O endereço de e-mail da sua conta em {project} foi alterado",
        "Seu endereço de e-mail foi alterado",
        "Sua conta em {project} agora tem outro endereço de e-mail. Esta é a última mensagem para o endereço anterior.",
    ],
    phone_changed: [
        "O número de telefone da sua conta em {project} foi alterado",
        "Seu número de telefone foi alterado",
        "O número de telefone da sua conta em {project} foi alterado.",
    ],
    mfa_enabled: [
        "Verificação em duas etapas ativada na sua conta em {project}",
        "Verificação em duas etapas ativada",
        "A partir de agora, o acesso à sua conta em {project} exige uma segunda etapa.",
    ],
    mfa_disabled: [
        "Verificação em duas etapas desativada na sua conta em {project}",
        "Verificação em duas etapas desativada",
        "O acesso à sua conta em {project} não exige mais uma segunda etapa.",
    ],
    authenticator_added: [
        "Aplicativo autenticador adicionado à sua conta em {project}",
        "Aplicativo autenticador adicionado",
        "Um aplicativo autenticador foi adicionado à sua conta em {project}.",
    ],
    authenticator_removed: [
        "Aplicativo autenticador removido da sua conta em {project}",
        "Aplicativo autenticador removido",
        "O aplicativo autenticador foi removido da sua conta em {project}.",
    ],
    recovery_codes_changed: [
        "Novos códigos de recuperação da sua conta em {project}",
        "Você tem novos códigos de recuperação",
        "Novos códigos de recuperação foram criados para a sua conta em {project}. Os códigos anteriores não são mais válidos.",
    ],
    identity_linked: [
        "Acesso com {provider} adicionado à sua conta em {project}",
        "Acesso com {provider} adicionado",
        "Uma conta de {provider} foi vinculada à sua conta em {project}. Agora também é possível entrar com ela.",
    ],
    identity_unlinked: [
        "Acesso com {provider} removido da sua conta em {project}",
        "Acesso com {provider} removido",
        "Uma conta de {provider} foi desvinculada da sua conta em {project}.",
    ],
    link_instead: "Se o botão não funcionar, copie este endereço para o seu navegador:",
    link_lasts_seven_days: "O link é válido por 7 dias.",
    link_lasts_an_hour: "O link é válido por uma hora.",
    code_lasts_fifteen_minutes: "O código é válido por 15 minutos.",
    keep_the_link: "Não encaminhe esta mensagem: quem tiver o link poderá usá-lo.",
    keep_the_code: "Não compartilhe este código com ninguém. {project} nunca o pedirá a você.",
    unasked: "Se você não fez esta solicitação, pode ignorar esta mensagem.",
    mfa_unasked: "Se você não está entrando agora, talvez outra pessoa saiba a sua senha. Altere-a, por favor.",
    alert_advice: "Se foi você, não é preciso fazer nada. Caso contrário, altere sua senha imediatamente e encerre todas as outras sessões.",
    change_advice: "Se foi você, não é preciso fazer nada. Caso contrário, outra pessoa pode ter acesso à sua conta: entre em contato com {project} imediatamente.",
    detail: "{label}: {value}",
    device: "Dispositivo",
    place: "Local",
    time: "Data",
    unknown: "Desconhecido",
    phrase: "Frase de segurança",
    phrase_advice: "Continue somente se a página em que você está entrando mostrar a mesma frase de segurança.",
    footer: "Você recebeu esta mensagem por causa da sua conta em {project}.",
    text_sign_in: "{code} é seu código de acesso a {project}. Válido por 15 minutos.",
    text_verification: "{code} é seu código de verificação de {project}. Válido por 15 min.",
    text_mfa: "{code} é seu código de segurança de {project}. Válido por 15 min.",
};
