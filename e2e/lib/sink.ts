// A mail server that keeps what it takes, and refuses what it is told to.

import { createServer } from "node:net";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { simpleParser, type ParsedMail } from "mailparser";
import { SMTPServer } from "smtp-server";

/** A mail that the sink took. */
export type Mail = {
  /** Whom the envelope names. */
  to: string[];
  from: string;
  subject: string;
  text: string;
  html: string;
  /** The link in the text. */
  link: string;
  parsed: ParsedMail;
  raw: string;
};

export type Answer = { code: number; words: string };

export class Sink {
  readonly mails: Mail[] = [];
  /** How often each address was offered. */
  readonly offered = new Map<string, number>();
  private readonly answers = new Map<string, Answer>();
  private readonly held = new Map<string, Promise<void>>();
  private readonly changed = new Set<() => void>();
  private server: SMTPServer | undefined;
  private constructor(readonly port: number) {}

  static async start(): Promise<Sink> {
    const sink = new Sink(await freePort());
    await sink.up();
    return sink;
  }

  get url(): string {
    return `smtp://127.0.0.1:${this.port}`;
  }

  /** Answers this to every mail for an address, until `accept` is called. */
  refuse(address: string, code: number, words: string): void {
    this.answers.set(address.toLowerCase(), { code, words });
  }

  accept(address: string): void {
    this.answers.delete(address.toLowerCase());
  }

  /** Lets mails for an address wait before they are taken, until the function that this returns is called. */
  hold(address: string): () => void {
    let resolve = (): void => {};
    const promise = new Promise<void>((done) => (resolve = done));
    this.held.set(address.toLowerCase(), promise);
    return () => {
      this.held.delete(address.toLowerCase());
      resolve();
    };
  }

  /** Nobody answers any more on the port. */
  async down(): Promise<void> {
    const server = this.server;
    this.server = undefined;
    if (server) await new Promise<void>((done) => server.close(() => done()));
  }

  async up(): Promise<void> {
    const server = new SMTPServer({
      disabledCommands: ["AUTH", "STARTTLS"],
      disableReverseLookup: true,
      logger: false,
      onRcptTo: (address, _session, done) => {
        const key = address.address.toLowerCase();
        this.offered.set(key, (this.offered.get(key) ?? 0) + 1);
        this.notify();
        const answer = this.answers.get(key);
        done(answer ? Object.assign(new Error(answer.words), { responseCode: answer.code }) : null);
      },
      onData: (stream, session, done) => {
        const chunks: Buffer[] = [];
        stream.on("data", (chunk: Buffer) => chunks.push(chunk));
        stream.on("end", async () => {
          const to = session.envelope.rcptTo.map((recipient) => recipient.address);
          await Promise.all(to.map((address) => this.held.get(address.toLowerCase())));
          const raw = Buffer.concat(chunks);
          const parsed = await simpleParser(raw);
          const text = parsed.text ?? "";
          const from = session.envelope.mailFrom ? session.envelope.mailFrom.address : "";
          const link = /https?:\/\/\S+\/(?:invite|register|password\/reset|verify)\/[\w-]+/.exec(text)?.[0] ?? "";
          this.mails.push({ to, from, subject: parsed.subject ?? "", text, html: parsed.html || "", link, parsed, raw: raw.toString() });
          this.notify();
          done();
        });
      },
    });
    server.on("error", () => {});
    server.listen(this.port, "127.0.0.1");
    await once(server.server, "listening");
    this.server = server;
  }

  /** All mails to an address so far, but for notices of new devices: specs log the same person in with many browsers. */
  to(address: string): Mail[] {
    const mails = this.mails.filter((mail) => mail.to.some((to) => to.toLowerCase() === address.toLowerCase()));
    return mails.filter((mail) => !mail.subject.startsWith("New device"));
  }

  /** The nth mail to an address, waiting for it. */
  async mail(address: string, nth = 1, patience = 20_000): Promise<Mail> {
    await this.until(() => this.to(address).length >= nth, `mail number ${nth} to ${address}`, patience);
    return this.to(address)[nth - 1]!;
  }

  /** Waits until an address was offered so many times. */
  async asked(address: string, times: number, patience = 20_000): Promise<void> {
    await this.until(() => (this.offered.get(address.toLowerCase()) ?? 0) >= times, `${address} offered ${times} times`, patience);
  }

  private notify(): void {
    for (const look of [...this.changed]) look();
  }

  private until(reached: () => boolean, what: string, patience: number): Promise<void> {
    if (reached()) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const look = (): void => {
        if (reached()) finish(resolve);
      };
      const timer = setTimeout(() => finish(() => reject(new Error(`the mail server waited in vain for ${what}`))), patience);
      const finish = (end: () => void): void => {
        clearTimeout(timer);
        this.changed.delete(look);
        end();
      };
      this.changed.add(look);
    });
  }
}

/** A port of the loopback that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}
