// The page behind a sign-in link for which the app named no page: its script, in a browser reduced to what it uses.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import vm from 'node:vm';
import { ID } from 'react-native-appwrite';
import { Device, server } from './device.mjs';
import { refused } from './expect.mjs';
import * as models from './models.mjs';
import { link as linkIn, sent } from './outbox.mjs';
import { check } from './tap.mjs';

const email = 'ada@example.com';
const phone = new Device();
const desktop = new Device();

/** Opens a link as a browser does, and runs what its policy lets run. */
async function open(device, link) {
  const url = new URL(link);
  const response = await device.fetch(url);
  assert.equal(response.status, 200);
  const html = await response.text();
  const policy = response.headers.get('content-security-policy');
  const inner = (element) => html.split(`<${element}>`)[1].split(`</${element}>`)[0];
  for (const element of ['script', 'style']) {
    const digest = createHash('sha256').update(inner(element)).digest('base64');
    assert.ok(policy.includes(`${element}-src 'sha256-${digest}'`), `the policy lets the page's ${element} be`);
  }
  const elements = { notice: { textContent: '' }, go: { addEventListener: (_, press) => (elements.go.press = press) } };
  const page = { asked: [], address: url.href, elements };
  vm.runInNewContext(inner('script'), {
    document: { getElementById: (id) => elements[id] },
    location: url,
    history: { replaceState: (_state, _title, path) => (page.address = new URL(path, url).href) },
    URLSearchParams,
    fetch: (path, options) => {
      page.asked.push(path);
      const headers = { ...options.headers, origin: url.origin };
      return device.fetch(new URL(path, url), { ...options, headers });
    },
  });
  return page;
}

async function link() {
  const { answer, message } = await sent(email, () => phone.account.createMagicURLToken(ID.unique(), email));
  models.token(answer);
  return linkIn(message).href;
}

let first;

await check('opening the link does nothing', async () => {
  first = await link();
  assert.ok(first.startsWith(`${server}/v1/account/sessions/magic-url/complete?userId=`), first);
  const page = await open(desktop, first);
  assert.deepEqual([page.asked, page.address], [[], first]);
  await refused(() => desktop.account.get(), 401, 'general_unauthorized_scope');
});

await check('pressing its button signs in, and the secret leaves the address', async () => {
  const page = await open(desktop, first);
  await page.elements.go.press();
  assert.match(page.elements.notice.textContent, /signed in/);
  assert.deepEqual([page.elements.go.hidden, page.address], [true, first.split('?')[0]]);
  assert.equal((await desktop.account.get()).email, email);
});

await check('a link that was used says so', async () => {
  const page = await open(new Device(), first);
  await page.elements.go.press();
  assert.match(page.elements.notice.textContent, /used already/);
});

await check('a link is good for a button that is pressed again after a failure', async () => {
  const tablet = new Device();
  const page = await open(tablet, await link());
  const { fetch } = tablet;
  tablet.fetch = () => Promise.reject(new TypeError('network error'));
  await page.elements.go.press();
  assert.match(page.elements.notice.textContent, /try again/);
  assert.equal(page.elements.go.disabled, false);
  tablet.fetch = fetch;
  await page.elements.go.press();
  assert.equal((await tablet.account.get()).email, email);
});

await check('an incomplete link is told at once', async () => {
  const page = await open(new Device(), first.split('&')[0]);
  assert.match(page.elements.notice.textContent, /incomplete/);
  assert.equal(page.elements.go.hidden, true);
});
