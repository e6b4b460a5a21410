// What a disk can do: be full, fail to sync, be left in the middle of a start.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { startServer } from '../api/harness.js';
import { script } from './load.js';
import { World, randomFrom, sleep } from './world.js';

const upload = (client, size, fill = 'x') => client.files.create({ file: new File([fill.repeat(size)], 'a.txt'), purpose: 'user_data' });
const text = async (client, id) => (await client.files.content(id)).text();
const line = (i) => JSON.stringify({ custom_id: `row-${i}`, method: 'POST', url: '/v1/chat/completions', body: { model: 'scripted', messages: [{ role: 'user', content: 'x' }] } });

// A small disk of its own; undefined where mounting is not allowed.
function smallDisk(megabytes) {
  const directory = mkdtempSync(join(tmpdir(), 'parlance-disk-'));
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', directory]).status === 0;
  if (!mounted) rmSync(directory, { recursive: true });
  return mounted ? directory : undefined;
}

test('a full disk refuses, loses nothing, and heals when there is room', async (t) => {
  const data = smallDisk(16);
  if (!data) return t.skip('mounting is not allowed here');
  try {
    const server = await startServer({ script, data });
    const { client } = server;
    const kept = [];
    const input = await client.files.create({ file: new File([Array.from({ length: 1_500 }, (_, i) => line(i)).join('\n')], 'in.jsonl'), purpose: 'batch' });
    const batch = await client.batches.create({ input_file_id: input.id, endpoint: '/v1/chat/completions', completion_window: '24h' });

    const filler = join(data, 'filler');
    let refused;
    for (let i = 0; !refused && i < 200; i += 1) {
      if (i === 4) { try { writeFileSync(filler, Buffer.alloc(32 << 20)); } catch { /* as full as it gets */ } }
      try {
        kept.push((await upload(client, 100_000, String.fromCharCode(97 + (i % 26)))).id);
      } catch (error) { refused = error; }
    }
    assert.ok(refused, 'the disk did not fill');
    assert.equal(refused.status, 503);
    assert.ok(refused.error.message && !refused.error.message.includes(data), 'an error in the API\'s form, without paths');
    for (const [i, id] of kept.entries()) assert.equal(await text(client, id), String.fromCharCode(97 + (i % 26)).repeat(100_000));
    await sleep(500);

    rmSync(filler);
    const after = await upload(client, 10);
    assert.equal(await text(client, after.id), 'x'.repeat(10));
    for (;;) {
      const now = await client.batches.retrieve(batch.id);
      if (now.status === 'completed') {
        assert.deepEqual(now.request_counts, { total: 1_500, completed: 1_500, failed: 0 });
        const ids = (await text(client, now.output_file_id)).trimEnd().split('\n').map((l) => JSON.parse(l).custom_id);
        assert.equal(new Set(ids).size, 1_500);
        assert.equal(ids.length, 1_500);
        break;
      }
      assert.ok(['validating', 'in_progress', 'finalizing'].includes(now.status), now.status);
      await sleep(50);
    }
    await server.stop();
  } finally {
    execFileSync('umount', ['-l', data]);
    rmSync(data, { recursive: true, force: true });
  }
});

test('a sync that fails ends the server before it acknowledges', async (t) => {
  if (spawnSync('strace', ['-qq', '-o', '/dev/null', 'true']).status !== 0) return t.skip('strace does not work here');
  const directory = mkdtempSync(join(tmpdir(), 'parlance-sync-'));
  const kept = [];
  for (const nth of [30, 45, 60]) {
    const wrap = ['strace', '-f', '-qq', '-o', '/dev/null', '-e', 'trace=fdatasync,fsync', '-e', `inject=fdatasync,fsync:error=EIO:when=${nth}+`];
    const server = await startServer({ script, data: directory, wrap, spawned: (child) => { child.stderr.resume(); } });
    let errors = 0;
    for (let i = 0; errors === 0 && i < 200; i += 1) {
      await server.client.chat.completions.create({ model: 'scripted', store: true, messages: [{ role: 'user', content: `${nth} ${i}` }] })
        .then((made) => kept.push(made.id), () => { errors += 1; });
    }
    assert.equal(errors, 1, 'the sync never failed');
    await server.exited;
  }
  assert.ok(kept.length > 10);
  const healthy = await startServer({ script, data: directory });
  for (const id of kept) assert.equal((await healthy.client.chat.completions.retrieve(id)).id, id);
  await healthy.stop();
  rmSync(directory, { recursive: true, force: true });
});

test('a server killed while it makes its database or recovers starts again', async () => {
  for (let round = 0; round < 4; round += 1) {
    const world = new World({ script, random: randomFrom(round) });
    world.directory = mkdtempSync(join(tmpdir(), 'parlance-start-'));
    for (let i = 0; i < 5; i += 1) await world.startAndKill(5 + world.random.below(60));
    await world.start();
    const file = await upload(world.server.client, 1_000);
    await world.kill();
    for (let i = 0; i < 3; i += 1) await world.startAndKill(5 + world.random.below(60));
    await world.start();
    assert.equal((await text(world.server.client, file.id)).length, 1_000);
    world.integrity({ full: true });
    assert.deepEqual(world.problems, []);
    await world.server.stop();
    rmSync(world.directory, { recursive: true, force: true });
  }
});

// What each version of the schema added. A database of version N is one without what came later.
const ADDED = [
  [9, ['chunks', 'chunk_vectors', 'chunk_sets', 'searchable_sets', 'file_attributes']],
  [8, ['batch_progress', 'batch_results']], [7, ['jobs']], [6, ['blobs']], [5, ['usage_rows']],
];

test('a server killed at any write of a migration goes on from there', async (t) => {
  if (spawnSync('strace', ['-qq', '-o', '/dev/null', 'true']).status !== 0) return t.skip('strace does not work here');
  const random = randomFrom(7);
  const sql = (directory, statement) => execFileSync('sqlite3', [join(directory, 'parlance.db'), statement], { encoding: 'utf8' }).trim();
  const schema = (directory) => sql(directory, 'SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY sql');
  const first = await startServer({ script });
  const { client, directory } = first;
  const conversation = await client.conversations.create({ items: [{ role: 'user', content: 'before' }], metadata: { a: 'b' } });
  const made = [];
  for (let i = 0; i < 20; i += 1) made.push(await client.responses.create({ model: 'scripted', input: `question ${i}`, conversation: i % 2 ? conversation.id : undefined }));
  const chat = await client.chat.completions.create({ model: 'scripted', store: true, messages: [{ role: 'user', content: 'kept' }] });
  const items = (await client.conversations.items.list(conversation.id, { limit: 100 })).data;
  await first.stop({ keep: true });
  const newest = sql(directory, 'SELECT version FROM schema_version');
  const wanted = schema(directory);

  const verify = async (data) => {
    const server = await startServer({ script, data });
    for (const response of made) assert.deepEqual((await server.client.responses.retrieve(response.id)).output, response.output);
    assert.deepEqual((await server.client.conversations.items.list(conversation.id, { limit: 100 })).data, items);
    assert.equal((await server.client.chat.completions.retrieve(chat.id)).choices[0].message.content, chat.choices[0].message.content);
    const next = await server.client.responses.create({ model: 'scripted', input: 'and now?', previous_response_id: made[0].id, background: true });
    while ((await server.client.responses.retrieve(next.id)).status !== 'completed') await sleep(10);
    await server.stop();
    assert.equal(sql(data, 'SELECT group_concat(version) FROM schema_version'), newest);
    assert.equal(schema(data), wanted);
    assert.equal(sql(data, 'PRAGMA integrity_check'), 'ok');
  };

  let killed = 0;
  for (const version of [4, 7]) {
    const old = mkdtempSync(join(tmpdir(), 'parlance-old-'));
    cpSync(directory, old, { recursive: true });
    for (const [since, tables] of ADDED) if (since > version) for (const table of tables) sql(old, `DROP TABLE ${table}`);
    sql(old, `UPDATE schema_version SET version = ${version}`);
    // Writes and syncs anywhere between the first and the one after which it serves; then once more, while it goes on.
    for (let nth = 1, serves = false; !serves && killed < 60; nth += 8 + random.below(16)) {
      const data = mkdtempSync(join(tmpdir(), 'parlance-migrates-'));
      cpSync(old, data, { recursive: true });
      for (const at of [nth, 1 + random.below(nth)]) {
        const wrap = ['strace', '-f', '-qq', '-o', '/dev/null', '-e', 'trace=pwrite64,fdatasync', '-e', `inject=pwrite64,fdatasync:signal=KILL:when=${at}`];
        let server;
        try { server = await startServer({ script, data, wrap }); } catch { killed += 1; }
        if (server) {
          spawnSync('pkill', ['-TERM', '-P', `${server.child.pid}`]);  // the child of strace
          await server.exited;
        }
        serves ||= Boolean(server) && at === nth;
      }
      t.diagnostic(`version ${version}: write ${nth}${serves ? ', served' : ''}`);
      await verify(data);
      rmSync(data, { recursive: true, force: true });
    }
    rmSync(old, { recursive: true, force: true });
  }
  t.diagnostic(`${killed} kills`);
  assert.ok(killed >= 8);
  rmSync(directory, { recursive: true, force: true });
});
