// An authenticator app (RFC 6238), as an implementation apart from the server's.

import { createHmac } from 'node:crypto';

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
const period = 30_000;

export class Authenticator {
  #key;
  #step = 0;

  /** Reads what a phone's camera reads. */
  constructor(uri) {
    const { secret } = Object.fromEntries(new URL(uri).searchParams);
    const bits = [...secret].map((letter) => alphabet.indexOf(letter).toString(2).padStart(5, '0')).join('');
    this.#key = Buffer.from(bits.match(/.{8}/g).map((octet) => parseInt(octet, 2)));
  }

  /** A code later than any before: the current one, or the next one, which a server takes from a clock that is ahead. */
  next() {
    this.#step = Math.max(this.#step + 1, Math.floor(Date.now() / period));
    const counter = Buffer.alloc(8);
    counter.writeBigUInt64BE(BigInt(this.#step));
    const digest = createHmac('sha1', this.#key).update(counter).digest();
    const number = digest.readUInt32BE(digest.at(-1) & 15) & 0x7fffffff;
    return String(number % 1_000_000).padStart(6, '0');
  }
}
