// A mail server for tests. It takes its settings as JSON in its first argument and prints one JSON line per event: the port
// it listens on, each letter it accepted as an independent parser reads it, and each recipient that it leaves hanging.

import { readFileSync } from "node:fs";
import { simpleParser } from "mailparser";
import { SMTPServer } from "smtp-server";

const { port = 0, tls = "none", user, password } = JSON.parse(process.argv[2]);

const tell = (event) => process.stdout.write(`${JSON.stringify(event)}\n`);

const refusal = (code, text) => Object.assign(new Error(text), { responseCode: code });

const local = (file) => readFileSync(new URL(file, import.meta.url));

const server = new SMTPServer({
  secure: tls === "implicit",
  key: local("localhost.key"),
  cert: local("localhost.pem"),
  hideSTARTTLS: tls !== "starttls",
  authOptional: user === undefined,
  allowInsecureAuth: true,
  disabledCommands: user === undefined ? ["AUTH"] : [],
  disableReverseLookup: true,

  onAuth(given, session, answer) {
    if (given.username === user && given.password === password) {
      answer(null, { user });
    } else {
      answer(refusal(535, `5.7.8 ${given.username}: wrong password ${given.password}`));
    }
  },

  onRcptTo({ address }, session, answer) {
    if (address.startsWith("unknown@")) {
      answer(refusal(550, `5.1.1 <${address}> is unknown here`));
    } else if (address.startsWith("greylisted@")) {
      answer(refusal(451, `4.7.1 <${address}> is greylisted`));
    } else if (address.startsWith("hanging@")) {
      tell({ hanging: address });
    } else {
      answer();
    }
  },

  async onData(stream, session, answer) {
    const chunks = [];
    for await (const chunk of stream) {
      chunks.push(chunk);
    }
    const raw = Buffer.concat(chunks);
    const parsed = await simpleParser(raw, { skipTextToHtml: true, skipHtmlToText: true });
    tell({
      connection: session.id,
      secure: session.secure,
      user: session.user ?? null,
      sender: session.envelope.mailFrom.address,
      recipients: session.envelope.rcptTo.map(({ address }) => address),
      headers: parsed.headerLines.map(({ key }) => key),
      subject: parsed.subject,
      from: parsed.from.value,
      to: parsed.to.value,
      date: parsed.date.getTime(),
      messageId: parsed.messageId,
      autoSubmitted: parsed.headers.get("auto-submitted"),
      contentType: parsed.headers.get("content-type").value,
      text: parsed.text,
      html: parsed.html,
      attachments: parsed.attachments.length,
      raw: raw.toString("latin1"),
    });
    answer();
  },
});

// Clients that give up or distrust the certificate are a part of the tests.
server.on("error", () => {});
server.listen(port, "127.0.0.1", () => tell({ port: server.server.address().port }));
// The tests hold the other end of the standard input, so that the server ends with them.
process.stdin.on("end", () => process.exit()).resume();
