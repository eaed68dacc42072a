"use strict";
(() => {
  const table = document.getElementById("findings");
  const field = document.getElementById("filter");
  const matched = document.getElementById("matched");
  if (!table) return;
  const rows = Array.from(table.tBodies[0].rows, (row) => [row, row.textContent.toLowerCase()]);
  field.closest(".filter").hidden = false;
  field.addEventListener("input", () => {
    const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    for (const [row, text] of rows) {
      row.hidden = !words.every((word) => text.includes(word));
      count += row.hidden ? 0 : 1;
    }
    matched.textContent = words.length ? `${count} of ${rows.length} listed` : "";
  });
})();
