"use strict";
// Additions to a page that is complete without them: copy buttons, a table that can be sorted and filtered, and folded
// parts that open when a link leads into them or the page is printed.

function copyButtons() {
  for (const command of document.querySelectorAll("pre.copy")) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "copy-button";
    button.textContent = "Copy";
    button.setAttribute("aria-label", "Copy the command");
    button.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(command.textContent);
      } catch {
        // Without the permission, or from a mail attachment: the old way.
        getSelection().selectAllChildren(command);
        document.execCommand("copy");
      }
      button.textContent = "Copied";
      setTimeout(() => { button.textContent = "Copy"; }, 2000);
    });
    command.before(button);
  }
}

function valueOf(row, column) {
  const cell = row.cells[column];
  const text = cell.dataset.value ?? cell.textContent.trim();
  const number = Number(text);
  return text === "" || text === "–" ? null : Number.isNaN(number) ? text : number;
}

// Ascending; empty cells stay last in both directions.
function compared(a, b, sign) {
  if (a === null || b === null) return (a === null) - (b === null);
  return sign * (typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b)));
}

function sortable(table) {
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "sort";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const body = table.tBodies[0];
      const rows = [...body.rows].map((row) => [valueOf(row, column), row]);
      // The best score first, and names from A to Z; a second click turns the order.
      const first = rows.some(([value]) => typeof value === "number") ? "descending" : "ascending";
      const other = first === "ascending" ? "descending" : "ascending";
      const order = head.getAttribute("aria-sort") === first ? other : first;
      heads.forEach((each) => each.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", order);
      const sign = order === "ascending" ? 1 : -1;
      rows.sort(([a], [b]) => compared(a, b, sign));
      body.append(...rows.map(([, row]) => row));
    });
  });
}

function filterable(form) {
  form.hidden = false;
  const [text, verdict] = form.querySelectorAll("input, select");
  const count = form.querySelector("output");
  const items = [...document.querySelectorAll("[data-name]")];
  function apply() {
    const wanted = text.value.trim().toLowerCase();
    for (const item of items) {
      const fits = item.dataset.name.includes(wanted) && (!verdict.value || item.dataset.verdict === verdict.value);
      item.hidden = !fits;
    }
    const cards = items.filter((item) => item.classList.contains("card"));
    count.textContent = `${cards.filter((item) => !item.hidden).length} of ${cards.length} shown`;
  }
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("input", apply);
}

function openWhatIsFolded() {
  function reveal() {
    if (!location.hash) return;
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!target) return;
    for (let at = target; at; at = at.parentElement) if (at.tagName === "DETAILS") at.open = true;
    target.scrollIntoView();
  }
  addEventListener("hashchange", reveal);
  reveal();
  let closed = [];
  addEventListener("beforeprint", () => {
    closed = [...document.querySelectorAll("details:not([open])")];
    closed.forEach((each) => { each.open = true; });
  });
  addEventListener("afterprint", () => closed.forEach((each) => { each.open = false; }));
}

copyButtons();
document.querySelectorAll("table.sortable").forEach(sortable);
document.querySelectorAll("form.filter").forEach(filterable);
openWhatIsFolded();
