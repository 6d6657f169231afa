// A real browser, and the web app that people come from and go back to.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { chromium } from 'playwright-core';
import { project, server } from '../sdk/device.mjs';
import { issuer } from './provider.mjs';

const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';
const args = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--no-proxy-server',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
const patience = 20_000;
/** What the SDK's apps are registered for with their phone. */
const scheme = `appwrite-callback-${project}:`;
// A browser that hangs must not keep the test waiting for ever.
setTimeout(() => process.exit(70), 600_000).unref();

const app = createServer((_, response) => {
  response.setHeader('content-type', 'text/html');
  response.end('<!doctype html><title>App</title>');
}).listen(0, '127.0.0.1');
await once(app, 'listening');
/** Where the app is: on the server's host, at a port of its own. */
export const home = `http://localhost:${app.address().port}`;
export const done = `${home}/done?keep=1`;
export const failed = `${home}/failed?keep=1`;

const chrome = await chromium.launch({ executablePath, args });

/** Ends what would keep the process alive. */
export async function close() {
  await chrome.close();
  app.close();
  app.closeAllConnections();
}

/** A person at a browser with nothing in it. */
export class Visitor {
  complaints = [];

  static async arrive() {
    const visitor = new Visitor();
    visitor.context = await chrome.newContext();
    visitor.context.setDefaultTimeout(patience);
    visitor.page = await visitor.context.newPage();
    const complain = (complaint) => visitor.complaints.push(complaint);
    visitor.page.on('pageerror', complain);
    visitor.page.on('console', (line) => line.text().includes('Content Security Policy') && complain(line.text()));
    return visitor;
  }

  /** Closes the browser, in which no script must have failed nor any policy been broken. */
  async leave() {
    await this.context.close();
    assert.deepEqual(this.complaints, []);
  }

  /** Opens what leads to the provider, says there who they are, and lets the app know; or, with `answer`, does not. */
  async signIn(login, { start = session(), answer = 'allow' } = {}) {
    await this.context.clearCookies({ domain: new URL(issuer).hostname });
    await this.page.goto(start);
    return this.atProvider(login, answer);
  }

  /** The provider's forms, from wherever the browser has been led; answers where it ends. */
  async atProvider(login, answer = 'allow') {
    while (this.page.url().startsWith(issuer)) {
      await Promise.all([this.page.waitForEvent('load'), this.#answer(login, answer)]);
    }
    return new URL(this.page.url());
  }

  /** As `signIn`, where it ends with an address that the phone opens in a native app; answers that. */
  async signInToApp(login, { start, answer = 'allow' }) {
    const wire = await this.context.newCDPSession(this.page);
    await wire.send('Page.enable');
    const opened = new Promise((open) => {
      const look = (address) => address?.startsWith(scheme) && open(new URL(address));
      wire.on('Page.frameRequestedNavigation', ({ url }) => look(url));
      this.page.on('response', (response) => look(response.headers().location));
    });
    await this.page.goto(String(start));
    if ((await this.#prompt()) === 'login') {
      await Promise.all([this.page.waitForEvent('load'), this.#answer(login, answer)]);
    }
    await this.#answer(login, answer);
    const back = await within(opened);
    if (answer === 'allow') assert.equal(back.searchParams.get('error'), null);
    return back;
  }

  #prompt() {
    return this.page.locator('form').getAttribute('data-prompt');
  }

  async #answer(login, answer) {
    const isLogin = (await this.#prompt()) === 'login';
    if (isLogin) await this.page.fill('input[name=login]', login);
    await this.page.click(isLogin ? 'button' : `button[value=${answer}]`);
  }

  /** Goes to the provider, and answers what it sends the browser back with; the browser does not get there. */
  async callback(login, start = session()) {
    const wire = await this.context.newCDPSession(this.page);
    const held = new Promise((hold) => {
      wire.on('Fetch.requestPaused', ({ requestId, request }) => {
        hold(new URL(request.url));
        return wire.send('Fetch.fulfillRequest', { requestId, responseCode: 200 });
      });
    });
    await wire.send('Fetch.enable', { patterns: [{ urlPattern: '*/sessions/oauth2/callback/*' }] });
    await this.signIn(login, { start });
    await wire.detach();
    return within(held);
  }

  /** Opens an address; answers where the browser ends, and the reply there. */
  async open(url) {
    const reply = await this.page.goto(String(url));
    return { url: new URL(this.page.url()), status: reply.status(), text: await reply.text() };
  }

  /** A request of a script in this browser, by its cookies. */
  async ask(method, path, data) {
    const headers = { 'x-appwrite-project': project };
    const reply = await this.context.request.fetch(`${server}/v1${path}`, { method, headers, data, maxRedirects: 0 });
    const body = (await reply.body()).toString();
    const isJson = reply.headers()['content-type']?.startsWith('application/json');
    return { status: reply.status(), body: isJson ? JSON.parse(body) : body, headers: reply.headers() };
  }

  /** What this browser's account is now, all of it. */
  async account() {
    const paths = ['/account', '/account/sessions', '/account/identities', '/account/logs'];
    const [user, { sessions }, { identities }, { logs }] = await Promise.all(paths.map((path) => this.#read(path)));
    return { user, sessions, identities, logs };
  }

  async #read(path) {
    const { status, body } = await this.ask('GET', path);
    assert.equal(status, 200, body.message);
    return body;
  }

  /** The cookie of the flow that is under way, if there is one. */
  async flow() {
    const cookies = Object.values(await this.cookies());
    return cookies.find(({ name }) => /^a_oauth2_default_[0-9a-f]{8}$/.test(name));
  }

  /** The server's cookies by their names. */
  async cookies() {
    const cookies = await this.context.cookies([`${server}/v1/account/sessions/oauth2`]);
    const own = cookies.filter(({ name }) => name.startsWith('a_'));
    return Object.fromEntries(own.map((cookie) => [cookie.name, cookie]));
  }
}

/** What `promised` brings, if it does not take too long. */
async function within(promised) {
  let timer;
  const late = new Promise((_, fail) => (timer = setTimeout(() => fail(new Error('nothing came')), patience)));
  return Promise.race([promised, late]).finally(() => clearTimeout(timer));
}

/** What begins a sign-in that ends with a session. */
export function session(more = {}) {
  return start('sessions', more);
}

/** What begins a sign-in that ends with a token. */
export function token(more = {}) {
  return start('tokens', more);
}

function start(kind, more) {
  const url = new URL(`${server}/v1/account/${kind}/oauth2/oidc`);
  for (const [name, value] of Object.entries({ project, success: done, failure: failed, ...more })) {
    url.searchParams.append(name, value);
  }
  return url.href;
}

/** Expects the failure page, told of this error. */
export function told(url, type, code) {
  assert.equal(`${url.origin}${url.pathname}`, `${home}/failed`, url.href);
  assert.deepEqual([...url.searchParams.keys()], ['keep', 'error']);
  const error = JSON.parse(url.searchParams.get('error'));
  assert.deepEqual(Object.keys(error), ['message', 'type', 'code']);
  assert.deepEqual([error.type, error.code], [type, code], error.message);
  return error;
}
