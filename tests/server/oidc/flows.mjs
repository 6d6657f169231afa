// Sign-in by an honest provider: with a session, with a token, into an account that is there, and what follows.

import assert from 'node:assert/strict';
import * as models from '../sdk/models.mjs';
import { about, hour } from '../sdk/expect.mjs';
import { check } from '../sdk/tap.mjs';
import { close, done, home, session, token, told, Visitor } from './browser.mjs';
import { callback, issuer, Provider } from './provider.mjs';

const sessionCookie = 'a_session_default';
const provider = await Provider.start();
const ada = await Visitor.arrive();
let adaId;

await check('a person signs in, and the browser is back at the app with a session', async () => {
  await ada.page.goto(home);
  await Promise.all([ada.page.waitForURL(`${issuer}/**`), ada.page.evaluate((to) => location.assign(to), session())]);
  const underway = await ada.flow();
  assert.deepEqual([underway.httpOnly, underway.sameSite], [true, 'Lax']);
  assert.equal((await ada.atProvider('ada')).href, done);
  // Neither end learns of an address on the way.
  assert.equal(provider.asked.find(({ endpoint }) => endpoint === 'authorization').referrer, '');
  assert.equal(await ada.page.evaluate(() => document.referrer), '');
  const cookies = await ada.cookies();
  assert.deepEqual(Object.keys(cookies).sort(), ['a_device_default', sessionCookie]);
  assert.deepEqual([cookies[sessionCookie].httpOnly, cookies[sessionCookie].sameSite], [true, 'Lax']);
});

await check('the account is what the provider says', async () => {
  const { user, sessions, identities } = await ada.account();
  models.user(user);
  adaId = user.$id;
  assert.deepEqual([user.name, user.email, user.emailVerification], ['Ada', 'ada@example.com', true]);
  assert.equal(sessions.length, 1);
  models.session(sessions[0]);
  const { provider: by, providerUid, providerAccessTokenExpiry, factors, clientName } = sessions[0];
  assert.deepEqual([by, providerUid, factors], ['oidc', 'ada', ['email', 'oauth2']]);
  assert.match(clientName, /Chrom/);
  about(providerAccessTokenExpiry, hour);
  models.identityList({ total: 1, identities });
  assert.deepEqual([identities[0].providerUid, identities[0].providerEmail], ['ada', 'ada@example.com']);
});

await check('the same person in another browser is the same account', async () => {
  const other = await Visitor.arrive();
  assert.equal((await other.signIn('ada')).href, done);
  assert.equal((await other.account()).user.$id, adaId);
  assert.equal((await other.ask('DELETE', '/account/sessions/current')).status, 204);
  await other.leave();
});

await check('an answer that comes as a form of the provider ends the flow as well', async () => {
  const other = await Visitor.arrive();
  const back = await other.callback('ada');
  const fields = Object.fromEntries(back.searchParams);
  await other.page.goto(`${issuer}/.well-known/openid-configuration`);
  // The browser sends it without the cookie of the flow, because it comes from another site.
  const submit = ({ action, fields }) => {
    const form = Object.assign(document.createElement('form'), { action, method: 'post' });
    for (const [name, value] of Object.entries(fields)) {
      form.append(Object.assign(document.createElement('input'), { name, value }));
    }
    document.body.append(form);
    form.submit();
  };
  await Promise.all([other.page.waitForURL(done), other.page.evaluate(submit, { action: callback, fields })]);
  assert.equal((await other.account()).user.$id, adaId);
  await other.ask('DELETE', '/account/sessions/current');
  await other.leave();
});

await check('a token flow ends with what starts a session, once', async () => {
  const other = await Visitor.arrive();
  const end = await other.signIn('ada', { start: token() });
  assert.deepEqual([...end.searchParams.keys()], ['keep', 'userId', 'secret']);
  assert.deepEqual(Object.keys(await other.cookies()), []);
  const { userId, secret } = Object.fromEntries(end.searchParams);
  assert.equal(userId, adaId);
  const { status, body } = await other.ask('POST', '/account/sessions/token', { userId, secret });
  assert.equal(status, 201, body.message);
  models.session(body);
  assert.deepEqual([body.provider, body.factors], ['oauth2', ['email']]);
  assert.equal((await other.account()).user.$id, adaId);
  await other.ask('DELETE', '/account/sessions/current');
  const again = await other.ask('POST', '/account/sessions/token', { userId, secret });
  assert.deepEqual([again.status, again.body.type], [401, 'user_invalid_token']);
  await other.leave();
});

await check('who does not allow it is led to the failure page', async () => {
  const other = await Visitor.arrive();
  const error = told(await other.signIn('bob', { answer: 'deny' }), 'user_oauth2_provider_error', 424);
  assert.match(error.message, /: the provider refused: access_denied: Not today$/);
  assert.deepEqual(Object.keys(await other.cookies()), []);
  await other.leave();
});

await check('an address that the provider does not vouch for opens no account', async () => {
  provider.people.eve = { email: 'ada@example.com', email_verified: false };
  const before = await ada.account();
  const other = await Visitor.arrive();
  told(await other.signIn('eve'), 'user_already_exists', 409);
  assert.deepEqual(Object.keys(await other.cookies()), []);
  assert.deepEqual(await ada.account(), before);
  await other.leave();
});

await check('a guest account becomes that of the person', async () => {
  const guest = await Visitor.arrive();
  const { body } = await guest.ask('POST', '/account/sessions/anonymous');
  assert.equal((await guest.signIn('grace')).href, done);
  const { user, sessions, identities } = await guest.account();
  assert.deepEqual([user.$id, user.name, user.email], [body.userId, 'Grace', 'grace@example.com']);
  assert.equal(user.emailVerification, true);
  assert.deepEqual([sessions.length, identities.length], [1, 1]);
  assert.notEqual(sessions[0].$id, body.$id);
  await guest.leave();
});

await check('an account with a password gains a provider, with a session and by a token', async () => {
  const [hopper, phone] = [await Visitor.arrive(), await Visitor.arrive()];
  const credentials = { email: 'hopper@example.com', password: 'violet-anvil-71' };
  const { body } = await hopper.ask('POST', '/account', { userId: 'hopper', name: 'Hopper', ...credentials });
  assert.equal(body.$id, 'hopper', body.message);
  await hopper.ask('POST', '/account/sessions/email', credentials);
  const end = await hopper.signIn('hopper-at-work', { start: token() });
  const { user, sessions, identities } = await hopper.account();
  assert.deepEqual([user.$id, user.name, user.email], ['hopper', 'Hopper', credentials.email]);
  assert.deepEqual([sessions.length, sessions[0].provider, identities.length], [1, 'email', 1]);
  const { userId, secret } = Object.fromEntries(end.searchParams);
  const redeemed = await phone.ask('POST', '/account/sessions/token', { userId, secret });
  assert.equal(redeemed.status, 201, redeemed.body.message);
  assert.equal((await phone.account()).user.$id, 'hopper');
  assert.equal((await hopper.signIn('hopper-at-home')).href, done);
  const linked = await hopper.account();
  assert.equal(linked.user.$id, 'hopper');
  const uids = linked.identities.map(({ providerUid }) => providerUid);
  assert.deepEqual(uids.sort(), ['hopper-at-home', 'hopper-at-work']);

  const before = [linked, await ada.account()];
  told(await hopper.signIn('ada'), 'user_already_exists', 409);
  assert.deepEqual([await hopper.account(), await ada.account()], before);
  await Promise.all([hopper.leave(), phone.leave()]);
});

await check('a flow of nobody signs in, links nothing to who has signed in meanwhile, and a link begun by somebody is theirs alone', async () => {
  const other = await Visitor.arrive();
  const back = await other.callback('mary');
  const guest = (await other.ask('POST', '/account/sessions/anonymous')).body.userId;
  assert.equal((await other.open(back)).url.href, done);
  const { user, identities } = await other.account();
  assert.notEqual(user.$id, guest);
  assert.deepEqual(identities.map(({ providerUid }) => providerUid), ['mary']);
  const linking = await other.callback('mary');
  await other.ask('DELETE', '/account/sessions/current');
  told((await other.open(linking)).url, 'user_oauth2_bad_request', 400);
  assert.equal((await other.cookies())[sessionCookie], undefined);
  await other.leave();
});

const kay = await Visitor.arrive();

await check('an extended session brings new tokens of the provider, each refresh token used once', async () => {
  await kay.signIn('kay', { start: session({ 'scopes[]': 'offline_access' }) });
  const exchanges = () => provider.asked.filter(({ grant }) => grant === 'refresh_token');
  // Of many at once one asks; the next asks by the token that that one got.
  for (const extensions of [1, 1, 5, 1]) {
    const before = exchanges().length;
    const all = Array.from({ length: extensions }, () => kay.ask('PATCH', '/account/sessions/current'));
    for (const { status, body } of await Promise.all(all)) {
      assert.equal(status, 200, body.message);
      models.session(body);
    }
    assert.ok(exchanges().length > before, 'the provider was asked');
    about((await kay.ask('GET', '/account/sessions/current')).body.providerAccessTokenExpiry, hour);
  }
  assert.deepEqual([...new Set(exchanges().map(({ status }) => status))], [200], 'no token was used twice');
});

await check('what the provider gave is shown nowhere', async () => {
  const { sessions, identities } = await kay.account();
  for (const model of [...sessions, ...identities]) {
    assert.deepEqual([model.providerAccessToken, model.providerRefreshToken], ['', '']);
  }
});

await check('where the person is known no more the extension is refused, and the session goes on', async () => {
  provider.people.kay = null;
  const { status, body } = await kay.ask('PATCH', '/account/sessions/current');
  assert.deepEqual([status, body.type], [400, 'user_oauth2_bad_request']);
  models.error(body);
  assert.equal((await kay.account()).sessions.length, 1);
});

await check('of two who come back at once with the same answer one is let in', async () => {
  const twins = await Visitor.arrive();
  const back = await twins.callback('ivy');
  const hop = await twins.context.request.get(back.href, { maxRedirects: 0 });
  const end = hop.headers().location;
  const replies = await Promise.all([1, 2].map(() => twins.context.request.get(end, { maxRedirects: 0 })));
  assert.deepEqual(replies.map((reply) => reply.status()), [302, 302]);
  const ends = replies.map((reply) => new URL(reply.headers().location));
  assert.equal(ends.filter(({ href }) => href === done).length, 1, ends.join(' '));
  told(ends.find(({ href }) => href !== done), 'user_oauth2_bad_request', 400);
  const { sessions, identities } = await twins.account();
  assert.deepEqual([sessions.length, identities.length], [1, 1]);
  await twins.leave();
});

await provider.close();
await close();
