// What the server would have mailed or texted, read from its development outbox.

import assert from 'node:assert/strict';
import { server } from './device.mjs';

/** A line that is a link with a query or a code, or an SMS that begins with a code. */
const credential = /^(\S+:\S+\?\S+|\d{6}( .*)?)$/m;

/** The messages to this address or number so far, oldest first. */
export async function outbox(to) {
  const response = await fetch(`${server}/dev/outbox`);
  assert.equal(response.status, 200);
  const messages = await response.json();
  return messages.filter((message) => message.to === to);
}

/** The latest message to this address or number; waits for it, as mail leaves after the reply. */
export async function delivered(to, matches = () => true) {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const message = (await outbox(to)).filter(matches).at(-1);
    if (message !== undefined) return message;
    await new Promise((resume) => setTimeout(resume, 50));
  }
  return assert.fail(`no such message to ${to}`);
}

/** What `action` answers, and the message with a link or code that this address or number got by it. */
export async function sent(to, action) {
  const earlier = await outbox(to);
  const answer = await action();
  const message = await delivered(to, (message, number) => number >= earlier.length && credential.test(message.text));
  return { answer, message };
}

/** The link of a mail, which its text and its page agree on. */
export function link(mail) {
  assert.equal(mail.channel, 'email');
  const text = /^\S+:\S+\?\S+$/m.exec(mail.text)?.[0];
  assert.ok(text !== undefined, `a link on a line of its own: ${mail.text}`);
  const anchors = [...mail.html.matchAll(/ href="([^"]*)"/g)].map(([, address]) => address.replaceAll('&amp;', '&'));
  assert.ok(anchors.length > 0 && anchors.every((address) => address === text), `${anchors} lead to ${text}`);
  return new URL(text);
}

/** What the page behind a mailed link redeems. */
export function redeemable(mail) {
  const query = link(mail).searchParams;
  return [query.get('userId'), query.get('secret')];
}

/** The code of a mail or SMS. */
export function code(message) {
  if (message.channel === 'sms') return /^\d{6}(?= )/.exec(message.text)[0];
  const [text] = /^\d{6}$/m.exec(message.text);
  assert.ok(message.html.includes(`>${text}<`), 'the page shows the code of the text');
  return text;
}

/** A code of the same form that is not this one. */
export function wrong(right) {
  return right === '000000' ? '000001' : '000000';
}
