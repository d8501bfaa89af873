// Opens what a link leads into, for browsers that do not by themselves; opens all for whoever wants to read or print it.
const parts = () => [...document.querySelectorAll("details")];

function reveal() {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (!target) return;
  for (let part = target.closest("details"); part; part = part.parentElement.closest("details")) part.open = true;
  target.scrollIntoView();
}

// The same link once more opens again what was closed meanwhile: that is no change of the address.
addEventListener("click", (event) => {
  const link = event.target.closest?.('a[href^="#"]');
  if (link && link.getAttribute("href") === location.hash) reveal();
});
addEventListener("hashchange", reveal);
reveal();

const button = document.querySelector("[data-open-all]");
button.hidden = false;
button.addEventListener("click", () => {
  const open = button.getAttribute("aria-pressed") !== "true";
  button.setAttribute("aria-pressed", String(open));
  for (const part of document.querySelectorAll("main details")) part.open = open;
});

let closed = [];
addEventListener("beforeprint", () => {
  closed = parts().filter((part) => !part.open);
  for (const part of closed) part.open = true;
});
addEventListener("afterprint", () => {
  for (const part of closed) part.open = false;
});
