// The OpenAI Agents SDK for JavaScript, unmodified: an agent that works in several steps with function tools.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Agent, OpenAIResponsesModel, run, setTracingDisabled, tool } from '@openai/agents';
import { z } from 'zod';
import { scripted, startServer } from './harness.js';

setTracingDisabled(true);
let server, model;
const turn = (n, ...steps) => ({ when: { model_turn: n }, steps });
const script = scripted([
  { when: { user: 'trip', model_turn: 0 }, steps: [{ reasoning: 'First the weather.' }, { text: 'Let me see.' },
    { tool_call: { name: 'get_weather', arguments: '{"city":"Paris"}' } }, { tool_call: { name: 'get_weather', arguments: '{"city":"Rome"}' } }] },
  { when: { user: 'trip', model_turn: 1 }, steps: [{ tool_call: { name: 'book_train', arguments: '{"to":"Rome"}' } }] },
  { when: { user: 'trip', model_turn: 2 }, steps: [{ words: 'Rome is sunny; your train is booked.' }] },
  { when: { user: 'expert', model_turn: 0 }, steps: [{ tool_call: { name: 'transfer_to_expert', arguments: '{}' } }] },
  { when: { user: 'expert', model_turn: 1 }, steps: [{ words: 'The expert speaks.' }] },
  { when: { user: 'person' }, steps: [{ text: '{"name":"Ada"}' }] },
  turn(0, { words: 'Hello.' }),
  { steps: [{ words: 'And again.' }] },
]);

before(async () => {
  server = await startServer({ script });
  model = new OpenAIResponsesModel(server.client, 'scripted');
});
after(() => server.stop());

function tripAgent(calls) {
  const getWeather = tool({ name: 'get_weather', description: 'The weather in a city.', parameters: z.object({ city: z.string() }),
    execute: async ({ city }) => { calls.push(city); return city === 'Rome' ? 'sunny' : 'rain'; } });
  const bookTrain = tool({ name: 'book_train', description: 'Books a train.', parameters: z.object({ to: z.string() }),
    execute: async ({ to }) => { calls.push(`train to ${to}`); return 'booked'; } });
  return new Agent({ name: 'Planner', instructions: 'Plan trips.', model, tools: [getWeather, bookTrain] });
}

test('an agent works in three steps with two tools', async () => {
  const calls = [];
  const result = await run(tripAgent(calls), 'Plan a trip.');
  assert.equal(result.finalOutput, 'Rome is sunny; your train is booked.');
  assert.deepEqual(calls.sort(), ['Paris', 'Rome', 'train to Rome']);
  assert.equal(result.rawResponses.length, 3);
});

test('the same streamed', async () => {
  const calls = [];
  const result = await run(tripAgent(calls), 'Plan a trip.', { stream: true });
  let text = '';
  for await (const event of result) {
    if (event.type === 'raw_model_stream_event' && event.data.type === 'output_text_delta') text += event.data.delta;
  }
  await result.completed;
  assert.equal(result.finalOutput, 'Rome is sunny; your train is booked.');
  assert.ok(text.endsWith('your train is booked.'));
  assert.equal(calls.length, 3);
});

test('a handoff to another agent', async () => {
  const expert = new Agent({ name: 'expert', instructions: 'You know.', model });
  const front = new Agent({ name: 'front', instructions: 'You ask the expert.', model, handoffs: [expert] });
  const result = await run(front, 'Ask the expert.');
  assert.equal(result.finalOutput, 'The expert speaks.');
  assert.equal(result.lastAgent.name, 'expert');
});

test('structured output', async () => {
  const agent = new Agent({ name: 'a', instructions: 'Names.', model, outputType: z.object({ name: z.string() }) });
  assert.deepEqual((await run(agent, 'Which person?')).finalOutput, { name: 'Ada' });
});

test('state on the server: previousResponseId and conversations', async () => {
  const agent = new Agent({ name: 'a', instructions: 'Greet.', model });
  const first = await run(agent, 'Hi');
  const second = await run(agent, 'And?', { previousResponseId: first.lastResponseId });
  assert.equal(second.finalOutput, 'And again.');
  const { id } = await server.client.conversations.create();
  await run(agent, 'Hi', { conversationId: id });
  const again = await run(agent, 'And?', { conversationId: id });
  assert.equal(again.finalOutput, 'And again.');
  const items = await server.client.conversations.items.list(id);
  assert.equal(items.data.length, 4);
});
