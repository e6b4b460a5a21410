// Objects whose time is over: gone for clients at once, and from the disk a little later, also when no server ran meanwhile.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import OpenAI, { toFile } from 'openai';
import { scripted, startServer } from './harness.js';

const script = scripted([{ steps: [{ text: 'Hello' }] }]);
const args = ['--set', 'retention.sweep_seconds=1'];

// Runs SQL on the stopped server's database.
const sql = (directory, statement) => JSON.parse(execFileSync(process.execPath, ['--experimental-sqlite', '--no-warnings', '-e', `
  const { DatabaseSync } = require('node:sqlite');
  const db = new DatabaseSync(${JSON.stringify(join(directory, 'parlance.db'))});
  console.log(JSON.stringify(db.prepare(${JSON.stringify(statement)}).all()));`], { encoding: 'utf8' }));
const contents = (directory) => readdirSync(join(directory, 'blobs'), { recursive: true, withFileTypes: true }).filter((e) => e.isFile());

async function until(what, condition) {
  for (let i = 0; i < 100; i += 1) { if (condition()) return; await sleep(100); }
  assert.fail(`not within 10 s: ${what}`);
}

test('files, uploads and stored chats expire while no server runs', async () => {
  const first = await startServer({ script, args });
  const { client, directory } = first;
  const file = await client.files.create({ file: await toFile('keep', 'k.txt'), purpose: 'user_data', expires_after: { anchor: 'created_at', seconds: 3600 } });
  const forever = await client.files.create({ file: await toFile('for ever', 'e.txt'), purpose: 'user_data' });
  const upload = await client.uploads.create({ filename: 'u.txt', purpose: 'user_data', bytes: 3, mime_type: 'text/plain' });
  const part = await client.uploads.parts.create(upload.id, { data: await toFile('abc', 'part') });
  const chat = await client.chat.completions.create({ model: 'scripted', store: true, messages: [{ role: 'user', content: 'x' }] });
  await first.stop({ keep: true });
  assert.equal(contents(directory).length, 3);
  const [{ days }] = sql(directory, "SELECT (expires_at - created_at) / 86400 AS days FROM documents WHERE kind = 'chat_completion'");
  assert.equal(days, 30);
  sql(directory, 'UPDATE documents SET expires_at = 1 WHERE expires_at IS NOT NULL');

  const second = await startServer({ script, args, data: directory });
  await assert.rejects(second.client.files.retrieve(file.id), OpenAI.NotFoundError);
  await assert.rejects(second.client.files.content(file.id), OpenAI.NotFoundError);
  await assert.rejects(second.client.uploads.complete(upload.id, { part_ids: [part.id] }), OpenAI.NotFoundError);
  await assert.rejects(second.client.chat.completions.retrieve(chat.id), OpenAI.NotFoundError);
  assert.deepEqual((await second.client.chat.completions.list()).data, []);
  assert.deepEqual((await second.client.files.list()).data.map((f) => f.id), [forever.id]);
  await until('contents of what expired are removed', () => contents(directory).length === 1);
  await second.stop({ keep: true });
  assert.equal(sql(directory, 'SELECT COUNT(*) AS n FROM documents')[0].n, 1);
  assert.equal(sql(directory, 'SELECT COUNT(*) AS n FROM items')[0].n, 0);
  const third = await startServer({ script, data: directory });
  assert.equal(await (await third.client.files.content(forever.id)).text(), 'for ever');
  await third.stop();
});

test('deleted contents leave the disk', async () => {
  const server = await startServer({ script, args });
  const file = await server.client.files.create({ file: await toFile('gone', 'g.txt'), purpose: 'user_data' });
  assert.equal(contents(server.directory).length, 1);
  await server.client.files.delete(file.id);
  await until('the contents are removed', () => contents(server.directory).length === 0);
  await server.stop();
});

test('a file whose time is over leaves its vector stores', async () => {
  const first = await startServer({ script });
  const { client, directory } = first;
  const file = await client.files.create({ file: await toFile('Mars is red.', 'm.txt'), purpose: 'assistants', expires_after: { anchor: 'created_at', seconds: 3600 } });
  const store = await client.vectorStores.create({});
  await client.vectorStores.files.createAndPoll(store.id, { file_id: file.id });
  await first.stop({ keep: true });
  sql(directory, "UPDATE documents SET expires_at = 1 WHERE kind = 'file'");

  const second = await startServer({ script, args, data: directory });
  const left = async () => (await second.client.vectorStores.files.list(store.id)).data.length;
  for (let i = 0; i < 100 && await left() > 0; i += 1) await sleep(100);
  assert.equal(await left(), 0);
  assert.equal((await second.client.vectorStores.retrieve(store.id)).file_counts.total, 0);
  assert.deepEqual((await second.client.vectorStores.search(store.id, { query: 'Mars' })).data, []);
  await second.stop();
});
