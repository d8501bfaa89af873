// What people do and see on the pages, in the words of the pages.

import { createHmac } from "node:crypto";
import { expect, type Locator, type Page } from "@playwright/test";
import type { Sink } from "./sink.ts";
import type { Account, Credentials, Person } from "./test.ts";

/** The one message after a change. */
export async function told(page: Page, text: string | RegExp): Promise<void> {
  await expect(page.locator(".flash")).toContainText(text);
}

/** An error stands beside its field and in the summary on top. */
export async function complains(field: Locator, text: string): Promise<void> {
  await expect(field).toHaveAttribute("aria-invalid", "true");
  await expect(field).toHaveAccessibleDescription(new RegExp(escape(text)));
  await expect(summary(field.page())).toContainText(text);
}

export function summary(page: Page): Locator {
  return page.locator(".summary[role=alert]");
}

export function escape(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}

/** The row of a table in which somebody stands. */
export function row(page: Page, text: string): Locator {
  return page.getByRole("row").filter({ hasText: text });
}

/** Presses a button that asks first, and agrees. */
export async function confirm(page: Page, button: Locator, action: string): Promise<void> {
  await button.click();
  await page.getByRole("dialog").getByRole("button", { name: action, exact: true }).click();
}

export async function logIn(page: Page, { email, password }: Credentials, path = "/login"): Promise<void> {
  await page.goto(path);
  await page.getByLabel("Email Address").fill(email);
  await page.getByLabel("Password", { exact: true }).fill(password);
  await page.getByRole("button", { name: "Login" }).click();
}

/** Fills the card **Invite New User** and sends it. Without permissions all are given. */
export async function invite(page: Page, account: Account, email: string, permissions?: string[]): Promise<void> {
  await page.goto(`/a/${account.id}/users`);
  await page.getByLabel("Email Address").fill(email);
  if (permissions) {
    await page.getByLabel("Choose Permissions").check();
    for (const label of permissions) await page.getByRole("checkbox", { name: label }).check();
  }
  await page.getByRole("button", { name: "Send Invite", exact: true }).click();
  await told(page, `Invite to ${email} made. The mail is on its way.`);
}

/** Fills the panel **Register** of an invitation's page and sends it. */
export async function register(page: Page, who: Omit<Person, "id" | "name">): Promise<void> {
  const panel = page.getByRole("region", { name: "Register" });
  await panel.getByLabel("First Name").fill(who.first);
  await panel.getByLabel("Last Name").fill(who.last);
  await panel.getByLabel("Email Address").fill(who.email);
  await panel.getByLabel("Password", { exact: true }).fill(who.password);
  await panel.getByRole("button", { name: "Register" }).click();
}

/** Follows the mail of a registration with another address than the invited one, and finishes it with a password. */
export async function finishRegistration(page: Page, sink: Sink, who: Pick<Person, "email" | "password">): Promise<void> {
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Check your mail");
  await told(page, `A mail is on its way to ${who.email}.`);
  await page.goto((await sink.mail(who.email)).link);
  await expect(page.getByText(who.email)).toBeVisible();
  await page.getByLabel("Password", { exact: true }).fill(who.password);
  await page.getByRole("button", { name: "Finish Registration" }).click();
}

/** The names of the tiles on an account's first page: what one may do there. */
export function tiles(page: Page): Locator {
  return page.locator(".tile strong");
}

/** A link that can no longer be used: whatever was the matter, the page is the same. */
export async function isGone(page: Page, link: string): Promise<string> {
  const answer = await page.goto(link);
  expect(answer?.status()).toBe(410);
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("This invitation can no longer be used");
  await expect(page.getByText("ask the person who invited you for a new invitation.")).toBeVisible();
  return page.locator("main").innerText();
}

/** Opens the menu **Hello, {Name}!**. */
export async function menu(page: Page): Promise<Locator> {
  await page.locator("details.menu > summary").click();
  return page.getByRole("navigation", { name: "Your menu" });
}

/** What an authenticator app shows for a secret (RFC 6238); a step later with `ahead`. */
export function appCode(secret: string, ahead = 0): string {
  const bits = [...secret.replaceAll(" ", "")].map((letter) => "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(letter).toString(2).padStart(5, "0")).join("");
  const key = Buffer.from(bits.match(/.{8}/g)!.map((byte) => parseInt(byte, 2)));
  const step = Buffer.alloc(8);
  step.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000) + ahead));
  const tag = createHmac("sha1", key).update(step).digest();
  return String((tag.readUInt32BE(tag.at(-1)! & 15) & 0x7fffffff) % 1_000_000).padStart(6, "0");
}

/** Sets up an authenticator app from a page with the button; its secret and the recovery codes. */
export async function setUpApp(page: Page): Promise<{ secret: string; codes: string[] }> {
  await page.getByRole("button", { name: "Set up authenticator app" }).click();
  await expect(page.getByRole("img", { name: "QR code" })).toBeVisible();
  const secret = await page.getByLabel("Or type this secret into the app").inputValue();
  await page.getByLabel("Authentication Code").fill(appCode(secret));
  await page.getByRole("button", { name: "Turn On" }).click();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Recovery codes");
  return { secret, codes: await page.locator("#recovery-codes li").allInnerTexts() };
}
