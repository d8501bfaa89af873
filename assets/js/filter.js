// Narrows a list that is on the page already: data-filter names the list, each item has data-filter-text.

for (const input of document.querySelectorAll("[data-filter]")) {
  const list = document.getElementById(input.dataset.filter);
  const nothing = document.getElementById(`${input.dataset.filter}-nothing`);
  const items = [...list.querySelectorAll("[data-filter-text]")];
  input.closest("[data-filter-box]").hidden = false;
  input.addEventListener("input", () => {
    const words = fold(input.value).split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const item of items) {
      const text = fold(item.dataset.filterText);
      const fits = words.every((word) => text.includes(word));
      item.hidden = !fits;
      if (fits) shown += 1;
    }
    nothing.textContent = shown ? "" : nothing.dataset.text;
  });
}

function fold(text) {
  return text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
}
