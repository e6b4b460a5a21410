// What Codex CLI sends and needs: its requests in its own shape, each event it reads, stateless turns.
// With the real program too, when PARLANCE_CODEX names it (npm `@openai/codex`, 400 MB: not installed with the tests; shown with 0.169.0).
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { key, parseSse, scripted, startServer } from './harness.js';

let server;
const patch = '*** Begin Patch\n*** Add File: a.txt\n+hello\n*** End Patch';
const script = scripted([
  { when: { user: 'make a file', model_turn: 0 }, steps: [{ reasoning: 'A patch will do.' }, { text: 'I add the file.' },
    { tool_call: { name: 'apply_patch', arguments: patch, custom: true } }, { tool_call: { name: 'shell', arguments: '{"command":["ls"]}' } }] },
  { when: { user: 'make a file' }, steps: [{ words: 'The file is there.' }] },
  { when: { user: 'run a command', after_tool: false }, steps: [{ reasoning: 'One command.' }, { text: 'I run it.' },
    { tool_call: { name: 'exec_command', arguments: '{"cmd":"echo hello > a.txt"}' } }] },
  { when: { user: 'run a command', after_tool: true }, steps: [{ words: 'It is done.' }] },
  { when: { user: 'mcp' }, steps: [{ tool_call: { name: 'mcp__docs__search', arguments: '{"q":"x"}' } }] },
  { steps: [{ words: 'Hello.' }] },
]);

before(async () => { server = await startServer({ script }); });
after(() => server.stop());

const tools = [
  { type: 'function', name: 'shell', description: 'Runs a command.', strict: false, parameters: { type: 'object', properties: { command: { type: 'array', items: { type: 'string' } } }, required: ['command'], additionalProperties: false } },
  { type: 'custom', name: 'apply_patch', description: 'Edits files.', format: { type: 'grammar', syntax: 'lark', definition: 'start: begin_patch\nbegin_patch: "*** Begin Patch" LF\n%import common.LF' } },
  { type: 'web_search', external_web_access: false },
  { type: 'local_shell' },
  { type: 'image_generation', output_format: 'png' },
  { type: 'tool_search', execution: 'client', description: 'd', parameters: {} },
  { type: 'namespace', name: 'mcp__docs', description: 'Tools of docs.', tools: [{ type: 'function', name: 'search', description: 's', strict: false, parameters: { type: 'object', properties: { q: { type: 'string' } } } }] },
];
const developer = { type: 'message', role: 'developer', content: [{ type: 'input_text', text: '<permissions instructions>' }] };
const say = (text) => ({ type: 'message', role: 'user', content: [{ type: 'input_text', text }] });

async function turn(input, more = {}) {
  const response = await server.fetch('/v1/responses', {
    method: 'POST',
    headers: { accept: 'text/event-stream', originator: 'codex_cli_rs', 'user-agent': 'codex_cli_rs/0.99', session_id: 's-1', conversation_id: 's-1', 'openai-beta': 'responses=experimental', version: '0.99' },
    body: JSON.stringify({ model: 'scripted', instructions: 'You are Codex.', input, tools, tool_choice: 'auto', parallel_tool_calls: true, reasoning: { effort: 'medium', summary: 'auto' },
      store: false, stream: true, include: ['reasoning.encrypted_content'], prompt_cache_key: 's-1', text: { verbosity: 'medium' }, client_metadata: { 'x-codex-installation-id': 'i' }, ...more }),
  });
  assert.equal(response.status, 200, response.ok ? '' : await response.text());
  const events = parseSse(await response.text()).map((e) => JSON.parse(e.data));
  const completed = events.at(-1);
  assert.equal(completed.type, 'response.completed');
  assert.ok(completed.response.id);
  const { usage } = completed.response;
  for (const n of [usage.input_tokens, usage.output_tokens, usage.total_tokens, usage.input_tokens_details.cached_tokens, usage.output_tokens_details.reasoning_tokens]) assert.ok(Number.isInteger(n));
  return { events, items: events.filter((e) => e.type === 'response.output_item.done').map((e) => e.item) };
}

test('a turn of two rounds: reasoning, a patch and a command, then the answer', async () => {
  const first = await turn([developer, say('make a file')]);
  assert.deepEqual(first.items.map((i) => i.type), ['reasoning', 'message', 'custom_tool_call', 'function_call']);
  const summaries = first.events.filter((e) => e.type === 'response.reasoning_summary_text.delta');
  assert.ok(summaries.length > 0 && summaries.every((e) => e.delta && e.summary_index === 0));
  assert.ok(first.events.some((e) => e.type === 'response.reasoning_summary_part.added'));
  assert.ok(first.events.some((e) => e.type === 'response.custom_tool_call_input.delta'));
  assert.equal(first.items[2].input, patch);
  assert.deepEqual(JSON.parse(first.items[3].arguments), { command: ['ls'] });

  // Codex sends everything again, reasoning without its id, calls without a status.
  const [reasoning, message, custom, call] = first.items;
  const { id: _1, ...bare } = reasoning;
  const second = await turn([developer, say('make a file'), bare, { type: 'message', role: 'assistant', content: message.content },
    { type: 'custom_tool_call', status: 'completed', call_id: custom.call_id, name: custom.name, input: custom.input },
    { type: 'custom_tool_call_output', call_id: custom.call_id, output: '{"output":"Success"}' },
    { type: 'function_call', name: call.name, arguments: call.arguments, call_id: call.call_id },
    { type: 'function_call_output', call_id: call.call_id, output: 'a.txt' }]);
  assert.equal(second.items.at(-1).content[0].text, 'The file is there.');
});

test('tools of an MCP server come and go with their namespace', async () => {
  const first = await turn([say('mcp')]);
  const [call] = first.items;
  assert.equal(call.namespace, 'mcp__docs');
  assert.equal(call.name, 'search');
  await turn([say('mcp'), { type: 'function_call', name: call.name, namespace: call.namespace, arguments: call.arguments, call_id: call.call_id },
    { type: 'function_call_output', call_id: call.call_id, output: [{ type: 'input_text', text: 'found' }] }, say('thanks')]);
});

test('local shell calls, output schemas', async () => {
  await turn([say('x'), { type: 'local_shell_call', call_id: 'call_1', status: 'completed', action: { type: 'exec', command: ['ls'], env: {} } },
    { type: 'function_call_output', call_id: 'call_1', output: 'a' }, say('y')].filter((i) => i.type !== 'function_call_output'));
  const { items } = await turn([say('hi')], { text: { format: { type: 'json_schema', strict: true, name: 'codex_output_schema', schema: { type: 'object', properties: {}, required: [], additionalProperties: false } } } });
  assert.equal(items[0].type, 'message');
});

test('the program itself completes a turn with a command', { skip: !process.env.PARLANCE_CODEX && 'PARLANCE_CODEX names no Codex CLI' }, async () => {
  const home = mkdtempSync(join(tmpdir(), 'parlance-codex-'));
  try {
    const provider = `model_providers.parlance={name="Parlance",base_url="${server.url}/v1",env_key="PARLANCE_KEY",wire_api="responses"}`;
    const running = promisify(execFile)(process.env.PARLANCE_CODEX, ['exec', '--skip-git-repo-check', '--dangerously-bypass-approvals-and-sandbox', '--json',
      '-m', 'scripted', '-c', 'model_provider=parlance', '-c', provider, 'run a command'], { cwd: home, env: { ...process.env, HOME: home, CODEX_HOME: home, PARLANCE_KEY: key } });
    running.child.stdin.end();
    const { stdout } = await running;
    const events = stdout.split('\n').filter((line) => line.startsWith('{')).map((line) => JSON.parse(line));
    const said = events.filter((e) => e.type === 'item.completed').map((e) => e.item);
    assert.ok(said.some((i) => i.type === 'reasoning' && i.text === 'One command.'));
    assert.ok(said.some((i) => i.type === 'agent_message' && i.text === 'It is done.'));
    assert.equal(events.at(-1).type, 'turn.completed');
    assert.equal(readFileSync(join(home, 'a.txt'), 'utf8'), 'hello\n');
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
});
