import type { Page } from "@playwright/test";
import { STAFF, address, expect, test, unique } from "./lib/test.ts";
import { complains, confirm, row, told } from "./lib/steps.ts";

/** Adds, changes and deletes a contact on the page that is open. */
async function keepsAnAddressBook(page: Page): Promise<void> {
  const email = address();
  await expect(page.getByText("No contacts yet")).toBeVisible();
  await page.getByRole("link", { name: "Add Contact" }).click();
  await page.getByLabel("First Name").fill("Udo");
  await page.getByLabel("Last Name").fill("Ledger");
  await page.getByLabel("Email Address").fill("nobody");
  await page.getByRole("checkbox", { name: "Invoices" }).check();
  await page.getByRole("button", { name: "Add Contact" }).click();
  await complains(page.getByLabel("Email Address"), "Write the address like name@example.com.");
  await expect(page.getByRole("checkbox", { name: "Invoices" })).toBeChecked();
  await expect(page.getByRole("checkbox", { name: "Support" })).not.toBeChecked();
  await page.getByLabel("Email Address").fill(email);
  await page.getByLabel("Country").selectOption({ label: "Portugal" });
  await page.getByRole("button", { name: "Add Contact" }).click();
  await told(page, "Contact added.");
  await expect(row(page, email)).toContainText("Udo Ledger");
  await expect(row(page, email)).toContainText("Invoices");

  await row(page, email).getByRole("link", { name: "Edit" }).click();
  await expect(page.getByLabel("Country")).toHaveValue("PT");
  await page.getByLabel("Company").fill("Ledger & Daughters");
  await page.getByRole("checkbox", { name: "Invoices" }).uncheck();
  await page.getByRole("checkbox", { name: "Support" }).check();
  await page.getByRole("button", { name: "Save Changes" }).click();
  await told(page, "Contact saved.");
  await expect(row(page, email)).toContainText("Ledger & Daughters");
  await expect(row(page, email)).toContainText("Support");
  await expect(row(page, email)).not.toContainText("Invoices");

  await confirm(page, row(page, email).getByRole("button", { name: "Delete" }), "Delete");
  await told(page, "Contact deleted.");
  await expect(page.getByText("No contacts yet")).toBeVisible();
}

test("an owner and whoever holds the permission keep the contacts of the account", async ({ open, world }) => {
  const account = await world.owned();
  const page = await open({ as: account.owner });
  await page.goto(`/a/${account.id}`);
  await page.getByRole("link", { name: /View & Manage Contacts/ }).click();
  await keepsAnAddressBook(page);

  const keeper = await open({ as: await world.member(account, ["contacts"]) });
  await keeper.goto(`/a/${account.id}/contacts`);
  await expect(keeper.getByText("No contacts yet")).toBeVisible();
  const other = await open({ as: await world.member(account, ["invoices"]) });
  await other.goto(`/a/${account.id}/contacts`);
  await expect(other.getByText("View & Manage Contacts").first()).toBeVisible();
  await expect(other.getByText("No contacts yet")).toHaveCount(0);
});

test("staff keep the contacts of a client, who cannot log in", async ({ open, world }) => {
  const account = await world.owned();
  const page = await open({ admin: STAFF });
  await page.goto(`/admin/clients/${account.id}/contacts`);
  await keepsAnAddressBook(page);
});

test("a client group has a colour, and stays while clients are in it", async ({ open, world }) => {
  const name = `Gold ${unique()}`;
  const account = await world.owned();
  const page = await open({ admin: STAFF });
  await page.goto("/admin/config/groups");
  await page.getByLabel("Group Name").fill(name);
  await page.getByLabel("Discount in percent").fill("a lot");
  await page.getByLabel("Colour").fill("#b45309");
  await page.getByRole("button", { name: "Add Client Group" }).click();
  await complains(page.getByLabel("Discount in percent"), "Write a percentage from 0 to 100, with two decimals at most.");
  await expect(page.getByLabel("Colour")).toHaveValue("#b45309");
  await page.getByLabel("Discount in percent").fill("12.5");
  await page.getByRole("button", { name: "Add Client Group" }).click();
  await told(page, `Client group ${name} added.`);
  await expect(row(page, name)).toContainText("Discount of 12.50 %");

  await page.goto(`/admin/clients/${account.id}/profile`);
  await page.getByLabel("Group").selectOption(name);
  await page.getByRole("button", { name: "Save Changes" }).click();
  await expect(page.locator(".page-head")).toContainText(name);
  await page.goto("/admin/config/groups");
  await expect(row(page, name).getByRole("button", { name: "Delete" })).toHaveCount(0);
  await row(page, name).getByRole("link", { name: /^1/ }).click();
  await expect(row(page, account.name)).toContainText(name);

  await page.goto(`/admin/clients/${account.id}/profile`);
  await page.getByLabel("Group").selectOption("No group");
  await page.getByRole("button", { name: "Save Changes" }).click();
  await page.goto("/admin/config/groups");
  await confirm(page, row(page, name).getByRole("button", { name: "Delete" }), "Delete");
  await told(page, `Client group ${name} deleted.`);
});
