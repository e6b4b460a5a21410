// POST /v1/embeddings, with a scripted model.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { scripted, startServer } from './harness.js';
import { checkSchema } from './spec.js';

let server, client;
before(async () => { server = await startServer({ script: scripted([{ steps: [{ text: 'x' }] }]) }); client = server.client; });
after(() => server.stop());

const norm = (v) => Math.hypot(...v);

test('one vector per input, in order, of length 1', async () => {
  const body = await (await server.post('/v1/embeddings', { model: 'scripted', input: ['a', 'b', 'a'] })).json();
  checkSchema('CreateEmbeddingResponse', body);
  assert.deepEqual(body.data.map((d) => d.index), [0, 1, 2]);
  assert.deepEqual(body.data[0].embedding, body.data[2].embedding);
  assert.ok(Math.abs(norm(body.data[0].embedding) - 1) < 1e-5);
  assert.equal(body.usage.prompt_tokens, 3);
});

test('the SDK asks for base64 and decodes it to the same floats', async () => {
  const decoded = await client.embeddings.create({ model: 'scripted', input: 'a' });
  const floats = await client.embeddings.create({ model: 'scripted', input: 'a', encoding_format: 'float' });
  assert.equal(decoded.data[0].embedding.length, floats.data[0].embedding.length);
  decoded.data[0].embedding.forEach((x, i) => assert.ok(Math.abs(x - floats.data[0].embedding[i]) < 1e-6));
});

test('dimensions shorten, tokens are accepted', async () => {
  const short = await client.embeddings.create({ model: 'scripted', input: [1, 2, 3], dimensions: 8 });
  assert.equal(short.data[0].embedding.length, 8);
  assert.equal(short.usage.prompt_tokens, 3);
});

const refusals = [
  [{ model: 'scripted' }, "Missing required parameter: 'input'."],
  [{ model: 'scripted', input: [] }, "Invalid 'input': empty array. Expected an array with minimum length 1, but got an empty array instead."],
  [{ model: 'scripted', input: '' }, "Invalid 'input': input cannot be an empty string."],
  [{ model: 'scripted', input: 'a', encoding_format: 'hex' }, "Invalid value: 'hex'. Supported values are: 'float' and 'base64'."],
  [{ model: 'scripted', input: Array(2049).fill('a') }, "Invalid 'input': array too long. Expected an array with maximum length 2048, but got an array with length 2049 instead."],
];
for (const [body, message] of refusals) {
  test(`refuses: ${message.slice(0, 60)}`, async () => {
    const response = await server.post('/v1/embeddings', body);
    assert.equal(response.status, 400);
    assert.equal((await response.json()).error.message, message);
  });
}
