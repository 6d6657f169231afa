//! The guide: features, reference tables and topics, one page each.
//!
//! New here? Read [`start`], then the pages of the features that you want. Every Rust block of the
//! guide is compiled, and the reference tables are checked against the code.
//!
//! # Features
//!
//! | page | what users can do |
//! |---|---|
//! | [`password`] | sign up and sign in with email and password |
//! | [`magic_link`] | sign in with a link sent by email |
//! | [`email_code`] | sign in with a code sent by email |
//! | [`phone_code`] | sign in with a code sent by SMS |
//! | [`anonymous`] | start as a guest, and keep the account later |
//! | [`oauth2`] | sign in with Google, GitHub, Apple, Microsoft and others |
//! | [`mfa`] | protect the sign-in with a second factor |
//! | [`recovery`] | set a new password by email |
//! | [`recovery_codes`] | get back in without the second factor |
//! | [`verification`] | verify an email address or phone number |
//! | [`sessions`] | see and end sessions |
//! | [`jwt`] | call other servers of your application |
//! | [`push_targets`] | register devices for push messages |
//! | [`profile`] | change name, email address and phone number |
//! | [`preferences`] | store settings of your application |
//! | [`security_log`] | see what happened to the account |
//! | [`lockout`] | be safe from guessed passwords and codes |
//!
//! # Reference
//!
//! [`configuration`], [`errors`], [`request_limits`], [`operations`], [`providers`].
//!
//! # Topics
//!
//! | page | contents |
//! |---|---|
//! | [`start`] | five minutes from nothing to signed-in users |
//! | [`own_pages`] | forms and pages of your own with axum |
//! | [`own_tables`] | views, foreign keys and triggers beside your own tables; migrations |
//! | [`cookies_and_csrf`] | session cookies, "remember me", CSRF, CORS |
//! | [`deployment`] | reverse proxies, keys, systemd, containers, backups, health |
//! | [`admin`] | support cases: lost second factor, changed mailbox, blocked users, roles |
//! | [`testing`] | tests of your application |
//! | [`hooks`] | reacting to events, webhooks, rules for passwords |
//! | [`messages`] | mail templates and languages |
//! | [`security`] | attacks by name, and what holds |
//! | [`sdks`] | client SDKs |
//! | [`migration`] | moving from another system: imports of users and password hashes |
//! | [`other_frameworks`] | actix, Rocket, poem, plain hyper |
//! | [`examples`] | whole programs to read |
//! | [`server`] | the reference server and its settings |
//! | [`hardening`] | what differs from the Appwrite API, with numbers and tests |
//! | [`changelog`] | what changed from release to release |
//! | [`comparison`] | other libraries, and when not to use this one |

#[doc(alias = "login")]
#[doc(alias = "sign up")]
#[doc(alias = "registration")]
#[doc(alias = "password hashing")]
#[doc = include_str!("password.md")]
pub mod password {}
#[doc(alias = "magic url")]
#[doc(alias = "passwordless")]
#[doc(alias = "email link")]
#[doc = include_str!("magic_link.md")]
pub mod magic_link {}
#[doc(alias = "OTP")]
#[doc(alias = "email OTP")]
#[doc(alias = "passwordless")]
#[doc = include_str!("email_code.md")]
pub mod email_code {}
#[doc(alias = "SMS")]
#[doc(alias = "OTP")]
#[doc(alias = "phone login")]
#[doc = include_str!("phone_code.md")]
pub mod phone_code {}
#[doc(alias = "guest")]
#[doc(alias = "anonymous session")]
#[doc = include_str!("anonymous.md")]
pub mod anonymous {}
#[doc(alias = "social login")]
#[doc(alias = "OpenID Connect")]
#[doc(alias = "OIDC")]
#[doc(alias = "single sign-on")]
#[doc(alias = "SSO")]
#[doc = include_str!("oauth2.md")]
pub mod oauth2 {}
#[doc(alias = "2FA")]
#[doc(alias = "MFA")]
#[doc(alias = "two-factor")]
#[doc(alias = "TOTP")]
#[doc(alias = "authenticator app")]
#[doc(alias = "step-up")]
#[doc = include_str!("mfa.md")]
pub mod mfa {}
#[doc(alias = "forgot password")]
#[doc(alias = "reset password")]
#[doc(alias = "account recovery")]
#[doc = include_str!("recovery.md")]
pub mod recovery {}
#[doc(alias = "lost second factor")]
#[doc(alias = "backup codes")]
#[doc = include_str!("recovery_codes.md")]
pub mod recovery_codes {}
#[doc(alias = "confirm email")]
#[doc(alias = "email verification")]
#[doc = include_str!("verification.md")]
pub mod verification {}
#[doc(alias = "logout")]
#[doc(alias = "session token")]
#[doc(alias = "log out everywhere")]
#[doc = include_str!("sessions.md")]
pub mod sessions {}
#[doc(alias = "JSON Web Token")]
#[doc(alias = "bearer token")]
#[doc = include_str!("jwt.md")]
pub mod jwt {}
#[doc(alias = "push notification")]
#[doc(alias = "device token")]
#[doc = include_str!("push_targets.md")]
pub mod push_targets {}
#[doc(alias = "change email")]
#[doc(alias = "close account")]
#[doc(alias = "account settings")]
#[doc = include_str!("profile.md")]
pub mod profile {}
#[doc(alias = "user settings")]
#[doc(alias = "user metadata")]
#[doc = include_str!("preferences.md")]
pub mod preferences {}
#[doc(alias = "audit log")]
#[doc(alias = "activity log")]
#[doc = include_str!("security_log.md")]
pub mod security_log {}
#[doc(alias = "brute force")]
#[doc(alias = "account lockout")]
#[doc = include_str!("lockout.md")]
pub mod lockout {}
#[doc(alias = "settings")]
#[doc(alias = "options")]
#[doc = include_str!("configuration.md")]
pub mod configuration {}
#[doc(alias = "error codes")]
#[doc(alias = "HTTP status")]
#[doc = include_str!("errors.md")]
pub mod errors {}
#[doc(alias = "rate limit")]
#[doc(alias = "request limits")]
#[doc(alias = "throttle")]
#[doc = include_str!("request_limits.md")]
pub mod request_limits {}
#[doc(alias = "routes")]
#[doc(alias = "endpoints")]
#[doc = include_str!("operations.md")]
pub mod operations {}
#[doc(alias = "OAuth2 providers")]
#[doc(alias = "social providers")]
#[doc = include_str!("providers.md")]
pub mod providers {}
#[doc(alias = "getting started")]
#[doc(alias = "quickstart")]
#[doc = include_str!("start.md")]
pub mod start {}
#[doc(alias = "own login page")]
#[doc(alias = "own pages")]
#[doc(alias = "login form")]
#[doc = include_str!("own_pages.md")]
pub mod own_pages {}
#[doc(alias = "foreign key")]
#[doc(alias = "migrations")]
#[doc(alias = "sqlx")]
#[doc(alias = "diesel")]
#[doc(alias = "sea-orm")]
#[doc(alias = "trigger")]
#[doc(alias = "views")]
#[doc = include_str!("own_tables.md")]
pub mod own_tables {}
#[doc(alias = "CSRF")]
#[doc(alias = "CORS")]
#[doc(alias = "remember me")]
#[doc(alias = "SameSite")]
#[doc = include_str!("cookies_and_csrf.md")]
pub mod cookies_and_csrf {}
#[doc(alias = "nginx")]
#[doc(alias = "Caddy")]
#[doc(alias = "docker")]
#[doc(alias = "systemd")]
#[doc(alias = "backup")]
#[doc(alias = "key rotation")]
#[doc(alias = "production")]
#[doc = include_str!("deployment.md")]
pub mod deployment {}
#[doc(alias = "administrator")]
#[doc(alias = "support")]
#[doc(alias = "roles")]
#[doc(alias = "impersonation")]
#[doc = include_str!("admin.md")]
pub mod admin {}
#[doc(alias = "tests")]
#[doc(alias = "mock")]
#[doc(alias = "test double")]
#[doc = include_str!("testing.md")]
pub mod testing {}
#[doc(alias = "webhook")]
#[doc(alias = "events")]
#[doc(alias = "callback")]
#[doc = include_str!("hooks.md")]
pub mod hooks {}
#[doc(alias = "mail templates")]
#[doc(alias = "email templates")]
#[doc(alias = "languages")]
#[doc(alias = "i18n")]
#[doc = include_str!("messages.md")]
pub mod messages {}
#[doc(alias = "threat model")]
#[doc(alias = "OWASP")]
#[doc(alias = "ASVS")]
#[doc = include_str!("security.md")]
pub mod security {}
#[doc(alias = "Appwrite")]
#[doc(alias = "client SDK")]
#[doc(alias = "React Native")]
#[doc(alias = "Flutter")]
#[doc = include_str!("sdks.md")]
pub mod sdks {}
#[doc(alias = "bcrypt import")]
#[doc(alias = "import users")]
#[doc(alias = "password hash import")]
#[doc(alias = "Devise")]
#[doc(alias = "Django")]
#[doc(alias = "Auth0")]
#[doc = include_str!("migration.md")]
pub mod migration {}
#[doc(alias = "actix")]
#[doc(alias = "Rocket")]
#[doc(alias = "poem")]
#[doc(alias = "warp")]
#[doc(alias = "hyper")]
#[doc = include_str!("other_frameworks.md")]
pub mod other_frameworks {}
#[doc(alias = "alternatives")]
#[doc(alias = "Better Auth")]
#[doc(alias = "Rodauth")]
#[doc(alias = "django-allauth")]
#[doc(alias = "Keycloak")]
#[doc(alias = "torii")]
#[doc(alias = "axum-login")]
#[doc = include_str!("comparison.md")]
pub mod comparison {}
#[doc = include_str!("examples.md")]
#[doc = "# quickstart\n````rust,ignore"]
#[doc = include_str!("../../examples/quickstart.rs")]
#[doc = "````\n# own_routes\n````rust,ignore"]
#[doc = include_str!("../../examples/own_routes.rs")]
#[doc = "````\n# without_axum\n````rust,ignore"]
#[doc = include_str!("../../examples/without_axum.rs")]
#[doc = "````\n# oauth2\n````rust,ignore"]
#[doc = include_str!("../../examples/oauth2.rs")]
#[doc = "````\n# own_store\n````rust,ignore"]
#[doc = include_str!("../../examples/own_store.rs")]
#[doc = "````\n# unit_test\n````rust,ignore"]
#[doc = include_str!("../../examples/unit_test.rs")]
#[doc = "````\n# mails\n````rust,ignore"]
#[doc = include_str!("../../examples/mails.rs")]
#[doc = "````"]
pub mod examples {}
#[doc(alias = "ACCOUNT_KEY")]
#[doc(alias = "environment variables")]
#[doc = include_str!("server.md")]
#[doc = include_str!("../../examples/server/README.md")]
pub mod server {}
#[doc(alias = "H01")]
#[doc = include_str!("hardening.md")]
#[doc = include_str!("../../HARDENING.md")]
pub mod hardening {}
#[doc(alias = "releases")]
#[doc = include_str!("changelog.md")]
#[doc = include_str!("../../CHANGELOG.md")]
pub mod changelog {}
