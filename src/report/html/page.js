(() => {
  "use strict";
  const PAGE = 100, PRINTED = 2000;
  const byId = (id) => document.getElementById(id);
  const parse = (element) => JSON.parse(element.textContent);
  const words = parse(byId("words"));
  // The places in a row.
  const ITEM = 0, NAME = 1, WAS = 2, OUTCOME = 3, VERDICT = 4, FROM = 5, TO = 6, KIND = 7, TRIES = 8, STATUS = 9,
    MILLIS = 10, WHY = 11, CHANGES = 12, WARNINGS = 13;
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
  const searched = (row) => {
    const c = row.cells;
    if (row.text === null) row.text = [c[NAME], c[WAS], c[FROM], c[TO], c[KIND], c[WHY]].join("\n").toLowerCase();
    return row.text;
  };
  const needsLook = (row) => words.attention[row.cells[OUTCOME]] || words.verdicts[row.cells[VERDICT]] === "differs";

  // Text only ever becomes text: nothing here makes markup of what a row holds.
  const make = (tag, kind, ...inside) => {
    const element = document.createElement(tag);
    if (kind) element.className = kind;
    element.append(...inside.filter((part) => part !== null && part !== undefined && part !== ""));
    return element;
  };
  const tag = (word) => make("span", "tag " + (CLASSES[word] || ""), word);
  const count = (n) => n.toLocaleString("en");
  const time = (ms) => ms === null ? "" : ms < 1000 ? ms + " ms" : ms < 120000 ? (ms / 1000).toFixed(1) + " s" :
    Math.floor(ms / 60000) + " min " + String(Math.floor(ms / 1000) % 60).padStart(2, "0") + " s";

  const options = (select, all, entries) => {
    select.append(new Option(all, ""));
    for (const [value, label] of entries) select.append(new Option(label, value));
  };
  const tally = (place, list) => list.map((word, index) => [index, word, rows.filter((row) => row.cells[place] === index).length])
    .filter(([, , n]) => n > 0).map(([index, word, n]) => [String(index), word + " (" + count(n) + ")"]);
  options(byId("outcome"), "every outcome", tally(OUTCOME, words.outcomes));
  options(byId("verdict"), "every verdict", tally(VERDICT, words.verdicts));
  const ONLY = {
    look: ["needs attention", needsLook],
    changed: ["with changes", (row) => row.cells[CHANGES] > 0],
    warned: ["with warnings", (row) => row.cells[WARNINGS] > 0],
    again: ["sent more than once", (row) => row.cells[TRIES] > 1],
  };
  options(byId("only"), "all", Object.entries(ONLY).filter(([, [, holds]]) => rows.some(holds)).map(([key, [label]]) => [key, label]));

  let found = rows, first = 0, sorted = ITEM, down = false;
  const COLUMNS = [["#", ITEM, "num", "6%"], ["outcome", OUTCOME, "", "11%"], ["compared", VERDICT, "", "9%"], ["import", NAME, "", "26%"],
    ["in the target", TO, "", "18%"], ["sent", TRIES, "num", "5%"], ["took", MILLIS, "num", "8%"], ["why", WHY, "", "17%"]];

  const filter = () => {
    const parts = byId("find").value.toLowerCase().split(/\s+/).filter(Boolean);
    const outcome = byId("outcome").value, verdict = byId("verdict").value, only = byId("only").value;
    found = rows.filter((row) => (outcome === "" || row.cells[OUTCOME] === Number(outcome)) &&
      (verdict === "" || row.cells[VERDICT] === Number(verdict)) && (only === "" || ONLY[only][1](row)) &&
      parts.every((part) => searched(row).includes(part)));
    const rank = (value) => value !== null ? value : [NAME, TO, WHY].includes(sorted) ? "" : -1;
    if (sorted !== ITEM || down) {
      found = [...found].sort((a, b) => {
        const [x, y] = [rank(a.cells[sorted]), rank(b.cells[sorted])];
        const order = x < y ? -1 : x > y ? 1 : a.cells[ITEM] - b.cells[ITEM];
        return down ? -order : order;
      });
    }
    first = 0;
    draw(PAGE);
  };

  const list = (title, lines) => lines.length ? [make("h3", "", title), make("ul", "mono", ...lines.map((line) => make("li", "", line)))] : [];
  const story = (row) => {
    const d = behind(row), c = row.cells;
    const cell = make("td", "");
    cell.colSpan = COLUMNS.length;
    const ids = [c[FROM] && "source " + c[FROM], c[TO] && "target " + c[TO], c[KIND], c[STATUS] && "HTTP " + c[STATUS]].filter(Boolean).join(" · ");
    cell.append(make("div", "soft small mono", ids));
    if (!d) {
      cell.append(make("p", "soft", "The details of this import are too many for this page: they stand in plan.json and journal.jsonl."));
      return make("tr", "behind", cell);
    }
    if (c[WAS]) cell.append(make("div", "small", "called “" + c[WAS] + "” in the source"));
    if (d.changes.length) {
      const body = make("tbody", "");
      for (const [path, from, to] of d.changes) {
        body.append(make("tr", "", make("td", "mono", path), make("td", "mono from", from === null ? "–" : "− " + from), make("td", "mono to", to === null ? "–" : "+ " + to)));
      }
      cell.append(make("h3", "", "Changes"), make("table", "diff", body));
      if (c[CHANGES] > d.changes.length) cell.append(make("p", "soft", count(c[CHANGES] - d.changes.length) + " more in plan.json"));
    }
    cell.append(...list("Reads back different at", d.differences), ...list("Warnings", d.warnings), ...list("To enter by hand", d.secrets));
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
    const button = make("button", "", c[NAME] || "(no name)");
    button.type = "button";
    button.setAttribute("aria-expanded", String(row.open));
    const marks = [c[CHANGES] > 0 && count(c[CHANGES]) + (c[CHANGES] === 1 ? " change" : " changes"), c[WARNINGS] > 0 && count(c[WARNINGS]) + (c[WARNINGS] === 1 ? " warning" : " warnings")].filter(Boolean).join(", ");
    const tr = make("tr", "", make("td", "num soft", String(c[ITEM])), make("td", "", tag(words.outcomes[c[OUTCOME]])),
      make("td", "small", words.verdicts[c[VERDICT]] === "differs" ? tag("differs") : words.verdicts[c[VERDICT]].replaceAll("_", " ")),
      make("td", "", button, marks && make("div", "soft small", marks)), make("td", "mono soft", c[TO]),
      make("td", "num", c[TRIES] ? c[TRIES] + "×" : ""), make("td", "num", time(c[MILLIS])), make("td", "small", c[WHY]));
    body.append(tr);
    let under = null;
    const show = () => { if (row.open) tr.after(under = story(row)); else if (under) under.remove(); };
    button.addEventListener("click", () => { row.open = !row.open; button.setAttribute("aria-expanded", String(row.open)); show(); });
    show();
  };

  const draw = (most) => {
    const page = found.slice(first, first + most);
    const heads = COLUMNS.map(([label, place, kind, width]) => {
      const arrow = sorted === place ? (down ? " ↓" : " ↑") : "";
      const button = make("button", "", label + arrow);
      button.addEventListener("click", () => { down = sorted === place && !down; sorted = place; filter(); });
      const th = make("th", kind, button);
      th.style.width = width;
      th.setAttribute("aria-sort", sorted === place ? (down ? "descending" : "ascending") : "none");
      return th;
    });
    const body = make("tbody", "");
    page.forEach((row) => line(row, body));
    byId("table").replaceChildren(make("table", "", make("thead", "", make("tr", "", ...heads)), body));
    byId("shown").textContent = found.length === 0 ? "none of " + count(rows.length) :
      count(first + 1) + "–" + count(first + page.length) + " of " + count(found.length) +
      (found.length < rows.length ? " (" + count(rows.length) + " in all)" : "");
    byId("back").disabled = first === 0;
    byId("next").disabled = first + most >= found.length;
  };

  let waiting = 0;
  byId("find").addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(filter, 120); });
  for (const id of ["outcome", "verdict", "only"]) byId(id).addEventListener("change", filter);
  byId("back").addEventListener("click", () => { first = Math.max(0, first - PAGE); draw(PAGE); });
  byId("next").addEventListener("click", () => { first += PAGE; draw(PAGE); });
  // On paper nobody can turn the page.
  let kept = 0;
  addEventListener("beforeprint", () => { kept = first; first = 0; draw(PRINTED); });
  addEventListener("afterprint", () => { first = kept; draw(PAGE); });
  document.querySelector(".tools").hidden = false;
  draw(PAGE);
})();
