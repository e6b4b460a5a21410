// /v1/files through the official SDK.
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { after, before, test } from 'node:test';
import OpenAI, { toFile } from 'openai';
import { scripted, startServer } from './harness.js';
import { checkSchema } from './spec.js';

let server, client;
before(async () => { server = await startServer({ script: scripted([{ steps: [{ text: 'x' }] }]) }); client = server.client; });
after(() => server.stop());

const upload = async (bytes, name = 'a.txt', more = {}) =>
  client.files.create({ file: await toFile(bytes, name), purpose: 'user_data', ...more });

test('gives the exact bytes back', async () => {
  const bytes = randomBytes(3_000_000);
  const file = await upload(bytes, 'ünï x.bin');
  checkSchema('OpenAIFile', file);
  assert.equal(file.bytes, bytes.length);
  assert.equal(file.filename, 'ünï x.bin');
  const content = Buffer.from(await (await client.files.content(file.id)).arrayBuffer());
  const hash = (b) => createHash('sha256').update(b).digest('hex');
  assert.equal(hash(content), hash(bytes));
  assert.deepEqual(await client.files.retrieve(file.id), file);
});

test('an empty file is a file', async () => {
  const file = await upload('', 'empty.txt');
  assert.equal(file.bytes, 0);
  assert.equal(await (await client.files.content(file.id)).text(), '');
});

test('lists by purpose, pages, deletes', async () => {
  const made = [];
  for (let i = 0; i < 3; i += 1) made.push(await upload(`${i}`, `${i}.txt`, { purpose: 'vision' }));
  const page = await client.files.list({ purpose: 'vision', limit: 2 });
  assert.deepEqual(page.data.map((f) => f.id), [made[2].id, made[1].id]);
  assert.equal(page.has_more, true);
  const all = [];
  for await (const file of client.files.list({ purpose: 'vision', limit: 2, order: 'asc' })) all.push(file.id);
  assert.deepEqual(all, made.map((f) => f.id));
  const deleted = await client.files.delete(made[0].id);
  assert.deepEqual(deleted, { id: made[0].id, object: 'file', deleted: true });
  await assert.rejects(client.files.retrieve(made[0].id), (error) =>
    error instanceof OpenAI.NotFoundError && error.message.includes(`No such File object: ${made[0].id}`));
});

test('expires_after, and its limits', async () => {
  const file = await upload('x', 'x.txt', { expires_after: { anchor: 'created_at', seconds: 3600 } });
  assert.equal(file.expires_at, file.created_at + 3600);
  await assert.rejects(upload('x', 'x.txt', { expires_after: { anchor: 'created_at', seconds: 3599 } }),
    (error) => error.code === 'integer_below_min_value' && error.param === 'expires_after.seconds');
});

test('refuses bad purposes, missing files and the wrong kind for batches', async () => {
  await assert.rejects(upload('x', 'x.txt', { purpose: 'nope' }), /'nope' is not one of/);
  await assert.rejects(upload('x', 'x.txt', { purpose: 'batch' }), /Invalid file format for Batch API. Must be .jsonl/);
  const form = new FormData();
  form.set('purpose', 'user_data');
  const response = await fetch(`${server.url}/v1/files`, { method: 'POST', body: form, headers: { authorization: `Bearer ${client.apiKey}` } });
  assert.equal(response.status, 400);
  assert.equal((await response.json()).error.param, 'file');
});

test('a file survives kill -9', async () => {
  const first = await startServer({ script: scripted([{ steps: [{ text: 'x' }] }]) });
  const file = await first.client.files.create({ file: await toFile('keep me', 'k.txt'), purpose: 'user_data' });
  await first.kill();
  const second = await startServer({ script: scripted([{ steps: [{ text: 'x' }] }]), data: first.directory });
  assert.equal(await (await second.client.files.content(file.id)).text(), 'keep me');
  await second.stop();
});
