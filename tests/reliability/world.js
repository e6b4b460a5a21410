// A server that is killed and started again on the same data, and the ledger of what it has acknowledged.
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { startServer } from '../api/harness.js';

export const sleep = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });

// Random numbers from a seed (mulberry32), so that a run can be repeated as far as timing allows.
export function randomFrom(seed) {
  let state = seed >>> 0;
  const unit = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  return { unit, below: (n) => Math.floor(unit() * n), text: (n) => Array.from({ length: n }, () => String.fromCharCode(97 + Math.floor(unit() * 26))).join('') };
}

export class World {
  constructor({ script, args = [], random }) {
    Object.assign(this, { script, args, random });
    this.entries = [];     // what was acknowledged: {kind, id, generation, check(client)}
    this.problems = [];
    this.generation = 0;   // grows with every kill, before the signal: an error of an older one is the kill's
    this.counts = {};
    this.over = false;
    this.startup_ms = [];
  }

  async start() {
    const begun = performance.now();
    const server = await startServer({ script: this.script, args: this.args, data: this.directory });
    this.startup_ms.push(performance.now() - begun);
    this.directory = server.directory;
    this.server = server;
  }

  // Starts it and kills it again after `ms`, wherever it has come by then.
  async startAndKill(ms) {
    let child;
    const starting = startServer({ script: this.script, args: this.args, data: this.directory, spawned: (c) => { child = c; } });
    setTimeout(() => child.kill('SIGKILL'), ms);
    await starting.then((server) => server.exited, () => {});
  }

  async kill() {
    this.generation += 1;
    const { server } = this;
    this.server = undefined;
    await server.kill();
  }

  async up() {
    while ((!this.server || this.quiet) && !this.over) await sleep(5);
    return this.server;
  }

  problem(what) {
    this.problems.push(what);
    console.error(`PROBLEM: ${what}`);
  }

  // Runs `step(client, acknowledge)` again and again until the world is over. Only an error that no kill explains counts.
  async act(name, step) {
    while (!this.over) {
      const server = await this.up();
      if (!server) return;
      const { generation } = this;
      try {
        await step(server.client, (entry) => this.acknowledge(name, entry));
      } catch (error) {
        if (this.generation === generation && !this.over) this.problem(`${name}: ${error.stack ?? error}`);
      }
    }
  }

  acknowledge(kind, entry) {
    this.counts[kind] = (this.counts[kind] ?? 0) + 1;
    this.entries.push({ kind, generation: this.generation, ...entry });
  }

  // Checks what the last generation acknowledged and a sample of what is older, or everything. Meanwhile no actor begins
  // anything; what runs in the background goes on.
  async verify({ everything = false, only } = {}) {
    this.quiet = true;
    const recent = this.entries.filter((e) => (only ? only(e) : everything || e.generation >= this.generation - 1));
    const older = everything || only ? [] : this.entries.filter((e) => e.generation < this.generation - 1);
    const sample = Array.from({ length: Math.min(10, older.length) }, () => older[this.random.below(older.length)]);
    const waiting = [...recent, ...sample];
    const count = waiting.length;
    const look = async () => {
      for (let entry = waiting.pop(); entry; entry = waiting.pop()) {
        try {
          await entry.check(this.server.client);
        } catch (error) {
          this.problem(`${entry.kind} ${entry.id}, acknowledged before kill ${entry.generation + 1}: ${error.message}`);
          entry.check = async () => {};  // told once
        }
      }
    };
    await Promise.all(Array.from({ length: 8 }, look));
    this.quiet = false;
    return count;
  }

  // Work that the entry stands for goes on as far as is known.
  isOpen(entry) {
    return [this.openBatches, this.openResponses, this.openIndexing].some((open) => open?.has(entry.id));
  }

  sql(statement) {
    return execFileSync('sqlite3', ['-readonly', join(this.directory, 'parlance.db'), `.timeout 5000`, statement], { encoding: 'utf8' }).trim();
  }

  integrity({ full = false } = {}) {
    const said = this.sql(full ? 'PRAGMA integrity_check' : 'PRAGMA quick_check');
    if (said !== 'ok') this.problem(`database: ${said}`);
  }
}
