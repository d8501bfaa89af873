import { address, expect, test } from "./lib/test.ts";
import { complains, logIn, told } from "./lib/steps.ts";

test("a forgotten password is chosen anew by a link, once, and the old one is dead", async ({ open, sink, world }) => {
  const who = await world.person();
  const page = await open();
  await page.goto("/login");
  await page.getByRole("link", { name: "Forgot Password?" }).click();
  await page.getByLabel("Email Address").fill(address());
  await page.getByRole("button", { name: "Send Reset Link" }).click();
  const answer = await page.locator(".flash").textContent();
  await page.getByRole("link", { name: "Forgot Password?" }).click();
  await page.getByLabel("Email Address").fill(who.email);
  await page.getByRole("button", { name: "Send Reset Link" }).click();
  await expect(page.locator(".flash")).toHaveText(answer ?? "");

  const { link } = await sink.mail(who.email);
  await page.goto(link!);
  const fresh = page.getByLabel("New Password", { exact: true });
  await fresh.fill("short");
  await page.getByRole("button", { name: "Set New Password" }).click();
  await complains(fresh, "at least 15");
  const password = "quiet harbour, nine lanterns";
  await fresh.fill(password);
  await page.getByRole("button", { name: "Set New Password" }).click();
  await told(page, "password");
  await page.goto(link!);
  await expect(page.getByRole("heading", { name: "This link can no longer be used" })).toBeVisible();

  await logIn(page, who);
  await expect(page.locator(".summary")).toBeVisible();
  await logIn(page, { ...who, password });
  await expect(page.locator("header")).toContainText(`Hello, ${who.first}!`);
  expect((await sink.mail(who.email, 2)).subject).toContain("was reset");
});
