// Every page of both areas, in the states that look different, in light and in dark.

import { accessible } from "./lib/axe.ts";
import { ALL, PASSWORD, STAFF, address, expect, test } from "./lib/test.ts";
import { menu, row } from "./lib/steps.ts";

test.describe.configure({ timeout: 120_000 });

test("pages before a login", async ({ open, world, another }) => {
  const account = await world.owned();
  const closed = await world.owned();
  const [link, some, dead] = [await world.invite(account, address(), ALL), await world.invite(account, address(), ["invoices"]), await world.invite(closed, address(), ALL)];
  await world.close(closed);
  const page = await open();
  for (const path of ["/login", "/admin/login", link, some, dead, "/invite/x", "/nothing", "/admin/setup/x"]) {
    await page.goto(path);
    await accessible(page, path);
  }
  for (const path of ["/login", "/admin/login"]) {
    await page.goto(path);
    await page.getByRole("button", { name: "Login" }).click();
    await expect(page.getByRole("alert")).toBeVisible();
    await accessible(page, `${path} with errors`);
  }
  await page.goto(link);
  await page.getByRole("button", { name: "Register" }).click();
  await expect(page.getByRole("alert")).toBeVisible();
  await page.getByRole("button", { name: "Generate Password" }).click();
  await accessible(page, "invitation with errors");
  await page.getByRole("button", { name: "Decline" }).click();
  await accessible(page, "decline dialog");

  const server = await another();
  const first = await open({ server });
  await first.goto(server.setupLink);
  await accessible(first, "setup");
});

test("pages of the Client Area", async ({ open, world, sink }) => {
  const account = await world.owned();
  const member = await world.member(account, ["invoices"]);
  await world.invite(account, address(), ["tickets", "domains"]);
  const refused = address();
  sink.refuse(refused, 550, "5.1.1 no such mailbox here, and a long explanation of the matter follows");
  const page = await open({ as: account.owner });
  await page.goto(`/a/${account.id}/users`);
  await page.getByLabel("Email Address").fill(refused);
  await page.getByRole("button", { name: "Send Invite", exact: true }).click();
  await expect(async () => {
    await page.reload();
    await expect(row(page, refused)).toContainText("no such mailbox", { timeout: 500 });
  }).toPass({ timeout: 20_000 });

  for (const path of ["", "/users", `/users/${member.id}/permissions`, "/details", "/contacts", "/contacts/new"]) {
    await page.goto(`/a/${account.id}${path}`);
    await accessible(page, `owner ${path}`);
  }
  for (const path of ["/accounts", "/me/profile", "/me/password", "/me/security", "/me/sessions", "/me/invitations", "/a/999999999"]) {
    await page.goto(path);
    await accessible(page, path);
  }
  await page.goto(`/a/${account.id}/users`);
  await page.getByLabel("Email Address").fill(refused);
  await page.getByLabel("Choose Permissions").check();
  await page.getByRole("button", { name: "Send Invite", exact: true }).click();
  await accessible(page, "users with errors");
  await menu(page);
  await accessible(page, "menu", ".menu");
  await page.keyboard.press("Escape");
  await row(page, member.email).getByRole("button", { name: "Remove Access" }).click();
  await accessible(page, "dialog");
  await page.goto(`/a/${account.id}/details`);
  await page.getByLabel("Account Name").fill("");
  await page.getByRole("button", { name: "Save Changes" }).click();
  await accessible(page, "details with errors");
  await world.contact(account, address(), { first_name: "Udo", last_name: "Ledger", company: "Ledger & Daughters", categories: ["invoice", "domain"] });
  await page.goto(`/a/${account.id}/contacts`);
  await accessible(page, "contacts");
  await page.getByRole("link", { name: "Edit" }).click();
  await page.getByLabel("Email Address").fill("nobody");
  await page.getByRole("button", { name: "Save Changes" }).click();
  await accessible(page, "contact with errors");
  await page.goto("/me/password");
  await page.getByRole("button", { name: "Change Password" }).click();
  await accessible(page, "password with errors");
});

test("pages of members, of people without an account, and of many accounts", async ({ open, world }) => {
  const account = await world.owned();
  const member = await world.member(account, ["invoices"]);
  const link = await world.invite(account, address(), ["tickets"]);
  const page = await open({ as: member });
  for (const path of [`/a/${account.id}`, `/a/${account.id}/users`, link]) {
    await page.goto(path);
    await accessible(page, `member ${path}`);
  }
  const owner = await open({ as: account.owner });
  await owner.goto(link);
  await accessible(owner, "owner's own invitation");

  const nobody = await open({ as: await world.person() });
  await nobody.goto("/accounts");
  await accessible(nobody, "no accounts");
  await nobody.goto(link);
  await accessible(nobody, "invitation, logged in");
  await nobody.getByRole("button", { name: "Accept Invite" }).click();
  await accessible(nobody, "just accepted");
  await nobody.goto("/me/invitations");
  await accessible(nobody, "accepted invitations");

  const many = await world.person({ first: "Bartholomew-Maximilian", last: "Featherstonehaugh-Cholmondeley" });
  for (let number = 0; number < 8; number += 1) await world.account(many, number === 0 ? "Donaudampfschifffahrtselektrizitätenhauptbetriebswerk and Associates" : undefined);
  await world.close(await world.account(many));
  const busy = await open({ as: many });
  await busy.goto("/accounts");
  await accessible(busy, "switcher");
  await busy.getByRole("button", { name: "Donaudampf" }).click();
  await accessible(busy, "long names");
});

test("lists and logs of the Admin Area", async ({ open, world }) => {
  await world.invite(await world.owned(), address(), ALL);
  const page = await open({ admin: STAFF });
  for (const path of [
    "/admin",
    "/admin/clients",
    "/admin/clients?q=nobody-at-all",
    "/admin/clients/new",
    "/admin/users",
    "/admin/users?q=nobody-at-all",
    "/admin/activity",
    "/admin/activity?ip=192.0.2.1",
    "/admin/config",
    "/admin/config/mail",
    "/admin/config/templates",
    "/admin/config/templates/new",
    "/admin/config/templates/mails/invitation",
    "/admin/config/admins",
    "/admin/config/roles",
    "/admin/config/groups",
    "/admin/config/member-roles",
    "/admin/nothing",
    "/admin/clients/999999999",
  ]) {
    await page.goto(path);
    await accessible(page, path);
  }
  await page.goto("/admin");
  await page.getByText("Show the numbers").click();
  await accessible(page, "dashboard, numbers");
  for (const [path, button] of [
    ["/admin/clients/new", "Add New Client"],
    ["/admin/config/admins", "Invite Admin"],
    ["/admin/config/roles", "Add Role"],
    ["/admin/config/groups", "Add Client Group"],
    ["/admin/config/templates/new", "Add Template"],
  ] as const) {
    await page.goto(path);
    await page.getByRole("button", { name: button }).last().click();
    await expect(page.getByRole("alert")).toBeVisible();
    await accessible(page, `${path} with errors`);
  }
});

test("pages of one client and of one user", async ({ open, world }) => {
  const account = await world.owned();
  const member = await world.member(account, ["invoices"]);
  await open({ as: member });
  const email = address();
  await world.invite(account, email, ["tickets"]);
  await world.note(account, "Calls on Mondays.", true);
  const page = await open({ admin: STAFF });
  for (const path of ["", "/profile", "/users", "/users/associate", `/users/${member.id}/permissions`, "/contacts", "/contacts/new", "/emails", "/notes", "/log"]) {
    await page.goto(`/admin/clients/${account.id}${path}`);
    await accessible(page, `client ${path}`);
  }
  await page.goto(`/admin/clients/${account.id}/emails`);
  await row(page, email).getByRole("link").click();
  await accessible(page, "one mail");
  for (const id of [account.owner.id, (await world.person()).id]) {
    await page.goto(`/admin/users/${id}`);
    await accessible(page, "user");
  }
  await page.goto(`/admin/clients/${account.id}`);
  await page.getByText("Delete Account …").click();
  await page.getByRole("button", { name: "Delete Account for Good" }).click();
  await expect(page.getByRole("alert")).toBeVisible();
  await accessible(page, "delete with errors");
  await page.goto(`/admin/clients/${account.id}/users/associate`);
  await page.getByRole("combobox", { name: "Select User" }).fill(member.email);
  await expect(page.getByRole("option").first()).toBeVisible();
  await accessible(page, "found users");
  await page.getByRole("combobox", { name: "Select User" }).fill(address());
  await page.getByRole("option", { name: /^Create new user/ }).click();
  await page.getByRole("radio", { name: /^No/ }).check();
  await accessible(page, "new user");
  await page.getByRole("button", { name: "Associate User" }).click();
  await expect(page.getByRole("alert")).toBeVisible();
  await accessible(page, "associate with errors");
  const empty = await world.owned();
  for (const path of ["/contacts", "/emails", "/notes", "/users"]) {
    await page.goto(`/admin/clients/${empty.id}${path}`);
    await accessible(page, `empty ${path}`);
  }
});

test("pages of a server without a mail server", async ({ open, another }) => {
  const server = await another({ admin: STAFF });
  const email = address();
  await server.createUser(email, "Ines", "Okafor", PASSWORD);
  const id = await server.createAccount("Ferry Line", email);
  const owner = await open({ server, as: { email, name: "", password: PASSWORD } });
  await owner.goto(`/a/${id}/users`);
  const guest = address();
  await owner.getByLabel("Email Address").fill(guest);
  await owner.getByRole("button", { name: "Send Invite", exact: true }).click();
  await accessible(owner, "kept mail, owner");
  const page = await open({ server, admin: STAFF });
  for (const path of ["/admin", "/admin/config/mail", `/admin/clients/${id}/emails`, `/admin/clients/${id}/users`]) {
    await page.goto(path);
    await accessible(page, path);
  }
  await row(page, guest).getByRole("button", { name: "Copy link" }).click();
  await accessible(page, "copied link");
});
