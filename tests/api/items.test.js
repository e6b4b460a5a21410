// Every type of item that the description knows, with all of its members: taken in, kept, shown again.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { scripted, startServer } from './harness.js';
import { available, checkSchema, exampleOf, variantsOf } from './spec.js';

const skip = !available && 'no description of the API beside the checkout';

let server, client;
before(async () => { server = await startServer({ script: scripted([{ steps: [{ words: 'Hello there.' }] }]) }); client = server.client; });
after(() => server.stop());

// As the description has it, but `phase` belongs to the assistant.
function itemOf(name, options) {
  const item = exampleOf(name, options);
  if (item.role === 'user') delete item.phase;
  // Said nowhere, or not to be needed; but nothing tells what they answer without it.
  if (['function_call_output', 'local_shell_call_output'].includes(item.type)) item.call_id ??= 'call_1';
  return item;
}
const typeOf = (name) => exampleOf(name, { all: true }).type ?? 'message';
// What answers a call, so that it may stand in an input.
const answers = { function_call: 'function_call_output', custom_tool_call: 'custom_tool_call_output', shell_call: 'shell_call_output',
  apply_patch_call: 'apply_patch_call_output', computer_call: 'computer_call_output' };
const meansSomethingElse = ['item_reference', 'compaction', 'compaction_trigger'];

test('each type is an item of a conversation', { skip }, async () => {
  const names = variantsOf('InputItem').filter((name) => !meansSomethingElse.includes(typeOf(name)));
  assert.ok(names.length > 25, `${names}`);
  for (const name of names) {
    for (const all of [false, true]) {
      const item = itemOf(name, { all });
      const { id } = await client.conversations.create();
      const added = await server.post(`/v1/conversations/${id}/items`, { items: [item] });
      const body = await added.json();
      assert.equal(added.status, 200, `${name} ${JSON.stringify(item)} ${JSON.stringify(body)}`);
      assert.equal(body.data[0].type, item.type ?? 'message');
      checkSchema('ConversationItemList', body);
      const listed = await client.conversations.items.list(id);
      assert.deepEqual(listed.data, body.data);
    }
  }
});

test('each type is an input of a response', { skip }, async () => {
  const names = variantsOf('InputItem').filter((name) => !meansSomethingElse.includes(typeOf(name)));
  const outputs = Object.values(answers);
  for (const name of names) {
    const item = itemOf(name, { all: true });
    const type = item.type ?? 'message';
    const call_id = 'call_1';
    const input = [{ role: 'user', content: 'hi' }];
    if (outputs.includes(type)) {
      const of = Object.keys(answers).find((call) => answers[call] === type);
      input.push({ ...itemOf(names.find((n) => typeOf(n) === of)), call_id });
    }
    input.push('call_id' in item ? { ...item, call_id } : item);
    if (answers[type]) input.push({ ...itemOf(names.find((n) => typeOf(n) === answers[type])), call_id });
    if (type === 'reasoning') { delete input.at(-1).encrypted_content; input.push({ role: 'assistant', content: 'so' }); }
    const made = await server.post('/v1/responses', { model: 'scripted', input });
    const body = await made.json();
    assert.equal(made.status, 200, `${name} ${JSON.stringify(input)} ${JSON.stringify(body)}`);
    const listed = await (await server.fetch(`/v1/responses/${body.id}/input_items`)).json();
    checkSchema('ResponseItemList', listed);
  }
});
