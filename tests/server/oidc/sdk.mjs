// The two operations of the published SDK that lead to a provider: what an app opens in its phone's browser, and what comes
// back to it.

import assert from 'node:assert/strict';
import { Device, server, sessionCookie } from '../sdk/device.mjs';
import { about, empty, hour, refused, year } from '../sdk/expect.mjs';
import * as models from '../sdk/models.mjs';
import { check } from '../sdk/tap.mjs';
import { close, done, failed, told, Visitor } from './browser.mjs';
import { Provider } from './provider.mjs';

const provider = await Provider.start();
const phone = new Device();
const app = 'appwrite-callback-default://localhost';
const pages = `${server}/v1/account/sessions/oauth2/complete`;
let id;

await check('createOAuth2Token leads to the provider and back to the app, where createSession signs in', async () => {
  const start = phone.account.createOAuth2Token('oidc', `${app}/in`, `${app}/failed`, ['offline_access']);
  assert.equal(`${start.origin}${start.pathname}`, `${server}/v1/account/tokens/oauth2/oidc`);
  const browser = await Visitor.arrive();
  const back = await browser.signInToApp('ada', { start });
  assert.ok(back.href.startsWith(`${app}/in?`), back.href);
  assert.deepEqual([...back.searchParams.keys()], ['userId', 'secret']);
  id = back.searchParams.get('userId');
  const session = await phone.account.createSession(id, back.searchParams.get('secret'));
  models.session(session);
  about(session.expire, year);
  assert.deepEqual([session.userId, session.provider, session.current], [id, 'oauth2', true]);
  const user = await phone.account.get();
  models.user(user);
  assert.deepEqual([user.$id, user.name, user.email, user.emailVerification], [id, 'Ada', 'ada@example.com', true]);
  await browser.leave();
});

await check('listIdentities shows what was linked', async () => {
  const listed = await phone.account.listIdentities();
  models.identityList(listed);
  assert.equal(listed.total, 1);
  const [{ userId, provider: by, providerUid, providerEmail, providerAccessTokenExpiry }] = listed.identities;
  assert.deepEqual([userId, by, providerUid, providerEmail], [id, 'oidc', 'ada', 'ada@example.com']);
  about(providerAccessTokenExpiry, hour);
});

await check('an app that names no page is handed what it needs by the last page', async () => {
  const start = phone.account.createOAuth2Token('oidc');
  const browser = await Visitor.arrive();
  const tablet = new Device();
  const back = await browser.signInToApp('ada', { start });
  assert.deepEqual([...back.searchParams.keys()], ['userId', 'secret', 'project']);
  await tablet.account.createSession(back.searchParams.get('userId'), back.searchParams.get('secret'));
  assert.equal((await tablet.account.get()).$id, id);
  // Phones let a page open an app without a press, or do not.
  const link = browser.page.getByRole('link', { name: 'Back to the app' });
  assert.equal(await link.getAttribute('href'), back.href);
  assert.ok(await link.isVisible());
  assert.equal(await browser.page.textContent('h1'), 'Almost there');
  assert.equal(browser.page.url(), `${pages}/success`, 'the secret leaves the address');
  await browser.leave();
});

await check('createOAuth2Session hands the session of the browser over to the app', async () => {
  const start = phone.account.createOAuth2Session('oidc');
  assert.equal(start.pathname, '/v1/account/sessions/oauth2/oidc');
  const browser = await Visitor.arrive();
  const back = await browser.signInToApp('ada', { start });
  const { project, domain, key, secret } = Object.fromEntries(back.searchParams);
  assert.deepEqual([project, domain, key], ['default', 'localhost', sessionCookie]);
  assert.equal(decodeURIComponent((await browser.cookies())[sessionCookie].value), secret);
  const tablet = new Device();
  tablet.client.setSession(secret);
  const session = await tablet.account.getSession('current');
  models.session(session);
  assert.deepEqual([session.userId, session.provider, session.factors], [id, 'oidc', ['email', 'oauth2']]);
  await browser.leave();
});

await check('in a web app createOAuth2Session ends at the page that it named', async () => {
  const browser = await Visitor.arrive();
  const start = phone.account.createOAuth2Session('oidc', done, failed).href;
  assert.equal((await browser.signIn('ada', { start })).href, done);
  assert.equal((await browser.account()).user.$id, id);
  told(await browser.signIn('bob', { start, answer: 'deny' }), 'user_oauth2_provider_error', 424);
  await browser.leave();
});

await check('an app hears of a failure, at its own page or by the last one', async () => {
  const named = phone.account.createOAuth2Token('oidc', app, `${app}/failed`);
  for (const [start, where, keys] of [
    [named, `${app}/failed?`, ['error']],
    [phone.account.createOAuth2Token('oidc'), 'appwrite-callback-default:///?', ['project', 'error']],
    [phone.account.createOAuth2Session('oidc'), 'appwrite-callback-default:///?', ['project', 'error']],
  ]) {
    const browser = await Visitor.arrive();
    const back = await browser.signInToApp('bob', { start, answer: 'deny' });
    assert.ok(back.href.startsWith(where), back.href);
    assert.deepEqual([...back.searchParams.keys()], keys);
    const { type, code } = JSON.parse(back.searchParams.get('error'));
    assert.deepEqual([type, code], ['user_oauth2_provider_error', 424]);
    assert.equal((await browser.cookies())[sessionCookie], undefined);
    if (start !== named) assert.equal(await browser.page.textContent('h1'), 'Sign-in failed');
    await browser.leave();
  }
});

await check('a page that is not allowed is no place to begin from', async () => {
  const browser = await Visitor.arrive();
  const start = phone.account.createOAuth2Token('oidc', 'https://evil.example/', failed);
  const { status, text } = await browser.open(start);
  models.error(JSON.parse(text));
  assert.deepEqual([status, JSON.parse(text).type], [400, 'general_argument_invalid']);
  await browser.leave();
});

await check('deleteIdentity unlinks, and the provider links anew at the next sign-in', async () => {
  const { identities } = await phone.account.listIdentities();
  await phone.account.deleteIdentity(identities[0].$id);
  empty(phone);
  models.identityList(await phone.account.listIdentities());
  assert.deepEqual(await phone.account.listIdentities(), { total: 0, identities: [] });
  await refused(() => phone.account.deleteIdentity(identities[0].$id), 404, 'user_identity_not_found');
  const { sessions } = await phone.account.listSessions();
  assert.deepEqual(sessions.map(({ current }) => current), [true], 'what the identity began has ended');
  const browser = await Visitor.arrive();
  const back = await browser.signInToApp('ada', { start: phone.account.createOAuth2Token('oidc', app, `${app}/failed`) });
  assert.equal(back.searchParams.get('userId'), id);
  assert.equal((await phone.account.listIdentities()).total, 1);
  await browser.leave();
});

await provider.close();
await close();
