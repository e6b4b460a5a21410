// A chat site: GET /chat is the page, POST /api/chat streams an answer. The key for the model server stays in this process.
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import OpenAI from 'openai';
import { Accounts } from './accounts.js';
import { Chats } from './chats.js';
import { openDatabase } from './database.js';
import { kindly, Refused } from './refused.js';

const env = process.env;
const client = new OpenAI({ baseURL: env.PARLANCE_URL ?? 'http://127.0.0.1:8080/v1', apiKey: env.PARLANCE_API_KEY ?? 'none', maxRetries: 1 });
const db = openDatabase(env.DATABASE ?? 'chat.db');
const accounts = new Accounts(db);
const chats = new Chats(db, client, async () => env.PARLANCE_MODEL ?? (await client.models.list()).data[0]?.id ?? '');

const bodyBytesMax = 256 * 1024;
const pages = {
  '/chat': ['chat.html', 'text/html; charset=utf-8'],
  '/chat.js': ['chat.js', 'text/javascript; charset=utf-8'],
  '/chat.css': ['chat.css', 'text/css; charset=utf-8'],
};
const always = {
  'content-security-policy': "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-store',
};

const tokenOf = (request) => request.headers.cookie?.match(/(?:^|;\s*)session=([\w-]+)/)?.[1];
const cookie = (token, seconds) => `session=${token}; HttpOnly; SameSite=Strict; Path=/; Max-Age=${seconds}${env.HTTPS ? '; Secure' : ''}`;

function send(response, status, value, headers = {}) {
  response.writeHead(status, { ...always, 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify(value));
}

// A JSON body, which no form of another site can send.
async function bodyOf(request) {
  if (!/^application\/json\b/.test(request.headers['content-type'] ?? '')) throw new Refused(415, 'The request is not JSON.');
  const pieces = [];
  let bytes = 0;
  for await (const piece of request) {
    bytes += piece.length;
    if (bytes > bodyBytesMax) throw new Refused(413, 'That is too much at once.');
    pieces.push(piece);
  }
  try {
    const body = JSON.parse(Buffer.concat(pieces).toString('utf8'));
    if (body !== null && typeof body === 'object') return body;
  } catch { /* said below */ }
  throw new Refused(400, 'The request is not JSON.');
}

function signedIn(request) {
  const user = accounts.userOf(tokenOf(request));
  if (!user) throw new Refused(401, 'Please log in.');
  return user;
}

const chatIdOf = (text) => {
  const id = Number(text);
  if (!Number.isSafeInteger(id)) throw new Refused(404, 'That chat is not here any more.');
  return id;
};

async function enter(request, response, how) {
  const { name, password } = await bodyOf(request);
  const user = await how(name, password);
  const { token, seconds } = accounts.begin(user);
  send(response, 200, { name: user.name }, { 'set-cookie': cookie(token, seconds) });
}

// Server-sent events: data: {"chat"}, data: {"text"}..., and data: {"error"} when it fails on the way.
async function streamAnswer(request, response) {
  const user = signedIn(request);
  const { message, chat } = await bodyOf(request);
  const gone = new AbortController();
  response.on('close', () => gone.abort());
  const answer = chats.answer(user, { chatId: chat === undefined || chat === null ? undefined : chatIdOf(chat), message, signal: gone.signal });
  const write = (event) => {
    if (!response.headersSent) response.writeHead(200, { ...always, 'content-type': 'text/event-stream', 'x-accel-buffering': 'no' });
    response.write(`data: ${JSON.stringify(event)}\n\n`);
  };
  try {
    for await (const event of answer) write(event);
  } catch (error) {
    if (gone.signal.aborted) return;
    if (!response.headersSent) throw error;
    log(request, error);
    write({ error: kindly(error).message });
  }
  response.end();
}

const routes = {
  'GET /': (request, response) => { response.writeHead(302, { location: '/chat' }); response.end(); },
  'POST /api/register': (request, response) => enter(request, response, (name, password) => accounts.register(name, password)),
  'POST /api/login': (request, response) => enter(request, response, (name, password) => accounts.logIn(name, password)),
  'POST /api/logout': async (request, response) => {
    await bodyOf(request);
    if (tokenOf(request)) accounts.end(tokenOf(request));
    send(response, 200, {}, { 'set-cookie': cookie('', 0) });
  },
  'GET /api/me': (request, response) => send(response, 200, { name: signedIn(request).name }),
  'GET /api/chats': (request, response) => send(response, 200, { chats: chats.list(signedIn(request)) }),
  'GET /api/chats/:id': (request, response, id) => send(response, 200, { messages: chats.messages(signedIn(request), chatIdOf(id)) }),
  'DELETE /api/chats/:id': (request, response, id) => { chats.remove(signedIn(request), chatIdOf(id)); send(response, 200, {}); },
  'POST /api/chat': streamAnswer,
};

async function handle(request, response) {
  const path = new URL(request.url, 'http://app').pathname;
  if (request.method === 'GET' && pages[path]) {
    const [file, type] = pages[path];
    const bytes = await readFile(new URL(`public/${file}`, import.meta.url));
    response.writeHead(200, { ...always, 'content-type': type });
    response.end(bytes);
    return;
  }
  const [, id] = path.match(/^\/api\/chats\/(\d+)$/) ?? [];
  const route = routes[`${request.method} ${id === undefined ? path : '/api/chats/:id'}`];
  if (!route) throw new Refused(404, 'There is nothing here.');
  await route(request, response, id);
}

function log(request, error) {
  if (!(error instanceof Refused)) console.error(`${request.method} ${request.url}:`, error.message ?? error);
}

const server = createServer((request, response) => {
  handle(request, response).catch((error) => {
    log(request, error);
    const refused = kindly(error);
    if (response.headersSent) response.destroy();
    else send(response, refused.status, { error: refused.message });
  });
});
server.listen(Number(env.PORT ?? 3000), env.HOST ?? '127.0.0.1', () => {
  console.log(`Chat at http://${server.address().address}:${server.address().port}/chat`);
});
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => { server.close(() => { db.close(); process.exit(0); }); server.closeAllConnections(); });
