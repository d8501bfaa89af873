import { PERMISSIONS, csrfOf, expect, test } from "./lib/test.ts";
import { complains, menu, tiles, told } from "./lib/steps.ts";

test("the switcher tells accounts apart and enters the chosen one", async ({ open, world }) => {
  const own = await world.owned();
  const other = await world.owned();
  await world.member(other, ["tickets"], own.owner);
  const page = await open({ as: own.owner });
  await page.goto("/accounts");
  await expect(page.getByText("You may enter 2 accounts.")).toBeVisible();
  await expect(page.getByRole("button", { name: own.name })).toContainText("Owner");
  await expect(page.getByRole("button", { name: other.name })).not.toContainText("Owner");
  await expect(page.getByRole("button", { name: other.name })).toContainText("Not entered yet");
  await expect(page.getByLabel("Find an account")).toHaveCount(0);
  await page.getByRole("button", { name: other.name }).click();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText(other.name);
  await expect(tiles(page)).toHaveText([PERMISSIONS.tickets]);
  await expect(page.getByText(other.owner.name)).toBeVisible();
  await (await menu(page)).getByRole("link", { name: "Switch Account" }).click();
  await expect(page.getByRole("button", { name: other.name })).toContainText("Last entered");
});

test("a closed account is greyed out and cannot be entered; the others can", async ({ open, world }) => {
  const owner = await world.person();
  const [closed, other] = [await world.account(owner), await world.account(owner)];
  await world.close(closed);
  const page = await open({ as: owner });
  await page.goto("/accounts");
  const item = page.getByRole("listitem").filter({ hasText: closed.name });
  await expect(item).toContainText("Closed");
  await expect(item).toContainText("This account can't be entered.");
  await expect(item.getByRole("button")).toHaveCount(0);
  for (const path of ["", "/users", "/details"]) {
    expect((await page.goto(`/a/${closed.id}${path}`))?.status()).toBe(403);
    await expect(page.getByText("This account is closed.")).toBeVisible();
  }
  const request = page.context().request;
  const csrf = csrfOf(await (await request.get("/accounts")).text());
  expect((await request.post("/accounts", { form: { csrf, account: closed.id }, maxRedirects: 0 })).status()).toBe(403);
  await page.goto("/accounts");
  await page.getByRole("button", { name: other.name }).click();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText(other.name);
});

test("the filter box comes with eight accounts, not before", async ({ open, world }) => {
  const owner = await world.person();
  const accounts = [];
  for (let number = 0; number < 7; number += 1) accounts.push(await world.account(owner));
  const page = await open({ as: owner });
  await page.goto("/accounts");
  await expect(page.getByLabel("Find an account")).toHaveCount(0);
  accounts.push(await world.account(owner, "Élan Ateliers"));
  await page.reload();
  const filter = page.getByLabel("Find an account");
  await filter.fill("elan atel");
  await expect(page.getByRole("listitem")).toHaveCount(1);
  await filter.fill("there is none of this name");
  await expect(page.getByText("No account has this name.")).toBeVisible();
  await filter.fill(accounts[3]!.name.slice(-6).toUpperCase());
  await page.getByRole("button", { name: accounts[3]!.name }).click();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText(accounts[3]!.name);
});

test("two tabs show two accounts", async ({ open, world }) => {
  const owner = await world.person();
  const [first, second] = [await world.account(owner), await world.account(owner)];
  const one = await open({ as: owner });
  const two = await one.context().newPage();
  await one.goto(`/a/${first.id}/details`);
  await two.goto(`/a/${second.id}/details`);
  await one.getByLabel("City").fill("Lisbon");
  await one.getByRole("button", { name: "Save Changes" }).click();
  await told(one, "Account details saved.");
  await two.reload();
  await expect(two.getByLabel("City")).toHaveValue("");
  await expect(two.getByLabel("Account Name")).toHaveValue(second.name);
  await expect(one.getByLabel("Account Name")).toHaveValue(first.name);
});

test("somebody else's account is answered as one that does not exist", async ({ open, world }) => {
  const [mine, other] = [await world.owned(), await world.owned()];
  const page = await open({ as: mine.owner });
  const seen = new Set<string>();
  for (const id of [other.id, 999_999_999, "abc"]) {
    for (const path of ["", "/users", "/details"]) {
      expect((await page.goto(`/a/${id}${path}`))?.status(), `/a/${id}${path}`).toBe(404);
      seen.add(await page.locator("body").innerText());
    }
  }
  expect(seen.size).toBe(1);
});

test("Account Details keep what is right and name what is wrong", async ({ open, world }) => {
  const account = await world.owned();
  const page = await open({ as: account.owner });
  await page.goto(`/a/${account.id}/details`);
  await page.getByLabel("Account Name").fill("");
  await page.getByLabel("Contact Email Address").fill("nobody");
  await page.getByLabel("Phone").fill("call me");
  await page.getByLabel("Address", { exact: true }).or(page.getByLabel("Address (optional)", { exact: true })).fill("Quay 7");
  await page.getByRole("button", { name: "Save Changes" }).click();
  await complains(page.getByLabel("Contact Email Address"), "Write the address like name@example.com.");
  await complains(page.getByLabel("Phone"), "Write the phone number with digits, spaces and a leading +.");
  await expect(page.getByLabel("Account Name")).toHaveAttribute("aria-invalid", "true");
  await expect(page.getByLabel("Phone")).toHaveValue("call me");
  await page.getByLabel("Account Name").fill(`${account.name} West`);
  await page.getByLabel("Contact Email Address").fill("office@people.example");
  await page.getByLabel("Phone").fill("+351 21 000 00 00");
  await page.getByLabel("Country").selectOption({ label: "Portugal" });
  await page.getByRole("button", { name: "Save Changes" }).click();
  await told(page, "Account details saved.");
  await expect(page.getByLabel("Country")).toHaveValue("PT");
  await expect(page.locator("header")).toContainText(`${account.name} West`);
});
