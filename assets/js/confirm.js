// Asks before a form that takes something away is sent. The form says what is lost in its data attributes:
// data-confirm (title), data-confirm-text, data-confirm-action, data-confirm-keep. Without this module it is sent straight away.

let asking = null;

document.addEventListener(
  "submit",
  (event) => {
    const form = event.target;
    if (!("confirm" in form.dataset) || form.dataset.confirmed) return;
    event.preventDefault();
    event.stopPropagation();
    ask(form, event.submitter);
  },
  { capture: true },
);

function ask(form, submitter) {
  const dialog = build(form.dataset);
  document.body.append(dialog);
  asking = dialog;
  dialog.addEventListener("close", () => {
    const agreed = dialog.returnValue === "yes";
    dialog.remove();
    if (asking === dialog) asking = null;
    if (!agreed) {
      submitter?.focus();
      return;
    }
    form.dataset.confirmed = "yes";
    form.requestSubmit(submitter ?? undefined);
    delete form.dataset.confirmed;
  });
  dialog.showModal();
  dialog.querySelector("[value=no]").focus();
}

function build({ confirm, confirmText, confirmAction, confirmKeep }) {
  const dialog = element("dialog", "dialog");
  const title = element("h2", "", confirm);
  title.id = "dialog-title";
  title.dir = "auto";
  const text = element("p", "", confirmText);
  text.id = "dialog-text";
  text.dir = "auto";
  const choices = element("form", "actions");
  choices.method = "dialog";
  const keep = element("button", "button", confirmKeep);
  keep.value = "no";
  const go = element("button", "button button-danger", confirmAction);
  go.value = "yes";
  choices.append(keep, go);
  dialog.append(title, text, choices);
  dialog.setAttribute("aria-labelledby", title.id);
  dialog.setAttribute("aria-describedby", text.id);
  return dialog;
}

function element(name, classes, text) {
  const made = document.createElement(name);
  if (classes) made.className = classes;
  if (text) made.textContent = text;
  return made;
}
