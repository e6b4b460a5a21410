// What a response would read: counting it, compacting it, and sealed thoughts and summaries that clients keep.
import assert from 'node:assert/strict';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { spawn } from 'node:child_process';
import OpenAI from 'openai';
import { parseSse, program, scripted, startServer } from './harness.js';
import { checkSchema } from './spec.js';

const script = scripted([
  { when: { user: 'Summarise this conversation' }, steps: [{ text: 'The user likes short answers.' }] },
  { when: { user: 'think' }, steps: [{ reasoning: 'A secret thought.' }, { text: 'Done.' }] },
  { steps: [{ words: 'Hello there, friend.' }] },
], { context_tokens: 4000 });
let server, client;
before(async () => { server = await startServer({ script }); client = server.client; });
after(() => server.stop());

const ask = (input, more = {}) => ({ model: 'scripted', input, ...more });
const count = async (body) => { const counted = await client.responses.inputTokens.count(body); checkSchema('TokenCountsResource', counted); return counted.input_tokens; };
const call = { type: 'function_call', call_id: 'call_1', name: 'weather', arguments: '{"city":"Paris"}' };
const history = [
  { role: 'user', content: 'What is the weather in Paris?' }, call, { type: 'function_call_output', call_id: 'call_1', output: 'sunny' },
  { role: 'assistant', content: `It is sunny. ${'More about the weather. '.repeat(250)}` },
  { role: 'user', content: 'Thank you.' },
];
const sealedError = (e) => { assert.deepEqual([e.status, e.code], [400, 'invalid_encrypted_content']); return true; };

test('counts what a request would read', async () => {
  const short = await count(ask('Hi'));
  assert.ok(short > 0);
  const made = await client.responses.create(ask('Hi'));
  assert.equal(made.usage.input_tokens, short);
  assert.ok(await count(ask('Hi', { instructions: 'Answer in one short sentence.' })) > short);
  assert.ok(await count(ask('Hi', { previous_response_id: made.id })) > short);
  const conversation = await client.conversations.create({ items: [{ role: 'user', content: 'Some earlier words.' }] });
  assert.ok(await count(ask('Hi', { conversation: conversation.id })) > short);
  assert.equal((await client.conversations.items.list(conversation.id)).data.length, 1);
  assert.equal(await count({ input: 'Hi' }), short);
  assert.ok(await count({ model: 'scripted', input: null, previous_response_id: made.id }) > short);
  assert.equal(await count(ask('Hi', { tools: null, text: null, reasoning: null, truncation: 'auto', tool_choice: null, personality: 'friendly', parallel_tool_calls: null })), short);
  const older = await (await server.post('/v1/responses/count_tokens', ask('Hi'))).json();
  assert.deepEqual(older, { object: 'response.input_tokens', input_tokens: short });
});

test('counting refuses what creating refuses', async () => {
  await assert.rejects(client.responses.inputTokens.count(ask('Hi', { previous_response_id: 'resp_none' })), (e) => e.code === 'previous_response_not_found');
  await assert.rejects(client.responses.inputTokens.count(ask('Hi', { conversation: 'conv_none' })), (e) => e.status === 404);
  await assert.rejects(client.responses.inputTokens.count({ model: 'scripted' }), (e) => e.status === 400);
  await assert.rejects(client.responses.inputTokens.count(ask('Hi', { nonsense: 1 })), (e) => e.code === 'unknown_parameter');
  await assert.rejects(client.responses.inputTokens.count(ask('Hi', { stream: true })), (e) => e.param === 'stream');
  await assert.rejects(client.responses.inputTokens.count({ model: 'nobody', input: 'x' }), (e) => e.status === 400 && /nobody/.test(e.message));
});

test('compact keeps the messages of the user and one item for the rest, which can be sent again', async () => {
  const compacted = await client.responses.compact(ask(history));
  checkSchema('CompactResource', compacted);
  assert.match(compacted.id, /^resp_/);
  assert.deepEqual(compacted.output.map((i) => i.type), ['message', 'message', 'compaction']);
  assert.deepEqual(compacted.output.slice(0, 2).map((i) => i.content[0].text), ['What is the weather in Paris?', 'Thank you.']);
  assert.ok(compacted.usage.output_tokens > 0);
  const sealed = compacted.output[2].encrypted_content;
  assert.ok(!Buffer.from(sealed, 'base64url').toString('latin1').includes('sunny'));

  const next = { role: 'user', content: 'And tomorrow?' };
  assert.ok(await count(ask([...compacted.output, next])) < await count(ask([...history, next])) / 2);
  const made = await client.responses.create(ask([...compacted.output, next]));
  assert.equal(made.output_text, 'Hello there, friend.');
  // The item alone will do; and a chain goes on from it.
  await client.responses.create(ask([compacted.output[2], next]));
  await client.responses.create(ask('More', { previous_response_id: made.id }));
  const again = await client.responses.compact(ask([...compacted.output, next]));
  assert.equal(again.output.at(-1).type, 'compaction');
});

test('compact takes what the description gives it', async () => {
  const more = { prompt_cache_key: 'k'.repeat(64), prompt_cache_retention: '24h', prompt_cache_options: { mode: 'implicit' }, service_tier: 'flex', instructions: 'x', previous_response_id: null };
  checkSchema('CompactResource', await client.responses.compact(ask(history, more)));
  const first = await client.responses.create(ask('Remember the number 7.'));
  await client.responses.compact({ model: 'scripted', input: null, previous_response_id: first.id });
  await assert.rejects(client.responses.compact(ask(history, { prompt_cache_key: 'k'.repeat(65) })), (e) => e.code === 'string_above_max_length' && e.param === 'prompt_cache_key');
  await assert.rejects(client.responses.compact({ input: 'x' }), (e) => e.code === 'missing_required_parameter' && e.param === 'model');
  await assert.rejects(client.responses.compact({ model: 'scripted' }), (e) => e.status === 400 && e.param === 'input');
});

test('compact reads a chain, and more than fits into the context', async () => {
  const first = await client.responses.create(ask('Remember the number 7.'));
  const compacted = await client.responses.compact({ model: 'scripted', previous_response_id: first.id });
  assert.deepEqual(compacted.output.map((i) => i.type), ['message', 'compaction']);
  const long = Array.from({ length: 60 }, (_, i) => ({ role: i % 2 ? 'assistant' : 'user', content: `Turn ${i}. ${'words and words '.repeat(60)}` }));
  await assert.rejects(client.responses.create(ask(long)), (e) => e.code === 'context_length_exceeded');
  assert.equal((await client.responses.compact(ask(long))).output.length, 31);
});

test('context_management compacts when a turn reads too much', async () => {
  const context_management = [{ type: 'compaction', compact_threshold: 1000 }];
  const first = await client.responses.create(ask(history));
  const plain = await count(ask('And now?', { previous_response_id: first.id }));
  assert.ok(plain > 1000, `${plain} tokens`);
  const body = ask('And now?', { previous_response_id: first.id, context_management });
  const second = await client.responses.create(body);
  checkSchema('Response', second);
  assert.deepEqual(second.output.map((i) => i.type), ['compaction', 'message']);
  assert.ok(second.usage.input_tokens > plain, 'what the summary took is counted');
  const kept = await client.responses.retrieve(second.id);
  assert.deepEqual(kept.output.map((i) => i.type), ['compaction', 'message']);
  assert.ok(await count(ask('And then?', { previous_response_id: second.id })) < plain / 2);
  const short = await client.responses.create(ask('Hi', { context_management }));
  assert.deepEqual(short.output.map((i) => i.type), ['message']);

  const events = parseSse(await (await server.post('/v1/responses', { ...body, stream: true })).text()).map((e) => JSON.parse(e.data));
  events.forEach((event, i) => { assert.equal(event.sequence_number, i); checkSchema('ResponseStreamEvent', event); });
  const compaction = events.filter((e) => e.item?.type === 'compaction');
  assert.deepEqual(compaction.map((e) => [e.type, e.output_index]), [['response.output_item.added', 0], ['response.output_item.done', 0]]);
  assert.deepEqual(events.at(-1).response.output.map((i) => i.type), ['compaction', 'message']);
});

test('a compaction_trigger compacts and says nothing', async () => {
  const trigger = { type: 'compaction_trigger' };
  const first = await client.responses.create(ask(history));
  const compacted = await client.responses.create(ask([trigger], { previous_response_id: first.id }));
  checkSchema('Response', compacted);
  assert.equal(compacted.status, 'completed');
  assert.deepEqual(compacted.output.map((i) => i.type), ['compaction']);
  assert.ok(compacted.usage.output_tokens > 0);
  const listed = await client.responses.inputItems.list(compacted.id);
  assert.ok(listed.data.every((i) => i.type !== 'compaction_trigger'));
  const next = await client.responses.create(ask('And now?', { previous_response_id: compacted.id }));
  assert.equal(next.output_text, 'Hello there, friend.');
  assert.ok(next.usage.input_tokens < first.usage.input_tokens / 2);

  const events = parseSse(await (await server.post('/v1/responses', ask([...history, trigger], { stream: true, store: false }))).text()).map((e) => JSON.parse(e.data));
  assert.deepEqual(events.map((e) => e.type), ['response.created', 'response.in_progress', 'response.output_item.added', 'response.output_item.done', 'response.completed']);
  events.forEach((event) => checkSchema('ResponseStreamEvent', event));

  const begun = await client.responses.create(ask([...history, trigger], { background: true }));
  let done = begun;
  while (['queued', 'in_progress'].includes(done.status)) done = await client.responses.retrieve(begun.id);
  assert.deepEqual(done.output.map((i) => i.type), ['compaction']);
  await assert.rejects(client.responses.create(ask([trigger, { role: 'user', content: 'x' }])), (e) => e.status === 400 && e.param === 'input[0]');
});

test('thoughts are sealed for clients that keep them, and read again', async () => {
  const include = ['reasoning.encrypted_content'];
  const made = await client.responses.create(ask('think', { store: false, include }));
  const thought = made.output.find((i) => i.type === 'reasoning');
  assert.ok(thought.encrypted_content);
  assert.ok(!Buffer.from(thought.encrypted_content, 'base64url').toString('latin1').includes('secret'));
  const again = await client.responses.create(ask([{ role: 'user', content: 'think' }, ...made.output, { role: 'user', content: 'Go on.' }], { store: false, include }));
  assert.equal(again.status, 'completed');
  const without = await client.responses.create(ask('think', { store: false }));
  assert.ok(!('encrypted_content' in without.output[0]) || without.output[0].encrypted_content === null);

  const damaged = made.output.map((i) => (i === thought ? { ...i, encrypted_content: `${i.encrypted_content.slice(0, -6)}AAAAAA` } : i));
  await assert.rejects(client.responses.create(ask([{ role: 'user', content: 'think' }, ...damaged, { role: 'user', content: 'x' }])), (e) => sealedError(e) && e.message.includes(`for item ${thought.id} could not be verified`));
  await assert.rejects(client.responses.create(ask([{ type: 'compaction', encrypted_content: 'gAAAAABnonsense' }, { role: 'user', content: 'x' }])), sealedError);
});

test("another project's key opens nothing", async () => {
  const { output } = await client.responses.compact(ask(history));
  const secret = await new Promise((resolve) => {
    const child = spawn(program, ['keys', 'create', '--project', 'other', '--data', server.directory]);
    let text = '';
    child.stdout.on('data', (chunk) => { text += chunk; });
    child.once('exit', () => resolve(text.trim()));
  });
  const other = new OpenAI({ baseURL: `${server.url}/v1`, apiKey: secret, maxRetries: 0 });
  await assert.rejects(other.responses.create(ask([output.at(-1), { role: 'user', content: 'x' }])), sealedError);
});

test('the key is kept beside the data, for its owner only, and survives a restart', async () => {
  const first = await startServer({ script });
  const { output } = await first.client.responses.compact(ask(history));
  const path = join(first.directory, 'sealing.key');
  assert.ok(existsSync(path));
  assert.equal(statSync(path).mode & 0o777, 0o600);
  assert.equal(readFileSync(path).length, 32);
  await first.kill();
  const second = await startServer({ script, data: first.directory });
  assert.equal((await second.client.responses.create(ask([...output, { role: 'user', content: 'x' }]))).status, 'completed');
  await second.stop();
});
