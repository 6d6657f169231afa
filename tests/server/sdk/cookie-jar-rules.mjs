// Proves that the cookie jar of these tests is as strict as a phone's. Needs no server.

import assert from 'node:assert/strict';
import { CookieJar } from './cookie-jar.mjs';
import { check } from './tap.mjs';

const plain = new URL('http://api.example.com/v1/account');
const secure = new URL('https://api.example.com/v1/account');

function sent(line, from, to = from) {
  const jar = new CookieJar();
  jar.store(from, [line]);
  return jar.header(to);
}

await check('Secure cookies are neither taken from nor sent over http', async () => {
  assert.equal(sent('a=1; Path=/; Secure', secure), 'a=1');
  assert.equal(sent('a=1; Path=/; Secure', secure, plain), '');
  assert.equal(sent('a=1; Path=/; Secure', plain), '');
});

await check('SameSite=None needs Secure', async () => {
  assert.equal(sent('a=1; Path=/; SameSite=None', secure), '');
  assert.equal(sent('a=1; Path=/; SameSite=None; Secure', secure), 'a=1');
});

await check('a cookie without Domain stays with its host', async () => {
  assert.equal(sent('a=1; Path=/', secure, new URL('https://www.api.example.com/')), '');
  assert.equal(sent('a=1; Path=/; Domain=.example.com', secure, new URL('https://www.example.com/')), 'a=1');
  assert.equal(sent('a=1; Path=/; Domain=other.com', secure), '');
  assert.equal(sent('a=1; Path=/; Domain=.0.0.1', new URL('http://127.0.0.1/')), '');
});

await check('Path covers what lies below it, and by default where the cookie came from', async () => {
  assert.equal(sent('a=1; Path=/v1', secure), 'a=1');
  assert.equal(sent('a=1; Path=/v', secure), '');
  assert.equal(sent('a=1', secure, new URL('https://api.example.com/dev')), '');
});

await check('Expires in the past and Max-Age=0 remove a cookie; Max-Age wins', async () => {
  const past = 'Thu, 01 Jan 1970 00:00:00 GMT';
  for (const end of [`Expires=${past}`, 'Max-Age=0', 'Max-Age=0; Expires=Fri, 01 Jan 2100 00:00:00 GMT']) {
    const jar = new CookieJar();
    jar.store(secure, ['a=1; Path=/']);
    jar.store(secure, [`a=deleted; Path=/; ${end}`]);
    assert.equal(jar.size, 0, end);
  }
  assert.equal(sent(`a=1; Path=/; Max-Age=60; Expires=${past}`, secure), 'a=1');
});
