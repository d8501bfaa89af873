import type { Locator } from "@playwright/test";
import { ALL, PASSWORD, STAFF, Sink, World, address, expect, test, unique } from "./lib/test.ts";
import { complains, confirm, logIn, register, row, summary, told } from "./lib/steps.ts";

test("name, colour and terms of the operator are on pages and in mails", async ({ open, another, playwright }) => {
  const sink = await Sink.start();
  const server = await another({ sink, admin: STAFF });
  const page = await open({ server, admin: STAFF });
  await page.goto("/admin/config");
  await expect(page.getByLabel("Public address")).toHaveValue(server.url);
  await page.getByLabel("Name", { exact: true }).fill("");
  await page.getByRole("textbox", { name: "Hue" }).fill("green");
  await page.getByRole("textbox", { name: "Address of the Terms of Service" }).fill("javascript:alert(1)");
  await page.getByRole("button", { name: "Save Changes" }).click();
  await complains(page.getByRole("textbox", { name: "Hue" }), "Enter a whole number from 0 to 359.");
  await expect(page.getByRole("textbox", { name: "Hue" })).toHaveValue("green");
  await expect(page.getByLabel("Name", { exact: true })).toHaveAttribute("aria-invalid", "true");
  await complains(page.getByRole("textbox", { name: "Address of the Terms of Service" }), "Write the whole address, beginning with https://.");

  await page.getByLabel("Name", { exact: true }).fill("Harbour <Hosting>");
  await page.getByRole("textbox", { name: "Hue" }).fill("150");
  await page.getByRole("textbox", { name: "Address of the Terms of Service" }).fill("https://harbour.example/terms");
  const hue = () => page.evaluate(() => getComputedStyle(document.documentElement).getPropertyValue("--hue").trim());
  const before = await hue();
  await page.getByRole("button", { name: "Save Changes" }).click();
  await told(page, "Settings saved.");
  await expect(page.locator("header .brand")).toHaveText("Harbour <Hosting>");
  expect(before).not.toBe("150");
  await expect.poll(hue).toBe("150"); // The message can stand before the style sheet is applied.

  const request = await playwright.request.newContext();
  const world = await World.of(server, sink, STAFF, request);
  const account = await world.owned();
  const email = address();
  const link = await world.invite(account, email, ALL);
  expect((await sink.mail(email)).text).toContain("account at Harbour <Hosting>.");
  const guest = await open({ server });
  await guest.goto(link);
  await expect(guest.locator("header .brand")).toHaveText("Harbour <Hosting>");
  const who = { first: "Nadia", last: "Osei", email, password: PASSWORD };
  await register(guest, who);
  await complains(guest.getByLabel("I have read and agree to the Terms of Service"), "Please agree to the Terms of Service.");
  await guest.getByLabel("I have read and agree to the Terms of Service").check();
  await register(guest, who);
  await told(guest, `Welcome to ${account.name}.`);
  await request.dispose();
  await sink.down();
});

test("a test mail says whether mail works", async ({ open, sink }) => {
  const page = await open({ admin: STAFF });
  await page.goto("/admin/config/mail");
  await expect(page.getByText("127.0.0.1", { exact: false }).first()).toBeVisible();
  await page.getByLabel("Email Address").fill("nobody");
  await page.getByRole("button", { name: "Send Test Mail" }).click();
  await complains(page.getByLabel("Email Address"), "Write the address like name@example.com.");
  const email = address();
  await page.getByLabel("Email Address").fill(email);
  await page.getByRole("button", { name: "Send Test Mail" }).click();
  await told(page, email);
  const mail = await sink.mail(email);
  expect(mail.subject).toBe("Test mail from Latchkey");
  expect(mail.text).toContain("Mail works");
});

test("a mail says what the operator writes, until its original is restored", async ({ open, watch, another, playwright }) => {
  // The preview is shut off from everything, from the server's own icon too.
  watch.allow(/favicon/);
  const sink = await Sink.start();
  const server = await another({ sink, admin: STAFF });
  const request = await playwright.request.newContext();
  const world = await World.of(server, sink, STAFF, request);
  const account = await world.owned();
  const page = await open({ server, admin: STAFF });
  await page.goto("/admin/config/notifications");
  await page.getByRole("main").getByRole("link", { name: "Email Templates" }).last().click();
  const mails = page.getByRole("table", { name: "Mails of this server" });
  await expect(mails.getByRole("row").nth(20)).toBeVisible(); // Whatever people are told is here, and the links they get.
  const preview = async (button: Locator) => {
    const [opened] = await Promise.all([page.waitForEvent("popup"), button.click()]);
    return opened;
  };
  const invitation = row(page, "Invitation to an account");
  const original = await preview(invitation.getByRole("link", { name: "Preview" }));
  await expect(original.getByRole("heading")).toContainText("You have been invited to");
  await invitation.getByRole("link", { name: "Edit" }).click();

  const message = page.getByRole("textbox", { name: "Message" });
  await expect(message).toHaveValue(/To see the invitation and accept it, open this address:\n\n\{link\}/);
  await page.getByRole("textbox", { name: "Subject" }).fill("{inviter} asks you to join {account_name}");
  await message.fill("Dear colleague,\n\nplease join.");
  await page.getByRole("button", { name: "Save Changes" }).click();
  await complains(message, "Without its link this mail is of no use. Put {link} into the message.");
  await message.fill("Dear colleague,\n\n{link}\n\nYou may:\n\n- {permissions}");
  const typed = await preview(page.getByRole("button", { name: "Preview" }));
  await expect(typed.getByRole("heading")).toHaveText("Mara Example asks you to join Harbour Bakery Ltd.");
  await expect(typed.getByRole("listitem")).toHaveText(["View & Pay Invoices", "View & Open Support Tickets"]);
  await page.getByRole("textbox", { name: "Button" }).fill("Join Us");
  await page.getByRole("button", { name: "Save Changes" }).click();
  await told(page, "Invitation to an account saved.");
  await expect(invitation).toContainText("Changed");

  const email = address();
  const link = await world.invite(account, email, ["tickets"]);
  const mail = await sink.mail(email);
  expect(mail.subject).toBe(`${STAFF.name} asks you to join ${account.name}`);
  expect(mail.text.trim()).toBe(`Dear colleague,\n\n${link}\n\nYou may:\n\n- View & Open Support Tickets`);

  await invitation.getByRole("link", { name: "Edit" }).click();
  await confirm(page, page.getByRole("button", { name: "Restore Original" }), "Restore Original");
  await told(page, "Invitation to an account says what its template says again.");
  await expect(invitation).toContainText("Original");
  await request.dispose();
  await sink.down();
});

test("another admin is invited, chooses a password, is disabled at once, and enabled again", async ({ open, sink }) => {
  const page = await open({ admin: STAFF });
  await page.goto("/admin/config/admins");
  await expect(row(page, STAFF.email)).toContainText("You");
  const email = `${unique()}@staff.example`;
  await page.getByRole("button", { name: "Invite Admin" }).click();
  await expect(summary(page)).toContainText("Please check these 2 things");
  await page.getByLabel("Email Address").fill(email);
  await page.getByLabel("Admin role", { exact: true }).selectOption({ label: "Full Administrator" });
  await page.getByRole("button", { name: "Invite Admin" }).click();
  const { link } = await sink.mail(email);

  const other = await open();
  await other.goto(link!);
  await other.getByLabel("Name", { exact: true }).fill("Robin Relief");
  await other.getByRole("button", { name: "Generate Password" }).click();
  await expect(other.locator("[data-strength-label]")).toHaveText("Strong");
  const password = await other.getByLabel("Password", { exact: true }).inputValue();
  await other.getByRole("button", { name: "Accept Invite" }).click();
  await expect(other.getByRole("heading", { level: 1 })).toHaveText("Dashboard");
  await page.goto("/admin/config/admins");
  await confirm(page, row(page, email).getByRole("button", { name: "Disable" }), "Disable");
  await told(page, "Robin Relief disabled.");
  await expect(row(page, email)).toContainText("Disabled");
  await other.goto("/admin/clients");
  await expect(other).toHaveURL(/\/admin\/login/);
  await logIn(other, { name: "", email, password }, "/admin/login");
  await complains(other.getByLabel("Email Address"), "The email address or the password is wrong.");
  await row(page, email).getByRole("button", { name: "Enable" }).click();
  await told(page, "Robin Relief enabled.");
  await logIn(other, { name: "", email, password }, "/admin/login");
  await expect(other.getByRole("heading", { level: 1 })).toHaveText("Dashboard");
});
