// /v1/conversations through the official SDK.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import OpenAI from 'openai';
import { scripted, startServer } from './harness.js';
import { checkSchema } from './spec.js';

const script = scripted([{ steps: [{ text: 'x' }] }]);
let server, client;
before(async () => { server = await startServer({ script }); client = server.client; });
after(() => server.stop());

const say = (content, role = 'user') => ({ type: 'message', role, content });
const text = (item) => item.content[0].text;
const all = async (id, query = {}) => { const out = []; for await (const item of client.conversations.items.list(id, query)) out.push(item); return out; };
const missing = (id) => (e) => e instanceof OpenAI.NotFoundError && e.message.includes(`Conversation with id '${id}' not found.`) && e.param === null;

test('is created with nothing, with metadata, with items', async () => {
  const empty = await client.conversations.create();
  checkSchema('ConversationResource', empty);
  assert.match(empty.id, /^conv_[0-9a-f]{50}$/);
  assert.deepEqual(empty.metadata, {});
  assert.deepEqual(await client.conversations.retrieve(empty.id), empty);
  const nothing = await (await server.post('/v1/conversations', 'null')).json();
  checkSchema('ConversationResource', nothing);
  const bare = await fetch(`${server.url}/v1/conversations`, { method: 'POST', headers: { authorization: `Bearer ${client.apiKey}` } });
  assert.equal(bare.status, 200);

  const full = await client.conversations.create({ metadata: { topic: 'a' }, items: [say('one'), { role: 'assistant', content: 'two' }] });
  assert.deepEqual(full.metadata, { topic: 'a' });
  const items = await all(full.id, { order: 'asc' });
  assert.deepEqual(items.map(text), ['one', 'two']);
  assert.deepEqual(items.map((i) => i.content[0].type), ['input_text', 'output_text']);
  for (const item of items) {
    checkSchema('ConversationItem', item);
    assert.equal(item.status, 'completed');
    assert.match(item.id, /^msg_/);
  }
});

test('metadata is replaced as a whole', async () => {
  const { id } = await client.conversations.create({ metadata: { a: '1', b: '2' } });
  const updated = await client.conversations.update(id, { metadata: { c: '3' } });
  checkSchema('ConversationResource', updated);
  assert.deepEqual(updated.metadata, { c: '3' });
  assert.deepEqual(await client.conversations.retrieve(id), updated);
  await assert.rejects(client.conversations.update(id, {}), (e) => e.code === 'missing_required_parameter' && e.param === 'metadata');
  await assert.rejects(client.conversations.update(id, { metadata: { k: 'v'.repeat(513) } }), (e) => e.code === 'string_above_max_length' && e.param === 'metadata.k');
});

test('items of many kinds are added, shown whole, listed in pages', async () => {
  const { id } = await client.conversations.create();
  const added = await client.conversations.items.create(id, {
    items: [
      say('What is the weather?'),
      { type: 'reasoning', id: 'rs_0', summary: [{ type: 'summary_text', text: 'thinking' }] },
      { type: 'function_call', call_id: 'call_1', name: 'weather', arguments: '{}' },
      { type: 'function_call_output', call_id: 'call_1', output: 'sunny' },
      say([{ type: 'input_text', text: 'And' }, { type: 'input_image', image_url: 'data:image/png;base64,AAAA' }]),
    ],
  });
  checkSchema('ConversationItemList', added);
  assert.equal(added.has_more, false);
  assert.deepEqual(added.data.map((i) => i.type), ['message', 'reasoning', 'function_call', 'function_call_output', 'message']);
  assert.equal(added.data[1].id, 'rs_0');
  assert.equal(added.first_id, added.data[0].id);
  assert.equal(added.last_id, added.data[4].id);
  const more = await client.conversations.items.create(id, { items: [say('last')] });
  assert.equal(more.data.length, 1);

  const ids = [...added.data, ...more.data].map((i) => i.id);
  assert.deepEqual((await all(id, { limit: 2, order: 'asc' })).map((i) => i.id), ids);
  assert.deepEqual((await all(id, { limit: 4 })).map((i) => i.id), [...ids].reverse());
  const page = await (await server.fetch(`/v1/conversations/${id}/items?limit=3&after=${ids[5]}`)).json();
  checkSchema('ConversationItemList', page);
  assert.deepEqual(page.data.map((i) => i.id), [ids[4], ids[3], ids[2]]);
  assert.equal(page.last_id, ids[2]);
  assert.equal(page.has_more, true);
  for (const item of added.data) assert.deepEqual(await client.conversations.items.retrieve(item.id, { conversation_id: id }), item);
  const none = await (await server.fetch(`/v1/conversations/${(await client.conversations.create()).id}/items`)).json();
  checkSchema('ConversationItemList', none);
});

test('an item of another conversation is taken by reference', async () => {
  const first = await client.conversations.create({ items: [say('remember me')] });
  const [item] = await all(first.id);
  await client.conversations.delete(first.id);
  const second = await client.conversations.create({ items: [{ type: 'item_reference', id: item.id }] });
  assert.deepEqual(await all(second.id), [item]);
  await assert.rejects(client.conversations.items.create(second.id, { items: [{ type: 'item_reference', id: item.id }] }), (e) => e.status === 400 && /Duplicate item/.test(e.message));
  await assert.rejects(client.conversations.create({ items: [{ type: 'item_reference', id: 'msg_none' }] }), (e) => e.status === 404 && /msg_none/.test(e.message));
});

test('deleting an item answers with the conversation', async () => {
  const made = await client.conversations.create({ items: [say('a'), say('b'), say('c')] });
  const [a, b, c] = await all(made.id, { order: 'asc' });
  assert.deepEqual(await client.conversations.items.delete(b.id, { conversation_id: made.id }), made);
  assert.deepEqual((await all(made.id, { order: 'asc' })).map((i) => i.id), [a.id, c.id]);
  const gone = (e) => e.status === 404 && e.message.includes(`Item with id '${b.id}' not found in conversation with id '${made.id}'.`);
  await assert.rejects(client.conversations.items.delete(b.id, { conversation_id: made.id }), gone);
  await assert.rejects(client.conversations.items.retrieve(b.id, { conversation_id: made.id }), gone);
});

test('a deleted conversation is gone', async () => {
  const { id } = await client.conversations.create({ items: [say('a')] });
  const deleted = await client.conversations.delete(id);
  checkSchema('DeletedConversationResource', deleted);
  assert.deepEqual(deleted, { id, object: 'conversation.deleted', deleted: true });
  for (const call of [() => client.conversations.retrieve(id), () => client.conversations.delete(id), () => client.conversations.update(id, { metadata: {} }),
    () => client.conversations.items.list(id), () => client.conversations.items.create(id, { items: [say('x')] }),
    () => client.conversations.items.retrieve('msg_x', { conversation_id: id }), () => client.conversations.items.delete('msg_x', { conversation_id: id })]) {
    await assert.rejects(call(), missing(id));
  }
});

test('refuses what does not fit, with the field', async () => {
  const { id } = await client.conversations.create();
  const add = (items, more = {}) => client.conversations.items.create(id, { items, ...more });
  const refused = (code, param) => (e) => { assert.deepEqual([e.status, e.code, e.param], [400, code, param]); return true; };
  const many = Array.from({ length: 21 }, () => say('x'));
  assert.equal((await add(many.slice(1))).data.length, 20);
  await assert.rejects(add(many), refused('array_above_max_length', 'items'));
  await assert.rejects(client.conversations.create({ items: many }), refused('array_above_max_length', 'items'));
  await assert.rejects(add([say('x'), { type: 'message', role: 'nobody', content: 'x' }]), refused('invalid_value', 'items[1]'));
  await assert.rejects(add([{ type: 'nothing' }]), refused('invalid_value', 'items[0]'));
  await assert.rejects(add([], { more: 1 }), refused('unknown_parameter', 'more'));
  await assert.rejects(client.conversations.items.create(id, {}), refused('missing_required_parameter', 'items'));
  await assert.rejects(client.conversations.items.list(id, { limit: 0 }), refused('integer_below_min_value', 'limit'));
  await assert.rejects(client.conversations.items.list(id, { limit: 101 }), refused('integer_above_max_value', 'limit'));
  await assert.rejects(client.conversations.items.list(id, { include: ['nope'] }), refused('invalid_value', 'include[0]'));
  await assert.rejects(client.conversations.retrieve('resp_1'), (e) => e.status === 400 && /Expected an ID that begins with 'conv'/.test(e.message));
  // All or nothing.
  const before = (await all(id)).length;
  await assert.rejects(add([say('a'), { type: 'item_reference', id: 'msg_none' }]));
  assert.equal((await all(id)).length, before);
});

test('many who append at once lose and mix nothing', async () => {
  const { id } = await client.conversations.create();
  await Promise.all(Array.from({ length: 40 }, (_, i) => client.conversations.items.create(id, { items: ['a', 'b', 'c'].map((part) => say(`${i}${part}`)) })));
  const texts = (await all(id, { order: 'asc', limit: 100 })).map(text);
  assert.equal(texts.length, 120);
  for (let i = 0; i < texts.length; i += 3) {
    const n = texts[i].slice(0, -1);
    assert.deepEqual(texts.slice(i, i + 3), [`${n}a`, `${n}b`, `${n}c`]);
  }
});

test('what was added survives kill -9', async () => {
  const first = await startServer({ script });
  const { id } = await first.client.conversations.create({ items: [say('a')] });
  await first.client.conversations.items.create(id, { items: [say('b')] });
  await first.kill();
  const second = await startServer({ script, data: first.directory });
  const page = await second.client.conversations.items.list(id, { order: 'asc' });
  assert.deepEqual(page.data.map(text), ['a', 'b']);
  await second.stop();
});
