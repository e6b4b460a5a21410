// Responses in a conversation: what they read, what they leave there, one at a time.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { scripted, startServer } from './harness.js';
import { checkSchema } from './spec.js';

let server, client;
const script = scripted([
  { when: { user: 'break' }, steps: [{ text: 'a' }, { fail: { message: 'broken' } }] },
  { when: { user: 'slow' }, steps: [{ text: 'x', delay_ms: 20, repeat: 50 }] },
  { when: { user: 'endless' }, steps: [{ text: 'x', delay_ms: 100, repeat: 6000 }] },
  { steps: [{ words: 'Hello there, friend.' }] },
]);

before(async () => { server = await startServer({ script }); client = server.client; });
after(() => server.stop());

const ask = (conversation, input, more = {}) => client.responses.create({ model: 'scripted', conversation, input, ...more });
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const texts = async (id) => (await client.conversations.items.list(id, { order: 'asc', limit: 100 })).data.map((i) => i.content[0].text);
const locked = (e) => e.status === 400 && e.code === 'conversation_locked' && e.param === 'conversation';

test('input and output are appended when the response completes', async () => {
  const { id } = await client.conversations.create({ items: [{ role: 'user', content: 'one two three' }] });
  const response = await ask(id, 'four');
  checkSchema('Response', { ...response, output_text: undefined });
  assert.deepEqual(response.conversation, { id });
  assert.equal(response.usage.input_tokens, 4 + 2);
  assert.deepEqual(await texts(id), ['one two three', 'four', 'Hello there, friend.']);
  const next = await ask({ id }, 'five', { stream: false });
  assert.equal(next.usage.input_tokens, 4 + 2 + 4 + 2);
  const items = await client.conversations.items.list(id, { limit: 100 });
  assert.ok(items.data.every((i) => i.status === 'completed'));
  assert.equal(items.data[0].id, next.output[0].id);
  const read = await client.responses.inputItems.list(next.id, { order: 'asc' });
  assert.deepEqual(read.data.map((i) => i.content[0].text), ['one two three', 'four', 'Hello there, friend.', 'five']);
});

test('it goes on from a response alone, with what the conversation was then', async () => {
  const { id } = await client.conversations.create({ items: [{ role: 'user', content: 'one two three' }] });
  const first = await ask(id, 'four');
  await ask(id, 'five');
  const next = await client.responses.create({ model: 'scripted', input: 'six', previous_response_id: first.id });
  assert.equal(next.usage.input_tokens, 4 + 2 + 4 + 2);
  assert.ok(!next.conversation);
});

test('store: false keeps the items and not the response', async () => {
  const { id } = await client.conversations.create();
  const response = await ask(id, 'four', { store: false });
  await assert.rejects(client.responses.retrieve(response.id), (e) => e.status === 404);
  assert.deepEqual(await texts(id), ['four', 'Hello there, friend.']);
});

test('a second response is refused while one runs, and nothing is lost', async () => {
  const { id } = await client.conversations.create();
  const stream = await ask(id, 'slow', { stream: true });
  await assert.rejects(ask(id, 'x'), locked);
  await assert.rejects(client.conversations.items.create(id, { items: [{ role: 'user', content: 'y' }] }), locked);
  for await (const event of stream) void event;
  assert.deepEqual(await texts(id), ['slow', 'x'.repeat(50)]);
  assert.equal((await ask(id, 'after')).status, 'completed');
});

test('many at once: each is refused or whole', async () => {
  const { id } = await client.conversations.create();
  const results = await Promise.allSettled(Array.from({ length: 20 }, (_, i) => ask(id, `turn ${i}`)));
  const done = results.filter((r) => r.status === 'fulfilled');
  assert.ok(done.length > 0);
  for (const r of results) if (r.status === 'rejected') assert.ok(locked(r.reason), r.reason.message);
  const all = await texts(id);
  assert.equal(all.length, done.length * 2);
  for (let i = 0; i < all.length; i += 2) assert.match(all[i], /^turn /);
});

test('failed, refused and abandoned ones leave nothing and unlock', async () => {
  const { id } = await client.conversations.create();
  await assert.rejects(ask(id, 'break'));
  await assert.rejects(client.responses.create({ model: 'nobody', conversation: id, input: 'x' }));
  await assert.rejects(ask(id, [{ type: 'function_call_output', call_id: 'c', output: '' }]));
  const controller = new AbortController();
  const stream = await client.responses.create({ model: 'scripted', conversation: id, input: 'endless', stream: true }, { signal: controller.signal });
  for await (const event of stream) if (event.type === 'response.output_text.delta') break;
  controller.abort();
  for (let i = 0; i < 100; ++i) {
    const tried = await ask(id, 'hi').catch((e) => e);
    if (tried.status === 'completed') break;
    assert.ok(locked(tried));
    await sleep(20);
  }
  assert.deepEqual(await texts(id), ['hi', 'Hello there, friend.']);
});

test('in the background: locked until the end, cancelled or not', async () => {
  const { id } = await client.conversations.create();
  const running = await ask(id, 'endless', { background: true });
  await assert.rejects(ask(id, 'x'), locked);
  await client.responses.cancel(running.id);
  assert.deepEqual(await texts(id), []);
  const second = await ask(id, 'slow', { background: true });
  for (let i = 0; i < 200 && (await client.responses.retrieve(second.id)).status !== 'completed'; ++i) await sleep(20);
  assert.deepEqual(await texts(id), ['slow', 'x'.repeat(50)]);
  await ask(id, 'after');
});

test('kill -9 leaves a conversation unlocked for clients, and locked for the job that goes on', async () => {
  const first = await startServer({ script });
  const post = (conversation, input, more) => first.client.responses.create({ model: 'scripted', conversation, input, ...more });
  const { id } = await first.client.conversations.create();
  const { id: jobs } = await first.client.conversations.create();
  const stream = await post(id, 'endless', { stream: true });
  for await (const event of stream) if (event.type === 'response.output_text.delta') break;
  const background = await post(jobs, 'slow', { background: true });
  await first.kill();
  const second = await startServer({ script, data: first.directory });
  try {
    const next = await second.client.responses.create({ model: 'scripted', conversation: id, input: 'x' });
    assert.equal(next.usage.input_tokens, 2);
    for (let i = 0; i < 200 && (await second.client.responses.retrieve(background.id)).status !== 'completed'; ++i) await sleep(20);
    const items = await second.client.conversations.items.list(jobs, { order: 'asc' });
    assert.deepEqual(items.data.map((i) => i.content[0].text), ['slow', 'x'.repeat(50)]);
  } finally {
    await second.stop();
  }
});
