// Puts the parts together.
const ANNOUNCE_MS = 250; // typing is not interrupted by a screen reader
const GROWTH_MS = 400; // between two looks at rows that are still being read

const index = JSON.parse(document.getElementById("index").textContent);
const matches = document.getElementById("matches");
const sources = [...document.querySelectorAll("script[data-rows]")];
document.getElementById("table").hidden = false;

if (typeof DecompressionStream === "undefined") {
  document.getElementById("table").replaceChildren(
    element("p", { className: "values warn", textContent: "This browser is too old to show the table. A current one shows it; the same is in the CSV or JSON file." }),
  );
} else start();

function start() {
  const rows = new Rows(index);
  const grid = new Grid(index, rows);
  let asked = 0, telling, shown = "";
  const filters = new Filters(index, search);

  async function search() {
    const mine = ++asked;
    const words = filters.words();
    const wanted = JSON.stringify([words, filters.chosen.map((values) => [...values])]);
    const answer = await rows.search(words, filters.chosen, () => asked !== mine);
    if (!answer || asked !== mine) return;
    grid.show(answer.found, words, wanted === shown);
    shown = wanted;
    if (rows.loaded === rows.total) filters.show(answer.counts);
    clearTimeout(telling);
    telling = setTimeout(() => tell(answer.found.length), ANNOUNCE_MS);
  }

  function tell(count) {
    for (const part of ["tools", "view", "keys"]) document.getElementById(part).hidden = !rows.total;
    const all = grouped.format(rows.total);
    const text = !rows.total ? "There are none." : filters.active() ? `${grouped.format(count)} of ${all} records match` : `${all} records`;
    const reading = rows.loaded < rows.total ? `, ${grouped.format(rows.loaded)} read so far` : "";
    if (matches.textContent !== text + reading) matches.textContent = text + reading;
  }

  filters.query.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown" || event.key === "Enter") {
      event.preventDefault();
      grid.go(0);
    } else if (event.key === "Escape" && filters.active()) {
      event.preventDefault();
      filters.clear();
      search();
    }
  });
  addEventListener("beforeprint", () => fillPaper(index, rows, grid, filters));
  addEventListener("afterprint", () => document.getElementById("paper").replaceChildren());

  let looked = -Infinity;
  rows
    .load(sources, () => {
      if (rows.loaded < rows.total && performance.now() - looked < GROWTH_MS) return;
      looked = performance.now();
      search();
    })
    .then(() => document.documentElement.setAttribute("data-ready", ""))
    .catch((error) => {
      matches.textContent = "The table is damaged: this file is not as it was written. Make the report again.";
      throw error;
    });
}
