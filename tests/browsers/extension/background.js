// One call is one process: start the host, hear its version, send one command, pass the answer on, hang up.
"use strict";

const { runtime } = globalThis.browser ?? chrome;
const HOST = "eu.webeid";
const MAJOR = 2; // of the protocol: page and host may not be older
const BYTES_MAX = 8192;
const GREETING_MS = 5000;
const QUIT_MS = 2000;
const ANSWER_MS = 120000;
const CODES = ["USER_CANCELLED", "USER_TIMEOUT", "NATIVE_FATAL", "NATIVE_INVALID_ARGUMENT", "NATIVE_UNAVAILABLE",
  "VERSION_MISMATCH", "VERSION_INVALID", "UNKNOWN_ERROR"].map((name) => `ERR_WEBEID_${name}`);

// What a page may ask for: the fields that go to the host, and those that have to come back.
const COMMANDS = {
  authenticate: [["challengeNonce"], ["unverifiedCertificate", "algorithm", "signature", "format", "appVersion"]],
  "get-signing-certificate": [[], ["certificate", "supportedSignatureAlgorithms"]],
  sign: [["hash", "hashFunction", "certificate"], ["signature", "signatureAlgorithm"]],
};

const refusal = (name, message) => ({ code: `ERR_WEBEID_${name}`, message });

// The next message of the host; it throws if there is none within `ms`.
function next(port, ms, late, gone) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(reject, ms, late);
    port.onMessage.addListener((message) => (clearTimeout(timer), resolve(message)));
    port.onDisconnect.addListener(() => (clearTimeout(timer), reject(gone), runtime.lastError));
  });
}

async function ask(port, message, ms, late) {
  if (new TextEncoder().encode(JSON.stringify(message)).length > BYTES_MAX) {
    throw refusal("UNKNOWN_ERROR", `The message to the host has more than ${BYTES_MAX} bytes.`);
  }
  const answer = next(port, ms, late, refusal("UNKNOWN_ERROR", "The host ended without an answer."));
  port.postMessage(message);
  return answer;
}

function checkVersions(page, host) {
  const majors = [page, host].map((version) => Number(/^(\d+)\.\d+\.\d+([-+].+)?$/.exec(version)?.[1] ?? NaN));
  if (majors.some(Number.isNaN)) throw refusal("VERSION_INVALID", "A version does not have its form.");
  const requiresUpdate = { extension: majors[0] > MAJOR, nativeApp: majors[1] < Math.max(majors[0], MAJOR) };
  if (requiresUpdate.extension || requiresUpdate.nativeApp) {
    throw { ...refusal("VERSION_MISMATCH", "A part is older than the others."), requiresUpdate };
  }
}

async function status(port, page, host) {
  await ask(port, { command: "quit", arguments: {} }, QUIT_MS, refusal("UNKNOWN_ERROR", "The host did not quit."));
  checkVersions(page.libraryVersion, host);
  return { library: page.libraryVersion, extension: runtime.getManifest().version, nativeApp: host };
}

async function command(port, name, page, url) {
  const [sent, wanted] = COMMANDS[name];
  const { lang, userInteractionTimeout = ANSWER_MS } = page.options ?? {};
  const words = [...sent.map((field) => [field, page[field]]), ["origin", new URL(url).origin], ["lang", lang]];
  const message = { command: name, arguments: Object.fromEntries(words.filter(([, value]) => value !== undefined)) };
  const late = refusal("USER_TIMEOUT", "The user did not answer in time.");
  const answer = await ask(port, message, userInteractionTimeout, late);
  if (answer.error) throw known(answer.error);
  if (!wanted.every((field) => answer[field])) throw refusal("UNKNOWN_ERROR", "The answer of the host lacks a field.");
  return answer;
}

const known = (error) => (CODES.includes(error.code) ? error : { ...error, code: "ERR_WEBEID_UNKNOWN_ERROR" });

async function serve(page, url) {
  const name = page.action.slice("web-eid:".length);
  const port = runtime.connectNative(HOST);
  let host;
  try {
    const absent = (why) => refusal("NATIVE_UNAVAILABLE", `The host ${why}.`);
    host = (await next(port, GREETING_MS, absent("sent no version in time"), absent("closed the connection"))).version;
    if (!host) throw absent("did not begin with its version");
    const answer = await (name === "status" ? status(port, page, host) : command(port, name, page, url));
    return { ...answer, action: `${page.action}-success` };
  } catch (error) {
    return { action: `${page.action}-failure`, error: explained(error, page.libraryVersion, host) };
  } finally {
    port.disconnect();
  }
}

// An old part is the reason for whatever failed, unless the user did not want to.
function explained(error, page, host) {
  try {
    if (host && error.code !== "ERR_WEBEID_USER_CANCELLED") checkVersions(page, host);
    return error;
  } catch (mismatch) {
    return mismatch;
  }
}

runtime.onMessage.addListener((page, sender, reply) => (serve(page, sender.url).then(reply), true));
