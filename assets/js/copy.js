// Buttons that copy the value of a field: data-copy names the field, data-copied what to say afterwards.

for (const button of document.querySelectorAll("[data-copy]")) {
  const field = document.getElementById(button.dataset.copy);
  const label = button.querySelector("[data-copy-label]");
  const before = label.textContent;
  field.addEventListener("focus", () => field.select());
  button.addEventListener("click", async () => {
    field.select();
    try {
      await navigator.clipboard.writeText(field.value);
    } catch {
      // No clipboard outside a secure context: what is selected can still be copied by hand.
      if (!document.execCommand("copy")) return;
    }
    label.textContent = button.dataset.copied;
    setTimeout(() => (label.textContent = before), 2000);
  });
}
