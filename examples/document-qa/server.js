// Questions about documents: GET / is the page, POST /api/documents takes a file, POST /api/ask answers with citations.
// The key for the model server stays in this process.
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import OpenAI, { toFile } from 'openai';

const env = process.env;
const client = new OpenAI({ baseURL: env.PARLANCE_URL ?? 'http://127.0.0.1:8080/v1', apiKey: env.PARLANCE_API_KEY ?? 'none', maxRetries: 1 });
const storeName = env.VECTOR_STORE ?? 'document-qa';
const fileBytesMax = 64 * 1024 * 1024;
const questionCharsMax = 4000;

const pages = { '/': ['index.html', 'text/html; charset=utf-8'], '/page.js': ['page.js', 'text/javascript; charset=utf-8'], '/page.css': ['page.css', 'text/css; charset=utf-8'] };
const always = {
  'content-security-policy': "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'",
  'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer', 'cache-control': 'no-store',
};

// What is told to people; everything else goes to the log.
class Refused extends Error {
  constructor(status, message) { super(message); this.status = status; }
}

// The vector store of this site: the one with its name, made when there is none.
let store;
async function theStore() {
  if (store) return store;
  for await (const each of client.vectorStores.list()) {
    if (each.name === storeName && each.status !== 'expired') { store = each.id; return store; }
  }
  store = (await client.vectorStores.create({ name: storeName })).id;
  return store;
}

let model = env.PARLANCE_MODEL;
async function theModel() {
  // Embedding models do not talk.
  model ??= (await client.models.list()).data.find((each) => !each.id.includes('embed'))?.id;
  if (!model) throw new Refused(503, 'There is no model yet.');
  return model;
}

async function bytesOf(request, max) {
  const pieces = [];
  let bytes = 0;
  for await (const piece of request) {
    bytes += piece.length;
    if (bytes > max) throw new Refused(413, 'That is too large.');
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}

// The body is the file; its name is in a header, encoded.
async function addDocument(request) {
  const name = decodeURIComponent(String(request.headers['x-file-name'] ?? '')).slice(0, 200);
  if (!name) throw new Refused(400, 'The document has no name.');
  const bytes = await bytesOf(request, fileBytesMax);
  const file = await client.vectorStores.files.uploadAndPoll(await theStore(), await toFile(bytes, name));
  if (file.status !== 'completed') throw new Refused(422, file.last_error?.message ?? 'The document could not be read.');
  return { id: file.id, name };
}

async function ask(request) {
  let question;
  try { ({ question } = JSON.parse((await bytesOf(request, 64 * 1024)).toString('utf8'))); } catch { /* said below */ }
  if (typeof question !== 'string' || !question.trim() || question.length > questionCharsMax) throw new Refused(400, 'Please ask a question.');
  const response = await client.responses.create({
    model: await theModel(),
    instructions: 'Answer from the passages that file_search finds, in a few sentences, and cite them.',
    input: question,
    tools: [{ type: 'file_search', vector_store_ids: [await theStore()], max_num_results: 5 }],
    tool_choice: { type: 'file_search' },
    include: ['file_search_call.results'],
  });
  const content = response.output.find((item) => item.type === 'message')?.content[0];
  const found = response.output.flatMap((item) => (item.type === 'file_search_call' ? item.results ?? [] : []));
  return {
    answer: content?.text ?? '',
    citations: (content?.annotations ?? []).filter((a) => a.type === 'file_citation').map((a) => ({ index: a.index, name: a.filename, file: a.file_id })),
    passages: found.map((p) => ({ name: p.filename, file: p.file_id, score: p.score, text: p.text })),
  };
}

function send(response, status, value) {
  response.writeHead(status, { ...always, 'content-type': 'application/json' });
  response.end(JSON.stringify(value));
}

async function answer(request, response) {
  const { pathname } = new URL(request.url, 'http://localhost');
  if (request.method === 'GET' && pages[pathname]) {
    const [file, type] = pages[pathname];
    response.writeHead(200, { ...always, 'content-type': type });
    response.end(await readFile(new URL(`public/${file}`, import.meta.url)));
  } else if (request.method === 'POST' && pathname === '/api/documents') {
    send(response, 200, await addDocument(request));
  } else if (request.method === 'POST' && pathname === '/api/ask') {
    send(response, 200, await ask(request));
  } else {
    throw new Refused(404, 'There is nothing here.');
  }
}

const server = createServer((request, response) => {
  answer(request, response).catch((error) => {
    const known = error instanceof Refused;
    if (!known) console.error(error);
    if (!response.headersSent) send(response, known ? error.status : 502, { error: known ? error.message : 'The model server did not answer. Please try again.' });
    else response.destroy();
  });
});
server.listen(Number(env.PORT ?? 3001), env.HOST ?? '127.0.0.1', () => {
  const { address, port } = server.address();
  console.log(`Documents at http://${address}:${port}/`);
});
