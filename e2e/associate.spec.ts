import { ALL, PERMISSIONS, STAFF, address, expect, test } from "./lib/test.ts";
import { complains, row, summary, tiles, told } from "./lib/steps.ts";

test("an existing user is found as one types and invited", async ({ open, world, sink }) => {
  const account = await world.owned();
  const who = await world.person();
  const page = await open({ admin: STAFF });
  await page.goto(`/admin/clients/${account.id}/users`);
  await page.getByRole("link", { name: "Associate User" }).click();
  const box = page.getByRole("combobox", { name: "Select User" });
  await box.fill(who.last.toLowerCase());
  const option = page.getByRole("option", { name: who.name });
  await expect(option).toBeVisible();
  await expect(option).toContainText(who.email);
  await box.press("ArrowDown");
  await expect(option).toHaveAttribute("aria-selected", "true");
  await box.press("Enter");
  await expect(page.getByRole("radio", { name: who.name })).toBeChecked();
  await expect(page.getByRole("listbox")).toBeHidden();
  for (const key of ALL) await expect(page.locator(`#permission-${key}`)).toBeChecked();
  await expect(page.locator("#permission-users")).not.toBeChecked();
  for (const key of ALL) await page.locator(`#permission-${key}`).setChecked(key === "quotes");
  await expect(page.getByRole("radio", { name: /^Yes/ })).toBeChecked();
  await page.getByRole("button", { name: "Associate User" }).click();
  await told(page, `Invite to ${who.email} made. The mail is on its way.`);
  await expect(row(page, who.email)).toContainText("Pending");
  await expect(row(page, who.email)).toContainText(`by ${STAFF.name} (staff)`);
  const mail = await sink.mail(who.email);
  expect(mail.subject).toContain(`has invited you to ${account.name}`);
  const guest = await open({ as: who });
  await guest.goto(mail.link);
  await guest.getByRole("button", { name: "Accept Invite" }).click();
  await expect(tiles(guest)).toHaveText([PERMISSIONS.quotes]);
});

test("an existing user is associated at once, without an invitation", async ({ open, world, sink }) => {
  const account = await world.owned();
  const who = await world.person();
  const page = await open({ admin: STAFF });
  await page.goto(`/admin/clients/${account.id}/users/associate`);
  await page.getByRole("combobox", { name: "Select User" }).fill(who.email);
  await page.getByRole("option", { name: who.name }).click();
  await page.getByRole("radio", { name: /^No/ }).check();
  await expect(page.getByLabel("First Name")).toBeHidden();
  await page.getByRole("button", { name: "Associate User" }).click();
  await told(page, `${who.name} can enter ${account.name} now.`);
  await expect(row(page, who.email)).toContainText("All permissions");
  const member = await open({ as: who });
  await member.goto(`/a/${account.id}`);
  await expect(tiles(member)).toHaveCount(13);
  expect((await sink.mail(who.email)).text).not.toContain("/invite/");

  // The same again is refused.
  await page.goto(`/admin/clients/${account.id}/users/associate`);
  await page.getByRole("combobox", { name: "Select User" }).fill(who.email);
  await page.getByRole("option", { name: who.name }).click();
  await page.getByRole("radio", { name: /^No/ }).check();
  await page.getByRole("button", { name: "Associate User" }).click();
  await expect(summary(page)).toContainText("This user is in the account already.");
  await expect(page.getByRole("radio", { name: who.name })).toBeChecked();
  await expect(page.getByRole("radio", { name: /^No/ })).toBeChecked();
});

test("an address nobody has is invited", async ({ open, world, sink }) => {
  const account = await world.owned();
  const email = address();
  const page = await open({ admin: STAFF });
  await page.goto(`/admin/clients/${account.id}/users/associate`);
  await page.getByRole("combobox", { name: "Select User" }).fill(email);
  await page.getByRole("option", { name: `Create new user: ${email}` }).click();
  await expect(page.getByText("Nobody has this address yet.")).toBeVisible();
  await expect(page.getByLabel("First Name")).toBeHidden();
  await page.getByRole("button", { name: "Associate User" }).click();
  await told(page, `Invite to ${email} made.`);
  expect((await sink.mail(email)).link).toContain("/invite/");

  // A second one to the same address is refused and offers nothing else than the first.
  await page.goto(`/admin/clients/${account.id}/users/associate`);
  await page.getByRole("combobox", { name: "Select User" }).fill(email);
  await page.getByRole("option", { name: `Create new user: ${email}` }).click();
  await page.getByRole("button", { name: "Associate User" }).click();
  await expect(summary(page)).toContainText("An invite to this address is waiting already.");
});

test("an address nobody has becomes a user without a password, whose name is asked for", async ({ open, world, sink }) => {
  const account = await world.owned();
  const email = address();
  const page = await open({ admin: STAFF });
  await page.goto(`/admin/clients/${account.id}/users/associate`);
  await page.getByRole("combobox", { name: "Select User" }).fill(email);
  await page.getByRole("option", { name: `Create new user: ${email}` }).click();
  await page.getByRole("radio", { name: /^No/ }).check();
  await expect(page.getByLabel("Email Address")).toHaveValue(email);
  await page.getByRole("button", { name: "Associate User" }).click();
  await complains(page.getByLabel("First Name"), "Enter the first name.");
  await complains(page.getByLabel("Last Name"), "Enter the last name.");
  await page.getByLabel("First Name").fill("Thea");
  await page.getByLabel("Last Name").fill("Marsh");
  await page.getByRole("button", { name: "Associate User" }).click();
  await told(page, `Thea Marsh was made and can enter ${account.name} now. There is no password yet; a password link can be sent.`);
  await row(page, email).getByRole("link", { name: "Thea Marsh", exact: true }).click();
  await expect(page.getByRole("definition").filter({ hasText: "None yet" })).toBeVisible();
  expect((await sink.mail(email)).text).not.toContain("/invite/");
});

test("what is missing is asked for, and what was chosen is kept", async ({ open, world }) => {
  const account = await world.owned();
  const page = await open({ admin: STAFF });
  await page.goto(`/admin/clients/${account.id}/users/associate`);
  await page.getByRole("button", { name: "Associate User" }).click();
  await expect(summary(page)).toContainText("Choose a user, or type the address of a new one.");
  const who = await world.person();
  await page.getByRole("combobox", { name: "Select User" }).fill(who.email);
  await page.getByRole("option", { name: who.name }).click();
  for (const key of ALL) await page.locator(`#permission-${key}`).uncheck();
  await page.getByRole("button", { name: "Associate User" }).click();
  await expect(summary(page)).toContainText("Choose at least one permission.");
  await expect(page.getByRole("radio", { name: who.name })).toBeChecked();
});

test("without scripts the server lists whom it found", async ({ open, world }) => {
  const account = await world.owned();
  const who = await world.person();
  const page = await open({ admin: STAFF, javaScriptEnabled: false });
  await page.goto(`/admin/clients/${account.id}/users/associate`);
  await page.getByLabel("Select User").fill(who.last);
  await page.getByRole("button", { name: "Search" }).click();
  await page.getByRole("radio", { name: who.name }).check();
  await page.getByRole("radio", { name: /^No/ }).check();
  await page.getByRole("button", { name: "Associate User" }).click();
  await told(page, `${who.name} can enter ${account.name} now.`);

  const email = address();
  await page.goto(`/admin/clients/${account.id}/users/associate`);
  await page.getByLabel("Select User").fill(email);
  await page.getByRole("button", { name: "Search" }).click();
  await page.getByRole("radio", { name: `Create new user: ${email}` }).check();
  await page.getByRole("button", { name: "Associate User" }).click();
  await told(page, `Invite to ${email} made.`);
});
