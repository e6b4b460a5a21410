// Responses in the background: poll, resume, cancel, kill -9 and start again.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { parseSse, scripted, startServer } from './harness.js';
import { checkSchema } from './spec.js';

let server, client;
const script = scripted([
  { when: { user: 'slow' }, steps: [{ text: 'x', delay_ms: 20, repeat: 100 }] },
  { when: { user: 'endless' }, steps: [{ text: 'x', delay_ms: 100, repeat: 6000 }] },
  { when: { user: 'break' }, steps: [{ text: 'a' }, { fail: { message: 'broken' } }] },
  { steps: [{ words: 'Hello there, friend.' }] },
]);

before(async () => { server = await startServer({ script }); client = server.client; });
after(() => server.stop());

const begin = (input, more = {}) => client.responses.create({ model: 'scripted', input, background: true, ...more });
const done = (response) => !['queued', 'in_progress'].includes(response.status);
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function poll(id, until = done, who = client) {
  for (let i = 0; i < 500; ++i) {
    const response = await who.responses.retrieve(id);
    if (until(response)) return response;
    await sleep(20);
  }
  throw new Error('it never came');
}

async function replay(id, query = '', who = server) {
  const response = await who.fetch(`/v1/responses/${id}?stream=true${query}`);
  assert.equal(response.status, 200);
  return parseSse(await response.text()).map((e) => JSON.parse(e.data));
}

// Numbers without gap or repeat, from `first`.
function assertGapless(events, first = 0) {
  events.forEach((event, i) => assert.equal(event.sequence_number, first + i));
}

test('queued at once, then completed', async () => {
  const response = await begin('hi');
  checkSchema('Response', { ...response, output_text: undefined });
  assert.equal(response.status, 'queued');
  assert.deepEqual(response.output, []);
  assert.equal(response.background, true);
  const final = await poll(response.id);
  checkSchema('Response', { ...final, output_text: undefined });
  assert.equal(final.status, 'completed');
  assert.equal(final.output_text, 'Hello there, friend.');
  assert.equal(final.usage.output_tokens, 3);
  const next = await client.responses.create({ model: 'scripted', input: 'more', previous_response_id: final.id });
  assert.equal(next.usage.input_tokens, 2 + 4 + 2);
});

test('a failure is a status, not an exception', async () => {
  const final = await poll((await begin('break')).id);
  assert.equal(final.status, 'failed');
  assert.deepEqual(final.error, { code: 'server_error', message: 'broken' });
  await assert.rejects(client.responses.create({ model: 'nobody', input: 'x', background: true }), (e) => e.code === 'model_not_found');
});

test('what cannot be read is told as it is', async () => {
  const image = { role: 'user', content: [{ type: 'input_image', file_id: 'file-none', detail: 'auto' }] };
  const made = await begin([image], { stream: false }).catch((e) => e);
  if (made.status === 400) return;  // refused at once is as good
  const failed = await poll(made.id);
  assert.equal(failed.status, 'failed');
  assert.doesNotMatch(failed.error.message, /interrupted/);
});

test('streams while it runs, and again from any event', async () => {
  const stream = await begin('slow', { stream: true });
  const events = [];
  for await (const event of stream) events.push(event);
  assertGapless(events);
  events.forEach((e) => checkSchema('ResponseStreamEvent', e));
  assert.deepEqual(events.slice(0, 3).map((e) => e.type), ['response.created', 'response.queued', 'response.in_progress']);
  assert.equal(events[0].response.status, 'queued');
  assert.equal(events.at(-1).type, 'response.completed');
  const { id } = events[0].response;
  assert.deepEqual(await replay(id), events);
  assert.deepEqual(await replay(id, '&starting_after=50'), events.slice(51));
  assert.deepEqual(await replay(id, `&starting_after=${events.length - 1}`), []);
  const helper = client.responses.stream({ response_id: id, starting_after: 20 });
  assert.equal((await helper.finalResponse()).output_text, 'x'.repeat(100));
});

test('several readers at once, each from where it likes', async () => {
  const stream = await begin('slow', { stream: true });
  let id;
  for await (const event of stream) { id = event.response.id; break; }
  const all = await Promise.all([0, 0, 5, 40].map((from) => replay(id, from ? `&starting_after=${from}` : '')));
  assertGapless(all[0]);
  assert.deepEqual(all[1], all[0]);
  assert.deepEqual(all[2], all[0].slice(6));
  assert.deepEqual(all[3], all[0].slice(41));
});

test('the client that began it may leave', async () => {
  const controller = new AbortController();
  const stream = await client.responses.create({ model: 'scripted', input: 'slow', background: true, stream: true }, { signal: controller.signal });
  let id;
  for await (const event of stream) { id = event.response.id; break; }
  controller.abort();
  assert.equal((await poll(id)).output_text, 'x'.repeat(100));
});

test('cancel is quick, final and idempotent', async () => {
  const response = await begin('endless', { stream: true });
  let id;
  const reading = (async () => { const seen = []; for await (const event of response) { id ??= event.response?.id; seen.push(event); } return seen; })();
  while (!id) await sleep(10);
  await sleep(300);
  const started = Date.now();
  const cancelled = await client.responses.cancel(id);
  assert.ok(Date.now() - started < 1000);
  checkSchema('Response', { ...cancelled, output_text: undefined });
  assert.equal(cancelled.status, 'cancelled');
  assert.equal((await client.responses.cancel(id)).status, 'cancelled');
  const events = await reading;
  assertGapless(events);
  assert.equal(events.at(-1).response.status, 'cancelled');
  await sleep(300);
  assert.deepEqual(await replay(id), events);
  assert.equal((await client.responses.retrieve(id)).status, 'cancelled');
});

test('cancel of what cannot be cancelled', async () => {
  const plain = await client.responses.create({ model: 'scripted', input: 'x' });
  await assert.rejects(client.responses.cancel(plain.id), (e) => e.status === 400 && e.message.includes('Cannot cancel a synchronous response.'));
  await assert.rejects(client.responses.cancel('resp_unknown'), (e) => e.status === 404);
  const finished = await poll((await begin('hi')).id);
  assert.equal((await client.responses.cancel(finished.id)).status, 'completed');
});

test('streams only what was made to be streamed', async () => {
  const response = await begin('hi');
  const refused = await server.fetch(`/v1/responses/${response.id}?stream=true`);
  assert.equal(refused.status, 400);
  assert.equal((await refused.json()).error.param, 'stream');
  const alone = await server.fetch(`/v1/responses/${response.id}?starting_after=3`);
  assert.equal((await alone.json()).error.param, 'starting_after');
});

test('deleted while it runs', async () => {
  const response = await begin('endless');
  await poll(response.id, (r) => r.status === 'in_progress');
  await client.responses.delete(response.id);
  assert.equal((await server.fetch(`/v1/responses/${response.id}`)).status, 404);
});

test('after kill -9 it is run again, and its stream goes on without gap or repeat', async () => {
  const first = await startServer({ script });
  const { directory } = first;
  const post = (input, more) => first.client.responses.create({ model: 'scripted', input, background: true, ...more });
  const plain = await post('slow');
  const stream = await post('slow', { stream: true });
  const before = [];
  for await (const event of stream) { before.push(event); if (before.length === 30) break; }
  const { id } = before[0].response;
  await first.kill();

  const second = await startServer({ script, data: directory });
  try {
    const rest = await replay(id, '&starting_after=29', second);
    const whole = await replay(id, '', second);
    assertGapless(whole);
    assert.deepEqual(whole.slice(0, 30), before);
    assert.deepEqual(whole.slice(30), rest);
    assert.equal(whole.filter((e) => e.type === 'response.in_progress').length, 2);
    assert.equal(whole.at(-1).type, 'response.completed');
    assert.equal((await poll(id, done, second.client)).output_text, 'x'.repeat(100));
    assert.equal((await poll(plain.id, done, second.client)).output_text, 'x'.repeat(100));
    const helper = second.client.responses.stream({ response_id: id });
    assert.equal((await helper.finalResponse()).output_text, 'x'.repeat(100));
  } finally {
    await second.stop();
  }
});

test('interrupted twice, it fails with a reason', async () => {
  let run = await startServer({ script });
  const { directory } = run;
  const { id } = await run.client.responses.create({ model: 'scripted', input: 'endless', background: true, stream: false });
  for (let i = 0; i < 2; ++i) {
    await poll(id, (r) => r.status === 'in_progress', run.client);
    await sleep(1200);
    await run.kill();
    run = await startServer({ script, data: directory });
  }
  try {
    const failed = await poll(id, done, run.client);
    assert.equal(failed.status, 'failed');
    assert.equal(failed.error.code, 'server_error');
    checkSchema('Response', { ...failed, output_text: undefined });
  } finally {
    await run.stop();
  }
});

test('an orderly stop gives it back to be run again', async () => {
  const first = await startServer({ script });
  const { id } = await first.client.responses.create({ model: 'scripted', input: 'slow', background: true });
  await poll(id, (r) => r.status === 'in_progress', first.client);
  await first.stop({ keep: true });
  const second = await startServer({ script, data: first.directory });
  try {
    assert.equal((await poll(id, done, second.client)).output_text, 'x'.repeat(100));
  } finally {
    await second.stop();
  }
});
