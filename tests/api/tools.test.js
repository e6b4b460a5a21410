// Function calling with the built-in model, which has never learned it: whatever it writes, calls and arguments are valid,
// because nothing else can be written. Through the official SDK, its helpers unmodified.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import Ajv from 'ajv/dist/2020.js';
import OpenAI from 'openai';
import { zodFunction } from 'openai/helpers/zod';
import { z } from 'zod';
import { startServer } from './harness.js';
import { checkSchema } from './spec.js';

const model = 'parlance-mini';
let server, client;
before(async () => { server = await startServer(); client = server.client; });
after(() => server.stop());

const weather = { type: 'object', properties: { city: { type: 'string', pattern: '^[A-Z][a-z]{1,10}$' }, days: { type: 'integer', minimum: 1, maximum: 9 } },
  required: ['city', 'days'], additionalProperties: false };
const noArguments = { type: 'object', properties: {}, required: [], additionalProperties: false };
const fn = (name, parameters, strict = true) => ({ type: 'function', function: { name, strict, parameters } });
const tools = [fn('get_weather', weather), fn('now', noArguments)];
const ask = (more = {}) => ({ model, messages: [{ role: 'user', content: 'What is the weather in Paris?' }], tools, temperature: 1.2,
  max_completion_tokens: 300, ...more });
const isValid = new Ajv().compile(weather);

function checkCalls(message) {
  for (const call of message.tool_calls ?? []) {
    const value = JSON.parse(call.function.arguments);
    assert.ok(call.function.name === 'get_weather' ? isValid(value) : call.function.name === 'now' && Object.keys(value).length === 0,
      JSON.stringify(call));
  }
}

test('required: at least one valid call, nothing else', async () => {
  for (let seed = 0; seed < 5; seed += 1) {
    const completion = await client.chat.completions.create(ask({ seed, tool_choice: 'required' }));
    checkSchema('CreateChatCompletionResponse', completion);
    const [{ message, finish_reason }] = completion.choices;
    if (finish_reason === 'length') continue;
    assert.equal(finish_reason, 'tool_calls');
    assert.equal(message.content, null);
    assert.ok(message.tool_calls.length >= 1);
    checkCalls(message);
    assert.equal(new Set(message.tool_calls.map((c) => c.id)).size, message.tool_calls.length);
  }
});

test('a named function is the one that is called, once', async () => {
  const completion = await client.chat.completions.create(ask({ tool_choice: { type: 'function', function: { name: 'now' } } }));
  assert.deepEqual(completion.choices[0].message.tool_calls.map((c) => [c.function.name, c.function.arguments]), [['now', '{}']]);
  assert.equal(completion.choices[0].finish_reason, 'stop');
});

test('allowed_tools narrows what may be called', async () => {
  for (let seed = 0; seed < 4; seed += 1) {
    const completion = await client.chat.completions.create(ask({ seed, parallel_tool_calls: false, tool_choice: { type: 'allowed_tools',
      allowed_tools: { mode: 'required', tools: [{ type: 'function', function: { name: 'get_weather' } }] } } }));
    assert.deepEqual(completion.choices[0].message.tool_calls.map((c) => c.function.name), ['get_weather']);
    checkCalls(completion.choices[0].message);
  }
});

test('parallel_tool_calls: false means one call', async () => {
  for (let seed = 0; seed < 4; seed += 1) {
    const completion = await client.chat.completions.create(ask({ seed, tool_choice: 'required', parallel_tool_calls: false }));
    assert.equal(completion.choices[0].message.tool_calls.length, 1);
    checkCalls(completion.choices[0].message);
  }
});

test('auto answers in text, or with valid calls', async () => {
  for (let seed = 0; seed < 4; seed += 1) {
    const completion = await client.chat.completions.create(ask({ seed, max_completion_tokens: 60 }));
    const { message } = completion.choices[0];
    assert.ok(message.content || message.tool_calls);
    if (completion.choices[0].finish_reason !== 'length') checkCalls(message);
  }
  const none = await client.chat.completions.create(ask({ tool_choice: 'none', max_completion_tokens: 40 }));
  assert.equal(none.choices[0].message.tool_calls, undefined);
});

test('a stream tells id and name once, and arguments in pieces that join to valid JSON', async () => {
  const stream = await client.chat.completions.create(ask({ seed: 3, stream: true, tool_choice: 'required', parallel_tool_calls: false,
    tools: [fn('get_weather', weather)] }));
  const pieces = [];
  let finish;
  for await (const chunk of stream) {
    checkSchema('CreateChatCompletionStreamResponse', chunk);
    pieces.push(...(chunk.choices[0]?.delta.tool_calls ?? []));
    finish = chunk.choices[0]?.finish_reason ?? finish;
  }
  assert.equal(finish, 'tool_calls');
  assert.equal(pieces.filter((p) => p.id).length, 1);
  assert.equal(pieces.filter((p) => p.function.name).length, 1);
  assert.ok(isValid(JSON.parse(pieces.map((p) => p.function.arguments ?? '').join(''))));
});

test('functions that are not strict are held where their schema allows it', async () => {
  const loose = fn('f', { properties: { n: { type: 'integer', minimum: 0, maximum: 99 } }, required: ['n'], additionalProperties: false }, false);
  const odd = fn('g', { type: 'object', properties: { s: { type: 'string', pattern: '(a)\\1' } } }, false);
  for (const tool of [loose, odd]) {
    const completion = await client.chat.completions.create(ask({ tools: [tool], tool_choice: 'required', parallel_tool_calls: false, max_completion_tokens: 600 }));
    if (completion.choices[0].finish_reason === 'length') continue;
    const value = JSON.parse(completion.choices[0].message.tool_calls[0].function.arguments);
    if (tool === loose) assert.ok(Object.keys(value).length === 1 && value.n >= 0 && value.n <= 99, JSON.stringify(value));
  }
});

const custom = (name, format) => ({ type: 'custom', custom: { name, ...(format && { format }) } });
const grammar = (syntax, definition) => ({ type: 'grammar', grammar: { syntax, definition } });

test('custom tools write what their grammar allows', async () => {
  const cases = [
    [custom('when', grammar('regex', '20[0-9]{2}-(0[1-9]|1[0-2]) "(am|pm)"')), /^20[0-9]{2}-(0[1-9]|1[0-2]) "(am|pm)"$/],
    [custom('sum', grammar('lark', 'start: NUMBER ("+" NUMBER)+\nNUMBER: /[0-9]{1,2}/\n')), /^[0-9]{1,2}(\+[0-9]{1,2})+$/],
    [custom('say'), /^/],
  ];
  for (const [tool, pattern] of cases) {
    const completion = await client.chat.completions.create(ask({ seed: 1, tools: [tool], parallel_tool_calls: false, max_completion_tokens: 500,
      tool_choice: { type: 'custom', custom: { name: tool.custom.name } } }));
    if (completion.choices[0].finish_reason === 'length') continue;
    const [call] = completion.choices[0].message.tool_calls;
    assert.equal(call.type, 'custom');
    assert.match(call.custom.input, pattern);
  }
});

const sums = 'start: NUMBER ("+" NUMBER)+\nNUMBER: /[0-9]{1,2}/\n';
const isSum = /^[0-9]{1,2}(\+[0-9]{1,2})+$/;

test('the input of a custom tool streams in pieces of what its grammar allows', async () => {
  const stream = await client.chat.completions.create(ask({ stream: true, seed: 2, temperature: 0.5, tools: [custom('say'), custom('sum', grammar('lark', sums))],
    parallel_tool_calls: false, max_completion_tokens: 500, tool_choice: { type: 'custom', custom: { name: 'sum' } } }));
  const pieces = [];
  let reason;
  for await (const { choices: [choice] } of stream) {
    pieces.push(...(choice?.delta.tool_calls ?? []));
    reason = choice?.finish_reason ?? reason;
  }
  assert.equal(reason, 'stop'); // as for a function that is named
  assert.deepEqual(pieces.flatMap((p) => p.custom?.name ?? []), ['sum']);
  assert.equal(pieces.filter((p) => p.id).length, 1);
  assert.match(pieces.map((p) => p.custom?.input ?? '').join(''), isSum);
});

test('on Responses too, named or among the allowed', async () => {
  const tools = [{ type: 'custom', name: 'say' }, { type: 'custom', name: 'sum', format: { type: 'grammar', syntax: 'lark', definition: sums } }];
  const choices = [{ type: 'custom', name: 'sum' }, { type: 'allowed_tools', mode: 'required', tools: [{ type: 'custom', name: 'sum' }] }];
  for (const tool_choice of choices) {
    const events = [];
    const stream = await client.responses.create({ model: 'parlance-mini', input: 'Add something.', stream: true, temperature: 0.5, tools, tool_choice,
      parallel_tool_calls: false, max_output_tokens: 500 });
    for await (const event of stream) events.push(event);
    const deltas = events.filter((e) => e.type === 'response.custom_tool_call_input.delta');
    const done = events.find((e) => e.type === 'response.custom_tool_call_input.done');
    assert.match(done.input, isSum);
    assert.equal(deltas.map((e) => e.delta).join(''), done.input);
    const { output } = events.at(-1).response;
    assert.deepEqual(output.filter((item) => item.type === 'custom_tool_call').map(({ name, input }) => [name, input]), [['sum', done.input]]);
  }
});

test('an unknown type of tool breaks nothing unless it is forced', async () => {
  const unknown = { type: 'teleport', teleport: { to: 'Mars' } };
  const completion = await client.chat.completions.create(ask({ tools: [...tools, unknown], tool_choice: 'required', parallel_tool_calls: false }));
  checkCalls(completion.choices[0].message);
  assert.ok((await client.chat.completions.create(ask({ tools: [unknown], max_completion_tokens: 5 }))).choices[0]);
  await assert.rejects(client.chat.completions.create(ask({ tools: [unknown], tool_choice: 'required' })), OpenAI.BadRequestError);
});

const open = { type: 'object', properties: { a: { type: 'string' } }, required: ['a'] };
const errors = [
  [ask({ tools: [fn('now', noArguments), fn('f', open)] }), 'tools[1].function.parameters', 'invalid_function_parameters',
    "Invalid schema for function 'f': In context=(), 'additionalProperties' is required to be supplied and to be false."],
  [ask({ tools: [fn('f', { ...open, additionalProperties: false, properties: { a: { type: 'string', pattern: '(x)\\1' } } })] }),
    'tools[0].function.parameters.properties.a.pattern', null, /'pattern' at #\/properties\/a\/pattern/],
  [ask({ tools: [fn('f', { type: 'array' }, false)] }), 'tools[0].function.parameters', 'invalid_function_parameters', /got 'type: "array"'/],
  [ask({ tools: [custom('c', grammar('lark', 'start: missing'))] }), 'tools[0].custom.format', null, /no rule 'missing'/],
  [ask({ tools: [custom('c', grammar('regex', '(a'))] }), 'tools[0].custom.format', null, /Invalid regex/],
  [ask({ tool_choice: { type: 'function', function: { name: 'nobody' } } }), 'tool_choice', null, /not found in 'tools'/],
];
test('what cannot be held is refused, with the field that is at fault', async () => {
  for (const [request, param, code, message] of errors) {
    const response = await server.post('/v1/chat/completions', request);
    const { error } = await response.json();
    assert.equal(response.status, 400, JSON.stringify(error));
    assert.equal(error.param, param);
    assert.equal(error.code, code);
    if (message instanceof RegExp) assert.match(error.message, message); else assert.equal(error.message, message);
  }
});

test('the SDK parses what zod describes', async () => {
  const Weather = z.object({ city: z.enum(['Paris', 'Rome']), unit: z.union([z.literal('C'), z.null()]) });
  const completion = await client.chat.completions.parse(ask({ tools: [zodFunction({ name: 'weather', parameters: Weather })],
    tool_choice: 'required', parallel_tool_calls: false }));
  const { parsed_arguments } = completion.choices[0].message.tool_calls[0].function;
  assert.deepEqual(Weather.parse(parsed_arguments), parsed_arguments);
});

test('the SDK runs tools and goes on with their results', async () => {
  const seen = [];
  const runner = client.chat.completions.runTools(ask({ seed: 1, max_completion_tokens: 600, tool_choice: { type: 'function', function: { name: 'look' } },
    tools: [{ type: 'function', function: { name: 'look', strict: true, parse: JSON.parse, parameters: weather,
      function: async (given) => { seen.push(given); return 'sunny'; } } }] }), { maxChatCompletions: 2 });
  await runner.done();
  assert.equal(seen.length, 1);
  assert.ok(isValid(seen[0]));
  assert.ok(runner.messages.some((m) => m.role === 'tool' && m.content === 'sunny'));
});

test('where none of the allowed tools is served, no other is called', async () => {
  const schema = { type: 'object', properties: { a: { type: 'boolean' } }, required: ['a'], additionalProperties: false };
  for (let round = 0; round < 12; round += 1) {
    const response = await client.responses.create({ model, input: 'json please', temperature: 2, max_output_tokens: 40,
      tools: [{ type: 'function', name: 'f', parameters: schema, strict: true }, { type: 'image_generation' }],
      tool_choice: { type: 'allowed_tools', mode: 'auto', tools: [{ type: 'image_generation' }] },
      text: { format: { type: 'json_schema', name: 'x', schema, strict: true } } });
    assert.deepEqual(response.output.map((item) => item.type), ['message']);
  }
});
