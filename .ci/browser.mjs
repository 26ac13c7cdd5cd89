// Opens a report in headless Chromium and tries what a person does with it. Speaks the browser's own protocol over a pipe, so that nothing else
// has to be installed: node browser.mjs CHROMIUM REPORT FOLDER
import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";

async function browser(binary) {
  const chrome = spawn(binary, ["--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--remote-debugging-pipe",
    "--no-first-run", "--user-data-dir=" + (process.env.TMPDIR || "/tmp") + "/transship-browser-" + process.pid, "about:blank"],
    { stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"] });
  let next = 0, rest = "";
  const waiting = new Map(), listeners = [];
  chrome.stdio[4].on("data", (data) => {
    rest += data;
    const parts = rest.split("\0");
    rest = parts.pop();
    for (const part of parts) {
      const message = JSON.parse(part);
      if (message.id && waiting.has(message.id)) {
        const { resolve, reject } = waiting.get(message.id);
        waiting.delete(message.id);
        message.error ? reject(new Error(message.error.message)) : resolve(message.result);
      } else listeners.forEach((listener) => listener(message));
    }
  });
  const send = (method, params = {}, sessionId) => new Promise((resolve, reject) => {
    waiting.set(++next, { resolve, reject });
    chrome.stdio[3].write(JSON.stringify({ id: next, method, params, sessionId }) + "\0");
  });
  return { send, listeners, close: () => new Promise((resolve) => {
      // Its profile lies in a folder that is removed next.
      chrome.on("exit", resolve);
      send("Browser.close").catch(() => chrome.kill());
    }) };
}

async function page(browser, url, { width = 1200, height = 1600, dark = false } = {}) {
  const { targetId } = await browser.send("Target.createTarget", { url: "about:blank" });
  const { sessionId } = await browser.send("Target.attachToTarget", { targetId, flatten: true });
  const send = (method, params) => browser.send(method, params, sessionId);
  const problems = [];
  let loaded;
  const done = new Promise((resolve) => { loaded = resolve; });
  browser.listeners.push((message) => {
    if (message.sessionId !== sessionId) return;
    if (message.method === "Runtime.exceptionThrown") problems.push(message.params.exceptionDetails.text + " " + (message.params.exceptionDetails.exception?.description ?? ""));
    if (message.method === "Log.entryAdded" && message.params.entry.level === "error") problems.push(message.params.entry.text);
    if (message.method === "Network.requestWillBeSent" && !message.params.request.url.startsWith("file:")) problems.push("request " + message.params.request.url);
    if (message.method === "Page.loadEventFired") loaded();
  });
  for (const domain of ["Page", "Runtime", "Log", "Network"]) await send(domain + ".enable");
  await send("Emulation.setDeviceMetricsOverride", { width, height, deviceScaleFactor: 1, mobile: false });
  await send("Emulation.setEmulatedMedia", { features: [{ name: "prefers-color-scheme", value: dark ? "dark" : "light" }] });
  await send("Page.navigate", { url });
  await done;
  const run = async (expression) => {
    const { result, exceptionDetails } = await send("Runtime.evaluate", { expression, awaitPromise: true, returnByValue: true });
    if (exceptionDetails) throw new Error(exceptionDetails.text + " " + (exceptionDetails.exception?.description ?? "") + " in " + expression);
    return result.value;
  };
  const shot = async (path, full = true) => {
    const { data } = await send("Page.captureScreenshot", { captureBeyondViewport: full });
    writeFileSync(path, Buffer.from(data, "base64"));
  };
  const pdf = async (path) => {
    const { data } = await send("Page.printToPDF", { printBackground: true, preferCSSPageSize: true });
    writeFileSync(path, Buffer.from(data, "base64"));
  };
  return { run, shot, pdf, problems, send };
}

const [binary, report, folder] = process.argv.slice(2);
const check = (what, holds) => {
  if (!holds) throw new Error("does not hold: " + what);
  console.log("ok  " + what);
};
const chrome = await browser(binary);
const url = "file://" + report;
const pages = [];
for (const width of [1200, 820, 420]) {
  for (const dark of [false, true]) {
    const one = await page(chrome, url, { width, dark });
    await one.shot(`${folder}/report-${width}${dark ? "-dark" : ""}.png`);
    check(`at ${width} pixels${dark ? ", dark," : ""} nothing is wider than the page`,
      await one.run("document.documentElement.scrollWidth <= innerWidth"));
    pages.push(one);
  }
}
const it = await page(chrome, url);
pages.push(it);
const text = (id) => it.run(`document.getElementById("${id}").textContent`);
const rows = await it.run("document.querySelectorAll('#table tbody tr').length");
check("the first page has rows", rows > 50);
check("a planted script is text and did not run", await it.run("window.planted === undefined && !document.querySelector('img') && " +
  "[...document.querySelectorAll('#table td button')].some((b) => b.textContent.includes('<script>'))"));
check("names have a direction of their own", await it.run("[...document.querySelectorAll('#table td button')].every((b) => b.querySelector('bdi'))"));
const sort = (label) => it.run(`(() => { const b = [...document.querySelectorAll("#table th button")].find((b) => b.textContent.startsWith("${label}"));
  b.focus(); b.click(); return document.activeElement === b && b.closest("th").getAttribute("aria-sort"); })()`);
check("sorting keeps the focus", await sort("import") === "ascending" && await sort("import") === "descending");
check("the first row is the last number", await sort("#") === "ascending" && await sort("#") === "descending" &&
  Number(await it.run("document.querySelector('#table tbody td').textContent")) > rows);
await it.run("(async () => { const f = document.getElementById('find'); f.value = 'netsuite'; f.dispatchEvent(new Event('input')); await new Promise((r) => setTimeout(r, 400)); })()");
check("a search narrows the rows", (await text("shown")).includes("in all"));
await it.run("document.querySelector('a.to-rows').click()");
check("a reason leads to its rows", (await text("group")).startsWith("Only ") && (await it.run("document.getElementById('find').value")) === "");
await it.run("document.getElementById('every').click()");
await it.run("document.querySelectorAll('#table td button')[3].click()");
check("a row opens", await it.run("document.querySelectorAll('tr.behind').length") === 1);
await it.pdf(`${folder}/report.pdf`);
check("no error and no request", pages.every(({ problems }) => problems.length === 0) || (console.log(pages.map((p) => p.problems)), false));
await chrome.close();
process.exit(0);
