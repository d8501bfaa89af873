import { PASSWORD, expect, test } from "./lib/test.ts";
import { complains, confirm, logIn, menu, told } from "./lib/steps.ts";

test("Your Profile changes the name that others see, and not the login", async ({ open, world }) => {
  const account = await world.owned();
  const page = await open({ as: account.owner });
  await page.goto(`/a/${account.id}`);
  await (await menu(page)).getByRole("link", { name: "Your Profile" }).click();
  await expect(page.locator("dl.facts")).toContainText(account.owner.email);
  await page.getByLabel("First Name").fill("Zoë");
  await page.getByLabel("Last Name").fill("");
  await page.getByRole("button", { name: "Save Changes" }).click();
  await complains(page.getByLabel("Last Name"), "Enter the last name.");
  await expect(page.getByLabel("First Name")).toHaveValue("Zoë");
  await page.getByLabel("Last Name").fill("Renée");
  await page.getByRole("button", { name: "Save Changes" }).click();
  await told(page, "Your profile is saved.");
  await expect(page.locator("header")).toContainText("Hello, Zoë!");
  await page.goto(`/a/${account.id}/users`);
  await expect(page.getByRole("row").filter({ hasText: account.owner.email })).toContainText("Zoë Renée");
});

test("a new password ends the other sessions and is the only one that works", async ({ open, world }) => {
  const who = await world.person();
  const page = await open({ as: who });
  const elsewhere = await open({ as: who });
  await page.goto("/me/password");
  const current = page.getByLabel("Current Password");
  const fresh = page.getByLabel("New Password");
  const change = page.getByRole("button", { name: "Change Password" });

  await change.click();
  await complains(current, "Enter a password.");
  await current.fill("this is not the password");
  await fresh.fill("eleven calm otters by the weir");
  await change.click();
  await complains(current, "This is not your current password.");
  await current.fill(PASSWORD);
  await fresh.fill(PASSWORD);
  await change.click();
  await complains(fresh, "This is your current password. Choose a new one.");
  await current.fill(PASSWORD);
  await fresh.fill(`${who.first} ${who.last}`.padEnd(16, "1"));
  await change.click();
  await complains(fresh, "too easy to guess");

  await current.fill(PASSWORD);
  await fresh.fill("eleven calm otters by the weir");
  await change.click();
  await told(page, "Password changed. You are logged out on all other devices.");
  await elsewhere.goto("/me/profile");
  await expect(elsewhere).toHaveURL(/\/login\?next=/);
  await logIn(elsewhere, who);
  await complains(elsewhere.getByLabel("Email Address"), "The email address or the password is wrong.");
  await logIn(elsewhere, { ...who, password: "eleven calm otters by the weir" });
  await expect(elsewhere).toHaveURL(/\/accounts$/);
  await page.reload();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Security Settings");
  await expect(page.getByText(`Password of ${who.name} changed`)).toBeVisible();
});

test("Generate Password makes a strong one, shows it and measures it", async ({ open, world }) => {
  const page = await open({ as: await world.person() });
  await page.goto("/me/password");
  const fresh = page.getByLabel("New Password");
  const strength = page.locator("[data-strength-label]");
  await expect(strength).toHaveText("–");
  await fresh.fill("password");
  await expect(strength).toHaveText(/weak/i);
  await expect(page.locator("[data-strength-hint]")).not.toBeEmpty();
  await page.getByRole("button", { name: "Generate Password" }).click();
  const first = await fresh.inputValue();
  expect(first).toMatch(/^\S{20}$/);
  await expect(fresh).toHaveAttribute("type", "text");
  await expect(strength).toHaveText("Strong");
  await page.getByRole("button", { name: "Generate Password" }).click();
  expect(await fresh.inputValue()).not.toBe(first);
  await page.getByRole("button", { name: "Generate Five Words" }).click();
  await expect(fresh).toHaveValue(/^\S+( \S+){4}$/);
  await expect(strength).toHaveText("Strong");
  await fresh.fill("");
  await expect(strength).toHaveText("");
});

test("the banner asks to confirm one's address until that is done, and Resend sends a fresh link", async ({ open, world, sink }) => {
  const account = await world.owned();
  const who = account.owner;
  const page = await open({ as: who });
  const banner = page.getByText(`Please confirm that ${who.email} is your address.`);
  for (const path of ["/accounts", `/a/${account.id}`, "/me/sessions"]) {
    await page.goto(path);
    await expect(banner).toBeVisible();
  }
  const before = sink.to(who.email).length;
  await page.getByRole("button", { name: "Resend" }).click();
  await told(page, `A fresh link is on its way to ${who.email}. The old one no longer works.`);
  await expect(banner).toBeVisible();
  await page.goto((await sink.mail(who.email, before + 1)).link!);
  await page.getByRole("button", { name: "Confirm Email Address" }).click();
  await told(page, `${who.email} is confirmed.`);
  for (const path of ["/accounts", `/a/${account.id}`, "/me/sessions"]) {
    await page.goto(path);
    await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
    await expect(banner).toHaveCount(0);
    await expect(page.getByRole("button", { name: "Resend" })).toHaveCount(0);
  }
});

test("sessions can be ended, one and all others", async ({ open, world }) => {
  const who = await world.person();
  const page = await open({ as: who });
  await page.goto("/me/sessions");
  const rows = page.getByRole("region", { name: "Sessions" }).getByRole("listitem");
  await expect(rows).toHaveCount(1);
  await expect(page.getByText("This device")).toHaveCount(1);
  await expect(page.getByRole("button", { name: "End All Other Sessions" })).toHaveCount(0);

  const others = [await open({ as: who }), await open({ as: who }), await open({ as: who })];
  // Each says what it is, from where, since when, and when it was used last; this one is marked, and cannot be ended here.
  await expect(async () => {
    await page.reload();
    await expect(rows).toHaveCount(4);
    for (const row of await rows.all()) {
      await expect(row).toContainText(/Chrom\w+ on \w+/);
      await expect(row).toContainText(/IP Address: 127\.0\.0\.1 · Hostname: \S+/);
      await expect(row).toContainText(/Last used .+ · Began .+/);
      await expect(row.locator("time[datetime][title]")).toHaveCount(2);
    }
  }).toPass();
  const mine = rows.filter({ hasText: "This device" });
  await expect(mine).toHaveCount(1);
  await expect(mine.getByRole("button", { name: "End Session" })).toHaveCount(0);
  await expect(page.getByRole("button", { name: "End Session" })).toHaveCount(3);
  await page.getByRole("button", { name: "End Session" }).first().click();
  await told(page, "Session ended.");
  await expect(page.getByRole("button", { name: "End Session" })).toHaveCount(2);
  await confirm(page, page.getByRole("button", { name: "End All Other Sessions" }), "End All Other Sessions");
  await told(page, "2 sessions ended.");
  for (const other of others) {
    await other.goto("/me/sessions");
    await expect(other).toHaveURL(/\/login\?next=/);
  }
  await page.reload();
  await expect(page.getByText("This device")).toBeVisible();
});

test("Security Settings list what happened to the login", async ({ open, world }) => {
  const who = await world.person();
  const page = await open({ as: who });
  await logIn(await open(), { ...who, password: "this is not the password" });
  await page.goto("/me/security");
  await expect(page.getByText("One device is logged in")).toBeVisible();
  await expect(page.getByText(`${who.name} logged in`, { exact: true })).toBeVisible();
  await expect(page.getByText(`${who.name} logged in with a new device`)).toBeVisible();
  await expect(page.getByText(`Login with ${who.email} failed`)).toBeVisible();
  await page.goto("/me/invitations");
  await expect(page.getByText("You have accepted no invitation yet")).toBeVisible();
});
