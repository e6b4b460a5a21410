// No project reaches another's objects: over every route that is served and every field that names an object, project B gets exactly
// the answer of an id that does not exist. Routes and fields come from the API's description; one that this file does not know fails it.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { after, before, test } from 'node:test';
import OpenAI, { toFile } from 'openai';
import { program, startServer } from './harness.js';
import { available, bodyFields, operations, queryParameters } from './spec.js';

const script = { models: [{ id: 'scripted', turns: [{ steps: [{ text: 'Hello' }] }] }] };
const skip = !available && 'no description of the API beside the checkout';
let server, a, b;

// --- What there is to reach: one object of each kind, made by the operation named, when that is served.
const line = (id) => `${JSON.stringify({ custom_id: id, method: 'POST', url: '/v1/chat/completions', body: { model: 'scripted', messages: [{ role: 'user', content: 'x' }] } })}\n`;
const kinds = {
  file: ['POST /files', async (c) => (await c.files.create({ file: await toFile('text of a file', 'a.txt'), purpose: 'user_data' })).id],
  lines: ['POST /files', async (c) => (await c.files.create({ file: await toFile(line('1'), 'a.jsonl'), purpose: 'batch' })).id],
  upload: ['POST /uploads', async (c) => (await c.uploads.create({ filename: 'u.txt', purpose: 'user_data', bytes: 1, mime_type: 'text/plain' })).id],
  part: ['POST /uploads', async (c, ids) => (await c.uploads.parts.create(ids.upload, { data: await toFile('x', 'part') })).id],
  chat: ['POST /chat/completions', async (c) => (await c.chat.completions.create({ model: 'scripted', store: true, messages: [{ role: 'user', content: 'x' }] })).id],
  chatMessage: ['POST /chat/completions', async (c, ids) => (await c.chat.completions.messages.list(ids.chat)).data[0].id],
  conversation: ['POST /conversations', async (c) => (await c.conversations.create({ items: [{ role: 'user', content: 'x' }] })).id],
  item: ['POST /conversations', async (c, ids) => (await c.conversations.items.list(ids.conversation)).data[0].id],
  response: ['POST /responses', async (c) => (await c.responses.create({ model: 'scripted', input: 'x' })).id],
  responseItem: ['GET /responses/{response_id}/input_items', async (c, ids) => (await c.responses.inputItems.list(ids.response)).data[0].id],
  batch: ['POST /batches', async (c, ids) => (await c.batches.create({ input_file_id: ids.lines, endpoint: '/v1/chat/completions', completion_window: '24h' })).id],
  store: ['POST /vector_stores', async (c) => (await c.vectorStores.create({ name: 'store' })).id],
  storeFile: ['POST /vector_stores/{vector_store_id}/files', async (c, ids) => (await c.vectorStores.files.create(ids.store, { file_id: ids.file })).id],
  storeBatch: ['POST /vector_stores/{vector_store_id}/file_batches', async (c, ids) => (await c.vectorStores.fileBatches.create(ids.store, { file_ids: [ids.file] })).id],
};

// Which kind a parameter of a path means, and a list's cursor.
const pathKinds = {
  file_id: (path) => (path.startsWith('/vector_stores/') ? 'storeFile' : 'file'),
  batch_id: (path) => (path.startsWith('/vector_stores/') ? 'storeBatch' : 'batch'),
  upload_id: () => 'upload', completion_id: () => 'chat', conversation_id: () => 'conversation', item_id: () => 'item', response_id: () => 'response', vector_store_id: () => 'store',
};
const cursorKinds = {
  '/files': 'file', '/batches': 'batch', '/chat/completions': 'chat', '/chat/completions/{completion_id}/messages': 'chatMessage',
  '/conversations/{conversation_id}/items': 'item', '/responses/{response_id}/input_items': 'responseItem', '/vector_stores': 'store',
  '/vector_stores/{vector_store_id}/files': 'storeFile', '/vector_stores/{vector_store_id}/file_batches/{batch_id}/files': 'storeFile',
};
// The name of a model is no object of a project.
const sharedParameters = new Set(['model']);

// Every field of a body that names an object: [operation, field, kind, body].
const ask = (more) => ({ model: 'scripted', input: 'x', ...more });
const user = (...content) => [{ role: 'user', content }];
const inputBodies = (operation) => [
  [operation, 'previous_response_id', 'response', (id) => ask({ previous_response_id: id })],
  [operation, 'conversation', 'conversation', (id) => ask({ conversation: id })],
  [operation, 'conversation', 'conversation', (id) => ask({ conversation: { id } })],
  [operation, 'id', 'item', (id) => ask({ input: [{ type: 'item_reference', id }] })],
  [operation, 'id', 'responseItem', (id) => ask({ input: [{ type: 'item_reference', id }] })],
  [operation, 'file_id', 'file', (id) => ask({ input: user({ type: 'input_file', file_id: id }) })],
  [operation, 'file_id', 'file', (id) => ask({ input: user({ type: 'input_image', file_id: id, detail: 'auto' }) })],
  [operation, 'vector_store_ids', 'store', (id) => ask({ tools: [{ type: 'file_search', vector_store_ids: [id] }], tool_choice: { type: 'file_search' } })],
];
const bodies = [
  ...inputBodies('POST /responses'), ...inputBodies('POST /responses/input_tokens'), ...inputBodies('POST /responses/compact'),
  ['POST /uploads/{upload_id}/complete', 'part_ids', 'part', (id) => ({ part_ids: [id] })],
  ['POST /chat/completions', 'file_id', 'file', (id) => ({ model: 'scripted', messages: user({ type: 'file', file: { file_id: id } }) })],
  ['POST /conversations', 'id', 'item', (id) => ({ items: [{ type: 'item_reference', id }] })],
  ['POST /conversations/{conversation_id}/items', 'id', 'item', (id) => ({ items: [{ type: 'item_reference', id }] })],
  ['POST /batches', 'input_file_id', 'lines', (id) => ({ input_file_id: id, endpoint: '/v1/chat/completions', completion_window: '24h' })],
  ['POST /vector_stores', 'file_ids', 'file', (id) => ({ file_ids: [id] })],
  ['POST /vector_stores/{vector_store_id}/files', 'file_id', 'file', (id) => ({ file_id: id })],
  ['POST /vector_stores/{vector_store_id}/file_batches', 'file_ids', 'file', (id) => ({ file_ids: [id] })],
  ['POST /vector_stores/{vector_store_id}/file_batches', 'file_id', 'file', (id) => ({ files: [{ file_id: id }] })],
];
// Fields that sound like ids of objects and are none of ours: links between items, what a client calls itself, other services' ids, and
// objects of families that are not served. A line here says that somebody has thought about it.
const noObjects = new Set(['call_id', 'tool_call_id', 'custom_id', 'safety_identifier', 'connector_id', 'container_id', 'approval_request_id', 'skill_id', 'caller_id', 'agent_id', 'session_id', 'response_id', 'prompt_id', 'character_id', 'environment_id', 'approval_id', 'parent_id', 'program_id', 'tunnel_id']);
// Fields that are kept as they are and looked up only when a response reads them: taken from anyone, so they tell nothing.
const keptAsData = new Map(['POST /conversations', 'POST /conversations/{conversation_id}/items'].map((name) => [name, new Set(['file_id', 'file_ids', 'vector_store_ids'])]));
// Of a code interpreter's container, which is not served.
for (const name of ['POST /responses', 'POST /responses/input_tokens', 'POST /responses/compact']) keptAsData.set(name, new Set(['file_ids']));
const soundsLikeId = (name) => /(^|_)ids?$/.test(name) || ['conversation', 'previous_response_id'].includes(name);

// --- Two projects with the same things in them.
const nameOf = ({ method, path }) => `${method} ${path}`;
const parametersOf = (path) => [...path.matchAll(/{(\w+)}/g)].map(([, name]) => name);
const fill = (path, values) => path.replace(/{(\w+)}/g, (_, name) => values[name]);
// As long and of the same letters, but nobody's.
const fakeOf = (id) => {
  const cut = id.search(/[_-]/) + 1;
  const digits = '0123456789abcdef';
  const alphabet = [...id.slice(cut)].every((c) => `${digits}-`.includes(c)) ? digits : 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789';
  const next = (c) => (alphabet.includes(c) ? alphabet[(alphabet.indexOf(c) + 1) % alphabet.length] : c);
  return id.slice(0, cut) + [...id.slice(cut)].map(next).join('');
};

async function call(key, method, path, body) {
  const form = body instanceof FormData;
  const response = await fetch(`${server.url}/v1${path}`, {
    method, body: body === undefined || form ? body : JSON.stringify(body), headers: { authorization: `Bearer ${key}`, ...(body !== undefined && !form && { 'content-type': 'application/json' }) },
  });
  return { status: response.status, type: response.headers.get('content-type'), text: await response.text() };
}

let served;
async function findServed() {
  const found = new Map();
  for (const operation of operations()) {
    if (operation.path.includes('?')) continue;  // the beta's duplicates: the same routes
    const path = fill(operation.path, Object.fromEntries(parametersOf(operation.path).map((name) => [name, 'nobodys'])));
    const { status, text } = await call(a.key, operation.method, path, operation.method === 'GET' || operation.method === 'DELETE' ? undefined : {});
    if (status === 405 || (status === 404 && /Invalid URL|Unknown request URL/.test(text))) continue;
    found.set(nameOf(operation), operation);
  }
  return found;
}

async function makeWorld(key) {
  const client = new OpenAI({ baseURL: `${server.url}/v1`, apiKey: key, maxRetries: 0 });
  const ids = {};
  for (const [kind, [operation, make]] of Object.entries(kinds)) if (served.has(operation)) ids[kind] = await make(client, ids);
  return { key, client, ids };
}

before(async () => {
  server = await startServer({ script });
  const made = await new Promise((resolve) => {
    const child = spawn(program, ['keys', 'create', '--project', 'other', '--data', server.directory]);
    let output = '';
    child.stdout.on('data', (chunk) => { output += chunk; });
    child.once('exit', () => resolve(output.trim()));
  });
  a = { key: server.client.apiKey };
  served = await findServed();
  a = await makeWorld(server.client.apiKey);
  b = await makeWorld(made);
});
after(() => server?.stop());

// The same answer for A's object as for nobody's, apart from the id itself.
async function sameAnswer(what, theirs, send) {
  const nobodys = Object.fromEntries(Object.entries(theirs).map(([name, id]) => [name, fakeOf(id)]));
  const blank = ({ status, type, text }, values) => {
    let plain = text;
    for (const [name, id] of Object.entries(values)) plain = plain.replaceAll(id, `<${name}>`);
    return { status, type, text: plain.replace(/req_[0-9a-f]{32}/g, '<request>') };
  };
  const real = blank(await send(theirs), theirs);
  const fake = blank(await send(nobodys), nobodys);
  assert.deepEqual(real, fake, what);
  assert.ok(fake.status >= 400 && fake.status < 500, `${what}: ${fake.status} ${fake.text}`);
  return fake;
}

// What a write needs to get as far as looking for its object.
const leastBodies = {
  'POST /chat/completions/{completion_id}': { metadata: {} }, 'POST /conversations/{conversation_id}': { metadata: {} },
  'POST /conversations/{conversation_id}/items': { items: [{ role: 'user', content: 'x' }] }, 'POST /uploads/{upload_id}/complete': { part_ids: [] },
  'POST /vector_stores/{vector_store_id}/search': { query: 'x' }, 'POST /vector_stores/{vector_store_id}/files/{file_id}': { attributes: { x: 'y' } },
};
function leastBody(operation, ids) {
  const name = nameOf(operation);
  if (operation.method === 'GET' || operation.method === 'DELETE') return undefined;
  if (name === 'POST /uploads/{upload_id}/parts') { const form = new FormData(); form.set('data', new Blob(['x']), 'x'); return form; }
  if (/vector_stores\/{\w+}\/files$/.test(name)) return { file_id: ids.file };
  if (/file_batches$/.test(name)) return { file_ids: [ids.file] };
  return leastBodies[name] ?? {};
}

test('this file knows every served parameter, list and field', { skip }, () => {
  const unknown = [];
  for (const operation of served.values()) {
    for (const name of parametersOf(operation.path)) if (!pathKinds[name] && !sharedParameters.has(name)) unknown.push(`${nameOf(operation)}: {${name}}`);
    if (queryParameters(operation).includes('after') && !cursorKinds[operation.path]) unknown.push(`${nameOf(operation)}: after`);
    for (const field of bodyFields(operation).filter(soundsLikeId)) {
      const known = bodies.some(([name, known]) => name === nameOf(operation) && known === field) || keptAsData.get(nameOf(operation))?.has(field) || noObjects.has(field) || field === 'id';
      if (!known) unknown.push(`${nameOf(operation)}: ${field}`);
    }
  }
  assert.deepEqual(unknown, []);
  assert.ok(served.size >= 28, `only ${served.size} operations found`);
});

test('objects by their paths', { skip }, async (t) => {
  for (const operation of served.values()) {
    const names = parametersOf(operation.path).filter((name) => !sharedParameters.has(name));
    if (names.length === 0) continue;
    const idsOf = (world) => Object.fromEntries(names.map((name) => [name, world.ids[pathKinds[name](operation.path)]]));
    // All of A's; and for objects inside others, each alone beside B's own.
    const cases = names.length === 1 ? [names] : [names, ...names.map((name) => [name])];
    for (const taken of cases) {
      await t.test(`${nameOf(operation)} with A's ${taken.join(' and ')}`, () => sameAnswer(nameOf(operation), Object.fromEntries(taken.map((name) => [name, idsOf(a)[name]])),
        (ids) => call(b.key, operation.method, fill(operation.path, { ...idsOf(b), ...ids }), leastBody(operation, b.ids))));
    }
  }
});

test('lists: cursors, and what they show', { skip }, async (t) => {
  for (const operation of served.values()) {
    if (operation.method !== 'GET' || sharedParameters.has(parametersOf(operation.path)[0])) continue;
    const own = Object.fromEntries(parametersOf(operation.path).map((name) => [name, b.ids[pathKinds[name](operation.path)]]));
    const path = fill(operation.path, own);
    const { status, text } = await call(b.key, 'GET', path);
    assert.equal(status, 200, `${nameOf(operation)}: ${text}`);
    for (const id of Object.values(a.ids)) assert.ok(!text.includes(id), `${nameOf(operation)} shows ${id}`);
    for (const cursor of queryParameters(operation).filter((name) => ['after', 'before'].includes(name))) {
      await t.test(`${nameOf(operation)} ${cursor}`, () => sameAnswer(nameOf(operation), { id: a.ids[cursorKinds[operation.path]] }, ({ id }) => call(b.key, 'GET', `${path}?${cursor}=${id}`)));
    }
  }
});

test('objects by fields of bodies', { skip }, async (t) => {
  for (const [name, field, kind, body] of bodies) {
    const operation = served.get(name);
    if (!operation || !a.ids[kind]) continue;
    const own = Object.fromEntries(parametersOf(operation.path).map((parameter) => [parameter, b.ids[pathKinds[parameter](operation.path)]]));
    await t.test(`${name} ${field} (${kind})`, () => sameAnswer(`${name} ${field}`, { id: a.ids[kind] }, ({ id }) => call(b.key, operation.method, fill(operation.path, own), body(id))));
  }
});

test('a kept reference to a file is taken from anyone alike', { skip }, async () => {
  for (const name of keptAsData.keys()) {
    if (!served.has(name)) continue;
    const path = fill(served.get(name).path, { conversation_id: b.ids.conversation });
    const answers = [];
    for (const id of [a.ids.file, fakeOf(a.ids.file)]) answers.push(await call(b.key, 'POST', path, { items: user({ type: 'input_file', file_id: id }) }));
    assert.equal(answers[0].status, answers[1].status);
    assert.equal(answers[0].text.includes('text of a file'), false);
  }
});

test("A's objects are all still there, as they were", { skip }, async () => {
  const { client, ids } = a;
  await client.files.retrieve(ids.file);
  await client.chat.completions.retrieve(ids.chat);
  assert.deepEqual((await client.conversations.retrieve(ids.conversation)).metadata, {});
  assert.equal((await client.conversations.items.list(ids.conversation)).data.length, 1);
  assert.equal((await client.uploads.complete(ids.upload, { part_ids: [ids.part] })).status, 'completed');
  if (ids.response) await client.responses.retrieve(ids.response);
  if (ids.batch) assert.notEqual((await client.batches.retrieve(ids.batch)).status, 'cancelled');
  if (ids.store) await client.vectorStores.retrieve(ids.store);
});
