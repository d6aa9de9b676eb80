// Paper: before the page is printed, the rows found are put out as a plain table, up to a limit.
function fillPaper(index, rows, grid, filters) {
  const paper = document.getElementById("paper");
  const numbers = grid.found.subarray(0, index.printed);
  const body = element("tbody");
  for (const number of numbers) {
    const record = rows.read(number);
    body.append(element("tr", {}, ...index.columns.map((column, which) => element("td", { className: column.kind }, ...content(record.cells[which], column, index.colours, [])))));
    if (grid.opened.has(number) && record.detail.length) {
      body.append(element("tr", {}, element("td", { colSpan: index.columns.length, className: "inset" }, inside(index, record, [], () => false))));
    }
  }
  const head = index.columns.map((column) => element("th", { scope: "col", className: column.kind, textContent: column.name }));
  const told = [`${grouped.format(numbers.length)} of ${grouped.format(index.rows)} records are printed.`];
  if (filters.active()) told.push(`Filter: ${filters.told(index)}.`);
  const left = grid.found.length - numbers.length;
  if (left) told.push(`${grouped.format(left)} more match and are left out, ${grouped.format(index.printed)} is the most that is printed: narrow the filter, or take the CSV file.`);
  if (rows.loaded < rows.total) told.push("The page was still reading its records.");
  const table = element("table", { className: "small" }, element("thead", {}, element("tr", {}, ...head)), body);
  paper.replaceChildren(element("p", { className: "note", textContent: told.join(" ") }), table);
}
