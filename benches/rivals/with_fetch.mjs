// GET + POST + GET for each import, with Node's fetch and 64 at once.

const { SERVICE, SOURCE_TOKEN, TARGET_TOKEN, NEW_CONNECTION } = process.env;
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

async function call(method, path, token, body) {
  for (let attempt = 0; attempt < 8; attempt++) {
    let answer;
    try {
      answer = await fetch(SERVICE + path, {
        method,
        headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/json" },
        body: body && JSON.stringify(body),
      });
      if (answer.status === 429) {
        await sleep(1000 * Number(answer.headers.get("retry-after") ?? 1));
        continue;
      }
      if (answer.status >= 500) {
        await sleep(200 * 2 ** attempt);
        continue;
      }
      if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status}`);
      return answer.status === 204 ? [] : await answer.json();
    } catch (error) {
      if (answer && !answer.ok) throw error;
      await sleep(200 * 2 ** attempt);
    }
  }
  throw new Error(`gave up on ${method} ${path}`);
}

async function move(listed) {
  const document = await call("GET", `/v1/imports/${listed._id}`, SOURCE_TOKEN);
  for (const field of ["_id", "createdAt", "lastModified"]) delete document[field];
  document._connectionId = NEW_CONNECTION;
  const made = await call("POST", "/v1/imports", TARGET_TOKEN, document);
  const back = await call("GET", `/v1/imports/${made._id}`, TARGET_TOKEN);
  if (back.name !== document.name) throw new Error(`${back.name} is not ${document.name}`);
}

const all = [];
for (let skip = 0; ; skip += 1000) {
  const page = await call("GET", `/v1/imports?limit=1000&skip=${skip}`, SOURCE_TOKEN);
  if (page.length === 0) break;
  all.push(...page);
}
let next = 0;
const worker = async () => {
  while (next < all.length) await move(all[next++]);
};
await Promise.all(Array.from({ length: 64 }, worker));
