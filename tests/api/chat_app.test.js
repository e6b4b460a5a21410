// examples/chat-app beside the built server: what a browser does, over HTTP.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { key, parseSse, startServer } from './harness.js';

const here = dirname(fileURLToPath(import.meta.url));
const script = {
  models: [{
    id: 'scripted',
    turns: [
      { when: { user: 'fail before' }, steps: [{ fail: { code: 'overloaded', message: 'secret detail' } }] },
      { when: { user: 'fail after' }, steps: [{ text: 'beginning' }, { fail: { code: 'internal', message: 'secret detail' } }] },
      { when: { user: 'slow' }, steps: [{ text: 'first ' }, { delay_ms: 20000 }, { text: 'second' }] },
      { when: { model_turn: 1 }, steps: [{ text: 'second answer' }] },
      { steps: [{ words: 'Hello you there' }] },
    ],
  }],
};
let server, app, folder;

// The app from a copy beside this test's packages, so that nothing needs installing.
async function startApp(env = {}) {
  const child = spawn(process.execPath, ['--experimental-sqlite', '--no-warnings', join(folder, 'server.js')], {
    env: { ...process.env, PORT: '0', DATABASE: join(folder, 'chat.db'), PARLANCE_URL: `${server.url}/v1`, PARLANCE_API_KEY: key, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  const exited = new Promise((resolve) => child.once('exit', resolve));
  child.stderr.on('data', (chunk) => { output += chunk; });
  const url = await new Promise((resolve, reject) => {
    child.stdout.on('data', (chunk) => { output += chunk; const found = output.match(/Chat at (\S+)\/chat/); if (found) resolve(found[1]); });
    exited.then((code) => reject(new Error(`the app ended with ${code}:\n${output}`)));
  });
  return { url, output: () => output, stop: async () => { child.kill('SIGTERM'); await exited; } };
}

// A browser with a cookie.
function browser(url) {
  let cookie;
  const request = async (method, path, body, more = {}) => {
    const response = await fetch(url + path, {
      method, body: body && JSON.stringify(body), ...more, headers: { ...(body && { 'content-type': 'application/json' }), ...(cookie && { cookie }) },
    });
    const set = response.headers.get('set-cookie');
    if (set) { cookie = set.split(';')[0]; response.cookie = set; }
    return response;
  };
  const json = async (...args) => { const response = await request(...args); return { status: response.status, ...(await response.json()) }; };
  const say = async (message, chat) => {
    const response = await request('POST', '/api/chat', { message, chat });
    const text = await response.text();
    if (response.status !== 200) return { status: response.status, ...JSON.parse(text) };
    const events = parseSse(text).map((e) => JSON.parse(e.data));
    return {
      status: 200, events, text: events.map((e) => e.text ?? '').join(''), chat: events.find((e) => e.chat)?.chat, error: events.find((e) => e.error)?.error,
    };
  };
  return { request, json, say };
}
const signUp = async (name) => { const user = browser(app.url); assert.equal((await user.json('POST', '/api/register', { name, password: 'long enough' })).name, name); return user; };

before(async () => {
  server = await startServer({ script });
  folder = mkdtempSync(join(here, '.chat-app-'));
  cpSync(join(here, '..', '..', 'examples', 'chat-app'), folder, { recursive: true, filter: (path) => !path.includes('node_modules') });
  app = await startApp();
});
after(async () => { await app?.stop(); await server?.stop(); rmSync(folder, { recursive: true, force: true }); });

test('GET /chat is a page that holds no key', async () => {
  const visitor = browser(app.url);
  const page = await visitor.request('GET', '/chat');
  assert.equal(page.status, 200);
  assert.match(page.headers.get('content-type'), /text\/html/);
  assert.match(page.headers.get('content-security-policy'), /default-src 'self'/);
  const everything = [await page.text()];
  for (const path of ['/chat.js', '/chat.css']) everything.push(await (await visitor.request('GET', path)).text());
  assert.ok(!everything.join('').includes(key));
  assert.equal((await visitor.request('GET', '/server.js')).status, 404);
  assert.equal((await visitor.request('GET', '/..%2fserver.js')).status, 404);
});

test('nothing but the page without logging in', async () => {
  const visitor = browser(app.url);
  for (const [method, path, body] of [['GET', '/api/me'], ['GET', '/api/chats'], ['GET', '/api/chats/1'], ['DELETE', '/api/chats/1'], ['POST', '/api/chat', { message: 'x' }]]) {
    assert.deepEqual(await visitor.json(method, path, body), { status: 401, error: 'Please log in.' });
  }
});

test('accounts: registering, logging in and out, wrong passwords', async () => {
  const first = browser(app.url);
  const made = await first.request('POST', '/api/register', { name: 'Zoë', password: 'long enough' });
  assert.match(made.cookie, /HttpOnly; SameSite=Strict/);
  assert.equal((await first.json('GET', '/api/me')).name, 'Zoë');
  assert.equal((await first.json('POST', '/api/register', { name: 'zoë', password: 'long enough' })).status, 409);
  assert.equal((await first.json('POST', '/api/register', { name: 'Zoë', password: 'long enough' })).status, 409);
  assert.equal((await first.json('POST', '/api/logout', {})).status, 200);
  assert.equal((await first.json('GET', '/api/me')).status, 401);
  const wrong = await first.json('POST', '/api/login', { name: 'Zoë', password: 'not that one' });
  const nobody = await first.json('POST', '/api/login', { name: 'nobody', password: 'not that one' });
  assert.equal(wrong.status, 401);
  assert.deepEqual(wrong, nobody);
  assert.equal((await first.json('POST', '/api/login', { name: 'Zoë', password: 'long enough' })).name, 'Zoë');
  assert.equal((await first.json('POST', '/api/register', { name: 'a b', password: 'long enough' })).status, 400);
  assert.equal((await first.json('POST', '/api/register', { name: 'short', password: '1234567' })).status, 400);
  for (let i = 0; i < 10; i += 1) await first.json('POST', '/api/login', { name: 'target', password: 'wrong password' });
  assert.equal((await first.json('POST', '/api/login', { name: 'target', password: 'wrong password' })).status, 429);
  // A form of another site cannot send JSON, and no password is stored as it is.
  assert.equal((await fetch(`${app.url}/api/login`, { method: 'POST', body: '{}', headers: { 'content-type': 'text/plain' } })).status, 415);
  for (const file of readdirSync(folder).filter((f) => f.startsWith('chat.db'))) assert.ok(!readFileSync(join(folder, file)).includes('long enough'));
});

test('an answer streams, and the history goes with the next message', async () => {
  const ann = await signUp('ann');
  const first = await ann.say('Hi');
  assert.equal(first.text, 'Hello you there');
  assert.ok(first.events.filter((e) => e.text).length >= 2);
  assert.equal((await ann.say('And?', first.chat)).text, 'second answer');
  const { messages } = await ann.json('GET', `/api/chats/${first.chat}`);
  assert.deepEqual(messages.map((m) => `${m.role}: ${m.content}`), ['user: Hi', 'assistant: Hello you there', 'user: And?', 'assistant: second answer']);
  const { chats } = await ann.json('GET', '/api/chats');
  assert.deepEqual(chats.map((c) => [c.id, c.title]), [[first.chat, 'Hi']]);
});

test("nobody reaches another's chats", async () => {
  const bob = await signUp('bob');
  const eve = await signUp('eve');
  const { chat } = await bob.say('private');
  const gone = { status: 404, error: 'That chat is not here any more.' };
  assert.deepEqual(await eve.json('GET', `/api/chats/${chat}`), gone);
  assert.deepEqual(await eve.json('DELETE', `/api/chats/${chat}`), gone);
  assert.deepEqual(await eve.say('x', chat), gone);
  assert.deepEqual((await eve.json('GET', '/api/chats')).chats, []);
  assert.equal((await bob.json('GET', `/api/chats/${chat}`)).messages.length, 2);
  assert.equal((await bob.json('DELETE', `/api/chats/${chat}`)).status, 200);
  assert.deepEqual((await bob.json('GET', '/api/chats')).chats, []);
});

test('failures are said kindly and leave no half turn', async () => {
  const carl = await signUp('carl');
  const early = await carl.say('fail before');
  assert.deepEqual([early.status, early.error], [503, 'Many people are talking to the model right now. Please try again in a moment.']);
  const late = await carl.say('fail after');
  assert.equal(late.text, 'beginning');
  assert.match(late.error, /Please try again/);
  assert.ok(!JSON.stringify([early, late]).includes('secret'));
  assert.equal((await carl.say('   ')).error, 'Write something first.');
  assert.equal((await carl.say('x'.repeat(20_001))).status, 400);
  assert.deepEqual((await carl.json('GET', '/api/chats')).chats, []);
});

test('whoever stops an answer keeps what had arrived', async () => {
  const dora = await signUp('dora');
  const stop = new AbortController();
  const response = await dora.request('POST', '/api/chat', { message: 'slow' }, { signal: stop.signal });
  let seen = '';
  await assert.rejects((async () => {
    for await (const piece of response.body) { seen += Buffer.from(piece).toString(); if (seen.includes('first')) stop.abort(); }
  })());
  const { chat } = JSON.parse(parseSse(seen)[0].data);
  let kept;
  for (let i = 0; i < 100 && !kept?.messages; i += 1) { kept = await dora.json('GET', `/api/chats/${chat}`); await new Promise((r) => { setTimeout(r, 50); }); }
  assert.deepEqual(kept.messages.map((m) => m.content), ['slow', 'first ']);
});

test('a model server that is away, or a wrong key, is no riddle', async () => {
  const closed = createServer();
  await new Promise((resolve) => { closed.listen(0, '127.0.0.1', resolve); });
  const { port } = closed.address();
  await new Promise((resolve) => { closed.close(resolve); });
  for (const [env, message] of [[{ PARLANCE_URL: `http://127.0.0.1:${port}/v1` }, /cannot be reached right now/], [{ PARLANCE_API_KEY: 'sk-wrong' }, /not set up correctly yet/]]) {
    const other = await startApp({ ...env, DATABASE: join(folder, `other-${Object.keys(env)[0]}.db`), PARLANCE_MODEL: 'scripted' });
    const user = browser(other.url);
    await user.json('POST', '/api/register', { name: 'user', password: 'long enough' });
    const refused = await user.say('Hi');
    assert.equal(refused.status, 502);
    assert.match(refused.error, message);
    assert.ok(!JSON.stringify(refused).includes('sk-'));
    await other.stop();
  }
});

test('accounts and history outlive the app', async () => {
  const finn = await signUp('finn');
  const { chat } = await finn.say('Hi');
  await app.stop();
  app = await startApp();
  const again = browser(app.url);
  await again.json('POST', '/api/login', { name: 'finn', password: 'long enough' });
  assert.equal((await again.json('GET', `/api/chats/${chat}`)).messages.length, 2);
});
