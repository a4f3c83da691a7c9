// What a page can do better with a script. Every page works without this file, so each control
// that needs it is `hidden` in the markup and shown only here.
"use strict";

for (const control of document.querySelectorAll("[data-needs-script]")) {
  control.hidden = false;
}

function say(text) {
  const place = document.getElementById("spoken");
  if (place) place.textContent = text;
}

// Selects the text where the clipboard is refused: it is, on pages served without https.
async function copy(button) {
  const source = document.getElementById(button.dataset.copy);
  try {
    await navigator.clipboard.writeText(source.textContent.trim());
    button.textContent = "已复制";
    say("已复制");
  } catch {
    const range = document.createRange();
    range.selectNodeContents(source);
    getSelection().removeAllRanges();
    getSelection().addRange(range);
    button.textContent = "已选中，请按 Ctrl+C 复制";
    say("已选中，请按 Ctrl+C 复制");
  }
}

function reveal(button) {
  const input = document.getElementById(button.dataset.reveal);
  const shown = input.type === "password";
  input.type = shown ? "text" : "password";
  button.textContent = shown ? "隐藏" : "显示";
  button.setAttribute("aria-pressed", String(shown));
}

function fill(button) {
  const login = document.getElementById("login");
  const password = document.getElementById("password");
  login.value = button.dataset.fillLogin;
  password.value = button.dataset.fillPassword;
  document.querySelector("[data-sign-in]").focus();
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (button?.dataset.copy) copy(button);
  else if (button?.dataset.reveal) reveal(button);
  else if (button?.dataset.fillLogin) fill(button);
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});

// A form that failed says so first: keyboard and screen reader start at the list of errors.
document.querySelector(".error-summary")?.focus();

// A table that renews itself can be held still, rests while nobody looks, and never pulls a
// button away from under the keyboard or the mouse.
document.addEventListener("htmx:beforeRequest", (event) => {
  const live = event.target;
  if (!live.matches("[data-live]")) return;
  const toggle = document.getElementById("live-toggle");
  const busy = live.contains(document.activeElement) || live.querySelector("button:hover");
  if (document.hidden || (toggle && !toggle.checked) || busy) event.preventDefault();
});

// A sign-in that has run out answers with a whole page, or with 401: neither belongs in a table.
document.addEventListener("htmx:beforeSwap", (event) => {
  const { xhr, serverResponse } = event.detail;
  if (xhr.status === 401 || /^\s*<!doctype/i.test(serverResponse)) {
    event.detail.shouldSwap = false;
    location.reload();
  }
});
