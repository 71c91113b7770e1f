"use strict";
// Steps through each interleaving: marks the current step, and dims the later ones.
for (const figure of document.querySelectorAll(".stepper")) {
  const rows = [...figure.querySelectorAll("tbody tr")];
  const status = figure.querySelector("output");
  const all = status.textContent;
  let at = -1;
  const show = (step, scroll) => {
    at = step;
    rows.forEach((row, number) => {
      row.classList.toggle("later", at >= 0 && number > at);
      if (number === at) {
        row.setAttribute("aria-current", "step");
        if (scroll) row.scrollIntoView({ block: "nearest" });
      } else {
        row.removeAttribute("aria-current");
      }
    });
    if (at < 0) {
      status.textContent = all;
      return;
    }
    const own = rows[at].querySelector(".own");
    status.textContent = `step ${at} of ${rows.length - 1}: ${own.dataset.label} ${own.textContent}`;
  };
  const last = rows.length - 1;
  const go = {
    first: () => show(0, true),
    back: () => show(at < 0 ? last : Math.max(at - 1, 0), true),
    on: () => show(Math.min(at + 1, last), true),
    last: () => show(last, true),
    all: () => show(-1, false),
  };
  const keys = {
    ArrowRight: go.on, ArrowDown: go.on, ArrowLeft: go.back, ArrowUp: go.back,
    Home: go.first, End: go.last, Escape: go.all,
  };
  figure.querySelector(".controls").hidden = false;
  figure.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (button) go[button.dataset.go]();
  });
  figure.addEventListener("keydown", (event) => {
    const move = keys[event.key];
    if (!move || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    move();
  });
}
