// The second factors of an account: authenticator app, mailbox, phone and recovery codes; and sign-in that asks for one.

import assert from 'node:assert/strict';
import { AuthenticationFactor, AuthenticatorType, ID, Query } from 'react-native-appwrite';
import { Authenticator } from './authenticator.mjs';
import { Device } from './device.mjs';
import { about, empty, guest, quarter, refused } from './expect.mjs';
import * as models from './models.mjs';
import { code, delivered, redeemable, sent, wrong } from './outbox.mjs';
import { check } from './tap.mjs';

const email = 'ada@example.com';
const password = 'violet-anvil-71';
const number = '+12025550123';
const page = 'http://localhost/page';
const { Email, Phone, Totp, Recoverycode } = AuthenticationFactor;
const phone = new Device();
const tablet = new Device();
const id = ID.unique();
let desktop;
let app;
let codes;

/** A device that has signed in with the password, and therefore owes a factor. */
async function owing() {
  const device = new Device();
  const session = await device.account.createEmailPasswordSession(email, password);
  models.session(session);
  assert.deepEqual([session.factors, session.mfaUpdatedAt], [['password'], '']);
  return device;
}

/** Starts a challenge and answers its id, and the code that was sent for it. */
async function challenge(device, factor) {
  const to = { [Email]: email, [Phone]: number }[factor];
  const start = () => device.account.createMfaChallenge(factor);
  const { answer, message } = to === undefined ? { answer: await start() } : await sent(to, start);
  assert.equal(device.last.status, 201);
  models.mfaChallenge(answer);
  assert.equal(answer.userId, id);
  about(answer.$createdAt, 0);
  about(answer.expire, quarter);
  return [answer.$id, message === undefined ? undefined : code(message)];
}

/** Passes a challenge by a recovery code, which is used up. */
async function pass(device) {
  const [challengeId] = await challenge(device, Recoverycode);
  return device.account.updateMfaChallenge(challengeId, codes.shift());
}

async function factors(device, expected) {
  const listed = await device.account.listMfaFactors();
  models.mfaFactors(listed);
  assert.deepEqual(Object.keys(listed).filter((factor) => listed[factor]), expected);
}

await phone.account.create(id, email, password, 'Ada');
await phone.account.createEmailPasswordSession(email, password);

await check('a new account has no second factor, and none to be challenged by', async () => {
  await factors(phone, []);
  await refused(() => phone.account.createMfaChallenge(Email), 400, 'user_email_not_verified');
  await refused(() => phone.account.createMfaChallenge(Phone), 400, 'user_phone_not_found');
  await refused(() => phone.account.createMfaChallenge('sms'), 400, 'general_argument_invalid');
  await guest(tablet);
  await refused(() => tablet.account.listMfaFactors(), 401, 'general_unauthorized_scope');
});

await check('updateMFA asks for nothing before there is a factor', async () => {
  models.user(await phone.account.updateMFA(true));
  await tablet.account.createEmailPasswordSession(email, password);
  assert.equal((await tablet.account.get()).mfa, true);
  await tablet.account.deleteSession('current');
  assert.equal((await phone.account.updateMFA(false)).mfa, false);
});

await check('createMfaAuthenticator answers what an app scans', async () => {
  const first = await phone.account.createMfaAuthenticator(AuthenticatorType.Totp);
  assert.equal(phone.last.status, 200);
  models.mfaType(first);
  const uri = new URL(first.uri);
  assert.equal(decodeURIComponent(uri.pathname), '/Account:ada@example.com');
  assert.deepEqual(Object.fromEntries(uri.searchParams), { issuer: 'Account', secret: first.secret });
  const second = await phone.account.createMfaAuthenticator(AuthenticatorType.Totp);
  assert.notEqual(second.secret, first.secret);
  app = new Authenticator(second.uri);
  await factors(phone, []);
});

await check('updateMfaAuthenticator takes a code of the app, and no other', async () => {
  const right = app.next();
  await refused(() => phone.account.updateMfaAuthenticator('totp', wrong(right)), 401, 'user_invalid_token');
  const user = await phone.account.updateMfaAuthenticator('totp', right);
  assert.equal(phone.last.status, 200);
  models.user(user);
  assert.deepEqual((await phone.account.getSession('current')).factors, ['password', 'totp']);
  await factors(phone, ['totp']);
  await delivered(email, (mail) => /Authenticator app added/.test(mail.subject));
});

await check('a confirmed authenticator is neither confirmed again nor replaced', async () => {
  const type = 'user_authenticator_already_verified';
  await refused(() => phone.account.updateMfaAuthenticator('totp', '123456'), 409, type);
  await refused(() => phone.account.createMfaAuthenticator('totp'), 409, type);
});

await check('createMfaRecoveryCodes answers six, once', async () => {
  const answer = await phone.account.createMfaRecoveryCodes();
  assert.equal(phone.last.status, 201);
  models.mfaRecoveryCodes(answer);
  codes = answer.recoveryCodes;
  assert.equal(new Set(codes).size, 6);
  await refused(() => phone.account.createMfaRecoveryCodes(), 409, 'user_recovery_codes_already_exists');
});

await check('recovery codes are shown again and replaced only after a challenge', async () => {
  await refused(() => phone.account.getMfaRecoveryCodes(), 401, 'user_challenge_required');
  await refused(() => phone.account.updateMfaRecoveryCodes(), 401, 'user_challenge_required');
});

await check('a verified address and a verified number are factors too', async () => {
  const mailed = await sent(email, () => phone.account.createVerification(page));
  await phone.account.updateVerification(...redeemable(mailed.message));
  await phone.account.updatePhone(number, password);
  const texted = await sent(number, () => phone.account.createPhoneVerification());
  await phone.account.updatePhoneVerification(id, code(texted.message));
  await factors(phone, ['totp', 'phone', 'email', 'recoveryCode']);
});

await check('updateMFA switches it on, and the session that does so goes on', async () => {
  const user = await phone.account.updateMFA(true);
  assert.equal(phone.last.status, 200);
  models.user(user);
  assert.equal(user.mfa, true);
  assert.equal((await phone.account.get()).$id, id);
  await delivered(email, (mail) => /Two-step sign-in is on/.test(mail.subject));
});

await check('a session that owes a factor is refused elsewhere', async () => {
  const device = await owing();
  const { account } = device;
  for (const action of [
    () => account.get(),
    () => account.getPrefs(),
    () => account.listSessions(),
    () => account.listLogs(),
    () => account.getSession('current'),
    () => account.updateSession('current'),
    () => account.updateName('Mallory'),
    () => account.updatePassword('copper-lantern-58', password),
    () => account.createJWT(),
    () => account.createVerification(page),
    () => account.createRecovery(email, page),
    () => account.createEmailToken(ID.unique(), email),
    () => account.createPushTarget(ID.unique(), 'registration'),
    () => account.updateMFA(false),
    () => account.createMfaAuthenticator('totp'),
    () => account.deleteMfaAuthenticator('totp'),
    () => account.createMfaRecoveryCodes(),
    () => account.getMfaRecoveryCodes(),
    () => account.updateMfaRecoveryCodes(),
    () => account.updateStatus(),
    () => account.deleteSessions(),
  ]) {
    await refused(action, 401, 'user_more_factors_required');
  }
  await factors(device, ['totp', 'phone', 'email', 'recoveryCode']);
  await account.deleteSession('current');
  empty(device);
  await guest(device);
});

await check('updateMfaChallenge takes the mailed code and answers the session under a new cookie', async () => {
  await tablet.account.createEmailPasswordSession(email, password);
  const [challengeId, mailed] = await challenge(tablet, Email);
  const type = 'user_invalid_token';
  await refused(() => tablet.account.updateMfaChallenge(challengeId, wrong(mailed)), 401, type);
  await refused(() => tablet.account.updateMfaChallenge('nothing', mailed), 401, type);
  await refused(async () => (await owing()).account.updateMfaChallenge(challengeId, mailed), 401, type);
  await refused(() => tablet.account.get(), 401, 'user_more_factors_required');
  const before = tablet.session;
  const session = await tablet.account.updateMfaChallenge(challengeId, mailed);
  assert.equal(tablet.last.status, 200);
  models.session(session);
  assert.deepEqual([session.current, session.factors], [true, ['password', 'email']]);
  about(session.mfaUpdatedAt, 0);
  assert.notEqual(tablet.session, before);
  const user = await tablet.account.get();
  models.user(user);
  assert.equal(user.$id, id);
  assert.equal((await tablet.account.getSession('current')).$id, session.$id);
  const courier = new Device();
  courier.client.setSession(before);
  await guest(courier);
  await refused(() => tablet.account.updateMfaChallenge(challengeId, mailed), 401, type);
});

await check('so it does the texted code', async () => {
  const device = await owing();
  const [challengeId, texted] = await challenge(device, Phone);
  const session = await device.account.updateMfaChallenge(challengeId, texted);
  models.session(session);
  assert.deepEqual(session.factors, ['password', 'phone']);
  assert.equal((await device.account.get()).$id, id);
});

await check('so it does the code of the app, which works once', async () => {
  const device = await owing();
  const shown = app.next();
  const [challengeId] = await challenge(device, Totp);
  const session = await device.account.updateMfaChallenge(challengeId, shown);
  models.session(session);
  assert.deepEqual(session.factors, ['password', 'totp']);
  assert.equal((await device.account.get()).$id, id);
  const other = await owing();
  const [another] = await challenge(other, Totp);
  await refused(() => other.account.updateMfaChallenge(another, shown), 401, 'user_invalid_token');
});

await check('so it does a recovery code in either spelling, and each works once', async () => {
  for (const factor of [Recoverycode, 'recoveryCode']) {
    const used = codes.shift();
    const device = await owing();
    const [challengeId] = await challenge(device, factor);
    const session = await device.account.updateMfaChallenge(challengeId, used);
    models.session(session);
    assert.deepEqual(session.factors, ['password', 'recoverycode']);
    assert.equal((await device.account.get()).$id, id);
    const other = await owing();
    const [another] = await challenge(other, factor);
    await refused(() => other.account.updateMfaChallenge(another, used), 401, 'user_invalid_token');
  }
});

await check('a new challenge ends the earlier one', async () => {
  const device = await owing();
  const [earlier, mailed] = await challenge(device, Email);
  const [later, right] = await challenge(device, Email);
  await refused(() => device.account.updateMfaChallenge(earlier, mailed), 401, 'user_invalid_token');
  await device.account.updateMfaChallenge(later, right);
});

await check('a challenge is good for five guesses', async () => {
  const device = await owing();
  const [challengeId, mailed] = await challenge(device, Email);
  for (let guess = 0; guess < 5; guess += 1) {
    await refused(() => device.account.updateMfaChallenge(challengeId, wrong(mailed)), 401, 'user_invalid_token');
  }
  await refused(() => device.account.updateMfaChallenge(challengeId, mailed), 401, 'user_invalid_token');
  await pass(device);
});

await check('the mailbox twice is one factor', async () => {
  const device = new Device();
  const { message } = await sent(email, () => device.account.createMagicURLToken(ID.unique(), email));
  await device.account.updateMagicURLSession(...redeemable(message));
  const [challengeId, mailed] = await challenge(device, Email);
  await device.account.updateMfaChallenge(challengeId, mailed);
  await refused(() => device.account.get(), 401, 'user_more_factors_required');
  const [another, texted] = await challenge(device, Phone);
  const session = await device.account.updateMfaChallenge(another, texted);
  assert.deepEqual(session.factors, ['email', 'phone']);
  assert.equal((await device.account.get()).$id, id);
});

await check('a JWT of a session that passed acts for it', async () => {
  desktop = await owing();
  await pass(desktop);
  const { jwt } = await desktop.account.createJWT();
  const messenger = new Device();
  messenger.client.setJWT(jwt);
  assert.equal((await messenger.account.get()).$id, id);
});

await check('getMfaRecoveryCodes shows those that are left', async () => {
  const answer = await desktop.account.getMfaRecoveryCodes();
  assert.equal(desktop.last.status, 200);
  models.mfaRecoveryCodes(answer);
  assert.deepEqual(answer.recoveryCodes, codes);
});

await check('updateMfaRecoveryCodes replaces them', async () => {
  const [old] = codes;
  const answer = await desktop.account.updateMfaRecoveryCodes();
  assert.equal(desktop.last.status, 200);
  models.mfaRecoveryCodes(answer);
  codes = answer.recoveryCodes;
  assert.equal(codes.length, 6);
  assert.ok(!codes.includes(old));
  const device = await owing();
  const [challengeId] = await challenge(device, Recoverycode);
  await refused(() => device.account.updateMfaChallenge(challengeId, old), 401, 'user_invalid_token');
  await device.account.updateMfaChallenge(challengeId, codes.shift());
});

await check('a new password by mail takes no factor off', async () => {
  const { message } = await sent(email, () => new Device().account.createRecovery(email, page));
  const renewed = 'copper-lantern-58';
  await new Device().account.updateRecovery(...redeemable(message), renewed);
  const device = new Device();
  await device.account.createEmailPasswordSession(email, renewed);
  await refused(() => device.account.get(), 401, 'user_more_factors_required');
  // The mailbox set the password; it is not asked a second time.
  const [challengeId, mailed] = await challenge(device, Email);
  await device.account.updateMfaChallenge(challengeId, mailed);
  await refused(() => device.account.get(), 401, 'user_more_factors_required');
  const [another, texted] = await challenge(device, Phone);
  await device.account.updateMfaChallenge(another, texted);
  await device.account.updatePassword(password, renewed);
  await guest(desktop);
});

await check('deleteMfaAuthenticator needs a challenge, and removes the app', async () => {
  const device = await owing();
  await pass(device);
  await device.account.deleteMfaAuthenticator(AuthenticatorType.Totp);
  empty(device);
  await factors(device, ['phone', 'email', 'recoveryCode']);
  await refused(() => device.account.deleteMfaAuthenticator('totp'), 404, 'user_authenticator_not_found');
  await refused(() => device.account.updateMfaAuthenticator('totp', '123456'), 404, 'user_authenticator_not_found');
  await refused(() => device.account.deleteMfaAuthenticator('sms'), 400, 'general_argument_invalid');
  await delivered(email, (mail) => /Authenticator app removed/.test(mail.subject));
});

await check('updateMFA switches it off, and a password is enough again', async () => {
  const device = await owing();
  await pass(device);
  assert.equal((await device.account.updateMFA(false)).mfa, false);
  const other = await owing();
  assert.equal((await other.account.get()).$id, id);
  await refused(() => other.account.getMfaRecoveryCodes(), 401, 'user_challenge_required');
});

await check('the log tells of it', async () => {
  const device = await owing();
  const listed = await device.account.listLogs([Query.limit(100)]);
  models.logList(listed);
  const events = new Set(listed.logs.map((log) => log.event));
  for (const event of ['challenge.create', 'challenges.update', 'authenticator.delete', 'recovery-codes.update']) {
    assert.ok(events.has(event), [...events].join());
  }
});

await check('an account without address is challenged by what it has', async () => {
  const visitor = new Device();
  await visitor.account.createAnonymousSession();
  await refused(() => visitor.account.createMfaChallenge(Email), 400, 'user_email_not_found');
  const { uri } = await visitor.account.createMfaAuthenticator('totp');
  const { $id } = await visitor.account.get();
  assert.equal(decodeURIComponent(new URL(uri).pathname), `/Account:${$id}`);
});
