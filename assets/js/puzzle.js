// Solves the puzzle that a form carries: looks for a number that, hashed behind the puzzle's text, gives so many zero bits in front
// (data-puzzle). A form that is sent before that is held until it is solved or, where the browser cannot hash (a page without
// https), until data-wait seconds are over: then the server takes it as it is.

const loaded = performance.now();
const solutions = new Map();

for (const field of document.querySelectorAll("input[data-puzzle]")) {
  const text = field.value;
  if (!solutions.has(text)) solutions.set(text, crypto.subtle ? solve(text, Number(field.dataset.puzzle)) : never());
  const ready = Promise.race([solutions.get(text), waited(Number(field.dataset.wait))]).then((solution) => {
    if (solution !== undefined) field.value = `${text}:${solution}`;
    field.dataset.ready = "yes";
  });
  hold(field, ready);
}

function hold(field, ready) {
  const form = field.form;
  const working = form.querySelector("[data-puzzle-working]");
  let isHeld = false;
  form.addEventListener(
    "submit",
    async (event) => {
      if (field.dataset.ready) return;
      event.preventDefault();
      event.stopPropagation();
      if (isHeld) return;
      isHeld = true;
      working.hidden = false;
      await ready;
      working.hidden = true;
      isHeld = false;
      form.requestSubmit(event.submitter ?? undefined);
    },
    { capture: true },
  );
}

/** The hashes of a batch are made beside the page, which stays at hand. */
async function solve(text, bits) {
  const BATCH = 64;
  const encoder = new TextEncoder();
  for (let first = 0; ; first += BATCH) {
    const numbers = Array.from({ length: BATCH }, (_, at) => first + at);
    const hashes = await Promise.all(numbers.map((number) => crypto.subtle.digest("SHA-256", encoder.encode(`${text}:${number}`))));
    const found = hashes.findIndex((hash) => Math.clz32(new DataView(hash).getUint32(0)) >= bits);
    if (found >= 0) return first + found;
  }
}

function never() {
  return new Promise(() => {});
}

/** Long enough after the page came; a moment more, since the server's clock began earlier and its seconds are whole. */
function waited(seconds) {
  return new Promise((done) => setTimeout(done, Math.max(0, seconds * 1000 - (performance.now() - loaded)) + 250));
}
