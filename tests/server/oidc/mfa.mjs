// An account with a second factor owes it after a sign-in by a provider too, in both flows.

import assert from 'node:assert/strict';
import { Authenticator } from '../sdk/authenticator.mjs';
import { code, sent } from '../sdk/outbox.mjs';
import { check } from '../sdk/tap.mjs';
import { close, done, session, token, Visitor } from './browser.mjs';
import { Provider } from './provider.mjs';

const provider = await Provider.start();
const ada = await Visitor.arrive();
let app;
let codes;

/** A request that must succeed. */
async function ask(visitor, method, path, data) {
  const { status, body } = await visitor.ask(method, path, data);
  assert.ok(status < 300, JSON.stringify(body));
  return body;
}

async function owes(visitor) {
  const { status, body } = await visitor.ask('GET', '/account');
  assert.deepEqual([status, body.type], [401, 'user_more_factors_required']);
}

await check('somebody who came by the provider adds a second factor', async () => {
  assert.equal((await ada.signIn('ada')).href, done);
  app = new Authenticator((await ask(ada, 'POST', '/account/mfa/authenticators/totp')).uri);
  await ask(ada, 'PUT', '/account/mfa/authenticators/totp', { otp: app.next() });
  codes = (await ask(ada, 'POST', '/account/mfa/recovery-codes')).recoveryCodes;
  assert.equal((await ask(ada, 'PATCH', '/account/mfa', { mfa: true })).mfa, true);
  assert.equal((await ask(ada, 'GET', '/account')).email, 'ada@example.com');
});

for (const [flow, start, factor, otp] of [
  ['session', session, 'totp', () => app.next()],
  ['token', token, 'recoverycode', () => codes.shift()],
]) {
  await check(`the ${flow} flow is one factor of two`, async () => {
    const visitor = await Visitor.arrive();
    const end = await visitor.signIn('ada', { start: start() });
    if (flow === 'token') {
      const { userId, secret } = Object.fromEntries(end.searchParams);
      await ask(visitor, 'POST', '/account/sessions/token', { userId, secret });
    }
    await owes(visitor);
    // The provider has vouched for the mailbox, so that what is sent there proves nothing more.
    const byEmail = () => ask(visitor, 'POST', '/account/mfa/challenge', { factor: 'email' });
    const { answer, message } = await sent('ada@example.com', byEmail);
    const byMail = { challengeId: answer.$id, otp: code(message) };
    assert.equal((await visitor.ask('PUT', '/account/mfa/challenge', byMail)).status, 200);
    await owes(visitor);
    const { $id: challengeId } = await ask(visitor, 'POST', '/account/mfa/challenge', { factor });
    await ask(visitor, 'PUT', '/account/mfa/challenge', { challengeId, otp: otp() });
    assert.equal((await ask(visitor, 'GET', '/account')).email, 'ada@example.com');
    await visitor.leave();
  });
}

await provider.close();
await close();
