// A new password by mail.

import assert from 'node:assert/strict';
import { ID } from 'react-native-appwrite';
import { Device } from './device.mjs';
import { about, guest, hour, refused } from './expect.mjs';
import * as models from './models.mjs';
import { delivered, link, outbox, redeemable, sent } from './outbox.mjs';
import { check } from './tap.mjs';

const email = 'ada@example.com';
const page = 'http://localhost/reset';
const phone = new Device();
const desktop = new Device();
const id = ID.unique();

await phone.account.create(id, email, 'violet-anvil-71', 'Ada');
await phone.account.createEmailPasswordSession(email, 'violet-anvil-71');

let proof;

await check('createRecovery mails a link that is good for an hour', async () => {
  const { answer, message } = await sent(email, () => desktop.account.createRecovery('ADA@example.com', page));
  assert.equal(desktop.last.status, 201);
  models.token(answer);
  assert.equal(answer.phrase, '');
  assert.notEqual(answer.userId, id, 'who asks does not learn whether there is such an account');
  about(answer.expire, hour);
  const { origin, pathname, searchParams } = link(message);
  assert.equal(origin + pathname, page);
  assert.deepEqual([...searchParams.keys()], ['userId', 'secret', 'expire']);
  assert.deepEqual([searchParams.get('userId'), searchParams.get('expire')], [id, answer.expire]);
  proof = redeemable(message);
});

await check('the link leads to places of the app only', async () => {
  await refused(() => desktop.account.createRecovery(email, 'https://evil.example/'), 400, 'general_argument_invalid');
});

await check('an unknown address is answered like a known one, and gets no mail', async () => {
  const token = await desktop.account.createRecovery('nobody@example.com', page);
  assert.equal(desktop.last.status, 201);
  models.token(token);
  about(token.expire, hour);
  assert.deepEqual(await outbox('nobody@example.com'), []);
  const finish = () => desktop.account.updateRecovery(token.userId, 'f'.repeat(256), 'copper-lantern-58');
  await refused(finish, 401, 'user_invalid_token');
});

await check('a wrong secret is refused', async () => {
  for (const secret of ['wrong', 'f'.repeat(256)]) {
    await refused(() => desktop.account.updateRecovery(id, secret, 'copper-lantern-58'), 401, 'user_invalid_token');
  }
});

await check('a password that breaks a rule leaves the link good', async () => {
  await refused(() => desktop.account.updateRecovery(...proof, 'short'), 400, 'general_argument_invalid');
  await refused(() => desktop.account.updateRecovery(...proof, 'password123'), 400, 'general_argument_invalid');
  await refused(() => desktop.account.updateRecovery(...proof, email), 400, 'password_personal_data');
});

await check('the link signs nobody in and verifies nothing by itself', async () => {
  await refused(() => desktop.account.updateMagicURLSession(...proof), 401, 'user_invalid_token');
  await refused(() => desktop.account.updateVerification(...proof), 401, 'user_invalid_token');
});

await check('updateRecovery sets the password and ends all sessions', async () => {
  const token = await desktop.account.updateRecovery(...proof, 'copper-lantern-58');
  assert.equal(desktop.last.status, 200);
  models.token(token);
  assert.equal(token.userId, id);
  assert.equal(desktop.cookies.size, 0);
  await guest(phone);
  await guest(desktop);
});

await check('the link works once', async () => {
  await refused(() => desktop.account.updateRecovery(...proof, 'granite-sparrow-33'), 401, 'user_invalid_token');
});

await check('only the new password signs in, to an account whose address is proved', async () => {
  const old = () => phone.account.createEmailPasswordSession(email, 'violet-anvil-71');
  await refused(old, 401, 'user_invalid_credentials');
  await phone.account.createEmailPasswordSession(email, 'copper-lantern-58');
  const user = await phone.account.get();
  models.user(user);
  assert.deepEqual([user.$id, user.emailVerification], [id, true]);
  about(user.passwordUpdate, 0);
});

await check('the owner is told of the change', async () => {
  const notice = await delivered(email, (mail) => /password was changed/.test(mail.subject));
  assert.ok(!notice.text.includes('secret='));
});

await check('whoever recovers while signed in loses that session too', async () => {
  const { message } = await sent(email, () => phone.account.createRecovery(email, page));
  await phone.account.updateRecovery(...redeemable(message), 'granite-sparrow-33');
  assert.equal(phone.session, null);
  await guest(phone);
});

await check('an account that never had a password gets one', async () => {
  const caller = new Device();
  const { message } = await sent('grace@example.com', () => caller.account.createMagicURLToken(ID.unique(), 'grace@example.com'));
  const [user] = redeemable(message);
  const recovery = await sent('grace@example.com', () => caller.account.createRecovery('grace@example.com', page));
  await caller.account.updateRecovery(...redeemable(recovery.message), 'granite-sparrow-33');
  const session = await caller.account.createEmailPasswordSession('grace@example.com', 'granite-sparrow-33');
  assert.equal(session.userId, user);
});
