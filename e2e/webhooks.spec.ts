import { createServer, type IncomingHttpHeaders } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { Webhook } from "standardwebhooks";
import { accessible } from "./lib/axe.ts";
import { STAFF, expect, test } from "./lib/test.ts";

type Got = { headers: IncomingHttpHeaders; body: string };

/** Another system that takes webhooks. */
async function receiver(): Promise<{ url: string; got: Got[]; close: () => void }> {
  const got: Got[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    got.push({ headers: request.headers, body: Buffer.concat(chunks).toString() });
    response.writeHead(204).end();
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}/hooks`, got, close: () => server.close() };
}

test("an admin adds a webhook, tests it, and a real delivery is verified by the library of npm", async ({ open, another }) => {
  const server = await another({ admin: STAFF, options: ["--webhook-allow", "127.0.0.0/8"] });
  const other = await receiver();
  const page = await open({ server, admin: STAFF });
  await page.goto("/admin/config");
  await page.getByRole("link", { name: "Webhooks" }).click();
  await expect(page.getByText("No webhooks")).toBeVisible();
  await page.getByRole("link", { name: "Add Webhook" }).click();
  await page.getByLabel("URL").fill("nonsense");
  await page.getByRole("button", { name: "Add Webhook" }).click();
  await expect(page.getByRole("alert")).toContainText("Enter an address");
  await accessible(page, "webhooks");
  await page.getByLabel("URL").fill(other.url);
  await page.getByLabel("Description").fill("Billing");
  await page.getByRole("button", { name: "Add Webhook" }).click();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Billing");
  const secret = await page.getByLabel("Signing secret").inputValue();
  expect(secret).toMatch(/^whsec_/);
  await accessible(page, "webhooks");

  await page.getByRole("button", { name: "Send Test" }).click();
  await expect.poll(() => other.got.some(({ body }) => body.includes("webhook.test"))).toBe(true);
  await server.createUser("ines@example.com", "Ines", "Okafor", "quiet harbour, seven lanterns");
  await expect.poll(() => other.got.some(({ body }) => body.includes("user.created"))).toBe(true);
  const created = other.got.find(({ body }) => body.includes("user.created"))!;
  const event = new Webhook(secret).verify(created.body, created.headers as Record<string, string>) as { type: string; data: { user: { name: string } } };
  expect([event.type, event.data.user.name]).toEqual(["user.created", "Ines Okafor"]);
  expect(() => new Webhook(secret).verify(created.body.replace("Ines", "Inez"), created.headers as Record<string, string>)).toThrow();

  await expect(async () => {
    await page.reload();
    await expect(page.getByRole("row", { name: /user\.created/ })).toContainText("204");
  }).toPass();
  await expect(page.getByLabel("Signing secret")).toHaveCount(0);
  await page.getByLabel("Event number").fill("1");
  await page.getByRole("button", { name: "Replay" }).click();
  await expect.poll(() => other.got.filter(({ headers }) => headers["webhook-id"] === "evt_1_1").length).toBe(1);
  await page.goto("/admin/config/webhooks");
  await expect(page.getByRole("row", { name: /Billing/ })).toContainText("Active");
  await accessible(page, "webhooks");
  other.close();
});
