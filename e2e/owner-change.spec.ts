import { STAFF, Sink, World, expect, test } from "./lib/test.ts";
import { confirm, row, told } from "./lib/steps.ts";

test("V2.3.5: one admin asks for another owner, a second one approves", async ({ open, another, playwright }) => {
  const sink = await Sink.start();
  const server = await another({ sink, admin: STAFF });
  const request = await playwright.request.newContext();
  const world = await World.of(server, sink, STAFF, request);
  const account = await world.owned();
  const member = await world.member(account, ["invoices"]);
  const users = `/admin/clients/${account.id}/users`;
  const first = await open({ server, admin: STAFF });
  await first.goto("/admin/config/security");
  await first.getByRole("checkbox", { name: "A change of owner needs a second admin" }).check();
  await first.getByRole("button", { name: "Save Changes" }).click();
  await told(first, "Settings saved.");

  await first.goto(users);
  await row(first, member.email).getByRole("button", { name: "Make Owner" }).click();
  await expect(first.getByRole("dialog")).toContainText("Another admin has to approve this within seven days.");
  await first.getByRole("dialog").getByRole("button", { name: "Make Owner" }).click();
  await told(first, `${member.name} becomes the owner of ${account.name} once another admin approves.`);
  const card = { name: `asks to make ${member.name} the owner of ${account.name}` };
  await expect(first.getByRole("region", card)).toContainText("you asked for it");
  await expect(first.getByRole("button", { name: "Approve" })).toHaveCount(0);

  const second = await open({ server, admin: await world.staff() });
  await second.goto("/admin");
  await second.getByRole("link", { name: `${member.name} for ${account.name}` }).click();
  await second.getByRole("region", card).getByRole("button", { name: "Refuse" }).click();
  await told(second, `Refused: ${account.name} keeps its owner.`);
  await first.getByRole("region", card).getByRole("button", { name: "Cancel" }).click();
  await told(first, "This change of owner is no longer open.");

  await confirm(first, row(first, member.email).getByRole("button", { name: "Make Owner" }), "Make Owner");
  await told(first, `${member.name} becomes the owner of ${account.name} once another admin approves.`);
  await second.goto(users);
  await confirm(second, second.getByRole("region", card).getByRole("button", { name: "Approve" }), "Approve");
  await told(second, `${member.name} owns ${account.name} now.`);
  await expect(row(second, member.email)).toContainText("Everything");
  await expect(second.getByRole("region", card)).toHaveCount(0);
  await request.dispose();
  await sink.down();
});
