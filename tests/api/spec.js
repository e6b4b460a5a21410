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
