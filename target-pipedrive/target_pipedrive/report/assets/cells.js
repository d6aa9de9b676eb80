// Cells: what a row, and an opened one, shows of its texts.
function digits(text) {
  return text.replace(/^(-?)(\d+)/, (_, sign, whole) => sign + whole.replace(/\B(?=(\d{3})+$)/g, ","));
}

// Text with the words that were looked for marked.
function marked(text, words) {
  const folded = words.length ? fold(text) : "";
  if (folded.length !== text.length) return [text];
  const spans = words
    .flatMap((word) => {
      const found = [];
      for (let at = folded.indexOf(word); at >= 0; at = folded.indexOf(word, at + word.length)) found.push([at, at + word.length]);
      return found;
    })
    .sort((one, other) => one[0] - other[0]);
  const pieces = [];
  let done = 0;
  for (const [from, to] of spans) {
    if (to <= done) continue;
    const begin = Math.max(from, done);
    pieces.push(text.slice(done, begin), element("mark", { textContent: text.slice(begin, to) }));
    done = to;
  }
  return [...pieces, text.slice(done)];
}

// What is in a cell.
function content(cell, column, colours, words) {
  const [text, url] = cell.split(ADDRESS);
  if (url) return [element("a", { href: url, target: "_blank", rel: "noopener noreferrer", tabIndex: -1 }, ...marked(text, words))];
  if (column.kind === "number") return [digits(text)];
  if (column.kind === "state" && Object.hasOwn(colours, text)) return [dot(colours[text]), ...marked(text, words)];
  return marked(text, words);
}

// The two sides of a field; where they differ, the part between what they share is marked.
function sides(expected, found) {
  if (expected === NOTHING || found === NOTHING || expected === found) {
    return [expected, found].map((side) => (side === NOTHING ? element("span", { className: "nothing", textContent: "nothing" }) : side));
  }
  const one = [...expected], other = [...found];
  const shorter = Math.min(one.length, other.length);
  let head = 0;
  while (head < shorter && one[head] === other[head]) head++;
  let tail = 0;
  while (tail < shorter - head && one.at(-1 - tail) === other.at(-1 - tail)) tail++;
  const cut = (side, name) => {
    const middle = side.slice(head, side.length - tail).join("");
    const parts = element("span", {}, side.slice(0, head).join(""), side.slice(side.length - tail).join(""));
    if (middle) parts.firstChild.after(element(name, { textContent: middle }));
    return parts;
  };
  return [cut(one, "del"), cut(other, "ins")];
}

// What an opened row shows: the cells that its line has no room for, and the field by field detail.
function inside(index, { cells, detail }, words, wanted) {
  const list = element("dl", { className: "full" });
  index.columns.forEach((column, which) => {
    if (wanted(which) && cells[which]) list.append(element("div", {}, element("dt", { textContent: column.name }), element("dd", {}, ...content(cells[which], column, index.colours, words))));
  });
  const box = element("div", { className: "inside" });
  if (list.childElementCount) box.append(list);
  for (const link of list.querySelectorAll("a")) link.tabIndex = 0;
  if (detail.length) {
    const body = element("tbody");
    for (const [field, expected, found, verdict] of detail) {
      const [left, right] = sides(expected, found).map((side, which) => {
        const cell = element("td", {}, side);
        cell.dataset.side = index.sides[which];
        return cell;
      });
      const told = element("td", {}, ...(verdict ? [dot(index.colours[verdict] ?? "grey"), verdict] : []));
      body.append(element("tr", { className: expected === found ? "same" : "" }, element("th", { scope: "row", textContent: field }), left, right, told));
    }
    const head = ["Field", ...index.sides, "Verdict"].map((name) => element("th", { scope: "col", textContent: name }));
    box.append(element("table", { className: "sides" }, element("thead", {}, element("tr", {}, ...head)), body));
  }
  return box;
}
