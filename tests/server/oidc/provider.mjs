// An OpenID Provider of another make, npm's `oidc-provider`, which is certified to conform to OpenID Connect; and what, in
// front of it, can make it lie. Everybody is who they say they are.

import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import { decodeJwt, exportJWK, generateKeyPair, SignJWT } from 'jose';
import Oidc from 'oidc-provider';
import { server } from '../sdk/device.mjs';

/** The name of this provider, from the command line: an address that is another site than the server's. */
export const issuer = new URL(process.argv[3] ?? 'http://127.0.0.1:9090').origin;
export const clientId = 'notes';
/** With characters that HTTP authentication has to escape (RFC 6749 §2.3.1). */
export const clientSecret = 'hush+hush/%=: 1';
export const callback = `${server}/v1/account/sessions/oauth2/callback/oidc/default`;

const lifetimes = ['AccessToken', 'AuthorizationCode', 'Grant', 'IdToken', 'Interaction', 'RefreshToken', 'Session'];

/** A key for signing, named `id`. */
export async function key(id) {
  const { privateKey } = await generateKeyPair('RS256', { extractable: true });
  const names = { kid: id, alg: 'RS256', use: 'sig' };
  return { id, privateKey, jwk: { ...(await exportJWK(privateKey)), ...names } };
}

export class Provider {
  /** What was asked for: endpoint, grant type at the token endpoint, referrer, and the status of the reply. */
  asked = [];
  /** Claims of people by login, beside those that are made of it; `null` for who is no more. */
  people = {};
  key;
  #lies = {};
  #authentication;
  #http;

  /** Starts the provider; it knows its one client by this method of authentication. */
  static async start({ authentication = 'client_secret_post' } = {}) {
    const provider = new Provider();
    provider.#authentication = authentication;
    await provider.restart(await key('first'));
    return provider;
  }

  /** Ends the provider if it runs, and starts it with this key and no other. */
  async restart(signer) {
    await this.close();
    this.key = signer;
    this.oidc = this.#configured();
    this.#http = createServer(this.oidc.callback());
    const { hostname, port } = new URL(issuer);
    await new Promise((ready, failed) => this.#http.on('error', failed).listen(Number(port), hostname, ready));
  }

  async close() {
    if (this.#http === undefined) return;
    const closed = new Promise((done) => this.#http.close(done));
    this.#http.closeAllConnections();
    await closed;
  }

  /** Runs `action` while replies are changed: `discovery` and `userinfo` are merged in, `idToken` makes one of claims. */
  async lying(lies, action) {
    this.#lies = lies;
    try {
      return await action();
    } finally {
      this.#lies = {};
    }
  }

  /** An id_token that says this. */
  signed(claims, { id, privateKey } = this.key) {
    return new SignJWT(claims).setProtectedHeader({ alg: 'RS256', kid: id }).sign(privateKey);
  }

  count(endpoint) {
    return this.asked.filter((asked) => asked.endpoint === endpoint).length;
  }

  #configured() {
    const oidc = new Oidc(issuer, {
      clients: [
        {
          client_id: clientId,
          client_secret: clientSecret,
          redirect_uris: [callback],
          grant_types: ['authorization_code', 'refresh_token'],
          token_endpoint_auth_method: this.#authentication,
        },
      ],
      clientAuthMethods: [this.#authentication],
      jwks: { keys: [this.key.jwk] },
      cookies: { keys: ['of these tests'] },
      pkce: { required: () => true },
      rotateRefreshToken: true,
      claims: { openid: ['sub'], profile: ['name'], email: ['email', 'email_verified'] },
      ttl: Object.fromEntries(lifetimes.map((of) => [of, 3600])),
      findAccount: (_, id) => this.#account(id),
      interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
      features: { devInteractions: { enabled: false } },
    });
    oidc.use(async (context, next) => {
      if (context.path.startsWith('/interaction/')) await this.#interact(context);
      else await this.#answer(context, next);
    });
    return oidc;
  }

  #account(id) {
    return this.people[id] === null ? undefined : { accountId: id, claims: () => this.#claims(id) };
  }

  #claims(id) {
    const name = `${id[0].toUpperCase()}${id.slice(1)}`;
    return { sub: id, name, email: `${id}@example.com`, email_verified: true, ...this.people[id] };
  }

  /** Lets the provider answer, and tampers with what it says. */
  async #answer(context, next) {
    await next();
    const { oidc, body } = context;
    const endpoint = oidc?.route;
    const [grant, referrer] = [oidc?.params?.grant_type, context.get('referer')];
    this.asked.push({ endpoint, grant, referrer, status: context.status });
    if (context.status !== 200) return;
    const { discovery, userinfo, idToken } = this.#lies;
    if (endpoint === 'discovery' && discovery !== undefined) context.body = { ...body, ...discovery };
    if (endpoint === 'userinfo' && userinfo !== undefined) context.body = { ...body, ...userinfo };
    if (endpoint === 'token' && idToken !== undefined && body.id_token !== undefined) {
      context.body = { ...body, id_token: await idToken(decodeJwt(body.id_token)) };
    }
  }

  /** Asks who is there, then whether the client may know: a form each. */
  async #interact(context) {
    const { prompt, params, grantId, session } = await this.oidc.interactionDetails(context.req, context.res);
    if (context.method === 'GET') {
      context.type = 'html';
      context.body = page(prompt.name);
      return;
    }
    const given = new URLSearchParams(await text(context.req));
    const finish = (result, options) => this.oidc.interactionFinished(context.req, context.res, result, options);
    context.respond = false;
    if (given.has('login')) {
      await finish({ login: { accountId: given.get('login') } }, { mergeWithLastSubmission: false });
    } else if (given.get('answer') === 'allow') {
      const { Grant } = this.oidc;
      const grant = grantId ? await Grant.find(grantId) : new Grant({ accountId: session.accountId, clientId });
      grant.addOIDCScope(params.scope);
      await finish({ consent: { grantId: await grant.save() } }, { mergeWithLastSubmission: true });
    } else {
      const refusal = { error: 'access_denied', error_description: 'Not today' };
      await finish(refusal, { mergeWithLastSubmission: false });
    }
  }
}

function page(prompt) {
  const fields =
    prompt === 'login'
      ? '<input name="login" autofocus><button>Sign in</button>'
      : '<button name="answer" value="allow">Allow</button><button name="answer" value="deny">Deny</button>';
  return `<!doctype html><title>Provider</title><form method="post" data-prompt="${prompt}">${fields}</form>`;
}
