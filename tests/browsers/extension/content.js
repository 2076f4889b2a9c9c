// Passes a page's calls to background.js: each is acknowledged at once and answered once. It hears only its own window.
"use strict";

const ACTIONS = ["status", "authenticate", "get-signing-certificate", "sign"].map((name) => `web-eid:${name}`);

addEventListener("message", async ({ source, origin, data }) => {
  if (source !== window || !isSecureContext || !ACTIONS.includes(data?.action)) return;
  postMessage({ action: `${data.action}-ack` }, origin);
  postMessage(await (globalThis.browser ?? chrome).runtime.sendMessage(data), origin);
});
