// What several scenarios expect of a reply.

import assert from 'node:assert/strict';
import { AppwriteException } from 'react-native-appwrite';
import * as models from './models.mjs';

/** Expects `action` to be refused with this status and type, in the API's error shape; answers the exception. */
export async function refused(action, status, type) {
  const failure = await action().then(
    (value) => assert.fail(`refused with ${type}, but it answered ${JSON.stringify(value)}`),
    (thrown) => thrown,
  );
  assert.ok(failure instanceof AppwriteException, `an exception of the SDK, not ${failure.stack}`);
  assert.deepEqual([failure.code, failure.type], [status, type], failure.message);
  models.error(failure.response);
  assert.equal(failure.response.code, status);
  return failure;
}

/** Expects that this device is not, or no longer, signed in. */
export function guest(device) {
  return refused(() => device.account.get(), 401, 'general_unauthorized_scope');
}

/** Expects the last reply to be 204 with nothing in it. */
export function empty(device) {
  assert.equal(device.last.status, 204);
  assert.equal(device.last.text, '');
  assert.equal(device.last.headers.get('content-type'), null, 'the SDK would parse an empty body of a JSON type');
}

/** Expects a time at most a minute away from `seconds` after now. */
export function about(time, seconds) {
  models.date(time, 'time');
  const error = Math.abs(Date.parse(time) - Date.now() - seconds * 1000);
  assert.ok(error < 60_000, `${time} is about ${seconds} s from now`);
}

export const year = 365 * 24 * 3600;
export const week = 7 * 24 * 3600;
export const hour = 3600;
export const quarter = 900;
