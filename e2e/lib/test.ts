// What every test is given: a server with a mail server beside it, people, and browsers that are watched.
// A test fails when a page logs an error (a violated Content-Security-Policy is one), opens a dialog of the browser,
// asks another host, sends the secret of a link on as a referrer, or is wider than the screen.

import { test as base, expect, type Browser, type BrowserContext, type BrowserContextOptions, type Page } from "@playwright/test";
import { Server, type Credentials } from "./server.ts";
import { Sink } from "./sink.ts";
import { PASSWORD, World, signIn } from "./world.ts";

export { expect };
export * from "./world.ts";
export { Server, type Credentials } from "./server.ts";
export { type Mail, Sink } from "./sink.ts";

type Opened = BrowserContextOptions & { as?: Credentials; admin?: Credentials; server?: Server };

type Worker = { sink: Sink; server: Server; world: World };
type Fixtures = {
  /** What went wrong beside the test's own steps. */
  watch: Watch;
  /** A browser of its own, logged in to the Client Area (`as`) or the Admin Area (`admin`), and its first page. */
  open: (options?: Opened) => Promise<Page>;
  /** Another server, for tests that change what all share. */
  another: (settings?: Parameters<typeof Server.start>[0]) => Promise<Server>;
};

export const STAFF: Credentials = { email: "staff@latchkey.example", name: "Sam Staff", password: PASSWORD };

export class Watch {
  private readonly problems: { text: string; url: string }[] = [];
  private readonly refused = new Set<string>();
  private readonly allowed: RegExp[] = [];

  /** What a test brings about on purpose. */
  allow(pattern: RegExp): void {
    this.allowed.push(pattern);
  }

  add(context: BrowserContext): void {
    const problem = (text: string, url = ""): void => void this.problems.push({ text, url });
    context.on("console", (message) => {
      if (message.type() === "error" || message.text().includes("Content Security Policy")) problem(`console: ${message.text()}`, message.location().url);
    });
    context.on("weberror", (error) => problem(`script: ${error.error().stack}`));
    context.on("dialog", (dialog) => {
      problem(`a dialog of the browser: ${dialog.message()}`);
      void dialog.dismiss();
    });
    context.on("request", (request) => {
      const url = new URL(request.url());
      if (url.protocol.startsWith("http") && !["127.0.0.1", "localhost"].includes(url.hostname)) problem(`asked ${request.url()}`);
      const referer = request.headers().referer ?? "";
      if (/\/(invite|setup)\//.test(referer)) problem(`the secret of a link in the referrer of ${request.url()}`);
    });
    context.on("response", (response) => {
      // The browser logs every page with a status of 400 or more; that is no fault of the page.
      if (response.request().resourceType() === "document" && response.status() >= 400 && response.status() < 500) this.refused.add(response.url());
    });
  }

  async end(contexts: BrowserContext[]): Promise<void> {
    for (const page of contexts.flatMap((context) => context.pages())) {
      if (!page.url().startsWith("http")) continue;
      const wider = await overflow(page).catch(() => 0);
      if (wider > 0) this.problems.push({ text: `${page.url()} is ${wider} px wider than the screen`, url: "" });
    }
    const real = this.problems.filter(
      ({ text, url }) => !(text.includes("Failed to load resource") && this.refused.has(url)) && !this.allowed.some((pattern) => pattern.test(`${text} ${url}`)),
    );
    expect(real.map(({ text, url }) => (url ? `${text} (${url})` : text))).toEqual([]);
  }
}

/** By how many pixels a page is wider than the screen. */
export function overflow(page: Page): Promise<number> {
  return page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
}

async function newContext(browser: Browser, watch: Watch, url: string, options: Opened): Promise<BrowserContext> {
  const { as, admin, server: _, ...rest } = options;
  const context = await browser.newContext({ baseURL: url, ...rest });
  watch.add(context);
  if (as) await signIn(context.request, url, "client", as);
  if (admin) await signIn(context.request, url, "admin", admin);
  return context;
}

export const test = base.extend<Fixtures, Worker>({
  sink: [
    async ({}, use) => {
      const sink = await Sink.start();
      await use(sink);
      await sink.down();
    },
    { scope: "worker" },
  ],
  server: [
    async ({ sink }, use) => {
      const server = await Server.start({ sink, admin: STAFF });
      await use(server);
      await server.stop();
      // A link's secret is never in a log, and nothing broke that a test did not notice.
      for (const mail of sink.mails) expect(server.log).not.toContain(mail.link.split("/invite/")[1] || "no link");
      expect(server.log).not.toMatch(/panicked|a request failed/);
    },
    { scope: "worker" },
  ],
  world: [
    async ({ server, sink, playwright }, use) => {
      const request = await playwright.request.newContext();
      await use(await World.of(server, sink, STAFF, request));
      await request.dispose();
    },
    { scope: "worker" },
  ],
  baseURL: async ({ server }, use) => use(server.url),
  watch: async ({}, use) => use(new Watch()),
  context: async ({ context, watch }, use) => {
    watch.add(context);
    await use(context);
    await watch.end([context]);
  },
  open: async ({ browser, server, watch }, use) => {
    const contexts: BrowserContext[] = [];
    await use(async (options = {}) => {
      const context = await newContext(browser, watch, (options.server ?? server).url, options);
      contexts.push(context);
      return context.newPage();
    });
    await watch.end(contexts);
    await Promise.all(contexts.map((context) => context.close()));
  },
  another: async ({}, use) => {
    const servers: Server[] = [];
    await use(async (settings) => {
      const server = await Server.start(settings);
      servers.push(server);
      return server;
    });
    await Promise.all(servers.map((server) => server.stop()));
  },
});
