// /v1/vector_stores at its limits: what may just be, what may not, and how it is said.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { toFile } from 'openai';
import { scripted, startServer } from './harness.js';
import { checkSchema } from './spec.js';

let server, client, store, file;
before(async () => {
  server = await startServer({ script: scripted([{ steps: [{ text: 'x' }] }]) });
  client = server.client;
  store = await client.vectorStores.create({ name: 'edges' });
  file = await client.files.create({ file: await toFile('The lighthouse stands on a rock.', 'a.txt'), purpose: 'assistants' });
});
after(() => server.stop());

const post = async (path, body) => {
  const reply = await server.post(`/v1/vector_stores${path}`, body);
  const json = await reply.json();
  // Not part of what is compared with the description.
  return Object.defineProperties(json, { http: { value: reply.status }, param: { value: json.error?.param } });
};
const attach = (more) => post(`/${store.id}/files`, { file_id: file.id, ...more });
const search = (more) => post(`/${store.id}/search`, { query: 'lighthouse', ...more });

test('attributes: sixteen, names of 64 and texts of 512 characters, texts, numbers and truths', async () => {
  const many = (n) => Object.fromEntries(Array.from({ length: n }, (_, i) => [`k${i}`, i]));
  assert.equal((await attach({ attributes: many(16) })).http, 200);
  assert.equal((await attach({ attributes: many(17) })).http, 400);
  assert.equal((await attach({ attributes: { ['é'.repeat(64)]: 1 } })).http, 200);
  const long = await attach({ attributes: { ['é'.repeat(65)]: 1 } });
  assert.deepEqual([long.http, long.param], [400, 'attributes']);
  assert.equal((await attach({ attributes: { k: 'é'.repeat(512) } })).http, 200);
  assert.equal((await attach({ attributes: { k: 'é'.repeat(513) } })).param, 'attributes.k');
  for (const wrong of [null, [], {}, ['x']]) assert.equal((await attach({ attributes: { k: wrong } })).param, 'attributes.k', JSON.stringify(wrong));
  assert.equal((await attach({ attributes: 'x' })).param, 'attributes');
  assert.deepEqual((await attach({ attributes: null })).attributes, {});
  const kept = await attach({ attributes: { text: 'x', number: -1.5, truth: false } });
  assert.deepEqual(kept.attributes, { text: 'x', number: -1.5, truth: false });
  const replaced = await post(`/${store.id}/files/${file.id}`, { attributes: { other: 'y' } });
  assert.deepEqual(replaced.attributes, { other: 'y' });
  assert.equal((await post(`/${store.id}/files/${file.id}`, {})).http, 400);
});

test('chunking: from 100 to 4096 tokens, overlapping by half at most', async () => {
  const cut = (max, overlap) => attach({ chunking_strategy: { type: 'static', static: { max_chunk_size_tokens: max, chunk_overlap_tokens: overlap } } });
  for (const [max, overlap] of [[100, 0], [100, 50], [4096, 2048]]) {
    const made = await cut(max, overlap);
    assert.equal(made.status, 'in_progress', JSON.stringify(made));
    assert.deepEqual(made.chunking_strategy, { type: 'static', static: { max_chunk_size_tokens: max, chunk_overlap_tokens: overlap } });
  }
  for (const [max, overlap] of [[99, 0], [4097, 0], [100, 51], [100, -1], ['100', 0]]) assert.equal((await cut(max, overlap)).http, 400, `${max} ${overlap}`);
  assert.equal((await attach({ chunking_strategy: { type: 'semantic' } })).param, 'chunking_strategy.type');
  assert.equal((await attach({ chunking_strategy: { type: 'static' } })).param, 'chunking_strategy.static');
  assert.deepEqual((await attach({ chunking_strategy: { type: 'auto' } })).chunking_strategy, { type: 'static', static: { max_chunk_size_tokens: 800, chunk_overlap_tokens: 400 } });
});

test('filters of a wrong kind are refused by name', async () => {
  const filters = async (wrong) => {
    const reply = await search({ filters: wrong });
    return reply.error ? `${reply.error.param}` : reply.object;
  };
  assert.equal(await filters([]), 'filters');
  assert.equal(await filters('a = 1'), 'filters');
  assert.equal(await filters({}), 'filters.type');
  assert.equal(await filters({ type: 1, key: 'a', value: 1 }), 'filters.type');
  assert.equal(await filters({ type: 'eq', value: 1 }), 'filters.key');
  assert.equal(await filters({ type: 'eq', key: 1, value: 1 }), 'filters.key');
  assert.equal(await filters({ type: 'eq', key: 'a' }), 'filters.value');
  for (const value of [null, {}, ['x']]) assert.equal(await filters({ type: 'eq', key: 'a', value }), 'filters.value');
  for (const type of ['gt', 'gte', 'lt', 'lte']) assert.equal(await filters({ type, key: 'a', value: true }), 'filters.value');
  for (const type of ['in', 'nin']) {
    assert.equal(await filters({ type, key: 'a', value: 'x' }), 'filters.value');
    assert.equal(await filters({ type, key: 'a', value: [null] }), 'filters.value');
  }
  assert.equal(await filters({ type: 'and' }), 'filters.filters');
  assert.equal(await filters({ type: 'or', filters: {} }), 'filters.filters');
  assert.equal(await filters({ type: 'or', filters: [{ type: 'eq', key: 'a', value: 1 }, 2] }), 'filters.filters[1]');
  assert.equal(await filters(null), 'vector_store.search_results.page');
});

test('searches: their parameters and their page', async () => {
  await client.vectorStores.files.createAndPoll(store.id, { file_id: file.id, attributes: { a: 1 } });
  const page = await search({});
  checkSchema('VectorStoreSearchResultsPage', page);
  assert.deepEqual(page.search_query, ['lighthouse']);
  assert.deepEqual([page.has_more, page.next_page, page.data.length], [false, null, 1]);
  assert.deepEqual(page.data[0].content, [{ type: 'text', text: 'The lighthouse stands on a rock.' }]);
  assert.deepEqual((await search({ query: ['lighthouse', 'rock'] })).search_query, ['lighthouse', 'rock']);
  for (const ranker of ['none', 'auto', 'default-2024-11-15']) assert.equal((await search({ ranking_options: { ranker } })).data.length, 1);
  assert.equal((await search({ ranking_options: { ranker: 'best' } })).param, 'ranking_options.ranker');
  for (const [more, param] of [
    [{ query: '' }, 'query'], [{ query: [] }, 'query'], [{ query: 1 }, 'query'], [{ query: [1] }, 'query[0]'],
    [{ max_num_results: 0 }, 'max_num_results'], [{ max_num_results: 51 }, 'max_num_results'],
    [{ ranking_options: { score_threshold: 1.1 } }, 'ranking_options.score_threshold'], [{ ranking_options: { score_threshold: -0.1 } }, 'ranking_options.score_threshold'],
    [{ rewrite_query: 'yes' }, 'rewrite_query'], [{ nonsense: 1 }, 'nonsense'], [{ ranking_options: { nonsense: 1 } }, 'ranking_options.nonsense'],
  ]) {
    const reply = await search(more);
    assert.deepEqual([reply.http, reply.param], [400, param], JSON.stringify(more));
  }
  assert.equal((await search({ max_num_results: 50, ranking_options: { score_threshold: 1 } })).object, 'vector_store.search_results.page');
});

test('batches: file_ids or files, and what each file says for itself', async () => {
  const batches = `/${store.id}/file_batches`;
  const other = await client.files.create({ file: await toFile('A harbour.', 'b.txt'), purpose: 'assistants' });
  for (const wrong of [{}, { file_ids: [] }, { files: [] }, { file_ids: [file.id], files: [{ file_id: file.id }] }, { file_ids: Array(2001).fill(file.id) }, { files: [{}] }]) {
    assert.equal((await post(batches, wrong)).http, 400, JSON.stringify(wrong).slice(0, 80));
  }
  assert.equal((await post(batches, { file_ids: ['file-none'] })).http, 404);
  const chunking_strategy = { type: 'static', static: { max_chunk_size_tokens: 200, chunk_overlap_tokens: 10 } };
  const batch = await client.vectorStores.fileBatches.createAndPoll(store.id, {
    files: [{ file_id: file.id, attributes: { a: 'own' } }, { file_id: other.id, chunking_strategy }], attributes: { a: 'of all' } });
  assert.deepEqual(batch.file_counts, { in_progress: 0, completed: 2, failed: 0, cancelled: 0, total: 2 });
  assert.deepEqual((await client.vectorStores.files.retrieve(file.id, { vector_store_id: store.id })).attributes, { a: 'own' });
  const second = await client.vectorStores.files.retrieve(other.id, { vector_store_id: store.id });
  assert.deepEqual([second.attributes, second.chunking_strategy], [{}, chunking_strategy]);
  const shared = await client.vectorStores.fileBatches.createAndPoll(store.id, { file_ids: [file.id, other.id], attributes: { a: 'of all' } });
  assert.equal(shared.file_counts.completed, 2);
  for (const id of [file.id, other.id]) assert.deepEqual((await client.vectorStores.files.retrieve(id, { vector_store_id: store.id })).attributes, { a: 'of all' });

  const list = async (query) => (await (await server.fetch(`/v1/vector_stores/${store.id}/file_batches/${shared.id}/files?${query}`)).json());
  assert.deepEqual((await list('order=asc')).data.map((f) => f.id), [file.id, other.id]);
  const first = await list('order=asc&limit=1');
  assert.deepEqual([first.has_more, first.first_id, first.last_id], [true, file.id, file.id]);
  assert.deepEqual((await list(`order=asc&after=${file.id}`)).data.map((f) => f.id), [other.id]);
  assert.deepEqual((await list(`order=asc&before=${other.id}`)).data.map((f) => f.id), [file.id]);
  assert.deepEqual((await list('filter=failed')).data, []);
  assert.equal((await list('filter=lost')).error.param, 'filter');
  assert.equal((await list('limit=101')).error.param, 'limit');
});

test('stores: names, metadata, and how long they last', async () => {
  assert.equal((await post('', { expires_after: { anchor: 'created_at', days: 1 } })).param, 'expires_after.anchor');
  for (const days of [0, 366]) assert.equal((await post('', { expires_after: { anchor: 'last_active_at', days } })).param, 'expires_after.days');
  assert.equal((await post('', { file_ids: Array(501).fill(file.id) })).param, 'file_ids');
  assert.equal((await post('', { file_ids: ['file-none'] })).http, 404);
  assert.equal((await post('', { metadata: { k: 1 } })).http, 400);
  const made = await post('', { file_ids: [file.id], description: 'what for' });
  checkSchema('VectorStoreObject', made);
  assert.deepEqual([made.status, made.file_counts.in_progress, made.description], ['in_progress', 1, 'what for']);
  await client.vectorStores.files.poll(made.id, file.id);
  const done = await client.vectorStores.retrieve(made.id);
  assert.deepEqual([done.status, done.file_counts.completed, done.usage_bytes > 0], ['completed', 1, true]);
});

const golden = join(process.env.PARLANCE_SHARED ?? fileURLToPath(new URL('../../../shared', import.meta.url)), 'golden/architectures/bert-rank.gguf');

// The reranker is a tiny random one: what counts is that its scores, not the ranking's, put the passages in order.
test('a reranker reads the best passages again', { skip: existsSync(golden) ? false : 'no reference models beside the checkout' }, async () => {
  const ranked = await startServer({ script: scripted([{ steps: [{ text: 'x' }] }]), args: ['--set', `models.files=${golden}`, '--set', 'models.reranker=bert-rank'] });
  try {
    const made = await ranked.client.vectorStores.create({});
    for (let i = 0; i < 6; i += 1) {
      const done = await ranked.client.vectorStores.files.uploadAndPoll(made.id, await toFile(`The lighthouse ${'and its rock '.repeat(i)}stands.`, `${i}.txt`));
      assert.equal(done.status, 'completed');
    }
    const results = async (ranking_options, more = {}) => (await ranked.client.vectorStores.search(made.id, { query: 'lighthouse', ranking_options, ...more })).data;
    const [none, auto] = [await results({ ranker: 'none' }), await results({ ranker: 'auto' })];
    assert.deepEqual(await results(undefined), auto, 'a reranker is used unless it is refused');
    assert.deepEqual(new Set(auto.map((r) => r.filename)), new Set(none.map((r) => r.filename)));
    assert.notDeepEqual(auto.map((r) => r.score), none.map((r) => r.score));
    assert.ok(auto.every((r, i) => r.score > 0 && r.score < 1 && (i === 0 || r.score <= auto[i - 1].score)));
    assert.deepEqual(await results({ ranker: 'default-2024-11-15' }, { max_num_results: 2 }), auto.slice(0, 2), 'the best of all, not the best of two');
    const least = auto[2].score;
    assert.deepEqual(await results({ score_threshold: least }), auto.filter((r) => r.score >= least));
  } finally { await ranked.stop(); }
});
