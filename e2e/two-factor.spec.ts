import { accessible } from "./lib/axe.ts";
import { expect, test } from "./lib/test.ts";
import { appCode, complains, logIn, setUpApp } from "./lib/steps.ts";

test("an authenticator app is set up, and asked for at the next login", async ({ open, world }) => {
  const account = await world.owned();
  const page = await open({ as: account.owner });
  await page.goto("/me/security");
  await accessible(page, "security");
  const { secret, codes } = await setUpApp(page);
  await accessible(page, "recovery codes");
  expect(codes).toHaveLength(10);
  await page.getByRole("link", { name: "I Have Kept Them" }).click();
  await expect(page.getByText("10 left")).toBeVisible();

  const other = await open();
  await logIn(other, account.owner);
  await expect(other.getByRole("heading", { level: 1 })).toHaveText("One more step");
  await accessible(other, "second step");
  await other.getByLabel("Authentication Code").fill("000000");
  await other.getByRole("button", { name: "Login" }).click();
  await complains(other.getByLabel("Authentication Code"), "The code is wrong");
  // The code that set it up is used; the next one is taken a step early.
  await other.getByLabel("Authentication Code").fill(appCode(secret, 1));
  await other.getByRole("button", { name: "Login" }).click();
  await expect(other).toHaveURL(`${world.server.url}/a/${account.id}`);

  const third = await open();
  await logIn(third, account.owner);
  await third.getByRole("link", { name: "Use a recovery code" }).click();
  await third.getByLabel("Recovery Code").fill(codes[0]!);
  await third.getByRole("button", { name: "Login" }).click();
  await expect(third).toHaveURL(`${world.server.url}/a/${account.id}`);
});
