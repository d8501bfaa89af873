import { PASSWORD, STAFF, address, expect, test } from "./lib/test.ts";
import { complains, logIn, row, told } from "./lib/steps.ts";

test("users are found as one types, with their last login", async ({ open, world }) => {
  const account = await world.owned();
  const { owner } = account;
  await open({ as: owner });
  const page = await open({ admin: STAFF });
  await page.goto("/admin/users");
  for (const typed of [owner.last.toLowerCase(), owner.email, `${owner.first} ${owner.last}`, String(owner.id)]) {
    await page.getByRole("searchbox").fill(typed);
    await expect(page).toHaveURL(/q=/);
    await expect(row(page, owner.email), typed).toContainText(owner.name);
  }
  await expect(row(page, owner.email)).toContainText("IP Address: 127.0.0.1");
  await expect(row(page, owner.email)).toContainText("Not verified");
  await row(page, owner.email).getByRole("link", { name: owner.name }).click();
  await expect(page.getByRole("row", { name: `${account.name} Owner` })).toBeVisible();
});

test("a user's name is changed, and the login once it is confirmed; an address that is taken is not", async ({ open, world, sink }) => {
  const [who, other] = [await world.person(), await world.person()];
  const page = await open({ admin: STAFF });
  await page.goto(`/admin/users/${who.id}`);
  await page.getByLabel("Email Address").fill(other.email);
  await page.getByRole("button", { name: "Save Changes" }).click();
  await complains(page.getByLabel("Email Address"), "Another user has this email address already.");
  const email = address();
  await page.getByLabel("Email Address").fill(email);
  await page.getByLabel("First Name").fill("Renamed");
  await page.getByRole("button", { name: "Save Changes" }).click();
  await told(page, `User saved. A link went to ${email}: the login changes when it is opened and confirmed.`);
  await expect(page.getByRole("heading", { level: 1 })).toHaveText(`Renamed ${who.last}`);
  await expect(page.getByText(`Waits to be confirmed: ${email}`)).toBeVisible();
  await page.getByRole("button", { name: "Cancel Change" }).click();
  await told(page, "The user keeps the present address.");
  await expect(page.getByText("Waits to be confirmed")).toHaveCount(0);

  await page.getByLabel("Email Address").fill(email);
  await page.getByRole("button", { name: "Save Changes" }).click();
  const visitor = await open();
  await visitor.goto((await sink.mail(email, 2)).link!);
  await visitor.getByRole("button", { name: "Confirm Email Address" }).click();
  await told(visitor, `${email} is confirmed.`);
  await logIn(visitor, { ...who, email });
  await expect(visitor).toHaveURL(/\/accounts$/);
});

test("only a user without accounts can be deleted", async ({ open, world }) => {
  const account = await world.owned();
  const page = await open({ admin: STAFF });
  await page.goto(`/admin/users/${account.owner.id}`);
  await expect(page.getByRole("button", { name: "Delete User" })).toBeDisabled();
  await expect(page.getByText("This user has accounts.")).toBeVisible();

  const who = await world.person();
  const visitor = await open({ as: who });
  await page.goto(`/admin/users/${who.id}`);
  await page.getByRole("button", { name: "Delete User" }).click();
  await expect(page.getByRole("dialog")).toContainText(`Delete ${who.name}?`);
  await page.getByRole("dialog").getByRole("button", { name: "Delete User" }).click();
  await told(page, `${who.name} deleted.`);
  await visitor.goto("/accounts");
  await expect(visitor).toHaveURL(/\/login/);
  await logIn(visitor, { ...who, password: PASSWORD });
  await complains(visitor.getByLabel("Email Address"), "The email address or the password is wrong.");
});

test("staff end all sessions of a user", async ({ open, world }) => {
  const who = await world.person();
  const visitors = [await open({ as: who }), await open({ as: who })];
  const page = await open({ admin: STAFF });
  await page.goto(`/admin/users/${who.id}`);
  await expect(page.getByText("Set", { exact: true })).toBeVisible();
  await page.getByRole("button", { name: "End All Sessions" }).click();
  await expect(page.getByRole("dialog")).toContainText("2 devices are logged out at once.");
  await page.getByRole("dialog").getByRole("button", { name: "End All Sessions" }).click();
  await told(page, "2 sessions ended.");
  await expect(page.getByText("Not logged in anywhere")).toBeVisible();
  for (const visitor of visitors) {
    await visitor.goto("/accounts");
    await expect(visitor).toHaveURL(/\/login/);
  }
});
