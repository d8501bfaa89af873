import { defineConfig } from "@playwright/test";

// Debian's Chromium; nothing is downloaded. As root it needs --no-sandbox, and without the others it looks for hosts
// of its maker at every start.
const chromium = {
  executablePath: process.env.LATCHKEY_CHROMIUM ?? "/usr/bin/chromium",
  chromiumSandbox: process.getuid?.() !== 0,
  args: ["--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
};

export default defineConfig({
  testDir: ".",
  outputDir: "test-results",
  fullyParallel: true,
  workers: 2,
  // A test that passes at its second try is reported as flaky, so that one slow moment of a machine does not hide all else.
  retries: 1,
  forbidOnly: true,
  timeout: 45_000,
  expect: { timeout: 10_000 },
  reporter: "list",
  use: {
    browserName: "chromium",
    launchOptions: chromium,
    locale: "en-GB",
    timezoneId: "UTC",
    contextOptions: { reducedMotion: "reduce" },
    actionTimeout: 10_000,
    navigationTimeout: 15_000,
    screenshot: "only-on-failure",
    trace: "off",
  },
  projects: [
    { name: "wide", use: { viewport: { width: 1280, height: 800 } } },
    // What does not depend on the width is tested once.
    { name: "narrow", use: { viewport: { width: 360, height: 740 } }, grepInvert: /@once/ },
  ],
});
