// Session cookies, the list of sessions, their extension and end, and JWTs.

import assert from 'node:assert/strict';
import { ID } from 'react-native-appwrite';
import { Device, deviceCookie, sessionCookie } from './device.mjs';
import { about, empty, guest, refused, year } from './expect.mjs';
import * as models from './models.mjs';
import { check } from './tap.mjs';

const email = 'ada@example.com';
const password = 'violet-anvil-71';
const phone = new Device();
const desktop = new Device({
  userAgent:
    'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36',
});
const id = ID.unique();
let first;
let second;

async function signIn(device) {
  return device.account.createEmailPasswordSession(email, password);
}

await check('a sign-in sets host-only cookies, of the session and the device, and nothing a script could read', async () => {
  await phone.account.create(id, email, password, 'Ada');
  first = await signIn(phone);
  assert.equal(phone.last.setCookie.length, 2);
  const [cookie] = phone.cookies.named(sessionCookie);
  for (const { hostOnly, path, httpOnly, secure, sameSite } of [cookie, ...phone.cookies.named(deviceCookie)]) {
    assert.deepEqual([hostOnly, path, httpOnly, secure, sameSite], [true, '/', true, false, 'Lax']);
  }
  assert.ok(Math.abs(cookie.expires - Date.parse(first.expire)) < 5_000, 'the cookie ends with the session');
  assert.equal(phone.last.headers.get('x-fallback-cookies'), null);
});

await check('the cookie names the user beside the secret, and works as X-Appwrite-Session', async () => {
  const { id: owner, secret } = JSON.parse(Buffer.from(phone.session, 'base64').toString());
  assert.equal(owner, id);
  assert.ok(secret.length >= 43);
  const courier = new Device();
  courier.client.setSession(phone.session);
  assert.equal((await courier.account.get()).$id, id);
});

await check('a session tells the client it was made by', async () => {
  second = await signIn(desktop);
  models.session(second);
  assert.deepEqual(
    [second.osCode, second.osName, second.clientType, second.clientCode, second.clientName, second.deviceName],
    ['WIN', 'Windows', 'browser', 'CH', 'Chrome', 'desktop'],
  );
  assert.deepEqual([second.countryCode, second.countryName], ['--', 'Unknown']);
});

await check('listSessions answers the live ones, oldest first, one of them current', async () => {
  const listed = await desktop.account.listSessions();
  assert.equal(desktop.last.status, 200);
  models.sessionList(listed);
  assert.equal(listed.total, 2);
  assert.deepEqual(
    listed.sessions.map((session) => [session.$id, session.current]),
    [
      [first.$id, false],
      [second.$id, true],
    ],
  );
});

await check('getSession answers the current one and any other by id', async () => {
  const current = await phone.account.getSession('current');
  models.session(current);
  assert.deepEqual([current.$id, current.current], [first.$id, true]);
  const other = await phone.account.getSession(second.$id);
  models.session(other);
  assert.deepEqual([other.$id, other.current], [second.$id, false]);
  await refused(() => phone.account.getSession('unknown'), 404, 'user_session_not_found');
});

await check('updateSession extends the session', async () => {
  const session = await phone.account.updateSession('current');
  assert.equal(phone.last.status, 200);
  models.session(session);
  assert.deepEqual([session.$id, session.current], [first.$id, true]);
  about(session.expire, year);
  assert.ok(session.expire >= first.expire);
  assert.equal((await phone.account.updateSession(second.$id)).$id, second.$id);
  await refused(() => phone.account.updateSession('unknown'), 404, 'user_session_not_found');
});

await check('the extended session still signs in', async () => {
  assert.equal((await phone.account.get()).$id, id);
});

const messenger = new Device();

await check('createJWT answers a token of 15 minutes', async () => {
  const answer = await phone.account.createJWT();
  assert.equal(phone.last.status, 201);
  models.jwt(answer);
  const [header, claims] = answer.jwt
    .split('.')
    .slice(0, 2)
    .map((part) => JSON.parse(Buffer.from(part, 'base64url').toString()));
  assert.deepEqual([header.typ, header.alg], ['JWT', 'HS256']);
  assert.deepEqual([claims.userId, claims.sessionId], [id, first.$id]);
  about(new Date(claims.exp * 1000).toISOString().replace('Z', '+00:00'), 900);
  messenger.client.setJWT(answer.jwt);
});

await check('a JWT stands in for the cookie', async () => {
  const user = await messenger.account.get();
  models.user(user);
  assert.equal(user.$id, id);
  assert.equal((await messenger.account.updateName('Ada L.')).name, 'Ada L.');
});

await check('a JWT that was tampered with is refused on every route', async () => {
  const forger = new Device();
  forger.client.setJWT(messenger.client.config.jwt.replace(/[^.]*$/, 'A'.repeat(43)));
  await refused(() => forger.account.get(), 401, 'user_jwt_invalid');
  await refused(() => forger.account.createAnonymousSession(), 401, 'user_jwt_invalid');
});

await check('an emptied JWT counts as none', async () => {
  const device = new Device();
  device.client.setJWT('');
  await guest(device);
});

await check('deleteSession ends another session, its cookie and nothing else', async () => {
  await phone.account.deleteSession(second.$id);
  empty(phone);
  assert.deepEqual(phone.last.setCookie, []);
  await guest(desktop);
  assert.equal((await phone.account.get()).$id, id);
  await refused(() => phone.account.deleteSession(second.$id), 404, 'user_session_not_found');
});

await check('deleteSession of the current one clears the cookie and kills its JWTs', async () => {
  await phone.account.deleteSession('current');
  empty(phone);
  assert.equal(phone.session, null);
  await guest(phone);
  await guest(messenger);
});

await check('deleteSessions ends all of them', async () => {
  await signIn(phone);
  await signIn(desktop);
  await phone.account.deleteSessions();
  empty(phone);
  assert.equal(phone.session, null);
  await guest(phone);
  await guest(desktop);
});
