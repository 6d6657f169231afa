//! Chinese in simplified characters, polite form.

use crate::messages::wording::{Wording, wording};

pub(super) static WORDING: Wording = wording! {
    LeftToRight,
    months: [
        "1月", "2月", "3月", "4月", "5月", "6月", "7月", "8月", "9月", "10月", "11月", "12月",
    ],
    language: "zh-Hans",
    moment: "{year}年{month}{day}日 {time}（UTC）",
    greeting: "{name}，您好！",
    greeting_nameless: "您好！",
    verification: [
        "账号验证",
        "确认您的邮箱地址",
        "请确认此邮箱地址属于您的 {project} 账号。",
    ],
    verification_button: "确认邮箱地址",
    recovery: [
        "重置密码",
        "重置您的密码",
        "您现在可以为您的 {project} 账号设置新密码。",
    ],
    recovery_button: "设置新密码",
    magic_url: [
        "登录 {project}",
        "登录 {project}",
        "您可以通过此链接登录 {project}。",
    ],
    magic_url_button: "登录",
    email_code: [
        "{project} 登录验证码",
        "您的登录验证码",
        "请输入此验证码以登录 {project}。",
    ],
    mfa_code: [
        "{project} 验证码",
        "您的验证码",
        "请输入此验证码以完成 {project} 的登录。",
    ],
    session_alert: [
        "安全提醒：您的 {project} 账号有新的登录",
        "您的账号有新的登录",
        "刚刚有人登录了您的 {project} 账号。",
    ],
    password_changed: [
        "您的 {project} 密码已更改",
        "您的密码已更改",
        "您的 {project} 账号的密码已更改。",
    ],
    email_changed: [
        "您的 {project} 账号的邮箱地址已更改",
        "您的邮箱地址已更改",
        "您的 {project} 账号现在使用另一个邮箱地址。这是发送到原地址的最后一封邮件。",
    ],
    phone_changed: [
        "您的 {project} 账号的手机号码已更改",
        "您的手机号码已更改",
        "您的 {project} 账号的手机号码已更改。",
    ],
    mfa_enabled: [
        "您的 {project} 账号已开启两步验证",
        "两步验证已开启",
        "从现在起，登录您的 {project} 账号需要进行第二步验证。",
    ],
    mfa_disabled: [
        "您的 {project} 账号已关闭两步验证",
        "两步验证已关闭",
        "登录您的 {project} 账号不再需要第二步验证。",
    ],
    authenticator_added: [
        "您的 {project} 账号已添加身份验证器应用",
        "已添加身份验证器应用",
        "您的 {project} 账号已添加一个身份验证器应用。",
    ],
    authenticator_removed: [
        "您的 {project} 账号已移除身份验证器应用",
        "已移除身份验证器应用",
        "身份验证器应用已从您的 {project} 账号中移除。",
    ],
    recovery_codes_changed: [
        "您的 {project} 账号的新恢复码",
        "您有新的恢复码",
        "已为您的 {project} 账号生成新的恢复码，旧的恢复码不再有效。",
    ],
    identity_linked: [
        "您的 {project} 账号已添加 {provider} 登录方式",
        "已添加 {provider} 登录方式",
        "一个 {provider} 账号已关联到您的 {project} 账号，现在也可以用它登录。",
    ],
    identity_unlinked: [
        "您的 {project} 账号已移除 {provider} 登录方式",
        "已移除 {provider} 登录方式",
        "一个 {provider} 账号已与您的 {project} 账号解除关联。",
    ],
    link_instead: "如果按钮无法使用，请将以下地址复制到浏览器中打开：",
    link_lasts_seven_days: "此链接 7 天内有效。",
    link_lasts_an_hour: "此链接 1 小时内有效。",
    code_lasts_fifteen_minutes: "此验证码 15 分钟内有效。",
    keep_the_link: "请勿转发此邮件：任何持有该链接的人都可以使用它。",
    keep_the_code: "请勿将此验证码告诉任何人。{project} 绝不会向您索取验证码。",
    unasked: "如果这不是您本人的请求，请忽略此邮件。",
    mfa_unasked: "如果您当前没有在登录，可能有人知道了您的密码，请更改密码。",
    alert_advice: "如果是您本人的操作，则无需处理。如果不是，请立即更改密码并结束所有其他会话。",
    change_advice: "如果是您本人的操作，则无需处理。如果不是，可能有人正在访问您的账号，请立即联系 {project}。",
    detail: "{label}：{value}",
    device: "设备",
    place: "地点",
    time: "时间",
    unknown: "未知",
    phrase: "安全短语",
    phrase_advice: "仅当您登录的页面显示相同的安全短语时，才可继续操作。",
    footer: "您收到此邮件，是因为它与您的 {project} 账号有关。",
    text_sign_in: "{code} 是您的 {project} 登录验证码，15 分钟内有效。",
    text_verification: "{code} 是您的 {project} 验证码，15 分钟内有效。",
    text_mfa: "{code} 是您的 {project} 安全验证码，15 分钟内有效。",
};
