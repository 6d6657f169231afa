// A server that holds the API key sees the secrets that people get by mail, SMS or cookie, and can use them for them.

import assert from 'node:assert/strict';
import { ID } from 'react-native-appwrite';
import { Device, project, server } from './device.mjs';
import { refused } from './expect.mjs';
import * as models from './models.mjs';
import { code, redeemable, sent } from './outbox.mjs';
import { check } from './tap.mjs';

const key = 'api-key-of-the-sdk-tests';
const email = 'ada@example.com';
const number = '+12025550123';
const page = 'http://localhost/page';
const id = ID.unique();

/** A request of a server of the host's: no app, no cookies, but the key. */
async function ask(method, path, body, headers = { 'x-appwrite-key': key }) {
  const response = await fetch(`${server}/v1${path}`, {
    method,
    headers: { 'content-type': 'application/json', 'x-appwrite-project': project, ...headers },
    body: JSON.stringify(body),
  });
  return { status: response.status, body: await response.json(), cookies: response.headers.getSetCookie() };
}

/** Expects a token whose secret is shown, and answers the secret. */
function shown({ status, body }) {
  assert.equal(status, 201, body.message);
  models.token({ ...body, secret: '' });
  return body.secret;
}

await check('the secrets of tokens are those that people are sent', async () => {
  const codeByMail = await sent(email, () => ask('POST', '/account/tokens/email', { userId: id, email, phrase: true }));
  assert.equal(shown(codeByMail.answer), code(codeByMail.message));
  const byLink = await sent(email, () => ask('POST', '/account/tokens/magic-url', { userId: id, email, url: page }));
  assert.deepEqual([id, shown(byLink.answer)], redeemable(byLink.message));
  const texted = await sent(number, () => ask('POST', '/account/tokens/phone', { userId: 'grace', phone: number }));
  assert.equal(shown(texted.answer), code(texted.message));
  const recovery = await sent(email, () => ask('POST', '/account/recovery', { email, url: page }));
  assert.deepEqual([id, shown(recovery.answer)], redeemable(recovery.message));
});

await check('nobody else sees them', async () => {
  const { answer } = await sent(email, () => ask('POST', '/account/tokens/email', { userId: id, email }, {}));
  assert.deepEqual([answer.status, answer.body.secret], [201, '']);
});

await check('a session made for somebody works in their SDK', async () => {
  const { answer } = await sent(number, () => ask('POST', '/account/tokens/phone', { userId: 'grace', phone: number }));
  const { status, body } = await ask('POST', '/account/sessions/token', { userId: 'grace', secret: shown(answer) });
  assert.equal(status, 201);
  models.session({ ...body, secret: '' });
  const device = new Device();
  device.client.setSession(body.secret);
  assert.equal((await device.account.get()).$id, 'grace');
});

await check('a token made by a server signs in an app', async () => {
  const { answer } = await sent(email, () => ask('POST', '/account/tokens/magic-url', { userId: id, email }));
  const device = new Device();
  const session = await device.account.createSession(id, shown(answer));
  models.session(session);
  assert.equal((await device.account.get()).$id, id);
});

await check('the key is no account', async () => {
  const { status, body } = await ask('PATCH', '/account/name', { name: 'Mallory' });
  assert.deepEqual([status, body.type], [401, 'general_unauthorized_scope']);
  models.error(body);
});

await check('a wrong key is refused, not overlooked', async () => {
  const { status, body } = await ask('POST', '/account/tokens/email', { userId: id, email }, { 'x-appwrite-key': `${key}x` });
  assert.deepEqual([status, body.type], [401, 'user_unauthorized']);
  const device = new Device();
  device.client.headers['X-Appwrite-Key'] = 'wrong';
  await refused(() => device.account.createAnonymousSession(), 401, 'user_unauthorized');
});
