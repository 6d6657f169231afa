// Each operation of the SDK's `Account` is called by one of the scenarios, but for those that only lead to an OAuth2 provider:
// `tests/server/oidc` has one.

import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { Account } from 'react-native-appwrite';
import { check } from './tap.mjs';

const redirects = ['createOAuth2Session', 'createOAuth2Token'];
const operations = Object.getOwnPropertyNames(Account.prototype).filter((name) => name !== 'constructor');
const scenarios = readdirSync(new URL('.', import.meta.url))
  .filter((name) => name.endsWith('.mjs'))
  .map((name) => readFileSync(new URL(name, import.meta.url), 'utf8'))
  .join('\n');

await check('every operation is called', () => {
  assert.equal(operations.length, 47);
  const called = operations.filter((name) => new RegExp(`account\\.${name}\\(`).test(scenarios));
  assert.deepEqual(called, operations.filter((name) => !redirects.includes(name)));
});
