import { STAFF, address, expect, test, unique } from "./lib/test.ts";
import { complains, row, summary, told } from "./lib/steps.ts";

test("clients are found as one types, by name, company, email and number", async ({ open, world }) => {
  const account = await world.owned(`Łódź Müller-${unique()} Works`);
  const page = await open({ admin: STAFF });
  await page.goto("/admin/clients");
  const search = page.getByRole("searchbox");
  const word = account.name.split(" ")[1]!;
  for (const typed of [word, word.toLowerCase(), word.slice(0, -1), "lodz " + word.toLowerCase(), account.owner.email, String(account.id), account.owner.last]) {
    await search.fill(typed);
    await expect(page).toHaveURL(new RegExp(`q=`));
    await expect(row(page, account.name), typed).toBeVisible();
    await expect(row(page, account.name)).toContainText(account.owner.name);
  }
  await expect(page.getByRole("status").filter({ hasText: /result/ })).toHaveText(/^(One result|\d+ results)$/);
  await search.fill(`nobody-${unique()}`);
  await expect(page.getByText("No client fits")).toBeVisible();
  await search.fill(word);
  await row(page, account.name).getByRole("link", { name: account.name }).click();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText(account.name);
});

test("filters by status and group narrow the list", async ({ open, world }) => {
  const word = unique();
  const owner = await world.person();
  const [active, closed] = [await world.account(owner, `North ${word}`), await world.account(owner, `South ${word}`)];
  await world.close(closed);
  await world.group(`Gold ${word}`);
  const page = await open({ admin: STAFF });
  await page.goto(`/admin/clients/${active.id}/profile`);
  await page.getByLabel("Group").selectOption(`Gold ${word}`);
  await page.getByRole("button", { name: "Save Changes" }).click();
  await told(page, `${active.name} saved.`);
  await page.goto(`/admin/clients?q=${word}`);
  await expect(page.getByRole("row").filter({ hasText: word })).toHaveCount(2);
  await page.getByLabel("Status").selectOption("Closed");
  await expect(row(page, active.name)).toHaveCount(0);
  await expect(row(page, closed.name)).toContainText("Closed");
  await page.getByLabel("Status").selectOption("Any status");
  await page.getByLabel("Group").selectOption(`Gold ${word}`);
  await expect(row(page, closed.name)).toHaveCount(0);
  await expect(row(page, active.name)).toBeVisible();
});

test("Add New Client with a new owner, who can be found at once", async ({ open }) => {
  const page = await open({ admin: STAFF });
  await page.goto("/admin");
  await page.getByRole("link", { name: "Add New Client" }).click();
  await page.getByRole("button", { name: "Add New Client" }).last().click();
  await expect(summary(page)).toBeVisible();
  for (const label of ["Account Name", "First Name", "Last Name"]) await expect(page.getByLabel(label, { exact: true })).toHaveAttribute("aria-invalid", "true");

  const name = `Tide & Co ${unique()}`;
  const email = address();
  await page.getByLabel("Account Name").fill(name);
  await page.getByLabel("Company").fill("Tide Holding");
  await page.getByLabel("Contact Email Address").fill("billing@people.example");
  await page.getByLabel("First Name").fill("Vera");
  await page.getByLabel("Last Name").fill("Stone");
  await page.getByRole("textbox", { name: "Email Address", exact: true }).fill("nobody");
  await page.getByRole("button", { name: "Add New Client" }).last().click();
  await complains(page.getByRole("textbox", { name: "Email Address", exact: true }), "Write the address like name@example.com.");
  await expect(page.getByLabel("Company")).toHaveValue("Tide Holding");
  await page.getByRole("textbox", { name: "Email Address", exact: true }).fill(email);
  await page.getByRole("textbox", { name: "Email Address", exact: true }).press("Enter");
  await told(page, `${name} added.`);
  await page.goto(`/admin/users?q=${encodeURIComponent(email)}`);
  await expect(row(page, email)).toContainText("Vera Stone");

  // The same address again is somebody who exists.
  await page.goto("/admin/clients/new");
  await page.getByLabel("Account Name").fill(name);
  await page.getByLabel("Contact Email Address").fill("billing@people.example");
  await page.getByLabel("First Name").fill("Vera");
  await page.getByLabel("Last Name").fill("Stone");
  await page.getByRole("textbox", { name: "Email Address", exact: true }).fill(email);
  await page.getByRole("button", { name: "Add New Client" }).last().click();
  await complains(page.getByRole("textbox", { name: "Email Address", exact: true }), "A user has this email address already.");
});

test("Add New Client with an existing owner, picked with the keyboard", async ({ open, world }) => {
  const owner = await world.person();
  const page = await open({ admin: STAFF });
  await page.goto("/admin/clients/new");
  const name = `Second ${unique()}`;
  await page.getByLabel("Account Name").fill(name);
  await page.getByLabel("Contact Email Address").fill(owner.email);
  await page.getByRole("radio", { name: /Existing user/ }).check();
  await page.getByRole("button", { name: "Add New Client" }).last().click();
  await expect(summary(page)).toContainText("Choose who owns the account.");
  const box = page.getByRole("combobox", { name: "Select User" });
  await box.fill(owner.last);
  await expect(page.getByRole("listbox").getByRole("option")).toHaveCount(1);
  await box.press("ArrowDown");
  await expect(page.getByRole("listbox").getByRole("option")).toHaveAttribute("aria-selected", "true");
  await box.press("Enter");
  await expect(page.getByRole("radio", { name: owner.name })).toBeChecked();
  await page.getByRole("button", { name: "Add New Client" }).last().click();
  await told(page, `${name} added.`);
  await expect(page.getByText(`Owned by ${owner.name}`)).toBeVisible();
});

test("without scripts the search has a button and Add New Client lists whom it found", async ({ open, world }) => {
  const account = await world.owned();
  const page = await open({ admin: STAFF, javaScriptEnabled: false });
  await page.goto("/admin/clients");
  await page.getByRole("searchbox").fill(account.owner.email);
  await page.getByRole("button", { name: "Search" }).click();
  await expect(row(page, account.name)).toBeVisible();

  await page.goto("/admin/clients/new");
  const name = `Third ${unique()}`;
  await page.getByLabel("Account Name").fill(name);
  await page.getByLabel("Contact Email Address").fill(account.owner.email);
  await page.getByRole("radio", { name: /Existing user/ }).check();
  await page.getByLabel("Select User").fill(account.owner.email);
  await page.getByRole("button", { name: "Search" }).click();
  await expect(page.getByLabel("Account Name")).toHaveValue(name);
  await page.getByRole("radio", { name: account.owner.name }).check();
  await page.getByRole("button", { name: "Add New Client" }).last().click();
  await told(page, `${name} added.`);
});
