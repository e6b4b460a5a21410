// POST /v1/completions and /v1/edits, with a scripted model.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { parseSse, scripted, startServer } from './harness.js';
import { checkSchema } from './spec.js';

let server, client;
before(async () => {
  server = await startServer({ script: scripted([
    { when: { user: 'Instruction' }, steps: [{ words: 'edited text' }] },
    { steps: [{ words: 'one two three' }] }]) });
  client = server.client;
});
after(() => server.stop());

test('completes a prompt', async () => {
  const completion = await client.completions.create({ model: 'scripted', prompt: 'say' });
  checkSchema('CreateCompletionResponse', completion);
  assert.equal(completion.choices[0].text, 'one two three');
  assert.match(completion.id, /^cmpl-/);
  assert.equal(completion.usage.total_tokens, 4);
});

test('several prompts and choices are numbered prompt by prompt', async () => {
  const completion = await client.completions.create({ model: 'scripted', prompt: ['a', 'b b'], n: 2 });
  assert.deepEqual(completion.choices.map((c) => c.index), [0, 1, 2, 3]);
  assert.equal(completion.usage.prompt_tokens, 3);
});

test('token prompts', async () => {
  const completion = await client.completions.create({ model: 'scripted', prompt: [[1, 2, 3], [4]] });
  assert.equal(completion.choices.length, 2);
  assert.equal(completion.usage.prompt_tokens, 4);
});

test('streams', async () => {
  const response = await server.post('/v1/completions', { model: 'scripted', prompt: 'say', stream: true, stream_options: { include_usage: true } });
  const events = parseSse(await response.text());
  assert.equal(events.pop().data, '[DONE]');
  const chunks = events.map((e) => JSON.parse(e.data));
  // The description knows no unfinished choice; the real API sends null until the last chunk.
  for (const chunk of chunks) {
    const choices = chunk.choices.map((c) => ({ ...c, finish_reason: c.finish_reason ?? 'stop' }));
    checkSchema('CreateCompletionResponse', { ...chunk, choices, usage: chunk.usage ?? undefined });
  }
  assert.equal(chunks.map((c) => c.choices[0]?.text ?? '').join(''), 'one two three');
  assert.equal(chunks.at(-2).choices[0].finish_reason, 'stop');
  assert.equal(chunks.at(-1).usage.completion_tokens, 3);
});

test('max_tokens, stop, log probabilities', async () => {
  const completion = await client.completions.create({ model: 'scripted', prompt: 'say', max_tokens: 2, logprobs: 1 });
  assert.equal(completion.choices[0].text, 'one two');
  assert.equal(completion.choices[0].finish_reason, 'length');
  assert.deepEqual(completion.choices[0].logprobs.tokens, ['one', ' two']);
  assert.deepEqual(completion.choices[0].logprobs.text_offset, [0, 3]);
  const stopped = await client.completions.create({ model: 'scripted', prompt: 'say', stop: ' two' });
  assert.equal(stopped.choices[0].text, 'one');
});

test('best_of returns the best n, and cannot stream', async () => {
  const best = await client.completions.create({ model: 'scripted', prompt: 'say', best_of: 3, n: 1 });
  assert.equal(best.choices.length, 1);
  assert.equal(best.usage.completion_tokens, 9);
  await assert.rejects(client.completions.create({ model: 'scripted', prompt: 'say', best_of: 2, stream: true }), /best_of/);
  await assert.rejects(client.completions.create({ model: 'scripted', prompt: 'say', best_of: 1, n: 2 }), /best_of/);
});

test('edits rewrite the input', async () => {
  const response = await server.post('/v1/edits', { model: 'scripted', input: 'teh text', instruction: 'Fix the spelling', n: 2 });
  assert.equal(response.status, 200);
  const body = await response.json();
  assert.equal(body.object, 'edit');
  assert.deepEqual(body.choices.map((c) => c.index), [0, 1]);
  assert.ok(body.usage.total_tokens > 0);
  const missing = await server.post('/v1/edits', { model: 'scripted', input: 'x' });
  assert.equal((await missing.json()).error.message, "Missing required parameter: 'instruction'.");
});
