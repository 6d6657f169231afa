// A cookie store as strict as the one of a phone or browser (RFC 6265 §5), because a laxer one would hide
// mistakes of the server: cookies it could never read back, or would leave behind after sign-out.

export class CookieJar {
  #cookies = new Map();

  /** Takes over what a response from `url` sets; refuses what a strict client would refuse. */
  store(url, setCookieLines) {
    for (const line of setCookieLines) {
      const cookie = parse(line, url);
      if (cookie === null) continue;
      const key = [cookie.name, cookie.domain, cookie.path].join(';');
      if (cookie.expires <= Date.now()) this.#cookies.delete(key);
      else this.#cookies.set(key, cookie);
    }
  }

  /** The `Cookie` header for a request to `url`; empty if there is nothing to send. */
  header(url) {
    return [...this.#cookies.values()]
      .filter((cookie) => cookie.expires > Date.now())
      .filter((cookie) => (cookie.hostOnly ? url.hostname === cookie.domain : belongsTo(url.hostname, cookie.domain)))
      .filter((cookie) => covers(cookie.path, url.pathname))
      .filter((cookie) => !cookie.secure || url.protocol === 'https:')
      .sort((one, other) => other.path.length - one.path.length)
      .map((cookie) => `${cookie.name}=${cookie.value}`)
      .join('; ');
  }

  /** The stored cookies of that name. */
  named(name) {
    return [...this.#cookies.values()].filter((cookie) => cookie.name === name);
  }

  get size() {
    return this.#cookies.size;
  }
}

function parse(line, url) {
  const [pair, ...attributes] = line.split(';');
  const equals = pair.indexOf('=');
  if (equals < 1) return null;
  const cookie = {
    name: pair.slice(0, equals).trim(),
    value: pair.slice(equals + 1).trim(),
    domain: url.hostname,
    hostOnly: true,
    path: defaultPath(url),
    secure: false,
    httpOnly: false,
    sameSite: null,
    expires: Infinity,
  };
  let maxAge = null;
  for (const attribute of attributes) {
    const [name, ...rest] = attribute.split('=');
    const value = rest.join('=').trim();
    switch (name.trim().toLowerCase()) {
      case 'domain':
        if (value === '') break;
        cookie.domain = value.replace(/^\./, '').toLowerCase();
        cookie.hostOnly = false;
        break;
      case 'path':
        if (value.startsWith('/')) cookie.path = value;
        break;
      case 'expires':
        if (!Number.isNaN(Date.parse(value))) cookie.expires = Date.parse(value);
        break;
      case 'max-age':
        if (/^-?\d+$/.test(value)) maxAge = Number(value);
        break;
      case 'secure':
        cookie.secure = true;
        break;
      case 'httponly':
        cookie.httpOnly = true;
        break;
      case 'samesite':
        cookie.sameSite = value;
        break;
    }
  }
  if (maxAge !== null) cookie.expires = Date.now() + maxAge * 1000;
  if (!cookie.hostOnly && !belongsTo(url.hostname, cookie.domain)) return null;
  if (cookie.secure && url.protocol !== 'https:') return null;
  if (cookie.sameSite?.toLowerCase() === 'none' && !cookie.secure) return null;
  return cookie;
}

function belongsTo(host, domain) {
  return host === domain || (host.endsWith(`.${domain}`) && !isAddress(host));
}

function isAddress(host) {
  return host.startsWith('[') || /^[\d.]+$/.test(host);
}

function covers(path, requested) {
  return requested === path || (requested.startsWith(path) && (path.endsWith('/') || requested[path.length] === '/'));
}

function defaultPath(url) {
  const end = url.pathname.lastIndexOf('/');
  return end < 1 ? '/' : url.pathname.slice(0, end);
}
