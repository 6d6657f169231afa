// Sign-up and sign-in with a password, the profile, anonymous accounts and their conversion, self-blocking.

import assert from 'node:assert/strict';
import { ID } from 'react-native-appwrite';
import { Device } from './device.mjs';
import { about, guest, refused, year } from './expect.mjs';
import * as models from './models.mjs';
import { delivered, outbox } from './outbox.mjs';
import { check } from './tap.mjs';

const email = 'ada@example.com';
const password = 'violet-anvil-71';
const phone = new Device();
const tablet = new Device();
const id = ID.unique();

await check('create answers the account', async () => {
  const user = await phone.account.create(id, 'Ada@Example.com', password, 'Ada Lovelace');
  assert.equal(phone.last.status, 201);
  models.user(user);
  about(user.$createdAt, 0);
  about(user.registration, 0);
  about(user.passwordUpdate, 0);
  about(user.accessedAt, 0);
  assert.deepEqual(
    [user.$id, user.name, user.email, user.phone, user.status, user.labels, user.prefs],
    [id, 'Ada Lovelace', email, '', true, [], {}],
  );
  assert.deepEqual([user.emailVerification, user.phoneVerification, user.mfa], [false, false, false]);
  assert.deepEqual(
    user.targets.map((target) => [target.providerType, target.identifier, target.userId, target.providerId, target.name, target.expired]),
    [['email', email, id, null, '', false]],
  );
});

await check('create signs nobody in and sends no mail', async () => {
  assert.deepEqual(phone.last.setCookie, []);
  await guest(phone);
  assert.deepEqual(await outbox(email), []);
});

await check('create without a name, and with an id made by the server', async () => {
  const user = await new Device().account.create('unique()', 'grace@example.com', password);
  models.user(user);
  assert.equal(user.name, '');
  assert.notEqual(user.$id, 'unique()');
});

await check('createEmailPasswordSession answers the session', async () => {
  const session = await phone.account.createEmailPasswordSession('ADA@example.com', password);
  assert.equal(phone.last.status, 201);
  models.session(session);
  about(session.$createdAt, 0);
  about(session.expire, year);
  assert.deepEqual(
    [session.userId, session.provider, session.providerUid, session.factors, session.current],
    [id, 'email', email, ['password'], true],
  );
  assert.deepEqual(
    [session.providerAccessToken, session.providerAccessTokenExpiry, session.providerRefreshToken, session.mfaUpdatedAt],
    ['', '', '', ''],
  );
});

await check('get answers the account of the cookie', async () => {
  const user = await phone.account.get();
  assert.equal(phone.last.status, 200);
  assert.match(phone.last.headers.get('content-type'), /^application\/json/);
  models.user(user);
  assert.equal(user.$id, id);
});

await check('updateName changes the name', async () => {
  const user = await phone.account.updateName('Ada, Countess of Lovelace ☕');
  assert.equal(phone.last.status, 200);
  models.user(user);
  assert.equal(user.name, 'Ada, Countess of Lovelace ☕');
  assert.equal((await phone.account.get()).name, user.name);
});

await check('getPrefs answers {} before any were stored', async () => {
  assert.deepEqual(await phone.account.getPrefs(), {});
  assert.equal(phone.last.text, '{}');
});

await check('updatePrefs answers the account and getPrefs the preferences, keys in the order sent', async () => {
  const prefs = { zebra: 1, apple: { y: [1.5, 'é', null], x: true }, middle: [], nothing: {}, big: 1e21 };
  const user = await phone.account.updatePrefs(prefs);
  models.user(user);
  assert.equal(JSON.stringify(user.prefs), JSON.stringify(prefs));
  assert.equal(JSON.stringify(await phone.account.getPrefs()), JSON.stringify(prefs));
  assert.ok(phone.last.text.includes('"big":1e+21'), phone.last.text);
});

await check('updatePrefs replaces the whole object', async () => {
  await phone.account.updatePrefs({ theme: 'dark' });
  assert.deepEqual(await phone.account.getPrefs(), { theme: 'dark' });
});

await check('updatePassword keeps this session and ends the others', async () => {
  await tablet.account.createEmailPasswordSession(email, password);
  await refused(() => phone.account.updatePassword('copper-lantern-58'), 401, 'user_invalid_credentials');
  await refused(() => phone.account.updatePassword('copper-lantern-58', 'not-the-old-one'), 401, 'user_invalid_credentials');
  const user = await phone.account.updatePassword('copper-lantern-58', password);
  models.user(user);
  assert.equal((await phone.account.get()).$id, id);
  await guest(tablet);
});

await check('only the new password signs in', async () => {
  await refused(() => tablet.account.createEmailPasswordSession(email, password), 401, 'user_invalid_credentials');
  assert.equal((await tablet.account.createEmailPasswordSession(email, 'copper-lantern-58')).userId, id);
});

await check('updateEmail needs the password, and moves the target along', async () => {
  await refused(() => phone.account.updateEmail('countess@example.com', password), 401, 'user_invalid_credentials');
  const user = await phone.account.updateEmail('Countess@example.com', 'copper-lantern-58');
  models.user(user);
  assert.deepEqual([user.email, user.emailVerification], ['countess@example.com', false]);
  assert.deepEqual(user.targets.map((target) => target.identifier), ['countess@example.com']);
});

await check('the previous address is told', async () => {
  const notice = await delivered(email);
  assert.equal(notice.channel, 'email');
  assert.ok(notice.subject.length > 0 && notice.text.length > 0);
});

await check('updatePhone stores the number unverified', async () => {
  await refused(() => phone.account.updatePhone('+12025550123', password), 401, 'user_invalid_credentials');
  const user = await phone.account.updatePhone('+12025550123', 'copper-lantern-58');
  models.user(user);
  assert.deepEqual([user.phone, user.phoneVerification], ['+12025550123', false]);
});

const visitor = new Device();

await check('createAnonymousSession makes an empty account', async () => {
  const session = await visitor.account.createAnonymousSession();
  assert.equal(visitor.last.status, 201);
  models.session(session);
  assert.deepEqual([session.provider, session.providerUid, session.factors, session.current], ['anonymous', '', ['anonymous'], true]);
  const user = await visitor.account.get();
  models.user(user);
  assert.deepEqual(
    [user.$id, user.name, user.email, user.phone, user.passwordUpdate, user.targets],
    [session.userId, '', '', '', '', []],
  );
});

await check('updateEmail turns the anonymous account into one with a password, under a new secret', async () => {
  const { $id } = await visitor.account.get();
  const before = visitor.session;
  const user = await visitor.account.updateEmail('joan@example.com', 'granite-sparrow-33');
  models.user(user);
  assert.deepEqual([user.$id, user.email], [$id, 'joan@example.com']);
  about(user.passwordUpdate, 0);
  assert.notEqual(visitor.session, before);
  assert.equal((await visitor.account.get()).$id, $id);
  const session = await new Device().account.createEmailPasswordSession('joan@example.com', 'granite-sparrow-33');
  assert.equal(session.userId, $id);
});

await check('updateStatus blocks the account and forgets its cookie', async () => {
  const other = new Device();
  await other.account.createEmailPasswordSession('joan@example.com', 'granite-sparrow-33');
  const user = await visitor.account.updateStatus();
  assert.equal(visitor.last.status, 200);
  models.user(user);
  assert.equal(user.status, false);
  assert.equal(visitor.cookies.size, 0);
  await guest(visitor);
  await refused(() => other.account.get(), 401, 'user_blocked');
});

await check('a blocked account cannot sign in', async () => {
  const again = () => visitor.account.createEmailPasswordSession('joan@example.com', 'granite-sparrow-33');
  await refused(again, 401, 'user_blocked');
  assert.equal(visitor.cookies.size, 0);
});
