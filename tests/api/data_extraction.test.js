// examples/data-extraction with the built-in model, which fills in the form with anything: what is written is sound all the same.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { key, startServer } from './harness.js';

const here = dirname(fileURLToPath(import.meta.url));
let server, folder;
// The example from a copy beside this test's packages, so that nothing needs installing.
before(async () => {
  server = await startServer();
  folder = mkdtempSync(join(here, '.data-extraction-'));
  cpSync(join(here, '..', '..', 'examples', 'data-extraction'), folder, { recursive: true });
});
after(async () => {
  rmSync(folder, { recursive: true, force: true });
  await server.stop();
});

const flags = ['--experimental-sqlite', '--no-warnings'];
const node = (args, env = {}) => promisify(execFile)(process.execPath, [...flags, ...args], { cwd: folder,
  env: { ...process.env, OPENAI_BASE_URL: `${server.url}/v1`, PARLANCE_API_KEY: key, DATABASE: join(folder, 'orders.db'), ...env } });

async function rows(sql) {
  const program = `import { DatabaseSync } from 'node:sqlite';
    console.log(JSON.stringify(new DatabaseSync(process.env.DATABASE).prepare(${JSON.stringify(sql)}).all()));`;
  return JSON.parse((await node(['--input-type=module', '-e', program])).stdout);
}

test('letters become rows that keep every rule, once', { timeout: 120_000 }, async () => {
  const first = await node(['main.js']);
  const [, written, leftOut] = first.stdout.match(/(\d+) letters written, (\d+) left out/).map(Number);
  assert.equal(written + leftOut, 3, first.stdout + first.stderr);
  const letters = await rows('SELECT * FROM letters');
  const orders = await rows('SELECT * FROM orders');
  assert.equal(letters.length, written);
  for (const letter of letters) assert.ok(letter.customer.length >= 1 && letter.customer.length <= 60);
  for (const order of orders) {
    assert.ok(letters.some((letter) => letter.name === order.letter));
    assert.ok(['bread', 'cheese', 'honey', 'tea', 'other'].includes(order.product) && order.quantity >= 1 && order.quantity <= 500);
  }
  const again = await node(['main.js']);
  assert.match(again.stdout, new RegExp(`\\d+ letters written, \\d+ left out`));
  assert.deepEqual((await rows('SELECT * FROM letters')).slice(0, written), letters);
});

test('an answer that breaks a rule is not written', async () => {
  const order = (wanted_by, items) => ({ customer: 'Ada', city: null, wanted_by, items });
  const bread = { product: 'bread', quantity: 2, unit: 'piece' };
  const cases = [[order('2026-05-03', [bread]), null], [order('2026-02-30', [bread]), 'there is no day 2026-02-30'],
    [order(null, [bread, bread]), 'ordered twice'], [order(null, [{ ...bread, quantity: 0 }]), 'quantity'], [{ ...order(null, [bread]), customer: '' }, 'customer']];
  const program = `import { extract } from './extract.js';
    const answers = JSON.parse(process.env.CASES);
    const client = { responses: { parse: async () => ({ status: 'completed', output_parsed: answers.shift() }) } };
    const out = [];
    while (answers.length) out.push(await extract(client, 'x', { model: 'm' }));
    console.log(JSON.stringify(out));`;
  const { stdout } = await node(['--input-type=module', '-e', program], { CASES: JSON.stringify(cases.map(([answer]) => answer)) });
  JSON.parse(stdout).forEach((result, i) => {
    if (cases[i][1] === null) assert.deepEqual(result.order, cases[i][0]);
    else assert.ok(result.error.includes(cases[i][1]), JSON.stringify(result));
  });
});
