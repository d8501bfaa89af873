import { ALL, PASSWORD, PERMISSIONS, STAFF, address, expect, test, unique, type Mail, type Person } from "./lib/test.ts";
import { complains, confirm, finishRegistration, invite, isGone, logIn, menu, register, row, summary, tiles, told } from "./lib/steps.ts";

const SOME = [PERMISSIONS.invoices, PERMISSIONS.tickets];

const newcomer = (): Omit<Person, "id" | "name"> => ({ first: "Nadia", last: `Osei-${unique()}`, email: address(), password: PASSWORD });

/** A mail says the same twice, to one person, with a link that begins with the public address. */
function isInvitation(mail: Mail, email: string, inviter: string, account: string, url: string): void {
  expect(mail.to).toEqual([email]);
  expect(mail.subject).toBe(`${inviter} has invited you to ${account}`);
  expect(mail.from).toBe("mail@latchkey.example");
  expect(mail.link).toMatch(new RegExp(`^${url}/invite/[\\w-]{43}$`));
  expect(mail.html.replaceAll("&#x2f;", "/")).toContain(`href="${mail.link}"`);
  expect(mail.text).toContain("Opening the link changes nothing");
}

test("an owner gives everything; the invitee registers with another address and is inside", async ({ open, world, sink }) => {
  const account = await world.owned();
  const email = address();
  const owner = await open({ as: account.owner });
  await invite(owner, account, email);
  await expect(row(owner, email)).toContainText("All permissions");
  await expect(row(owner, email)).toContainText(`by ${account.owner.name}`);

  const mail = await sink.mail(email);
  isInvitation(mail, email, account.owner.name, account.name, world.server.url);
  expect(mail.text).toContain("everything in this account, apart from managing its users");

  // Opening the link changes nothing: twice in a browser, and as a mail scanner does it.
  const guest = await open();
  for (let time = 0; time < 2; time += 1) {
    await guest.goto(mail.link);
    await expect(guest.getByRole("heading", { level: 1 })).toHaveText(`You have been invited to ${account.name}`);
  }
  for (const method of ["GET", "HEAD"]) expect((await fetch(mail.link, { method })).status).toBe(200);
  await owner.reload();
  await expect(row(owner, email)).toContainText("Pending");

  await expect(guest.getByText(`${account.owner.name} has given you access to the ${account.name} account.`)).toBeVisible();
  await guest.getByText("Show all 13 permissions").click();
  for (const label of Object.values(PERMISSIONS)) await expect(guest.getByText(label)).toBeVisible();
  await expect(guest.getByRole("region", { name: "Register" }).getByLabel("Email Address")).toHaveValue(email);

  const who = newcomer();
  await register(guest, who);
  await owner.reload();
  await expect(row(owner, email)).toContainText("Pending");
  await finishRegistration(guest, sink, { email: who.email, password: "this is not the password" });
  await complains(guest.getByLabel("Password", { exact: true }), "This is not the password you chose when you registered.");
  await guest.getByLabel("Password", { exact: true }).fill(who.password);
  await guest.getByRole("button", { name: "Finish Registration" }).click();
  await told(guest, `Welcome to ${account.name}.`);
  await expect(guest).toHaveURL(`${world.server.url}/a/${account.id}`);
  await expect(tiles(guest)).toHaveText(Object.values(PERMISSIONS));
  await expect(guest.getByRole("link", { name: "User Management" })).toHaveCount(0);

  // What was not given is refused, with the permission's name and whom to ask.
  expect((await guest.goto(`/a/${account.id}/users`))?.status()).toBe(403);
  await expect(guest.getByText("Manage Users")).toBeVisible();
  await expect(guest.getByText(account.owner.name)).toBeVisible();
  await expect(guest.getByRole("link", { name: account.owner.email })).toBeVisible();

  // Everybody concerned can see it.
  await owner.reload();
  const member = row(owner, who.email);
  await expect(member).toContainText(`${who.first} ${who.last}`);
  await expect(member).toContainText("All permissions");
  await expect(member).toContainText(`Invited by ${account.owner.name}`);
  await expect(owner.getByText(email)).toHaveCount(0);
  const staff = await open({ admin: STAFF });
  await staff.goto(`/admin/clients/${account.id}/log`);
  await expect(staff.getByText(`${who.first} ${who.last} accepted the invite of ${email} to ${account.name}`)).toBeVisible();
  await guest.goto("/me/invitations");
  await expect(row(guest, account.name)).toContainText(email);
});

test("an owner chooses; the invitee has exactly that", async ({ open, world, sink }) => {
  const account = await world.owned();
  const email = address();
  const owner = await open({ as: account.owner });
  await owner.goto(`/a/${account.id}/users`);
  await expect(owner.getByRole("checkbox", { name: PERMISSIONS.invoices })).toBeHidden();
  await invite(owner, account, email, SOME);
  const mail = await sink.mail(email);
  isInvitation(mail, email, account.owner.name, account.name, world.server.url);
  for (const label of SOME) expect(mail.text).toContain(`- ${label}`);
  expect(mail.text).not.toContain(PERMISSIONS.orders);

  const guest = await open();
  await guest.goto(mail.link);
  await expect(guest.locator(".granted .check-title")).toHaveText(SOME);
  await register(guest, { ...newcomer(), email });
  await told(guest, `Welcome to ${account.name}.`);
  await expect(tiles(guest)).toHaveText(SOME);
  expect((await guest.goto(`/a/${account.id}/details`))?.status()).toBe(403);
  await expect(guest.getByText(PERMISSIONS.profile)).toBeVisible();
});

test("somebody with a login logs in on the page and is inside", async ({ open, world }) => {
  const account = await world.owned();
  const home = await world.owned();
  const link = await world.invite(account, address(), ["quotes"]);
  const page = await open();
  await page.goto(link);
  const panel = page.getByRole("region", { name: "Login" });
  await panel.getByLabel("Email Address").fill(home.owner.email);
  await panel.getByLabel("Password", { exact: true }).fill("this is not the password");
  await panel.getByRole("button", { name: "Login" }).click();
  await complains(panel.getByLabel("Email Address"), "The email address or the password is wrong.");
  await expect(panel.getByLabel("Email Address")).toHaveValue(home.owner.email);
  await panel.getByLabel("Password", { exact: true }).fill(PASSWORD);
  await panel.getByRole("button", { name: "Login" }).click();
  await told(page, `Welcome to ${account.name}.`);
  await expect(tiles(page)).toHaveText([PERMISSIONS.quotes]);
  await (await menu(page)).getByRole("link", { name: "Switch Account" }).click();
  for (const name of [account.name, home.name]) await expect(page.getByRole("button", { name })).toBeVisible();
});

test("somebody who is logged in accepts with one button", async ({ open, world }) => {
  const account = await world.owned();
  const who = await world.person();
  const link = await world.invite(account, address(), ALL);
  const page = await open({ as: who });
  await page.goto(link);
  await expect(page.getByText("You are logged in as")).toBeVisible();
  await expect(page.getByText(who.email)).toBeVisible();
  await page.getByRole("button", { name: "Accept Invite" }).click();
  await told(page, `Welcome to ${account.name}.`);
  await expect(page).toHaveURL(`${world.server.url}/a/${account.id}`);
});

test("Not you? logs out and comes back to the same page", async ({ open, world }) => {
  const account = await world.owned();
  const [wrong, right] = [await world.person(), await world.person()];
  const link = await world.invite(account, address(), ["emails"]);
  const page = await open({ as: wrong });
  await page.goto(link);
  await page.getByRole("button", { name: "Not you? Log in as another user" }).click();
  await expect(page).toHaveURL(link);
  const panel = page.getByRole("region", { name: "Login" });
  await panel.getByLabel("Email Address").fill(right.email);
  await panel.getByLabel("Password", { exact: true }).fill(PASSWORD);
  await panel.getByRole("button", { name: "Login" }).click();
  await told(page, `Welcome to ${account.name}.`);
  await expect(page.locator("header")).toContainText(`Hello, ${right.first}!`);
});

test("declining needs no login, asks first, and is for good", async ({ open, world }) => {
  const account = await world.owned();
  const email = address();
  const link = await world.invite(account, email, ALL);
  const guest = await open();
  await guest.goto(link);
  await guest.getByRole("button", { name: "Decline" }).click();
  const dialog = guest.getByRole("dialog");
  await expect(dialog).toContainText(`Decline the invitation to ${account.name}?`);
  await expect(dialog.getByRole("button", { name: "Keep Invitation" })).toBeFocused();
  await guest.keyboard.press("Enter");
  await expect(dialog).toHaveCount(0);
  await expect(guest).toHaveURL(link);
  await confirm(guest, guest.getByRole("button", { name: "Decline" }), "Decline");
  await told(guest, `Invitation to ${account.name} declined.`);
  await isGone(guest, link);

  const owner = await open({ as: account.owner });
  await owner.goto(`/a/${account.id}/users`);
  await expect(owner.getByText(email)).toHaveCount(0);
});

test("somebody logged in declines and stays logged in", async ({ open, world }) => {
  const account = await world.owned();
  const home = await world.owned();
  const link = await world.invite(account, address(), ALL);
  const page = await open({ as: home.owner });
  await page.goto(link);
  await confirm(page, page.getByRole("button", { name: "Decline" }), "Decline");
  await told(page, `Invitation to ${account.name} declined.`);
  await expect(page.getByRole("button", { name: home.name })).toBeVisible();
  await expect(page.getByRole("button", { name: account.name })).toHaveCount(0);
});

test("accepting as a member adds and takes nothing away", async ({ open, world }) => {
  const account = await world.owned();
  const member = await world.member(account, ["invoices", "tickets"]);
  const link = await world.invite(account, address(), ["domains"]);
  const page = await open({ as: member });
  await page.goto(link);
  await expect(page.getByText(`You are in ${account.name} already.`)).toBeVisible();
  await page.getByRole("button", { name: "Accept Invite" }).click();
  await told(page, `You hold the added permissions in ${account.name} now.`);
  await expect(tiles(page)).toHaveText([PERMISSIONS.domains, PERMISSIONS.invoices, PERMISSIONS.tickets]);
});

test("an owner opens an invitation to the own account and loses nothing", async ({ open, world }) => {
  const account = await world.owned();
  const link = await world.invite(account, address(), ["domains"]);
  const page = await open({ as: account.owner });
  await page.goto(link);
  await expect(page.getByText(`You own ${account.name} already and hold every permission.`)).toBeVisible();
  await expect(page.getByRole("button", { name: "Accept Invite" })).toHaveCount(0);
  await page.getByRole("link", { name: /^Go to/ }).click();
  await page.goto(`/a/${account.id}`);
  await expect(page.getByText("You own this account.")).toBeVisible();
  await expect(page.getByRole("link", { name: "User Management" }).first()).toBeVisible();
});

test("used, cancelled, resent, declined and unknown links lead to one and the same page", async ({ open, world, sink }) => {
  const account = await world.owned();
  const owner = await open({ as: account.owner });

  const usedBy = address();
  const used = await world.invite(account, usedBy, ALL);
  const guest = await open();
  await guest.goto(used);
  await register(guest, { ...newcomer(), email: usedBy });
  await told(guest, `Welcome to ${account.name}.`);

  const cancelledTo = address();
  const cancelled = await world.invite(account, cancelledTo, ALL);
  const resentTo = address();
  const old = await world.invite(account, resentTo, ALL);
  await owner.goto(`/a/${account.id}/users`);
  await confirm(owner, row(owner, cancelledTo).getByRole("button", { name: "Cancel Invite" }), "Cancel Invite");
  await told(owner, `Invite to ${cancelledTo} cancelled.`);
  await row(owner, resentTo).getByRole("button", { name: "Resend Invite" }).click();
  await told(owner, `Invite to ${resentTo} resent with a fresh link.`);
  const fresh = (await sink.mail(resentTo, 2)).link;

  const seen = new Set<string>();
  const anybody = await open();
  for (const link of [used, cancelled, old, `${world.server.url}/invite/${"A".repeat(43)}`, `${world.server.url}/invite/x`]) {
    seen.add(await isGone(anybody, link));
  }
  expect([...seen]).toHaveLength(1);
  await anybody.goto(fresh);
  await expect(anybody.getByRole("heading", { level: 1 })).toHaveText(`You have been invited to ${account.name}`);
});

test("a link into a closed account says so, with a next step", async ({ open, world }) => {
  const account = await world.owned();
  const link = await world.invite(account, address(), ALL);
  await world.close(account);
  const page = await open();
  await page.goto(link);
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("This account is closed");
  await expect(page.getByText("Ask the person who invited you.")).toBeVisible();
  await expect(page.getByRole("button", { name: "Register" })).toHaveCount(0);
});

test("what is wrong with a registration stands beside its field, and what was typed is kept", async ({ open, world }) => {
  const account = await world.owned();
  const somebody = await world.person();
  const link = await world.invite(account, somebody.email, ALL);
  const page = await open();
  await page.goto(link);
  const panel = page.getByRole("region", { name: "Register" });
  await register(page, { first: "", last: "Kept", email: "nobody", password: "password" });
  await complains(panel.getByLabel("First Name"), "Enter the first name.");
  await complains(panel.getByLabel("Email Address"), "Write the address like name@example.com.");
  await complains(panel.getByLabel("Password", { exact: true }), "Use at least 15 characters.");
  await expect(summary(page)).toContainText("Please check these 3 things");
  await expect(panel.getByLabel("Last Name")).toHaveValue("Kept");
  await expect(panel.getByLabel("Email Address")).toHaveValue("nobody");
  await expect(panel.getByLabel("Password", { exact: true })).toHaveValue("");

  await register(page, { first: "A", last: "B", email: somebody.email, password: PASSWORD });
  await complains(panel.getByLabel("Email Address"), "This address can't be registered here.");
  await register(page, { first: "A", last: "B", email: address(), password: "aaaaaaaaaaaaaaaaaaaa" });
  await complains(panel.getByLabel("Password", { exact: true }), "too easy to guess");
});

test("registering makes a good password on request and says how strong one is", async ({ open, world }) => {
  const account = await world.owned();
  const email = address();
  const link = await world.invite(account, email, ALL);
  const page = await open();
  await page.goto(link);
  const panel = page.getByRole("region", { name: "Register" });
  const password = panel.getByLabel("Password", { exact: true });
  const strength = panel.locator("[data-strength-label]");
  await password.fill("aaaaaaaaaaaaaaa");
  await expect(strength).toHaveText(/weak/i);
  await panel.getByRole("button", { name: "Generate Password" }).click();
  expect((await password.inputValue()).length).toBeGreaterThanOrEqual(20);
  await expect(password).toHaveAttribute("type", "text");
  await expect(strength).toHaveText("Strong");
  const who = { ...newcomer(), email, password: await password.inputValue() };
  await panel.getByLabel("First Name").fill(who.first);
  await panel.getByLabel("Last Name").fill(who.last);
  await panel.getByLabel("Email Address").fill(who.email);
  await panel.getByRole("button", { name: "Register" }).click();
  await told(page, `Welcome to ${account.name}.`);
  const again = await open();
  await logIn(again, { ...who, name: "" });
  await expect(again.getByRole("heading", { level: 1 })).toHaveText(account.name);
});

test("two people press Accept on one link at once: one is inside, the other is told @once", async ({ open, world }) => {
  const account = await world.owned();
  const link = await world.invite(account, address(), ALL);
  const pages = [await open({ as: await world.person() }), await open({ as: await world.person() })];
  for (const page of pages) await page.goto(link);
  await Promise.all(pages.map((page) => page.getByRole("button", { name: "Accept Invite" }).click()));
  for (const page of pages) await expect(page.getByRole("heading", { level: 1 })).toHaveText(new RegExp(`^(${account.name}|This invitation can no longer be used)$`));
  const headings = await Promise.all(pages.map((page) => page.getByRole("heading", { level: 1 }).innerText()));
  expect(headings.sort()).toEqual([account.name, "This invitation can no longer be used"].sort());
});

test("names of every script are text, in pages and in mails", async ({ open, world, sink }) => {
  const hostile = `<script>alert(1)</script>"'><img src=x onerror=alert(2)> & ${unique()}`;
  const owner = await world.person({ first: "<b>مرحبا</b>", last: `🦊 Ångström ${unique()}` });
  const account = await world.account(owner, hostile);
  const page = await open({ as: owner });
  await page.goto(`/a/${account.id}`);
  await expect(page.getByRole("heading", { level: 1 })).toHaveText(hostile);
  await expect(page.locator("header")).toContainText("Hello, <b>مرحبا</b>!");
  const email = address();
  await invite(page, account, email);
  const mail = await sink.mail(email);
  expect(mail.to).toEqual([email]);
  expect(mail.subject).toBe(`${owner.name} has invited you to ${hostile}`);
  expect(mail.html).not.toMatch(/<script|<img src=x|<b>/);
  expect(mail.text).toContain(hostile);
  const guest = await open();
  await guest.goto(mail.link);
  await expect(guest.getByRole("heading", { level: 1 })).toHaveText(`You have been invited to ${hostile}`);
  await expect(guest.getByText(owner.name).first()).toBeVisible();
  await guest.getByRole("button", { name: "Decline" }).click();
  await expect(guest.getByRole("dialog")).toContainText(`Decline the invitation to ${hostile}?`);
  const staff = await open({ admin: STAFF });
  for (const path of ["", "/users", "/emails", "/log"]) {
    await staff.goto(`/admin/clients/${account.id}${path}`);
    await expect(staff.getByRole("heading", { level: 1 })).toHaveText(hostile);
  }
});

test("all of it works without scripts", async ({ open, world, sink }) => {
  const account = await world.owned();
  const owner = await open({ javaScriptEnabled: false });
  await logIn(owner, account.owner);
  await expect(owner.getByRole("button", { name: "Show password" })).toHaveCount(0);
  const email = address();
  await invite(owner, account, email, SOME);
  const guest = await open({ javaScriptEnabled: false });
  await guest.goto((await sink.mail(email)).link);
  await expect(guest.getByRole("button", { name: "Generate Password" })).toBeHidden();
  const who = newcomer();
  await register(guest, who);
  await finishRegistration(guest, sink, who);
  await told(guest, `Welcome to ${account.name}.`);
  await expect(tiles(guest)).toHaveText(SOME);

  await owner.goto(`/a/${account.id}/users`);
  await row(owner, who.email).getByRole("link", { name: "Manage Permissions" }).click();
  await owner.getByRole("checkbox", { name: PERMISSIONS.tickets }).uncheck();
  await owner.getByRole("button", { name: "Save Changes" }).click();
  await told(owner, `Permissions of ${who.first} ${who.last} saved.`);
  await guest.goto(`/a/${account.id}`);
  await expect(tiles(guest)).toHaveText([PERMISSIONS.invoices]);
  await row(owner, who.email).getByRole("button", { name: "Remove Access" }).click();
  await told(owner, `${who.first} ${who.last} can no longer enter ${account.name}.`);
  expect((await guest.goto(`/a/${account.id}`))?.status()).toBe(404);
  await guest.goto("/accounts");
  await (await menu(guest)).getByRole("button", { name: "Logout" }).click();
  await told(guest, "You are logged out.");
});
