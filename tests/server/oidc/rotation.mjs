// A provider that changes its key: whoever signs in next is let in, and what the old key signs is worth nothing.

import assert from 'node:assert/strict';
import { check } from '../sdk/tap.mjs';
import { close, done, told, Visitor } from './browser.mjs';
import { key, Provider } from './provider.mjs';

const provider = await Provider.start();
const old = provider.key;

async function signIn(login) {
  const visitor = await Visitor.arrive();
  const end = await visitor.signIn(login);
  return { visitor, end };
}

await check('the keys of the provider are fetched for the first sign-in alone', async () => {
  for (const login of ['ada', 'bob']) {
    const { visitor, end } = await signIn(login);
    assert.equal(end.href, done);
    await visitor.leave();
  }
  assert.deepEqual([provider.count('discovery'), provider.count('jwks')], [1, 1]);
});

await check('after a change of keys the next sign-in fetches them once, and succeeds', async () => {
  await provider.restart(await key('second'));
  for (const login of ['ada', 'bob']) {
    const { visitor, end } = await signIn(login);
    assert.equal(end.href, done);
    assert.equal((await visitor.account()).user.email, `${login}@example.com`);
    await visitor.leave();
  }
  assert.equal(provider.count('jwks'), 2);
});

for (const [what, signer] of [
  ['by its old name', old],
  ['by the name of the new one', { ...old, id: 'second' }],
]) {
  await check(`a token of the old key ${what} is refused, and makes nobody fetch the keys`, async () => {
    const idToken = (claims) => provider.signed(claims, signer);
    const { visitor, end } = await provider.lying({ idToken }, () => signIn('ada'));
    told(end, 'user_oauth2_provider_error', 424);
    assert.deepEqual(await visitor.cookies(), {});
    assert.equal(provider.count('jwks'), 2);
    await visitor.leave();
  });
}

await check('the new key is as good as before', async () => {
  const { visitor, end } = await signIn('ada');
  assert.equal(end.href, done);
  assert.equal(provider.count('jwks'), 2);
  await visitor.leave();
});

await provider.close();
await close();
