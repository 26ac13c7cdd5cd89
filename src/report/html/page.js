(() => {
  "use strict";
  const PAGE = 100, PRINTED = 5000;
  const byId = (id) => document.getElementById(id);
  const parse = (element) => JSON.parse(element.textContent);
  const words = parse(byId("words"));
  // The places in a row. WHY is a text, or the number of a reason; GROUP is the number of the reason it is counted under.
  const ITEM = 0, NAME = 1, WAS = 2, OUTCOME = 3, VERDICT = 4, FROM = 5, TO = 6, KIND = 7, TRIES = 8, STATUS = 9,
    MILLIS = 10, WHY = 11, CHANGES = 12, WARNINGS = 13, GROUP = 14, LINKED = 15;
  const CLASSES = { created: "good", cloned: "good", archived: "good", restored: "good", updated: "change",
    deleted: "gone", failed: "bad", conflict: "odd", stale: "odd", unprocessed: "wait", differs: "bad" };

  const rows = [];
  const chunks = [...document.querySelectorAll("script.details")];
  const known = new Map();
  document.querySelectorAll("script.rows").forEach((element, chunk) => {
    parse(element).forEach((cells, place) => rows.push({ cells, chunk, place, open: false, text: null }));
    element.remove();
  });
  const behind = (row) => {
    if (!known.has(row.chunk)) known.set(row.chunk, parse(chunks[row.chunk]));
    return known.get(row.chunk)[row.place];
  };
  const why = (row) => typeof row.cells[WHY] === "number" ? words.reasons[row.cells[WHY]][1] : row.cells[WHY];
  const searched = (row) => {
    const c = row.cells;
    if (row.text === null) row.text = [c[NAME], c[WAS], c[FROM], c[TO], c[KIND], why(row)].join("\n").toLowerCase();
    return row.text;
  };
  const needsLook = (row) => row.cells[GROUP] !== null && words.reasons[row.cells[GROUP]][2];

  // Text only ever becomes text: nothing here makes markup of what a row holds.
  const make = (tag, kind, ...inside) => {
    const element = document.createElement(tag);
    if (kind) element.className = kind;
    element.append(...inside.filter((part) => part !== null && part !== undefined && part !== ""));
    return element;
  };
  // Text of the service, in a direction of its own: marks in it do not turn what stands beside it.
  const theirs = (text) => text === null || text === "" ? null : make("bdi", "", text);
  const tag = (word) => make("span", "tag " + (CLASSES[word] || ""), word);
  const count = (n) => n.toLocaleString("en");
  const many = (n, one, others) => count(n) + " " + (n === 1 ? one : others);
  const time = (ms) => ms === null ? "" : ms < 1000 ? ms + " ms" : ms < 120000 ? (ms / 1000).toFixed(1) + " s" :
    Math.floor(ms / 60000) + " min " + String(Math.floor(ms / 1000) % 60).padStart(2, "0") + " s";
  // The page of an import in the product; ids are checked, so that nothing else can become an address.
  const link = (base, id, text) => {
    if (!base || !/^[0-9a-f]{24}$/.test(id || "")) return text;
    const anchor = make("a", "", text);
    anchor.href = base + id;
    anchor.target = "_blank";
    anchor.rel = "noopener noreferrer";
    return anchor;
  };

  const options = (select, all, entries) => {
    select.append(new Option(all, ""));
    for (const [value, label] of entries) select.append(new Option(label, value));
  };
  const tally = (place, list) => {
    const counts = list.map(() => 0);
    for (const row of rows) counts[row.cells[place]] += 1;
    return list.map((word, index) => [String(index), word.replaceAll("_", " ") + " (" + count(counts[index]) + ")", counts[index]])
      .filter(([, , n]) => n > 0);
  };
  options(byId("outcome"), "every outcome", tally(OUTCOME, words.outcomes));
  options(byId("verdict"), "every verdict", tally(VERDICT, words.verdicts));
  const ONLY = {
    look: ["needs attention", needsLook],
    changed: ["with changes", (row) => row.cells[CHANGES] > 0],
    warned: ["with warnings", (row) => row.cells[WARNINGS] > 0],
    again: ["sent more than once", (row) => row.cells[TRIES] > 1],
  };
  const reasons = words.reasons.map(([word, text, , n], index) => ["r" + index, word + ": " + text.slice(0, 60) + " (" + count(n) + ")"]);
  options(byId("only"), "all", [...Object.entries(ONLY).filter(([, [, holds]]) => rows.some(holds)).map(([key, [label]]) => [key, label]),
    ...reasons.slice(0, 100)]);

  let found = rows, first = 0, sorted = ITEM, down = false, group = null;
  const COLUMNS = [["#", ITEM, "num", "6%"], ["outcome", OUTCOME, "", "11%"], ["compared", VERDICT, "", "9%"], ["import", NAME, "", "26%"],
    ["in the target", TO, "", "18%"], ["sent", TRIES, "num", "5%"], ["took", MILLIS, "num", "8%"], ["why", WHY, "", "17%"]];

  const filter = () => {
    const parts = byId("find").value.toLowerCase().split(/\s+/).filter(Boolean);
    const outcome = byId("outcome").value, verdict = byId("verdict").value, only = byId("only").value;
    const holds = only === "" ? null : ONLY[only] ? ONLY[only][1] : (row) => row.cells[GROUP] === Number(only.slice(1));
    found = rows.filter((row) => (group === null || row.cells[GROUP] === group) && (outcome === "" || row.cells[OUTCOME] === Number(outcome)) &&
      (verdict === "" || row.cells[VERDICT] === Number(verdict)) && (holds === null || holds(row)) &&
      parts.every((part) => searched(row).includes(part)));
    const of = (row) => sorted === WHY ? why(row) : row.cells[sorted];
    const rank = (value) => value !== null ? value : [NAME, TO, WHY].includes(sorted) ? "" : -1;
    if (sorted !== ITEM || down) {
      found = [...found].sort((a, b) => {
        const [x, y] = [rank(of(a)), rank(of(b))];
        const order = x < y ? -1 : x > y ? 1 : a.cells[ITEM] - b.cells[ITEM];
        return down ? -order : order;
      });
    }
    first = 0;
    draw(PAGE);
  };

  const list = (title, lines) => lines.length ? [make("h3", "", title), make("ul", "mono", ...lines.map((line) => make("li", "", theirs(line))))] : [];
  const story = (row) => {
    const d = behind(row), c = row.cells;
    const cell = make("td", "");
    cell.colSpan = COLUMNS.length;
    const ids = make("div", "soft small mono");
    const parts = [c[FROM] && ["source ", link(c[LINKED] ? words.links[0] : null, c[FROM], c[FROM])],
      c[TO] && ["target ", link(c[LINKED] > 1 ? words.links[1] : null, c[TO], c[TO])], c[KIND] && [c[KIND]], c[STATUS] && ["HTTP " + c[STATUS]]].filter(Boolean);
    parts.forEach((part, at) => ids.append(at ? " · " : "", ...part));
    cell.append(ids);
    if (!d) {
      cell.append(make("p", "soft", "The details of this import are too many for this page: they are in plan.json and journal.jsonl."));
      return make("tr", "behind", cell);
    }
    if (c[WAS]) cell.append(make("div", "small", "called “", theirs(c[WAS]), "” in the source"));
    if (d.changes.length) {
      const body = make("tbody", "");
      for (const [path, from, to] of d.changes) {
        body.append(make("tr", "", make("td", "mono", theirs(path)), make("td", "mono from", from === null ? "–" : "− ", theirs(from)),
          make("td", "mono to", to === null ? "–" : "+ ", theirs(to))));
      }
      cell.append(make("h3", "", "Changes"), make("table", "diff", body));
      if (c[CHANGES] > d.changes.length) cell.append(make("p", "soft", count(c[CHANGES] - d.changes.length) + " more in plan.json"));
    }
    cell.append(...list("Reads back different at", d.differences), ...list("Warnings", d.warnings), ...list("Enter manually", d.secrets));
    const facts = [d.operation !== "none" && "operation " + d.operation, d.code && "code " + d.code, d.adopted && "found by looking, after a call without an answer",
      d.started && "from " + d.started, d.finished && "to " + d.finished].filter(Boolean).join(" · ");
    cell.append(make("div", "soft small mono", facts));
    for (const key of ["source_sha256", "sent_sha256", "target_sha256"]) {
      if (d[key]) cell.append(make("div", "soft small mono", key + " " + d[key]));
    }
    return make("tr", "behind", cell);
  };

  const line = (row, body) => {
    const c = row.cells;
    const button = make("button", "", theirs(c[NAME]) || "(no name)");
    button.type = "button";
    button.setAttribute("aria-expanded", String(row.open));
    const marks = [c[CHANGES] > 0 && many(c[CHANGES], "change", "changes"), c[WARNINGS] > 0 && many(c[WARNINGS], "warning", "warnings")].filter(Boolean).join(", ");
    const cells = [make("td", "num soft", String(c[ITEM])), make("td", "", tag(words.outcomes[c[OUTCOME]])),
      make("td", "small", words.verdicts[c[VERDICT]] === "differs" ? tag("differs") : words.verdicts[c[VERDICT]].replaceAll("_", " ")),
      make("td", "name", button, marks && make("div", "soft small", marks)),
      make("td", "mono soft", link(c[LINKED] > 1 ? words.links[1] : null, c[TO], c[TO])),
      make("td", "num", c[TRIES] ? c[TRIES] + "×" : ""), make("td", "num", time(c[MILLIS])), make("td", "small", theirs(why(row)))];
    cells.forEach((cell, at) => { cell.dataset.label = COLUMNS[at][0]; });
    const tr = make("tr", "", ...cells);
    body.append(tr);
    let under = null;
    const show = () => { if (row.open) tr.after(under = story(row)); else if (under) under.remove(); };
    button.addEventListener("click", () => { row.open = !row.open; button.setAttribute("aria-expanded", String(row.open)); show(); });
    show();
  };

  // The head is made once: a button that was clicked stays where it is and keeps the focus.
  const body = make("tbody", "");
  const heads = COLUMNS.map(([label, place, kind, width]) => {
    const button = make("button", "", label);
    button.type = "button";
    button.addEventListener("click", () => { down = sorted === place && !down; sorted = place; filter(); });
    const th = make("th", kind, button);
    th.style.width = width;
    return { th, button, label, place };
  });
  byId("table").replaceChildren(make("table", "", make("thead", "", make("tr", "", ...heads.map(({ th }) => th))), body));

  const draw = (most) => {
    const page = found.slice(first, first + most);
    for (const { th, button, label, place } of heads) {
      button.textContent = label + (sorted === place ? (down ? " ↓" : " ↑") : "");
      th.setAttribute("aria-sort", sorted === place ? (down ? "descending" : "ascending") : "none");
    }
    const lines = document.createDocumentFragment();
    page.forEach((row) => line(row, lines));
    body.replaceChildren(lines);
    const narrowed = found.length < rows.length;
    byId("shown").textContent = found.length === 0 ? "none of " + count(rows.length) :
      count(first + 1) + "–" + count(first + page.length) + " of " + count(found.length) + (narrowed ? " (" + count(rows.length) + " in all)" : "");
    byId("paper").textContent = page.length === rows.length ? "" :
      "On paper: " + count(page.length) + " of " + many(rows.length, "import", "imports") + (narrowed ? ", as filtered" : "") + ". audit.csv holds all of them.";
    byId("back").disabled = first === 0;
    byId("next").disabled = first + most >= found.length;
    byId("group").hidden = group === null;
    if (group !== null) byId("reason").replaceChildren(words.reasons[group][0] + ": ", theirs(words.reasons[group][1]) || "");
  };

  let waiting = 0;
  byId("find").addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(filter, 120); });
  for (const id of ["outcome", "verdict", "only"]) byId(id).addEventListener("change", filter);
  byId("back").addEventListener("click", () => { first = Math.max(0, first - PAGE); draw(PAGE); });
  byId("next").addEventListener("click", () => { first += PAGE; draw(PAGE); });
  // A reason leads to its rows.
  document.querySelectorAll("a.to-rows").forEach((anchor) => anchor.addEventListener("click", () => {
    group = Number(anchor.dataset.group);
    for (const id of ["find", "outcome", "verdict", "only"]) byId(id).value = "";
    filter();
  }));
  byId("every").addEventListener("click", () => { group = null; filter(); byId("find").focus(); });
  // On paper nobody can turn the page.
  let kept = 0;
  addEventListener("beforeprint", () => { kept = first; first = 0; draw(PRINTED); });
  addEventListener("afterprint", () => { first = kept; draw(PAGE); });
  document.querySelector(".tools").hidden = false;
  draw(PAGE);
})();
