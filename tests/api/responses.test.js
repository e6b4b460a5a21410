// POST /v1/responses through the official SDK, with a scripted model; every body and event checked against the description.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { zodResponsesFunction, zodTextFormat } from 'openai/helpers/zod';
import { z } from 'zod';
import { parseSse, scripted, startServer } from './harness.js';
import { checkSchema } from './spec.js';

let server, client;
const script = scripted([
  { when: { user: 'weather', after_tool: false }, steps: [
    { text: 'Let me look.' },
    { tool_call: { name: 'get_weather', arguments: '{"city":"Paris"}' } },
    { tool_call: { name: 'get_weather', arguments: '{"city":"Rome"}' } }] },
  { when: { after_tool: true }, steps: [{ words: 'It is sunny.' }] },
  { when: { user: 'think' }, steps: [{ reasoning: 'Let me ' }, { reasoning: 'see.' }, { text: 'Done.' }] },
  { when: { user: 'refuse' }, steps: [{ refusal: 'I cannot ' }, { refusal: 'do that.' }] },
  { when: { user: 'patch' }, steps: [{ tool_call: { name: 'apply_patch', arguments: '*** Begin Patch', custom: true } }] },
  { when: { user: 'namespaced' }, steps: [{ tool_call: { name: 'crm__lookup', arguments: '{}' } }] },
  { when: { user: 'silent' }, steps: [] },
  { when: { user: 'break' }, steps: [{ text: 'a' }, { fail: { message: 'broken' } }] },
  { when: { user: 'busy' }, steps: [{ fail: { code: 'overloaded', message: 'busy' } }] },
  { when: { user: 'filtered' }, steps: [{ text: 'a' }, { finish: 'content_filter' }] },
  { when: { user: 'long' }, steps: [{ text: 'word ', repeat: 50 }] },
  { when: { user: 'slow' }, steps: [{ text: 'x', delay_ms: 20, repeat: 400 }] },
  { when: { user: 'json' }, steps: [{ text: '{"name":"Ada","age":36}' }] },
  { when: { user: 'second' }, steps: [{ words: 'The second answer.' }] },
  { steps: [{ words: 'Hello there, friend.' }] },
], { context_tokens: 1000 });

before(async () => { server = await startServer({ script }); client = server.client; });
after(() => server.stop());

const ask = (input, more = {}) => ({ model: 'scripted', input, ...more });
const weather = { type: 'function', name: 'get_weather', strict: false, description: null,
  parameters: { type: 'object', properties: { city: { type: 'string' } } } };

// The events of a raw stream, each checked: gapless numbers, names that match, shapes of the description.
async function eventsOf(body) {
  const response = await server.post('/v1/responses', { stream: true, ...body });
  assert.equal(response.status, 200, await (response.ok ? '' : response.text()));
  assert.match(response.headers.get('content-type'), /^text\/event-stream/);
  const events = parseSse(await response.text());
  events.forEach((event, i) => {
    event.json = JSON.parse(event.data);
    assert.equal(event.event, event.json.type);
    assert.equal(event.json.sequence_number, i);
    if (event.event !== 'error') checkSchema('ResponseStreamEvent', event.json);
  });
  return events.map((e) => e.json);
}
const typesOf = (events) => events.map((e) => e.type.replace('response.', ''));

async function refused(body, status, part, param, code) {
  const response = await server.post('/v1/responses', body);
  const { error } = await response.json();
  assert.equal(response.status, status, JSON.stringify(error));
  assert.ok(error.message.includes(part), error.message);
  if (param !== undefined) assert.equal(error.param, param);
  if (code !== undefined) assert.equal(error.code, code);
}

test('answers a text, stores it, shows it again, deletes it', async () => {
  const response = await client.responses.create(ask('hi', { metadata: { topic: 'x' }, instructions: 'Be kind.', user: 'u1' }));
  checkSchema('Response', { ...response, output_text: undefined });
  assert.equal(response.output_text, 'Hello there, friend.');
  assert.equal(response.status, 'completed');
  assert.match(response.id, /^resp_[0-9a-f]{50}$/);
  assert.match(response.output[0].id, /^msg_[0-9a-f]{50}$/);
  assert.equal(response.id.slice(5, 21), response.output[0].id.slice(4, 20));
  assert.deepEqual(response.metadata, { topic: 'x' });
  assert.equal(response.instructions, 'Be kind.');
  assert.equal(response.user, 'u1');
  assert.deepEqual([response.usage.input_tokens, response.usage.output_tokens], [5, 3]);
  assert.ok(response.completed_at >= response.created_at);
  const got = await client.responses.retrieve(response.id);
  assert.deepEqual({ ...got, _request_id: 0 }, { ...response, _request_id: 0 });
  await client.responses.delete(response.id);
  await assert.rejects(client.responses.retrieve(response.id), (e) => e.status === 404 && e.message.includes(`Response with id '${response.id}' not found.`));
});

test('every key of the object, with its default', async () => {
  const response = await (await server.post('/v1/responses', ask('hi'))).json();
  const { id, created_at, completed_at, output, usage, ...rest } = response;
  assert.deepEqual(rest, {
    object: 'response', status: 'completed', background: false, error: null, frequency_penalty: 0, incomplete_details: null, instructions: null,
    max_output_tokens: null, max_tool_calls: null, model: 'scripted', moderation: null, parallel_tool_calls: true, presence_penalty: 0,
    previous_response_id: null, prompt_cache_key: null, prompt_cache_retention: null, reasoning: { effort: null, summary: null },
    safety_identifier: null, service_tier: 'default', store: true, temperature: 1, text: { format: { type: 'text' }, verbosity: 'medium' },
    tool_choice: 'auto', tools: [], top_logprobs: 0, top_p: 1, truncation: 'disabled', metadata: {},
  });
  assert.deepEqual(output[0].content, [{ type: 'output_text', annotations: [], logprobs: [], text: 'Hello there, friend.' }]);
});

test('store: false leaves nothing behind', async () => {
  const response = await client.responses.create(ask('hi', { store: false }));
  await assert.rejects(client.responses.retrieve(response.id), (e) => e.status === 404);
  await assert.rejects(client.responses.create(ask('x', { previous_response_id: response.id })), (e) => e.code === 'previous_response_not_found');
});

test('text streams in the exact order', async () => {
  const events = await eventsOf(ask('hi'));
  assert.deepEqual(typesOf(events), ['created', 'in_progress', 'output_item.added', 'content_part.added', 'output_text.delta', 'output_text.delta',
    'output_text.delta', 'output_text.done', 'content_part.done', 'output_item.done', 'completed']);
  assert.ok(events.filter((e) => e.type.endsWith('.delta')).every((e) => e.obfuscation));
  assert.equal(events[0].response.status, 'in_progress');
  assert.deepEqual(events[0].response.output, []);
  assert.deepEqual(events[2].item.content, []);
  const final = events.at(-1).response;
  assert.deepEqual(final.output[0], events.at(-2).item);
  const stored = await (await server.fetch(`/v1/responses/${final.id}`)).json();
  assert.deepEqual(stored, final);
});

test('obfuscation can be turned off', async () => {
  const events = await eventsOf(ask('hi', { stream_options: { include_obfuscation: false } }));
  assert.ok(events.every((e) => !('obfuscation' in e)));
});

test('a refusal, and silence', async () => {
  assert.deepEqual(typesOf(await eventsOf(ask('refuse'))).slice(3, -2), ['content_part.added', 'refusal.delta', 'refusal.delta', 'refusal.done', 'content_part.done']);
  const silent = await eventsOf(ask('silent'));
  assert.deepEqual(typesOf(silent).slice(2, -1), ['output_item.added', 'content_part.added', 'output_text.done', 'content_part.done', 'output_item.done']);
});

test('reasoning as text, and as a summary when one is asked for', async () => {
  const events = await eventsOf(ask('think'));
  assert.deepEqual(typesOf(events).slice(2, 9), ['output_item.added', 'content_part.added', 'reasoning_text.delta', 'reasoning_text.delta',
    'reasoning_text.done', 'content_part.done', 'output_item.done']);
  assert.equal(events.at(-1).response.output[0].content[0].text, 'Let me see.');
  assert.equal(events.at(-1).response.usage.output_tokens_details.reasoning_tokens, 2);

  const summary = await eventsOf(ask('think', { reasoning: { effort: 'low', summary: 'auto' } }));
  assert.deepEqual(typesOf(summary).slice(2, 9), ['output_item.added', 'reasoning_summary_part.added', 'reasoning_summary_text.delta',
    'reasoning_summary_text.delta', 'reasoning_summary_text.done', 'reasoning_summary_part.done', 'output_item.done']);
  assert.deepEqual(summary.at(-1).response.output[0].summary, [{ type: 'summary_text', text: 'Let me see.' }]);
  assert.deepEqual(summary.at(-1).response.reasoning, { effort: 'low', summary: 'auto' });
});

test('function calls stream after the text, and their outputs go back', async () => {
  const events = await eventsOf(ask('weather?', { tools: [weather] }));
  assert.deepEqual(typesOf(events).filter((t) => /call|item/.test(t)), ['output_item.added', 'output_item.done',
    ...Array(2).fill(['output_item.added', 'function_call_arguments.delta', 'function_call_arguments.delta', 'function_call_arguments.done', 'output_item.done']).flat()]);
  const final = events.at(-1).response;
  assert.deepEqual(final.output.map((i) => i.type), ['message', 'function_call', 'function_call']);
  assert.deepEqual(final.tools[0], weather);
  const calls = final.output.slice(1);
  const next = await client.responses.create(ask(calls.map((c) => ({ type: 'function_call_output', call_id: c.call_id, output: 'sunny' })),
    { previous_response_id: final.id, tools: [weather] }));
  assert.equal(next.output_text, 'It is sunny.');
  await refused(ask([{ type: 'function_call_output', call_id: calls[0].call_id, output: 'x' }], { previous_response_id: final.id }), 400,
    `No tool output found for function call ${calls[1].call_id}.`, 'input', null);
  await refused(ask([{ type: 'function_call_output', call_id: 'call_x', output: 'x' }]), 400, 'No tool call found for function call output with call_id call_x.', 'input');
});

test('custom tools and namespaces', async () => {
  const custom = await eventsOf(ask('patch', { tools: [{ type: 'custom', name: 'apply_patch' }] }));
  assert.deepEqual(typesOf(custom).slice(2, -1), ['output_item.added', 'custom_tool_call_input.delta', 'custom_tool_call_input.delta', 'custom_tool_call_input.done', 'output_item.done']);
  assert.equal(custom.at(-1).response.output[0].input, '*** Begin Patch');
  const { tools: [tool] } = custom.at(-1).response;
  assert.deepEqual(tool, { type: 'custom', name: 'apply_patch', format: { type: 'text' } });

  const space = { type: 'namespace', name: 'crm', description: 'd', tools: [{ type: 'function', name: 'lookup', parameters: {} }] };
  const response = await client.responses.create(ask('namespaced', { tools: [space] }));
  assert.equal(response.output[0].name, 'lookup');
  assert.equal(response.output[0].namespace, 'crm');
});

test('a function is strict unless it cannot be', async () => {
  const tool = (parameters, more = {}) => ({ type: 'function', name: 'f', parameters, ...more });
  const shown = async (given) => (await client.responses.create(ask('hi', { tools: [given] }))).tools[0];
  const city = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] };
  const closed = { ...city, additionalProperties: false };
  assert.deepEqual(await shown(tool(city)), { type: 'function', name: 'f', description: null, parameters: closed, strict: true });
  assert.deepEqual((await shown(tool(closed))).strict, true);
  assert.equal((await shown(tool(city, { strict: null }))).strict, true);
  assert.deepEqual(await shown(tool(city, { strict: false })), { type: 'function', name: 'f', description: null, parameters: city, strict: false });
  // Optional properties and free objects stay what they are.
  const optional = { type: 'object', properties: { city: { type: 'string' }, day: { type: 'string' } }, required: ['city'] };
  for (const schema of [optional, { type: 'object' , additionalProperties: { type: 'string' } }, { type: 'object', properties: { when: { type: 'string', format: 'uri' } }, required: ['when'] }, {}]) {
    const { parameters, strict } = await shown(tool(schema));
    assert.deepEqual({ parameters, strict }, { parameters: schema, strict: false });
  }
});

test('tools that come with an item', async () => {
  const item = { type: 'additional_tools', role: 'developer', tools: [weather] };
  const events = await eventsOf(ask([item, { role: 'user', content: 'weather?' }], { tool_choice: { type: 'function', name: 'get_weather' } }));
  assert.equal(events.at(-1).response.output[1].name, 'get_weather');
  assert.deepEqual(events.at(-1).response.tools, []);
  await refused(ask([{ ...item, tools: [{ type: 'function' }] }, { role: 'user', content: 'x' }]), 400, "'input[0].tools[0].name'", 'input[0].tools[0].name');
});

test('hosted tools break only what forces them', async () => {
  const tools = [{ type: 'web_search' }, { type: 'from_the_future', x: 1 }];
  assert.equal((await client.responses.create(ask('hi', { tools }))).output_text, 'Hello there, friend.');
  await refused(ask('hi', { tools, tool_choice: { type: 'web_search' } }), 400, "'web_search' are not served here", 'tool_choice');
  await refused(ask('hi', { tools, tool_choice: 'required' }), 400, 'cannot require', 'tool_choice');
  await refused(ask('hi', { tool_choice: { type: 'function', name: 'f' } }), 400, "Tool choice 'f' not found in 'tools' parameter.", 'tool_choice', null);
  await refused(ask('hi', { tools: [weather], tool_choice: { type: 'function' } }), 400, "'tool_choice.name'", 'tool_choice.name', 'missing_required_parameter');
  const allowed = { type: 'allowed_tools', mode: 'auto', tools: [{ type: 'function', name: 'get_weather' }] };
  const response = await client.responses.create(ask('hi', { tools: [weather], tool_choice: allowed }));
  assert.deepEqual(response.tool_choice, allowed);
});

test('max_output_tokens ends it as incomplete', async () => {
  const events = await eventsOf(ask('long', { max_output_tokens: 16 }));
  const final = events.at(-1);
  assert.equal(final.type, 'response.incomplete');
  assert.deepEqual(final.response.incomplete_details, { reason: 'max_output_tokens' });
  assert.equal(final.response.completed_at, null);
  assert.equal(final.response.output[0].status, 'incomplete');
  assert.equal((await client.responses.create(ask('filtered'))).incomplete_details.reason, 'content_filter');
  await refused(ask('x', { max_output_tokens: 15 }), 400, 'Expected a value >= 16, but got 15 instead.', 'max_output_tokens', 'integer_below_min_value');
});

test('failures: before the first word a status, later error and response.failed', async () => {
  await refused(ask('busy', { stream: true }), 503, 'busy');
  await refused({ model: 'nobody', input: 'x' }, 400, "The requested model 'nobody' does not exist.", 'model', 'model_not_found');
  await refused(ask('word '.repeat(1100)), 400, 'exceeds the context window', 'input', 'context_length_exceeded');
  const events = await eventsOf(ask('break'));
  assert.deepEqual(typesOf(events).slice(-2), ['error', 'failed']);
  assert.equal(events.at(-2).error.message, events.at(-2).message);
  assert.equal(events.at(-1).response.status, 'failed');
  assert.equal(events.at(-1).response.error.code, 'server_error');
});

test('log probabilities when included', async () => {
  const include = ['message.output_text.logprobs'];
  const events = await eventsOf(ask('hi', { include, top_logprobs: 2 }));
  assert.equal(events.find((e) => e.type.endsWith('text.delta')).logprobs[0].top_logprobs.length, 2);
  const final = events.at(-1).response;
  assert.equal(final.output[0].content[0].logprobs.length, 3);
  const plain = await client.responses.retrieve(final.id);
  assert.deepEqual(plain.output[0].content[0].logprobs, []);
  const again = await client.responses.retrieve(final.id, { include });
  assert.equal(again.output[0].content[0].logprobs.length, 3);
});

test('previous_response_id carries the context, not the instructions', async () => {
  const first = await client.responses.create(ask('one two', { instructions: 'a b c' }));
  assert.equal(first.usage.input_tokens, 7);
  const second = await client.responses.create(ask('second', { previous_response_id: first.id }));
  assert.equal(second.usage.input_tokens, 3 + 4 + 2);
  assert.equal(second.instructions, null);
  const page = await client.responses.inputItems.list(second.id);
  checkSchema('ResponseItemList', { object: 'list', data: page.data, has_more: page.has_more, first_id: page.data[0].id, last_id: page.data.at(-1).id });
  assert.deepEqual(page.data.map((i) => i.content[0].text), ['second', 'Hello there, friend.', 'one two']);
  const asc = await client.responses.inputItems.list(second.id, { order: 'asc', limit: 2 });
  assert.deepEqual(asc.data.map((i) => i.content[0].text), ['one two', 'Hello there, friend.']);
  assert.equal(asc.has_more, true);
  const rest = await client.responses.inputItems.list(second.id, { order: 'asc', after: asc.data[1].id });
  assert.deepEqual(rest.data.map((i) => i.content[0].text), ['second']);
  await refused(ask([page.data[2]], { previous_response_id: second.id }), 400, 'Duplicate item found with id', 'input');
  await client.responses.delete(first.id);
  await refused(ask('x', { previous_response_id: second.id }), 400, `Previous response with id '${first.id}' not found.`, 'previous_response_id', 'previous_response_not_found');
});

test('item references, and echoing the output as input', async () => {
  const first = await client.responses.create(ask('think'));
  const second = await client.responses.create(ask([{ type: 'item_reference', id: first.output[1].id }, { role: 'user', content: 'second' }]));
  assert.equal(second.output_text, 'The second answer.');
  const third = await client.responses.create(ask([...first.output, { role: 'user', content: 'second' }], { store: false }));
  assert.equal(third.output_text, 'The second answer.');
  await refused(ask([{ id: 'rs_unknown', type: 'item_reference' }], { store: false }), 404, "Item with id 'rs_unknown' not found. Items are not persisted", 'input', null);
});

test('parse with zod: text and tools', async () => {
  const Person = z.object({ name: z.string(), age: z.number() });
  const response = await client.responses.parse(ask('json', { text: { format: zodTextFormat(Person, 'person') } }));
  assert.deepEqual(response.output_parsed, { name: 'Ada', age: 36 });
  const tool = zodResponsesFunction({ name: 'get_weather', parameters: z.object({ city: z.string() }) });
  const called = await client.responses.parse(ask('weather?', { tools: [tool] }));
  assert.deepEqual(called.output[1].parsed_arguments, { city: 'Paris' });
});

test('the stream helper puts everything together', async () => {
  for (const input of ['hi', 'think', 'weather?', 'patch', 'refuse', 'silent', 'long']) {
    const stream = client.responses.stream(ask(input, { tools: [weather, { type: 'custom', name: 'apply_patch' }] }));
    const kinds = new Set();
    stream.on('event', (e) => kinds.add(e.type));
    const final = await stream.finalResponse();
    assert.ok(kinds.has('response.completed'));
    const stored = await client.responses.retrieve(final.id);
    assert.deepEqual(stored.output.map((i) => i.id), final.output.map((i) => i.id));
  }
});

test('defects are reported as the real API does', async () => {
  await refused({ input: 'x' }, 400, "Missing required parameter: 'model'.", 'model', 'missing_required_parameter');
  await refused({ model: null, input: 'x' }, 400, 'but got an object instead', 'model', 'invalid_type');
  await refused({ model: 'scripted' }, 400, "Missing required parameter: 'input'.", 'input');
  await refused(ask(''), 400, 'One of "input" or "previous_response_id"', null, 'missing_required_parameter');
  await refused(ask(null), 400, "Invalid type for 'input': expected a string, but got an object instead.", 'input');
  await refused(ask(5), 400, 'one of a string or array of input items', 'input', 'invalid_type');
  await refused({ model: 'scripted', messages: [], input: 'x' }, 400, "this parameter has moved to 'input'", null, 'unsupported_parameter');
  await refused(ask('x', { stop: 'y' }), 400, "Unknown parameter: 'stop'. Did you mean 'store'?", 'stop', 'unknown_parameter');
  await refused(ask('x', { max_tokens: 5 }), 400, "Unknown parameter: 'max_tokens'.", 'max_tokens');
  await refused(ask('x', { include: 'y' }), 400, "'fil...lts'", 'include', 'invalid_type');
  await refused(ask('x', { include: ['y'] }), 400, 'Supported values are', 'include[0]', 'invalid_value');
  await refused(ask('x', { tools: {} }), 400, 'an array of tools', 'tools', 'invalid_type');
  await refused(ask('x', { tools: [{ type: 'function', function: { name: 'f' } }] }), 400, "'tools[0].name'", 'tools[0].name', 'missing_required_parameter');
  await refused(ask('x', { tools: [{ name: 'f' }] }), 400, "'tools[0].type'", 'tools[0].type');
  await refused(ask('x', { tools: [{ ...weather, bogus: 1 }] }), 400, "Unknown parameter: 'tools[0].bogus'.", 'tools[0].bogus');
  await refused(ask('x', { tool_choice: 5 }), 400, "one of an object or 'none', 'auto', or 'required'", 'tool_choice');
  await refused(ask('x', { temperature: 'hot' }), 400, 'expected a decimal', 'temperature', 'invalid_type');
  await refused(ask('x', { metadata: 5 }), 400, 'a metadata object', 'metadata');
  await refused(ask('x', { truncation: 5 }), 400, "one of 'auto' or 'disabled'", 'truncation');
  await refused(ask('x', { service_tier: 'gold' }), 400, "'auto', 'default', 'fast', 'flex', and 'priority'", 'service_tier');
  await refused(ask('x', { reasoning: { effort: 'huge' } }), 400, "'none', 'minimal', 'low', 'medium', 'high', 'xhigh', and 'max'", 'reasoning.effort');
  await refused(ask('x', { reasoning: { effort: 5 } }), 400, "one of 'minimal', 'low', 'medium', or 'high', but got an integer", 'reasoning.effort');
  await refused(ask('x', { reasoning: { summary: 'x' } }), 400, "'concise', 'detailed', and 'auto'", 'reasoning.summary');
  await refused(ask('x', { text: { format: { type: 'json_schema', schema: {} } } }), 400, "'text.format.name'", 'text.format.name');
  await refused(ask('x', { text: { format: { type: 'json_object' } } }), 400, "must contain the word 'json'", 'input', null);
  await refused(ask('x', { stream: true, stream_options: { include_usage: true } }), 400, 'stream_options.include_usage', 'stream_options.include_usage', 'unknown_parameter');
  await refused(ask('x', { previous_response_id: 'resp_x' }), 400, "Previous response with id 'resp_x' not found.", 'previous_response_id', 'previous_response_not_found');
  await refused(ask('x', { previous_response_id: 'gen-1' }), 400, "Expected an ID that begins with 'resp'.", 'previous_response_id');
  await refused(ask('x', { previous_response_id: 'resp_x', conversation: 'conv_x' }), 400, "'pre..._id' or 'conversation'", null, 'mutually_exclusive_parameters');
  await refused(ask('x', { conversation: 'conv_x' }), 404, "Conversation with id 'conv_x' not found.", null, null);
  await refused(ask('x', { prompt: { id: 'pmpt_x' } }), 404, "Prompt with id 'pmpt_x' not found.", null, null);
  const response = await client.responses.create(ask('hi', { client_metadata: { a: 1 }, temperature: null, tools: null, metadata: null, service_tier: 'fast' }));
  assert.equal(response.service_tier, 'priority');
});

test('limits at their edge', async () => {
  const named = (n) => ({ tools: [{ ...weather, name: 'f'.repeat(n) }] });
  const threshold = (n) => ({ context_management: [{ type: 'compaction', compact_threshold: n }] });
  for (const more of [{ safety_identifier: 's'.repeat(64) }, named(128), { top_logprobs: 20 }, { max_output_tokens: 16 }]) {
    assert.equal((await client.responses.create(ask('silent', more))).status, 'completed');
  }
  await refused(ask('x', { safety_identifier: 's'.repeat(65) }), 400, 'maximum length 64', 'safety_identifier', 'string_above_max_length');
  await refused(ask('x', named(129)), 400, 'maximum length 128', 'tools[0].name', 'string_above_max_length');
  await refused(ask('x', { top_logprobs: 21 }), 400, 'Expected a value <= 20', 'top_logprobs');
  await refused(ask('x', { context_management: [] }), 400, 'empty array', 'context_management', 'empty_array');
  await refused(ask('x', threshold(999)), 400, 'Expected a value >= 1000', 'context_management[0].compact_threshold');
  assert.equal((await client.responses.create(ask('silent', threshold(1000)))).status, 'completed');
});

test('a client that leaves stores nothing and stops the model', async () => {
  const controller = new AbortController();
  const stream = await client.responses.create(ask('slow', { stream: true }), { signal: controller.signal });
  let id;
  for await (const event of stream) {
    id ??= event.response?.id;
    if (event.type === 'response.output_text.delta') break;
  }
  controller.abort();
  assert.equal((await server.fetch(`/v1/responses/${id}`)).status, 404);
});
