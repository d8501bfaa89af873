// Passkeys: asks the browser for one, and sends what it answers as the hidden fields of a form.
//
// data-passkey: "create" or "get"; data-options: address that answers what to ask (POST, with the form's token);
// data-conditional: the passkeys are offered while one types the address too; data-message: where to say what went wrong;
// data-cancelled, data-failed, data-known, data-unsupported: what to say. The form is hidden until this module has seen that the browser can do it.

const FRESH = 4 * 60 * 1000; // A challenge lives for five minutes; one that waits in the background is renewed before.

const supported = window.isSecureContext && "PublicKeyCredential" in window && "credentials" in navigator;
const forms = [...document.querySelectorAll("form[data-passkey]")];
let offered = null; // What waits in the background: { pressed, ended }.

for (const form of forms) {
  if (!supported) {
    say(form, form.dataset.unsupported);
    continue;
  }
  form.hidden = false;
  form.addEventListener("submit", (event) => {
    if (form.dataset.answered) return;
    event.preventDefault();
    run(form);
  });
  if ("conditional" in form.dataset) startOffer(form);
}

// Offers the passkeys of this browser beside the addresses that it would fill in, until `pressed` says that the button was.
async function offer(form, pressed) {
  if (!(await PublicKeyCredential.isConditionalMediationAvailable?.())) return;
  while (!pressed.aborted) {
    const round = new AbortController();
    const end = () => round.abort();
    const timer = setTimeout(end, FRESH);
    pressed.addEventListener("abort", end);
    try {
      const credential = await ask(form, { mediation: "conditional", signal: round.signal });
      if (credential) return send(form, credential);
    } catch {
      if (!round.signal.aborted) return;
    } finally {
      clearTimeout(timer);
      pressed.removeEventListener("abort", end);
    }
  }
}

function startOffer(form) {
  const pressed = new AbortController();
  offered = { pressed, ended: offer(form, pressed.signal) };
}

async function run(form) {
  if (form.dataset.asking) return;
  form.dataset.asking = "yes";
  say(form, "");
  try {
    // The browser answers one question at a time: the one in the background has to be over.
    offered?.pressed.abort();
    await offered?.ended;
    if (form.dataset.answered) return;
    const credential = await ask(form, {});
    if (credential) return send(form, credential);
  } catch (error) {
    say(form, told(form, error));
    if ("conditional" in form.dataset) startOffer(form);
  } finally {
    delete form.dataset.asking;
  }
}

function told(form, error) {
  if (error.name === "NotAllowedError" || error.name === "AbortError") return form.dataset.cancelled;
  if (error.name === "InvalidStateError") return form.dataset.known ?? form.dataset.failed;
  return form.dataset.failed;
}

async function ask(form, how) {
  const body = new URLSearchParams({ csrf: new FormData(form).get("csrf") });
  const answer = await fetch(form.dataset.options, { method: "POST", body, headers: { accept: "application/json" }, signal: how.signal });
  if (answer.redirected || !(answer.headers.get("content-type") ?? "").startsWith("application/json")) {
    // The session has ended, or who it is has to be confirmed again: the page itself knows the way.
    if ("mediation" in how) throw new Error("not now");
    location.reload();
    return null;
  }
  const options = await answer.json();
  return form.dataset.passkey === "create"
    ? navigator.credentials.create({ publicKey: creation(options) })
    : navigator.credentials.get({ publicKey: request(options), ...how });
}

function send(form, { rawId, response }) {
  const fields =
    form.dataset.passkey === "create"
      ? { client_data: response.clientDataJSON, attestation_object: response.attestationObject }
      : {
          credential_id: rawId,
          client_data: response.clientDataJSON,
          authenticator_data: response.authenticatorData,
          signature: response.signature,
          user_handle: response.userHandle ?? new ArrayBuffer(0),
        };
  for (const [name, bytes] of Object.entries(fields)) form.elements.namedItem(name).value = encode(bytes);
  if (form.dataset.passkey === "create") {
    form.elements.namedItem("transports").value = (response.getTransports?.() ?? []).join(" ");
  }
  const remember = document.querySelector("input[type=checkbox][name=remember]");
  const kept = form.elements.namedItem("remember");
  if (kept && remember) kept.value = remember.checked ? "on" : "";
  form.dataset.answered = "yes";
  form.requestSubmit();
}

function say(form, text) {
  const place = document.getElementById(form.dataset.message);
  if (!place) return;
  place.textContent = text ?? "";
  place.hidden = !text;
}

// The options as the browser takes them: by its own reader where it has one.

function creation(options) {
  if (PublicKeyCredential.parseCreationOptionsFromJSON) return PublicKeyCredential.parseCreationOptionsFromJSON(options);
  return {
    ...options,
    challenge: decode(options.challenge),
    user: { ...options.user, id: decode(options.user.id) },
    excludeCredentials: options.excludeCredentials.map(descriptor),
  };
}

function request(options) {
  if (PublicKeyCredential.parseRequestOptionsFromJSON) return PublicKeyCredential.parseRequestOptionsFromJSON(options);
  return { ...options, challenge: decode(options.challenge), allowCredentials: options.allowCredentials.map(descriptor) };
}

function descriptor({ type, id, transports }) {
  return { type, id: decode(id), transports };
}

function decode(text) {
  const binary = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(binary, (character) => character.charCodeAt(0));
}

function encode(buffer) {
  const binary = Array.from(new Uint8Array(buffer), (byte) => String.fromCharCode(byte)).join("");
  return btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

// Coming back by the browser's history finds the form ready again.
window.addEventListener("pageshow", () => {
  for (const form of forms) delete form.dataset.answered;
});
