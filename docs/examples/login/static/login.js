// The buttons of the page.
import { authenticate } from "./webeid.js";

const csrfToken = document.querySelector("meta[name=csrf-token]").content;
const result = document.querySelector("#result");

async function post(path, body) {
  const headers = { "Content-Type": "application/json", "X-CSRF-Token": csrfToken };
  const response = await fetch(path, { method: "POST", headers, body });
  const answer = await response.json();
  if (!response.ok) throw Object.assign(new Error("The portal refused."), { code: answer.code });
  return answer;
}

async function logIn() {
  const { nonce } = await post("/nonce");
  const token = await authenticate(nonce, { lang: document.documentElement.lang });
  await post("/login", JSON.stringify(token));
}

function run(action) {
  return async ({ target }) => {
    target.disabled = true;
    result.textContent = "…";
    try {
      await action();
      window.location.reload(); // the session is a new one, and so is its CSRF token
    } catch (error) {
      result.textContent = error.code ?? error.message;
      target.disabled = false;
    }
  };
}

document.querySelector("#login")?.addEventListener("click", run(logIn));
document.querySelector("#logout")?.addEventListener("click", run(() => post("/logout")));
