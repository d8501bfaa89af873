import { PASSWORD, STAFF, address, csrfOf, expect, test } from "./lib/test.ts";
import { complains, logIn, menu, summary, told } from "./lib/steps.ts";

test("with one account the login leads straight into it", async ({ page, world }) => {
  const account = await world.owned();
  await logIn(page, account.owner);
  await expect(page).toHaveURL(`${world.server.url}/a/${account.id}`);
  await expect(page.getByRole("heading", { level: 1 })).toHaveText(account.name);
  await expect(page.locator("header")).toContainText(`Hello, ${account.owner.first}!`);
});

test("with several accounts it leads to the switcher, with none to what to do", async ({ open, world }) => {
  const owner = await world.person();
  const [first, second] = [await world.account(owner), await world.account(owner)];
  const page = await open();
  await logIn(page, owner);
  await expect(page).toHaveURL(/\/accounts$/);
  for (const account of [first, second]) await expect(page.getByRole("button", { name: account.name })).toBeVisible();

  const alone = await world.person();
  const other = await open();
  await logIn(other, alone);
  await expect(other.getByText("You have no accounts yet")).toBeVisible();
});

test("a wrong password and an unknown address are answered alike", async ({ page, world }) => {
  const account = await world.owned();
  const seen: string[] = [];
  for (const who of [{ ...account.owner, password: "this is not the password" }, { name: "", email: address(), password: PASSWORD }]) {
    await logIn(page, who);
    await complains(page.getByLabel("Email Address"), "The email address or the password is wrong.");
    await expect(page.getByLabel("Email Address")).toHaveValue(who.email);
    await expect(page.getByLabel("Password", { exact: true })).toHaveValue("");
    seen.push((await page.locator("main").innerText()).replaceAll(who.email, ""));
  }
  expect(seen[0]).toBe(seen[1]);
});

test("empty fields are named, each beside itself", async ({ page }) => {
  await page.goto("/login");
  await page.getByRole("button", { name: "Login" }).click();
  await complains(page.getByLabel("Email Address"), "Enter an email address.");
  await complains(page.getByLabel("Password", { exact: true }), "Enter a password.");
  await expect(summary(page)).toBeFocused();
  await summary(page).getByRole("link", { name: "Enter a password." }).click();
  await expect(page.getByLabel("Password", { exact: true })).toBeFocused();
});

test("a login leads back to where one was, and nowhere else", async ({ open, world }) => {
  const account = await world.owned();
  const page = await open();
  await page.goto(`/a/${account.id}/users`);
  await expect(page).toHaveURL(/\/login\?next=/);
  await page.getByLabel("Email Address").fill(account.owner.email);
  await page.getByLabel("Password", { exact: true }).fill(PASSWORD);
  await page.getByRole("button", { name: "Login" }).click();
  await expect(page).toHaveURL(`${world.server.url}/a/${account.id}/users`);

  for (const foreign of ["//evil.example/", "https://evil.example/", "/\\evil.example"]) {
    const other = await open();
    await logIn(other, account.owner, `/login?next=${encodeURIComponent(foreign)}`);
    await expect(other).toHaveURL(`${world.server.url}/a/${account.id}`);
  }
});

test("logout ends the session at once, on the server too", async ({ open, world }) => {
  const account = await world.owned();
  const page = await open({ as: account.owner });
  await page.goto(`/a/${account.id}`);
  const before = await page.context().cookies();
  await (await menu(page)).getByRole("button", { name: "Logout" }).click();
  await expect(page).toHaveURL(/\/login$/);
  await told(page, "You are logged out.");

  const thief = await open();
  await thief.context().addCookies(before);
  await thief.goto(`/a/${account.id}`);
  await expect(thief).toHaveURL(/\/login\?next=/);
});

test("a login makes a new session, and only Remember Me outlasts the browser @once", async ({ open, world }) => {
  const account = await world.owned();
  const session = async (remember: boolean): Promise<{ value: string; expires: number }> => {
    const page = await open();
    await page.goto("/login");
    await page.getByLabel("Email Address").fill(account.owner.email);
    await page.getByLabel("Password", { exact: true }).fill(PASSWORD);
    await page.getByLabel("Remember Me").setChecked(remember);
    const before = (await page.context().cookies()).map(({ value }) => value);
    await page.getByRole("button", { name: "Login" }).click();
    await expect(page.getByRole("heading", { level: 1 })).toHaveText(account.name);
    const cookie = (await page.context().cookies()).find(({ name }) => name.endsWith("latchkey_session"));
    expect(cookie).toMatchObject({ httpOnly: true, sameSite: "Lax", path: "/" });
    expect(before).not.toContain(cookie!.value);
    return cookie!;
  };
  const [short, long] = [await session(false), await session(true)];
  expect(short.expires).toBe(-1);
  expect(long.expires).toBeGreaterThan(Date.now() / 1000 + 29 * 86_400);
  expect(short.value).not.toBe(long.value);
});

test("the password can be shown", async ({ page }) => {
  await page.goto("/login");
  const password = page.getByLabel("Password", { exact: true });
  await password.fill("something");
  await expect(password).toHaveAttribute("type", "password");
  await page.getByRole("button", { name: "Show password" }).click();
  await expect(password).toHaveAttribute("type", "text");
  await page.getByRole("button", { name: "Show password" }).click();
  await expect(password).toHaveAttribute("type", "password");
});

test("the two areas have logins of their own", async ({ open, world }) => {
  const account = await world.owned();
  const client = await open({ as: account.owner });
  await client.goto("/admin/clients");
  await expect(client).toHaveURL(/\/admin\/login\?next=/);
  await logIn(client, account.owner, "/admin/login");
  await complains(client.getByLabel("Email Address"), "The email address or the password is wrong.");

  const staff = await open({ admin: STAFF });
  await staff.goto("/admin");
  await expect(staff.getByRole("heading", { level: 1 })).toHaveText("Dashboard");
  await staff.goto(`/a/${account.id}`);
  await expect(staff).toHaveURL(/\/login\?next=/);
  await logIn(staff, STAFF);
  await complains(staff.getByLabel("Email Address"), "The email address or the password is wrong.");

  await staff.goto("/admin");
  await (await menu(staff)).getByRole("button", { name: "Logout" }).click();
  await staff.goto("/admin");
  await expect(staff).toHaveURL(/\/admin\/login/);
});

test("pages that are not there, forms that are forged and requests of other sites @once", async ({ open, world }) => {
  const account = await world.owned();
  const page = await open({ as: account.owner });
  expect((await page.goto("/nothing/here"))?.status()).toBe(404);
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Page not found");
  await expect(page.getByRole("link", { name: "Go to your accounts" })).toBeVisible();

  const request = page.context().request;
  const csrf = csrfOf(await (await request.get(`/a/${account.id}/users`)).text());
  const path = `/a/${account.id}/invitations`;
  const email = address();
  for (const [status, options] of [
    [403, { form: { email, scope: "all" } }],
    [403, { form: { csrf: "A".repeat(43), email, scope: "all" } }],
    [403, { form: { csrf, email, scope: "all" }, headers: { "sec-fetch-site": "cross-site" } }],
    [403, { form: { csrf, email, scope: "all" }, headers: { origin: "https://evil.example" } }],
    [415, { data: { csrf, email, scope: "all" } }],
    [413, { form: { csrf, email, scope: "x".repeat(80_000) } }],
    [422, { form: { csrf, email, scope: "everything" } }],
    [422, { form: { csrf, email, scope: "choose", permissions: "root" } }],
  ] as const) {
    const answer = await request.post(path, { ...options, maxRedirects: 0 });
    expect(answer.status(), JSON.stringify(options).slice(0, 120)).toBe(status);
    expect(answer.headers()["content-type"]).toContain("text/html");
  }
  expect((await request.fetch(path, { method: "GET" })).status()).toBe(405);
  await page.goto(`/a/${account.id}/users`);
  await expect(page.getByText(email)).toHaveCount(0);

});

test("every page says what a browser may do with it @once", async ({ open, world }) => {
  const account = await world.owned();
  const link = await world.invite(account, address(), ["invoices"]);
  const request = (await open({ as: account.owner })).context().request;
  for (const path of ["/login", `/a/${account.id}`, link, "/admin/login", "/nothing"]) {
    const headers = (await request.get(path)).headers();
    const policy = headers["content-security-policy"]!;
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("script-src 'self'");
    expect(policy).not.toContain("unsafe");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(headers["x-content-type-options"]).toBe("nosniff");
    expect(headers["cache-control"]).toContain("no-store");
    expect(headers["referrer-policy"]).toBe(path === link ? "no-referrer" : "same-origin");
  }
});
