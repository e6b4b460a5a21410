// POST /v1/embeddings with the built-in embedding model: what it means, and every edge of a request.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startServer } from './harness.js';
import { checkSchema } from './spec.js';

const model = 'parlance-embed';
let server, client;
before(async () => {
  server = await startServer({ args: ['--set', 'models.aliases=text-embedding-3-small=parlance-embed,gpt-4o-mini=parlance-mini'] });
  client = server.client;
});
after(() => server.stop());

const norm = (v) => Math.hypot(...v);
const cosine = (a, b) => a.reduce((sum, x, i) => sum + x * b[i], 0) / norm(a) / norm(b);
const embed = async (input, more = {}) => (await client.embeddings.create({ model, input, ...more })).data.map((d) => d.embedding);

test('a question is nearer to its answer than to others', async () => {
  const passages = ['The Nile is the longest river of Africa and flows into the Mediterranean Sea.',
    'Photosynthesis turns light, water and carbon dioxide into sugar and oxygen.',
    'The stock market fell sharply after the central bank raised interest rates.'];
  const questions = ['Which sea does the Nile reach?', 'How do plants make sugar from light?', 'Why did shares lose value?'];
  const [p, q] = [await embed(passages), await embed(questions)];
  q.forEach((question, i) => {
    const nearest = p.map((passage, k) => [cosine(question, passage), k]).sort((a, b) => b[0] - a[0])[0][1];
    assert.equal(nearest, i, questions[i]);
  });
});

test('the body fits the spec; vectors have length 1', async () => {
  const body = await (await server.post('/v1/embeddings', { model, input: ['one', 'two words'] })).json();
  checkSchema('CreateEmbeddingResponse', body);
  assert.equal(body.model, model);
  for (const { embedding } of body.data) {
    assert.equal(embedding.length, 256);
    assert.ok(Math.abs(norm(embedding) - 1) < 1e-5);
  }
  assert.equal(body.usage.prompt_tokens, 3 + 2 * 2, 'a first and a last token with each text');
  assert.equal(body.usage.total_tokens, body.usage.prompt_tokens);
});

test('dimensions: the first so many, at length 1 again', async () => {
  const [whole] = await embed('a boat on the river');
  for (const dimensions of [1, 64, 256]) {
    const [short] = await embed('a boat on the river', { dimensions });
    assert.equal(short.length, dimensions);
    assert.ok(Math.abs(norm(short) - 1) < 1e-5);
    assert.ok(Math.abs(cosine(short, whole.slice(0, dimensions)) - 1) < 1e-5);
  }
});

test('dimensions beyond the model are refused with its number', async () => {
  await assert.rejects(embed('a', { dimensions: 257 }), (error) => error.status === 400 && error.param === 'dimensions' && /256/.test(error.message));
  await assert.rejects(embed('a', { dimensions: 0 }), (error) => error.status === 400 && error.param === 'dimensions');
});

test('a vector depends on its text alone: order, company and repetition change nothing', async () => {
  const texts = Array.from({ length: 200 }, (_, i) => `text ${i % 50} about ${'rivers '.repeat((i % 50) % 7)}`);
  const together = await embed(texts);
  for (const i of [0, 49, 50, 199]) assert.deepEqual((await embed(texts[i]))[0], together[i]);
  assert.deepEqual(together[3], together[53]);
});

test('tokens are taken as they are', async () => {
  const body = await (await server.post('/v1/embeddings', { model, input: [[5, 6, 7], [5, 6, 7], [8]] })).json();
  assert.deepEqual(body.data[0].embedding, body.data[1].embedding);
  assert.equal(body.usage.prompt_tokens, 7);
  const response = await server.post('/v1/embeddings', { model, input: [31_999, 32_000] });
  assert.equal(response.status, 400);
  assert.match((await response.json()).error.message, /32000/);
});

test('2,048 inputs are served, in order', async () => {
  const texts = Array.from({ length: 2048 }, (_, i) => `number ${i}`);
  const vectors = await embed(texts);
  assert.equal(vectors.length, 2048);
  assert.deepEqual(vectors[2047], (await embed(texts[2047]))[0]);
});

test('8,192 tokens in one input, and not one more', async () => {
  const tokens = (n) => Array.from({ length: n }, (_, i) => 10 + (i % 1000));
  const [vector] = await embed(tokens(2048).concat(tokens(6144)));
  assert.ok(Math.abs(norm(vector) - 1) < 1e-5);
  await assert.rejects(embed(tokens(8193)), (error) => error.status === 400
    && error.message.includes("This model's maximum context length is 8192 tokens, however you requested 8193 tokens (8193 in your prompt; 0 for the completion)."));
});

test('300,000 tokens in one request, and not one more', async () => {
  const input = Array.from({ length: 300 }, (_, i) => Array(1000).fill(10 + i));
  const body = await (await server.post('/v1/embeddings', { model, input, encoding_format: 'base64' })).json();
  assert.equal(body.usage.prompt_tokens, 300_000);
  const response = await server.post('/v1/embeddings', { model, input: [...input, [7]] });
  const { error } = await response.json();
  assert.equal(response.status, 400);
  assert.equal(error.message, 'Requested 300001 tokens, max 300000 tokens per request');
  assert.equal(error.code, 'max_tokens_per_request');
});

test('white space is a text; emptiness is not', async () => {
  const [vector] = await embed(' \n ');
  assert.ok(Math.abs(norm(vector) - 1) < 1e-5);
  for (const input of ['', [''], ['a', ''], [], [[]], [['a']], [null], null, 7, {}]) {
    const response = await server.post('/v1/embeddings', { model, input });
    assert.equal(response.status, 400, JSON.stringify(input));
  }
});

test('any text is fine: other scripts, emoji, control characters, a long word', async () => {
  const vectors = await embed(['Ελληνικά', '日本語のテキスト', '😀😀', 'a\u0000b\u001f', 'x'.repeat(10_000), 'Crème brûlée']);
  for (const vector of vectors) assert.ok(Math.abs(norm(vector) - 1) < 1e-5);
  const [plain] = await embed('creme brulee');
  assert.ok(cosine(plain, vectors[5]) > 0.999, 'accents do not matter');
});

test('an alias is another name of the model', async () => {
  const aliased = await client.embeddings.create({ model: 'text-embedding-3-small', input: 'a boat' });
  assert.deepEqual(aliased.data[0].embedding, (await embed('a boat'))[0]);
  assert.equal(aliased.model, 'text-embedding-3-small');
  assert.equal((await client.models.retrieve('text-embedding-3-small')).id, 'text-embedding-3-small');
  const ids = (await client.models.list()).data.map((each) => each.id);
  for (const id of ['parlance-embed', 'parlance-mini', 'text-embedding-3-small', 'gpt-4o-mini']) assert.ok(ids.includes(id), id);
  const chat = await client.chat.completions.create({ model: 'gpt-4o-mini', messages: [{ role: 'user', content: 'Hello' }], max_completion_tokens: 5 });
  assert.ok(chat.choices[0].message.content.length > 0);
});

test('it makes vectors, not text', async () => {
  await assert.rejects(client.chat.completions.create({ model, messages: [{ role: 'user', content: 'Hello' }] }),
    (error) => error.status === 400 && error.param === 'model');
});

test('a chat model embeds too, at its own width', async () => {
  const { data } = await client.embeddings.create({ model: 'parlance-mini', input: ['Hello', 'Goodbye'] });
  assert.equal(data[0].embedding.length, 256);
});
