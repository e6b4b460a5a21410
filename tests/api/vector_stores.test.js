// /v1/vector_stores through the official SDK: stores, files, batches, search.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import OpenAI, { toFile } from 'openai';
import { makeDocx, makePdf, makeZip } from './documents.js';
import { scripted, startServer } from './harness.js';
import { checkSchema } from './spec.js';

const script = scripted([{ steps: [{ text: 'x' }] }]);
let server, client;
before(async () => { server = await startServer({ script }); client = server.client; });
after(() => server.stop());

const PLANETS = {
  'mars.txt': 'Mars is the fourth planet from the Sun. Its red colour comes from iron oxide on its surface.',
  'venus.md': '# Venus\n\nVenus is the second planet. It is the hottest because of its thick carbon dioxide atmosphere.\n',
  'jupiter.html': '<h1>Jupiter</h1><p>Jupiter is a gas giant with a Great Red Spot, a storm larger than Earth.</p>',
};
// The scripted model's vectors mean nothing: where the order matters, words decide.
const byWords = { hybrid_search: { embedding_weight: 0.01, text_weight: 1 } };
const upload = async (name, bytes) => client.files.create({ file: await toFile(bytes, name), purpose: 'assistants' });

async function storeWith(files, more = {}) {
  const store = await client.vectorStores.create({ name: 'test', ...more });
  for (const [name, bytes] of Object.entries(files)) {
    const done = await client.vectorStores.files.uploadAndPoll(store.id, await toFile(bytes, name));
    assert.equal(done.status, 'completed', JSON.stringify(done.last_error));
  }
  return store;
}

test('a store: create, retrieve, list, modify, delete', async () => {
  const store = await client.vectorStores.create({ name: 'books', metadata: { a: 'b' }, expires_after: { anchor: 'last_active_at', days: 2 } });
  checkSchema('VectorStoreObject', store);
  assert.match(store.id, /^vs_/);
  assert.equal(store.status, 'completed');
  assert.deepEqual(store.file_counts, { in_progress: 0, completed: 0, failed: 0, cancelled: 0, total: 0 });
  assert.equal(store.expires_at, store.last_active_at + 2 * 86400);
  assert.deepEqual(await client.vectorStores.retrieve(store.id), store);

  const changed = await client.vectorStores.update(store.id, { name: 'more', expires_after: null, metadata: { c: 'd' } });
  checkSchema('VectorStoreObject', changed);
  assert.equal(changed.name, 'more');
  assert.equal(changed.expires_at, null);
  assert.deepEqual(changed.metadata, { c: 'd' });

  const second = await client.vectorStores.create({});
  const page = await client.vectorStores.list({ limit: 2 });
  assert.deepEqual(page.data.map((s) => s.id), [second.id, store.id]);
  checkSchema('ListVectorStoresResponse', { ...page.body, object: 'list', data: page.data });
  const beforeFirst = await client.vectorStores.list({ before: store.id, limit: 1 });
  assert.deepEqual(beforeFirst.data.map((s) => s.id), [second.id]);

  assert.deepEqual(await client.vectorStores.delete(store.id), { id: store.id, object: 'vector_store.deleted', deleted: true });
  await assert.rejects(client.vectorStores.retrieve(store.id), (error) =>
    error instanceof OpenAI.NotFoundError && error.message.includes(`Vector store with id '${store.id}' not found.`));
  await client.vectorStores.delete(second.id);
});

test('uploadAndPoll, content, attributes, delete', async () => {
  const store = await storeWith(PLANETS);
  const listed = await client.vectorStores.files.list(store.id, { order: 'asc' });
  assert.equal(listed.data.length, 3);
  for (const file of listed.data) {
    checkSchema('VectorStoreFileObject', file);
    assert.equal(file.status, 'completed');
    assert.ok(file.usage_bytes > 0);
    assert.deepEqual(file.chunking_strategy, { type: 'static', static: { max_chunk_size_tokens: 800, chunk_overlap_tokens: 400 } });
  }
  const counted = await client.vectorStores.retrieve(store.id);
  assert.equal(counted.file_counts.completed, 3);
  assert.equal(counted.usage_bytes, listed.data.reduce((n, f) => n + f.usage_bytes, 0));

  const [mars] = listed.data;
  const content = await client.vectorStores.files.content(mars.id, { vector_store_id: store.id });
  assert.equal(content.data[0].text, PLANETS['mars.txt']);

  const tagged = await client.vectorStores.files.update(mars.id, { vector_store_id: store.id, attributes: { kind: 'rock', moons: 2, ringed: false } });
  checkSchema('VectorStoreFileObject', tagged);
  assert.deepEqual(tagged.attributes, { kind: 'rock', moons: 2, ringed: false });

  const gone = await client.vectorStores.files.delete(mars.id, { vector_store_id: store.id });
  assert.deepEqual(gone, { id: mars.id, object: 'vector_store.file.deleted', deleted: true });
  const found = await client.vectorStores.search(store.id, { query: 'red planet iron oxide' });
  assert.ok(found.data.every((result) => result.file_id !== mars.id), 'a deleted file is not found');
  assert.ok((await client.files.retrieve(mars.id)).id, 'the file itself stays');
  assert.equal((await client.vectorStores.retrieve(store.id)).file_counts.total, 2);

});

test('a file that is deleted leaves every store at once', async () => {
  const first = await storeWith(PLANETS);
  const second = await client.vectorStores.create({});
  const [mars] = (await client.vectorStores.files.list(first.id, { order: 'asc' })).data;
  await client.vectorStores.fileBatches.createAndPoll(second.id, { file_ids: [mars.id] });
  const big = await upload('big.txt', 'Io is a moon. '.repeat(20_000));
  await client.vectorStores.files.create(second.id, { file_id: big.id });  // its indexing may run yet
  const deleted = [mars.id, big.id];
  for (const id of deleted) await client.files.delete(id);

  for (const [store, n] of [[first, 2], [second, 0]]) {
    const listed = await client.vectorStores.files.list(store.id);
    assert.equal(listed.data.length, n);
    assert.ok(listed.data.every((file) => !deleted.includes(file.id)));
    const counted = await client.vectorStores.retrieve(store.id);
    assert.equal(counted.file_counts.total, n);
    assert.equal(counted.file_counts.completed, n);
    assert.equal(counted.usage_bytes, listed.data.reduce((sum, file) => sum + file.usage_bytes, 0));
    const found = await client.vectorStores.search(store.id, { query: 'red planet iron oxide moon' });
    assert.ok(found.data.every((result) => !deleted.includes(result.file_id)));
    for (const id of deleted) {
      const gone = (error) => error instanceof OpenAI.NotFoundError;
      await assert.rejects(client.vectorStores.files.retrieve(id, { vector_store_id: store.id }), gone);
      await assert.rejects(client.vectorStores.files.content(id, { vector_store_id: store.id }), gone);
    }
  }
  await client.vectorStores.delete(second.id);
  const other = (await client.vectorStores.files.list(first.id)).data[0];
  await client.files.delete(other.id);
  assert.equal((await client.vectorStores.retrieve(first.id)).file_counts.total, 1);
});

test('a file that is attached anew leaves nothing behind', async () => {
  const store = await storeWith({ 'mars.txt': PLANETS['mars.txt'] });
  const [file] = (await client.vectorStores.files.list(store.id)).data;
  const count = (table) => Number(execFileSync('sqlite3', ['-readonly', join(server.directory, 'parlance.db'), '.timeout 5000', `SELECT count(*) FROM ${table}`]));
  const chunks = count('chunks');
  for (let i = 0; i < 3; i += 1) {
    const done = await client.vectorStores.files.createAndPoll(store.id, { file_id: file.id });
    assert.equal(done.status, 'completed');
  }
  const until = Date.now() + 20_000;
  while (count('chunk_sets WHERE gone = 1') > 0 || count('chunks') !== chunks) {
    assert.ok(Date.now() < until, `${count('chunks')} chunks, of ${chunks}`);
    await new Promise((resolve) => { setTimeout(resolve, 50); });
  }
});

test('search: order, shape, several queries, rewriting, thresholds', async () => {
  const store = await storeWith(PLANETS);
  const page = await client.vectorStores.search(store.id, { query: 'Which planet has a storm called the Great Red Spot?', ranking_options: byWords });
  assert.equal(page.data[0].filename, 'jupiter.html');
  assert.ok(page.data.every((r, i) => i === 0 || r.score <= page.data[i - 1].score));

  const raw = await (await server.post(`/v1/vector_stores/${store.id}/search`, { query: 'Could you tell me what the hottest planet is?', rewrite_query: true, max_num_results: 1, ranking_options: byWords })).json();
  checkSchema('VectorStoreSearchResultsPage', raw);
  assert.deepEqual(raw.search_query, ['the hottest planet']);
  assert.equal(raw.data.length, 1);
  assert.equal(raw.data[0].filename, 'venus.md');

  const both = await client.vectorStores.search(store.id, { query: ['iron oxide', 'gas giant'], ranking_options: byWords });
  assert.deepEqual(new Set(both.data.slice(0, 2).map((r) => r.filename)), new Set(['mars.txt', 'jupiter.html']));
  const strict = await client.vectorStores.search(store.id, { query: 'iron oxide', ranking_options: { score_threshold: 0.99 } });
  assert.ok(strict.data.every((r) => r.score >= 0.99));
  const words = await client.vectorStores.search(store.id, { query: 'carbon dioxide', ranking_options: { hybrid_search: { embedding_weight: 0, text_weight: 1 } } });
  assert.deepEqual(words.data.map((r) => r.filename), ['venus.md']);
});

test('filters of every kind', async () => {
  const store = await client.vectorStores.create({});
  const years = { a: 1990, b: 2000, c: 2010 };
  for (const [name, year] of Object.entries(years)) {
    const file = await upload(`${name}.txt`, `A report about water, written in the year ${year}.`);
    await client.vectorStores.files.createAndPoll(store.id, { file_id: file.id, attributes: { name, year, draft: name === 'a' } });
  }
  const bare = await upload('bare.txt', 'A report about water without attributes.');
  await client.vectorStores.files.createAndPoll(store.id, { file_id: bare.id });
  const matching = async (filters) => {
    const page = await client.vectorStores.search(store.id, { query: 'report about water', filters });
    return page.data.map((r) => r.filename.replace('.txt', '')).sort().join('');
  };
  const compare = (type, field, value) => ({ type, key: field, value });
  assert.equal(await matching(undefined), 'abbarec');
  assert.equal(await matching(compare('eq', 'name', 'b')), 'b');
  assert.equal(await matching(compare('ne', 'name', 'b')), 'ac');
  assert.equal(await matching(compare('gt', 'year', 2000)), 'c');
  assert.equal(await matching(compare('gte', 'year', 2000)), 'bc');
  assert.equal(await matching(compare('lt', 'year', 2000)), 'a');
  assert.equal(await matching(compare('lte', 'year', 2000)), 'ab');
  assert.equal(await matching(compare('in', 'name', ['a', 'c'])), 'ac');
  assert.equal(await matching(compare('nin', 'name', ['a', 'c'])), 'b');
  assert.equal(await matching(compare('eq', 'draft', true)), 'a');
  assert.equal(await matching(compare('eq', 'year', '2000')), '', 'a text is no number');
  assert.equal(await matching({ type: 'and', filters: [compare('gt', 'year', 1995), compare('ne', 'name', 'c')] }), 'b');
  assert.equal(await matching({ type: 'or', filters: [compare('eq', 'name', 'a'), { type: 'and', filters: [compare('eq', 'year', 2010)] }] }), 'ac');
  assert.equal(await matching(compare('eq', "name' OR 1=1 --", 'b')), '');
  await assert.rejects(matching({ type: 'like', key: 'a', value: 'b' }), (e) => e.status === 400 && e.param === 'filters.type');
  await assert.rejects(matching({ type: 'and', filters: [{ type: 'eq', key: 'a' }] }), (e) => e.param === 'filters.filters[0].value');
});

test('batches: uploadAndPoll, counts, listing, failures with a reason', async () => {
  const store = await client.vectorStores.create({});
  const files = await Promise.all(Object.entries(PLANETS).map(([name, text]) => toFile(text, name)));
  const batch = await client.vectorStores.fileBatches.uploadAndPoll(store.id, { files });
  checkSchema('VectorStoreFileBatchObject', batch);
  assert.equal(batch.status, 'completed');
  assert.deepEqual(batch.file_counts, { in_progress: 0, completed: 3, failed: 0, cancelled: 0, total: 3 });
  const listed = await client.vectorStores.fileBatches.listFiles(batch.id, { vector_store_id: store.id, filter: 'completed' });
  assert.equal(listed.data.length, 3);

  const picture = await upload('x.png', Buffer.from('\x89PNG\r\n\x1a\n0000', 'latin1'));
  const damaged = await upload('x.pdf', '%PDF-1.4 nothing');
  const empty = await upload('empty.txt', '');
  const mixed = await client.vectorStores.fileBatches.createAndPoll(store.id, {
    files: [{ file_id: picture.id }, { file_id: damaged.id }, { file_id: empty.id, attributes: { a: 1 } }] });
  assert.deepEqual(mixed.file_counts, { in_progress: 0, completed: 0, failed: 3, cancelled: 0, total: 3 });
  assert.equal(mixed.status, 'completed');
  const failed = await client.vectorStores.files.list(store.id, { filter: 'failed' });
  const errors = Object.fromEntries(failed.data.map((f) => [f.id, f.last_error]));
  failed.data.forEach((f) => checkSchema('VectorStoreFileObject', f));
  assert.deepEqual(errors[picture.id], { code: 'unsupported_file', message: 'The file type is not supported.' });
  assert.equal(errors[damaged.id].code, 'invalid_file');
  assert.match(errors[empty.id].message, /empty/);
  assert.deepEqual((await client.vectorStores.retrieve(store.id)).file_counts, { in_progress: 0, completed: 3, failed: 3, cancelled: 0, total: 6 });
});

test('a batch that is cancelled keeps what is done', async () => {
  const store = await client.vectorStores.create({});
  const ids = [];
  for (let i = 0; i < 12; i += 1) ids.push((await upload(`${i}.txt`, `File number ${i}. `.repeat(20_000))).id);
  const batch = await client.vectorStores.fileBatches.create(store.id, { file_ids: ids });
  assert.equal(batch.status, 'in_progress');
  assert.equal(batch.file_counts.total, 12);
  const cancelled = await client.vectorStores.fileBatches.cancel(batch.id, { vector_store_id: store.id });
  checkSchema('VectorStoreFileBatchObject', cancelled);
  assert.equal(cancelled.file_counts.in_progress, 0);
  assert.equal(cancelled.status, 'cancelled');
  const later = await client.vectorStores.fileBatches.poll(store.id, batch.id);
  assert.deepEqual(later.file_counts, cancelled.file_counts);
  const again = await client.vectorStores.fileBatches.cancel(batch.id, { vector_store_id: store.id });
  assert.deepEqual(again, later);
});

test('PDF, Word and e-mail are found', async () => {
  const store = await storeWith({
    'report.pdf': makePdf(['The annual report of the lighthouse society.', 'On page two: the lamp was replaced in 1987.']),
    'minutes.docx': makeDocx(['# Minutes', 'The committee chose Ada as its new president.']),
    'mail.eml': 'From: bob@example.org\r\nSubject: Picnic\r\n\r\nWe meet at the old oak tree at noon.\r\n',
  });
  const first = async (query) => (await client.vectorStores.search(store.id, { query, ranking_options: byWords })).data[0].filename;
  assert.equal(await first('When was the lamp replaced?'), 'report.pdf');
  assert.equal(await first('Who is the president of the committee?'), 'minutes.docx');
  assert.equal(await first('Where is the picnic, at which tree?'), 'mail.eml');
});

test('a bomb ends as failed', async () => {
  const store = await client.vectorStores.create({});
  const nested = `<!DOCTYPE d [<!ENTITY a "${'x'.repeat(1000)}">]><w:document xmlns:w="w"><w:t>&a;</w:t></w:document>`;
  const done = await client.vectorStores.files.uploadAndPoll(store.id, await toFile(makeZip({ 'word/document.xml': nested }), 'bomb.docx'));
  assert.equal(done.status, 'failed');
  assert.equal(done.last_error.code, 'invalid_file');
});

test('chunking strategies, and their limits', async () => {
  const store = await client.vectorStores.create({});
  const text = Array.from({ length: 400 }, (_, i) => `This is sentence number ${i} of a long text.`).join(' ');
  const file = await upload('long.txt', text);
  const chunks = async (max, overlap) => {
    await client.vectorStores.files.createAndPoll(store.id, { file_id: file.id,
      chunking_strategy: { type: 'static', static: { max_chunk_size_tokens: max, chunk_overlap_tokens: overlap } } });
    return (await client.vectorStores.files.content(file.id, { vector_store_id: store.id })).data.map((c) => c.text);
  };
  const plain = await chunks(100, 0);
  assert.equal(plain.join(' '), text);
  const overlapping = await chunks(100, 50);
  assert.ok(overlapping.length > plain.length * 1.5);
  assert.equal((await client.vectorStores.retrieve(store.id)).file_counts.total, 1, 'attached again is attached once');
  const refused = async (max, overlap) => assert.rejects(client.vectorStores.files.create(store.id, { file_id: file.id,
    chunking_strategy: { type: 'static', static: { max_chunk_size_tokens: max, chunk_overlap_tokens: overlap } } }), { status: 400 });
  await refused(99, 0);
  await refused(4097, 0);
  await refused(100, 51);
});

test('refuses what it should, and other ids are not found', async () => {
  const store = await client.vectorStores.create({});
  const post = async (path, body) => (await server.post(path, body)).status;
  assert.equal(await post('/v1/vector_stores', { nonsense: 1 }), 400);
  assert.equal(await post('/v1/vector_stores', { expires_after: { anchor: 'last_active_at', days: 366 } }), 400);
  assert.equal(await post(`/v1/vector_stores/${store.id}/search`, { query: 'x', max_num_results: 51 }), 400);
  assert.equal(await post(`/v1/vector_stores/${store.id}/search`, {}), 400);
  assert.equal(await post(`/v1/vector_stores/${store.id}/file_batches`, {}), 400);
  assert.equal(await post(`/v1/vector_stores/${store.id}/files`, { file_id: 'file-none' }), 404);
  assert.equal(await post('/v1/vector_stores/vs_none/search', { query: 'x' }), 404);
  const file = await upload('a.txt', 'a');
  const attributes = Object.fromEntries(Array.from({ length: 17 }, (_, i) => [`k${i}`, 1]));
  assert.equal(await post(`/v1/vector_stores/${store.id}/files`, { file_id: file.id, attributes }), 400);
  delete attributes.k16;
  assert.equal(await post(`/v1/vector_stores/${store.id}/files`, { file_id: file.id, attributes }), 200);
});

test('polled objects say how soon to look again', async () => {
  const store = await storeWith({ 'a.txt': 'alpha' });
  const { data: [file] } = await client.vectorStores.files.list(store.id);
  const response = await server.fetch(`/v1/vector_stores/${store.id}/files/${file.id}`);
  assert.match(response.headers.get('openai-poll-after-ms'), /^\d+$/);
});

test('what was acknowledged is searchable after kill -9, and indexing goes on', async () => {
  const first = await startServer({ script });
  const store = await first.client.vectorStores.create({});
  const done = await first.client.vectorStores.files.uploadAndPoll(store.id, await toFile(PLANETS['mars.txt'], 'mars.txt'));
  assert.equal(done.status, 'completed');
  const file = await first.client.files.create({ file: await toFile('Saturn has rings of ice. '.repeat(3000), 'saturn.txt'), purpose: 'assistants' });
  await first.client.vectorStores.files.create(store.id, { file_id: file.id });
  await first.kill();
  const second = await startServer({ script, data: first.directory });
  const resumed = await second.client.vectorStores.files.poll(store.id, file.id);
  assert.equal(resumed.status, 'completed');
  assert.equal((await second.client.vectorStores.search(store.id, { query: 'iron oxide', ranking_options: byWords })).data[0].filename, 'mars.txt');
  assert.equal((await second.client.vectorStores.search(store.id, { query: 'rings of ice', ranking_options: byWords })).data[0].filename, 'saturn.txt');
  const chunks = (await second.client.vectorStores.files.content(file.id, { vector_store_id: store.id })).data;
  assert.equal(new Set(chunks.map((c) => c.text)).size <= chunks.length, true);
  await second.stop();
});

