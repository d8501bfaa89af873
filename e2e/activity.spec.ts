import { readFile } from "node:fs/promises";
import { ALL, STAFF, address, expect, test } from "./lib/test.ts";

test("the Activity Log is filtered by what, whom, where and when, and exported", async ({ open, world }) => {
  const account = await world.owned();
  const other = await world.owned();
  const email = address();
  await world.invite(account, email, ALL);
  await world.invite(other, address(), ALL);
  const page = await open({ admin: STAFF });
  await page.goto("/admin/activity");
  await page.getByLabel("What happened").selectOption("Invite sent");
  await page.getByLabel("Account", { exact: true }).fill(String(account.id));
  await page.getByRole("button", { name: "Filter", exact: true }).click();
  const events = page.getByRole("region", { name: "Last events" }).getByRole("listitem");
  await expect(events).toHaveCount(1);
  await expect(events).toContainText(`${email} invited to ${account.name}`);
  await expect(events).toContainText(`by ${STAFF.name}`);
  await expect(events).toContainText("127.0.0.1");

  const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("link", { name: "Export" }).click()]);
  expect(download.suggestedFilename()).toMatch(/\.csv$/);
  const lines = (await readFile(await download.path(), "utf8")).trim().split("\r\n");
  expect(lines[0]).toBe("time,kind,actor,on behalf of,ip,account id,account,user id,user,email,detail");
  expect(lines).toHaveLength(2);
  expect(lines[1]).toContain(`"invitation-sent","${STAFF.name}","","127.0.0.1","${account.id}"`);

  await page.getByLabel("From").fill("2001-01-01");
  await page.getByLabel("To").fill("2001-01-31");
  await page.getByRole("button", { name: "Filter", exact: true }).click();
  await expect(page.getByText("Nothing fits")).toBeVisible();
  await page.getByRole("link", { name: "Clear Filter" }).click();
  await expect(page.getByLabel("What happened")).toHaveValue("");
  expect(await events.count()).toBeGreaterThan(1);
});

test("a failed login and who tried it are in the log", async ({ open, world }) => {
  const who = await world.person();
  const visitor = await open();
  await visitor.goto("/login");
  await visitor.getByLabel("Email Address").fill(who.email);
  await visitor.getByLabel("Password", { exact: true }).fill("this is not the password");
  await visitor.getByRole("button", { name: "Login" }).click();
  await expect(visitor.getByRole("alert")).toBeVisible();
  const page = await open({ admin: STAFF });
  await page.goto(`/admin/activity?user=${who.id}`);
  await expect(page.getByText(`Login with ${who.email} failed`)).toBeVisible();
  await page.getByRole("link", { name: who.name }).first().click();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText(who.name);
});

test("the Dashboard counts and shows what happened last", async ({ open, world }) => {
  const account = await world.owned();
  const email = address();
  await world.invite(account, email, ALL);
  await open({ as: account.owner });
  const page = await open({ admin: STAFF });
  await page.goto("/admin");
  await expect(page.locator(".figure").filter({ hasText: /pending invite/ })).toBeVisible();
  await expect(page.getByText(`Mail to ${email} sent`).or(page.getByText(`${email} invited to ${account.name}`)).first()).toBeVisible();
  await page.getByText("Show the numbers").click();
  await expect(page.getByRole("row")).toHaveCount(31);
  await page.getByRole("link", { name: "See Activity Log" }).click();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Activity Log");
});
