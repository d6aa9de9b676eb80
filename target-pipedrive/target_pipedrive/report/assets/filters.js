// Filters: the search field and a row of chips for each facet.
const SHOWN_VALUES = 8; // chips of a facet before "more"

function element(name, properties = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (key in made) made[key] = value;
    else made.setAttribute(key, value);
  }
  made.append(...children);
  return made;
}

const grouped = new Intl.NumberFormat("en-GB");

function dot(colour) {
  const made = element("span", { className: `dot ${colour}` });
  made.setAttribute("aria-hidden", "true");
  return made;
}

class Filters {
  constructor(index, changed) {
    this.query = document.getElementById("query");
    this.clearer = document.getElementById("clear");
    this.chosen = index.facets.map(() => new Set());
    this.chips = index.facets.map((facet, which) => this.facet(index, facet, which, changed));
    this.query.addEventListener("input", changed);
    this.clearer.addEventListener("click", () => {
      this.clear();
      changed();
      this.query.focus();
    });
    document.getElementById("tools").addEventListener("submit", (event) => event.preventDefault());
  }

  facet(index, facet, which, changed) {
    const column = index.columns[facet.column];
    const set = element("fieldset", {}, element("legend", { textContent: column.name }));
    const chips = facet.values.map(([value, count], code) => {
      const input = element("input", { type: "checkbox" });
      const number = element("b", { textContent: grouped.format(count) });
      const face = element("span", {}, value || "(empty)", number);
      if (column.kind === "state" && value) face.prepend(dot(index.colours[value]));
      const chip = element("label", { className: "chip", hidden: code >= SHOWN_VALUES }, input, face);
      input.addEventListener("change", () => {
        if (input.checked) this.chosen[which].add(code);
        else this.chosen[which].delete(code);
        changed();
      });
      set.append(chip);
      return { chip, input, number };
    });
    if (chips.length > SHOWN_VALUES) {
      const more = element("button", { type: "button", textContent: `${chips.length - SHOWN_VALUES} more` });
      more.addEventListener("click", () => {
        for (const { chip } of chips) chip.hidden = false;
        chips[SHOWN_VALUES].input.focus();
        more.remove();
      });
      set.append(more);
    }
    document.getElementById("facets").append(set);
    return chips;
  }

  // What is looked for: words, or "several words" as they stand; the longest first, it is rarest.
  words() {
    const found = fold(this.query.value).matchAll(/"([^"]+)"|([^\s"]+)/g);
    const words = [...found].map(([, phrase, word]) => phrase ?? word);
    return words.sort((one, other) => other.length - one.length);
  }

  active() {
    return this.query.value.trim() !== "" || this.chosen.some((values) => values.size);
  }

  // The filter in words.
  told(index) {
    const parts = this.query.value.trim() ? [`“${this.query.value.trim()}”`] : [];
    index.facets.forEach(({ column, values }, which) => {
      const chosen = [...this.chosen[which]].map((code) => values[code][0] || "(empty)");
      if (chosen.length) parts.push(`${index.columns[column].name}: ${chosen.join(" or ")}`);
    });
    return parts.join("; ");
  }

  clear() {
    this.query.value = "";
    this.chosen.forEach((values) => values.clear());
    for (const { input } of this.chips.flat()) input.checked = false;
  }

  show(counts) {
    this.clearer.hidden = !this.active();
    this.chips.forEach((chips, which) =>
      chips.forEach(({ chip, number }, code) => {
        number.textContent = grouped.format(counts[which][code]);
        chip.classList.toggle("idle", counts[which][code] === 0);
      }),
    );
  }
}
