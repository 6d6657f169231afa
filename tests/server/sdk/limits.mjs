// Request limits as the SDK meets them.

import assert from 'node:assert/strict';
import { Device } from './device.mjs';
import { refused } from './expect.mjs';
import { check } from './tap.mjs';

const phone = new Device();

await check('the eleventh extension within the hour is refused', async () => {
  await phone.account.createAnonymousSession();
  for (let remaining = 9; remaining >= 0; remaining -= 1) {
    await phone.account.updateSession('current');
    assert.equal(phone.last.headers.get('x-ratelimit-limit'), '10');
    assert.equal(phone.last.headers.get('x-ratelimit-remaining'), String(remaining));
    assert.match(phone.last.headers.get('x-ratelimit-reset'), /^\d{10}$/);
  }
  await refused(() => phone.account.updateSession('current'), 429, 'general_rate_limit_exceeded');
  assert.equal(phone.last.headers.get('x-ratelimit-remaining'), '0');
});

await check('routes without a limit say nothing about one', async () => {
  await phone.account.get();
  assert.equal(phone.last.headers.get('x-ratelimit-limit'), null);
});
