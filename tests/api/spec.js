// Checks bodies and events against the API's published description, when it lies beside the checkout.
import Ajv from 'ajv';
import addFormats from 'ajv-formats';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const shared = process.env.PARLANCE_SHARED ?? join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..', 'shared');
const path = join(shared, 'spec', 'openapi.json');
export const available = existsSync(path);
if (!available) console.log('spec check skipped: no spec/openapi.json beside the checkout');

const description = available ? JSON.parse(readFileSync(path, 'utf8')) : null;

// OpenAPI 3.0's `nullable` as JSON Schema; discriminators and examples mean nothing to the validator.
function adapt(node) {
  if (Array.isArray(node)) return node.map(adapt);
  if (node === null || typeof node !== 'object') return node;
  const out = {};
  for (const [name, value] of Object.entries(node)) {
    if (['discriminator', 'example', 'examples', 'xml', 'externalDocs', 'nullable'].includes(name)) continue;
    if (name === '$recursiveRef' || name === '$recursiveAnchor') continue;
    out[name] = adapt(value);
  }
  if (node.nullable === true) return { anyOf: [out, { type: 'null' }] };
  return out;
}

let ajv;
const validators = new Map();

function validator(schema) {
  if (!ajv) {
    ajv = new Ajv({ strict: false, allErrors: false, validateFormats: true, logger: false });
    addFormats(ajv);
    for (const format of ['int32', 'int64', 'float', 'double', 'binary', 'unixtime', 'byte']) ajv.addFormat(format, true);
    ajv.addSchema({ $id: 'api', components: adapt(description.components) });
  }
  const id = JSON.stringify(schema);
  if (!validators.has(id)) validators.set(id, ajv.compile(schema));
  return validators.get(id);
}

function check(schema, value, what) {
  const validate = validator(schema);
  if (validate(value)) return;
  const problems = validate.errors.slice(0, 5).map((e) => `${e.instancePath} ${e.message} ${JSON.stringify(e.params)}`);
  throw new Error(`${what} does not fit the description:\n${problems.join('\n')}\n${JSON.stringify(value, null, 1).slice(0, 3000)}`);
}

// Throws when `value` is no valid `name` (a component schema).
export function checkSchema(name, value) {
  if (!available) return;
  if (!description.components.schemas[name]) throw new Error(`no schema ${name}`);
  check({ $ref: `api#/components/schemas/${name}` }, value, name);
}

// Every operation of the description: [{method, path}], as in `POST /chat/completions`.
export function operations() {
  if (!available) return [];
  return Object.entries(description.paths).flatMap(([route, methods]) => Object.keys(methods)
    .filter((m) => ['get', 'post', 'put', 'patch', 'delete'].includes(m))
    .map((method) => ({ method: method.toUpperCase(), path: route })));
}

const resolve = (node) => (node?.$ref ? resolve(node.$ref.split('/').slice(1).reduce((at, name) => at[name], description)) : node);

// The names of an operation's query parameters.
export function queryParameters({ method, path: route }) {
  const parameters = description.paths[route][method.toLowerCase()].parameters ?? [];
  return parameters.map(resolve).filter((p) => p.in === 'query').map((p) => p.name);
}

// The name of every property anywhere in an operation's request bodies.
export function bodyFields({ method, path: route }) {
  const names = new Set();
  const seen = new Set();
  const walk = (given) => {
    const node = resolve(given);
    if (node === null || typeof node !== 'object' || seen.has(node)) return;
    seen.add(node);
    for (const [name, value] of Object.entries(node.properties ?? {})) { names.add(name); walk(value); }
    for (const word of ['anyOf', 'oneOf', 'allOf']) for (const one of node[word] ?? []) walk(one);
    walk(node.items);
    if (typeof node.additionalProperties === 'object') walk(node.additionalProperties);
  };
  const body = resolve(description.paths[route][method.toLowerCase()].requestBody);
  for (const { schema } of Object.values(body?.content ?? {})) walk(schema);
  return [...names];
}

const named = (name) => description.components.schemas[name];

// The names of the schemas that a union comes down to.
export function variantsOf(name) {
  const of = named(name).oneOf ?? named(name).anyOf;
  if (!of) return [name];
  return [...new Set(of.flatMap((one) => variantsOf(one.$ref.split('/').at(-1))))];
}

// A value that a component schema allows: its required members, or all of them.
export function exampleOf(name, { all = false } = {}) {
  return example({ $ref: `#/components/schemas/${name}` }, all);
}

function example(given, all, key = '', depth = 0) {
  const node = resolve(given);
  const ref = given.$ref?.split('/').at(-1) ?? '';
  if (node.const !== undefined) return node.const;
  if (node.enum) return node.enum.includes('completed') ? 'completed' : node.enum[0];
  const union = node.oneOf ?? node.anyOf;
  if (union) return example(union.find((one) => resolve(one).type !== 'null') ?? union[0], all, key, depth);
  if (node.allOf) return Object.assign({}, ...node.allOf.map((one) => example(one, all, key, depth)));
  switch (node.type) {
    case 'array': return depth > 8 ? [] : [example(node.items, all, key, depth + 1)];
    case 'boolean': return true;
    case 'integer': case 'number': return node.minimum ?? 1;
    case 'string': return text(node, key, ref);
    default: break;
  }
  const out = {};
  for (const [member, schema] of Object.entries(node.properties ?? {})) {
    if (!all && !node.required?.includes(member)) continue;
    if (depth > 8 && !node.required?.includes(member)) continue;
    out[member] = example(schema, all, member, depth + 1);
  }
  if (out.type && 'id' in out) out.id = idOf(out.type);
  return out;
}

let made = 0;
const PREFIXES = { message: 'msg', reasoning: 'rs', function_call: 'fc', function_call_output: 'fc', file_search_call: 'fs', web_search_call: 'ws',
  computer_call: 'cu', computer_call_output: 'cu', image_generation_call: 'ig', code_interpreter_call: 'ci', local_shell_call: 'lsh',
  local_shell_call_output: 'lsh', shell_call: 'sh', shell_call_output: 'sh', apply_patch_call: 'apc', apply_patch_call_output: 'apc', mcp_list_tools: 'mcpl',
  mcp_approval_request: 'mcpr', mcp_approval_response: 'mcp', mcp_call: 'mcp', custom_tool_call: 'ctc', custom_tool_call_output: 'ctc',
  tool_search_call: 'tsc', tool_search_output: 'tso', program: 'cm', program_output: 'cmo', compaction: 'cmp' };
const idOf = (type) => `${PREFIXES[type] ?? type}_${made += 1}`;

function text(node, key) {
  if (node.format === 'uri') return 'https://example.com/a';
  if (key === 'arguments') return '{}';
  if (key === 'image_url') return 'data:image/png;base64,AAAA';
  return 'x'.repeat(Math.max(1, node.minLength ?? 1));
}
