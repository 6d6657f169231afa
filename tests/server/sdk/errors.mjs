// How refusals reach the SDK: status, type and message shapes, and the gates in front of the service.

import assert from 'node:assert/strict';
import { ID } from 'react-native-appwrite';
import { Device } from './device.mjs';
import { empty, guest, refused } from './expect.mjs';
import { check } from './tap.mjs';

const email = 'ada@example.com';
const password = 'violet-anvil-71';
const phone = new Device();
const id = ID.unique();

await phone.account.create(id, email, password, 'Ada');

await check('a wrong password and an unknown address are refused alike', async () => {
  const wrong = await refused(
    () => phone.account.createEmailPasswordSession(email, 'wrong-password'),
    401,
    'user_invalid_credentials',
  );
  const unknown = await refused(
    () => phone.account.createEmailPasswordSession('nobody@example.com', 'wrong-password'),
    401,
    'user_invalid_credentials',
  );
  assert.equal(wrong.message, unknown.message);
  assert.equal(phone.cookies.size, 0);
});

await check('an error is never cached', async () => {
  assert.match(phone.last.headers.get('cache-control'), /no-store/);
  assert.equal(phone.last.headers.get('pragma'), 'no-cache');
  assert.equal(phone.last.headers.get('expires'), '0');
});

await check('a guest lacks the scope', async () => {
  const failure = await guest(phone);
  assert.match(failure.message, /User \(role: guests\) missing scope \(account\)/);
});

await check('a guest is refused before the parameters are read', async () => {
  await refused(() => phone.account.updateName(''), 401, 'general_unauthorized_scope');
});

await check('an e-mail address or id can be taken only once', async () => {
  await refused(() => phone.account.create(ID.unique(), 'ADA@example.com', password), 409, 'user_already_exists');
  await refused(() => phone.account.create(id, 'other@example.com', password), 409, 'user_already_exists');
});

await check('a missing parameter is named', async () => {
  const failure = await refused(() => phone.call('post', '/account', {}), 400, 'general_argument_invalid');
  assert.equal(failure.message, 'Param "userId" is not optional.');
});

await check('an invalid parameter is named and described', async () => {
  const invalid = async (given, message) => {
    const failure = await refused(() => phone.account.create(...given), 400, 'general_argument_invalid');
    assert.match(failure.message, message);
  };
  await invalid(['not an id!', email, password], /^Invalid `userId` param: /);
  await invalid([ID.unique(), 'not-an-address', password], /^Invalid `email` param: .*valid email address/);
  await invalid([ID.unique(), 'short@example.com', 'short'], /^Invalid `password` param: .*8.*256/);
  await invalid([ID.unique(), 'null@example.com', null], /^Invalid `password` param: /);
});

await check('an optional parameter may be null', async () => {
  const user = await phone.account.create(ID.unique(), 'nameless@example.com', password, null);
  assert.equal(user.name, '');
});

await check('a common password is refused', async () => {
  await refused(() => phone.account.create(ID.unique(), 'common@example.com', 'password123'), 400, 'general_argument_invalid');
});

await check('nobody signs in twice on one device', async () => {
  await phone.account.createEmailPasswordSession(email, password);
  const type = 'user_session_already_exists';
  await refused(() => phone.account.createEmailPasswordSession(email, password), 401, type);
  await refused(() => phone.account.createAnonymousSession(), 401, type);
});

await check('a signed-in caller with a bad parameter is told so', async () => {
  const failure = await refused(() => phone.account.updateName(''), 400, 'general_argument_invalid');
  assert.match(failure.message, /^Invalid `name` param: /);
});

await check('an unknown path, and a known one with another method, are 404', async () => {
  await refused(() => phone.call('get', '/account/nothing'), 404, 'general_route_not_found');
  await refused(() => phone.call('put', '/account/name'), 404, 'general_route_not_found');
});

await check('an unknown project is 404', async () => {
  const device = new Device();
  device.client.setProject('another');
  await refused(() => device.account.get(), 404, 'project_not_found');
});

await check('an app that was not allowed cannot change anything, and learns which setting to change', async () => {
  const device = new Device();
  device.client.setPlatform('com.example.other');
  const failure = await refused(() => device.account.createAnonymousSession(), 403, 'general_unknown_origin');
  assert.match(failure.message, /ACCOUNT_ALLOWED_APPS|allowed_apps/);
});

await check('a client without setPlatform counts as one without an origin', async () => {
  const device = new Device();
  device.client.setPlatform('');
  assert.equal((await device.account.createAnonymousSession()).provider, 'anonymous');
  await device.account.deleteSession('current');
  empty(device);
});

await check('a cookie of no session makes a guest, not an error', async () => {
  const [cookie] = phone.cookies.named('a_session_default');
  await phone.account.deleteSession('current');
  const device = new Device();
  device.client.setSession(decodeURIComponent(cookie.value));
  await guest(device);
  device.client.setSession('not base64 at all');
  await guest(device);
});
