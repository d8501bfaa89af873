// Picks a user while one types (ARIA combobox with a list box). Without this module the same field has a search button
// and the server lists what it found as radio buttons; what is picked here becomes such a radio button too.
//
// data-combobox: address of the search; data-pick: id of the group that holds the choice, which knows the field's name
// (data-name) and what to say about a new user (data-new, "{email}" stands for the address; absent: no such offer).

for (const input of document.querySelectorAll("[data-combobox]")) combobox(input);

function combobox(input) {
  const pick = document.getElementById(input.dataset.pick);
  const list = document.createElement("ul");
  const status = document.createElement("span");
  let options = [];
  let active = -1;
  let timer;
  let latest = 0;

  list.className = "listbox";
  list.id = `${input.id}-list`;
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", input.dataset.listLabel);
  list.hidden = true;
  status.className = "visually-hidden";
  status.setAttribute("role", "status");
  const box = document.createElement("div");
  box.className = "combobox";
  input.before(box);
  box.append(input, list, status);
  box.parentElement.querySelector("[data-search-button]")?.remove();
  input.setAttribute("role", "combobox");
  input.setAttribute("aria-autocomplete", "list");
  input.setAttribute("aria-controls", list.id);
  input.setAttribute("aria-expanded", "false");

  input.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(search, 150);
  });
  input.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !list.hidden) {
      event.preventDefault();
      close();
    } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (list.hidden) return void search();
      const step = event.key === "ArrowDown" ? 1 : -1;
      activate((active + step + options.length) % options.length);
    } else if (event.key === "Enter") {
      // Enter picks; it never sends a half-made choice.
      event.preventDefault();
      if (!list.hidden && options.length) choose(options[Math.max(active, 0)]);
    }
  });
  input.addEventListener("blur", () => setTimeout(close, 150));

  async function search() {
    const turn = ++latest;
    const text = input.value.trim();
    if (!text) return close();
    let found;
    try {
      const answer = await fetch(`${input.dataset.combobox}?${new URLSearchParams({ q: text })}`, { headers: { accept: "application/json" } });
      if (!answer.ok) return close();
      found = await answer.json();
    } catch {
      return close();
    }
    if (turn !== latest) return;
    options = found.users.map((user) => ({ value: String(user.id), title: user.name, text: user.email }));
    if (found.email_free && pick.dataset.new) {
      options.push({ value: "", title: pick.dataset.new.replace("{email}", text), text: "", email: text });
    }
    render();
  }

  function render() {
    active = -1;
    input.removeAttribute("aria-activedescendant");
    list.replaceChildren(
      ...options.map((option, index) => {
        const item = document.createElement("li");
        item.id = `${list.id}-${index}`;
        item.setAttribute("role", "option");
        item.setAttribute("aria-selected", "false");
        item.append(line(option.title), ...(option.text ? [line(option.text)] : []));
        item.addEventListener("pointerdown", (event) => {
          event.preventDefault();
          choose(option);
        });
        return item;
      }),
    );
    list.hidden = options.length === 0;
    input.setAttribute("aria-expanded", String(!list.hidden));
    status.textContent = options.length ? input.dataset.found.replace("{count}", options.length) : input.dataset.nothing;
  }

  function activate(index) {
    active = index;
    [...list.children].forEach((item, at) => item.setAttribute("aria-selected", String(at === index)));
    input.setAttribute("aria-activedescendant", list.children[index].id);
    list.children[index].scrollIntoView({ block: "nearest" });
  }

  function close() {
    list.hidden = true;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  }

  function choose(option) {
    const label = document.createElement("label");
    label.className = "choice";
    const radio = document.createElement("input");
    Object.assign(radio, { type: "radio", name: pick.dataset.name, value: option.value, checked: true });
    if (option.email) radio.dataset.reveals = "new-user";
    const title = line(option.title);
    title.className = "check-title";
    label.append(radio, title);
    if (option.text) {
      const text = line(option.text);
      text.className = "hint";
      label.append(text);
    }
    pick.querySelectorAll("label").forEach((old) => old.remove());
    pick.append(label);
    pick.hidden = false;
    const email = option.email && document.getElementById(pick.dataset.emailField);
    if (email) email.value = option.email;
    input.value = option.email ?? option.text;
    close();
    status.textContent = option.title;
  }

  function line(text) {
    const made = document.createElement("span");
    made.dir = "auto";
    made.textContent = text;
    return made;
  }
}
