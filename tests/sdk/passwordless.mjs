// Sign-in by mailed link, mailed code and texted code, proof of addresses, and recovery.

import assert from 'node:assert/strict';
import { ID } from 'react-native-appwrite';
import { Device, server } from './device.mjs';
import { about, guest, refused } from './expect.mjs';
import * as models from './models.mjs';
import { sentCode, sentLink } from './outbox.mjs';
import { check } from './tap.mjs';

const email = 'ada@example.com';
const number = '+16175551212';
const page = 'com.example.notes:/return';
const ada = ID.unique();
let device = new Device();

const secretOf = (link) => link.searchParams.get('secret');

await check('createEmailToken mails a code, and createSession takes it once', async () => {
  const { answer, code } = await sentCode(email, () => device.account.createEmailToken(ada, email, true));
  models.token(answer);
  assert.equal(answer.userId, ada);
  assert.match(answer.phrase, /^[A-Z][a-z]+ [a-z]+$/);
  about(answer.expire, 15 * 60);
  await refused(() => device.account.createSession(ada, code === '000000' ? '000001' : '000000'), 401, 'user_invalid_token');
  const session = await device.account.createSession(ada, code);
  models.session(session);
  assert.deepEqual([session.provider, session.factors, session.current], ['token', ['email'], true]);
  assert.equal((await device.account.get()).emailVerification, true);
  await refused(() => new Device().account.createSession(ada, code), 401, 'user_invalid_token');
});

await check('createMagicURLToken mails a link to the page that it names', async () => {
  device = new Device();
  const ask = () => device.account.createMagicURLToken(ID.unique(), email, page);
  const { answer, link } = await sentLink(email, ask);
  models.token(answer);
  assert.equal(answer.userId, ada, 'the account of this address');
  about(answer.expire, 3600);
  assert.ok(link.href.startsWith(`${page}?`), link.href);
  assert.deepEqual([...link.searchParams.keys()], ['userId', 'secret', 'expire', 'project']);
  assert.equal(Date.parse(link.searchParams.get('expire')), Date.parse(answer.expire));
  const session = await device.account.updateMagicURLSession(link.searchParams.get('userId'), secretOf(link));
  models.session(session);
  assert.equal(session.provider, 'magic-url');
});

await check('a link without page leads to the one of the server', async () => {
  for (const url of [undefined, '']) {
    const { link } = await sentLink(email, () => new Device().account.createMagicURLToken(ada, email, url));
    assert.equal(`${link.origin}${link.pathname}`, `${server}/v1/account/sessions/magic-url/complete`);
  }
  const foreign = () => new Device().account.createMagicURLToken(ada, email, 'https://evil.example/');
  await refused(foreign, 400, 'general_argument_invalid');
});

await check('createPhoneToken texts a code, and updatePhoneSession takes it', async () => {
  const visitor = new Device();
  const { answer, code } = await sentCode(number, () => visitor.account.createPhoneToken(ID.unique(), number));
  models.token(answer);
  about(answer.expire, 15 * 60);
  const session = await visitor.account.updatePhoneSession(answer.userId, code);
  models.session(session);
  assert.deepEqual([session.provider, session.factors], ['phone', ['phone']]);
  const user = await visitor.account.get();
  assert.deepEqual([user.phone, user.phoneVerification], [number, true]);
});

await check('createVerification and updateVerification prove an address', async () => {
  const [owner, mailbox] = [new Device(), 'grace@example.com'];
  await owner.account.create(ID.unique(), mailbox, 'violet-anvil-71');
  await owner.account.createEmailPasswordSession(mailbox, 'violet-anvil-71');
  const { answer, link } = await sentLink(mailbox, () => owner.account.createVerification(page));
  models.token(answer);
  about(answer.expire, 7 * 24 * 3600);
  assert.deepEqual([...link.searchParams.keys()], ['userId', 'secret', 'expire']);
  models.token(await new Device().account.updateVerification(answer.userId, secretOf(link)));
  assert.equal((await owner.account.get()).emailVerification, true);
  await refused(() => owner.account.createVerification(page), 409, 'user_email_already_verified');
});

await check('createPhoneVerification and updatePhoneVerification prove a number', async () => {
  const own = '+16175551213';
  await refused(() => device.account.createPhoneVerification(), 400, 'user_phone_not_found');
  await device.account.updatePhone(own, 'violet-anvil-71');
  const { answer, code } = await sentCode(own, () => device.account.createPhoneVerification());
  models.token(answer);
  about(answer.expire, 15 * 60);
  await refused(() => new Device().account.updatePhoneVerification(ada, code), 401, 'user_invalid_token');
  models.token(await device.account.updatePhoneVerification(ada, code));
  assert.equal((await device.account.get()).phoneVerification, true);
});

await check('createRecovery and updateRecovery set a password and end the sessions', async () => {
  const { answer, link } = await sentLink(email, () => new Device().account.createRecovery(email, page));
  models.token(answer);
  about(answer.expire, 3600);
  models.token(await device.account.updateRecovery(ada, secretOf(link), 'copper-lantern-9'));
  assert.equal(device.session, null, 'the cookie is cleared');
  await guest(device);
  await device.account.createEmailPasswordSession(email, 'copper-lantern-9');
  const again = () => new Device().account.updateRecovery(ada, secretOf(link), 'silver-otter-35');
  await refused(again, 401, 'user_invalid_token');
});
