// /v1/uploads through the official SDK.
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import OpenAI, { toFile } from 'openai';
import { key, scripted, startServer } from './harness.js';
import { checkSchema } from './spec.js';

const script = scripted([{ steps: [{ text: 'x' }] }]);
let server, client;
before(async () => { server = await startServer({ script }); client = server.client; });
after(() => server.stop());

const begin = (bytes, more = {}) =>
  client.uploads.create({ filename: 'data.txt', purpose: 'user_data', bytes, mime_type: 'text/plain', ...more });
const addPart = async (upload, bytes) => client.uploads.parts.create(upload.id, { data: await toFile(bytes, 'part') });
const hash = (kind, bytes) => createHash(kind).update(bytes).digest('hex');
const content = async (file, from = client) => Buffer.from(await (await from.files.content(file.id)).arrayBuffer());
const is400 = (match, param) => (error) => {
  assert.equal(error.status, 400);
  assert.match(error.message, match);
  if (param !== undefined) assert.equal(error.param, param);
  checkSchema('ErrorResponse', error.error ? { error: error.error } : {});
  return true;
};

test('parts sent in any order become the file in the order listed', async () => {
  const pieces = [randomBytes(700_000), randomBytes(1_500_001), randomBytes(3)];
  const whole = Buffer.concat(pieces);
  const upload = await begin(whole.length, { expires_after: { anchor: 'created_at', seconds: 7200 } });
  checkSchema('Upload', upload);
  assert.equal(upload.status, 'pending');
  assert.equal(upload.expires_at, upload.created_at + 3600);
  assert.match(upload.id, /^upload_/);

  const ids = [];
  const sent = await Promise.all([2, 0, 1].map(async (i) => { const part = await addPart(upload, pieces[i]); ids[i] = part.id; return part; }));
  for (const part of sent) checkSchema('UploadPart', part);
  const done = await client.uploads.complete(upload.id, { part_ids: ids, md5: hash('md5', whole) });
  checkSchema('Upload', done);
  assert.equal(done.status, 'completed');
  checkSchema('OpenAIFile', done.file);
  assert.equal(done.file.bytes, whole.length);
  assert.equal(done.file.filename, 'data.txt');
  assert.equal(done.file.expires_at, done.file.created_at + 7200);
  assert.equal(hash('sha256', await content(done.file)), hash('sha256', whole));
  assert.deepEqual(await client.files.retrieve(done.file.id), done.file);
});

test('one part, an empty upload, and the same part twice', async () => {
  const one = await begin(5);
  const part = await addPart(one, 'hello');
  const done = await client.uploads.complete(one.id, { part_ids: [part.id], md5: hash('md5', 'hello').toUpperCase() });
  assert.equal((await content(done.file)).toString(), 'hello');

  const empty = await begin(0);
  assert.equal((await client.uploads.complete(empty.id, { part_ids: [] })).file.bytes, 0);

  const twice = await begin(4);
  const ab = await addPart(twice, 'ab');
  const doubled = await client.uploads.complete(twice.id, { part_ids: [ab.id, ab.id] });
  assert.equal((await content(doubled.file)).toString(), 'abab');
});

test('what does not match is refused, and the upload stays open', async () => {
  const upload = await begin(4);
  const part = await addPart(upload, 'abcd');
  const short = await addPart(upload, 'abc');
  const other = await addPart(await begin(4), 'abcd');
  await assert.rejects(client.uploads.complete(upload.id, { part_ids: [short.id] }), is400(/3 bytes in total/, 'part_ids'));
  await assert.rejects(client.uploads.complete(upload.id, { part_ids: [other.id] }), is400(/not found in upload/, 'part_ids[0]'));
  await assert.rejects(client.uploads.complete(upload.id, { part_ids: [part.id], md5: hash('md5', 'no') }), is400(/md5/, 'md5'));
  await assert.rejects(client.uploads.complete(upload.id, {}), is400(/Missing required parameter: 'part_ids'/, 'part_ids'));
  const done = await client.uploads.complete(upload.id, { part_ids: [part.id], md5: hash('md5', 'abcd') });
  assert.equal((await content(done.file)).toString(), 'abcd');
});

test('an upload that is over takes nothing more', async () => {
  const completed = await begin(1);
  const part = await addPart(completed, 'x');
  await client.uploads.complete(completed.id, { part_ids: [part.id] });
  const cancelled = await begin(1);
  await addPart(cancelled, 'x');
  const ended = await client.uploads.cancel(cancelled.id);
  checkSchema('Upload', ended);
  assert.equal(ended.status, 'cancelled');
  for (const [upload, status] of [[completed, 'completed'], [cancelled, 'cancelled']]) {
    const refused = is400(new RegExp(`with status '${status}'`));
    await assert.rejects(addPart(upload, 'y'), refused);
    await assert.rejects(client.uploads.complete(upload.id, { part_ids: [part.id] }), refused);
    await assert.rejects(client.uploads.cancel(upload.id), refused);
  }
});

test('two that complete at once: one file', async () => {
  const upload = await begin(2_000_000);
  const part = await addPart(upload, randomBytes(1_000_000));
  const before = (await client.files.list()).data.length;
  const results = await Promise.allSettled([1, 2, 3].map(() => client.uploads.complete(upload.id, { part_ids: [part.id, part.id] })));
  assert.equal(results.filter((r) => r.status === 'fulfilled').length, 1);
  assert.equal((await client.files.list()).data.length, before + 1);
});

test('refuses bad requests with the field', async () => {
  await assert.rejects(begin(-1), (e) => e.code === 'integer_below_min_value' && e.param === 'bytes');
  await assert.rejects(begin(8 * 1024 ** 3 + 1), (e) => e.code === 'integer_above_max_value' && e.param === 'bytes');
  await begin(8 * 1024 ** 3);
  await assert.rejects(begin(1, { purpose: 'nope' }), is400(/Invalid value: 'nope'/, 'purpose'));
  await assert.rejects(begin(1, { purpose: 'vision', mime_type: 'text/plain' }), is400(/not supported for purpose 'vision'/, 'mime_type'));
  await assert.rejects(begin(1, { mime_type: 'text' }), is400(/mime_type/, 'mime_type'));
  await assert.rejects(begin(1, { purpose: 'batch', mime_type: 'text/jsonl' }), is400(/Must be .jsonl/));
  await assert.rejects(begin(1, { more: 1 }), is400(/Unknown parameter: 'more'/, 'more'));
  for (const call of [() => client.uploads.cancel('upload_none'), () => client.uploads.complete('upload_none', { part_ids: [] }),
    () => addPart({ id: 'upload_none' }, 'x')]) {
    await assert.rejects(call(), (e) => e instanceof OpenAI.NotFoundError && /No such Upload object: upload_none/.test(e.message));
  }
  const upload = await begin(1);
  const form = new FormData();
  form.set('other', new Blob(['x']), 'x');
  const answer = await fetch(`${server.url}/v1/uploads/${upload.id}/parts`, { method: 'POST', body: form, headers: { authorization: `Bearer ${key}` } });
  assert.equal(answer.status, 400);
  assert.match((await answer.json()).error.message, /Unknown parameter: 'other'/);
});

// What the Python SDK's upload_file_chunked does: 64 MiB parts one after the other, then complete with the md5.
test('parts of exactly 64 MiB, in flat memory; one byte more is refused', async () => {
  const size = 64 * 1024 * 1024;
  const piece = randomBytes(size);
  const rest = Buffer.from('the end');
  const upload = await begin(2 * size + rest.length);
  const memory = () => Number(readFileSync(`/proc/${server.child.pid}/status`, 'utf8').match(/VmHWM:\s+(\d+)/)[1]);
  const before = memory();
  const ids = [];
  for (const bytes of [piece, piece, rest]) ids.push((await addPart(upload, bytes)).id);
  const md5 = createHash('md5').update(piece).update(piece).update(rest).digest('hex');
  const done = await client.uploads.complete(upload.id, { part_ids: ids, md5 });
  assert.equal(done.file.bytes, 2 * size + rest.length);
  assert.ok(memory() - before < 24_000, `memory grew by ${memory() - before} kB`);

  const more = await begin(size + 1);
  await assert.rejects(addPart(more, Buffer.alloc(size + 1)), (e) => e.status === 413);
});

test('parts and completed uploads survive kill -9', async () => {
  const first = await startServer({ script });
  const make = (bytes) => first.client.uploads.create({ filename: 'k.txt', purpose: 'user_data', bytes, mime_type: 'text/plain' });
  const open = await make(4);
  const part = await first.client.uploads.parts.create(open.id, { data: await toFile('keep', 'p') });
  const other = await make(2);
  const ok = await first.client.uploads.parts.create(other.id, { data: await toFile('ok', 'p') });
  const done = await first.client.uploads.complete(other.id, { part_ids: [ok.id] });
  await first.kill();

  const second = await startServer({ script, data: first.directory });
  assert.equal((await content(done.file, second.client)).toString(), 'ok');
  const completed = await second.client.uploads.complete(open.id, { part_ids: [part.id] });
  assert.equal((await content(completed.file, second.client)).toString(), 'keep');
  await second.stop();
});
