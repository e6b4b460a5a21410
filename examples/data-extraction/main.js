// npm start: reads the letters and writes orders.db.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import OpenAI from 'openai';
import { addOrder, isKnown, openDatabase } from './database.js';
import { extract } from './extract.js';

const client = new OpenAI({ baseURL: process.env.OPENAI_BASE_URL ?? 'http://127.0.0.1:8080/v1', apiKey: process.env.PARLANCE_API_KEY });
const folder = process.env.LETTERS ?? join(dirname(fileURLToPath(import.meta.url)), 'letters');
const model = process.env.MODEL ?? 'parlance-mini';
const db = openDatabase(process.env.DATABASE ?? 'orders.db');

let written = 0;
const refused = [];
for (const name of readdirSync(folder).filter((file) => file.endsWith('.txt')).sort()) {
  if (isKnown(db, name)) continue;
  const { order, error } = await extract(client, readFileSync(join(folder, name), 'utf8'), { model, temperature: 0.2, max_output_tokens: 1500 });
  if (error) {
    refused.push(`${name}: ${error}`);
    continue;
  }
  addOrder(db, name, order);
  written += 1;
}
for (const { product, unit, quantity } of db.prepare('SELECT product, unit, sum(quantity) AS quantity FROM orders GROUP BY 1, 2 ORDER BY 1, 2').all()) {
  console.log(`${product}: ${quantity} (${unit})`);
}
console.log(`${written} letters written, ${refused.length} left out`);
for (const line of refused) console.error(line);
db.close();
