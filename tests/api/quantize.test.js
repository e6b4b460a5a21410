// `parlance quantize`: the built-in model in every weight type, and a talk with each.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { after, test } from 'node:test';
import { program } from './harness.js';

const model = join(dirname(fileURLToPath(import.meta.url)), '..', '..', 'models', 'parlance-mini.gguf');
const folder = mkdtempSync(join(tmpdir(), 'parlance-quantize-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const parlance = (...args) => spawnSync(program, [...args, '--data', join(folder, 'data')], { encoding: 'utf8' });
const say = (file) => parlance('--model', file, 'run', '', 'Hello!', '--temperature', '0', '--max-tokens', '24');

for (const type of ['F16', 'Q8_0', 'Q4_0', 'Q4_K_M', 'Q5_K_M', 'Q6_K']) {
  test(`${type}: writes a model that answers`, () => {
    const file = join(folder, `mini-${type}.gguf`);
    const { status, stdout, stderr } = parlance('quantize', model, file, type);
    assert.equal(status, 0, stderr);
    assert.match(stdout, /tensors changed/);
    assert.equal(readFileSync(file).subarray(0, 4).toString(), 'GGUF');
    assert.ok(!existsSync(`${file}.partial`));
    const answer = say(file);
    assert.equal(answer.status, 0, answer.stderr);
    assert.match(answer.stdout, /[a-z]{2,}/i);
  });
}

test('fewer bits make a smaller file', () => {
  const size = (type) => statSync(join(folder, `mini-${type}.gguf`)).size;
  assert.ok(size('F16') > size('Q8_0'));
  assert.ok(size('Q8_0') > size('Q6_K'));
  assert.ok(size('Q5_K_M') > size('Q4_K_M'));
});

test('what cannot be done is said, and nothing is written', () => {
  const out = join(folder, 'out.gguf');
  const unknown = parlance('quantize', model, out, 'Q9_Z');
  assert.equal(unknown.status, 1);
  assert.match(unknown.stderr, /no weight type 'Q9_Z'.*Q4_K_M/);
  const missing = parlance('quantize', join(folder, 'none.gguf'), out, 'Q8_0');
  assert.equal(missing.status, 1);
  assert.match(missing.stderr, /parlance: /);
  assert.equal(parlance('quantize', model, model, 'Q8_0').status, 1);
  assert.ok(!existsSync(out));
});
