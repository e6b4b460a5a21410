// `parlance keys` beside a running server, and what the server asks of keys.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { program, scripted, startServer } from './harness.js';

let server;
before(async () => { server = await startServer({ script: scripted([{ steps: [{ text: 'x' }] }]) }); });
after(() => server.stop());

// Not spawnSync: the server's pipes must go on being read.
const parlance = (...args) => new Promise((resolve) => {
  const child = spawn(program, [...args, '--data', server.directory]);
  let stdout = '', stderr = '';
  child.stdout.on('data', (chunk) => { stdout += chunk; });
  child.stderr.on('data', (chunk) => { stderr += chunk; });
  child.once('exit', (code) => resolve({ code, stdout, stderr }));
});
const status = async (secret) => (await fetch(`${server.url}/v1/models`, { headers: { authorization: `Bearer ${secret}` } })).status;

test('a key made beside the server works at once, is shown masked, and ends when revoked', async () => {
  const made = await parlance('keys', 'create', '--project', 'other');
  assert.equal(made.code, 0, made.stderr);
  const secret = made.stdout.trim();
  assert.match(secret, /^sk-[A-Za-z0-9]{48}$/);
  assert.equal(await status(secret), 200);

  const listed = (await parlance('keys', 'list')).stdout;
  assert.ok(!listed.includes(secret));
  const line = listed.split('\n').find((l) => l.includes('other'));
  assert.equal((await parlance('keys', 'revoke', line.split(' ')[0])).code, 0);
  await sleep(2_100);  // how long the server believes what it has looked up
  assert.equal(await status(secret), 401);
});

test('a project header must name the key\'s own project', async () => {
  const response = await server.fetch('/v1/models', { headers: { 'openai-project': 'proj_other' } });
  assert.equal(response.status, 401);
  assert.equal((await response.json()).error.code, 'mismatched_project');
});

test('without keys the server refuses to listen beyond loopback', () => {
  const { status: code, stderr } = spawnSync(program, ['serve', '--no-auth', '--host', '0.0.0.0', '--port', '0', '--data', `${server.directory}-x`],
    { encoding: 'utf8', timeout: 10_000 });
  assert.equal(code, 1);
  assert.match(stderr, /loopback/);
});
