// The mixed load: each actor makes objects, and enters each into the ledger once the server has acknowledged it, together
// with how to see that it is still there and unchanged.
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import { sleep } from './world.js';

const hash = (bytes) => createHash('sha256').update(bytes).digest('hex');
const contentOf = async (client, id) => Buffer.from(await (await client.files.content(id)).arrayBuffer());
const words = 'one two three four five six seven';
const terminal = ['failed', 'completed', 'expired', 'cancelled'];

export const script = { models: [{ id: 'scripted', turns: [
  { when: { user: 'long' }, steps: Array.from({ length: 20 }, (_, i) => [{ delay_ms: 15 }, { text: `${i} ` }]).flat() },
  { when: { user: 'broken' }, steps: [{ fail: { code: 'internal', message: 'cannot' } }] },
  { steps: [{ delay_ms: 4 }, { words }] },
] }] };
const longText = Array.from({ length: 20 }, (_, i) => `${i} `).join('');

async function files(world, client, acknowledge) {
  const bytes = randomBytes(1 + world.random.below(60_000));
  const file = await client.files.create({ file: new File([bytes], 'a.bin'), purpose: 'user_data' });
  acknowledge({ id: file.id, check: async (c) => {
    assert.deepEqual(await c.files.retrieve(file.id), file);
    assert.equal(hash(await contentOf(c, file.id)), hash(bytes));
  } });
  if (world.random.below(4) > 0) return;
  const gone = await client.files.create({ file: new File([bytes], 'b.bin'), purpose: 'user_data' });
  await client.files.delete(gone.id);
  acknowledge({ id: gone.id, check: (c) => assert.rejects(c.files.retrieve(gone.id), (e) => e.status === 404) });
}

async function uploads(world, client, acknowledge) {
  const parts = Array.from({ length: 3 }, () => randomBytes(1 + world.random.below(20_000)));
  const upload = await client.uploads.create({ bytes: Buffer.concat(parts).length, filename: 'u.bin', mime_type: 'text/plain', purpose: 'user_data' });
  const ids = [];
  for (const part of parts) ids.push((await client.uploads.parts.create(upload.id, { data: new File([part], 'p') })).id);
  const done = await client.uploads.complete(upload.id, { part_ids: ids });
  acknowledge({ id: done.id, check: async (c) => assert.equal(hash(await contentOf(c, done.file.id)), hash(Buffer.concat(parts))) });
}

async function chats(world, client, acknowledge) {
  const tag = world.random.text(8);
  const body = { model: 'scripted', store: true, metadata: { tag }, messages: [{ role: 'user', content: `hello ${tag}` }] };
  const made = await client.chat.completions.create(body);
  acknowledge({ id: made.id, check: async (c) => {
    const found = await c.chat.completions.retrieve(made.id);
    assert.equal(found.choices[0].message.content, made.choices[0].message.content);
    assert.deepEqual(found.metadata, { tag });
  } });
}

const line = (id, content) => ({ custom_id: id, method: 'POST', url: '/v1/chat/completions', body: { model: 'scripted', messages: [{ role: 'user', content }] } });

async function linesOf(client, id) {
  return id ? (await contentOf(client, id)).toString().trimEnd().split('\n').map((l) => JSON.parse(l)) : [];
}

// Every line exactly once, each with its own answer; afterwards nothing changes any more.
async function checkEnded(client, batch, wanted) {
  const good = await linesOf(client, batch.output_file_id);
  const bad = await linesOf(client, batch.error_file_id);
  assert.deepEqual([...good, ...bad].map((l) => l.custom_id).sort(), wanted.map((l) => l.custom_id).sort());
  if (batch.status !== 'completed') return;
  assert.deepEqual(bad.map((l) => l.custom_id).sort(), wanted.filter((l) => l.body.messages[0].content === 'broken').map((l) => l.custom_id).sort());
  assert.deepEqual(batch.request_counts, { total: wanted.length, completed: good.length, failed: bad.length });
  for (const l of good) assert.equal(l.response.body.choices[0].message.content, words);
}

async function batches(world, client, acknowledge) {
  if ((world.openBatches ??= new Set()).size >= (world.lines ? 1 : 3)) return sleep(20);
  const wanted = Array.from({ length: world.lines ?? 30 + world.random.below(60) }, (_, i) => line(`row-${i}`, i % 7 === 3 ? 'broken' : `row ${i}`));
  const input = await client.files.create({ file: new File([wanted.map((l) => JSON.stringify(l)).join('\n')], 'in.jsonl'), purpose: 'batch' });
  const made = await client.batches.create({ input_file_id: input.id, endpoint: '/v1/chat/completions', completion_window: '24h' });
  const wish = world.random.below(5) === 0;
  const seen = { rank: 0, completed: 0, failed: 0, final: undefined };
  world.openBatches.add(made.id);
  if (wish) world.toCancel = made.id;
  acknowledge({ id: made.id, check: async (c) => {
    const batch = await c.batches.retrieve(made.id);
    if (seen.final) return assert.deepEqual(batch, seen.final);
    const rank = ['validating', 'in_progress', 'finalizing', 'cancelling'].indexOf(batch.status);
    const ended = terminal.includes(batch.status);
    assert.ok(ended || rank >= seen.rank, `went back to ${batch.status}`);
    assert.ok(batch.request_counts.completed >= seen.completed && batch.request_counts.failed >= seen.failed, 'counts went back');
    Object.assign(seen, { rank, completed: batch.request_counts.completed, failed: batch.request_counts.failed });
    if (!ended) return;
    assert.ok(['completed', 'cancelled'].includes(batch.status), `ended as ${batch.status}`);
    await checkEnded(c, batch, batch.in_progress_at ? wanted : []);
    seen.final = batch;
    world.openBatches.delete(made.id);
    world.ended.push(made.id);
  } });
}

// Looks at open batches so that they leave the set, and cancels one now and then.
async function watch(world, client) {
  await sleep(30);
  const id = world.toCancel;
  if (id) {
    world.toCancel = undefined;
    await client.batches.cancel(id).catch((error) => { if (error.status !== 409) throw error; });
  }
  for (const entry of world.entries) {
    if (world.isOpen(entry)) await entry.check(client);
  }
}

async function responses(world, client, acknowledge) {
  const style = world.random.below(4);
  const tag = world.random.text(8);
  const input = style === 0 ? `long ${tag}` : `hello ${tag}`;
  const text = style === 0 ? longText : words;
  const body = { model: 'scripted', input, metadata: { tag }, store: true };
  const stays = (id) => acknowledge({ id, check: async (c) => {
    const found = await c.responses.retrieve(id);
    assert.equal(found.status, 'completed');
    assert.equal(found.output_text ?? found.output.at(-1).content[0].text, text);
    assert.deepEqual(found.metadata, { tag });
  } });
  if (style <= 1) {
    const stream = await client.responses.create({ ...body, stream: true });
    for await (const event of stream) if (event.type === 'response.completed') stays(event.response.id);
    return;
  }
  if (style === 2) return stays((await client.responses.create(body)).id);
  const made = await client.responses.create({ ...body, input: `long ${tag}`, background: true });
  (world.openResponses ??= new Set()).add(made.id);
  acknowledge({ id: made.id, check: async (c) => {
    const found = await c.responses.retrieve(made.id);
    if (!world.openResponses.has(made.id)) assert.notEqual(found.status, 'in_progress');
    if (['queued', 'in_progress'].includes(found.status)) return;
    world.openResponses.delete(made.id);
    assert.equal(found.metadata.tag, tag);
    if (found.status === 'completed') assert.equal(found.output.at(-1).content[0].text, longText);
    else assert.equal(found.status, 'failed');
  } });
}

async function conversations(world, client, acknowledge) {
  const conversation = await client.conversations.create({ metadata: { n: '1' } });
  const kept = [];
  acknowledge({ id: conversation.id, check: async (c) => {
    const texts = [];
    for await (const item of c.conversations.items.list(conversation.id, { order: 'asc', limit: 100 })) texts.push(item.content[0].text);
    // What was acknowledged is there in its order; what was under way at the kill may be there too.
    assert.deepEqual(texts.filter((t) => kept.includes(t)), kept);
    assert.equal(new Set(texts).size, texts.length);
  } });
  for (let i = 0; i < 8; i += 1) {
    const text = `${i} ${world.random.text(12)}`;
    await client.conversations.items.create(conversation.id, { items: [{ type: 'message', role: 'user', content: [{ type: 'input_text', text }] }] });
    kept.push(text);
  }
}

// A file that was taken into a vector store is found by its word once it is indexed, and it does get indexed.
async function vectorFiles(world, client, acknowledge) {
  if ((world.openIndexing ??= new Set()).size >= 5) return sleep(20);
  world.store ??= (await client.vectorStores.create({ name: 'kills' })).id;
  const store = world.store;
  const word = world.random.text(12);
  const file = await client.files.create({ file: new File([`The ${word} lives in the garden.`], 'a.txt'), purpose: 'assistants' });
  await client.vectorStores.files.create(store, { file_id: file.id });
  world.openIndexing.add(file.id);
  acknowledge({ id: file.id, check: async (c) => {
    const found = await c.vectorStores.files.retrieve(file.id, { vector_store_id: store });
    if (found.status === 'in_progress') return assert.ok(world.openIndexing.has(file.id), 'in progress again');
    assert.equal(found.status, 'completed');
    world.openIndexing.delete(file.id);
    const hits = await c.vectorStores.search(store, { query: word });
    assert.ok(hits.data.some((hit) => hit.file_id === file.id), 'indexed and not found');
  } });
}

// Files of up to some hundred chunks, so that a kill falls into the middle of one; some that cannot be read, some taken out again.
// In the end each is there with every line once and found by its words, or failed with a reason, or gone.
async function indexing(world, client, acknowledge) {
  if ((world.openIndexing ??= new Set()).size >= 6) return sleep(20);
  world.store ??= (await client.vectorStores.create({ name: 'indexing' })).id;
  const vector_store_id = world.store;
  const broken = world.random.below(6) === 0;
  const lines = Array.from({ length: 1 + world.random.below(600) }, (_, i) => `Line ${i} is about ${world.random.text(12)} and nothing else that anybody would know.`);
  const name = broken ? 'broken.pdf' : 'lines.txt';
  const file = await client.files.create({ file: new File([broken ? '%PDF-1.7 and no more' : lines.join('\n')], name), purpose: 'assistants' });
  await client.vectorStores.files.create(vector_store_id, { file_id: file.id, chunking_strategy: { type: 'static', static: { max_chunk_size_tokens: 100, chunk_overlap_tokens: 0 } } });
  world.openIndexing.add(file.id);
  let over = false, leaving = false;
  acknowledge({ id: file.id, check: async (c) => {
    const was = over;  // before the answer is on its way
    const found = await c.vectorStores.files.retrieve(file.id, { vector_store_id }).catch((error) => {
      if (!leaving || error.status !== 404) throw error;
      over = 'gone';
      world.openIndexing.delete(file.id);
    });
    if (was === 'gone') return assert.equal(found, undefined, 'was taken out and is there');
    if (over === 'gone') return undefined;
    if (found.status === 'in_progress') return assert.ok(!was, 'in progress again');
    over = true;
    world.openIndexing.delete(file.id);
    if (broken) {
      assert.equal(found.status, 'failed');
      return assert.ok(found.last_error.code === 'invalid_file' && found.last_error.message, 'failed without a reason');
    }
    if (found.status === 'failed' && found.last_error.code === 'server_error' && found.last_error.message) {
      world.counts.given_up = (world.counts.given_up ?? 0) + 1;  // killed twenty times over: a reason, and said
      return undefined;
    }
    assert.equal(found.status, 'completed');
    const pieces = [];
    for await (const piece of c.vectorStores.files.content(file.id, { vector_store_id })) pieces.push(piece.text);
    assert.deepEqual(pieces.join('\n').match(/Line \d+ is about \w+/g), lines.map((line) => line.match(/Line \d+ is about \w+/)[0]));
    const word = lines[world.random.below(lines.length)].split(' ')[4];
    const hits = await c.vectorStores.search(vector_store_id, { query: word });
    assert.ok(hits.data.some((hit) => hit.file_id === file.id && hit.content[0].text.includes(word)), 'indexed and not found');
    return undefined;
  } });
  if (world.random.below(8) > 0) return;
  leaving = true;
  await client.vectorStores.files.delete(file.id, { vector_store_id });
  over = 'gone';
  world.openIndexing.delete(file.id);
}

// A receiver of webhooks: every batch that ended must be told of at least once.
export async function listen(world) {
  world.ended = [];
  world.told = new Set();
  const http = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => { body += chunk; });
    request.on('end', () => {
      world.told.add(JSON.parse(body).data.id);
      response.writeHead(200).end();
    });
  });
  await new Promise((resolve) => { http.listen(0, '127.0.0.1', resolve); });
  world.closeListener = () => http.close();
  return `http://127.0.0.1:${http.address().port}/`;
}

// Starts the actors whose endpoints the server has, or those that `only` names; resolves to their names and what to await.
export async function startLoad(world, only) {
  const all = { files: [files, '/v1/files'], uploads: [uploads, '/v1/uploads'], chats: [chats, '/v1/chat/completions'], batches: [batches, '/v1/batches'],
    responses: [responses, '/v1/responses'], conversations: [conversations, '/v1/conversations'], vector_files: [vectorFiles, '/v1/vector_stores'],
    indexing: [indexing, '/v1/vector_stores'] };
  const running = [world.act('watch', (client) => watch(world, client))];
  const names = [];
  for (const [name, [step, path]] of Object.entries(all)) {
    if (only ? !only.includes(name) : name === 'indexing') continue;
    if ((await world.server.post(path, {})).status === 404) continue;
    names.push(name);
    running.push(world.act(name, (client, acknowledge) => step(world, client, acknowledge)));
  }
  return { names, done: Promise.all(running) };
}
