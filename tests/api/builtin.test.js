// The built-in model through the real engine and the official SDK: what the README promises.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import OpenAI from 'openai';
import { startServer } from './harness.js';
import { checkSchema } from './spec.js';

const model = 'parlance-mini';
let server, client;
before(async () => { server = await startServer(); client = server.client; });
after(() => server.stop());

const ask = (content, more = {}) => ({ model, messages: [{ role: 'user', content }], max_completion_tokens: 60, ...more });

test('answers a greeting and stops by itself', async () => {
  const completion = await client.chat.completions.create(ask('Hello!', { temperature: 0 }));
  checkSchema('CreateChatCompletionResponse', completion);
  assert.equal(completion.choices[0].finish_reason, 'stop');
  assert.match(completion.choices[0].message.content, /[a-z]{2,}/i);
  assert.ok(completion.usage.prompt_tokens > 0 && completion.usage.completion_tokens > 0);
});

test('a stream says the same as the plain answer', async () => {
  const request = ask('What is your name?', { temperature: 0 });
  const plain = await client.chat.completions.create(request);
  const streamed = await client.chat.completions.stream(request).finalChatCompletion();
  assert.equal(streamed.choices[0].message.content, plain.choices[0].message.content);
});

test('the same seed gives the same answer, alone or among others', async () => {
  const request = ask('Tell me a story.', { seed: 7, temperature: 1 });
  const [alone, ...crowd] = await Promise.all([client.chat.completions.create(request),
    ...Array.from({ length: 8 }, (_, i) => client.chat.completions.create(ask(`Count to ${i}.`, { seed: i })))]);
  const again = await client.chat.completions.create(request);
  assert.equal(again.choices[0].message.content, alone.choices[0].message.content);
  assert.equal(crowd.length, 8);
});

test('the second turn finds the first in the cache', async () => {
  const messages = [{ role: 'user', content: 'Tell me about the sea. '.repeat(20) }];
  const first = await client.chat.completions.create({ model, messages, max_completion_tokens: 20 });
  messages.push(first.choices[0].message, { role: 'user', content: 'And the sky?' });
  const second = await client.chat.completions.create({ model, messages, max_completion_tokens: 5 });
  assert.ok(second.usage.prompt_tokens_details.cached_tokens >= 64, JSON.stringify(second.usage));
});

test('a schema holds', async () => {
  const schema = { type: 'object', properties: { name: { type: 'string', maxLength: 12 }, age: { type: 'integer', minimum: 1, maximum: 99 },
    tags: { type: 'array', items: { enum: ['a', 'b'] }, minItems: 1, maxItems: 3 } }, required: ['name', 'age', 'tags'], additionalProperties: false };
  for (let seed = 0; seed < 5; seed += 1) {
    const completion = await client.chat.completions.create(ask('A person as json.', { seed, temperature: 1.5, max_completion_tokens: 200,
      response_format: { type: 'json_schema', json_schema: { name: 'person', schema } } }));
    const value = JSON.parse(completion.choices[0].message.content);
    assert.deepEqual(Object.keys(value), ['name', 'age', 'tags']);
    assert.ok(Number.isInteger(value.age) && value.age >= 1 && value.age <= 99);
    assert.ok(value.tags.length >= 1 && value.tags.every((t) => ['a', 'b'].includes(t)));
  }
});

test('what cannot be enforced is refused, not ignored', async () => {
  await assert.rejects(client.chat.completions.create(ask('x json', { response_format: { type: 'json_schema',
    json_schema: { name: 'x', strict: true, schema: { type: 'object', properties: { a: { type: 'string' } } } } } })),
  (error) => error instanceof OpenAI.BadRequestError && error.message.includes('additionalProperties'));
});

test('log probabilities are probabilities', async () => {
  const completion = await client.chat.completions.create(ask('Hi', { logprobs: true, top_logprobs: 5, max_completion_tokens: 4 }));
  for (const token of completion.choices[0].logprobs.content) {
    assert.ok(token.logprob <= 0);
    assert.equal(token.top_logprobs.length, 5);
    assert.ok(token.top_logprobs.reduce((sum, t) => sum + Math.exp(t.logprob), 0) <= 1.0001);
  }
});

test('completions, echo with log probabilities, token prompts', async () => {
  const echoed = await client.completions.create({ model, prompt: 'Once upon a time', max_tokens: 3, echo: true, logprobs: 1 });
  // The first token has nothing before it: null, as on the real API, which the description does not say.
  assert.ok(echoed.choices[0].text.startsWith('Once upon a time'));
  assert.equal(echoed.choices[0].logprobs.token_logprobs[0], null);
  const tokens = await client.completions.create({ model, prompt: [1, 2, 3], max_tokens: 2 });
  assert.equal(tokens.usage.prompt_tokens, 3);
});

test('after a stop string nothing is counted, whatever was under way', async () => {
  const ask = { model, messages: [{ role: 'user', content: 'Tell me a story' }], temperature: 0, max_completion_tokens: 60 };
  const whole = await client.chat.completions.create(ask);
  const stop = whole.choices[0].message.content.split(' ').slice(5, 7).join(' ');
  const counts = new Set();
  for (let i = 0; i < 6; ++i) {
    const cut = await client.chat.completions.create({ ...ask, stop });
    assert.equal(cut.choices[0].finish_reason, 'stop');
    counts.add(cut.usage.completion_tokens);
  }
  assert.equal(counts.size, 1);
  assert.ok([...counts][0] < whole.usage.completion_tokens);
});

test('embeddings are unit vectors, dimensions shorten them', async () => {
  const { data } = await client.embeddings.create({ model, input: ['The sea is blue.', 'Hello'], encoding_format: 'float' });
  for (const { embedding } of data) assert.ok(Math.abs(Math.hypot(...embedding) - 1) < 1e-4);
  const short = await client.embeddings.create({ model, input: 'Hello', dimensions: 16 });
  assert.equal(short.data[0].embedding.length, 16);
});

test('a prompt beyond the window is context_length_exceeded', async () => {
  await assert.rejects(client.chat.completions.create(ask('word '.repeat(4000))), (error) => error.code === 'context_length_exceeded');
});

test('models.truncate leaves out the earliest messages instead', async () => {
  const forgetful = await startServer({ env: { PARLANCE_MODELS_TRUNCATE: 'true', PARLANCE_ENGINE_CONTEXT_TOKENS: '512' } });
  try {
    const messages = Array.from({ length: 40 }, (_, i) => ({ role: i % 2 ? 'assistant' : 'user', content: `This is message number ${i} of a long talk.` }));
    messages.push({ role: 'user', content: 'Hello!' });
    await assert.rejects(client.chat.completions.create({ model, messages: [{ role: 'user', content: 'word '.repeat(4000) }] }), /context/);
    const completion = await forgetful.client.chat.completions.create({ model, messages, max_completion_tokens: 20 });
    assert.ok(completion.usage.prompt_tokens > 100 && completion.usage.prompt_tokens < 512, JSON.stringify(completion.usage));
    // One message that alone does not fit is still an error.
    await assert.rejects(forgetful.client.chat.completions.create({ model, messages: [{ role: 'user', content: 'word '.repeat(4000) }] }),
      (error) => error.code === 'context_length_exceeded');
  } finally {
    await forgetful.stop();
  }
});

test('a prediction that holds is accepted, one that does not changes nothing', async () => {
  const request = ask('Tell me a story.', { temperature: 0 });
  const plain = await client.chat.completions.create(request);
  const { content } = plain.choices[0].message;
  const right = await client.chat.completions.create({ ...request, prediction: { type: 'content', content } });
  assert.equal(right.choices[0].message.content, content);
  assert.ok(right.usage.completion_tokens_details.accepted_prediction_tokens > plain.usage.completion_tokens / 2, JSON.stringify(right.usage));
  const wrong = await client.chat.completions.create({ ...request, prediction: { type: 'content', content: 'int main() { return 0; }' } });
  assert.equal(wrong.choices[0].message.content, content);
  assert.ok(wrong.usage.completion_tokens_details.rejected_prediction_tokens > 0);
  // What comes after a stop string is neither said nor accepted.
  const stop = content.slice(Math.floor(content.length / 3)).trim().split(' ')[1];
  const cut = await client.chat.completions.create({ ...request, stop, prediction: { type: 'content', content } });
  assert.ok(cut.usage.completion_tokens < plain.usage.completion_tokens, JSON.stringify(cut.usage));
  assert.ok(cut.usage.completion_tokens_details.accepted_prediction_tokens <= cut.usage.completion_tokens, JSON.stringify(cut.usage));
});

test('best_of keeps the likeliest of several', async () => {
  const request = { model, prompt: 'Once upon a time', max_tokens: 8, temperature: 1, seed: 3, logprobs: 0 };
  const mean = (choice) => choice.logprobs.token_logprobs.reduce((sum, x) => sum + x, 0) / choice.logprobs.tokens.length;
  const all = await client.completions.create({ ...request, n: 4 });
  const best = await client.completions.create({ ...request, n: 1, best_of: 4 });
  assert.equal(best.choices.length, 1);
  assert.equal(best.choices[0].text, all.choices.toSorted((a, b) => mean(b) - mean(a))[0].text);
  assert.equal(best.usage.completion_tokens, all.usage.completion_tokens);
});

test('a model that cannot fill gaps says so; edits answer with a text', async () => {
  await assert.rejects(client.completions.create({ model, prompt: 'a', suffix: 'b' }), (error) => error.status === 400 && error.param === 'suffix');
  const edit = await (await server.post('/v1/edits', { model, input: 'What day of the wek is it?', instruction: 'Fix the spelling mistakes', temperature: 0 })).json();
  assert.equal(edit.object, 'edit');
  assert.ok(edit.choices[0].text.length > 0);
});

test('fifty streams at once, some of them left', async () => {
  await Promise.all(Array.from({ length: 50 }, async (_, i) => {
    const stream = await client.chat.completions.create(ask(`Tell me about the number ${i}.`, { stream: true, max_completion_tokens: 20 }));
    let seen = 0;
    for await (const chunk of stream) {
      seen += 1;
      if (i % 5 === 0 && seen === 3) break;
      assert.ok(chunk.id);
    }
    assert.ok(seen > 2);
  }));
  const again = await client.chat.completions.create(ask('Still there?'));
  assert.ok(again.choices[0]);
});

test('a chain of responses reads only what is new', async () => {
  let previous, earlier = 0, again = 0, read = 0;
  for (let turn = 0; turn < 12; ++turn) {
    const response = await client.responses.create({ model, input: `Say ${turn} again.`, previous_response_id: previous, max_output_tokens: 16, temperature: 0 });
    checkSchema('Response', { ...response, output_text: undefined });
    read += response.usage.input_tokens;
    again += Math.max(0, earlier - response.usage.input_tokens_details.cached_tokens);
    earlier = response.usage.input_tokens + response.usage.output_tokens;
    previous = response.id;
  }
  assert.ok(again / read < 0.02, `${again} of ${read} tokens read again`);
});

test('truncation: auto drops the earliest, disabled refuses', async () => {
  const input = Array.from({ length: 400 }, (_, i) => ({ role: i % 2 ? 'assistant' : 'user', content: `This is message number ${i}, and it is long.` }));
  input.push({ role: 'user', content: 'Hello!' });
  await assert.rejects(client.responses.create({ model, input }), (e) => e.status === 400 && e.code === 'context_length_exceeded' && e.param === 'input');
  const response = await client.responses.create({ model, input, truncation: 'auto', max_output_tokens: 16 });
  assert.ok(response.usage.input_tokens > 1000 && response.usage.input_tokens < 2048);
});
