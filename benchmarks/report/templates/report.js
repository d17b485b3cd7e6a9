"use strict";
// Everything is on the page without this script; it adds sorting, filtering, the choice of light or dark, and opens
// the records that a link leads to.

const root = document.documentElement;
const all = (selector, inside = document) => [...inside.querySelectorAll(selector)];

function keep(name, value) {
  try {
    if (value === undefined) return localStorage.getItem(name);
    localStorage.setItem(name, value);
  } catch { /* a page opened from disk may have no storage */ }
  return null;
}

// Light and dark.
const system = matchMedia("(prefers-color-scheme: dark)");
const button = document.getElementById("theme");
const dark = () => (root.dataset.theme ? root.dataset.theme === "dark" : system.matches);
const show = () => button.setAttribute("aria-pressed", String(dark()));
if (["light", "dark"].includes(keep("theme"))) root.dataset.theme = keep("theme");
button.hidden = false;
button.addEventListener("click", () => {
  root.dataset.theme = dark() ? "light" : "dark";
  keep("theme", root.dataset.theme);
  show();
});
system.addEventListener("change", show);
show();

// Sorting: numbers by data-value, blanks always last; each group of rows (baselines, models) by itself.
function key(row, column) {
  const cell = row.cells[column];
  if (!("value" in cell.dataset)) return cell.textContent.trim();
  return cell.dataset.value === "" ? null : Number(cell.dataset.value);
}

function compare(a, b) {
  return typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b), "en", { numeric: true });
}

function sort(table, head, column) {
  const direction = head.getAttribute("aria-sort") === "ascending" ? "descending" : "ascending";
  for (const other of all("thead th", table)) other.removeAttribute("aria-sort");
  head.setAttribute("aria-sort", direction);
  const sign = direction === "ascending" ? 1 : -1;
  for (const body of table.tBodies) {
    const keyed = [...body.rows].map((row) => [key(row, column), row]);
    keyed.sort(([a], [b]) => (a === null || b === null ? (a === null) - (b === null) : sign * compare(a, b)));
    body.append(...keyed.map(([, row]) => row));
  }
}

for (const table of all("table.sortable")) {
  all("thead th", table).forEach((head, column) => {
    const control = document.createElement("button");
    control.type = "button";
    control.append(...head.childNodes);
    head.append(control);
    control.addEventListener("click", () => sort(table, head, column));
  });
}

// Filtering: every word must occur in the row; a section without the chosen task is hidden.
const form = document.getElementById("filter");
if (form) {
  const words = document.getElementById("words");
  const task = document.getElementById("task");
  const filter = () => {
    const wanted = words.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0, total = 0;
    for (const part of all("[data-task]")) part.hidden = task.value !== "" && part.dataset.task !== task.value;
    for (const row of all("tr[data-words]")) {
      const text = row.dataset.words.toLowerCase();
      row.hidden = !wanted.every((word) => text.includes(word));
      if (row.closest("details")) continue;
      total += 1;
      if (!row.hidden && !row.closest("[data-task]").hidden) shown += 1;
    }
    document.getElementById("shown").textContent = `${shown} of ${total} rows`;
  };
  form.hidden = false;
  form.addEventListener("submit", (event) => event.preventDefault());
  words.addEventListener("input", filter);
  task.addEventListener("change", filter);
  filter();
}

// Links to records open them.
function open() {
  const place = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (!place) return;
  for (let part = place; part; part = part.parentElement) if (part.tagName === "DETAILS") part.open = true;
  place.scrollIntoView();
}
addEventListener("hashchange", open);
open();
