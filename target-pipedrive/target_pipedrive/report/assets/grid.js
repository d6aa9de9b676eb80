// The grid: of all the rows only those in sight exist. An opened row is followed by its detail.
const AHEAD = 8; // rows beyond either edge
const TALLEST = 8_000_000; // pixels; browsers draw no taller boxes, so more rows scroll faster
const NARROWEST = 7.5; // rem a column needs

class Grid {
  constructor(index, rows) {
    this.index = index;
    this.rows = rows;
    this.view = document.getElementById("view");
    this.table = document.getElementById("grid");
    this.none = document.getElementById("none");
    this.body = this.table.tBodies[0];
    this.found = new Uint32Array(0);
    this.words = [];
    this.opened = new Map(); // number of a row: height of its detail
    this.places = []; // opened rows among the found ones: [position, height]
    this.active = 0; // position that the keyboard is at
    this.drawn = new Map(); // position: its elements
    this.columns();
    this.pads = [0, 1].map(() => {
      const cell = element("td", { colSpan: index.columns.length });
      const row = element("tr", { className: "pad" }, cell);
      row.setAttribute("aria-hidden", "true");
      this.body.append(row);
      return cell;
    });
    this.view.addEventListener("scroll", () => requestAnimationFrame(() => this.draw()), { passive: true });
    new ResizeObserver(() => this.measure()).observe(this.view);
    this.view.addEventListener("keydown", (event) => this.key(event));
    this.body.addEventListener("click", (event) => this.click(event));
    this.body.addEventListener("focusin", (event) => {
      const row = event.target.closest("tr.row");
      if (row) this.activate(Number(row.dataset.at));
    });
  }

  columns() {
    const { columns } = this.index;
    const whole = columns.reduce((sum, column) => sum + column.width, 0);
    const group = this.table.querySelector("colgroup");
    const head = element("tr", { "aria-rowindex": 1 });
    for (const column of columns) {
      const col = element("col");
      col.style.width = `${(column.width / whole) * 100}%`;
      group.append(col);
      head.append(element("th", { scope: "col", role: "columnheader", className: column.kind, textContent: column.name }));
    }
    this.table.style.minWidth = `${whole * NARROWEST}rem`;
    this.table.tHead.append(head);
    this.table.setAttribute("aria-colcount", columns.length);
  }

  // New results; the view goes to the top unless the old ones are at their beginning.
  show(found, words, grew) {
    this.found = found;
    this.words = words;
    this.table.setAttribute("aria-rowcount", found.length + 1);
    this.none.hidden = found.length > 0;
    if (!grew) {
      this.active = 0;
      this.view.scrollTop = 0;
      this.forget();
    }
    this.place();
    this.draw();
  }

  measure() {
    const row = this.body.querySelector("tr.row");
    if (row) this.height = row.getBoundingClientRect().height;
    this.draw();
  }

  forget() {
    for (const elements of this.drawn.values()) elements.forEach((part) => part.remove());
    this.drawn.clear();
  }

  // Positions of the opened rows among the found ones, which ascend.
  place() {
    this.places = [];
    for (const [number, height] of this.opened) {
      let low = 0, high = this.found.length;
      while (low < high) {
        const middle = (low + high) >> 1;
        if (this.found[middle] < number) low = middle + 1;
        else high = middle;
      }
      if (this.found[low] === number) this.places.push([low, height]);
    }
    this.places.sort((one, other) => one[0] - other[0]);
  }

  // Pixels above a position, as if nothing were squeezed.
  above(position) {
    let pixels = position * this.height;
    for (const [at, height] of this.places) if (at < position) pixels += height;
    return pixels;
  }

  // The position at so many pixels.
  at(pixels) {
    let position = Math.floor(pixels / this.height);
    for (const [at, height] of this.places) {
      if (at >= position) break;
      position = Math.max(at, Math.floor((pixels -= height) / this.height));
    }
    return Math.max(0, Math.min(position, this.found.length - 1));
  }

  // How far the view can scroll: really, and as the browser sees it.
  extent() {
    const whole = this.above(this.found.length);
    const room = this.view.clientHeight - this.table.tHead.offsetHeight;
    const drawn = Math.min(whole, TALLEST);
    return { whole, drawn, room, ratio: drawn > room ? (whole - room) / (drawn - room) : 1 };
  }

  draw() {
    if (!this.found.length) {
      this.forget();
      this.pads.forEach((pad) => (pad.style.height = "0"));
      return;
    }
    if (!this.height) {
      this.height = 36;
      this.insert(0);
      this.height = this.drawn.get(0)[0].getBoundingClientRect().height || 36;
    }
    const top = this.view.scrollTop;
    const { room, ratio: guess } = this.extent();
    const first = Math.max(0, this.at(top * guess) - AHEAD);
    const last = Math.min(this.found.length - 1, this.at(top * guess + room) + AHEAD);
    const focused = this.body.contains(document.activeElement);
    for (const [position, elements] of this.drawn) {
      if (position >= first && position <= last) continue;
      // A row that leaves takes the focus with it: the view keeps it, and the arrows go on.
      if (focused && elements.some((part) => part.contains(document.activeElement))) this.view.focus({ preventScroll: true });
      elements.forEach((part) => part.remove());
      this.drawn.delete(position);
    }
    for (let position = first; position <= last; position++) if (!this.drawn.has(position)) this.insert(position);
    let grown = false;
    for (let position = first; position <= last; position++) grown = this.remeasure(position) || grown;
    if (grown) this.place();
    const { drawn, ratio } = this.extent(); // now that the heights of all in sight are known
    const before = top + this.above(first) - top * ratio;
    const shown = this.above(last + 1) - this.above(first);
    this.pads[0].style.height = `${Math.max(0, before)}px`;
    this.pads[1].style.height = `${Math.max(0, drawn - before - shown)}px`;
    // While rows came and went the whole was shorter, and the browser may have moved up.
    if (this.view.scrollTop !== top) this.view.scrollTop = top;
    this.roam();
  }

  remeasure(position) {
    const detail = this.drawn.get(position)[1];
    if (!detail) return false;
    const height = detail.getBoundingClientRect().height;
    const number = this.found[position];
    if (Math.abs(this.opened.get(number) - height) < 0.5) return false;
    this.opened.set(number, height);
    return true;
  }

  insert(position) {
    const number = this.found[position];
    const record = this.rows.read(number);
    const row = element("tr", { className: "row", tabIndex: -1 });
    row.dataset.at = position;
    row.setAttribute("aria-rowindex", position + 2);
    row.setAttribute("aria-level", 1);
    row.setAttribute("aria-expanded", this.opened.has(number));
    this.index.columns.forEach((column, which) => {
      const cell = record.cells[which];
      row.append(element("td", { className: column.kind, role: "gridcell" }, ...content(cell, column, this.index.colours, this.words)));
    });
    let next = this.pads[1].parentNode, nearest = Infinity;
    for (const [other, [row]] of this.drawn) {
      if (other > position && other < nearest) [next, nearest] = [row, other];
    }
    next.before(row);
    const elements = [row];
    if (this.opened.has(number)) elements.push(this.detail(row, record));
    this.drawn.set(position, elements);
  }

  detail(row, record) {
    const edge = this.view.getBoundingClientRect().right;
    const cut = [...row.cells].map((cell) => cell.scrollWidth > cell.clientWidth || cell.getBoundingClientRect().right > edge + 1);
    const all = !record.detail.length && !cut.includes(true);
    const shown = inside(this.index, record, this.words, (which) => all || cut[which]);
    const made = element("tr", { className: "open" }, element("td", { colSpan: cut.length, role: "gridcell" }, shown));
    made.setAttribute("aria-level", 2);
    row.after(made);
    return made;
  }

  // One row at a time is in the tab order, with its links.
  roam() {
    const at = this.drawn.has(this.active) ? this.active : Math.min(...this.drawn.keys());
    for (const [position, [row]] of this.drawn) {
      row.tabIndex = position === at ? 0 : -1;
      for (const link of row.querySelectorAll("a")) link.tabIndex = position === this.active ? 0 : -1;
    }
  }

  activate(position) {
    this.active = position;
    this.roam();
  }

  // Bring a position into sight and put the focus there.
  go(position) {
    if (!this.found.length) return;
    position = Math.max(0, Math.min(position, this.found.length - 1));
    const { room, ratio } = this.extent();
    const from = this.above(position), top = this.view.scrollTop * ratio;
    if (from < top) this.view.scrollTop = from / ratio;
    else if (from + this.height > top + room) this.view.scrollTop = (from + this.height - room) / ratio;
    this.active = position;
    this.draw();
    const row = this.drawn.get(position)[0];
    row.focus({ preventScroll: true });
    row.scrollIntoView({ block: "nearest" }); // the view itself may be half out of the window
  }

  toggle(position, open = !this.opened.has(this.found[position])) {
    const number = this.found[position];
    if (number === undefined || open === this.opened.has(number)) return;
    const focused = this.view.contains(document.activeElement);
    if (open) this.opened.set(number, 0);
    else this.opened.delete(number);
    this.drawn.get(position)?.forEach((part) => part.remove());
    this.drawn.delete(position);
    this.active = position;
    this.place();
    this.draw();
    if (focused) this.drawn.get(position)?.[0].focus({ preventScroll: true });
  }

  click(event) {
    const row = event.target.closest("tr.row");
    if (!row || event.target.closest("a") || String(getSelection())) return;
    this.toggle(Number(row.dataset.at));
  }

  key(event) {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    if (event.target.closest("a, .open") && event.key !== "Escape") return;
    const page = Math.max(1, Math.floor(this.extent().room / this.height) - 1);
    const act = {
      ArrowDown: () => this.go(this.active + 1),
      ArrowUp: () => this.go(this.active - 1),
      PageDown: () => this.go(this.active + page),
      PageUp: () => this.go(this.active - page),
      Home: () => this.go(0),
      End: () => this.go(this.found.length - 1),
      Enter: () => this.toggle(this.active),
      " ": () => this.toggle(this.active),
      ArrowRight: () => this.toggle(this.active, true),
      ArrowLeft: () => this.toggle(this.active, false),
      Escape: () => {
        if (this.opened.has(this.found[this.active])) {
          this.toggle(this.active, false);
          this.go(this.active);
        } else document.getElementById("query").focus();
      },
    }[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  }
}
