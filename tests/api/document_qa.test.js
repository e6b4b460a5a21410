// examples/document-qa beside the built server: three PDFs in, a question, a cited answer out, as the page does it.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { makePdf } from './documents.js';
import { key, scripted, startServer } from './harness.js';

const here = dirname(fileURLToPath(import.meta.url));
const script = scripted([
  { when: { user: 'When was the lamp' }, steps: [{ text: 'The lamp was replaced in 1987 [1].' }] },
  { steps: [{ text: 'I do not know.' }] },
]);
let server, app, folder;
before(async () => {
  server = await startServer({ script });
  folder = mkdtempSync(join(here, 'document-qa-'));  // beside this test's packages, so that nothing needs installing
  cpSync(join(here, '..', '..', 'examples', 'document-qa'), folder, { recursive: true });
  const child = spawn(process.execPath, [join(folder, 'server.js')], {
    env: { ...process.env, PORT: '0', PARLANCE_URL: `${server.url}/v1`, PARLANCE_API_KEY: key }, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  const exited = new Promise((resolve) => child.once('exit', resolve));
  child.stderr.on('data', (chunk) => { output += chunk; });
  const url = await new Promise((resolve, reject) => {
    child.stdout.on('data', (chunk) => { output += chunk; const found = output.match(/Documents at (\S+)\//); if (found) resolve(found[1]); });
    exited.then((code) => reject(new Error(`the example ended with ${code}:\n${output}`)));
  });
  app = { url, stop: async () => { child.kill('SIGTERM'); await exited; } };
});
after(async () => { await app?.stop(); await server.stop(); rmSync(folder, { recursive: true, force: true }); });

const add = (name, bytes) => fetch(`${app.url}/api/documents`, { method: 'POST', body: bytes, headers: { 'x-file-name': encodeURIComponent(name) } });
const ask = async (question) => (await fetch(`${app.url}/api/ask`, { method: 'POST', body: JSON.stringify({ question }) })).json();

test('three PDFs, a question, a cited answer', async () => {
  const documents = {
    'lighthouse.pdf': makePdf(['The lighthouse society. A report on the year.', 'The lamp of the lighthouse was replaced in 1987 by a brighter one.']),
    'bakery.pdf': makePdf(['The bakery opens at six. Its rye bread is baked in a stone oven.']),
    'garden.pdf': makePdf(['The garden has forty roses and one old oak.']),
  };
  for (const [name, bytes] of Object.entries(documents)) assert.equal((await add(name, bytes)).status, 200, name);
  const result = await ask('When was the lamp of the lighthouse replaced?');
  assert.equal(result.answer, 'The lamp was replaced in 1987.');
  assert.equal(result.citations.length, 1);
  assert.equal(result.citations[0].index, 'The lamp was replaced in 1987'.length);
  assert.ok(result.passages.length > 0);
  assert.equal(result.citations[0].name, result.passages[0].name);
  assert.ok(result.passages.some((p) => p.name === 'lighthouse.pdf' && p.text.includes('1987')));
});

test('the page is served, problems are said', async () => {
  const page = await (await fetch(`${app.url}/`)).text();
  assert.match(page, /Ask your documents/);
  const broken = await add('x.pdf', Buffer.from('%PDF-1.4 broken'));
  assert.equal(broken.status, 422);
  assert.match((await broken.json()).error, /could not be parsed/);
  assert.match((await ask('')).error, /ask a question/);
});
