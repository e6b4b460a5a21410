// Answers in the form that was asked for, by the built-in model at high temperature: they cannot be anything else.
// A validator that is not ours (ajv) says whether they are.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { zodResponseFormat } from 'openai/helpers/zod';
import { z } from 'zod';
import { startServer } from './harness.js';

const model = 'parlance-mini';
let server, client;
before(async () => { server = await startServer(); client = server.client; });
after(() => server.stop());

const ask = (more = {}) => ({ model, messages: [{ role: 'user', content: 'Tell me of a person, as json.' }], temperature: 1.5,
  max_completion_tokens: 800, ...more });
const format = (schema, more = {}) => ({ type: 'json_schema', json_schema: { name: 'answer', schema, ...more } });

test('chat.completions.parse with a zod format gives the object', async () => {
  const Person = z.object({ name: z.string().regex(/^[A-Z][a-z]{1,8}$/), age: z.number().int().min(0).max(120),
    pets: z.array(z.object({ kind: z.enum(['cat', 'dog']), good: z.boolean() })).max(2), note: z.string().max(20).nullable() });
  for (let seed = 0; seed < 4; seed += 1) {
    const completion = await client.chat.completions.parse(ask({ seed, response_format: zodResponseFormat(Person, 'person') }));
    const { parsed, refusal } = completion.choices[0].message;
    assert.equal(refusal, null);
    assert.deepEqual(Person.parse(parsed), parsed);
    assert.deepEqual(Object.keys(parsed), ['name', 'age', 'pets', 'note']);
  }
});

test('a recursive zod format, streamed', async () => {
  const Tree = z.object({ id: z.number().int().min(0).max(9), get sub() { return z.array(Tree).max(2); } });
  const stream = client.chat.completions.stream(ask({ seed: 5, temperature: 0.7, response_format: zodResponseFormat(Tree, 'tree') }));
  const completion = await stream.finalChatCompletion();
  if (completion.choices[0].finish_reason === 'length') return;
  Tree.parse(completion.choices[0].message.parsed);
});

test('json_object gives an object', async () => {
  for (let seed = 0; seed < 4; seed += 1) {
    const completion = await client.chat.completions.create(ask({ seed, max_completion_tokens: 1500, response_format: { type: 'json_object' } }));
    if (completion.choices[0].finish_reason === 'length') continue;
    const value = JSON.parse(completion.choices[0].message.content);
    assert.ok(value !== null && typeof value === 'object' && !Array.isArray(value));
  }
});

test('several choices, each valid', async () => {
  const schema = { type: 'object', properties: { n: { type: 'integer', multipleOf: 7, minimum: 0, maximum: 700 } }, required: ['n'], additionalProperties: false };
  const completion = await client.chat.completions.create(ask({ n: 4, response_format: format(schema, { strict: true }) }));
  for (const choice of completion.choices) assert.ok(JSON.parse(choice.message.content).n % 7 === 0);
});

const errors = [
  [{ type: 'object', properties: { a: { type: 'string' } }, required: ['a'] }, true, 'response_format',
    "Invalid schema for response_format 'answer': In context=(), 'additionalProperties' is required to be supplied and to be false."],
  [{ type: 'object', properties: { a: { type: 'string' } }, additionalProperties: false }, true, 'response_format', /Missing 'a'/],
  [{ type: 'object', properties: { a: { anyOf: [{ type: 'object', properties: {} }] } }, required: ['a'], additionalProperties: false }, true, 'response_format',
    /In context=\('properties', 'a', 'anyOf', '0'\)/],
  [{ type: 'object', properties: { a: { enum: [] } }, required: ['a'] }, false, 'response_format', /no value can satisfy it/],
  [{ type: 'array' }, true, 'response_format', /must be a JSON Schema of 'type: "object"', got 'type: "array"'/],
  [{ type: 'object', properties: { a: { $ref: '#/$defs/no' } } }, false, 'response_format.json_schema.schema.properties.a.$ref', /\$ref/],
  [{ type: 'object', patternProperties: { '(x)\\1': {} } }, false, 'response_format.json_schema.schema.patternProperties', /patternProperties/],
  [{ type: 'object', properties: { d: { type: 'string', format: 'unheard-of' } }, required: ['d'], additionalProperties: false }, true,
    'response_format.json_schema.schema.properties.d.format', /'format' at #\/properties\/d\/format/],
];
test('what cannot be enforced is refused with the keyword and its path', async () => {
  for (const [schema, strict, param, message] of errors) {
    const response = await server.post('/v1/chat/completions', ask({ response_format: format(schema, { strict }) }));
    const { error } = await response.json();
    assert.equal(response.status, 400, JSON.stringify(schema));
    assert.ok(error.param.startsWith(param), error.param);
    if (message instanceof RegExp) assert.match(error.message, message); else assert.equal(error.message, message);
  }
});
