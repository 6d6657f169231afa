// The activity log, identities and push targets.

import assert from 'node:assert/strict';
import { ID, Query } from 'react-native-appwrite';
import { Device } from './device.mjs';
import { empty, refused } from './expect.mjs';
import * as models from './models.mjs';
import { check } from './tap.mjs';

const email = 'ada@example.com';
const password = 'violet-anvil-71';
const phone = new Device();
const stranger = new Device();
const id = ID.unique();

await check('listLogs answers what happened, newest first', async () => {
  await phone.account.create(id, email, password, 'Ada');
  await phone.account.createEmailPasswordSession(email, password);
  await phone.account.updateName('Ada Lovelace');
  const listed = await phone.account.listLogs();
  assert.equal(phone.last.status, 200);
  models.logList(listed);
  assert.equal(listed.total, 3);
  assert.deepEqual(
    listed.logs.map((log) => log.event),
    ['user.update', 'session.create', 'user.create'],
  );
  for (const log of listed.logs) assert.deepEqual([log.userId, log.userEmail], [id, email]);
});

await check('listLogs pages with limit and offset, and still counts all', async () => {
  const page = await phone.account.listLogs([Query.limit(1), Query.offset(1)]);
  models.logList(page);
  assert.equal(page.total, 3);
  assert.deepEqual(
    page.logs.map((log) => log.event),
    ['session.create'],
  );
});

await check('listLogs takes no other query', async () => {
  await refused(() => phone.account.listLogs([Query.equal('event', 'user.create')]), 400, 'general_argument_invalid');
});

await check('listIdentities answers none for an account without OAuth2', async () => {
  const listed = await phone.account.listIdentities();
  models.identityList(listed);
  assert.deepEqual(listed, { total: 0, identities: [] });
  const filtered = await phone.account.listIdentities([Query.equal('provider', 'github'), Query.limit(5)]);
  assert.deepEqual(filtered, { total: 0, identities: [] });
});

await check('deleteIdentity of an unknown one is 404', async () => {
  await refused(() => phone.account.deleteIdentity('unknown'), 404, 'user_identity_not_found');
});

const targetId = ID.unique();

await check('createPushTarget adds a target', async () => {
  const target = await phone.account.createPushTarget(targetId, 'registration-1', 'fcm');
  assert.equal(phone.last.status, 201);
  models.target(target);
  assert.deepEqual(
    [target.$id, target.userId, target.providerId, target.providerType, target.identifier, target.expired],
    [targetId, id, 'fcm', 'push', 'registration-1', false],
  );
  assert.match(target.name, / /);
});

await check('createPushTarget without a provider answers null for it', async () => {
  const target = await phone.account.createPushTarget(ID.unique(), 'registration-2');
  models.target(target);
  assert.equal(target.providerId, null);
});

await check('get lists the targets of every kind', async () => {
  const user = await phone.account.get();
  models.user(user);
  assert.deepEqual(
    user.targets.map((target) => `${target.providerType} ${target.identifier}`).sort(),
    [`email ${email}`, 'push registration-1', 'push registration-2'],
  );
});

await check('a target id or device token can be taken only once', async () => {
  const type = 'user_target_already_exists';
  await refused(() => phone.account.createPushTarget(targetId, 'registration-3'), 409, type);
  await refused(() => phone.account.createPushTarget(ID.unique(), 'registration-1'), 409, type);
});

await check('updatePushTarget changes the device token', async () => {
  const target = await phone.account.updatePushTarget(targetId, 'registration-4');
  assert.equal(phone.last.status, 200);
  models.target(target);
  assert.deepEqual([target.$id, target.identifier, target.expired], [targetId, 'registration-4', false]);
});

await check('targets of others, and e-mail targets, cannot be touched', async () => {
  const type = 'user_target_not_found';
  await stranger.account.createAnonymousSession();
  await refused(() => stranger.account.updatePushTarget(targetId, 'registration-5'), 404, type);
  await refused(() => stranger.account.deletePushTarget(targetId), 404, type);
  const { targets } = await phone.account.get();
  const mailbox = targets.find((target) => target.providerType === 'email');
  await refused(() => phone.account.updatePushTarget(mailbox.$id, 'mallory@example.com'), 404, type);
  await refused(() => phone.account.deletePushTarget(mailbox.$id), 404, type);
});

await check('deletePushTarget removes it', async () => {
  await phone.account.deletePushTarget(targetId);
  empty(phone);
  await refused(() => phone.account.deletePushTarget(targetId), 404, 'user_target_not_found');
});

await check('push targets go with the session that made them', async () => {
  await phone.account.deleteSession('current');
  await phone.account.createEmailPasswordSession(email, password);
  const { targets } = await phone.account.get();
  assert.deepEqual(
    targets.map((target) => target.providerType),
    ['email'],
  );
});
