// Answers that are not to be believed: id_tokens, user info, callbacks and codes of somebody else, or used before.

import assert from 'node:assert/strict';
import { base64url, SignJWT, UnsecuredJWT } from 'jose';
import * as models from '../sdk/models.mjs';
import { check } from '../sdk/tap.mjs';
import { close, done, session, token, told, Visitor } from './browser.mjs';
import { clientSecret, key, Provider } from './provider.mjs';

const provider = await Provider.start({ authentication: 'client_secret_basic' });
const stranger = await key(provider.key.id);
const ada = await Visitor.arrive();
const minute = 60;
let before;

/** Runs `action` in a browser of its own, which must end without a session; nor may anything about Ada have changed. */
async function inVain(action) {
  const visitor = await Visitor.arrive();
  await action(visitor);
  assert.equal((await visitor.cookies()).a_session_default, undefined);
  assert.equal((await visitor.ask('GET', '/account')).status, 401);
  assert.deepEqual(await ada.account(), before);
  await visitor.leave();
}

/** Expects the browser to be told by the API itself, because nothing says whose flow it was. */
function unknownFlow({ status, text }) {
  const body = JSON.parse(text);
  models.error(body);
  assert.deepEqual([status, body.type], [400, 'user_oauth2_bad_request']);
}

await check('a discovery document of another issuer leads nowhere, and is not kept', async () => {
  const visitor = await Visitor.arrive();
  await provider.lying({ discovery: { issuer: 'https://evil.example' } }, async () => {
    told(await visitor.signIn('ada'), 'user_oauth2_provider_error', 424);
  });
  assert.deepEqual(await visitor.cookies(), {});
  await visitor.leave();
  assert.equal((await ada.signIn('ada')).href, done);
  before = await ada.account();
  assert.equal(before.sessions.length, 1);
});

const now = () => Math.floor(Date.now() / 1000);
const hmac = (claims) =>
  new SignJWT(claims).setProtectedHeader({ alg: 'HS256' }).sign(new TextEncoder().encode(clientSecret.padEnd(32)));
const edited = (claims) =>
  provider.signed({ ...claims, sub: 'eve' }).then((other) => {
    const [head, , signature] = other.split('.');
    return [head, base64url.encode(JSON.stringify(claims)), signature].join('.');
  });

for (const [what, [reason, idToken]] of Object.entries({
  'without a nonce': ['nonce', ({ nonce, ...claims }) => provider.signed(claims)],
  'with another nonce': ['nonce', (claims) => provider.signed({ ...claims, nonce: 'a'.repeat(claims.nonce.length) })],
  'of another issuer': ['issuer', (claims) => provider.signed({ ...claims, iss: 'https://evil.example' })],
  'for another client': ['audience', (claims) => provider.signed({ ...claims, aud: 'other' })],
  'for any of two clients': ['audience', (claims) => provider.signed({ ...claims, aud: [claims.aud, 'other'] })],
  'that is too old': ['expired', (claims) => provider.signed({ ...claims, exp: now() - 2 * minute })],
  'of the future': ['time of issue', (claims) => provider.signed({ ...claims, iat: now() + 2 * minute })],
  'without a subject': ['subject', ({ sub, ...claims }) => provider.signed(claims)],
  'of another subject than the user info': ['subject', (claims) => provider.signed({ ...claims, sub: 'eve' })],
  'that is not signed': ['algorithm', (claims) => new UnsecuredJWT(claims).encode()],
  'signed with the client secret': ['algorithm', hmac],
  'signed by a stranger under the name of the key': ['signature', (claims) => provider.signed(claims, stranger)],
  'that was changed after it was signed': ['signature', edited],
  'that is none': ['malformed', () => 'none'],
})) {
  await check(`an id_token ${what} is refused`, () =>
    provider.lying({ idToken }, () =>
      inVain(async (visitor) => {
        const error = told(await visitor.signIn('ada'), 'user_oauth2_provider_error', 424);
        assert.match(error.message, new RegExp(`the id_token was refused: .*${reason}`));
      }),
    ),
  );
}

await check('user info of another subject is refused', () =>
  provider.lying({ userinfo: { sub: 'eve', email: 'ada@example.com' } }, () =>
    inVain(async (visitor) => {
      told(await visitor.signIn('eve-at-work'), 'user_oauth2_provider_error', 424);
    }),
  ),
);

await check('a callback that names another issuer, or none, never reaches the token endpoint', () =>
  inVain(async (visitor) => {
    for (const change of [(query) => query.set('iss', 'https://evil.example'), (query) => query.delete('iss')]) {
      const back = await visitor.callback('ada');
      change(back.searchParams);
      const exchanges = provider.count('token');
      told((await visitor.open(back)).url, 'user_oauth2_provider_error', 424);
      assert.equal(provider.count('token'), exchanges);
    }
  }),
);

await check('a callback in a browser that began nothing, or with a state of its own making, reaches nobody', () =>
  inVain(async (visitor) => {
    const eve = await Visitor.arrive();
    const back = await eve.callback('eve');
    await eve.leave();
    const exchanges = provider.count('token');
    unknownFlow(await visitor.open(back));
    await visitor.callback('ada');
    unknownFlow(await visitor.open(back));
    back.searchParams.delete('state');
    unknownFlow(await visitor.open(back));
    assert.equal(provider.count('token'), exchanges);
  }),
);

await check('a code that somebody else got is refused by its challenge', () =>
  inVain(async (visitor) => {
    const eve = await Visitor.arrive();
    const stolen = await ada.callback('ada', token());
    const own = await eve.callback('eve');
    own.searchParams.set('code', stolen.searchParams.get('code'));
    told((await eve.open(own)).url, 'user_oauth2_bad_request', 400);
    assert.deepEqual(await eve.cookies(), {});
    await eve.leave();
  }),
);

for (const [flow, start] of Object.entries({ session, token })) {
  await check(`a callback is good once, for a ${flow}`, async () => {
    const visitor = await Visitor.arrive();
    const back = await visitor.callback('ada', start());
    const kept = await visitor.flow();
    const { url } = await visitor.open(back);
    assert.equal(url.pathname, '/done');
    await visitor.context.clearCookies({ name: 'a_session_default' });
    before = await ada.account();
    unknownFlow(await visitor.open(back));
    await visitor.leave();

    // As if the browser had kept what it was told to forget.
    await inVain(async (again) => {
      await again.context.addCookies([kept]);
      told((await again.open(back)).url, 'user_oauth2_bad_request', 400);
      assert.equal(await again.flow(), undefined);
    });
  });

  await check(`a code that was redeemed is worth nothing in another flow, for a ${flow}`, async () => {
    const visitor = await Visitor.arrive();
    const used = await visitor.callback('ada', start());
    await visitor.open(used);
    await visitor.leave();
    before = await ada.account();
    await inVain(async (again) => {
      const fresh = await again.callback('ada', start());
      fresh.searchParams.set('code', used.searchParams.get('code'));
      told((await again.open(fresh)).url, 'user_oauth2_bad_request', 400);
    });
  });
}

await check('whoever came in vain so far is as new as anybody', async () => {
  const moment = Date.now();
  for (const login of ['eve', 'eve-at-work']) {
    const visitor = await Visitor.arrive();
    assert.equal((await visitor.signIn(login)).href, done);
    const { user, logs } = await visitor.account();
    assert.ok(Date.parse(user.registration) >= moment, user.registration);
    assert.deepEqual(logs.map(({ event }) => event).sort(), ['identity.create', 'session.create', 'user.create']);
    await visitor.leave();
  }
});

await provider.close();
await close();
