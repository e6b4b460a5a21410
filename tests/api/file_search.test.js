// The file_search tool and input_file parts of /v1/responses, through the official SDK.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';
import { toFile } from 'openai';
import { makeDocx, makePdf } from './documents.js';
import { parseSse, scripted, startServer } from './harness.js';
import { checkSchema } from './spec.js';

const call = (args) => ({ tool_call: { name: 'file_search', arguments: JSON.stringify(args) } });
const script = scripted([
  { when: { user: 'MARS', after_tool: false }, steps: [call({ queries: ['red planet iron oxide'] })] },
  { when: { user: 'MARS', after_tool: true }, steps: [{ text: 'Mars is réd' }, { text: ' [' }, { text: '1]. It is the fourth 【1†source】 planet; x[9] stays.' }] },
  { when: { user: 'NONSENSE', after_tool: false }, steps: [call('not what was asked')] },
  { when: { user: 'NONSENSE', after_tool: true }, steps: [{ text: 'I do not know.' }] },
  { when: { user: 'TWICE', model_turn: 0 }, steps: [call({ queries: ['mars iron'] })] },
  { when: { user: 'TWICE', model_turn: 1 }, steps: [call({ query: 'jupiter storm' })] },
  { when: { user: 'TWICE', model_turn: 2 }, steps: [{ text: 'Both [1][2].' }] },
  { when: { user: 'FORCED' }, steps: [{ text: 'Jupiter is a gas giant with a great red spot, a storm.' }] },
  { when: { user: 'lighthouse lamp was replaced' }, steps: [{ text: 'I read the file.' }] },
  { when: { user: 'committee chose Ada' }, steps: [{ text: 'I read the document.' }] },
  { steps: [{ text: 'No file.' }] },
]);
let server, client, store;
const files = {
  'mars.txt': 'Mars is the fourth planet from the Sun. Its red colour comes from iron oxide on its surface.',
  'jupiter.html': '<h1>Jupiter</h1><p>Jupiter is a gas giant with a Great Red Spot, a storm larger than Earth.</p>',
  'venus.md': '# Venus\n\nVenus is the hottest planet.\n',
};
before(async () => {
  server = await startServer({ script });
  client = server.client;
  store = await client.vectorStores.create({ name: 'planets' });
  for (const [name, text] of Object.entries(files)) {
    const done = await client.vectorStores.files.uploadAndPoll(store.id, await toFile(text, name));
    await client.vectorStores.files.update(done.id, { vector_store_id: store.id, attributes: { name } });
  }
});
after(() => server.stop());

// Only words decide: the scripted model's vectors mean nothing.
const tool = (more = {}) => ({ type: 'file_search', vector_store_ids: [store.id], max_num_results: 3,
  ranking_options: { hybrid_search: { embedding_weight: 0, text_weight: 1 } }, ...more });
const ask = (input, more = {}) => ({ model: 'scripted', input, tools: [tool()], ...more });

test('searches, cites by characters, and hides results unless asked', async () => {
  const response = await client.responses.create(ask('MARS?'));
  checkSchema('Response', { ...response, output_text: undefined });
  const [search, message] = response.output;
  assert.equal(search.type, 'file_search_call');
  assert.match(search.id, /^fs_/);
  assert.equal(search.status, 'completed');
  assert.deepEqual(search.queries, ['red planet iron oxide']);
  assert.equal(search.results, null);
  const { text, annotations } = message.content[0];
  assert.equal(text, 'Mars is réd. It is the fourth planet; x[9] stays.');
  assert.deepEqual(annotations.map((a) => [a.type, a.filename, [...text].slice(0, a.index).join('')]), [
    ['file_citation', 'mars.txt', 'Mars is réd'], ['file_citation', 'mars.txt', 'Mars is réd. It is the fourth']]);
  assert.match(annotations[0].file_id, /^file-/);

  const full = await client.responses.create(ask('MARS?', { include: ['file_search_call.results'] }));
  const results = full.output[0].results;
  assert.equal(results[0].filename, 'mars.txt');
  assert.equal(results[0].text, files['mars.txt']);
  assert.deepEqual(results[0].attributes, { name: 'mars.txt' });
  assert.ok(results[0].score > 0 && results[0].score <= 1);
});

test('streams its events in order', async () => {
  const response = await server.post('/v1/responses', { stream: true, ...ask('MARS?') });
  const events = parseSse(await response.text()).map((e) => JSON.parse(e.data));
  events.forEach((event) => checkSchema('ResponseStreamEvent', event));
  const types = events.map((e) => e.type.replace('response.', ''));
  const search = types.slice(types.indexOf('output_item.added'), types.indexOf('output_item.done') + 1);
  assert.deepEqual(search, ['output_item.added', 'file_search_call.in_progress', 'file_search_call.searching',
    'file_search_call.completed', 'output_item.done']);
  const cited = events.filter((e) => e.type === 'response.output_text.annotation.added');
  assert.deepEqual(cited.map((e) => [e.annotation_index, e.annotation.filename]), [[0, 'mars.txt'], [1, 'mars.txt']]);
  const deltas = events.filter((e) => e.type === 'response.output_text.delta').map((e) => e.delta).join('');
  assert.equal(deltas, 'Mars is réd. It is the fourth planet; x[9] stays.');
  const done = events.find((e) => e.type === 'response.content_part.done');
  assert.equal(done.part.annotations.length, 2);
});

test('a call without a query asks what the user asked', async () => {
  const response = await client.responses.create(ask('NONSENSE about venus'));
  assert.deepEqual(response.output[0].queries, ['NONSENSE about venus']);
});

test('later calls go on numbering', async () => {
  const response = await client.responses.create(ask('TWICE', { include: ['file_search_call.results'] }));
  const searches = response.output.filter((item) => item.type === 'file_search_call');
  assert.equal(searches.length, 2);
  const { text, annotations } = response.output.at(-1).content[0];
  assert.equal(text, 'Both.');
  assert.deepEqual(searches.map((s) => s.results.length), [1, 1]);
  assert.deepEqual(annotations.map((a) => a.filename), ['mars.txt', 'jupiter.html']);
});

test('filters, and a forced search of which the model need know nothing', async () => {
  const response = await client.responses.create(ask('FORCED: jupiter storm?', { tool_choice: { type: 'file_search' },
    tools: [tool({ filters: { type: 'eq', key: 'name', value: 'jupiter.html' } })], include: ['file_search_call.results'] }));
  assert.deepEqual(response.output.map((item) => item.type), ['file_search_call', 'message']);
  assert.deepEqual(response.output[0].results.map((r) => r.filename), ['jupiter.html']);
  const { text, annotations } = response.output[1].content[0];
  assert.deepEqual(annotations.map((a) => [a.filename, a.index]), [['jupiter.html', text.length]], 'a model that does not cite is helped');
});

test('refuses what it should', async () => {
  const refused = async (more, param) => assert.rejects(client.responses.create(ask('MARS?', { tools: [tool(more)] })), (e) => e.status === 400 && (!param || e.param === param));
  await refused({ vector_store_ids: undefined }, 'tools[0].vector_store_ids');
  await refused({ vector_store_ids: [] });
  await refused({ max_num_results: 51 }, 'tools[0].max_num_results');
  await refused({ filters: { type: 'like', key: 'a', value: 'b' } }, 'tools[0].filters.type');
});

test('a store that is not there is not found', async () => {
  await assert.rejects(client.responses.create(ask('MARS?', { tools: [tool({ vector_store_ids: ['vs_none'] })] })),
    (e) => e.status === 404 && e.message.includes("Vector store with id 'vs_none' not found."));
});

const withFile = (file) => [{ role: 'user', content: [{ type: 'input_text', text: 'What does it say?' }, { type: 'input_file', ...file }] }];
const pdf = makePdf(['The lighthouse lamp was replaced in 1987.']);

test('input_file by id, by data and as Word, page and text', async () => {
  const file = await client.files.create({ file: await toFile(pdf, 'report.pdf'), purpose: 'user_data' });
  const byId = await client.responses.create({ model: 'scripted', input: withFile({ file_id: file.id }) });
  assert.equal(byId.output_text, 'I read the file.');
  const again = await client.responses.create({ model: 'scripted', input: withFile({ file_id: file.id }) });
  assert.equal(again.output_text, 'I read the file.');
  const byData = await client.responses.create({ model: 'scripted',
    input: withFile({ filename: 'report.pdf', file_data: `data:application/pdf;base64,${pdf.toString('base64')}` }) });
  assert.equal(byData.output_text, 'I read the file.');
  const docx = makeDocx(['# Minutes', 'The committee chose Ada as its president.']);
  const word = await client.responses.create({ model: 'scripted',
    input: withFile({ filename: 'minutes.docx', file_data: `data:application/octet-stream;base64,${docx.toString('base64')}` }) });
  assert.equal(word.output_text, 'I read the document.');
});

test('several stores are searched as one', async () => {
  const other = await client.vectorStores.create({});
  await client.vectorStores.files.uploadAndPoll(other.id, await toFile('Saturn has rings of ice around the red planet.', 'saturn.txt'));
  const both = tool({ vector_store_ids: [store.id, other.id] });
  const found = async (more) => (await client.responses.create(ask('MARS?', { tools: [{ ...both, ...more }], include: ['file_search_call.results'] }))).output[0].results;
  const results = await found({});
  assert.deepEqual(new Set(results.slice(0, 2).map((r) => r.filename)), new Set(['mars.txt', 'saturn.txt']));
  assert.ok(results.every((r, i) => i === 0 || r.score <= results[i - 1].score));
  assert.equal((await found({ max_num_results: 1 })).length, 1);
  assert.deepEqual((await found({ filters: { type: 'eq', key: 'name', value: 'mars.txt' } })).map((r) => r.filename), ['mars.txt']);
  assert.deepEqual(await found({ ranking_options: { ranker: 'auto', score_threshold: 1 } }).then((all) => all.filter((r) => r.score < 1)), []);
});

test('input_file by URL, from a private address only where the owner allows it', async () => {
  const site = createServer((request, response) => response.writeHead(200, { 'content-type': 'application/pdf' }).end(pdf));
  await new Promise((resolve) => { site.listen(0, '127.0.0.1', resolve); });
  const file_url = `http://127.0.0.1:${site.address().port}/report.pdf`;
  await assert.rejects(client.responses.create({ model: 'scripted', input: withFile({ file_url }) }), { status: 400 });
  const open = await startServer({ script, args: ['--set', 'fetch.allow_private=true'] });
  const response = await open.client.responses.create({ model: 'scripted', input: withFile({ file_url }) });
  assert.equal(response.output_text, 'I read the file.');
  await open.stop();
  site.close();
});

test('input_file that cannot be read says why', async () => {
  const failing = async (file, status, part, param) => assert.rejects(client.responses.create({ model: 'scripted', input: withFile(file) }),
    (e) => e.status === status && e.message.includes(part) && e.param === param);
  await failing({ file_id: 'file-none' }, 404, 'No such File object', 'input[0].content[1].file_id');
  await failing({ filename: 'a.png', file_data: `data:image/png;base64,${Buffer.from('\x89PNG\r\n', 'latin1').toString('base64')}` }, 400, 'not supported', 'input[0].content[1].file_data');
  await failing({ filename: 'a.pdf', file_data: '!!!' }, 400, 'base64', 'input[0].content[1].file_data');
  await failing({ file_url: `${server.url}/healthz` }, 400, 'Error while downloading', 'input[0].content[1].file_url');
  await failing({ file_url: 'file:///etc/passwd' }, 400, '', 'input[0].content[1].file_url');
});
