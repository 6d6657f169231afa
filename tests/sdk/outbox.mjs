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
