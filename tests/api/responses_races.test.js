// What happens when several things happen to one response at once: cancelled at any moment, deleted while it is read, resumed by many
// over kill -9, gone on from in any state.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { parseSse, scripted, startServer } from './harness.js';
import { checkSchema } from './spec.js';

let server, client;
const script = scripted([
  { when: { user: 'slow' }, steps: [{ text: 'x', delay_ms: 5, repeat: 60 }] },
  { when: { user: 'endless' }, steps: [{ text: 'x', delay_ms: 50, repeat: 6000 }] },
  { when: { user: 'break' }, steps: [{ text: 'a' }, { fail: { message: 'broken' } }] },
  { when: { user: 'call', after_tool: false }, steps: [{ tool_call: { name: 'f', arguments: '{}' } }] },
  { steps: [{ words: 'Hello there, friend.' }] },
]);

before(async () => { server = await startServer({ script }); client = server.client; });
after(() => server.stop());

const sleep = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });
const begin = (input, more = {}, who = client) => who.responses.create({ model: 'scripted', input, background: true, ...more });
const running = (response) => ['queued', 'in_progress'].includes(response.status);
async function ended(id, who = client) {
  for (let i = 0; i < 1000; i += 1) {
    const response = await who.responses.retrieve(id);
    if (!running(response)) return response;
    await sleep(10);
  }
  throw new Error(`${id} does not end`);
}
const eventsFrom = async (id, query = '', who = server) => parseSse(await (await who.fetch(`/v1/responses/${id}?stream=true${query}`)).text()).map((e) => JSON.parse(e.data));
async function idOf(stream) { for await (const event of stream) return event.response.id; throw new Error('no event'); }

test('cancelled at any moment it ends once, and everybody sees the same end', async () => {
  const seen = new Set();
  for (let ms = 0; ms < 450; ms += 15) {
    const { id } = await begin('slow', { stream: false });
    const streamed = await idOf(await begin('slow', { stream: true }));
    await sleep(ms);
    const both = await Promise.all([id, streamed].flatMap((one) => [client.responses.cancel(one), client.responses.cancel(one)]));
    for (const one of [id, streamed]) {
      const [first, second] = both.filter((response) => response.id === one);
      const now = await client.responses.retrieve(one);
      checkSchema('Response', { ...now, output_text: undefined });
      assert.ok(['cancelled', 'completed'].includes(now.status), now.status);
      assert.equal(first.status, now.status);
      assert.equal(second.status, now.status);
      assert.equal(now.completed_at === null, now.status === 'cancelled');
      seen.add(now.status);
    }
    const events = await eventsFrom(streamed);
    events.forEach((event, i) => assert.equal(event.sequence_number, i));
    assert.equal(events.filter((e) => ['response.completed', 'response.incomplete', 'response.failed'].includes(e.type)).length, 1);
    assert.equal(events.at(-1).response.status, (await client.responses.retrieve(streamed)).status);
  }
  assert.deepEqual([...seen].sort(), ['cancelled', 'completed']);
});

test('deleted while it runs and is read: readers end, nothing of it stays', async () => {
  const { id: conversation } = await client.conversations.create();
  const stream = await begin('endless', { stream: true, conversation });
  let id;
  const reading = (async () => { for await (const event of stream) id ??= event.response?.id; })();
  while (!id) await sleep(5);
  const follower = eventsFrom(id);
  await sleep(100);
  await client.responses.delete(id);
  await Promise.all([reading, follower]);
  await assert.rejects(client.responses.retrieve(id), (e) => e.status === 404);
  await assert.rejects(client.responses.delete(id), (e) => e.status === 404);
  await assert.rejects(client.responses.cancel(id), (e) => e.status === 404);
  assert.equal((await server.fetch(`/v1/responses/${id}?stream=true`)).status, 404);
  const next = await client.responses.create({ model: 'scripted', input: 'hi', conversation });
  assert.equal(next.usage.input_tokens, 2);
  const items = await client.conversations.items.list(conversation);
  assert.equal(items.data.length, 2);
});

test('a conversation that is deleted while a response runs in it', async () => {
  const { id: conversation } = await client.conversations.create();
  const { id } = await begin('slow', { conversation });
  await client.conversations.delete(conversation);
  assert.equal((await ended(id)).status, 'completed');
  await assert.rejects(client.conversations.retrieve(conversation), (e) => e.status === 404);
  await assert.rejects(client.conversations.items.list(conversation), (e) => e.status === 404);
  assert.equal((await client.responses.create({ model: 'scripted', input: 'hi', previous_response_id: id })).status, 'completed');
});

test('going on from a response in each state', async () => {
  const from = (previous_response_id, input = 'hi', more = {}) => client.responses.create({ model: 'scripted', input, previous_response_id, ...more });
  const open = await begin('endless');
  await assert.rejects(from(open.id), (e) => e.status === 400 && e.param === 'previous_response_id');
  await client.responses.cancel(open.id);
  assert.equal((await from(open.id)).status, 'completed');
  const broken = await ended((await begin('break')).id);
  assert.equal(broken.status, 'failed');
  assert.equal((await from(broken.id)).status, 'completed');
  const cut = await client.responses.create({ model: 'scripted', input: 'slow', max_output_tokens: 16 });
  assert.equal(cut.status, 'incomplete');
  const next = await from(cut.id);
  assert.equal(next.output_text, 'Hello there, friend.');
  await client.responses.delete(cut.id);
  await assert.rejects(from(cut.id), (e) => e.code === 'previous_response_not_found');
  await assert.rejects(from(next.id), (e) => e.code === 'previous_response_not_found', 'the chain is broken behind it');
  // The call is to be answered first, whatever is said besides.
  const tools = [{ type: 'function', name: 'f', parameters: {} }];
  const called = await client.responses.create({ model: 'scripted', input: 'call', tools });
  await assert.rejects(from(called.id, 'well?', { tools }), (e) => e.status === 400 && e.param === 'input');
  // Its whole output may be sent back as it came, ids and all, and be stored again.
  const echoed = await client.responses.create({ model: 'scripted', tools, input: [{ role: 'user', content: 'call' }, ...called.output,
    { type: 'function_call_output', call_id: called.output[0].call_id, output: 'done' }] });
  assert.equal(echoed.output_text, 'Hello there, friend.');
  const listed = await client.responses.inputItems.list(echoed.id, { order: 'asc' });
  assert.equal(listed.data[1].id, called.output[0].id);
});

test('many readers, each resumed from where it was over two kills, see one and the same stream', async () => {
  let run = await startServer({ script });
  const { directory } = run;
  const body = { model: 'scripted', input: 'endless', background: true, stream: true };
  const id = await idOf(await run.client.responses.create(body));
  const readers = Array.from({ length: 4 }, (_, i) => ({ seen: [], stops_after: 3 + i * 4 }));
  // Reads until it has as many more as it wants, or the server is gone.
  const read = async (reader, n) => {
    const after = reader.seen.at(-1)?.sequence_number;
    try {
      const stream = await run.client.responses.retrieve(id, { stream: true, ...(after === undefined ? {} : { starting_after: after }) });
      for await (const event of stream) { reader.seen.push(event); if ((n -= 1) === 0) break; }
    } catch { /* killed */ }
  };
  await Promise.all(readers.map((reader) => read(reader, reader.stops_after)));
  await run.kill();
  run = await startServer({ script, data: directory });
  await Promise.all(readers.map((reader) => read(reader, reader.stops_after)));
  await run.client.responses.cancel(id);
  await run.kill();
  run = await startServer({ script, data: directory });
  try {
    await Promise.all(readers.map((reader) => read(reader, Infinity)));
    const whole = await eventsFrom(id, '', run);
    whole.forEach((event, i) => assert.equal(event.sequence_number, i));
    for (const { seen } of readers) assert.deepEqual(seen, whole);
    assert.equal(whole.at(-1).response.status, 'cancelled');
  } finally {
    await run.stop();
  }
});

test('metadata at its limits, wherever it goes', async () => {
  const pairs = (n) => Object.fromEntries(Array.from({ length: n }, (_, i) => [`k${i}`, 'v']));
  const { id } = await client.conversations.create();
  const places = {
    'responses.create': (metadata) => client.responses.create({ model: 'scripted', input: 'hi', metadata }),
    'conversations.create': (metadata) => client.conversations.create({ metadata }),
    'conversations.update': (metadata) => client.conversations.update(id, { metadata }),
    'chat.completions.create': (metadata) => client.chat.completions.create({ model: 'scripted', store: true, metadata, messages: [{ role: 'user', content: 'hi' }] }),
  };
  for (const [name, put] of Object.entries(places)) {
    for (const metadata of [pairs(16), { ['k'.repeat(64)]: 'v'.repeat(512) }, { ['ü'.repeat(64)]: 'é'.repeat(512) }, {}]) {
      const made = await put(metadata);
      if (made.metadata) assert.deepEqual(made.metadata, metadata, name);
    }
    const refused = (code, param) => (e) => { assert.deepEqual([name, e.status, e.code, e.param], [name, 400, code, param]); return true; };
    await assert.rejects(put(pairs(17)), refused('object_above_max_properties', 'metadata'));
    await assert.rejects(put({ ['k'.repeat(65)]: 'v' }), refused('property_name_above_max_length', `metadata.${'k'.repeat(65)}`));
    await assert.rejects(put({ k: 'v'.repeat(513) }), refused('string_above_max_length', 'metadata.k'));
    await assert.rejects(put({ k: 1 }), refused('invalid_type', 'metadata.k'));
  }
});
