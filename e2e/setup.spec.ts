import { accessible } from "./lib/axe.ts";
import { PASSWORD, address, expect, test, unique, type Credentials } from "./lib/test.ts";
import { complains, logIn, row, setUpApp, told } from "./lib/steps.ts";

test("a new server prints a link that makes the first admin, once", async ({ open, another }) => {
  const server = await another();
  const link = server.setupLink;
  expect(link).toContain(`${server.url}/admin/setup/`);

  const page = await open({ server });
  for (let time = 0; time < 2; time += 1) {
    await page.goto(link);
    await expect(page.getByRole("heading", { level: 1 })).toHaveText("Make the first admin");
  }
  await page.getByLabel("Name", { exact: true }).fill("Mara Example");
  await page.getByLabel("Email Address").fill("mara@staff.example");
  await page.getByLabel("Password", { exact: true }).fill("short");
  await page.getByRole("button", { name: "Make Admin" }).click();
  // A second factor is required of admins beside it.
  await complains(page.getByLabel("Password", { exact: true }), "Use at least 8 characters.");
  await expect(page.getByLabel("Name", { exact: true })).toHaveValue("Mara Example");
  await expect(page.getByLabel("Email Address")).toHaveValue("mara@staff.example");
  await expect(page.getByLabel("Password", { exact: true })).toHaveValue("");

  await page.getByLabel("Password", { exact: true }).fill(PASSWORD);
  await page.getByRole("button", { name: "Make Admin" }).click();
  await expect(page).toHaveURL(`${server.url}/admin/two-factor?next=%2Fadmin`);
  await told(page, "Welcome. The first admin is made.");
  await setUpApp(page);
  await page.getByRole("link", { name: "I Have Kept Them" }).click();
  await expect(page).toHaveURL(`${server.url}/admin`);

  const late = await open({ server });
  for (const used of [link, `${server.url}/admin/setup/${"A".repeat(43)}`, `${server.url}/admin/setup/x`]) {
    expect((await late.goto(used))?.status()).toBe(410);
    await expect(late.getByRole("heading", { level: 1 })).toHaveText("This set-up link can't be used");
  }
});

test("the first admin adds the first client, with a new user as its owner", async ({ open, another }) => {
  const server = await another();
  await server.cli(["admin", "require-two-factor", "no"]);
  const page = await open({ server });
  await page.goto(server.setupLink);
  await page.getByLabel("Name", { exact: true }).fill("Mara Example");
  await page.getByLabel("Email Address").fill("mara@staff.example");
  await page.getByLabel("Password", { exact: true }).fill(PASSWORD);
  await page.getByRole("button", { name: "Make Admin" }).click();
  await expect(page.getByText("No mail server is set.")).toBeVisible();

  await page.getByRole("link", { name: "Clients", exact: true }).click();
  await expect(page.getByText("No clients yet")).toBeVisible();
  await page.getByRole("link", { name: "Add New Client" }).click();
  const email = address();
  await page.getByLabel("Account Name").fill("Harbour Bakery");
  await page.getByLabel("Contact Email Address").fill("office@harbour.example");
  await page.getByLabel("First Name").fill("Nora");
  await page.getByLabel("Last Name").fill("Quill");
  await page.getByRole("textbox", { name: "Email Address", exact: true }).fill(email);
  await page.getByRole("button", { name: "Add New Client" }).click();
  await told(page, "Harbour Bakery added.");
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Harbour Bakery");

  await page.getByRole("navigation", { name: "Client" }).getByRole("link", { name: "Users" }).click();
  const owner = row(page, email);
  await expect(owner).toContainText("Nora Quill");
  await expect(owner).toContainText("Owner");
  await expect(owner).toContainText("Never");
  await owner.getByRole("link", { name: "Nora Quill" }).click();
  await expect(page.getByRole("definition").filter({ hasText: "None yet" })).toBeVisible();
});

test("the command line makes admins, users and accounts, and says what is wrong @once", async ({ open, another, server: shared }) => {
  const server = await another({ admin: { email: "first@staff.example", name: "First Admin", password: PASSWORD } });
  expect(server.setupLink).toBe("");
  const email = address();
  await server.createUser(email, "Ines", "Okafor", PASSWORD);
  const id = await server.createAccount("Ferry Line", email);
  const page = await open({ server, as: { email, name: "", password: PASSWORD } });
  await page.goto(`/a/${id}`);
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Ferry Line");
  await expect(page.getByText("You own this account.")).toBeVisible();

  for (const [words, complaint] of [
    [["user", "create", "--email", "nobody", "--first-name", "A", "--last-name", "B", "--password-stdin"], /mail address/],
    [["user", "create", "--email", address(), "--first-name", "A", "--last-name", "B", "--password-stdin"], /15 characters/],
    [["account", "create", "--name", "X", "--owner", address()], /no user/],
  ] as const) {
    const { status, output } = await shared.cli([...words], "short");
    expect(status).not.toBe(0);
    expect(output.trim().split("\n")).toHaveLength(1);
    expect(output).toMatch(complaint);
  }
});

test("a restart keeps what was done, and who is logged in @once", async ({ open, another }) => {
  const admin = { email: "first@staff.example", name: "First Admin", password: PASSWORD };
  const server = await another({ admin });
  const page = await open({ server, admin });
  await page.goto("/admin/config/admins");
  const email = `${unique()}@staff.example`;
  await page.getByLabel("Email Address").fill(email);
  await page.getByLabel("Admin role", { exact: true }).selectOption({ label: "Support" });
  await page.getByRole("button", { name: "Invite Admin" }).click();
  await expect(row(page, email)).toContainText("Support");
  await server.stop(true);
  await server.serve();
  await page.goto("/admin/config/admins");
  await expect(row(page, email)).toBeVisible();
});

test("the demonstration is full of people to log in as", async ({ open, another }) => {
  test.setTimeout(120_000);
  const server = await another({ options: ["--demo"] });
  const password = /Password of each of them\s+(\S+)/.exec(server.log)![1]!;
  const as = (who: string): Credentials => ({ name: "", email: new RegExp(`${who}.*?\\s(\\S+@\\S+)`).exec(server.log)![1]!, password });

  const member = await open({ server });
  await logIn(member, as("Web designer with many accounts"));
  await expect(member.getByText("This is a demonstration.")).toBeVisible();
  await accessible(member, "demo, switcher");
  await expect(member.getByLabel("Find an account")).toBeVisible();
  const owner = await open({ server, as: as("Owner of Blue Heron Bakery") });
  await owner.goto("/accounts");
  await owner.getByRole("button", { name: "Blue Heron Bakery" }).click();
  await owner.getByRole("link", { name: "User Management" }).first().click();
  await accessible(owner, "demo, users");

  const staff = await open({ server, admin: as("Admin .Admin Area.  ") });
  for (const path of ["/admin", "/admin/clients", "/admin/users", "/admin/activity"]) {
    await staff.goto(path);
    await accessible(staff, `demo ${path}`);
  }
  await staff.goto("/admin/clients?status=closed");
  await expect(staff.getByRole("row").nth(1)).toContainText("Closed");
  const guest = await open({ server });
  await guest.goto(/An open invitation to try\s+(\S+)/.exec(server.log)![1]!);
  await expect(guest.getByRole("heading", { level: 1 })).toContainText("You have been invited to");

});

test("the demonstration refuses a folder that holds something else @once", async ({ another }) => {
  const admin = { email: "first@staff.example", name: "First Admin", password: PASSWORD };
  await expect(another({ admin, options: ["--demo"] })).rejects.toThrow(/latchkey: /);
});
