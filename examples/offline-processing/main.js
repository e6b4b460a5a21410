// npm start: classifies the tickets and writes tickets.labelled.csv.
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import OpenAI from 'openai';
import { join, labels, start, wait } from './classify.js';
import { tickets } from './tickets.js';

const client = new OpenAI({ baseURL: process.env.OPENAI_BASE_URL ?? 'http://127.0.0.1:8080/v1', apiKey: process.env.PARLANCE_API_KEY });
const rows = tickets(Number(process.env.ROWS ?? 3000));

const memory = '.batch';
if (!existsSync(memory)) writeFileSync(memory, (await start(client, rows, process.env.MODEL ?? 'parlance-mini')).id);
const batch = await wait(client, readFileSync(memory, 'utf8'), {
  onProgress: ({ status, request_counts: counts, usage }) => {
    process.stdout.write(`\r${status}: ${counts.completed + counts.failed} of ${counts.total} rows, ${usage?.total_tokens ?? 0} tokens   `);
  },
});
console.log();
rmSync(memory);
if (batch.status === 'failed') throw new Error(batch.errors.data[0].message);

const labelled = await join(client, batch, rows);
const quote = (text) => `"${text.replaceAll('"', '""')}"`;
writeFileSync('tickets.labelled.csv', ['id,label,text', ...labelled.map((row) => `${row.id},${row.label ?? ''},${quote(row.text)}`)].join('\n'));
for (const label of labels) console.log(`${label}: ${labelled.filter((row) => row.label === label).length}`);
const without = labelled.filter((row) => !row.label).length;
if (without) console.log(`without a label: ${without}`);
