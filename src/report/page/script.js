
"use strict";
// The page shows everything without this: it adds tips that come at once, and tables to sort.
const tip = document.body.appendChild(document.createElement("div"));
tip.className = "tip";
tip.hidden = true;
document.addEventListener("pointermove", (event) => {
  const title = event.target.matches("rect, circle, text") && event.target.firstElementChild;
  tip.hidden = !title;
  tip.textContent = title ? title.textContent : "";
  tip.style.left = Math.min(event.clientX + 12, innerWidth - tip.offsetWidth - 4) + "px";
  tip.style.top = event.clientY + 14 + "px";
});
for (const header of document.querySelectorAll("thead th")) {
  const key = (row) => row.cells[header.cellIndex].textContent.replace(/(\d) (?=\d)/g, "$1");
  header.addEventListener("click", () => {
    const body = header.closest("table").tBodies[0];
    const sign = header.ariaSort === "descending" ? 1 : -1;
    const rows = [...body.rows].sort((a, b) =>
      sign * key(a).localeCompare(key(b), "en", { numeric: true }));
    for (const other of header.parentNode.cells) other.ariaSort = null;
    header.ariaSort = sign > 0 ? "ascending" : "descending";
    body.append(...rows);
  });
}
