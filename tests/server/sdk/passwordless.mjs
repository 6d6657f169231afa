// Sign-in by mailed code, mailed link and texted code, each answered by a message.

import assert from 'node:assert/strict';
import { ID } from 'react-native-appwrite';
import { Device, project, server } from './device.mjs';
import { about, guest, hour, quarter, refused, year } from './expect.mjs';
import * as models from './models.mjs';
import { code, link, outbox, redeemable, sent, wrong } from './outbox.mjs';
import { check } from './tap.mjs';

const email = 'ada@example.com';
const number = '+12025550123';
const phone = new Device();
const tablet = new Device();
const id = ID.unique();
let first;

/** A device on which nobody has signed in. */
const stranger = () => new Device();

await check('createEmailToken answers a token and mails a code beside the phrase', async () => {
  const { answer, message } = await sent(email, () => phone.account.createEmailToken(id, 'Ada@example.com', true));
  assert.equal(phone.last.status, 201);
  models.token(answer);
  assert.equal(answer.userId, id);
  about(answer.$createdAt, 0);
  about(answer.expire, quarter);
  assert.match(answer.phrase, /^[A-Z][a-z]+ [a-z]+$/);
  for (const part of ['text', 'html']) assert.ok(message[part].includes(answer.phrase), `the ${part} shows the phrase`);
  first = code(message);
});

await check('asking for a code signs nobody in', async () => {
  assert.deepEqual(phone.last.setCookie, []);
  await guest(phone);
});

await check('a wrong code, an unknown account and no account at all are refused alike', async () => {
  for (const [user, secret] of [[id, wrong(first)], ['nobody', first], ['unique()', first]]) {
    await refused(() => phone.account.createSession(user, secret), 401, 'user_invalid_token');
  }
  assert.equal(phone.cookies.size, 0);
});

await check('createSession takes the mailed code, which proves the address', async () => {
  const session = await phone.account.createSession(id, first);
  assert.equal(phone.last.status, 201);
  models.session(session);
  about(session.expire, year);
  assert.deepEqual(
    [session.userId, session.provider, session.factors, session.current],
    [id, 'token', ['email'], true],
  );
  const user = await phone.account.get();
  models.user(user);
  assert.deepEqual([user.$id, user.email, user.emailVerification, user.passwordUpdate], [id, email, true, '']);
});

await check('a code works once', async () => {
  await refused(() => stranger().account.createSession(id, first), 401, 'user_invalid_token');
});

await check('whoever is signed in has no use for a second session', async () => {
  const type = 'user_session_already_exists';
  const { message } = await sent(email, () => phone.account.createEmailToken(id, email));
  await refused(() => phone.account.createSession(id, code(message)), 401, type);
  await refused(() => phone.account.updateMagicURLSession(id, code(message)), 401, type);
  await refused(() => phone.account.updatePhoneSession(id, code(message)), 401, type);
});

await check('a new code ends the earlier one, and an address keeps its account', async () => {
  const earlier = await sent(email, () => tablet.account.createEmailToken(ID.unique(), email));
  const later = await sent(email, () => tablet.account.createEmailToken(ID.unique(), email, false));
  assert.deepEqual([earlier.answer.userId, later.answer.userId, later.answer.phrase], [id, id, '']);
  if (code(earlier.message) !== code(later.message)) {
    await refused(() => tablet.account.createSession(id, code(earlier.message)), 401, 'user_invalid_token');
  }
  assert.equal((await tablet.account.createSession(id, code(later.message))).userId, id);
  await tablet.account.deleteSession('current');
});

await check('a code is good for five guesses', async () => {
  const { answer, message } = await sent('bob@example.com', () => tablet.account.createEmailToken(ID.unique(), 'bob@example.com'));
  for (let guess = 0; guess < 5; guess += 1) {
    await refused(() => tablet.account.createSession(answer.userId, wrong(code(message))), 401, 'user_invalid_token');
  }
  await refused(() => tablet.account.createSession(answer.userId, code(message)), 401, 'user_invalid_token');
});

await check('an id can be taken only once', async () => {
  await refused(() => tablet.account.createEmailToken(id, 'other@example.com'), 409, 'user_already_exists');
  await refused(() => tablet.account.createMagicURLToken(id, 'other@example.com'), 409, 'user_already_exists');
  await refused(() => tablet.account.createPhoneToken(id, '+12025550199'), 409, 'user_already_exists');
});

await check('createMagicURLToken mails a link to the page that the app names, phrase and all', async () => {
  const page = 'http://localhost/in?theme=dark#/here';
  const { answer, message } = await sent(email, () => tablet.account.createMagicURLToken(ID.unique(), email, page, true));
  assert.equal(tablet.last.status, 201);
  models.token(answer);
  assert.equal(answer.userId, id);
  about(answer.expire, hour);
  for (const part of ['text', 'html']) assert.ok(message[part].includes(answer.phrase), `the ${part} shows the phrase`);
  const { origin, pathname, searchParams, hash } = link(message);
  assert.deepEqual([origin, pathname, hash], ['http://localhost', '/in', '#/here']);
  assert.deepEqual([...searchParams.keys()], ['theme', 'userId', 'secret', 'expire', 'project']);
  assert.deepEqual([searchParams.get('userId'), searchParams.get('expire'), searchParams.get('project')], [id, answer.expire, project]);
  assert.match(searchParams.get('secret'), /^[0-9a-f]{64}$/);
  first = redeemable(message);
});

await check('updateMagicURLSession takes the link, once', async () => {
  await refused(() => tablet.account.updateMagicURLSession(id, 'f'.repeat(64)), 401, 'user_invalid_token');
  const session = await tablet.account.updateMagicURLSession(...first);
  assert.equal(tablet.last.status, 201);
  models.session(session);
  assert.deepEqual([session.userId, session.provider, session.factors], [id, 'magic-url', ['email']]);
  assert.equal((await tablet.account.get()).$id, id);
  await refused(() => stranger().account.updateMagicURLSession(...first), 401, 'user_invalid_token');
});

await check('a link may lead into the app, and nowhere else', async () => {
  const { message } = await sent(email, () => stranger().account.createMagicURLToken(ID.unique(), email, 'com.example.notes:/in'));
  assert.equal(link(message).protocol, 'com.example.notes:');
  const elsewhere = () => stranger().account.createMagicURLToken(ID.unique(), email, 'https://evil.example/in');
  const failure = await refused(elsewhere, 400, 'general_argument_invalid');
  assert.match(failure.message, /^Invalid `url` param: /);
});

await check('without a page the link leads to one of the server, which changes nothing when it is opened', async () => {
  for (const given of [[], ['']]) {
    const visitor = stranger();
    const { message } = await sent(email, () => visitor.account.createMagicURLToken(ID.unique(), email, ...given));
    const address = link(message);
    assert.equal(address.origin + address.pathname, `${server}/v1/account/sessions/magic-url/complete`);
    for (const method of ['HEAD', 'GET', 'GET']) {
      const page = await visitor.fetch(address, { method });
      assert.deepEqual([page.status, visitor.last.setCookie], [200, []]);
    }
    await guest(visitor);
    assert.equal((await visitor.account.updateMagicURLSession(...redeemable(message))).userId, id);
  }
});

await check('createPhoneToken texts a code', async () => {
  const caller = stranger();
  const { answer, message } = await sent(number, () => caller.account.createPhoneToken('grace', number));
  assert.equal(caller.last.status, 201);
  models.token(answer);
  assert.deepEqual([answer.userId, answer.phrase], ['grace', '']);
  about(answer.expire, quarter);
  assert.equal(message.channel, 'sms');
  first = code(message);
});

await check('updatePhoneSession takes the texted code, once, and it proves the number', async () => {
  const caller = stranger();
  await refused(() => caller.account.updatePhoneSession('grace', wrong(first)), 401, 'user_invalid_token');
  const session = await caller.account.updatePhoneSession('grace', first);
  assert.equal(caller.last.status, 201);
  models.session(session);
  assert.deepEqual([session.userId, session.provider, session.factors], ['grace', 'phone', ['phone']]);
  const user = await caller.account.get();
  models.user(user);
  assert.deepEqual([user.phone, user.phoneVerification, user.email, user.emailVerification], [number, true, '', false]);
  await refused(() => stranger().account.updatePhoneSession('grace', first), 401, 'user_invalid_token');
});

await check('each of the three ways to sign in takes what any of the others would', async () => {
  const asks = [
    async (device) => [id, code((await sent(email, () => device.account.createEmailToken(ID.unique(), email))).message)],
    async (device) => redeemable((await sent(email, () => device.account.createMagicURLToken(ID.unique(), email))).message),
    async (device) => ['grace', code((await sent(number, () => device.account.createPhoneToken(ID.unique(), number))).message)],
  ];
  for (const ask of asks) {
    for (const way of ['createSession', 'updateMagicURLSession', 'updatePhoneSession']) {
      const device = stranger();
      const [user, secret] = await ask(device);
      const session = await device.account[way](user, secret);
      models.session(session);
      assert.equal(session.userId, user);
    }
  }
});

await check('messages speak the language that the app asks for', async () => {
  const device = stranger();
  device.client.setLocale('de');
  const { message } = await sent(email, () => device.account.createEmailToken(ID.unique(), email));
  assert.match(message.text, /15 Minuten lang gültig/);
  const texted = await sent(number, () => device.account.createPhoneToken(ID.unique(), number));
  assert.match(texted.message.text, /15 Minuten/);
});

await check('what is no address and no number is refused', async () => {
  const invalid = async (action, name) => {
    const failure = await refused(action, 400, 'general_argument_invalid');
    assert.ok(failure.message.startsWith(`Invalid \`${name}\` param: `), failure.message);
  };
  await invalid(() => stranger().account.createEmailToken(ID.unique(), 'ada'), 'email');
  await invalid(() => stranger().account.createMagicURLToken('no id!', email), 'userId');
  await invalid(() => stranger().account.createPhoneToken(ID.unique(), '2025550123'), 'phone');
  await invalid(() => stranger().account.createSession(id, ''), 'secret');
});

await check('a blocked account is sent nothing, and the answer does not tell', async () => {
  const { message } = await sent(email, () => stranger().account.createEmailToken(ID.unique(), email));
  await phone.account.updateStatus();
  const { length } = await outbox(email);
  const device = stranger();
  const answer = await device.account.createEmailToken(ID.unique(), email);
  models.token(answer);
  models.token(await device.account.createMagicURLToken(ID.unique(), email));
  assert.deepEqual([answer.userId, (await outbox(email)).length], [id, length]);
  await refused(() => device.account.createSession(id, wrong(code(message))), 401, 'user_invalid_token');
});
