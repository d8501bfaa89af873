import { ALL, PERMISSIONS, STAFF, address, expect, test, unique } from "./lib/test.ts";
import { complains, confirm, isGone, row, summary, tiles, told } from "./lib/steps.ts";

test("staff see who can get in and change it", async ({ open, world }) => {
  const account = await world.owned();
  const member = await world.member(account, ["invoices"]);
  const visitor = await open({ as: member });
  const page = await open({ admin: STAFF });
  await page.goto(`/admin/clients/${account.id}/users`);
  await expect(row(page, member.email)).toContainText("IP Address: 127.0.0.1");
  await expect(row(page, account.owner.email)).toContainText("Owner");
  await expect(row(page, account.owner.email).getByRole("button", { name: "Remove" })).toBeDisabled();
  await row(page, member.email).getByRole("link", { name: "Manage Permissions" }).click();
  await page.getByRole("checkbox", { name: PERMISSIONS.domains }).check();
  await page.getByRole("checkbox", { name: "Manage Users" }).check();
  await page.getByRole("button", { name: "Save Changes" }).click();
  await told(page, `Permissions of ${member.name} saved.`);
  await visitor.goto(`/a/${account.id}`);
  await expect(tiles(visitor)).toHaveText(["Manage Users", PERMISSIONS.domains, PERMISSIONS.invoices]);
  await confirm(page, row(page, member.email).getByRole("button", { name: "Remove" }), "Remove");
  await told(page, `${member.name} can no longer enter ${account.name}.`);
  expect((await visitor.reload())?.status()).toBe(404);
});

test("Make Owner: the new owner holds everything, the old one stays with all permissions", async ({ open, world }) => {
  const account = await world.owned();
  const member = await world.member(account, ["invoices"]);
  const page = await open({ admin: STAFF });
  await page.goto(`/admin/clients/${account.id}/users`);
  await row(page, member.email).getByRole("button", { name: "Make Owner" }).click();
  const dialog = page.getByRole("dialog");
  await expect(dialog).toContainText(`Make ${member.name} the owner of ${account.name}?`);
  await dialog.getByRole("button", { name: "Make Owner" }).click();
  await told(page, `${member.name} owns ${account.name} now.`);
  await expect(row(page, member.email)).toContainText("Everything");
  await expect(row(page, account.owner.email)).toContainText("All permissions");
  const [fresh, former] = [await open({ as: member }), await open({ as: account.owner })];
  await fresh.goto(`/a/${account.id}`);
  await expect(fresh.getByText("You own this account.")).toBeVisible();
  await expect(tiles(fresh)).toHaveCount(14);
  await former.goto(`/a/${account.id}`);
  await expect(former.getByText("You own this account.")).toHaveCount(0);
  await expect(tiles(former)).toHaveText(Object.values(PERMISSIONS));
  expect((await former.goto(`/a/${account.id}/users`))?.status()).toBe(403);
});

test("staff resend and cancel invites", async ({ open, world, sink }) => {
  const account = await world.owned();
  const email = address();
  const old = await world.invite(account, email, ALL);
  const page = await open({ admin: STAFF });
  await page.goto(`/admin/clients/${account.id}/users`);
  await expect(page.getByRole("button", { name: "Copy link" })).toHaveCount(0);
  await row(page, email).getByRole("button", { name: "Resend Invite" }).click();
  await told(page, `Invite to ${email} resent with a fresh link.`);
  const fresh = (await sink.mail(email, 2)).link;
  const guest = await open();
  await isGone(guest, old);
  await confirm(page, row(page, email).getByRole("button", { name: "Cancel Invite" }), "Cancel Invite");
  await told(page, `Invite to ${email} cancelled.`);
  await expect(page.getByText("No invite is waiting")).toBeVisible();
  await isGone(guest, fresh);
});

test("closing shuts everybody out at once, reopening lets them in as before", async ({ open, world }) => {
  const account = await world.owned();
  const member = await world.member(account, ["tickets"]);
  const visitor = await open({ as: member });
  await visitor.goto(`/a/${account.id}`);
  const page = await open({ admin: STAFF });
  await page.goto(`/admin/clients/${account.id}`);
  await confirm(page, page.getByRole("button", { name: "Close Account" }), "Close Account");
  await told(page, `${account.name} closed. Nobody can enter it.`);
  expect((await visitor.reload())?.status()).toBe(403);
  await expect(visitor.getByText("This account is closed.")).toBeVisible();
  await page.getByRole("button", { name: "Reopen Account" }).click();
  await told(page, `${account.name} is open again.`);
  await visitor.goto(`/a/${account.id}`);
  await expect(tiles(visitor)).toHaveText([PERMISSIONS.tickets]);
});

test("deleting asks for the name; users who have nothing else go too when asked for", async ({ open, world }) => {
  const account = await world.owned();
  const elsewhere = await world.owned();
  await world.member(account, ["tickets"], elsewhere.owner);
  const page = await open({ admin: STAFF });
  await page.goto(`/admin/clients/${account.id}`);
  await page.getByText("Delete Account …").click();
  await page.getByLabel("Account name, to confirm").fill("something else");
  await page.getByLabel("Also delete users who have no other account").check();
  await page.getByRole("button", { name: "Delete Account for Good" }).click();
  await complains(page.getByLabel("Account name, to confirm"), "This is not the account's name. Type it as it is shown.");
  await expect(page.getByLabel("Also delete users who have no other account")).toBeChecked();
  await page.getByLabel("Account name, to confirm").fill(account.name);
  await page.getByRole("button", { name: "Delete Account for Good" }).click();
  await told(page, `${account.name} deleted, with one user who had no other account.`);
  expect((await page.goto(`/admin/clients/${account.id}`))?.status()).toBe(404);
  await page.goto(`/admin/users?q=${encodeURIComponent(account.owner.email)}`);
  await expect(page.getByText("No user fits")).toBeVisible();
  await page.goto(`/admin/users?q=${encodeURIComponent(elsewhere.owner.email)}`);
  await expect(row(page, elsewhere.owner.email)).toBeVisible();
});

test("deleting without users leaves them their login", async ({ open, world }) => {
  const account = await world.owned();
  const page = await open({ admin: STAFF });
  await page.goto(`/admin/clients/${account.id}`);
  await page.getByText("Delete Account …").click();
  await page.getByLabel("Account name, to confirm").fill(account.name);
  await page.getByRole("button", { name: "Delete Account for Good" }).click();
  await told(page, `${account.name} deleted.`);
  const owner = await open({ as: account.owner });
  await owner.goto("/accounts");
  await expect(owner.getByText("You have no accounts yet")).toBeVisible();
});

test("notes are for staff, pinned ones stand on the Summary", async ({ open, world }) => {
  const account = await world.owned();
  const page = await open({ admin: STAFF });
  await page.goto(`/admin/clients/${account.id}/notes`);
  await expect(page.getByText("No notes yet")).toBeVisible();
  await page.getByRole("button", { name: "Add Note" }).click();
  await expect(summary(page)).toBeVisible();
  const text = `Calls on Mondays. <b>${unique()}</b>\nSecond line`;
  await page.getByRole("textbox", { name: "Note" }).fill(text);
  await page.getByRole("button", { name: "Add Note" }).click();
  await told(page, "Note added.");
  await expect(page.locator(".note-text")).toHaveText(text);
  await page.getByRole("button", { name: "Pin", exact: true }).click();
  await told(page, "Note pinned to the Summary tab.");
  await page.goto(`/admin/clients/${account.id}`);
  await expect(page.locator(".note-text")).toHaveText(text);
  const owner = await open({ as: account.owner });
  await owner.goto(`/a/${account.id}`);
  await expect(owner.getByText("Calls on Mondays")).toHaveCount(0);
  await page.goto(`/admin/clients/${account.id}/notes`);
  await page.getByRole("button", { name: "Unpin" }).click();
  await told(page, "Note no longer pinned.");
  await confirm(page, page.getByRole("button", { name: "Delete Note" }), "Delete Note");
  await told(page, "Note deleted.");
  await expect(page.getByText("No notes yet")).toBeVisible();
});

test("the Profile tab changes the client, the Log tab tells who did", async ({ open, world }) => {
  const account = await world.owned();
  const page = await open({ admin: STAFF });
  await page.goto(`/admin/clients/${account.id}/profile`);
  await page.getByLabel("Account Name").fill(`${account.name} & Sons`);
  await page.getByLabel("Status").selectOption("Inactive");
  await page.getByRole("button", { name: "Save Changes" }).click();
  await told(page, `${account.name} & Sons saved.`);
  await expect(page.getByRole("heading", { level: 1 })).toHaveText(`${account.name} & Sons`);
  await expect(page.locator(".page-head")).toContainText("Inactive");
  await page.getByRole("navigation", { name: "Client" }).getByRole("link", { name: "Log" }).click();
  const event = page.getByRole("listitem").filter({ hasText: `Details of ${account.name} & Sons changed` }).first();
  await expect(event).toContainText(`by ${STAFF.name}`);
  await expect(event).toContainText("127.0.0.1");
});
