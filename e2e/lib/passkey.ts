// Chromium's virtual authenticator.

import type { CDPSession, Page } from "@playwright/test";

export type Authenticator = { cdp: CDPSession; id: string };

/** An authenticator in this page's browser that recognises its owner. */
export async function authenticator(page: Page): Promise<Authenticator> {
  const cdp = await page.context().newCDPSession(page);
  await cdp.send("WebAuthn.enable", { enableUI: false });
  const { authenticatorId } = await cdp.send("WebAuthn.addVirtualAuthenticator", {
    options: {
      protocol: "ctap2",
      transport: "internal",
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  });
  return { cdp, id: authenticatorId };
}

/** Whether somebody touches the authenticator whenever it asks. */
export async function touches(device: Authenticator, enabled: boolean): Promise<void> {
  await device.cdp.send("WebAuthn.setAutomaticPresenceSimulation", { authenticatorId: device.id, enabled });
}
