// A phone with the app installed: the SDK's client, the cookies of that phone, and what went over its wire last.
// The SDK calls the global `fetch`; each call finds the cookies of the device on whose behalf it runs.

import { AsyncLocalStorage } from 'node:async_hooks';
import { Account, Client } from 'react-native-appwrite';
import { CookieJar } from './cookie-jar.mjs';

/** Base address of the server under test, from the command line. */
export const server = new URL(process.argv[2] ?? 'http://localhost:8080').origin;
export const project = 'default';
export const application = 'com.example.notes';
export const sessionCookie = `a_session_${project}`;
export const deviceCookie = `a_device_${project}`;

const patience = 20_000;
const holder = new AsyncLocalStorage();
const plainFetch = globalThis.fetch;

globalThis.fetch = (resource, options = {}) => {
  const device = holder.getStore();
  return device === undefined ? plainFetch(resource, options) : device.fetch(resource, options);
};

export class Device {
  cookies = new CookieJar();
  client = new Client().setEndpoint(`${server}/v1`).setProject(project).setPlatform(application);
  /** The SDK's `Account`, bound to this device. */
  account = this.#bound(new Account(this.client));
  /** Status, headers, text and `Set-Cookie` lines of the last response. */
  last = null;
  #userAgent;

  constructor({ userAgent = 'okhttp/4.9.2' } = {}) {
    this.#userAgent = userAgent;
  }

  /** A request of the SDK's own making to any path, for what its typed methods cannot express. */
  call(method, path, body = {}) {
    const headers = { 'content-type': 'application/json' };
    return holder.run(this, () => this.client.call(method, new URL(`${server}/v1${path}`), headers, body));
  }

  /** The global `fetch` with this device's cookies; redirects are not followed. */
  async fetch(resource, options = {}) {
    const url = new URL(resource);
    const headers = new Headers(options.headers);
    headers.set('user-agent', this.#userAgent);
    const cookies = this.cookies.header(url);
    if (cookies !== '' && options.credentials !== 'omit') headers.set('cookie', cookies);
    const signal = AbortSignal.timeout(patience);
    const response = await plainFetch(url, { redirect: 'manual', signal, ...options, headers });
    const setCookie = response.headers.getSetCookie();
    this.cookies.store(url, setCookie);
    const text = await response.clone().text();
    this.last = { status: response.status, headers: response.headers, text, setCookie };
    return response;
  }

  /** The value of this device's session cookie, as other clients send it in `X-Appwrite-Session`. */
  get session() {
    const [cookie] = this.cookies.named(sessionCookie);
    return cookie === undefined ? null : decodeURIComponent(cookie.value);
  }

  #bound(account) {
    const device = this;
    return new Proxy(account, {
      get(target, name) {
        const member = target[name];
        if (typeof member !== 'function') return member;
        return (...given) => holder.run(device, () => member.apply(target, given));
      },
    });
  }
}
