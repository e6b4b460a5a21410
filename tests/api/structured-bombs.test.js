// Schemas and grammars made to cost: each is refused or served within its budget, and other requests keep their pace meanwhile.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startServer } from './harness.js';

const model = 'parlance-mini';
let server, client;
before(async () => { server = await startServer(); client = server.client; });
after(() => server.stop());

const repeat = (n, make) => Array.from({ length: n }, (_, i) => make(i));
const object = (properties) => ({ type: 'object', properties });
const pattern = (text) => object({ a: { type: 'string', pattern: text } });
const nested = (n, wrap, core) => repeat(n, () => 0).reduce((inner) => wrap(inner), core);
const doubling = (keyword) => ({ ...object({ a: { $ref: '#/$defs/d24' } }), required: ['a'],
  $defs: Object.fromEntries([['d0', { type: 'integer' }], ...repeat(24, (i) => [`d${i + 1}`, { [keyword]: [
    object({ [`x${i}`]: { $ref: `#/$defs/d${i}` } }), { ...object({ [`y${i}`]: { $ref: `#/$defs/d${i}` } }), required: [`y${i}`] }] }])]) });

const schemas = {
  'nested counts': pattern('^((([a-z],){1,300}){1,300}){1,300}$'),
  'counts of counts': pattern('^((((((a{1,50}b?){1,50}c?){1,50})d?){1,50}e?){1,50}){1,50}$'),
  'a count of a million': pattern('^[ab]{1000000}$'),
  'what an automaton must remember': pattern('^(.*a.{200}b.{200}|.*c.{150}d)$'),
  'many lookaheads': pattern(`^${repeat(40, (i) => `(?=.*[${'abcdefgh'[i % 8]}].{${i}})`).join('')}.*$`),
  '60,000 groups': pattern('('.repeat(60_000) + 'a' + ')'.repeat(60_000)),
  '60,000 alternatives': pattern(`^(${repeat(60_000, (i) => `x${i}y`).join('|')})$`),
  'a huge enum': object({ a: { enum: repeat(60_000, (i) => `value number ${i}`) } }),
  'a huge enum of objects': object({ a: { enum: repeat(3_000, (i) => ({ i, b: [i, `${i}`] })) } }),
  'anyOf doubled 24 times': doubling('anyOf'),
  'oneOf doubled 24 times': doubling('oneOf'),
  'allOf of many anyOf': object({ a: { allOf: repeat(24, (i) => ({ anyOf: [object({ [`p${i}`]: { type: 'integer' } }), object({ [`q${i}`]: { type: 'string' } })] })) } }),
  'oneOf of many overlapping': object({ a: { oneOf: repeat(60, (i) => object({ [`k${i % 7}`]: { minimum: i } })) } }),
  'not of not': object({ a: nested(90, (inner) => ({ not: inner }), object({ x: { type: 'string' } })) }),
  'deep arrays': object({ a: nested(45, (inner) => ({ type: 'array', items: inner }), { type: 'null' }) }),
  'a cycle of references': { ...object({ a: { $ref: '#/$defs/x' } }), $defs: { x: { $ref: '#/$defs/y' }, y: { allOf: [{ $ref: '#/$defs/x' }] } } },
  'a billion items': object({ a: { type: 'array', items: { type: 'integer' }, minItems: 1_000_000_000 } }),
  'a billion letters': object({ a: { type: 'string', minLength: 1_000_000_000 } }),
  'huge multiples': object({ a: { type: 'number', multipleOf: 1e-300, minimum: 1e300 } }),
  'prime multiples': object({ a: { type: 'integer', multipleOf: 999983, minimum: 1 } }),
  '5,000 properties': object(Object.fromEntries(repeat(5_000, (i) => [`property number ${i}`, { type: 'string', maxLength: i }]))),
  'patterns for keys': { type: 'object', patternProperties: Object.fromEntries(repeat(60, (i) => [`^.*${i}.*$`, { type: 'string' }])), minProperties: 3 },
  'distinct objects': object({ a: { type: 'array', items: { type: 'object' }, uniqueItems: true, minItems: 50 } }),
};
const grammars = {
  'ambiguous without end': 'start: s\ns: s s | "a" | s s s',
  'empty and repeated': 'start: (a*)*\na: b*\nb: "x"?',
  'a rule of rules': `start: r0\n${repeat(40, (i) => `r${i}: r${i + 1} r${i + 1} | r${i + 1}`).join('\n')}\nr40: "a"`,
  'nested repeats': 'start: a~900\na: b~900\nb: c~900\nc: "x" start?',
  'deep groups': `start: ${'('.repeat(20_000)}"a"${')'.repeat(20_000)}`,
};

async function send(name, body) {
  const began = Date.now();
  const response = await server.post('/v1/chat/completions', { model, messages: [{ role: 'user', content: 'json' }], max_completion_tokens: 40, ...body });
  const text = await response.text();
  const seconds = (Date.now() - began) / 1000;
  assert.ok([200, 400, 413].includes(response.status), `${name}: ${response.status} ${text.slice(0, 300)}`);
  if (response.status === 400) assert.ok(JSON.parse(text).error.message.length < 2_000, name);
  return { name, status: response.status, seconds };
}

// The longest time between two pieces of a stream, in ms, while something else goes on.
async function pace(work) {
  const gaps = [];
  let stop = false;
  const streams = (async () => {
    while (!stop) {
      const stream = await client.chat.completions.create({ model, stream: true, max_completion_tokens: 100, temperature: 1.2,
        messages: [{ role: 'user', content: 'Tell me a story.' }] });
      let last = null;
      for await (const _ of stream) {
        const now = performance.now();
        if (last !== null) gaps.push(now - last);
        last = now;
      }
    }
  })();
  const done = await work();
  stop = true;
  await streams;
  return { gaps: gaps.sort((a, b) => a - b), done };
}

test('bombs are refused or served, and a stream beside them keeps its pace', { timeout: 600_000 }, async () => {
  const { gaps, done } = await pace(async () => {
    const results = [];
    for (const [name, schema] of Object.entries(schemas)) {
      results.push(await send(name, { response_format: { type: 'json_schema', json_schema: { name: 'bomb', schema } } }));
      results.push(await send(`tool: ${name}`, { tools: [{ type: 'function', function: { name: 'f', parameters: schema } }], tool_choice: 'required' }));
    }
    for (const [name, definition] of Object.entries(grammars)) {
      results.push(await send(name, { tools: [{ type: 'custom', custom: { name: 'c', format: { type: 'grammar', grammar: { syntax: 'lark', definition } } } }],
        tool_choice: 'required' }));
    }
    return results;
  });
  const slow = done.filter((r) => r.seconds > 1.5).map((r) => `${r.name}: ${r.status} after ${r.seconds} s`);
  const at = (q) => gaps[Math.floor(q * (gaps.length - 1))].toFixed(0);
  console.log(`${done.length} bombs, ${done.filter((r) => r.status === 200).length} served; gaps of ${gaps.length}: ` +
    `p50 ${at(0.5)}, p99 ${at(0.99)}, max ${at(1)} ms; over 1.5 s: ${slow.join('; ') || 'none'}`);
  // Bounds with room for a busy machine: a second of CPU at the most per compilation, tens of ms per step.
  assert.ok(done.every((r) => r.seconds < 20), slow.join('; '));
  assert.ok(gaps[Math.floor(0.99 * (gaps.length - 1))] < 1_000, `p99 gap ${at(0.99)} ms`);
  await client.chat.completions.create({ model, messages: [{ role: 'user', content: 'Hello!' }], max_completion_tokens: 5 });
});

test('a refused schema is refused at once the second time', async () => {
  const body = { response_format: { type: 'json_schema', json_schema: { name: 'bomb', schema: schemas['a cycle of references'] } } };
  assert.equal((await send('first', body)).status, 400);
  const again = await send('again', body);
  assert.equal(again.status, 400);
});
