// A vector store whose embedding model's file is replaced: vectors of two models are never compared.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { toFile } from 'openai';
import { startServer } from './harness.js';

const built_in = join(dirname(fileURLToPath(import.meta.url)), '..', '..', 'models', 'parlance-embed.gguf');
const folder = mkdtempSync(join(tmpdir(), 'parlance-test-'));
const model = join(folder, 'embedder.gguf');
let server;
const start = async () => {
  server = await startServer({ args: ['--model', model, '--set', 'models.embedding=embedder'], data: server?.directory });
  return server.client;
};
after(async () => {
  await server?.stop();
  rmSync(folder, { recursive: true });
});

const sql = (statement) => execFileSync('sqlite3', ['-readonly', join(server.directory, 'parlance.db'), '.timeout 5000', statement], { encoding: 'utf8', maxBuffer: 1 << 26 }).trim();
const record = () => JSON.parse(sql("SELECT body FROM documents WHERE kind = 'vector_store'"));
const vectors = () => sql('SELECT hex(vector) FROM chunk_vectors ORDER BY chunk').split('\n');

test('another file under the model\'s name embeds the store again', async () => {
  const bytes = readFileSync(built_in);
  writeFileSync(model, bytes);
  let client = await start();
  const store = await client.vectorStores.create({ name: 'planets' });
  const lines = Array.from({ length: 150 }, (_, i) => `# Moon ${i}\n\nMoon number ${i} turns around a large planet.\n`).join('\n');
  for (const [name, text] of Object.entries({ 'mars.txt': 'Mars is red because of iron oxide.', 'venus.txt': 'Venus is the hottest planet.', 'moons.md': lines })) {
    const done = await client.vectorStores.files.uploadAndPoll(store.id, await toFile(Buffer.from(text), name),
      { chunking_strategy: { type: 'static', static: { max_chunk_size_tokens: 100, chunk_overlap_tokens: 0 } } });
    assert.equal(done.status, 'completed');
  }
  const first = async () => (await client.vectorStores.search(store.id, { query: 'Which is the hottest planet?' })).data[0].filename;
  assert.equal(await first(), 'venus.txt');
  const before = vectors(), made_by = record().embedded_by;
  assert.ok(made_by);

  await server.kill();
  const other = Buffer.from(bytes);
  for (let i = other.length >> 2; i < other.length; i += 1) other[i] ^= 1;
  writeFileSync(model, other);
  client = await start();
  assert.equal(await first(), 'venus.txt');  // by words, until all is embedded again
  const late = await client.vectorStores.files.uploadAndPoll(store.id, await toFile(Buffer.from('Pluto is small.'), 'pluto.txt'));
  assert.equal(late.status, 'completed');
  for (const until = Date.now() + 60_000; record().embedding_to || record().embedded_by === made_by;) {
    assert.ok(Date.now() < until, JSON.stringify(record()));
    await new Promise((resolve) => { setTimeout(resolve, 50); });
  }
  const now = vectors(), embedded_by = record().embedded_by;
  assert.equal(now.length, before.length + 1);
  // A text whose words are all in the first quarter of the file keeps its vector.
  assert.ok(before.filter((vector, i) => now[i] !== vector).length > before.length / 2);
  assert.equal(await first(), 'venus.txt');

  await server.kill();
  client = await start();
  assert.equal(await first(), 'venus.txt');
  assert.equal(record().embedded_by, embedded_by);
  assert.equal(sql("SELECT count(*) FROM jobs WHERE kind = 'vector_store.embed'"), '1');
});
