// Proof of an email address and of a phone number.

import assert from 'node:assert/strict';
import { ID } from 'react-native-appwrite';
import { Device } from './device.mjs';
import { about, quarter, refused, week } from './expect.mjs';
import * as models from './models.mjs';
import { code, link, redeemable, sent, wrong } from './outbox.mjs';
import { check } from './tap.mjs';

const email = 'ada@example.com';
const password = 'violet-anvil-71';
const number = '+12025550123';
const page = 'http://localhost/verify?from=mail';
const phone = new Device();
const desktop = new Device();
const other = new Device();
const id = ID.unique();

await phone.account.create(id, email, password, 'Ada');
await phone.account.createEmailPasswordSession(email, password);
await other.account.create('bob', 'bob@example.com', password, 'Bob');
await other.account.createEmailPasswordSession('bob@example.com', password);

let proof;

await check('createVerification mails a link that is good for a week', async () => {
  const { answer, message } = await sent(email, () => phone.account.createVerification(page));
  assert.equal(phone.last.status, 201);
  models.token(answer);
  assert.deepEqual([answer.userId, answer.phrase], [id, '']);
  about(answer.expire, week);
  const { pathname, searchParams } = link(message);
  assert.equal(pathname, '/verify');
  assert.deepEqual([...searchParams.keys()], ['from', 'userId', 'secret', 'expire']);
  assert.deepEqual([searchParams.get('userId'), searchParams.get('expire')], [id, answer.expire]);
  proof = redeemable(message);
});

await check('the link leads to places of the app only', async () => {
  await refused(() => phone.account.createVerification('https://evil.example/'), 400, 'general_argument_invalid');
  await refused(() => phone.account.createVerification(''), 400, 'general_argument_invalid');
});

await check('guests have nothing to verify', async () => {
  await refused(() => desktop.account.createVerification(page), 401, 'general_unauthorized_scope');
  await refused(() => desktop.account.createPhoneVerification(), 401, 'general_unauthorized_scope');
});

await check('a wrong secret and the secret of another account are refused', async () => {
  const [, secret] = proof;
  for (const [user, given] of [[id, 'wrong'], [id, 'f'.repeat(256)], ['bob', secret], ['nobody', secret]]) {
    await refused(() => desktop.account.updateVerification(user, given), 401, 'user_invalid_token');
  }
  assert.equal((await phone.account.get()).emailVerification, false);
});

await check('updateVerification proves the address, where nobody is signed in', async () => {
  const token = await desktop.account.updateVerification(...proof);
  assert.equal(desktop.last.status, 200);
  models.token(token);
  assert.equal(token.userId, id);
  assert.equal(desktop.cookies.size, 0);
  assert.equal((await phone.account.get()).emailVerification, true);
});

await check('the link works once, and what is verified needs no other', async () => {
  await refused(() => desktop.account.updateVerification(...proof), 401, 'user_invalid_token');
  await refused(() => phone.account.createVerification(page), 409, 'user_email_already_verified');
});

await check('a link dies with the address that it went to', async () => {
  const { message } = await sent('bob@example.com', () => other.account.createVerification(page));
  await other.account.updateEmail('robert@example.com', password);
  await refused(() => desktop.account.updateVerification(...redeemable(message)), 401, 'user_invalid_token');
  const again = await sent('robert@example.com', () => other.account.createVerification(page));
  models.token(await other.account.updateVerification(...redeemable(again.message)));
});

await check('an account without address or number has none to verify', async () => {
  const visitor = new Device();
  await visitor.account.createAnonymousSession();
  await refused(() => visitor.account.createVerification(page), 400, 'user_email_not_found');
  await refused(() => visitor.account.createPhoneVerification(), 400, 'user_phone_not_found');
});

await check('createPhoneVerification texts a code that is good for 15 minutes', async () => {
  await phone.account.updatePhone(number, password);
  const { answer, message } = await sent(number, () => phone.account.createPhoneVerification());
  assert.equal(phone.last.status, 201);
  models.token(answer);
  assert.deepEqual([answer.userId, message.channel], [id, 'sms']);
  about(answer.expire, quarter);
  proof = code(message);
});

await check('the code is worth nothing when wrong, to guests, to others and for others', async () => {
  for (const [device, user, given] of [
    [phone, id, wrong(proof)],
    [desktop, id, proof],
    [other, id, proof],
    [other, 'bob', proof],
    [phone, 'bob', proof],
  ]) {
    await refused(() => device.account.updatePhoneVerification(user, given), 401, 'user_invalid_token');
  }
  assert.equal((await phone.account.get()).phoneVerification, false);
});

await check('the code for verifying a number signs nobody in', async () => {
  await refused(() => desktop.account.createSession(id, proof), 401, 'user_invalid_token');
});

await check('updatePhoneVerification proves the number, once', async () => {
  const token = await phone.account.updatePhoneVerification(id, proof);
  assert.equal(phone.last.status, 200);
  models.token(token);
  assert.equal(token.userId, id);
  const user = await phone.account.get();
  models.user(user);
  assert.deepEqual([user.emailVerification, user.phoneVerification], [true, true]);
  await refused(() => phone.account.updatePhoneVerification(id, proof), 401, 'user_invalid_token');
  await refused(() => phone.account.createPhoneVerification(), 409, 'user_phone_already_verified');
});

await check('another number is not verified by the proof of the first', async () => {
  await phone.account.updatePhone('+12025550124', password);
  assert.equal((await phone.account.get()).phoneVerification, false);
  const { message } = await sent('+12025550124', () => phone.account.createPhoneVerification());
  models.token(await phone.account.updatePhoneVerification(id, code(message)));
  assert.equal((await phone.account.get()).phoneVerification, true);
});

await check('the log tells of it', async () => {
  const { logs } = await phone.account.listLogs();
  models.logList({ total: logs.length, logs });
  const events = new Set(logs.map((log) => log.event));
  for (const event of ['verification.create', 'verification.update']) assert.ok(events.has(event), [...events].join());
});
