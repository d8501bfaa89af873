// Sends the one form of a page that only leads on. Without this module its button does.

document.querySelector("form[data-send]")?.requestSubmit();
