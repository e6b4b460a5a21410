// Judges JSON texts by schemas, exactly as each schema's draft means it: with ajv, after a translation into drafts that ajv knows.
// As a program: `node judge.js FILE`, lines of {name, schema, text}, prints how many are valid and which are not.
import Ajv from 'ajv';
import Ajv2019 from 'ajv/dist/2019.js';
import Ajv2020 from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const isObject = (value) => value !== null && typeof value === 'object' && !Array.isArray(value);

// Where schemas stand below a schema: as the value, in a list, by name.
const single = new Set(['additionalItems', 'additionalProperties', 'contains', 'else', 'if', 'items', 'not', 'propertyNames', 'then',
  'unevaluatedItems', 'unevaluatedProperties']);
const lists = new Set(['allOf', 'anyOf', 'items', 'oneOf', 'prefixItems']);
const named = new Set(['$defs', 'definitions', 'dependencies', 'dependentSchemas', 'patternProperties', 'properties']);

// The keywords that a draft lacks; a validator of that draft does not look at them.
const since = { const: 6, contains: 6, propertyNames: 6, if: 7, then: 7, else: 7, dependentRequired: 2019, dependentSchemas: 2019,
  minContains: 2019, maxContains: 2019, unevaluatedItems: 2019, unevaluatedProperties: 2019, prefixItems: 2020,
  $anchor: 2019, $dynamicRef: 2020, $dynamicAnchor: 2020, $recursiveRef: 2019 };
const until = { dependencies: 7, additionalItems: 2019 };

// Other names are annotations, though ajv-formats knows some of them.
const formats = new Set(['date', 'date-time', 'duration', 'email', 'hostname', 'idn-email', 'idn-hostname', 'ipv4', 'ipv6', 'iri', 'iri-reference',
  'json-pointer', 'regex', 'relative-json-pointer', 'time', 'uri', 'uri-reference', 'uri-template', 'uuid']);

export function draftOf(schema) {
  const name = String(isObject(schema) ? schema.$schema ?? '' : '');
  const found = /draft-0?([3467])|(2019-09)/.exec(name);
  return found ? Number(found[1] ?? 2019) : 2020;
}

function translate(schema, draft) {
  if (!isObject(schema)) return schema;
  const hides = draft <= 7 && typeof schema.$ref === 'string';
  const out = {};
  for (const [key, value] of Object.entries(schema)) {
    if (draft < (since[key] ?? 0) || draft > (until[key] ?? 9999)) continue;
    if (['$schema', 'id', '$id', 'nullable', 'discriminator', '$async', '$comment'].includes(key) && typeof value !== 'object') continue;
    if (key === 'format' && !formats.has(value)) continue;
    // A reference hides what is beside it; definitions are only looked into by others.
    if (hides && key !== '$ref' && !['definitions', '$defs'].includes(key)) {
      continue;
    }
    if (draft <= 4 && (key === 'exclusiveMinimum' || key === 'exclusiveMaximum')) continue;
    const inner = (one) => translate(one, draft);
    if (named.has(key) && isObject(value)) {
      out[key] = Object.fromEntries(Object.entries(value).map(([name, one]) => [name, inner(one)]));
    } else if (lists.has(key) && Array.isArray(value)) {
      out[key] = value.map(inner);
    } else {
      out[key] = single.has(key) ? inner(value) : value;
    }
  }
  if (draft <= 4 && !hides) {
    for (const [bound, flag] of [['minimum', 'exclusiveMinimum'], ['maximum', 'exclusiveMaximum']]) {
      if (schema[flag] !== true || typeof schema[bound] !== 'number') continue;
      delete out[bound];
      out[flag] = schema[bound];
    }
  }
  return out;
}

// A function of a value that says whether it is valid, with its `errors`; null where ajv takes no part of the schema.
export function validator(schema) {
  const draft = draftOf(schema);
  const Class = draft === 2020 ? Ajv2020 : draft === 2019 ? Ajv2019 : Ajv;
  // Patterns as most validators read them: with Unicode if they can be read so.
  const regExp = (pattern) => { try { return new RegExp(pattern, 'u'); } catch { return new RegExp(pattern); } };
  regExp.code = 'new RegExp';
  const ajv = new Class({ strict: false, logger: false, validateSchema: false, multipleOfPrecision: 9, code: { regExp } });
  addFormats(ajv);
  try { return ajv.compile(translate(schema, draft)); } catch { return null; }
}

async function main(file) {
  const count = { valid: 0, wrong: 0, unjudged: 0 };
  const known = new Map();
  for await (const line of createInterface({ input: createReadStream(file) })) {
    const { name, schema, text } = JSON.parse(line);
    if (!known.has(name)) known.set(name, validator(schema));
    const check = known.get(name);
    let value;
    try { value = JSON.parse(text); } catch (error) { count.wrong += 1; console.log(`${name}: ${error.message}: ${text.slice(0, 300)}`); continue; }
    if (!check) { count.unjudged += 1; continue; }
    if (check(value)) { count.valid += 1; continue; }
    count.wrong += 1;
    console.log(`${name}: ${JSON.stringify(check.errors?.[0]).slice(0, 300)} ${text.slice(0, 300)}`);
  }
  const unjudged = [...known].filter(([, check]) => !check).map(([name]) => name);
  console.log(JSON.stringify({ ...count, schemas: known.size, unjudged_schemas: unjudged.slice(0, 40) }));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main(process.argv[2]);
