// Passkeys with Chromium's virtual authenticator. Browsers bind a passkey to a name, so this server is localhost.

import { readFile } from "node:fs/promises";
import type { Page } from "@playwright/test";
import { PASSWORD, expect, test, unique } from "./lib/test.ts";
import { authenticator, touches } from "./lib/passkey.ts";
import { confirm, logIn, told } from "./lib/steps.ts";

async function logOut(page: Page): Promise<void> {
  await page.locator("details.menu > summary").click();
  await page.getByRole("button", { name: "Logout" }).click();
  await told(page, "You are logged out.");
}

test("a passkey is added, logs in alone and as the second step, and is removed @once", async ({ open, another }) => {
  const server = await another({ host: "localhost" });
  const email = `${unique()}@people.example`;
  await server.createUser(email, "Pia", "Passkey", PASSWORD);
  const account = await server.createAccount("Passkey Ltd", email);
  const page = await open({ server, as: { email, name: "Pia Passkey", password: PASSWORD } });
  const device = await authenticator(page);

  await page.goto("/me/security");
  await page.getByRole("link", { name: "See Passkeys" }).click();
  await expect(page.getByText("No passkey yet")).toBeVisible();
  await page.getByRole("link", { name: "Add Passkey" }).click();
  await expect(page.getByLabel("Name")).toHaveValue(/Chrom/);
  await page.getByLabel("Name").fill("My laptop");
  await page.getByRole("button", { name: "Add Passkey" }).click();
  // The first factor brings recovery codes along.
  await expect(page.locator("#recovery-codes li")).toHaveCount(10);
  const codes = await page.locator("#recovery-codes li").allTextContents();
  const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("link", { name: "Download as Text" }).click()]);
  const text = await readFile(await download.path(), "utf8");
  for (const code of codes) expect(text).toContain(code);
  await page.evaluate(() => (window.print = () => document.body.setAttribute("data-printed", "")));
  await page.getByRole("button", { name: "Print" }).click();
  await expect(page.locator("body")).toHaveAttribute("data-printed", "");
  await page.goto("/me/passkeys");
  await expect(page.locator("li strong", { hasText: "My laptop" })).toBeVisible();
  await expect(page.getByText("Not used yet")).toBeVisible();

  // The same authenticator says that it has one.
  await page.getByRole("link", { name: "Add Passkey" }).click();
  await page.getByRole("button", { name: "Add Passkey" }).click();
  await expect(page.getByText("This device has a passkey for you already.")).toBeVisible();

  // Beside the password.
  await touches(device, false);
  await page.goto("/me/passkeys");
  await logOut(page);
  await expect(page.getByLabel("Email Address")).toHaveAttribute("autocomplete", "username webauthn");
  await logIn(page, { email, name: "", password: PASSWORD });
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("One more step");
  await touches(device, true);
  await page.getByRole("button", { name: "Use a passkey" }).click();
  await expect(page).toHaveURL(`${server.url}/a/${account}`);

  // Alone: by the button.
  await touches(device, false);
  await logOut(page);
  // Pressed before the touch, which would else answer the question in the address field.
  await page.getByRole("button", { name: "Log in with a passkey" }).click();
  await touches(device, true);
  await expect(page).toHaveURL(`${server.url}/a/${account}`);

  await page.goto("/me/passkeys");
  await expect(page.getByText("Last used")).toBeVisible();
  await confirm(page, page.getByRole("button", { name: /^Remove/ }), "Remove");
  await told(page, "Passkey removed.");
  await touches(device, false);
  await logOut(page);
  await logIn(page, { email, name: "", password: PASSWORD });
  await expect(page).toHaveURL(`${server.url}/a/${account}`);
});

test("the login page offers passkeys in the address field @once", async ({ open, another }) => {
  const server = await another({ host: "localhost" });
  const email = `${unique()}@people.example`;
  await server.createUser(email, "Pia", "Passkey", PASSWORD);
  const account = await server.createAccount("Passkey Ltd", email);
  const page = await open({ server, as: { email, name: "Pia Passkey", password: PASSWORD } });
  const device = await authenticator(page);
  // Where two-factor is required a passkey will do, and one gets to where one was going.
  await page.goto("/two-factor?next=/me/data");
  await page.getByRole("link", { name: "Add Passkey" }).click();
  await page.getByRole("button", { name: "Add Passkey" }).click();
  await expect(page.locator("#recovery-codes li")).toHaveCount(10);
  await page.getByRole("link", { name: "I Have Kept Them" }).click();
  await expect(page).toHaveURL(`${server.url}/me/data`);
  await touches(device, false);
  await page.goto("/me/passkeys");
  await logOut(page);
  // Chromium's virtual authenticator stands for the choice in the list: the page has pressed nothing.
  await touches(device, true);
  // It may log in before the page has loaded, which takes the load away.
  await page.goto("/login", { waitUntil: "commit" });
  await expect(page).toHaveURL(`${server.url}/a/${account}`);
});

test("where the server's address is an IP address the page says why there are no passkeys @once", async ({ open, world }) => {
  const account = await world.owned();
  const page = await open({ as: account.owner });
  await page.goto("/me/passkeys");
  await expect(page.getByText("Passkeys need a name to be bound to")).toBeVisible();
  await expect(page.getByRole("link", { name: "Add Passkey" })).toHaveCount(0);
  const login = await open();
  await login.goto("/login");
  await expect(login.getByRole("button", { name: "Log in with a passkey" })).toHaveCount(0);
});
