// What the server would have mailed or texted, read from its development outbox.

import assert from 'node:assert/strict';
import { server } from './device.mjs';

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

/** Does what sends one message to this address or number, and answers it together with what `action` did. */
async function sent(to, action) {
  const earlier = (await outbox(to)).length;
  const answer = await action();
  return { answer, message: await delivered(to, (_, number) => number >= earlier) };
}

/** As `sent`, and the six digits that the message says. */
export async function sentCode(to, action) {
  const { answer, message } = await sent(to, action);
  const [code] = /(?<!\d)\d{6}(?!\d)/.exec(message.text) ?? assert.fail(`no code in ${message.text}`);
  return { answer, code };
}

/** As `sent`, and the link that the message says. */
export async function sentLink(to, action) {
  const { answer, message } = await sent(to, action);
  const [link] = /\S+:\/\S+[?&]secret=\S+/.exec(message.text) ?? assert.fail(`no link in ${message.text}`);
  return { answer, link: new URL(link) };
}
