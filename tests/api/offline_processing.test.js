// examples/offline-processing with the built-in model, the server killed twice meanwhile.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import OpenAI from 'openai';
import { join, labels, start, wait } from '../../examples/offline-processing/classify.js';
import { tickets } from '../../examples/offline-processing/tickets.js';
import { key, startServer } from './harness.js';

test('every row gets its label though the server is killed twice', { timeout: 120_000 }, async () => {
  let server = await startServer();
  const { port } = new URL(server.url);
  const client = new OpenAI({ baseURL: `${server.url}/v1`, apiKey: key, maxRetries: 0 });
  const rows = tickets(600);
  const batch = await start(client, rows, 'parlance-mini');

  const kills = [40, 250];
  let killing = Promise.resolve();
  const ended = await wait(client, batch.id, {
    pause: 20,
    onProgress: ({ request_counts: counts }) => {
      if (kills.length === 0 || counts.completed < kills[0]) return;
      kills.shift();
      killing = killing.then(async () => {
        await server.kill();
        server = await startServer({ data: server.directory, port });
      });
    },
  });
  await killing;
  assert.equal(kills.length, 0);
  assert.equal(ended.status, 'completed');
  assert.deepEqual(ended.request_counts, { total: 600, completed: 600, failed: 0 });
  const labelled = await join(client, ended, rows);
  assert.deepEqual(labelled.map((row) => row.id), rows.map((row) => row.id));
  for (const row of labelled) assert.ok(labels.includes(row.label), JSON.stringify(row));
  await server.stop();
});
