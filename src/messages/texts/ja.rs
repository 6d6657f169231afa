//! Japanese, polite form.

use crate::messages::wording::{Wording, wording};

pub(super) static WORDING: Wording = wording! {
    LeftToRight,
    months: [
        "1月", "2月", "3月", "4月", "5月", "6月", "7月", "8月", "9月", "10月", "11月", "12月",
    ],
    language: "ja",
    moment: "{year}年{month}{day}日 {time}（UTC）",
    greeting: "{name} 様",
    greeting_nameless: "お客様",
    verification: [
        "アカウントの確認",
        "メールアドレスの確認",
        "このメールアドレスが {project} アカウントのものであることをご確認ください。",
    ],
    verification_button: "メールアドレスを確認する",
    recovery: [
        "パスワードの再設定",
        "パスワードの再設定",
        "{project} アカウントの新しいパスワードを設定していただけます。",
    ],
    recovery_button: "新しいパスワードを設定する",
    magic_url: [
        "{project} へのログイン",
        "{project} にログイン",
        "このリンクから {project} にログインできます。",
    ],
    magic_url_button: "ログインする",
    email_code: [
        "{project} のログインコード",
        "ログインコード",
        "{project} にログインするには、このコードを入力してください。",
    ],
    mfa_code: [
        "{project} の確認コード",
        "確認コード",
        "{project} へのログインを完了するには、このコードを入力してください。",
    ],
    session_alert: [
        "セキュリティ通知：{project} アカウントへの新しいログイン",
        "アカウントへの新しいログイン",
        "お使いの {project} アカウントへのログインがありました。",
    ],
    password_changed: [
        "{project} のパスワードが変更されました",
        "パスワードが変更されました",
        "{project} アカウントのパスワードが変更されました。",
    ],
    email_changed: [
        "{project} アカウントのメールアドレスが変更されました",
        "メールアドレスが変更されました",
        "{project} アカウントのメールアドレスが変更されました。変更前のアドレスへのご連絡は、このメールが最後となります。",
    ],
    phone_changed: [
        "{project} アカウントの電話番号が変更されました",
        "電話番号が変更されました",
        "{project} アカウントの電話番号が変更されました。",
    ],
    mfa_enabled: [
        "{project} アカウントの2段階認証が有効になりました",
        "2段階認証が有効になりました",
        "今後、{project} アカウントへのログインには2段階目の認証が必要です。",
    ],
    mfa_disabled: [
        "{project} アカウントの2段階認証が無効になりました",
        "2段階認証が無効になりました",
        "{project} アカウントへのログインに2段階目の認証は不要になりました。",
    ],
    authenticator_added: [
        "{project} アカウントに認証アプリが追加されました",
        "認証アプリが追加されました",
        "{project} アカウントに認証アプリが追加されました。",
    ],
    authenticator_removed: [
        "{project} アカウントから認証アプリが削除されました",
        "認証アプリが削除されました",
        "{project} アカウントから認証アプリが削除されました。",
    ],
    recovery_codes_changed: [
        "{project} アカウントの新しいリカバリーコード",
        "新しいリカバリーコードが作成されました",
        "{project} アカウントの新しいリカバリーコードが作成されました。以前のコードはご利用いただけません。",
    ],
    identity_linked: [
        "{project} アカウントに {provider} でのログインが追加されました",
        "{provider} でのログインが追加されました",
        "{project} アカウントに {provider} アカウントが連携されました。今後はそのアカウントでもログインできます。",
    ],
    identity_unlinked: [
        "{project} アカウントから {provider} でのログインが削除されました",
        "{provider} でのログインが削除されました",
        "{project} アカウントと {provider} アカウントの連携が解除されました。",
    ],
    link_instead: "ボタンが機能しない場合は、次のアドレスをブラウザーにコピーしてください。",
    link_lasts_seven_days: "リンクの有効期間は7日間です。",
    link_lasts_an_hour: "リンクの有効期間は1時間です。",
    code_lasts_fifteen_minutes: "コードの有効期間は15分間です。",
    keep_the_link: "このメールを転送しないでください。リンクを知っている人は誰でも使用できます。",
    keep_the_code: "このコードを誰にも教えないでください。{project} がコードをお尋ねすることはありません。",
    unasked: "お心当たりがない場合は、このメールを無視してください。",
    mfa_unasked: "ログインの操作をしていない場合、第三者にパスワードを知られているおそれがあります。パスワードを変更してください。",
    alert_advice: "ご本人によるログインであれば、何もしていただく必要はありません。お心当たりがない場合は、すぐにパスワードを変更し、ほかのセッションをすべて終了してください。",
    change_advice: "ご本人による変更であれば、何もしていただく必要はありません。お心当たりがない場合は、第三者がアカウントを利用しているおそれがあります。すぐに {project} までご連絡ください。",
    detail: "{label}：{value}",
    device: "デバイス",
    place: "場所",
    time: "日時",
    unknown: "不明",
    phrase: "セキュリティフレーズ",
    phrase_advice: "ログイン中のページに同じセキュリティフレーズが表示されている場合にのみ、続行してください。",
    footer: "このメールは {project} アカウントに関するご連絡です。",
    text_sign_in: "{code} は {project} のログインコードです。有効期間は15分間です。",
    text_verification: "{code} は {project} の確認コードです。有効期間は15分間です。",
    text_mfa: "{code} は {project} のセキュリティコードです。有効期間は15分間です。",
};
