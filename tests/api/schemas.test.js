// Schemas of the wild: whatever the built-in model writes at temperature 1.5 under a schema of MaskBench is valid by ajv.
// A few schemas by default; `script/bench generations` runs hundreds, and prints the figures.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { program, startServer } from './harness.js';
import { validator } from './judge.js';

const shared = process.env.PARLANCE_SHARED ?? join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..', 'shared');
const data = process.env.PARLANCE_MASKBENCH ?? join(shared, 'maskbench', 'maskbench.jsonl.xz');
const number = (name, otherwise) => Number(process.env[name] ?? otherwise);
const schemas = number('PARLANCE_SCHEMAS', 20);
const each = number('PARLANCE_GENERATIONS', 1);
const tokensMax = number('PARLANCE_TOKENS', 600);
const atOnce = number('PARLANCE_STREAMS', 8);
const skip = existsSync(data) ? false : `no ${data}`;

// Another model than the built-in one: a GGUF file.
const file = process.env.PARLANCE_MODEL_FILE;
const model = file ? 'writer' : 'parlance-mini';

let server, folder;
before(async () => {
  if (skip) return;
  folder = mkdtempSync(join(tmpdir(), 'parlance-schemas-'));
  if (file) execFileSync(program, ['add', file, '--name', model, '--data', folder]);
  server = await startServer({ data: folder });
});
after(async () => {
  await server?.stop();
  if (folder) rmSync(folder, { recursive: true, force: true });
});

// JavaScript reads whole numbers beyond 2^53 rounded, so it cannot tell their multiples, nor what must not be one.
const wasRounded = (text, errors) => /\d{16}/.test(text) && errors.every(({ keyword }) => keyword === 'multipleOf' || keyword === 'not');

// Mulberry32: the same schemas for the same seed.
function random(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6D2B79F5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

function draw() {
  const lines = execFileSync('xz', ['-dc', data], { maxBuffer: 1 << 30, encoding: 'utf8' }).split('\n').filter(Boolean);
  const next = random(number('PARLANCE_SEED', 1));
  for (let i = lines.length - 1; i > 0; i -= 1) {
    const j = Math.floor(next() * (i + 1));
    [lines[i], lines[j]] = [lines[j], lines[i]];
  }
  return lines.slice(0, schemas).map((line) => JSON.parse(line));
}

test(`${schemas} schemas, ${each} generations each`, { skip }, async () => {
  const count = { valid: 0, cut: 0, refused: 0, unchecked: 0, rounded: 0 };
  const wrong = [];
  const files = draw();
  const work = Array.from({ length: each }, (_, seed) => files.map((file) => ({ file, seed }))).flat();
  let tokens = 0;
  async function generate({ file, seed }) {
    const check = validator(file.schema);
    const response = await server.post('/v1/chat/completions', { model, seed, temperature: 1.5, max_completion_tokens: tokensMax,
      messages: [{ role: 'user', content: 'Make up an example, as json.' }],
      response_format: { type: 'json_schema', json_schema: { name: 'x', schema: file.schema } } });
    const body = await response.json();
    if (response.status !== 200) {
      if (response.status !== 400) wrong.push(`${file.name} #${seed}: ${JSON.stringify(body)}`);
      count.refused += 1;
      return;
    }
    tokens += body.usage.completion_tokens;
    const [{ message, finish_reason }] = body.choices;
    if (finish_reason === 'length') {
      count.cut += 1;
      if (process.env.PARLANCE_VERBOSE) console.log(`cut: ${file.name} #${seed}: ${message.content.slice(-300)}`);
      return;
    }
    let value;
    try { value = JSON.parse(message.content); } catch { wrong.push(`${file.name} #${seed}: ${message.content}`); return; }
    if (!check) { count.unchecked += 1; return; }
    if (check(value)) count.valid += 1;
    else if (wasRounded(message.content, check.errors)) count.rounded += 1;
    else wrong.push(`${file.name} #${seed}: ${JSON.stringify(check.errors)} ${message.content.slice(0, 400)}`);
  }
  const started = Date.now();
  await Promise.all(Array.from({ length: atOnce }, async () => {
    for (let next = work.shift(); next; next = work.shift()) {
      await generate(next);
      if (work.length > 0 && work.length % 500 === 0) console.log(JSON.stringify({ ...count, wrong, tokens, left: work.length }));
    }
  }));
  console.log(JSON.stringify({ ...count, wrong: wrong.length, tokens, seconds: (Date.now() - started) / 1000 }));
  assert.deepEqual(wrong, []);
});
