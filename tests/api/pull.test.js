// `parlance pull`, `add`, `models` and `remove` against a local server.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { after, before, test } from 'node:test';
import { program } from './harness.js';

const file = join(dirname(fileURLToPath(import.meta.url)), '..', '..', 'models', 'parlance-mini.gguf');
const bytes = readFileSync(file);
const sha256 = createHash('sha256').update(bytes).digest('hex');
const ranges = [];
let server, url, data;

before(async () => {
  server = createServer((request, response) => {
    const range = request.headers.range?.match(/bytes=(\d+)-/);
    ranges.push(range?.[1] ?? null);
    const from = range ? Number(range[1]) : 0;
    response.writeHead(range ? 206 : 200, { 'content-length': bytes.length - from });
    response.end(bytes.subarray(from));
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${server.address().port}/mini.gguf`;
  data = mkdtempSync(join(tmpdir(), 'parlance-pull-'));
});
after(() => { server.close(); server.closeAllConnections(); rmSync(data, { recursive: true, force: true }); });

const parlance = (...args) => new Promise((resolve) => {
  const child = spawn(program, [...args, '--data', data]);
  let output = '';
  child.stdout.on('data', (chunk) => { output += chunk; });
  child.stderr.on('data', (chunk) => { output += chunk; });
  child.once('exit', (code) => resolve({ code, output }));
});

test('a wrong checksum is refused and nothing is kept', async () => {
  const { code, output } = await parlance('pull', url, '--name', 'wrong', '--sha256', '0'.repeat(64));
  assert.equal(code, 1);
  assert.match(output, /the checksum differs/);
  assert.ok(!(await parlance('models')).output.includes('wrong'));
});

test('goes on where an earlier try ended', async () => {
  mkdirSync(join(data, 'models'), { recursive: true });
  writeFileSync(join(data, 'models', 'mini.gguf.partial'), bytes.subarray(0, 1_000_000));
  const { code, output } = await parlance('pull', url, '--sha256', sha256);
  assert.equal(code, 0, output);
  assert.equal(ranges.at(-1), '1000000');
  assert.match((await parlance('models')).output, /mini .*added/);
});

test('the pulled model answers, and can be removed', async () => {
  const answer = await parlance('run', 'mini', 'Hello!', '--temperature', '0');
  assert.equal(answer.code, 0, answer.output);
  assert.match(answer.output, /[a-z]{2,}/i);
  assert.equal((await parlance('remove', 'mini')).code, 0);
  assert.equal((await parlance('remove', 'parlance-mini')).code, 1);
});

test('what is no model is refused', async () => {
  const path = join(data, 'junk.gguf');
  writeFileSync(path, 'not a model');
  const { code, output } = await parlance('add', path);
  assert.equal(code, 1);
  assert.match(output, /parlance: /);
});
