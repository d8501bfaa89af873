import { ALL, PASSWORD, STAFF, Sink, address, expect, test } from "./lib/test.ts";
import { invite, row, told } from "./lib/steps.ts";

test("a mail counts as sent only when the mail server took it", async ({ open, world, sink }) => {
  const account = await world.owned();
  const email = address();
  const release = sink.hold(email);
  const page = await open({ as: account.owner });
  await invite(page, account, email);
  await sink.asked(email, 1);
  await page.reload();
  await expect(row(page, email)).toContainText("Waiting to be sent");
  release();
  await sink.mail(email);
  await expect(async () => {
    await page.reload();
    await expect(row(page, email).locator(".chip", { hasText: /^Sent$/ })).toBeVisible({ timeout: 500 });
  }).toPass({ timeout: 20_000 });

  const staff = await open({ admin: STAFF });
  await staff.goto(`/admin/clients/${account.id}/emails`);
  const mail = row(staff, email);
  await expect(mail).toContainText("Sent");
  await mail.getByRole("link").click();
  await expect(staff.getByText("The link in this mail opens an account, so it is not shown.")).toBeVisible();
  await expect(staff.locator(".mail-text")).toContainText(`${account.owner.name} has given you access to the ${account.name} account`);
  await expect(staff.locator(".mail-text")).not.toContainText((await sink.mail(email)).link);
});

test("a mail that is put off waits, with the server's words, and goes out later @once", async ({ open, world, sink }) => {
  const account = await world.owned();
  const email = address();
  sink.refuse(email, 451, "4.3.0 greylisted, come again");
  const page = await open({ as: account.owner });
  await invite(page, account, email);
  await sink.asked(email, 1);
  await expect(async () => {
    await page.reload();
    await expect(row(page, email)).toContainText("greylisted, come again", { timeout: 500 });
  }).toPass({ timeout: 20_000 });
  await expect(row(page, email)).toContainText("Waiting to be sent");
  expect(sink.to(email)).toEqual([]);
  sink.accept(email);
  const mail = await sink.mail(email, 1, 35_000);
  expect(mail.link).toContain("/invite/");
  await expect(async () => {
    await page.reload();
    await expect(row(page, email)).not.toContainText("greylisted", { timeout: 500 });
  }).toPass({ timeout: 20_000 });
  expect(sink.to(email)).toHaveLength(1);
});

test("a mail that is refused says so, with the server's words", async ({ open, world, sink }) => {
  const account = await world.owned();
  const email = address();
  sink.refuse(email, 550, "5.1.1 <b>no such mailbox</b>");
  const page = await open({ as: account.owner });
  await invite(page, account, email);
  await expect(async () => {
    await page.reload();
    await expect(row(page, email)).toContainText("Not delivered", { timeout: 500 });
  }).toPass({ timeout: 20_000 });
  await expect(row(page, email)).toContainText("5.1.1 <b>no such mailbox</b>");
  const staff = await open({ admin: STAFF });
  await staff.goto(`/admin/clients/${account.id}/emails`);
  await expect(row(staff, email)).toContainText("Not delivered");
  await staff.goto(`/admin/clients/${account.id}/log`);
  await expect(staff.getByText(`Mail to ${email} not delivered`)).toBeVisible();
  // The invite itself stands: resent to a mailbox that is there by now, it arrives.
  sink.accept(email);
  await row(page, email).getByRole("button", { name: "Resend Invite" }).click();
  expect((await sink.mail(email)).link).toContain("/invite/");
});

test("a mail server that is down loses nothing, nor does a restart @once", async ({ open, another }) => {
  test.setTimeout(90_000);
  const sink = await Sink.start();
  await sink.down();
  const admin = { ...STAFF };
  const server = await another({ sink, admin });
  const owner = { email: address(), name: "Ines Okafor", password: PASSWORD };
  await server.createUser(owner.email, "Ines", "Okafor", PASSWORD);
  const id = await server.createAccount("Ferry Line", owner.email);
  const page = await open({ server, as: owner });
  const email = address();
  await invite(page, { id, name: "Ferry Line", owner: { ...owner, id: 0, first: "Ines", last: "Okafor" } }, email);
  await expect(row(page, email)).toContainText("Waiting to be sent");
  await server.stop(true);
  await server.serve();
  await sink.up();
  const mail = await sink.mail(email, 1, 60_000);
  expect(mail.link).toContain(`${server.url}/invite/`);
  await expect(async () => {
    await page.reload();
    await expect(row(page, email).locator(".chip", { hasText: /^Sent$/ })).toBeVisible({ timeout: 500 });
  }).toPass({ timeout: 20_000 });
  expect(sink.to(email)).toHaveLength(1);
  await sink.down();
});

test("without a mail server mails are kept, and staff copy the link", async ({ open, another }) => {
  const admin = { ...STAFF };
  const server = await another({ admin });
  const owner = { email: address(), name: "Ines Okafor", password: PASSWORD };
  await server.createUser(owner.email, "Ines", "Okafor", PASSWORD);
  const id = await server.createAccount("Ferry Line", owner.email);
  const page = await open({ server, as: owner });
  const email = address();
  await page.goto(`/a/${id}/users`);
  await page.getByLabel("Email Address").fill(email);
  await page.getByRole("button", { name: "Send Invite", exact: true }).click();
  await told(page, `Invite to ${email} made. No mail server is set, so the mail is kept; an admin can copy the link.`);
  await expect(row(page, email)).toContainText("Kept, not sent");
  await expect(page.getByRole("button", { name: "Copy link" })).toHaveCount(0);

  const staff = await open({ server, admin, permissions: ["clipboard-read", "clipboard-write"] });
  await staff.goto(`/admin/clients/${id}/users`);
  await expect(staff.getByText("No mail server is set. Mails are kept")).toBeVisible();
  await row(staff, email).getByRole("button", { name: "Copy link" }).click();
  const link = staff.getByLabel("Invitation link", { exact: true });
  await expect(link).toHaveValue(new RegExp(`^${server.url}/invite/[\\w-]{43}$`));
  await staff.getByRole("button", { name: "Copy", exact: true }).click();
  await expect(staff.getByRole("button", { name: "Copied" })).toBeVisible();
  expect(await staff.evaluate(() => navigator.clipboard.readText())).toBe(await link.inputValue());

  const guest = await open({ server });
  await guest.goto(await link.inputValue());
  await expect(guest.getByRole("heading", { level: 1 })).toHaveText("You have been invited to Ferry Line");
  await staff.goto(`/admin/clients/${id}/emails`);
  await row(staff, email).getByRole("link").click();
  await expect(staff.locator(".mail-text")).toContainText("/invite/");
  await staff.goto("/admin/config/mail");
  await expect(staff.getByRole("definition").filter({ hasText: "None" })).toBeVisible();
});

test("mails carry what mail programs need, and no line that a name could add @once", async ({ open, world, sink }) => {
  const account = await world.owned();
  const email = address();
  await world.invite(account, email, ALL);
  const { parsed, raw } = await sink.mail(email);
  expect(parsed.from?.text).toBe('"Latchkey Test" <mail@latchkey.example>');
  expect(parsed.messageId).toMatch(/^<.+@.+>$/);
  expect(parsed.date).toBeInstanceOf(Date);
  expect(raw).toMatch(/^Content-Type: multipart\/alternative/im);
  expect(raw).toMatch(/^Auto-Submitted: auto-generated/im);
  const page = await open({ as: account.owner });
  await page.goto(`/a/${account.id}/users`);
  for (const typed of ["a@people.example\r\nBcc: b@people.example", "a@people.example%0d%0aBcc: b@people.example"]) {
    const csrf = await page.locator("input[name=csrf]").first().inputValue();
    const answer = await page.context().request.post(`/a/${account.id}/invitations`, { form: { csrf, email: typed, scope: "all" }, maxRedirects: 0 });
    expect(answer.status()).toBe(422);
  }
});
