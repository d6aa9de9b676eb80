// Rows: packets are unpacked once and stay texts; a row is cut out of its packet when it is shown.
// The format is written by packing.py.
const ADDRESS = "\x1c", PART = "\x1d", ROW = "\x1e", UNIT = "\x1f", NOTHING = "\x00";
const ADDRESSES = /\x1c[^\x1d-\x1f]*/g;
const SLICE_MS = 8; // work between two answers to the reader

// Search does not see capitals and accents: "muller" finds "Müller".
function fold(text) {
  const lower = text.toLowerCase();
  return /^[\x00-\x7f]*$/.test(lower) ? lower : lower.normalize("NFKD").replace(/\p{M}/gu, "").replaceAll("ß", "ss");
}

// Resolves when the browser has dealt with what the reader did meanwhile.
const channel = new MessageChannel();
const waiting = [];
channel.port1.onmessage = () => waiting.shift()();
function pause() {
  return new Promise((resolve) => {
    waiting.push(resolve);
    channel.port2.postMessage(null);
  });
}

async function unpack(base64) {
  const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
  return new Response(stream).text();
}

// Where each row of a text begins, and where one more would.
function beginnings(text, count) {
  const starts = new Uint32Array(count + 1);
  for (let row = 1; row < count; row++) starts[row] = text.indexOf(ROW, starts[row - 1]) + 1;
  starts[count] = text.length + 1;
  return starts;
}

class Packet {
  constructor(text, count, first, facets) {
    this.text = text;
    this.count = count;
    this.first = first; // number of its first row in the whole table
    this.starts = beginnings(text, count);
    const bare = fold(text.replace(ADDRESSES, ""));
    this.folded = bare === text ? text : bare;
    this.foldedStarts = this.folded === text ? this.starts : beginnings(this.folded, count);
    this.codes = facets.map(() => new Uint16Array(count));
    for (let row = 0; row < count; row++) {
      const text = this.row(row);
      const end = text.indexOf(PART);
      const cells = (end < 0 ? text : text.slice(0, end)).split(UNIT);
      facets.forEach((facet, which) => {
        const value = cells[facet.column].split(ADDRESS, 1)[0];
        this.codes[which][row] = facet.codes.get(value) ?? facet.others;
      });
    }
  }

  row(row) {
    return this.text.slice(this.starts[row], this.starts[row + 1] - 1);
  }

  // Rows with all the words, in order. The first word is looked for in the whole text at once.
  *matching(words) {
    if (!words.length) {
      for (let row = 0; row < this.count; row++) yield row;
      return;
    }
    const [word, ...others] = words;
    const starts = this.foldedStarts;
    let row = 0;
    for (let at = this.folded.indexOf(word); at >= 0; at = this.folded.indexOf(word, starts[row])) {
      let last = this.count - 1; // the row that holds this place
      while (row < last) {
        const middle = (row + last + 1) >> 1;
        if (starts[middle] <= at) row = middle;
        else last = middle - 1;
      }
      const text = others.length ? this.folded.slice(starts[row], starts[row + 1] - 1) : "";
      if (others.every((other) => text.includes(other))) yield row;
      if (++row >= this.count) return;
    }
  }
}

class Rows {
  constructor(index) {
    this.total = index.rows;
    this.loaded = 0;
    this.packets = [];
    this.facets = index.facets.map(({ column, values }) => ({
      column,
      codes: new Map(values.map(([value], code) => [value, code])),
      others: values.length, // the code of values that are not offered
    }));
  }

  // Unpack everything; `step` is told after each slice of work.
  async load(sources, step) {
    let since = performance.now();
    for (const source of sources) {
      const text = await unpack(source.textContent);
      const count = Number(source.dataset.rows);
      source.remove(); // the packed form is not needed any more
      this.packets.push(new Packet(text, count, this.loaded, this.facets));
      this.loaded += count;
      if (performance.now() - since > SLICE_MS) {
        step();
        await pause();
        since = performance.now();
      }
    }
    step();
  }

  // A row by its number: cells, and its detail as lists of texts.
  read(number) {
    let low = 0, high = this.packets.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.packets[middle].first <= number) low = middle;
      else high = middle - 1;
    }
    const packet = this.packets[low];
    const [cells, ...detail] = packet.row(number - packet.first).split(PART);
    return { cells: cells.split(UNIT), detail: detail.map((part) => part.split(UNIT)) };
  }

  // Numbers of the rows that match, and for each facet how many rows each of its values would
  // leave. Returns null when `stale` says that nobody waits for it any more.
  async search(words, chosen, stale) {
    const found = new Uint32Array(this.loaded);
    const counts = this.facets.map((facet) => new Uint32Array(facet.others + 1));
    let size = 0;
    let since = performance.now();
    for (const packet of this.packets.slice()) {
      for (const row of packet.matching(words)) {
        let failed = -1; // the only facet that rules the row out; -2: several do
        for (let facet = 0; facet < chosen.length; facet++) {
          if (chosen[facet].size && !chosen[facet].has(packet.codes[facet][row])) failed = failed === -1 ? facet : -2;
        }
        if (failed === -1) {
          found[size++] = packet.first + row;
          for (let facet = 0; facet < counts.length; facet++) counts[facet][packet.codes[facet][row]]++;
        } else if (failed >= 0) counts[failed][packet.codes[failed][row]]++;
      }
      if (performance.now() - since > SLICE_MS) {
        await pause();
        if (stale()) return null;
        since = performance.now();
      }
    }
    return { found: found.subarray(0, size), counts };
  }
}
