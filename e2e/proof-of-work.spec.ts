// The proof of work: solved in the background while one types; without scripts a few seconds do.

import { expect, test, unique, PASSWORD, STAFF } from "./lib/test.ts";
import { logIn, summary, told } from "./lib/steps.ts";
import { accessible } from "./lib/axe.ts";

test("with the setting on, the login works with scripts and without", async ({ open, another }) => {
  const server = await another({ admin: STAFF });
  const email = `${unique()}@people.example`;
  await server.createUser(email, "Pia", "Puzzle", PASSWORD);
  const account = await server.createAccount("Puzzle Ltd", email);

  const admin = await open({ server, admin: STAFF });
  await admin.goto("/admin/config/security");
  await admin.getByLabel("Ask for it").selectOption("Always");
  await admin.getByLabel("Difficulty (bits)").fill("10");
  await admin.getByLabel("Wait instead (seconds)").fill("2");
  await accessible(admin, "security settings");
  await admin.getByRole("button", { name: "Save Changes" }).click();
  await told(admin, "Settings saved");

  const page = await open({ server });
  await logIn(page, { email, name: "Pia Puzzle", password: PASSWORD });
  await expect(page).toHaveURL(`${server.url}/a/${account}`);

  const plain = await open({ server, javaScriptEnabled: false });
  await logIn(plain, { email, name: "Pia Puzzle", password: PASSWORD });
  await expect(summary(plain)).toContainText("That was too quick");
  await expect(plain.getByLabel("Email Address")).toHaveValue(email);
  await expect(plain.getByText("Please take at least 2 seconds")).toBeVisible();
  await plain.getByLabel("Password", { exact: true }).fill(PASSWORD);
  await plain.waitForTimeout(2_100);
  await plain.getByRole("button", { name: "Login" }).click();
  await expect(plain).toHaveURL(`${server.url}/a/${account}`);
});
