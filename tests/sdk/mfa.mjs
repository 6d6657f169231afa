// The authenticator app, recovery codes, and challenges of a second factor.

import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { AuthenticationFactor, AuthenticatorType, ID } from 'react-native-appwrite';
import { Device } from './device.mjs';
import { about, empty, guest, refused } from './expect.mjs';
import * as models from './models.mjs';
import { sentCode, sentLink } from './outbox.mjs';
import { check } from './tap.mjs';

const email = 'ada@example.com';
const password = 'violet-anvil-71';
const ada = ID.unique();
const phone = new Device();
const tablet = new Device();
let secret;
let codes;

/** What an authenticator app shows so many steps from now (RFC 6238). */
function otp(later = 0) {
  const bits = [...secret].map((letter) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(letter).toString(2).padStart(5, '0'));
  const key = Buffer.from(bits.join('').match(/.{8}/g).map((byte) => parseInt(byte, 2)));
  const step = Buffer.alloc(8);
  step.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000) + later));
  const digest = createHmac('sha1', key).update(step).digest();
  const number = digest.readUInt32BE(digest[19] & 15) & 0x7fff_ffff;
  return String(number % 1_000_000).padStart(6, '0');
}

await check('an authenticator counts once it has shown a code', async () => {
  await phone.account.create(ada, email, password);
  await phone.account.createEmailPasswordSession(email, password);
  const type = await phone.account.createMfaAuthenticator(AuthenticatorType.Totp);
  models.mfaType(type);
  ({ secret } = type);
  assert.ok(type.uri.includes(secret));
  assert.equal((await phone.account.listMfaFactors()).totp, false);
  const user = await phone.account.updateMfaAuthenticator(AuthenticatorType.Totp, otp());
  models.user(user);
  const factors = await phone.account.listMfaFactors();
  models.mfaFactors(factors);
  assert.deepEqual(factors, { totp: true, phone: false, email: false, recoveryCode: false });
});

await check('the switch answers the account', async () => {
  const user = await phone.account.updateMFA(true);
  models.user(user);
  assert.equal(user.mfa, true);
  await phone.account.get();
});

await check('recovery codes are made once', async () => {
  const made = await phone.account.createMfaRecoveryCodes();
  models.mfaRecoveryCodes(made);
  codes = made.recoveryCodes;
  assert.equal(codes.length, 6);
  await refused(() => phone.account.createMfaRecoveryCodes(), 409, 'user_recovery_codes_already_exists');
  await refused(() => phone.account.getMfaRecoveryCodes(), 401, 'user_challenge_required');
});

await check('a sign-in with the password alone owes a factor', async () => {
  models.session(await tablet.account.createEmailPasswordSession(email, password));
  await refused(() => tablet.account.get(), 401, 'user_more_factors_required');
  models.mfaFactors(await tablet.account.listMfaFactors());
});

await check('a challenge pays it, under a new secret', async () => {
  const challenge = await tablet.account.createMfaChallenge(AuthenticationFactor.Totp);
  models.mfaChallenge(challenge);
  assert.equal(challenge.userId, ada);
  about(challenge.expire, 15 * 60);
  const before = tablet.session;
  // The code of the present step is spent; apps run ahead by a step at the most.
  const session = await tablet.account.updateMfaChallenge(challenge.$id, otp(1));
  models.session(session);
  assert.deepEqual([session.current, session.factors], [true, ['password', 'totp']]);
  about(session.mfaUpdatedAt, 0);
  assert.notEqual(tablet.session, before);
  models.user(await tablet.account.get());
});

await check('recovery codes are shown and replaced after a challenge', async () => {
  assert.deepEqual((await tablet.account.getMfaRecoveryCodes()).recoveryCodes, codes);
  const replaced = await tablet.account.updateMfaRecoveryCodes();
  models.mfaRecoveryCodes(replaced);
  codes = replaced.recoveryCodes;
});

await check('a recovery code and a mailed code pay too, each once', async () => {
  const { link } = await sentLink(email, () => tablet.account.createVerification('com.example.notes:/proved'));
  await tablet.account.updateVerification(ada, link.searchParams.get('secret'));
  const device = new Device();
  await device.account.createEmailPasswordSession(email, password);
  const challenge = await device.account.createMfaChallenge(AuthenticationFactor.Recoverycode);
  const session = await device.account.updateMfaChallenge(challenge.$id, codes[0]);
  assert.deepEqual(session.factors, ['password', 'recoverycode']);
  await refused(() => device.account.updateMfaChallenge(challenge.$id, codes[0]), 401, 'user_invalid_token');
  const mailed = new Device();
  await mailed.account.createEmailPasswordSession(email, password);
  const ask = () => mailed.account.createMfaChallenge(AuthenticationFactor.Email);
  const { answer, code } = await sentCode(email, ask);
  models.session(await mailed.account.updateMfaChallenge(answer.$id, code));
  models.user(await mailed.account.get());
});

await check('the authenticator is removed, and the switch goes off', async () => {
  await refused(() => phone.account.deleteMfaAuthenticator(AuthenticatorType.Totp), 401, 'user_challenge_required');
  await tablet.account.updateMFA(false);
  await tablet.account.deleteMfaAuthenticator(AuthenticatorType.Totp);
  empty(tablet);
  const gone = () => tablet.account.deleteMfaAuthenticator(AuthenticatorType.Totp);
  await refused(gone, 404, 'user_authenticator_not_found');
  await guest(new Device());
});
