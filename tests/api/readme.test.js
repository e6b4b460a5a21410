// The README's first call, run as it stands there, against the built-in model.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'node:test';
import { key, startServer } from './harness.js';

const here = dirname(fileURLToPath(import.meta.url));

test('the first call of the README streams an answer', async () => {
  const readme = readFileSync(join(here, '..', '..', 'README.md'), 'utf8');
  const code = readme.match(/```js\n([\s\S]*?)```/)[1];
  const server = await startServer();
  const file = join(here, 'readme-example.mjs');
  writeFileSync(file, code.replace('http://127.0.0.1:8080', server.url));
  try {
    const { status, stdout, stderr } = await new Promise((resolve) => {
      setImmediate(() => resolve(spawnSync(process.execPath, [file], { env: { ...process.env, PARLANCE_API_KEY: key }, encoding: 'utf8' })));
    });
    assert.equal(status, 0, stderr);
    assert.match(stdout, /[a-z]{2,}/i);
  } finally {
    rmSync(file, { force: true });
    await server.stop();
  }
});
