import { STAFF, expect, test } from "./lib/test.ts";

test("an admin logs in as the owner, sees who is who, and returns", async ({ open, world }) => {
  const account = await world.owned();
  const page = await open({ admin: STAFF });
  await page.goto(`/admin/clients/${account.id}/users`);
  await page.getByRole("link", { name: "Login as Owner" }).first().click();
  await page.getByRole("button", { name: "Login as Owner" }).click();
  await expect(page.getByRole("alert")).toContainText("Say why");
  await page.getByLabel("Reason").fill("Ticket 4711");
  await page.getByRole("button", { name: "Login as Owner" }).click();
  await expect(page).toHaveURL(new RegExp(`/a/${account.id}$`));
  await expect(page.getByRole("complementary").filter({ hasText: "you are logged in as" })).toContainText(account.owner.name);
  await page.goto("/me/password");
  await expect(page.getByText("logged in for somebody else")).toBeVisible();
  await page.goto(`/a/${account.id}/activity`);
  await expect(page.getByText("Ticket 4711")).toBeVisible();
  await page.getByRole("button", { name: "Return to admin area" }).click();
  await expect(page).toHaveURL(new RegExp(`/admin/clients/${account.id}/users$`));
});
