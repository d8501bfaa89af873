// Roles of users: made under Configuration, chosen on the invite card and on Manage Permissions.

import { STAFF, address, expect, test, unique } from "./lib/test.ts";
import { confirm, row, told } from "./lib/steps.ts";

test("a role is made, offered, given and taken, and says what it gives", async ({ open, world }) => {
  const name = `Accounting ${unique()}`;
  const account = await world.owned();
  const member = await world.member(account, ["tickets"]);
  const admin = await open({ admin: STAFF });
  await admin.goto("/admin/config/member-roles");
  await admin.getByLabel("Name of the role").fill(name);
  await admin.getByRole("button", { name: "Add Role" }).click();
  await expect(admin.getByRole("group", { name: "Permissions" })).toHaveAccessibleDescription("Choose at least one permission.");
  await admin.getByLabel("Description").fill("Reads and pays invoices");
  await admin.getByRole("checkbox", { name: "View & Pay Invoices" }).check();
  await admin.getByRole("button", { name: "Add Role" }).click();
  await told(admin, `Role ${name} added.`);
  await expect(row(admin, name)).toContainText("Reads and pays invoices");

  // A role stands for itself: what is ticked beforehand does not come with it.
  await admin.goto(`/admin/clients/${account.id}/users/associate`);
  const [choice, box] = [admin.getByLabel("Role (optional)"), admin.locator("#permission-tickets")];
  await expect(box).toBeChecked();
  await choice.selectOption(`${name} – Reads and pays invoices`);
  await expect(admin.getByRole("checkbox", { checked: true })).toHaveCount(0);
  await choice.selectOption("No role");
  await expect(box).toBeChecked();
  await box.uncheck();
  await choice.selectOption(`${name} – Reads and pays invoices`);
  await expect(admin.locator("#permission-quotes")).toBeChecked();

  const owner = await open({ as: account.owner });
  await owner.goto(`/a/${account.id}/users`);
  await row(owner, member.email).getByRole("link", { name: "Manage Permissions" }).click();
  await owner.getByLabel("Role (optional)").selectOption(`${name} – Reads and pays invoices`);
  await owner.getByRole("button", { name: "Save Changes" }).click();
  await told(owner, "saved");
  await expect(row(owner, member.email)).toContainText(name);

  const email = address();
  await owner.getByLabel("Email Address").fill(email);
  await owner.getByText("Choose Permissions", { exact: true }).click();
  await owner.getByLabel("Role (optional)").selectOption(`${name} – Reads and pays invoices`);
  await owner.getByRole("button", { name: "Send Invite", exact: true }).click();
  await told(owner, email);
  await expect(row(owner, email)).toContainText(name);
  await confirm(owner, row(owner, email).getByRole("button", { name: "Cancel Invite" }), "Cancel Invite");

  // Whoever has it keeps it from being deleted.
  await admin.goto("/admin/config/member-roles");
  await expect(row(admin, name).getByRole("button", { name: "Delete" })).toHaveCount(0);
  await owner.goto(`/a/${account.id}/users/${member.id}/permissions`);
  await owner.getByLabel("Role (optional)").selectOption("No role");
  await owner.getByRole("button", { name: "Save Changes" }).click();
  await told(owner, "saved");
  await expect(row(owner, member.email)).not.toContainText(name);
  await admin.goto("/admin/config/member-roles");
  await confirm(admin, row(admin, name).getByRole("button", { name: "Delete" }), "Delete");
  await told(admin, `Role ${name} deleted.`);
});
