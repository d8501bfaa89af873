// Whoever chooses a role where much is ticked beforehand means the role alone: the boxes are emptied, unless somebody has
// touched them, and get back what they had when no role is chosen after all.

const role = document.querySelector("select[name=role]");
const boxes = [...document.querySelectorAll("input[name=permissions]:enabled")];
let before = role?.value;
role?.addEventListener("change", () => {
  const untouched = boxes.every((box) => box.checked === box.defaultChecked);
  if (before === "" && untouched) for (const box of boxes) box.checked = false;
  const empty = boxes.every((box) => !box.checked);
  if (role.value === "" && empty) for (const box of boxes) box.checked = box.defaultChecked;
  before = role.value;
});
