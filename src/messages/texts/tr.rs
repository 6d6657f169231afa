//! Turkish, polite form. Names get no endings, since these depend on how a name is spoken.

use crate::messages::wording::{Wording, wording};

pub(super) static WORDING: Wording = wording! {
    LeftToRight,
    months: [
        "Ocak", "Şubat", "Mart", "Nisan", "Mayıs", "Haziran",
        "Temmuz", "Ağustos", "Eylül", "Ekim", "Kasım", "Aralık",
    ],
    language: "tr",
    moment: "{day} {month} {year} {time} (UTC)",
    greeting: "Merhaba {name},",
    greeting_nameless: "Merhaba,",
    verification: [
        "Hesap doğrulama",
        "E-posta adresinizi doğrulayın",
        "Lütfen bu e-posta adresinin {project} hesabınıza ait olduğunu doğrulayın.",
    ],
    verification_button: "E-posta adresini doğrula",
    recovery: [
        "Parola sıfırlama",
        "Parolanızı sıfırlayın",
        "Artık {project} hesabınız için yeni bir parola belirleyebilirsiniz.",
    ],
    recovery_button: "Yeni parola belirle",
    magic_url: [
        "{project} oturumu açma",
        "{project} oturumu açın",
        "Bu bağlantıyla {project} hesabınızda oturum açabilirsiniz.",
    ],
    magic_url_button: "Oturum aç",
    email_code: [
        "{project} oturum açma kodunuz",
        "Oturum açma kodunuz",
        "{project} hesabınızda oturum açmak için bu kodu girin.",
    ],
    mfa_code: [
        "{project} doğrulama kodu",
        "Doğrulama kodunuz",
        "{project} hesabınızda oturum açma işlemini tamamlamak için bu kodu girin.",
    ],
    session_alert: [
        "Güvenlik uyarısı: {project} hesabınızda yeni oturum",
        "Hesabınızda yeni oturum açıldı",
        "Az önce {project} hesabınızda bir oturum açıldı.",
    ],
    password_changed: [
        "{project} parolanız değiştirildi",
        "Parolanız değiştirildi",
        "{project} hesabınızın parolası değiştirildi.",
    ],
    email_changed: [
        "{project} hesabınızın e-posta adresi değiştirildi",
        "E-posta adresiniz değiştirildi",
        "{project} hesabınızın artık başka bir e-posta adresi var. Bu, önceki adrese gönderilen son iletidir.",
    ],
    phone_changed: [
        "{project} hesabınızın telefon numarası değiştirildi",
        "Telefon numaranız değiştirildi",
        "{project} hesabınızın telefon numarası değiştirildi.",
    ],
    mfa_enabled: [
        "{project} hesabınızda iki adımlı doğrulama açıldı",
        "İki adımlı doğrulama açıldı",
        "Bundan sonra {project} hesabınızda oturum açmak için ikinci bir adım gerekir.",
    ],
    mfa_disabled: [
        "{project} hesabınızda iki adımlı doğrulama kapatıldı",
        "İki adımlı doğrulama kapatıldı",
        "{project} hesabınızda oturum açmak için artık ikinci bir adım gerekmez.",
    ],
    authenticator_added: [
        "{project} hesabınıza kimlik doğrulama uygulaması eklendi",
        "Kimlik doğrulama uygulaması eklendi",
        "{project} hesabınıza bir kimlik doğrulama uygulaması eklendi.",
    ],
    authenticator_removed: [
        "{project} hesabınızdan kimlik doğrulama uygulaması kaldırıldı",
        "Kimlik doğrulama uygulaması kaldırıldı",
        "Kimlik doğrulama uygulaması {project} hesabınızdan kaldırıldı.",
    ],
    recovery_codes_changed: [
        "{project} hesabınız için yeni kurtarma kodları",
        "Yeni kurtarma kodlarınız var",
        "{project} hesabınız için yeni kurtarma kodları oluşturuldu. Önceki kodlar artık geçerli değil.",
    ],
    identity_linked: [
        "{project} hesabınıza {provider} ile oturum açma eklendi",
        "{provider} ile oturum açma eklendi",
        "{project} hesabınıza bir {provider} hesabı bağlandı. Artık bu hesapla da oturum açılabilir.",
    ],
    identity_unlinked: [
        "{project} hesabınızdan {provider} ile oturum açma kaldırıldı",
        "{provider} ile oturum açma kaldırıldı",
        "Bir {provider} hesabının {project} hesabınızla bağlantısı kaldırıldı.",
    ],
    link_instead: "Düğme çalışmazsa bu adresi tarayıcınıza kopyalayın:",
    link_lasts_seven_days: "Bağlantı 7 gün geçerlidir.",
    link_lasts_an_hour: "Bağlantı bir saat geçerlidir.",
    code_lasts_fifteen_minutes: "Kod 15 dakika geçerlidir.",
    keep_the_link: "Bu iletiyi başkasına iletmeyin: Bağlantıya sahip olan herkes onu kullanabilir.",
    keep_the_code: "Bu kodu kimseyle paylaşmayın. {project} bu kodu sizden asla istemez.",
    unasked: "Bu isteği siz yapmadıysanız bu iletiyi yok sayabilirsiniz.",
    mfa_unasked: "Şu anda oturum açmıyorsanız başka biri parolanızı biliyor olabilir. Lütfen parolanızı değiştirin.",
    alert_advice: "Bu sizseniz bir şey yapmanız gerekmez. Değilseniz hemen parolanızı değiştirin ve diğer tüm oturumları kapatın.",
    change_advice: "Bunu siz yaptıysanız bir şey yapmanız gerekmez. Yapmadıysanız başka biri hesabınıza erişiyor olabilir: Hemen {project} ile iletişime geçin.",
    detail: "{label}: {value}",
    device: "Cihaz",
    place: "Konum",
    time: "Zaman",
    unknown: "Bilinmiyor",
    phrase: "Güvenlik ifadesi",
    phrase_advice: "Yalnızca oturum açtığınız sayfa aynı güvenlik ifadesini gösteriyorsa devam edin.",
    footer: "Bu iletiyi {project} hesabınız nedeniyle alıyorsunuz.",
    text_sign_in: "{code} {project} oturum açma kodunuzdur. 15 dakika geçerlidir.",
    text_verification: "{code} {project} doğrulama kodunuzdur. 15 dakika geçerlidir.",
    text_mfa: "{code} {project} güvenlik kodunuzdur. 15 dakika geçerlidir.",
};
