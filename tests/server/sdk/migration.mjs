// The profile for those who come from Appwrite 1.6, where it differs from the default.

import assert from 'node:assert/strict';
import { ID } from 'react-native-appwrite';
import { Device, application, project, server } from './device.mjs';
import { guest, refused } from './expect.mjs';
import * as models from './models.mjs';
import { outbox, redeemable, sent } from './outbox.mjs';
import { check } from './tap.mjs';

const email = 'ada@example.com';
const page = 'http://localhost/reset';
const phone = new Device();
const desktop = new Device();
const id = ID.unique();

await check('a common password and one with personal data are taken', async () => {
  models.user(await phone.account.create(id, email, 'password123', 'Ada'));
  models.user(await desktop.account.create('bob', 'bob@example.com', 'bob@example.com', 'Bob'));
  await phone.account.createEmailPasswordSession(email, 'password123');
  await desktop.account.createEmailPasswordSession(email, 'password123');
});

await check('a change of the password leaves other sessions alone', async () => {
  models.user(await phone.account.updatePassword('violet-anvil-71', 'password123'));
  assert.equal((await desktop.account.get()).$id, id);
  models.user(await phone.account.updateMFA(true));
  models.user(await phone.account.updateMFA(false));
  assert.equal((await desktop.account.get()).$id, id);
});

await check('createRecovery tells of an unknown address', async () => {
  const caller = new Device();
  await refused(() => caller.account.createRecovery('nobody@example.com', page), 404, 'user_not_found');
  assert.deepEqual(await outbox('nobody@example.com'), []);
});

await check('what redeems a link tells of an unknown account', async () => {
  const caller = new Device();
  await refused(() => caller.account.updateRecovery('nobody', 'secret', 'violet-anvil-71'), 404, 'user_not_found');
  await refused(() => caller.account.updateVerification('nobody', 'secret'), 404, 'user_not_found');
  await refused(() => caller.account.updateRecovery(id, 'secret', 'violet-anvil-71'), 401, 'user_invalid_token');
  await refused(() => caller.account.updateVerification(id, 'secret'), 401, 'user_invalid_token');
});

await check('a sign-in does not tell', async () => {
  const caller = new Device();
  await refused(() => caller.account.createSession('nobody', '123456'), 401, 'user_invalid_token');
  const signIn = () => caller.account.createEmailPasswordSession('nobody@example.com', 'violet-anvil-71');
  await refused(signIn, 401, 'user_invalid_credentials');
});

await check('updateRecovery takes any password of eight characters', async () => {
  const { message } = await sent(email, () => new Device().account.createRecovery(email, page));
  models.token(await new Device().account.updateRecovery(...redeemable(message), 'password'));
  const caller = new Device();
  assert.equal((await caller.account.createEmailPasswordSession(email, 'password')).userId, id);
});

await check('form bodies are read', async () => {
  const send = (type, body) =>
    fetch(`${server}/v1/account/recovery`, {
      method: 'POST',
      headers: { 'content-type': type, 'x-appwrite-project': project, origin: `appwrite-android://${application}` },
      body,
    });
  const response = await send('application/x-www-form-urlencoded', new URLSearchParams({ email, url: page }).toString());
  assert.equal(response.status, 201);
  const token = await response.json();
  models.token(token);
  assert.equal(token.userId, id);
});

await check('a blocked account is told so', async () => {
  const caller = new Device();
  await caller.account.createEmailPasswordSession(email, 'password');
  await caller.account.updateStatus();
  await guest(caller);
  await refused(() => caller.account.createRecovery(email, page), 401, 'user_blocked');
});
