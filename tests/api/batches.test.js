// /v1/batches through the official SDK.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import OpenAI, { toFile } from 'openai';
import { key, scripted, startServer } from './harness.js';
import { checkSchema } from './spec.js';

const script = scripted([
  { when: { user: 'slow' }, steps: [{ delay_ms: 20_000 }, { text: 'late' }] },
  { when: { user: 'broken' }, steps: [{ fail: { code: 'internal', message: 'cannot' } }] },
  { steps: [{ delay_ms: 2 }, { words: 'the answer is here' }] },
]);

let server, client;
before(async () => { server = await startServer({ script }); client = server.client; });
after(() => server.stop());

const chat = (id, content, more = {}) => ({
  custom_id: id, method: 'POST', url: '/v1/chat/completions',
  body: { model: 'scripted', messages: [{ role: 'user', content }], ...more },
});
const jsonl = (lines) => lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line))).join('\n');

async function upload(lines, c = client) {
  return c.files.create({ file: await toFile(Buffer.from(jsonl(lines)), 'in.jsonl'), purpose: 'batch' });
}
async function start(lines, more = {}, c = client) {
  const file = await upload(lines, c);
  return c.batches.create({ input_file_id: file.id, endpoint: '/v1/chat/completions', completion_window: '24h', ...more });
}
const ended = ['failed', 'completed', 'expired', 'cancelled'];
async function wait(id, until = ended, c = client) {
  const counts = { completed: 0, failed: 0 };
  for (;;) {
    const batch = await c.batches.retrieve(id);
    checkSchema('Batch', batch);
    assert.ok(batch.request_counts.completed >= counts.completed && batch.request_counts.failed >= counts.failed);
    Object.assign(counts, batch.request_counts);
    if (until.includes(batch.status)) return batch;
    assert.ok(!ended.includes(batch.status), `${batch.status} while waiting for ${until}`);
    await new Promise((resolve) => { setTimeout(resolve, 20); });
  }
}
async function linesOf(id, c = client) {
  if (!id) return [];
  const text = await (await c.files.content(id)).text();
  assert.ok(text.endsWith('\n'));
  return text.trimEnd().split('\n').map((line) => JSON.parse(line));
}

test('runs every line and gives each its answer', async () => {
  const wanted = Array.from({ length: 150 }, (_, i) => chat(`row-${i}`, `number ${i}`));
  const created = await start(wanted, { metadata: { job: 'nightly' } });
  checkSchema('Batch', created);
  assert.match(created.id, /^batch_[0-9a-f]{32}$/);
  assert.equal(created.status, 'validating');
  assert.equal(created.expires_at, created.created_at + 86_400);
  assert.deepEqual(created.request_counts, { total: 0, completed: 0, failed: 0 });

  const batch = await wait(created.id);
  assert.equal(batch.status, 'completed');
  assert.deepEqual(batch.request_counts, { total: 150, completed: 150, failed: 0 });
  assert.equal(batch.model, 'scripted');
  assert.deepEqual(batch.metadata, { job: 'nightly' });
  assert.ok(batch.in_progress_at >= batch.created_at && batch.finalizing_at >= batch.in_progress_at);
  assert.ok(batch.completed_at >= batch.finalizing_at);
  assert.equal(batch.error_file_id ?? null, null);
  assert.ok(batch.usage.output_tokens > 0);
  assert.equal(batch.usage.total_tokens, batch.usage.input_tokens + batch.usage.output_tokens);

  const file = await client.files.retrieve(batch.output_file_id);
  assert.equal(file.purpose, 'batch_output');
  assert.equal(file.filename, `${batch.id}_output.jsonl`);
  assert.equal(file.expires_at, file.created_at + 30 * 86_400);
  const lines = await linesOf(batch.output_file_id);
  assert.deepEqual(lines.map((l) => l.custom_id).sort(), wanted.map((l) => l.custom_id).sort());
  assert.equal(new Set(lines.map((l) => l.id)).size, 150);
  assert.equal(new Set(lines.map((l) => l.response.request_id)).size, 150);
  let output = 0;
  for (const line of lines) {
    assert.equal(line.error, null);
    assert.equal(line.response.status_code, 200);
    checkSchema('CreateChatCompletionResponse', line.response.body);
    assert.match(line.response.body.choices[0].message.content, /the answer is here/);
    output += line.response.body.usage.completion_tokens;
  }
  assert.equal(output, batch.usage.output_tokens);
});

test('what fails goes to the error file, with its status and body', async () => {
  const batch = await wait((await start([
    chat('good', 'hello'), chat('bad', 'broken'), chat('worse', 'hi', { temperature: 9 }), chat('streamed', 'hi', { stream: true }),
  ])).id);
  assert.equal(batch.status, 'completed');
  assert.deepEqual(batch.request_counts, { total: 4, completed: 1, failed: 3 });
  assert.deepEqual((await linesOf(batch.output_file_id)).map((l) => l.custom_id), ['good']);
  const errors = await linesOf(batch.error_file_id);
  assert.deepEqual(errors.map((l) => l.custom_id), ['bad', 'worse', 'streamed']);
  for (const line of errors) {
    assert.equal(line.error, null);
    assert.match(line.id, /^batch_req_/);
  }
  assert.deepEqual(errors.map((l) => l.response.status_code), [500, 400, 400]);
  assert.equal(errors[0].response.body.error.message, 'cannot');
  assert.equal(errors[1].response.body.error.param, 'temperature');
  assert.equal(errors[2].response.body.error.param, 'stream');
});

test('a batch of failures only is completed, without an output file', async () => {
  const batch = await wait((await start([chat('a', 'broken'), chat('b', 'broken')])).id);
  assert.equal(batch.status, 'completed');
  assert.equal(batch.output_file_id ?? null, null);
  assert.equal((await linesOf(batch.error_file_id)).length, 2);
});

test('embeddings and completions', async () => {
  const embed = (id, input) => ({ custom_id: id, method: 'POST', url: '/v1/embeddings', body: { model: 'scripted', input } });
  const one = await wait((await start([embed('a', 'x'), embed('b', ['y', 'z'])], { endpoint: '/v1/embeddings' })).id);
  const lines = await linesOf(one.output_file_id);
  assert.deepEqual(lines.map((l) => l.response.body.data.length), [1, 2]);
  assert.ok(one.usage.input_tokens > 0);
  const complete = { custom_id: 'c', method: 'POST', url: '/v1/completions', body: { model: 'scripted', prompt: 'once' } };
  const two = await wait((await start([complete], { endpoint: '/v1/completions' })).id);
  assert.equal((await linesOf(two.output_file_id))[0].response.body.object, 'text_completion');
});

test('responses, which are stored like any other; none in background', async () => {
  const respond = (id, more) => ({ custom_id: id, method: 'POST', url: '/v1/responses', body: { model: 'scripted', input: 'hello', ...more } });
  const batch = await wait((await start([respond('a'), respond('b', { background: true }), respond('c', { store: false })], { endpoint: '/v1/responses' })).id);
  assert.deepEqual(batch.request_counts, { total: 3, completed: 2, failed: 1 });
  assert.ok(batch.usage.output_tokens > 0);
  const [a, c] = await linesOf(batch.output_file_id);
  checkSchema('Response', a.response.body);
  assert.equal((await client.responses.retrieve(a.response.body.id)).output_text, a.response.body.output.at(-1).content[0].text);
  assert.equal(c.custom_id, 'c');
  const [b] = await linesOf(batch.error_file_id);
  assert.equal(b.response.body.error.param, 'background');
});

test('validation names the lines', async () => {
  const batch = await wait((await start([
    chat('a', 'x'), '', '{"custom_id": ', chat('a', 'y'), { ...chat('b', 'x'), url: '/v1/embeddings' }, { ...chat('c', 'x'), method: 'GET' },
    { method: 'POST', url: '/v1/chat/completions', body: {} }, chat('d', 'x', { model: 'other' }), '[]', { ...chat('e', 'x'), body: 'text' },
  ])).id);
  assert.equal(batch.status, 'failed');
  assert.ok(batch.failed_at >= batch.created_at);
  assert.deepEqual(batch.request_counts, { total: 0, completed: 0, failed: 0 });
  assert.deepEqual(batch.errors.data.map((e) => [e.line, e.code, e.param]), [
    [3, 'invalid_json_line', null], [4, 'duplicate_custom_id', 'custom_id'], [5, 'invalid_url', 'url'],
    [6, 'invalid_method', 'method'], [7, 'missing_required_parameter', 'custom_id'], [8, 'mismatched_model', 'body.model'],
    [9, 'invalid_json_line', null], [10, 'invalid_type', 'body'],
  ]);
  assert.equal(batch.errors.data[0].message, 'This line is not parseable as valid JSON.');
});

test('empty files, unknown models and endpoints without a server fail at validation', async () => {
  const codes = async (lines, more) => (await wait((await start(lines, more)).id)).errors.data.map((e) => e.code);
  assert.deepEqual(await codes(['', ' ', '']), ['empty_file']);
  assert.deepEqual(await codes([chat('a', 'x', { model: 'nobody' })]), ['model_not_found']);
  assert.deepEqual(await codes([chat('a', 'x')], { endpoint: '/v1/videos' }), ['unsupported_endpoint']);
  const bom = await codes([`\ufeff${JSON.stringify(chat('a', 'x'))}`]);
  assert.deepEqual(bom, ['invalid_json_line']);
});

test('50,000 lines are let in, one more is not', async () => {
  const line = (i) => `{"custom_id":"${i}","method":"GET","url":"/v1/chat/completions","body":{}}`;
  const codes = async (n) => {
    const lines = Array.from({ length: n }, (_, i) => line(i));
    return (await wait((await start(lines)).id)).errors.data.map((e) => e.code);
  };
  assert.deepEqual(new Set(await codes(50_000)), new Set(['invalid_method']));
  const many = Array.from({ length: 50_001 }, (_, i) => line(i).replace('GET', 'POST').replace('{}', '{"model":"scripted"}'));
  assert.deepEqual((await wait((await start(many)).id)).errors.data.map((e) => e.code), ['request_limit_exceeded']);
});

test('cancelling keeps what is done and tells of the rest', async () => {
  const created = await start([...Array.from({ length: 20 }, (_, i) => chat(`fast-${i}`, 'x')), ...Array.from({ length: 80 }, (_, i) => chat(`s-${i}`, 'slow'))]);
  for (;;) {
    const batch = await client.batches.retrieve(created.id);
    if (batch.request_counts.completed === 20) break;
    await new Promise((resolve) => { setTimeout(resolve, 20); });
  }
  const cancelling = await client.batches.cancel(created.id);
  checkSchema('Batch', cancelling);
  assert.equal(cancelling.status, 'cancelling');
  assert.ok(cancelling.cancelling_at);
  const batch = await wait(created.id);
  assert.equal(batch.status, 'cancelled');
  assert.deepEqual(batch.request_counts, { total: 100, completed: 20, failed: 0 });
  assert.equal((await linesOf(batch.output_file_id)).length, 20);
  const rest = await linesOf(batch.error_file_id);
  assert.equal(rest.length, 80);
  assert.equal(rest[0].response, null);
  assert.equal(rest[0].error.code, 'batch_cancelled');
  await assert.rejects(client.batches.cancel(created.id), (error) =>
    error instanceof OpenAI.ConflictError && error.message.includes("Cannot cancel a batch with status 'cancelled'."));
});

test('what the window leaves over expires', async () => {
  const short = await startServer({ script, args: ['--set', 'batches.window_seconds=1'] });
  const created = await start([chat('a', 'x'), chat('b', 'slow')], {}, short.client);
  const batch = await wait(created.id, ended, short.client);
  assert.equal(batch.status, 'expired');
  assert.equal(batch.expires_at, batch.created_at + 1);
  assert.ok(batch.expired_at >= batch.expires_at);
  assert.deepEqual((await linesOf(batch.output_file_id, short.client)).map((l) => l.custom_id), ['a']);
  const [left] = await linesOf(batch.error_file_id, short.client);
  assert.equal(left.custom_id, 'b');
  assert.deepEqual(left.error, { code: 'batch_expired', message: 'This request could not be executed before the completion window expired.' });
  await short.stop();
});

test('output_expires_after, and deleting the input while it runs', async () => {
  const created = await start(Array.from({ length: 200 }, (_, i) => chat(`${i}`, 'x')), { output_expires_after: { anchor: 'created_at', seconds: 3600 } });
  await client.files.delete(created.input_file_id);
  const batch = await wait(created.id);
  assert.equal(batch.request_counts.completed, 200);
  const file = await client.files.retrieve(batch.output_file_id);
  assert.equal(file.expires_at, file.created_at + 3600);
});

test('lists newest first, in pages', async () => {
  const a = await start([chat('a', 'x')]);
  const b = await start([chat('b', 'x')]);
  const page = await client.batches.list({ limit: 1 });
  checkSchema('ListBatchesResponse', await (await server.fetch('/v1/batches?limit=2')).json());
  assert.equal(page.data[0].id, b.id);
  assert.equal(page.has_more, true);
  const next = await page.getNextPage();
  assert.equal(next.data[0].id, a.id);
});

test('refuses what cannot be a batch', async () => {
  const file = await upload([chat('a', 'x')]);
  const create = (more) => client.batches.create({ input_file_id: file.id, endpoint: '/v1/chat/completions', completion_window: '24h', ...more });
  await assert.rejects(create({ completion_window: '48h' }), (e) => e.status === 400 && e.param === 'completion_window');
  await assert.rejects(create({ endpoint: '/v1/files' }), (e) => e.status === 400 && e.param === 'endpoint');
  await assert.rejects(create({ input_file_id: 'file-nope' }), (e) => e.status === 404 && e.message.includes('No such File object: file-nope'));
  await assert.rejects(create({ output_expires_after: { anchor: 'created_at', seconds: 3599 } }), (e) => e.param === 'output_expires_after.seconds');
  const other = await client.files.create({ file: await toFile(Buffer.from('x'), 'x.txt'), purpose: 'user_data' });
  await assert.rejects(create({ input_file_id: other.id }), (e) => e.status === 400 && e.param === 'input_file_id');
  await assert.rejects(client.batches.retrieve('batch_nope'), (e) => e.status === 404 && e.message.includes("No batch found with id 'batch_nope'."));
  await assert.rejects(client.batches.cancel('batch_nope'), OpenAI.NotFoundError);
});

test('a batch survives kill -9, each line exactly once', async () => {
  let running = await startServer({ script });
  const wanted = Array.from({ length: 2_000 }, (_, i) => chat(`row-${i}`, i % 10 ? 'x' : 'broken'));
  const created = await start(wanted, {}, running.client);
  for (let kills = 0; kills < 3; kills += 1) {
    const before = (await running.client.batches.retrieve(created.id)).request_counts.completed;
    for (;;) {
      const { request_counts: counts } = await running.client.batches.retrieve(created.id);
      if (counts.completed > before + 100) break;
    }
    await running.kill();
    running = await startServer({ script, data: running.directory });
  }
  const batch = await wait(created.id, ended, running.client);
  assert.deepEqual(batch.request_counts, { total: 2_000, completed: 1_800, failed: 200 });
  const all = [...await linesOf(batch.output_file_id, running.client), ...await linesOf(batch.error_file_id, running.client)];
  assert.deepEqual(all.map((l) => l.custom_id).sort(), wanted.map((l) => l.custom_id).sort());
  await running.stop();
});

test('the key of another project finds nothing', async () => {
  const created = await start([chat('a', 'x')]);
  const { execFileSync } = await import('node:child_process');
  const { program } = await import('./harness.js');
  const other = execFileSync(program, ['keys', 'create', '--project', 'other', '--data', server.directory], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  const stranger = new OpenAI({ baseURL: `${server.url}/v1`, apiKey: other, maxRetries: 0 });
  assert.notEqual(other, key);
  await assert.rejects(stranger.batches.retrieve(created.id), OpenAI.NotFoundError);
  await assert.rejects(stranger.batches.cancel(created.id), OpenAI.NotFoundError);
  assert.equal((await stranger.batches.list()).data.length, 0);
  await assert.rejects(stranger.batches.create({ input_file_id: created.input_file_id, endpoint: '/v1/chat/completions', completion_window: '24h' }), OpenAI.NotFoundError);
});

test('prompts that begin alike are read once', async () => {
  const real = await startServer();
  const system = (n) => `You are assistant number ${n}. ${'Answer in a few kind and simple words. '.repeat(30)}`;
  const lines = Array.from({ length: 80 }, (_, i) => chat(`${i}`, 'x', {
    model: 'parlance-mini', max_completion_tokens: 4, messages: [{ role: 'system', content: system(i % 2) }, { role: 'user', content: `number ${i}` }],
  }));
  const batch = await wait((await start(lines, {}, real.client)).id, ended, real.client);
  assert.equal(batch.request_counts.completed, 80);
  const share = batch.usage.input_tokens_details.cached_tokens / batch.usage.input_tokens;
  assert.ok(share > 0.85, `${share} of the input came from the cache`);
  await real.stop();
});
