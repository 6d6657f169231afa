// The API's models as checks: every key present, in order, none besides, each of its form.

import assert from 'node:assert/strict';

const form = (pattern) => (value, path) => {
  assert.equal(typeof value, 'string', `${path} is text`);
  assert.match(value, pattern, `${path} is ${JSON.stringify(value)}`);
};
const kind = (name) => (value, path) => assert.equal(typeof value, name, `${path} is a ${name}`);

const id = form(/^[A-Za-z0-9][A-Za-z0-9._-]{0,35}$/);
export const date = form(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00$/);
const dateOrEmpty = form(/^$|^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00$/);
const text = kind('string');
const flag = kind('boolean');
const hidden = (value, path) => assert.equal(value, '', `${path} is withheld`);
const count = (value, path) => assert.ok(Number.isInteger(value) && value >= 0, `${path} is a count`);
const textOrNull = (value, path) => value === null || text(value, path);

function object(value, path) {
  assert.ok(value !== null && typeof value === 'object' && !Array.isArray(value), `${path} is an object`);
}

function list(item) {
  return (value, path) => {
    assert.ok(Array.isArray(value), `${path} is a list`);
    value.forEach((entry, index) => item(entry, `${path}[${index}]`));
  };
}

function record(name, fields) {
  return (value, path = name) => {
    object(value, path);
    assert.deepEqual(Object.keys(value), Object.keys(fields), `the keys of ${path}, in order`);
    for (const [key, accepts] of Object.entries(fields)) accepts(value[key], `${path}.${key}`);
  };
}

/** Where a request came from; sessions and log entries carry the same fields in different places. */
const agent = {
  osCode: text,
  osName: text,
  osVersion: text,
  clientType: text,
  clientCode: text,
  clientName: text,
  clientVersion: text,
  clientEngine: text,
  clientEngineVersion: text,
  deviceName: text,
  deviceBrand: text,
  deviceModel: text,
  countryCode: form(/^([a-z]{2}|--)$/),
  countryName: form(/./),
};

export const target = record('target', {
  $id: id,
  $createdAt: date,
  $updatedAt: date,
  name: text,
  userId: id,
  providerId: textOrNull,
  providerType: form(/^(email|sms|push)$/),
  identifier: form(/./),
  expired: flag,
});

export const user = record('user', {
  $id: id,
  $createdAt: date,
  $updatedAt: date,
  name: text,
  registration: date,
  status: flag,
  labels: list(text),
  passwordUpdate: dateOrEmpty,
  email: text,
  phone: text,
  emailVerification: flag,
  phoneVerification: flag,
  mfa: flag,
  prefs: object,
  targets: list(target),
  accessedAt: date,
});

export const session = record('session', {
  $id: id,
  $createdAt: date,
  $updatedAt: date,
  userId: id,
  expire: date,
  provider: form(/./),
  providerUid: text,
  providerAccessToken: text,
  providerAccessTokenExpiry: dateOrEmpty,
  providerRefreshToken: text,
  ip: form(/^127\.0\.0\.1$/),
  ...agent,
  current: flag,
  factors: list(form(/./)),
  secret: hidden,
  mfaUpdatedAt: dateOrEmpty,
});

export const sessionList = record('sessionList', { total: count, sessions: list(session) });

export const token = record('token', {
  $id: id,
  $createdAt: date,
  userId: id,
  secret: hidden,
  expire: date,
  phrase: text,
});

export const jwt = record('jwt', { jwt: form(/^[\w-]+\.[\w-]+\.[\w-]+$/) });

export const mfaType = record('mfaType', {
  secret: form(/^[A-Z2-7]{32}$/),
  uri: form(/^otpauth:\/\/totp\/\S+$/),
});

export const mfaFactors = record('mfaFactors', { totp: flag, phone: flag, email: flag, recoveryCode: flag });

export const mfaChallenge = record('mfaChallenge', { $id: id, $createdAt: date, userId: id, expire: date });

export const mfaRecoveryCodes = record('mfaRecoveryCodes', { recoveryCodes: list(form(/^[0-9a-f]{10}$/)) });

export const logList = record('logList', {
  total: count,
  logs: list(
    record('log', {
      event: form(/^[a-z]+(-[a-z]+)*\.[a-z]+$/),
      userId: id,
      userEmail: text,
      userName: text,
      mode: form(/^default$/),
      ip: form(/^127\.0\.0\.1$/),
      time: date,
      ...agent,
    }),
  ),
});

export const identityList = record('identityList', {
  total: count,
  identities: list(
    record('identity', {
      $id: id,
      $createdAt: date,
      $updatedAt: date,
      userId: id,
      provider: form(/./),
      providerUid: form(/./),
      providerEmail: text,
      providerAccessToken: text,
      providerAccessTokenExpiry: dateOrEmpty,
      providerRefreshToken: text,
    }),
  ),
});

export const error = record('error', {
  message: form(/./),
  code: count,
  type: form(/^[a-z0-9]+(_[a-z0-9]+)+$/),
  version: form(/^1\.6\.1$/),
});
