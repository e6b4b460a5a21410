// Stored chat completions (`store: true`) through the official SDK.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import OpenAI from 'openai';
import { key, parseSse, scripted, startServer } from './harness.js';
import { checkSchema } from './spec.js';

const tools = [{ type: 'function', function: { name: 'weather', parameters: { type: 'object', properties: {} } } }];
const script = {
  models: [
    { id: 'scripted', turns: [{ steps: [{ text: 'Hello ' }, { text: 'you' }] }] },
    { id: 'other', turns: [{ steps: [{ text: 'Other' }] }] },
    { id: 'breaks', turns: [{ steps: [{ text: 'a' }, { fail: { code: 'overloaded', message: 'down' } }] }] },
  ],
};
let server, client;
before(async () => { server = await startServer({ script }); client = server.client; });
after(() => server.stop());

const ask = (more = {}) => client.chat.completions.create({ model: 'scripted', messages: [{ role: 'user', content: 'Hi' }], store: true, ...more });
const notFound = (id) => (error) => error instanceof OpenAI.NotFoundError && error.message.includes(`Completion with id '${id}' not found`);

test('keeps the object with what the request said', async () => {
  const made = await ask({ metadata: { topic: 'a' }, temperature: 0.5, seed: 7, user: 'me', tools });
  checkSchema('CreateChatCompletionResponse', made);
  const kept = await client.chat.completions.retrieve(made.id);
  checkSchema('CreateChatCompletionResponse', kept);
  for (const [name, value] of Object.entries(made)) assert.deepEqual(kept[name], value, name);
  assert.deepEqual(kept.metadata, { topic: 'a' });
  assert.equal(kept.temperature, 0.5);
  assert.equal(kept.top_p, 1);
  assert.equal(kept.seed, 7);
  assert.equal(kept.input_user, 'me');
  assert.deepEqual(kept.tools, tools);
  assert.equal(kept.response_format, null);
  assert.match(kept.request_id, /^req_/);
});

test('without store nothing is kept', async () => {
  for (const store of [false, null, undefined]) {
    const made = await ask({ store });
    await assert.rejects(client.chat.completions.retrieve(made.id), notFound(made.id));
  }
});

test('a stream is stored before its end is sent', async () => {
  const stream = await ask({ stream: true, metadata: { from: 'stream' }, stream_options: { include_usage: true } });
  let text = '';
  let id, reason, kept;
  for await (const chunk of stream) {
    id = chunk.id;
    text += chunk.choices[0]?.delta.content ?? '';
    reason ??= chunk.choices[0]?.finish_reason;
    if (reason && !kept) kept = await client.chat.completions.retrieve(id);
  }
  assert.equal(reason, 'stop');
  assert.equal(kept.choices[0].message.content, text);
  assert.deepEqual(kept.metadata, { from: 'stream' });
  assert.ok(kept.usage.total_tokens > 0);
});

test('every choice of a stream ends, and what fails is not stored', async () => {
  const stream = await ask({ stream: true, n: 3 });
  const ended = [];
  let id;
  for await (const chunk of stream) { id = chunk.id; if (chunk.choices[0]?.finish_reason) ended.push(chunk.choices[0].index); }
  assert.deepEqual(ended.sort(), [0, 1, 2]);
  assert.equal((await client.chat.completions.retrieve(id)).choices.length, 3);

  const body = JSON.stringify({ model: 'breaks', stream: true, store: true, messages: [{ role: 'user', content: 'x' }] });
  const events = parseSse(await (await server.post('/v1/chat/completions', body)).text()).map((e) => JSON.parse(e.data));
  assert.ok(events.at(-1).error);
  await assert.rejects(client.chat.completions.retrieve(events[0].id), notFound(events[0].id));
});

test('lists in order of creation, by model and by metadata, in pages', async () => {
  const made = [];
  for (let i = 0; i < 5; i += 1) made.push((await ask({ model: 'other', metadata: { list: 'yes', odd: String(i % 2) } })).id);
  const ids = async (query) => { const out = []; for await (const one of client.chat.completions.list(query)) out.push(one.id); return out; };
  assert.deepEqual(await ids({ model: 'other', limit: 2 }), made);
  assert.deepEqual(await ids({ model: 'other', limit: 2, order: 'desc' }), [...made].reverse());
  assert.deepEqual(await ids({ metadata: { list: 'yes', odd: '1' } }), [made[1], made[3]]);
  assert.deepEqual(await ids({ metadata: { list: 'yes' }, model: 'scripted' }), []);
  const page = await client.chat.completions.list({ model: 'other', limit: 2 });
  checkSchema('ChatCompletionList', { object: 'list', ...page.body });
  assert.equal(page.has_more, true);
  const raw = await (await server.fetch('/v1/chat/completions?model=nobody')).json();
  checkSchema('ChatCompletionList', raw);
  assert.deepEqual(raw.data, []);
  assert.equal((await server.fetch('/v1/chat/completions?limit=101')).status, 400);
});

test('metadata is replaced, found again, and checked', async () => {
  const { id } = await ask({ metadata: { a: '1', b: '2' } });
  const updated = await client.chat.completions.update(id, { metadata: { c: '3' } });
  checkSchema('CreateChatCompletionResponse', updated);
  assert.deepEqual(updated.metadata, { c: '3' });
  assert.deepEqual((await client.chat.completions.retrieve(id)).metadata, { c: '3' });
  const found = async (metadata) => (await client.chat.completions.list({ metadata })).data.map((c) => c.id);
  assert.deepEqual(await found({ c: '3' }), [id]);
  assert.deepEqual(await found({ a: '1', b: '2' }), []);
  assert.deepEqual((await client.chat.completions.update(id, { metadata: null })).metadata, {});
  await assert.rejects(client.chat.completions.update(id, {}), (e) => e.code === 'missing_required_parameter' && e.param === 'metadata');
  await assert.rejects(client.chat.completions.update(id, { metadata: { k: 1 } }), (e) => e.code === 'invalid_type');
  await assert.rejects(client.chat.completions.update(id, { metadata: {}, model: 'x' }), (e) => e.code === 'unknown_parameter');
});

test('the messages of the request, in pages', async () => {
  const call = { id: 'call_1', type: 'function', function: { name: 'weather', arguments: '{}' } };
  const { id } = await ask({
    tools,
    messages: [
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: [{ type: 'text', text: 'Look ' }, { type: 'text', text: 'here' }] },
      { role: 'assistant', content: null, tool_calls: [call] },
      { role: 'tool', tool_call_id: 'call_1', content: 'sunny' },
      { role: 'user', name: 'ann', content: 'And?' },
    ],
  });
  const all = [];
  for await (const message of client.chat.completions.messages.list(id, { limit: 2 })) all.push(message);
  assert.deepEqual(all.map((m) => m.id), [0, 1, 2, 3, 4].map((i) => `${id}-${i}`));
  assert.deepEqual(all.map((m) => m.role), ['system', 'user', 'assistant', 'tool', 'user']);
  assert.equal(all[0].content, 'Be brief.');
  assert.equal(all[0].content_parts, null);
  assert.equal(all[1].content, 'Look here');
  assert.equal(all[1].content_parts.length, 2);
  assert.deepEqual(all[2].tool_calls, [call]);
  assert.equal(all[3].tool_call_id, 'call_1');
  assert.equal(all[4].name, 'ann');
  const raw = await (await server.fetch(`/v1/chat/completions/${id}/messages?order=desc&limit=1`)).json();
  assert.equal(raw.data[0].id, `${id}-4`);
  // The description knows the role of answers only.
  checkSchema('ChatCompletionMessageList', { ...raw, data: raw.data.map((m) => ({ ...m, role: 'assistant' })) });
});

test('a deleted one is gone with its messages', async () => {
  const { id } = await ask();
  const deleted = await client.chat.completions.delete(id);
  checkSchema('ChatCompletionDeleted', deleted);
  assert.deepEqual(deleted, { object: 'chat.completion.deleted', id, deleted: true });
  for (const call of [() => client.chat.completions.retrieve(id), () => client.chat.completions.delete(id),
    () => client.chat.completions.messages.list(id), () => client.chat.completions.update(id, { metadata: {} })]) {
    await assert.rejects(call(), notFound(id));
  }
});

test('survives kill -9 after the end of a stream', async () => {
  const first = await startServer({ script });
  const stream = await first.client.chat.completions.create({ model: 'scripted', stream: true, store: true, messages: [{ role: 'user', content: 'x' }] });
  let id;
  for await (const chunk of stream) { id = chunk.id; if (chunk.choices[0]?.finish_reason) break; }
  await first.kill();
  const second = await startServer({ script, data: first.directory });
  const kept = await new OpenAI({ baseURL: `${second.url}/v1`, apiKey: key }).chat.completions.retrieve(id);
  assert.equal(kept.choices[0].message.content, 'Hello you');
  await second.stop();
});
