// POST /v1/chat/completions through the official SDK, with a scripted model.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import OpenAI from 'openai';
import { makePdf } from './documents.js';
import { key, parseSse, scripted, startServer } from './harness.js';
import { checkSchema } from './spec.js';

let server, client;
const script = scripted([
  { when: { user: 'weather', after_tool: false }, steps: [
    { tool_call: { name: 'get_weather', arguments: '{"city":"Paris"}' } },
    { tool_call: { name: 'get_weather', arguments: '{"city":"Rome"}' } }] },
  { when: { after_tool: true }, steps: [{ words: 'It is sunny.' }] },
  { when: { user: 'think' }, steps: [{ reasoning: 'Let me see.' }, { text: 'Done.' }] },
  { when: { user: 'refuse' }, steps: [{ refusal: 'I cannot do that.' }] },
  { when: { user: 'break' }, steps: [{ text: 'a' }, { fail: { message: 'broken' } }] },
  { when: { user: 'busy' }, steps: [{ fail: { code: 'overloaded', message: 'busy' } }] },
  { when: { user: 'slow' }, steps: [{ text: 'x', delay_ms: 50, repeat: 200 }] },
  { when: { user: 'long' }, steps: [{ text: 'word ', repeat: 50 }] },
  { steps: [{ words: 'Hello there, friend.' }] },
], { context_tokens: 1000 });

before(async () => { server = await startServer({ script }); client = server.client; });
after(() => server.stop());

const ask = (content, more = {}) => ({ model: 'scripted', messages: [{ role: 'user', content }], ...more });
const tools = [{ type: 'function', function: { name: 'get_weather', parameters: { type: 'object', properties: { city: { type: 'string' } } } } }];

test('answers, with exact usage', async () => {
  const completion = await client.chat.completions.create(ask('hi'));
  checkSchema('CreateChatCompletionResponse', completion);
  assert.equal(completion.choices[0].message.content, 'Hello there, friend.');
  assert.equal(completion.choices[0].finish_reason, 'stop');
  assert.deepEqual([completion.usage.prompt_tokens, completion.usage.completion_tokens, completion.usage.total_tokens], [2, 3, 5]);
  assert.match(completion.id, /^chatcmpl-[A-Za-z0-9]{29}$/);
  assert.match(completion._request_id, /^req_[0-9a-f]{32}$/);
});

test('streams chunks that the SDK helper puts together', async () => {
  const stream = client.chat.completions.stream(ask('hi', { stream_options: { include_usage: true } }));
  const final = await stream.finalChatCompletion();
  assert.equal(final.choices[0].message.content, 'Hello there, friend.');
  assert.equal(final.usage.total_tokens, 5);
});

test('each chunk fits the description and the stream ends with [DONE]', async () => {
  const response = await server.post('/v1/chat/completions', ask('hi', { stream: true, stream_options: { include_usage: true } }));
  assert.match(response.headers.get('content-type'), /^text\/event-stream/);
  const events = parseSse(await response.text());
  assert.equal(events.pop().data, '[DONE]');
  const chunks = events.map((e) => JSON.parse(e.data));
  for (const chunk of chunks) {
    checkSchema('CreateChatCompletionStreamResponse', { ...chunk, usage: chunk.usage ?? undefined });
    assert.equal(chunk.id, chunks[0].id);
  }
  assert.deepEqual(chunks[0].choices[0].delta, { role: 'assistant', content: '', refusal: null });
  assert.deepEqual(chunks.at(-2).choices[0], { index: 0, delta: {}, logprobs: null, finish_reason: 'stop' });
  assert.deepEqual(chunks.at(-1).choices, []);
  assert.equal(chunks[0].usage, null);
  assert.ok(chunks[0].obfuscation);
});

test('usage and obfuscation are left out when not wanted', async () => {
  const response = await server.post('/v1/chat/completions', ask('hi', { stream: true, stream_options: { include_obfuscation: false } }));
  for (const event of parseSse(await response.text()).slice(0, -1)) {
    const chunk = JSON.parse(event.data);
    assert.ok(!('usage' in chunk) && !('obfuscation' in chunk));
  }
});

test('several choices', async () => {
  const completion = await client.chat.completions.create(ask('hi', { n: 3 }));
  assert.deepEqual(completion.choices.map((c) => c.index), [0, 1, 2]);
  assert.equal(completion.usage.completion_tokens, 9);
});

test('tool calls, plain and streamed, and the round after them', async () => {
  const completion = await client.chat.completions.create(ask('weather?', { tools }));
  checkSchema('CreateChatCompletionResponse', completion);
  const { message, finish_reason } = completion.choices[0];
  assert.equal(finish_reason, 'tool_calls');
  assert.equal(message.content, null);
  assert.deepEqual(message.tool_calls.map((c) => JSON.parse(c.function.arguments).city), ['Paris', 'Rome']);

  const streamed = await client.chat.completions.stream(ask('weather?', { tools })).finalChatCompletion();
  assert.deepEqual(streamed.choices[0].message.tool_calls.map((c) => c.function.arguments), ['{"city":"Paris"}', '{"city":"Rome"}']);

  const after = await client.chat.completions.create({ model: 'scripted', tools, messages: [
    { role: 'user', content: 'weather?' }, message,
    ...message.tool_calls.map((c) => ({ role: 'tool', tool_call_id: c.id, content: 'sun' }))] });
  assert.equal(after.choices[0].message.content, 'It is sunny.');
});

test('parallel_tool_calls: false gives one call', async () => {
  const completion = await client.chat.completions.create(ask('weather?', { tools, parallel_tool_calls: false }));
  assert.equal(completion.choices[0].message.tool_calls.length, 1);
});

test('the SDK tool runner works unmodified', async () => {
  const runner = client.chat.completions.runTools(ask('weather?', { tools: [{ type: 'function', function: {
    name: 'get_weather', function: async ({ city }) => `sun in ${city}`, parse: JSON.parse,
    parameters: { type: 'object', properties: { city: { type: 'string' } } } } }] }));
  assert.equal(await runner.finalContent(), 'It is sunny.');
});

test('reasoning and refusals have fields of their own', async () => {
  const thought = await client.chat.completions.create(ask('think'));
  assert.equal(thought.choices[0].message.reasoning_content, 'Let me see.');
  assert.equal(thought.choices[0].message.content, 'Done.');
  assert.ok(thought.usage.completion_tokens_details.reasoning_tokens > 0);
  const refused = await client.chat.completions.create(ask('refuse'));
  assert.equal(refused.choices[0].message.refusal, 'I cannot do that.');
  assert.equal(refused.choices[0].message.content, null);
});

test('limits and stop strings end the text', async () => {
  const short = await client.chat.completions.create(ask('long', { max_completion_tokens: 3 }));
  assert.equal(short.choices[0].finish_reason, 'length');
  assert.equal(short.choices[0].message.content, 'word word word ');
  const stopped = await client.chat.completions.create(ask('hi', { stop: ['there'] }));
  assert.equal(stopped.choices[0].message.content, 'Hello ');
});

test('log probabilities', async () => {
  const completion = await client.chat.completions.create(ask('hi', { logprobs: true, top_logprobs: 2 }));
  checkSchema('CreateChatCompletionResponse', completion);
  const { content } = completion.choices[0].logprobs;
  assert.equal(content.map((t) => t.token).join(''), 'Hello there, friend.');
  assert.equal(content[0].top_logprobs.length, 2);
});

test('a failure in a stream arrives as an error event', async () => {
  await assert.rejects(async () => {
    const stream = await client.chat.completions.create(ask('break', { stream: true }));
    for await (const chunk of stream) assert.ok(chunk);
  }, OpenAI.APIError);
});

test('overload is 503 with Retry-After', async () => {
  const response = await server.post('/v1/chat/completions', ask('busy'));
  assert.equal(response.status, 503);
  assert.ok(Number(response.headers.get('retry-after')) >= 1);
});

test('a client that leaves stops the work', async () => {
  const stream = await client.chat.completions.create(ask('slow', { stream: true }));
  for await (const chunk of stream) { assert.ok(chunk); break; }
  const health = await fetch(`${server.url}/healthz`);
  assert.equal(health.status, 200);
});

// field, what is sent, and the message and code that the real API answers with
const refusals = [
  [{ messages: [{ role: 'user', content: 'x' }] }, 'you must provide a model parameter', null],
  [{ model: 'scripted' }, "Missing required parameter: 'messages'.", 'missing_required_parameter'],
  [{ ...ask('x'), messages: [] }, "Invalid 'messages': empty array. Expected an array with minimum length 1, but got an empty array instead.", 'empty_array'],
  [{ ...ask('x'), temperature: 3 }, "Invalid 'temperature': decimal above maximum value. Expected a value <= 2, but got 3 instead.", 'decimal_above_max_value'],
  [{ ...ask('x'), n: 0 }, "Invalid 'n': integer below minimum value. Expected a value >= 1, but got 0 instead.", 'integer_below_min_value'],
  [{ ...ask('x'), n: 129 }, "Invalid 'n': integer above maximum value. Expected a value <= 128, but got 129 instead.", 'integer_above_max_value'],
  [{ ...ask('x'), bogus: 1 }, "Unknown parameter: 'bogus'.", 'unknown_parameter'],
  [{ ...ask('x'), messages: [{ role: 'bogus', content: 'x' }] }, "Invalid value: 'bogus'. Supported values are: 'system', 'assistant', 'user', 'function', 'tool', and 'developer'.", 'invalid_value'],
  [{ ...ask('x'), messages: [{ role: 'user', content: 5 }] }, "Invalid type for 'messages[0].content': expected one of a string or array of objects, but got an integer instead.", 'invalid_type'],
  [{ ...ask('x'), messages: [{ role: 'user' }] }, "Invalid value for 'content': expected a string, got null.", null],
  [{ ...ask('x'), top_logprobs: 2 }, "The 'top_logprobs' parameter is only allowed when 'logprobs' is enabled.", null],
  [{ ...ask('x'), stream_options: {} }, "The 'stream_options' parameter is only allowed when 'stream' is enabled.", null],
  [{ ...ask('x'), tool_choice: 'auto' }, "Invalid value for 'tool_choice': 'tool_choice' is only allowed when 'tools' are specified.", null],
  [{ ...ask('x'), response_format: { type: 'json_object' } }, "'messages' must contain the word 'json' in some form, to use 'response_format' of type 'json_object'.", null],
  [{ ...ask('x'), messages: [{ role: 'tool', tool_call_id: 'a', content: 'x' }] }, "Invalid parameter: messages with role 'tool' must be a response to a preceeding message with 'tool_calls'.", null],
  [{ ...ask('x'), stop: ['a', 'b', 'c', 'd', 'e'] }, "Invalid 'stop': array too long. Expected an array with maximum length 4, but got an array with length 5 instead.", 'array_above_max_length'],
  [{ ...ask('x'), verbosity: 'low' }, "Unsupported value: 'low' is not supported with the 'scripted' model. Supported values are: 'medium'.", 'unsupported_value'],
  [{ ...ask('x'), max_tokens: 5, max_completion_tokens: 5 }, "Setting 'max_tokens' and 'max_completion_tokens' at the same time is not supported.", 'invalid_parameter_combination'],
];
for (const [body, message, code] of refusals) {
  test(`refuses: ${message.slice(0, 60)}`, async () => {
    const response = await server.post('/v1/chat/completions', body);
    assert.equal(response.status, 400);
    const { error } = await response.json();
    assert.deepEqual([error.message, error.code, error.type], [message, code, 'invalid_request_error']);
  });
}

test('files in a message are read: by id, as data', async () => {
  const words = 'one two three four five six seven eight nine ten';
  const plain = (await client.chat.completions.create(ask('hi'))).usage.prompt_tokens;
  const file = await client.files.create({ file: new File([words], 'a.txt'), purpose: 'user_data' });
  const data = `data:application/pdf;base64,${makePdf([words]).toString('base64')}`;
  for (const given of [{ file_id: file.id }, { file_data: data, filename: 'a.pdf' }]) {
    const made = await client.chat.completions.create(ask([{ type: 'text', text: 'hi' }, { type: 'file', file: given }]));
    assert.ok(made.usage.prompt_tokens >= plain + 10, JSON.stringify(made.usage));
  }
  const refused = (given, status, param) => assert.rejects(client.chat.completions.create(ask([{ type: 'file', file: given }])),
    (e) => { assert.deepEqual([e.status, e.param], [status, `messages[0].content[0].file${param}`]); return true; });
  await refused({ file_id: 'file-none' }, 404, '.file_id');
  await refused({ file_data: 'data:application/pdf;base64,AAAA' }, 400, '.file_data');
  await refused({}, 400, '.file_id');
  await refused(undefined, 400, '');
});

test('the deprecated functions', async () => {
  const functions = [{ name: 'get_weather', parameters: { type: 'object', properties: { city: { type: 'string' } } } }];
  const made = await client.chat.completions.create(ask('weather?', { functions, function_call: { name: 'get_weather' } }));
  assert.deepEqual(made.choices[0].message.function_call, { name: 'get_weather', arguments: '{"city":"Paris"}' });
  assert.equal(made.choices[0].finish_reason, 'function_call');
  const refused = (function_call, code, param) => assert.rejects(client.chat.completions.create(ask('x', { functions, function_call })), (e) => e.status === 400 && e.code === code && e.param === param);
  await refused('sometimes', 'invalid_value', 'function_call');
  await refused(5, 'invalid_type', 'function_call');
  await refused({}, 'missing_required_parameter', 'function_call.name');
  await assert.rejects(client.chat.completions.create(ask('x', { functions, function_call: { name: 'other' } })), /not found in 'tools'/);
});

test('an unknown model is 404 model_not_found', async () => {
  await assert.rejects(client.chat.completions.create({ ...ask('x'), model: 'nope' }), (error) => {
    assert.ok(error instanceof OpenAI.NotFoundError);
    assert.equal(error.code, 'model_not_found');
    return error.message.includes('The model `nope` does not exist or you do not have access to it.');
  });
});

test('a prompt beyond the context is context_length_exceeded', async () => {
  await assert.rejects(client.chat.completions.create(ask('word '.repeat(1200))), (error) => {
    assert.equal(error.code, 'context_length_exceeded');
    return error.message.includes("This model's maximum context length is 1000 tokens. However, your messages resulted in 1201 tokens.");
  });
});

test('malformed JSON is 400 with its position', async () => {
  const response = await server.post('/v1/chat/completions', '{"model": "scripted",\n "messages": [}');
  assert.equal(response.status, 400);
  assert.match((await response.json()).error.message, /^We could not parse the JSON body of your request.*line 2, column 15/);
});

test('keys: none, wrong, masked', async () => {
  const none = await fetch(`${server.url}/v1/models`);
  assert.equal(none.status, 401);
  assert.match((await none.json()).error.message, /^You didn't provide an API key/);
  const wrong = new OpenAI({ baseURL: `${server.url}/v1`, apiKey: 'sk-wrong-key-0123456789', maxRetries: 0 });
  await assert.rejects(wrong.models.list(), (error) => {
    assert.ok(error instanceof OpenAI.AuthenticationError);
    assert.equal(error.code, 'invalid_api_key');
    return error.message.includes('sk-wrong') && !error.message.includes('key-0123456789');
  });
});

test('unknown routes and wrong methods have error bodies', async () => {
  const unknown = await server.fetch('/v1/nope');
  assert.equal(unknown.status, 404);
  assert.equal((await unknown.json()).error.message, 'Invalid URL (GET /v1/nope)');
  const wrong = await server.fetch('/v1/chat/completions', { method: 'PUT' });
  assert.equal(wrong.status, 405);
  assert.ok(wrong.headers.get('allow').includes('POST'));
});

test('fifty streams at once lose nothing', async () => {
  const texts = await Promise.all(Array.from({ length: 50 }, async () => {
    const stream = await client.chat.completions.create(ask('long', { stream: true }));
    let text = '';
    for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? '';
    return text;
  }));
  assert.ok(texts.every((t) => t === 'word '.repeat(50)));
});
