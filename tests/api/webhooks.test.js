// Webhooks: what ended is told to the project's endpoints, signed as the official SDK checks it.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';
import OpenAI, { toFile } from 'openai';
import { program, scripted, startServer } from './harness.js';

const script = scripted([{ when: { user: 'slow' }, steps: [{ delay_ms: 20_000 }] }, { steps: [{ text: 'x' }] }]);

// A receiver that answers with what `answer` says and keeps every request.
async function receiver(answer = () => 200) {
  const got = [];
  const http = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => { body += chunk; });
    request.on('end', () => {
      got.push({ headers: request.headers, body, path: request.url });
      response.writeHead(answer(got.length), { location: '/elsewhere' }).end();
    });
  });
  await new Promise((resolve) => { http.listen(0, '127.0.0.1', resolve); });
  return {
    got, url: `http://127.0.0.1:${http.address().port}/hook`, close: () => http.close(),
    wait: async (n) => { while (got.length < n) await new Promise((resolve) => { setTimeout(resolve, 20); }); return got; },
  };
}

const cli = (server, ...args) => execFileSync(program, ['webhooks', ...args, '--data', server.directory], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();

async function batch(client, content = 'hi') {
  const line = { custom_id: 'a', method: 'POST', url: '/v1/chat/completions', body: { model: 'scripted', messages: [{ role: 'user', content }] } };
  const file = await client.files.create({ file: await toFile(Buffer.from(JSON.stringify(line)), 'in.jsonl'), purpose: 'batch' });
  return client.batches.create({ input_file_id: file.id, endpoint: '/v1/chat/completions', completion_window: '24h' });
}

let server;
before(async () => { server = await startServer({ script, args: ['--set', 'webhooks.allow_private=true'] }); });
after(() => server.stop());

test('an event is signed as webhooks.unwrap expects', async () => {
  const hook = await receiver();
  const secret = cli(server, 'add', hook.url, '--events', 'batch.completed');
  assert.match(secret, /^whsec_/);
  const made = await batch(server.client);
  const [told] = await hook.wait(1);
  assert.equal(told.headers['content-type'], 'application/json');
  const client = new OpenAI({ apiKey: 'x', webhookSecret: secret });
  const event = await client.webhooks.unwrap(told.body, told.headers);
  assert.equal(event.type, 'batch.completed');
  assert.equal(event.object, 'event');
  assert.match(event.id, /^evt_/);
  assert.deepEqual(event.data, { id: made.id });
  assert.equal((await server.client.batches.retrieve(made.id)).status, 'completed');
  await assert.rejects(client.webhooks.unwrap(`${told.body} `, told.headers), OpenAI.InvalidWebhookSignatureError);
  assert.match(cli(server, 'list'), new RegExp(`default.*${hook.url}.*batch.completed`));
  cli(server, 'remove', cli(server, 'list').split(' ')[0]);
  assert.equal(cli(server, 'list'), '');
  hook.close();
});

test('only what was asked for, cancelled batches too; a redirect is a failure and is retried with the same id', async () => {
  const hook = await receiver((n) => (n === 1 ? 302 : 204));
  cli(server, 'add', hook.url, '--events', 'batch.cancelled');
  await batch(server.client);
  const made = await batch(server.client, 'slow');
  await server.client.batches.cancel(made.id);
  const [first, second] = await hook.wait(2);
  assert.equal(first.headers['webhook-id'], second.headers['webhook-id']);
  assert.equal(first.body, second.body);
  assert.equal(second.path, '/hook');
  assert.equal(JSON.parse(second.body).type, 'batch.cancelled');
  cli(server, 'remove', cli(server, 'list').split(' ')[0]);
  hook.close();
});

test('a response in background is told of, whether it ends or is cancelled', async () => {
  const hook = await receiver();
  cli(server, 'add', hook.url, '--events', 'response.completed,response.cancelled');
  const done = await server.client.responses.create({ model: 'scripted', input: 'hi', background: true });
  const [first] = await hook.wait(1);
  assert.deepEqual([JSON.parse(first.body).type, JSON.parse(first.body).data.id], ['response.completed', done.id]);
  const slow = await server.client.responses.create({ model: 'scripted', input: 'slow', background: true });
  await server.client.responses.cancel(slow.id);
  const [, second] = await hook.wait(2);
  assert.deepEqual([JSON.parse(second.body).type, JSON.parse(second.body).data.id], ['response.cancelled', slow.id]);
  cli(server, 'remove', cli(server, 'list').split(' ')[0]);
  hook.close();
});

test('a delivery survives kill -9', async () => {
  let up = false;
  const hook = await receiver(() => (up ? 200 : 503));
  let running = await startServer({ script, args: ['--set', 'webhooks.allow_private=true'] });
  cli(running, 'add', hook.url);
  await batch(running.client);
  await hook.wait(1);
  await running.kill();
  up = true;
  const tried = hook.got.length;
  running = await startServer({ script, data: running.directory, args: ['--set', 'webhooks.allow_private=true'] });
  await hook.wait(tried + 1);
  assert.equal(hook.got[0].headers['webhook-id'], hook.got.at(-1).headers['webhook-id']);
  await running.stop();
  hook.close();
});

test('private addresses are refused unless allowed', async () => {
  const hook = await receiver();
  const strict = await startServer({ script });
  cli(strict, 'add', hook.url);
  cli(strict, 'add', hook.url.replace('127.0.0.1', 'localhost'));
  await batch(strict.client);
  while ((strict.output().match(/could not be told/g) ?? []).length < 2) await new Promise((resolve) => { setTimeout(resolve, 20); });
  assert.equal(hook.got.length, 0);
  await strict.stop();
  hook.close();
});
