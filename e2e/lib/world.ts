// People and accounts for one test. Every test makes its own, so that no test sees another's.

import { randomInt } from "node:crypto";
import type { APIRequestContext, APIResponse } from "@playwright/test";
import type { Credentials, Server } from "./server.ts";
import type { Sink } from "./sink.ts";

export type Person = Credentials & { id: number; first: string; last: string };
export type Account = { id: number; name: string; owner: Person };

export const PASSWORD = "seven quiet herons over wet slate";

const FIRST = ["Ada", "Benno", "Carla", "Dara", "Emil", "Fenja", "Goran", "Hanna", "Ivo", "Jule", "Kofi", "Lene", "Milo", "Nuria", "Oskar", "Priya"];
const LAST = ["Adler", "Brandt", "Castro", "Dietz", "Engel", "Frisch", "Gruber", "Hansen", "Ivanov", "Jansen", "Keller", "Lindt", "Moreau", "Novak"];
const TRADES = ["Bakery", "Cycles", "Gardens", "Joinery", "Optics", "Pottery", "Roofing", "Studio", "Travel", "Winery"];

const pick = (words: readonly string[]): string => words[randomInt(words.length)]!;

/** Six letters that nobody else in this run has, of one length so that none is part of another. */
export function unique(): string {
  return Array.from({ length: 6 }, () => "bcdfghjklmnpqrstvwxz"[randomInt(20)]).join("");
}

export function address(): string {
  return `${unique()}@people.example`;
}

/** The value of the hidden field that every form has. */
export function csrfOf(html: string): string {
  const found = /name="csrf" value="([^"]+)"/.exec(html)?.[1];
  if (!found) throw new Error("the page has no form");
  return found;
}

/** Logs in with what a browser context has for cookies. */
export async function signIn(request: APIRequestContext, url: string, area: "client" | "admin", who: Credentials): Promise<void> {
  const path = `${url}${area === "admin" ? "/admin/login" : "/login"}`;
  const csrf = csrfOf(await (await request.get(path)).text());
  const answer = await request.post(path, { form: { csrf, email: who.email, password: who.password }, maxRedirects: 0 });
  if (answer.status() !== 303) throw new Error(`${who.email} could not log in: ${answer.status()}`);
}

/** Staff at work without a browser: what a test needs before it begins. */
export class World {
  private csrf = "";

  constructor(
    readonly server: Server,
    readonly sink: Sink,
    readonly admin: Credentials,
    private readonly request: APIRequestContext,
  ) {}

  static async of(server: Server, sink: Sink, admin: Credentials, request: APIRequestContext): Promise<World> {
    const world = new World(server, sink, admin, request);
    await signIn(request, server.url, "admin", admin);
    world.csrf = csrfOf(await (await request.get(`${server.url}/admin/config`)).text());
    return world;
  }

  /** Somebody with a login and no account. */
  async person(names: { first?: string; last?: string; email?: string } = {}): Promise<Person> {
    const first = names.first ?? pick(FIRST);
    const last = names.last ?? `${pick(LAST)}-${unique()}`;
    const email = names.email ?? address();
    await this.server.createUser(email, first, last, PASSWORD);
    return { id: await this.userId(email), first, last, name: `${first} ${last}`, email, password: PASSWORD };
  }

  async userId(email: string): Promise<number> {
    const answer = await this.request.get(`${this.server.url}/admin/search/users`, { params: { q: email } });
    const { users } = (await answer.json()) as { users: { id: number; email: string }[] };
    const found = users.find((user) => user.email === email);
    if (!found) throw new Error(`${email} is not found`);
    return found.id;
  }

  async account(owner: Person, name = `${pick(TRADES)} ${unique()}`): Promise<Account> {
    const made = await this.post("/admin/clients/new", { name, contact_email: owner.email, owner: "existing", owner_user: String(owner.id) });
    const id = Number(/\/admin\/clients\/(\d+)/.exec(made.headers().location ?? "")?.[1]);
    if (!id) throw new Error(`the account ${name} was not made: ${made.status()} ${await made.text()}`);
    return { id, name, owner };
  }

  /** An owner with an account. */
  async owned(name?: string): Promise<Account> {
    return this.account(await this.person(), name);
  }

  /** Puts somebody into an account, without an invitation. */
  async member(account: Account, permissions: string[], person?: Person): Promise<Person> {
    const who = person ?? (await this.person());
    await this.post(`/admin/clients/${account.id}/users/associate`, { query: who.email, user: String(who.id), permissions, send_invite: "no" });
    return who;
  }

  async close(account: Account): Promise<void> {
    await this.post(`/admin/clients/${account.id}/close`, {});
  }

  /** Invites as staff; the link comes by mail. */
  async invite(account: Account, email: string, permissions: string[]): Promise<string> {
    const before = this.sink.to(email).length;
    await this.post(`/admin/clients/${account.id}/users/associate`, { query: email, user: "", email, permissions, send_invite: "yes" });
    return (await this.sink.mail(email, before + 1)).link;
  }

  async group(name: string): Promise<void> {
    await this.post("/admin/config/groups", { name, colour: "#b45309" });
  }

  async contact(account: Account, email: string, fields: Record<string, string | string[]> = {}): Promise<void> {
    await this.post(`/admin/clients/${account.id}/contacts`, { email, ...fields });
  }

  async note(account: Account, text: string, pinned = false): Promise<void> {
    await this.post(`/admin/clients/${account.id}/notes`, pinned ? { text, pinned: "yes" } : { text });
  }

  /** Another member of staff. */
  async staff(): Promise<Credentials> {
    const admin = { email: `${unique()}@staff.example`, name: `Robin ${unique()}`, password: PASSWORD };
    await this.server.createAdmin(admin);
    return admin;
  }

  /** Does what a form of the Admin Area does; a refusal is an error of the test. */
  private async post(path: string, fields: Record<string, string | string[]>): Promise<APIResponse> {
    const body = new URLSearchParams({ csrf: this.csrf });
    for (const [name, value] of Object.entries(fields)) for (const one of [value].flat()) body.append(name, one);
    const answer = await this.request.post(`${this.server.url}${path}`, {
      headers: { "content-type": "application/x-www-form-urlencoded" },
      data: body.toString(),
      maxRedirects: 0,
    });
    if (answer.status() !== 303) throw new Error(`${path} answered ${answer.status()}: ${await answer.text()}`);
    return answer;
  }
}

/** The permissions that can be given, in the order in which they are shown. */
export const PERMISSIONS = {
  profile: "Modify Master Account Profile",
  contacts: "View & Manage Contacts",
  products: "View Products & Services",
  manageproducts: "View & Modify Product Passwords",
  productsso: "Perform Single Sign-On",
  domains: "View Domains",
  managedomains: "Manage Domain Settings",
  invoices: "View & Pay Invoices",
  quotes: "View & Accept Quotes",
  tickets: "View & Open Support Tickets",
  affiliates: "View & Manage Affiliate Account",
  emails: "View Emails",
  orders: "Place New Orders/Upgrades/Cancellations",
} as const;

export const ALL = Object.keys(PERMISSIONS);
