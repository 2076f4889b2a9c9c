// What docs/examples/login/static/webeid.js does with an extension's answers, or without: run by `node --test`.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { mock, test } from "node:test";

const path = new URL("../../docs/examples/login/static/webeid.js", import.meta.url);
const source = readFileSync(path, "utf8");
const ORIGIN = "https://portal.example";
const NONCE = "A".repeat(44);
const TOKEN = { unverifiedCertificate: "c", algorithm: "RS256", signature: "s", format: "web-eid:1.0", appVersion: "a" };

let loads = 0;

// The script in a new window, and what an extension sees there.
async function opened(t, isSecureContext = true) {
  mock.timers.enable({ apis: ["setTimeout"] });
  t.after(() => mock.timers.reset());
  const listeners = new Set(), sent = [];
  const window = {
    isSecureContext,
    location: { origin: ORIGIN },
    addEventListener: (_, listener) => listeners.add(listener),
    removeEventListener: (_, listener) => listeners.delete(listener),
    postMessage: (data, target) => sent.push({ data, target }),
  };
  globalThis.window = window;
  const page = await import(`data:text/javascript,${encodeURIComponent(source)}//${loads++}`);
  const hear = (data, from = window) => [...listeners].forEach((listener) => listener({ source: from, data }));
  const pass = async (ms) => {
    mock.timers.tick(ms);
    for (let turn = 0; turn < 5; turn++) await null;
  };
  return { page, sent, listeners, hear, pass };
}

const fails = (promise, code) => assert.rejects(promise, { name: "WebEidError", code: `ERR_WEBEID_${code}` });

test("the extension gets the nonce once the page has loaded, and the page the token", async (t) => {
  const { page, sent, listeners, hear, pass } = await opened(t);
  const token = page.authenticate(NONCE, { lang: "ja" });
  await pass(999);
  assert.deepEqual(sent, []);
  await pass(1);
  const data = { action: "web-eid:authenticate", libraryVersion: "2.1.0", challengeNonce: NONCE, options: { lang: "ja" } };
  assert.deepEqual(sent, [{ data, target: ORIGIN }]);
  hear(data); // its own message
  hear({ action: "web-eid:authenticate-ack" });
  await pass(100_000);
  hear({ action: "web-eid:authenticate-success", ...TOKEN, extra: 1 });
  assert.deepEqual(await token, TOKEN);
  assert.equal(listeners.size, 0);
});

test("no acknowledgement within a second: there is no extension", async (t) => {
  const { page, listeners, pass } = await opened(t);
  const token = page.authenticate(NONCE);
  await pass(1000);
  const refused = fails(token, "EXTENSION_UNAVAILABLE");
  await pass(1000);
  await refused;
  assert.equal(listeners.size, 0);
});

test("a failure's code reaches the page, and it may ask again", async (t) => {
  const { page, hear, pass } = await opened(t);
  for (const code of ["USER_CANCELLED", "NATIVE_UNAVAILABLE", "USER_TIMEOUT"]) {
    const token = page.authenticate(NONCE);
    await pass(1000);
    hear({ action: "web-eid:authenticate-ack" });
    hear({ action: "web-eid:authenticate-failure", error: { code: `ERR_WEBEID_${code}`, message: "…" } });
    await fails(token, code);
  }
});

test("a failure without a code is an unknown error", async (t) => {
  const { page, hear, pass } = await opened(t);
  const token = page.authenticate(NONCE);
  await pass(1000);
  hear({ action: "web-eid:authenticate-failure" });
  await fails(token, "UNKNOWN_ERROR");
});

const LIMITS = [
  ["status", (page) => page.status(), 6_000],
  ["authenticate", (page) => page.authenticate(NONCE), 126_000],
  ["authenticate", (page) => page.authenticate(NONCE, { userInteractionTimeout: 30_000 }), 36_000],
  ["get-signing-certificate", (page) => page.getSigningCertificate(), 246_000],
  ["sign", (page) => page.sign("c", "h", "SHA-256", { userInteractionTimeout: 30_000 }), 66_000],
];
for (const [command, ask, limit] of LIMITS)
  test(`${command} ends after ${limit} ms without an answer`, async (t) => {
    const { page, hear, pass } = await opened(t);
    const answer = ask(page);
    await pass(1000);
    hear({ action: `web-eid:${command}-ack` });
    await pass(limit - 1);
    const refused = fails(answer, "ACTION_TIMEOUT");
    await pass(1);
    await refused;
  });

test("of two calls of one kind the second is refused, and of two kinds none", async (t) => {
  const { page, hear, pass } = await opened(t);
  const token = page.authenticate(NONCE), status = page.status();
  await fails(page.authenticate(NONCE), "ACTION_PENDING");
  await pass(1000);
  hear({ action: "web-eid:status-success", extension: "2.5.0", nativeApp: "2.9.0" });
  hear({ action: "web-eid:authenticate-success", ...TOKEN });
  assert.deepEqual(await status, { extension: "2.5.0", nativeApp: "2.9.0" });
  assert.deepEqual(await token, TOKEN);
});

test("frames and other windows are not heard", async (t) => {
  const { page, hear, pass } = await opened(t);
  const token = page.authenticate(NONCE);
  await pass(1000);
  hear({ action: "web-eid:authenticate-success", ...TOKEN, signature: "forged" }, {});
  for (const data of [null, "text", {}, { action: 1 }, { action: "web-eid:sign-success" }]) hear(data);
  hear({ action: "web-eid:authenticate-success", ...TOKEN });
  assert.deepEqual(await token, TOKEN);
});

test("a page that is not secure asks nobody", async (t) => {
  const { page, sent } = await opened(t, false);
  await fails(page.authenticate(NONCE), "CONTEXT_INSECURE");
  assert.deepEqual(sent, []);
});

test("signing takes a certificate first and its hash then", async (t) => {
  const { page, sent, hear, pass } = await opened(t);
  const certificate = page.getSigningCertificate();
  await pass(1000);
  hear({ action: "web-eid:get-signing-certificate-success", certificate: "c", supportedSignatureAlgorithms: [1] });
  assert.deepEqual(await certificate, { certificate: "c", supportedSignatureAlgorithms: [1] });
  const signature = page.sign("c", "h", "SHA-256");
  await pass(0);
  const { options, libraryVersion, ...fields } = sent[1].data;
  assert.deepEqual(fields, { action: "web-eid:sign", certificate: "c", hash: "h", hashFunction: "SHA-256" });
  hear({ action: "web-eid:sign-success", signature: "s", signatureAlgorithm: {} });
  assert.deepEqual(await signature, { signature: "s", signatureAlgorithm: {} });
});
