// Comfort around a password: show it, say how strong it is, make a good one.

const LENGTH = 20;
// No letters or digits that are easily taken for one another. 64 characters, so six random bits pick one without bias.
const ALPHABET = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789-_+=!?*@";

for (const button of document.querySelectorAll("[data-reveal]")) {
  const input = document.getElementById(button.dataset.reveal);
  button.hidden = false;
  button.addEventListener("click", () => show(input, button, input.type === "password"));
  // A password that is shown must not be kept by the browser as ordinary text.
  input.form?.addEventListener("submit", () => show(input, button, false));
}

function show(input, button, visible) {
  input.type = visible ? "text" : "password";
  button.setAttribute("aria-pressed", String(visible));
}

for (const button of document.querySelectorAll("[data-generate]")) {
  const input = document.getElementById(button.dataset.generate);
  button.addEventListener("click", async () => {
    const made = button.dataset.kind === "phrase" ? await phrase(input.form) : characters();
    if (!made) return;
    input.value = made;
    const reveal = document.querySelector(`[data-reveal="${input.id}"]`);
    if (reveal) show(input, reveal, true);
    input.dispatchEvent(new Event("input", { bubbles: true }));
    input.focus();
    input.select();
  });
}

function characters() {
  const bytes = crypto.getRandomValues(new Uint8Array(LENGTH));
  return Array.from(bytes, (byte) => ALPHABET[byte & 63]).join("");
}

// The list of words is the server's. Without it the field stays as it is.
async function phrase(form) {
  try {
    const answer = await ask("generate", { csrf: new FormData(form).get("csrf") });
    return answer.ok ? (await answer.json()).password : null;
  } catch {
    return null;
  }
}

function ask(what, question) {
  // Each area knows only its own logins.
  const area = location.pathname.startsWith("/admin/") ? "/admin" : "";
  return fetch(`${area}/password/${what}`, { method: "POST", body: new URLSearchParams(question) });
}

for (const meter of document.querySelectorAll("[data-strength]")) watch(meter, document.getElementById(meter.dataset.strength));

function watch(meter, input) {
  let timer;
  let latest = 0;
  meter.hidden = false;
  input.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(measure, 250);
  });
  // What is sent is judged by the server; asking beside it would come too late.
  input.form?.addEventListener("submit", () => clearTimeout(timer));

  async function measure() {
    const turn = ++latest;
    if (!input.value) return say(meter, { score: "", label: "", hint: null });
    const form = new FormData(input.form);
    const question = { password: input.value, csrf: form.get("csrf"), context: meter.dataset.context ?? "" };
    const name = [form.get("first_name"), form.get("last_name"), form.get("name")].filter(Boolean).join(" ");
    if (name) question.name = name;
    if (form.get("email")) question.email = form.get("email");
    try {
      const answer = await ask("strength", question);
      if (!answer.ok || turn !== latest) return;
      say(meter, await answer.json());
    } catch {
      // The server checks the password again when the form is sent.
    }
  }
}

function say(meter, { score, label, hint }) {
  meter.dataset.score = score;
  meter.querySelector("[data-strength-label]").textContent = label;
  meter.querySelector("[data-strength-hint]").textContent = hint ?? "";
}
