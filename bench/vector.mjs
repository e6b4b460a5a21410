// Fills one vector store through the API with the text of a folder, kills the server now and then on the way, and searches:
// `node bench/vector.mjs --texts FOLDER --questions FILE --data FOLDER [--chunks 1000000] [--kills 3]`. Prints what a chunk costs
// to add as the store grows, the first search after a start, and the times of searches one after the other.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startServer } from '../tests/api/harness.js';

const { values } = parseArgs({ options: { texts: { type: 'string' }, questions: { type: 'string' }, data: { type: 'string' },
  chunks: { type: 'string', default: '1000000' }, kills: { type: 'string', default: '3' } } });
const goal = Number(values.chunks);
const kills = Array.from({ length: Number(values.kills) }, (_, i) => Math.round((goal * (i + 1)) / (Number(values.kills) + 1)));
const sleep = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });
mkdirSync(values.data, { recursive: true });

const chunking_strategy = { type: 'static', static: { max_chunk_size_tokens: 100, chunk_overlap_tokens: 40 } };
const fileBytes = 100_000;
const filesAtOnce = 100;

// Pieces of the texts that end with a line; then again with other pieces, should they not be enough.
function* pieces() {
  for (let round = 0; ; round += 1) {
    for (const name of readdirSync(values.texts).sort()) {
      const text = readFileSync(join(values.texts, name), 'utf8');
      for (let at = round * 33_000; at < text.length;) {
        const end = text.indexOf('\n', at + fileBytes);
        yield { name, text: text.slice(at, end < 0 ? undefined : end) };
        at = end < 0 ? text.length : end + 1;
      }
    }
  }
}

const sql = (statement) => execFileSync('sqlite3', ['-readonly', join(values.data, 'parlance.db'), '.timeout 5000', statement], { encoding: 'utf8' }).trim();
const cpuSeconds = (pid) => {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
};
const memory = (pid) => Math.round(Number(readFileSync(`/proc/${pid}/status`, 'utf8').match(/VmRSS:\s+(\d+)/)[1]) / 1024);

let server = await startServer({ data: values.data });
const stores = (await server.client.vectorStores.list()).data;
const store = stores[0] ?? await server.client.vectorStores.create({ name: 'everything' });
let begun = performance.now(), cpu = 0, counted = 0, killed = 0, reported = 0;

async function restart() {
  cpu += cpuSeconds(server.child.pid);
  await server.kill();
  const at = performance.now();
  server = await startServer({ data: values.data });
  return performance.now() - at;
}

const chunks = () => Number(sql('SELECT COALESCE(MAX(seq), 0) FROM chunks'));
const source = pieces();
for (let n = chunks(); n < goal; n = chunks()) {
  const { file_counts: counts } = await server.client.vectorStores.retrieve(store.id);
  if (counts.failed > 0) throw new Error(`${counts.failed} files failed`);
  if (counts.in_progress < filesAtOnce / 2) {
    const files = [];
    while (files.length < filesAtOnce) {
      const wave = Array.from({ length: 8 }, () => source.next().value);
      files.push(...await Promise.all(wave.map(({ name, text }, i) =>
        server.client.files.create({ file: new File([text], `${name}-${counts.total}-${files.length + i}.txt`), purpose: 'assistants' }))));
    }
    await server.client.vectorStores.fileBatches.create(store.id, {
      files: files.map((file, i) => ({ file_id: file.id, chunking_strategy, attributes: { part: i % 10, even: i % 2 === 0 } })) });
  }
  if (killed < kills.length && n >= kills[killed]) {
    killed += 1;
    console.log(`${n} chunks: killed; starts again in ${Math.round(await restart())} ms`);
  }
  if (n >= reported + (n < 100_000 ? 10_000 : 100_000)) {
    const now = performance.now(), used = cpu + cpuSeconds(server.child.pid);
    console.log(`${n} chunks: ${Math.round((now - begun) / (n - reported) * 1000)} us and ${Math.round((used - counted) / (n - reported) * 1e6)} us of processor time to add one; ${memory(server.child.pid)} MB`);
    [begun, counted, reported] = [now, used, n];
  }
  await sleep(250);
}
for (;;) {
  const { file_counts: counts } = await server.client.vectorStores.retrieve(store.id);
  if (counts.in_progress === 0) { console.log(`${JSON.stringify(counts)}, ${chunks()} chunks`); break; }
  await sleep(500);
}
await sleep(30_000);  // the index is kept once it is calm

await restart();
const questions = readFileSync(values.questions, 'utf8').trimEnd().split('\n');
const search = async (query, more = {}) => {
  const at = performance.now();
  const { data } = await server.client.vectorStores.search(store.id, { query, ...more });
  if (data.length === 0) throw new Error(`nothing for: ${query}`);
  return performance.now() - at;
};
console.log(`first search after a start: ${Math.round(await search(questions[0]))} ms; ${memory(server.child.pid)} MB`);
const report = async (what, more) => {
  const before = cpuSeconds(server.child.pid), times = [];
  for (const query of questions) times.push(await search(query, more));
  const used = (cpuSeconds(server.child.pid) - before) / times.length;
  times.sort((a, b) => a - b);
  const at = (share) => times[Math.floor(times.length * share)].toFixed(1);
  console.log(`${what}: p50 ${at(0.5)} ms, p90 ${at(0.9)} ms, p99 ${at(0.99)} ms; ${(used * 1000).toFixed(1)} ms of processor time`);
};
await report('search', {});
await report('search, a filter that a tenth fits', { filters: { type: 'eq', key: 'part', value: 3 } });
await server.stop();
