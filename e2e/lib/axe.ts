// Accessibility: axe on a page, in light and in dark.

import { expect, type Page } from "@playwright/test";
import axe from "axe-core";
import { overflow } from "./test.ts";

const TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
/** What depends on the colours. */
const COLOURS = ["color-contrast", "link-in-text-block"];

/** No serious or critical violation in the part that is looked at, and nothing that is wider than the screen. */
export async function accessible(page: Page, what: string, part = "html"): Promise<void> {
  const light = await violations(page, part, "light", { type: "tag", values: TAGS });
  const dark = await violations(page, part, "dark", { type: "rule", values: COLOURS });
  const found = [...light, ...dark];
  await page.emulateMedia({ colorScheme: null });
  expect.soft(found, what).toEqual([]);
  expect.soft(await overflow(page), `${what}: wider than the screen`).toBeLessThanOrEqual(0);
}

async function violations(page: Page, part: string, colorScheme: "light" | "dark", runOnly: axe.RunOnly): Promise<string[]> {
  await page.emulateMedia({ colorScheme });
  await page.evaluate(`if (!window.axe) { ${axe.source} }`);
  const found = await page.evaluate(async ([part, only]) => {
    const { axe } = window as unknown as { axe: typeof import("axe-core") };
    const { violations } = await axe.run(part, { runOnly: only, resultTypes: ["violations"], preload: false });
    return violations.map(({ id, impact, nodes }) => ({ id, impact, nodes: nodes.map((node) => `${node.target.join(" ")}: ${node.failureSummary}`) }));
  }, [part, runOnly] as const);
  return found
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .map(({ id, impact, nodes }) => `${colorScheme}: ${id} (${impact}): ${nodes.slice(0, 3).join(" | ")}`);
}
