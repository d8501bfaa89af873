// Pages about how people, staff and machines are let in: one login per area, page after page.

import { accessible } from "./lib/axe.ts";
import { PASSWORD, STAFF, address, expect, test, unique } from "./lib/test.ts";
import { logIn, register, row, setUpApp } from "./lib/steps.ts";
import { authenticator } from "./lib/passkey.ts";

test.describe.configure({ timeout: 120_000 });

test("passwords and addresses by mail", async ({ open, world, sink }) => {
  const account = await world.owned();
  const page = await open();
  await page.goto("/password/forgot");
  await accessible(page, "forgotten password");
  await page.getByLabel("Email Address").fill(account.owner.email);
  await page.getByRole("button", { name: "Send Reset Link" }).click();
  await accessible(page, "reset link sent");
  // The first one says that the account is theirs.
  await page.goto((await sink.mail(account.owner.email, 2)).link);
  await accessible(page, "password reset");
  await page.getByRole("button", { name: "Set New Password" }).click();
  await accessible(page, "password reset with errors");
  for (const path of ["/password/reset/x", "/verify/x", "/register/x", "/admin/invite/x"]) {
    await page.goto(path);
    await accessible(page, path);
  }
  await logIn(page, account.owner);
  await page.goto("/me/profile");
  const fresh = address();
  await page.getByLabel("New Email Address").fill("nobody");
  await page.getByRole("button", { name: "Change Email Address" }).click();
  await accessible(page, "email change with errors");
  await page.getByLabel("New Email Address").fill(fresh);
  await page.getByRole("button", { name: "Change Email Address" }).click();
  await accessible(page, "email change is pending");
  await page.goto((await sink.mail(fresh)).link);
  await accessible(page, "verify");

  const invited = address();
  const link = await world.invite(account, invited, ["tickets"]);
  const guest = await open();
  await guest.goto(link);
  const other = { first: "Udo", last: "Ledger", email: address(), password: PASSWORD };
  await register(guest, other);
  await expect(guest.getByRole("heading", { level: 1 })).toHaveText("Check your mail");
  await accessible(guest, "registration is to be confirmed");
  await guest.goto((await sink.mail(other.email)).link);
  await accessible(guest, "registration");
  await guest.getByRole("button", { name: "Finish Registration" }).click();
  await accessible(guest, "registration with errors");
  await guest.goto(link);
  await register(guest, { ...other, email: invited });
  await expect(guest.getByRole("button", { name: "Resend" })).toBeVisible();
  await accessible(guest, "verify banner");
});

test("one's own security, the account's log and credentials", async ({ open, world }) => {
  const account = await world.owned();
  const page = await open({ as: account.owner });
  for (const path of ["/me/security", "/me/passkeys", "/me/data", "/confirm?next=/me/data", "/two-factor", `/a/${account.id}/activity`, `/a/${account.id}/activity?ip=192.0.2.1`, `/a/${account.id}/api`]) {
    await page.goto(path);
    await accessible(page, path);
  }
  await page.getByRole("button", { name: "Make Credential" }).click();
  await expect(page.getByRole("alert")).toBeVisible();
  await accessible(page, "credential with errors");
  await page.getByLabel("Name", { exact: true }).fill("Billing");
  await page.getByRole("button", { name: "Make Credential" }).click();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("API Credential Made");
  await accessible(page, "new credential");
  await page.goto(`/a/${account.id}/api`);
  await accessible(page, "credentials");

  await page.goto("/me/security");
  await page.getByRole("button", { name: "Set up authenticator app" }).click();
  await expect(page.getByRole("img", { name: "QR code" })).toBeVisible();
  await accessible(page, "authenticator app");
  await page.getByRole("button", { name: "Turn On" }).click();
  await accessible(page, "authenticator app with errors");
  await page.goto("/me/security");
  await setUpApp(page);
  await accessible(page, "recovery codes");
  for (const path of ["/me/security", "/confirm?next=/me/data", "/confirm?next=/me/data&with=recovery"]) {
    await page.goto(path);
    await accessible(page, `${path}, two-factor`);
  }
  const login = await open();
  await logIn(login, account.owner);
  await expect(login.getByRole("heading", { level: 1 })).toHaveText("One more step");
  await accessible(login, "second step");
  await login.getByRole("link", { name: "Use a recovery code" }).click();
  await accessible(login, "second step, recovery code");
});

test("passkeys", async ({ open, another }) => {
  const server = await another({ host: "localhost", admin: STAFF });
  const email = address();
  await server.createUser(email, "Pia", "Passkey", PASSWORD);
  await server.createAccount("Passkey Ltd", email);
  const page = await open({ server, as: { email, name: "", password: PASSWORD } });
  await authenticator(page);
  for (const path of ["/me/passkeys", "/two-factor", "/me/passkeys/new"]) {
    await page.goto(path);
    await accessible(page, path);
  }
  await page.getByLabel("Name").fill("My laptop");
  await page.getByRole("button", { name: "Add Passkey" }).click();
  await expect(page.locator("#recovery-codes li")).toHaveCount(10);
  for (const path of ["/me/passkeys", "/me/security", "/confirm?next=/me/data"]) {
    await page.goto(path);
    await accessible(page, `${path}, a passkey`);
  }
  const login = await open({ server });
  await login.goto("/login");
  await accessible(login, "login, passkeys");
});

test("how the Admin Area lets people and machines in", async ({ open, world, sink }) => {
  const account = await world.owned();
  const page = await open({ admin: STAFF });
  const email = address();
  await page.goto("/admin/config/admins");
  await page.getByLabel("Email Address").fill(email);
  await page.getByLabel(/^Name/).fill("Robin Rota");
  await page.getByLabel("Admin role").selectOption({ index: 1 });
  await page.getByRole("button", { name: "Invite Admin" }).click();
  await expect(row(page, email)).toBeVisible();
  await accessible(page, "admins");
  for (const path of ["bans", "notifications", "security", "api", "api/roles"]) {
    await page.goto(`/admin/config/${path}`);
    await accessible(page, path);
  }
  await page.getByText("Add Role").first().click();
  await page.getByRole("button", { name: "Add Role" }).click();
  await expect(page.getByRole("alert")).toBeVisible();
  await accessible(page, "API roles with errors");
  const role = `Billing ${unique()}`;
  await page.getByLabel("Name of the role").fill(role);
  await page.getByRole("radio", { name: "Choose" }).first().check();
  await page.getByRole("checkbox").first().check();
  await accessible(page, "API roles, chosen one by one");
  await page.getByRole("button", { name: "Add Role" }).click();
  await row(page, role).getByRole("link", { name: "Edit" }).click();
  await accessible(page, "API role");
  await page.goto("/admin/config/api");
  await page.getByLabel("Name", { exact: true }).fill(`Panel ${unique()}`);
  await page.getByRole("button", { name: "Make Credential" }).click();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("API Credential Made");
  await accessible(page, "new credential");
  await page.goto("/admin/config/roles");
  await page.getByLabel("Name of the role").fill(role);
  await page.getByRole("checkbox").first().check();
  await page.getByRole("button", { name: "Add Role" }).click();
  await row(page, role).getByRole("link", { name: "Edit" }).click();
  await accessible(page, "role");
  for (const path of ["/admin/me/security", "/admin/me/passkeys", "/admin/two-factor", "/admin/confirm?next=/admin", `/admin/clients/${account.id}/masquerade`]) {
    await page.goto(path);
    await accessible(page, path);
  }
  await page.getByLabel("Reason").fill("Ticket 4711");
  await page.getByRole("button", { name: "Login as Owner" }).click();
  await expect(page).toHaveURL(new RegExp(`/a/${account.id}$`));
  await accessible(page, "Login as Owner");

  const invited = await open();
  await invited.goto((await sink.mail(email)).link);
  await accessible(invited, "admin invitation");
  await invited.getByRole("button", { name: "Accept Invite" }).click();
  await accessible(invited, "admin invitation with errors");
});
