// Starts the built program for a test file and stops it afterwards. Every file gets a server and a data directory of its own.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import OpenAI from 'openai';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
export const program = process.env.PARLANCE_PROGRAM ?? join(root, 'build', 'release', 'parlance');
export const key = 'sk-test-0123456789abcdefghijklmnop';
export const adminKey = 'sk-admin-0123456789abcdefghijklmnop';

// A script with one model, `scripted`, and these turns. See src/inference/scripted/script.h.
export const scripted = (turns, more = {}) => ({ models: [{ id: 'scripted', turns, ...more }] });

// Options: script (an object), args, env, data, port, wrap (a command that runs the program), spawned (gets the child at once). Resolves
// when the server answers.
export async function startServer({ script, args = [], env = {}, data, port = 0, wrap = [], spawned } = {}) {
  const directory = data ?? mkdtempSync(join(tmpdir(), 'parlance-test-'));
  const flags = ['serve', '--port', `${port}`, '--data', directory, ...args];
  if (script) {
    const file = join(directory, 'script.json');
    writeFileSync(file, JSON.stringify(script));
    flags.push('--script', file);
  }
  const [command, ...rest] = [...wrap, program, ...flags];
  const child = spawn(command, rest, {
    env: { ...process.env, PARLANCE_BOOTSTRAP_KEY: key, PARLANCE_BOOTSTRAP_ADMIN_KEY: adminKey, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  spawned?.(child);
  let output = '';
  let stopping = false;
  const exited = new Promise((resolve) => child.once('exit', (code, signal) => {
    if (!stopping && signal !== 'SIGKILL' && wrap.length === 0) console.error(`the server ended by itself (${signal ?? code}):\n${output}`);
    resolve(code ?? signal);
  }));
  const url = await new Promise((resolve, reject) => {
    const look = (chunk) => {
      output += chunk;
      const found = output.match(/serves the OpenAI API at (\S+)\/v1/);
      if (found) resolve(found[1]);
    };
    child.stdout.on('data', look);
    child.stderr.on('data', (chunk) => { output += chunk; });
    exited.then((code) => reject(new Error(`the server ended with ${code}:\n${output}`)));
    setTimeout(() => reject(new Error(`the server did not start:\n${output}`)), 60_000).unref();
  });
  const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: key, maxRetries: 0 });
  return {
    url, client, directory, child, exited,
    output: () => output,
    // Raw HTTP with the test's key.
    fetch: (path, init = {}) => fetch(url + path, {
      ...init, headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', ...init.headers },
    }),
    post: (path, body) => fetch(url + path, {
      method: 'POST', body: typeof body === 'string' ? body : JSON.stringify(body),
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    }),
    kill: async () => { stopping = true; child.kill('SIGKILL'); await exited; },
    stop: async ({ keep = false } = {}) => {
      stopping = true;
      child.kill('SIGTERM');
      await exited;
      if (!keep && !data) rmSync(directory, { recursive: true, force: true });
    },
  };
}

// The events of an SSE body: [{event, data}], data as text.
export function parseSse(text) {
  return text.split('\n\n').filter((block) => block.trim() && !block.startsWith(':')).map((block) => {
    const lines = block.split('\n');
    const field = (name) => lines.filter((l) => l.startsWith(`${name}:`)).map((l) => l.slice(name.length + 1).trimStart());
    return { event: field('event')[0], data: field('data').join('\n') };
  });
}
