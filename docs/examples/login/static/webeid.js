// The Web eID browser extension, asked by a page of the portal: messages to this window, and the answers on it.
// Any script on the page can send and answer them: a Content-Security-Policy keeps foreign scripts out.

const LIBRARY_VERSION = "2.1.0"; // the version of web-eid.js whose messages these are: the extension compares it
const LOADING_MS = 1000, ACK_MS = 1000, GREETING_MS = 5000, HOLDER_MS = 120000;

const loaded = new Promise((resolve) => setTimeout(resolve, LOADING_MS)); // the extension's script comes after the page
const pending = new Set();

export class WebEidError extends Error {
  constructor(code, message = code) {
    super(message);
    this.name = "WebEidError";
    this.code = code; // ERR_WEBEID_USER_CANCELLED, ERR_WEBEID_EXTENSION_UNAVAILABLE, …
  }
}

async function ask(command, fields, options, timeout) {
  const action = `web-eid:${command}`;
  if (!window.isSecureContext) throw new WebEidError("ERR_WEBEID_CONTEXT_INSECURE");
  if (pending.has(action)) throw new WebEidError("ERR_WEBEID_ACTION_PENDING");
  pending.add(action);
  await loaded;
  return new Promise((resolve, reject) => {
    const fail = (code) => end(reject, new WebEidError(code));
    const ack = setTimeout(fail, ACK_MS, "ERR_WEBEID_EXTENSION_UNAVAILABLE");
    const answer = setTimeout(fail, ACK_MS + GREETING_MS + timeout, "ERR_WEBEID_ACTION_TIMEOUT");
    function end(settle, value) {
      window.removeEventListener("message", hear);
      [ack, answer].forEach(clearTimeout);
      pending.delete(action);
      settle(value);
    }
    function hear({ source, data }) {
      if (source !== window) return; // a frame, or the window that opened this one
      if (data?.action === `${action}-ack`) clearTimeout(ack);
      if (data?.action === `${action}-success`) end(resolve, data);
      if (data?.action === `${action}-failure`)
        end(reject, new WebEidError(data.error?.code ?? "ERR_WEBEID_UNKNOWN_ERROR", data.error?.message));
    }
    window.addEventListener("message", hear);
    window.postMessage({ action, libraryVersion: LIBRARY_VERSION, ...fields, options }, window.location.origin);
  });
}

const holder = (options) => options.userInteractionTimeout ?? HOLDER_MS;

// options: { lang: "ja", userInteractionTimeout: milliseconds }, both optional.
export async function authenticate(challengeNonce, options = {}) {
  const token = await ask("authenticate", { challengeNonce }, options, holder(options));
  const { unverifiedCertificate, algorithm, signature, format, appVersion } = token;
  return { unverifiedCertificate, algorithm, signature, format, appVersion };
}

export async function status() {
  const { extension, nativeApp } = await ask("status", {}, {}, 0);
  return { extension, nativeApp };
}

export async function getSigningCertificate(options = {}) {
  const answer = await ask("get-signing-certificate", {}, options, 2 * holder(options));
  return { certificate: answer.certificate, supportedSignatureAlgorithms: answer.supportedSignatureAlgorithms };
}

export async function sign(certificate, hash, hashFunction, options = {}) {
  const answer = await ask("sign", { certificate, hash, hashFunction }, options, 2 * holder(options));
  return { signature: answer.signature, signatureAlgorithm: answer.signatureAlgorithm };
}
