import { ALL, PERMISSIONS, address, csrfOf, expect, test } from "./lib/test.ts";
import { complains, confirm, invite, isGone, row, summary, tiles, told } from "./lib/steps.ts";

test("User Management says who can get in, and from where they last did", async ({ open, world }) => {
  const account = await world.owned();
  const member = await world.member(account, ["invoices"]);
  const visitor = await open({ as: member });
  await visitor.goto(`/a/${account.id}`);
  const page = await open({ as: account.owner });
  await page.goto(`/a/${account.id}/users`);
  await expect(page.getByText(`2 users can enter ${account.name}.`)).toBeVisible();
  const owner = row(page, account.owner.email);
  await expect(owner).toContainText("Owner");
  await expect(owner).toContainText("Everything");
  await expect(owner.getByRole("button", { name: "Remove Access" })).toBeDisabled();
  await expect(owner.getByRole("button", { name: "Manage Permissions" })).toBeDisabled();
  const other = row(page, member.email);
  await expect(other).toContainText(member.name);
  await expect(other).toContainText(PERMISSIONS.invoices);
  await expect(other).toContainText("IP Address: 127.0.0.1");
  // Since when the user may enter, and when it last logged in.
  await expect(other.locator("time")).toHaveCount(2);
  for (const time of await other.locator("time").all()) {
    await expect(time).toHaveAttribute("datetime", /^\d{4}-\d\d-\d\dT/);
    await expect(time).toHaveAttribute("title", /UTC$/);
  }
  for (const heading of ["Last Login Time", "Last Login Details"]) await expect(page.getByText(heading, { exact: true })).toHaveCount(1);
});

test("resending retires the old link; cancelling asks first and retires it for good", async ({ open, world, sink }) => {
  const account = await world.owned();
  const email = address();
  const page = await open({ as: account.owner });
  await invite(page, account, email);
  const old = (await sink.mail(email)).link;
  await row(page, email).getByRole("button", { name: "Resend Invite" }).click();
  await told(page, `Invite to ${email} resent with a fresh link.`);
  const fresh = (await sink.mail(email, 2)).link;
  expect(fresh).not.toBe(old);
  const guest = await open();
  await isGone(guest, old);
  await guest.goto(fresh);
  await expect(guest.getByRole("heading", { level: 1 })).toHaveText(`You have been invited to ${account.name}`);

  await row(page, email).getByRole("button", { name: "Cancel Invite" }).click();
  const dialog = page.getByRole("dialog");
  await expect(dialog).toContainText(`Cancel the invite to ${email}?`);
  await expect(dialog.getByRole("button", { name: "Keep Invite" })).toBeFocused();
  await page.keyboard.press("Escape");
  await expect(row(page, email)).toBeVisible();
  await confirm(page, row(page, email).getByRole("button", { name: "Cancel Invite" }), "Cancel Invite");
  await told(page, `Invite to ${email} cancelled.`);
  await isGone(guest, fresh);
});

test("a second invite to one address offers Resend", async ({ open, world, sink }) => {
  const account = await world.owned();
  const email = address();
  const page = await open({ as: account.owner });
  await invite(page, account, email);
  await page.getByLabel("Email Address").fill(email.toUpperCase());
  await page.getByRole("button", { name: "Send Invite", exact: true }).click();
  await complains(page.getByLabel("Email Address"), "An invite to this address is waiting already.");
  await expect(page.getByText(`An invite to ${email} is waiting to be accepted.`)).toBeVisible();
  await page.getByRole("region", { name: "Invite New User" }).getByRole("button", { name: "Resend Invite" }).click();
  await told(page, `Invite to ${email} resent`);
  await sink.mail(email, 2);
});

test("bad invites say what is wrong, keep what was typed and send nothing", async ({ open, world, sink }) => {
  const account = await world.owned();
  const member = await world.member(account, ["invoices"]);
  const page = await open({ as: account.owner });
  const email = page.getByLabel("Email Address");
  const send = page.getByRole("button", { name: "Send Invite", exact: true });
  await page.goto(`/a/${account.id}/users`);

  for (const [typed, complaint] of [
    ["", /.+/],
    ["nobody", /Write the address like name@example.com./],
    ["two@people.example, three@people.example", /Write the address like name@example.com./],
    [`${"x".repeat(300)}@people.example`, /.+/],
    [member.email, /This user is in the account already./],
    [account.owner.email, /already/],
  ] as const) {
    await email.fill(typed);
    await send.click();
    await expect(summary(page)).toContainText(complaint);
    await expect(email).toHaveAttribute("aria-invalid", "true");
    await expect(email).toHaveAccessibleDescription(complaint);
    await expect(email).toHaveValue(typed);
  }

  const fresh = address();
  await email.fill(fresh);
  await page.getByLabel("Choose Permissions").check();
  await send.click();
  await expect(summary(page)).toContainText("Choose at least one permission.");
  await expect(page.getByRole("group", { name: "Permissions", exact: true })).toHaveAccessibleDescription(/Choose at least one permission./);
  await expect(email).toHaveValue(fresh);
  await expect(page.getByLabel("Choose Permissions")).toBeChecked();

  await page.getByRole("checkbox", { name: PERMISSIONS.domains }).check();
  await email.fill("nobody");
  await send.click();
  await expect(page.getByRole("checkbox", { name: PERMISSIONS.domains })).toBeChecked();
  await page.reload();
  await expect(page.getByRole("heading", { name: "Pending Invites" })).toHaveCount(0);
  expect(sink.to(fresh)).toEqual([]);
});

test("Manage Permissions takes effect at the member's next request", async ({ open, world }) => {
  const account = await world.owned();
  const member = await world.member(account, ["invoices", "profile"]);
  const visitor = await open({ as: member });
  await visitor.goto(`/a/${account.id}/details`);
  await expect(visitor.getByRole("heading", { level: 1 })).toHaveText("Account Details");

  const page = await open({ as: account.owner });
  await page.goto(`/a/${account.id}/users`);
  await row(page, member.email).getByRole("link", { name: "Manage Permissions" }).click();
  await expect(page.getByRole("checkbox", { name: PERMISSIONS.invoices })).toBeChecked();
  await expect(page.getByRole("checkbox", { name: PERMISSIONS.orders })).not.toBeChecked();
  await page.getByRole("checkbox", { name: PERMISSIONS.profile }).uncheck();
  await page.getByRole("checkbox", { name: PERMISSIONS.invoices }).uncheck();
  await page.getByRole("button", { name: "Save Changes" }).click();
  await expect(summary(page)).toContainText("Choose at least one permission.");
  await page.getByRole("checkbox", { name: PERMISSIONS.orders }).check();
  await page.getByRole("button", { name: "Save Changes" }).click();
  await told(page, `Permissions of ${member.name} saved.`);
  await expect(row(page, member.email)).toContainText(PERMISSIONS.orders);

  expect((await visitor.reload())?.status()).toBe(403);
  await visitor.goto(`/a/${account.id}`);
  await expect(tiles(visitor)).toHaveText([PERMISSIONS.orders]);
});

test("Remove Access names what is lost, ends access at the next request and nothing else", async ({ open, world }) => {
  const account = await world.owned();
  const other = await world.owned();
  const member = await world.member(account, ALL);
  await world.member(other, ["quotes"], member);
  const visitor = await open({ as: member });
  await visitor.goto(`/a/${account.id}`);
  await expect(visitor.getByRole("heading", { level: 1 })).toHaveText(account.name);

  const page = await open({ as: account.owner });
  await page.goto(`/a/${account.id}/users`);
  await row(page, member.email).getByRole("button", { name: "Remove Access" }).click();
  const dialog = page.getByRole("dialog");
  await expect(dialog).toContainText(`Remove ${member.name} from this account?`);
  await expect(dialog).toContainText(`${member.name} loses access to ${account.name} at once.`);
  await expect(dialog.getByRole("button", { name: "Cancel" })).toBeFocused();
  await dialog.getByRole("button", { name: "Remove Access" }).click();
  await told(page, `${member.name} can no longer enter ${account.name}.`);
  await expect(page.getByText(member.email)).toHaveCount(0);

  expect((await visitor.reload())?.status()).toBe(404);
  await visitor.goto("/accounts");
  await expect(visitor.getByRole("button", { name: account.name })).toHaveCount(0);
  await visitor.getByRole("button", { name: other.name }).click();
  await expect(tiles(visitor)).toHaveText([PERMISSIONS.quotes]);
});

test("a delegated manager gives only what he holds and touches neither owner nor manager", async ({ open, world }) => {
  const account = await world.owned();
  const manager = await world.member(account, ["users", "invoices"]);
  const peer = await world.member(account, ["users", "tickets"]);
  const richer = await world.member(account, ["invoices", "tickets"]);
  const member = await world.member(account, ["invoices"]);
  const page = await open({ as: manager });
  await page.goto(`/a/${account.id}/users`);
  for (const untouchable of [account.owner, peer, richer, manager]) {
    await expect(row(page, untouchable.email).getByRole("button", { name: "Remove Access" })).toBeDisabled();
    await expect(row(page, untouchable.email).getByRole("button", { name: "Manage Permissions" })).toBeDisabled();
  }
  await expect(page.getByLabel("Choose Permissions")).toBeChecked();
  await expect(page.getByRole("checkbox", { name: PERMISSIONS.tickets })).toBeDisabled();
  await expect(page.getByRole("checkbox", { name: PERMISSIONS.invoices })).toBeEnabled();
  await page.getByLabel("Email Address").fill(address());
  await page.getByLabel("All Permissions").check();
  await page.getByRole("button", { name: "Send Invite", exact: true }).click();
  await expect(summary(page)).toContainText("You can only give permissions you hold yourself.");

  await page.goto(`/a/${account.id}/users`);
  await row(page, member.email).getByRole("link", { name: "Manage Permissions" }).click();
  await expect(page.getByRole("checkbox", { name: PERMISSIONS.tickets })).toBeDisabled();
  await expect(page.getByRole("checkbox", { name: "Manage Users" })).toBeDisabled();
  await page.goto(`/a/${account.id}/users`);
  await confirm(page, row(page, member.email).getByRole("button", { name: "Remove Access" }), "Remove Access");
  await told(page, `${member.name} can no longer enter ${account.name}.`);
});

test("users and invites of another account cannot be reached through one's own @once", async ({ open, world }) => {
  const [mine, other] = [await world.owned(), await world.owned()];
  const stranger = await world.member(other, ["invoices"]);
  const email = address();
  const link = await world.invite(other, email, ALL);
  const elsewhere = await open({ as: other.owner });
  await elsewhere.goto(`/a/${other.id}/users`);
  const action = await row(elsewhere, email).locator("form").first().getAttribute("action");
  const invitation = /invitations\/(\d+)/.exec(action ?? "")![1];

  const request = (await open({ as: mine.owner })).context().request;
  const csrf = csrfOf(await (await request.get(`/a/${mine.id}/users`)).text());
  for (const path of [
    `/a/${mine.id}/users/${stranger.id}/remove`,
    `/a/${mine.id}/users/${stranger.id}/permissions`,
    `/a/${mine.id}/invitations/${invitation}/resend`,
    `/a/${mine.id}/invitations/${invitation}/cancel`,
    `/a/${other.id}/users/${stranger.id}/remove`,
    `/a/${other.id}/invitations/${invitation}/cancel`,
    `/a/${mine.id}/users/999999999/remove`,
  ]) {
    const answer = await request.post(path, { form: { csrf, permissions: "orders" }, maxRedirects: 0 });
    expect(answer.status(), path).toBe(404);
  }
  await elsewhere.reload();
  await expect(row(elsewhere, email)).toBeVisible();
  await expect(row(elsewhere, stranger.email)).toContainText(PERMISSIONS.invoices);
  const guest = await open();
  expect((await guest.goto(link))?.status()).toBe(200);
});
