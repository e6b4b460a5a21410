// LoRA adapters beside the built-in model: models of their own, in one batch with it and with each other.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { after, before, test } from 'node:test';
import { program, startServer } from './harness.js';

const base = join(dirname(fileURLToPath(import.meta.url)), '..', '..', 'models', 'parlance-mini.gguf');
const folder = mkdtempSync(join(tmpdir(), 'parlance-adapters-'));
const data = join(folder, 'data');
let server;

const string = (text) => {
  const bytes = Buffer.from(text);
  const size = Buffer.alloc(8);
  size.writeBigUInt64LE(BigInt(bytes.length));
  return Buffer.concat([size, bytes]);
};
const number = (method, bytes, value) => { const out = Buffer.alloc(bytes); out[method](value); return out; };
const u32 = (value) => number('writeUInt32LE', 4, value);
const u64 = (value) => number('writeBigUInt64LE', 8, BigInt(value));
const f32 = (value) => number('writeFloatLE', 4, value);

// `tensors`: [{name, shape (innermost first), value(i)}], f32.
function gguf(metadata, tensors) {
  const parts = [Buffer.from('GGUF'), u32(3), u64(tensors.length), u64(Object.keys(metadata).length)];
  for (const [key, value] of Object.entries(metadata)) {
    parts.push(string(key), ...(typeof value === 'string' ? [u32(8), string(value)] : [u32(6), f32(value)]));
  }
  let offset = 0;
  const contents = [];
  for (const { name, shape, value } of tensors) {
    parts.push(string(name), u32(shape.length), ...shape.map(u64), u32(0), u64(offset));
    const floats = Float32Array.from({ length: shape.reduce((a, b) => a * b) }, (_, i) => value(i));
    const bytes = Buffer.alloc(Math.ceil(floats.byteLength / 32) * 32);
    Buffer.from(floats.buffer).copy(bytes);
    contents.push(bytes);
    offset += bytes.length;
  }
  const head = Buffer.concat(parts);
  return Buffer.concat([head, Buffer.alloc((32 - (head.length % 32)) % 32), ...contents]);
}

// What the built-in model calls itself, and how wide it is: from the first keys of its file.
function describe(bytes) {
  const at = (key) => bytes.indexOf(string(key)) + 8 + key.length;
  const text = at('general.architecture') + 4;
  const architecture = bytes.subarray(text + 8, text + 8 + Number(bytes.readBigUInt64LE(text))).toString();
  return { architecture, width: bytes.readUInt32LE(at(`${architecture}.embedding_length`) + 4) };
}

function writeAdapter(name, seed) {
  const { architecture, width } = describe(readFileSync(base));
  const file = join(folder, `${name}.gguf`);
  const noise = (scale) => (i) => Math.sin((i + 1) * 12.9898 * seed) * scale;
  writeFileSync(file, gguf(
    { 'general.type': 'adapter', 'general.architecture': architecture, 'adapter.type': 'lora', 'adapter.lora.alpha': 16 },
    ['blk.0.attn_q', 'blk.1.attn_output'].flatMap((layer) => [
      { name: `${layer}.weight.lora_a`, shape: [width, 4], value: noise(0.3) },
      { name: `${layer}.weight.lora_b`, shape: [4, width], value: noise(0.3) },
    ]),
  ));
  return file;
}

const parlance = (...args) => spawnSync(program, [...args, '--data', data], { encoding: 'utf8' });
const say = async (model, more = {}) => (await server.client.chat.completions.create({
  model, messages: [{ role: 'user', content: 'Tell me about the sea.' }], temperature: 0, max_tokens: 24, ...more,
})).choices[0].message.content;

before(async () => {
  for (const [name, seed] of [['pirate', 1], ['poet', 2], ['clerk', 3]]) writeAdapter(name, seed);
  const added = parlance('add', 'parlance-mini', '--lora', join(folder, 'pirate.gguf'), '--name', 'pirate');
  assert.equal(added.status, 0, added.stderr);
  server = await startServer({
    data,
    args: ['--set', `models.adapters=poet@parlance-mini=${join(folder, 'poet.gguf')},clerk@parlance-mini=${join(folder, 'clerk.gguf')}`],
  });
});
after(async () => { await server?.stop(); rmSync(folder, { recursive: true, force: true }); });

test('adapters are listed as models', async () => {
  const ids = [];
  for await (const model of server.client.models.list()) ids.push(model.id);
  for (const id of ['parlance-mini', 'pirate', 'poet', 'clerk']) assert.ok(ids.includes(id), ids.join());
  assert.equal((await server.client.models.retrieve('poet')).id, 'poet');
  assert.match(parlance('models').stdout, /pirate .*adapter of parlance-mini/);
});

test('each says what it says alone, also in one batch with the others', async () => {
  const models = ['parlance-mini', 'pirate', 'poet', 'clerk'];
  const alone = {};
  for (const model of models) alone[model] = await say(model);
  assert.equal(new Set(Object.values(alone)).size, 4, JSON.stringify(alone));
  const together = await Promise.all([...models, ...models].map((model) => say(model)));
  assert.deepEqual(together, [...models, ...models].map((model) => alone[model]));
});

test('what one has read is not cached for another', async () => {
  const prompt = 'The history of lighthouses is long. '.repeat(20);
  const cached = async (model) => (await server.client.completions.create({ model, prompt, max_tokens: 1 }))
    .usage.prompt_tokens_details?.cached_tokens ?? 0;
  assert.equal(await cached('poet'), 0);
  assert.equal(await cached('clerk'), 0);
  assert.ok(await cached('poet') > 0);
});

test('an adapter that does not belong is refused', () => {
  const plain = parlance('add', join(folder, 'pirate.gguf'));
  assert.equal(plain.status, 1);
  assert.match(plain.stderr, /LoRA adapter.*--lora/);
  assert.match(parlance('add', 'nobody', '--lora', join(folder, 'poet.gguf'), '--name', 'x').stderr, /no model 'nobody'/);
  assert.match(parlance('add', 'parlance-mini', '--lora', base, '--name', 'x').stderr, /not a LoRA adapter/);
  assert.match(parlance('add', 'pirate', '--lora', join(folder, 'poet.gguf'), '--name', 'x').stderr, /adapter itself/);
});

test('a removed adapter is gone, its base stays', async () => {
  await server.client.models.delete('pirate');
  await assert.rejects(say('pirate'), { status: 404 });
  assert.ok(await say('parlance-mini'));
});
