// Searches while one types: sends the search form and puts the answer's results in place of the old ones.
// Without this module the form is sent by its button.

for (const form of document.querySelectorAll("form[data-live]")) {
  const results = form.dataset.live;
  let timer;
  let latest = 0;

  form.addEventListener("input", (event) => {
    clearTimeout(timer);
    timer = setTimeout(search, event.target.matches("select") ? 0 : 200);
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    clearTimeout(timer);
    search();
  });

  async function search() {
    const turn = ++latest;
    const query = new URLSearchParams(new FormData(form));
    for (const [name, value] of [...query]) if (!value) query.delete(name);
    const url = `${form.getAttribute("action")}${query.size ? `?${query}` : ""}`;
    let answer;
    try {
      answer = await fetch(url, { headers: { accept: "text/html" } });
    } catch {
      return form.submit();
    }
    if (answer.redirected || !answer.ok) return form.submit();
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page.getElementById(results);
    if (turn !== latest || !fresh) return;
    document.getElementById(results).replaceWith(fresh);
    history.replaceState(null, "", url);
    const status = form.querySelector("[data-live-status]");
    if (status) status.textContent = fresh.dataset.count ?? "";
  }
}
