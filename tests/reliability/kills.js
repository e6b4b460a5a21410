// Kills the server at random moments under mixed load, and looks after each restart: is everything it acknowledged there and
// unchanged, is the database whole, does every job end? `kills.js [--kills N] [--seed S] [--only ACTOR,...] [--lines N]
// [--gap MS]`: N lines in each batch, one batch at a time; at most MS between two kills.
import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { program } from '../api/harness.js';
import { listen, script, startLoad } from './load.js';
import { World, randomFrom, sleep } from './world.js';

const { values } = parseArgs({ options: { kills: { type: 'string', default: '20' }, seed: { type: 'string', default: `${Date.now() % 1_000_000}` },
  only: { type: 'string' }, lines: { type: 'string' }, gap: { type: 'string', default: '700' } } });
const kills = Number(values.kills);
const world = new World({ script, args: ['--set', 'webhooks.allow_private=true'], random: randomFrom(Number(values.seed)) });
const begun = Date.now();
if (values.lines) world.lines = Number(values.lines);
console.log(`${kills} kills, seed ${values.seed}`);

const hook = await listen(world);
await world.start();
execFileSync(program, ['webhooks', 'add', hook, '--data', world.directory], { stdio: 'ignore' });
const load = await startLoad(world, values.only?.split(','));
console.log(`load: ${load.names.join(', ')}`);

let checks = 0, startups_killed = 0;
for (let i = 1; i <= kills; i += 1) {
  await sleep(50 + world.random.below(Number(values.gap)));
  await world.kill();
  // Now and then the restart itself is killed, in the middle of recovery.
  if (world.random.below(5) === 0) {
    await world.startAndKill(world.random.below(150));
    startups_killed += 1;
  }
  await world.start();
  checks += await world.verify();
  world.integrity({ full: i % 50 === 0 });
  if (i % 10 === 0 || i === kills) console.log(`kill ${i}: ${world.entries.length} objects, ${world.problems.length} problems, ${Math.round((Date.now() - begun) / 1000)} s`);
}

// Calm: everything that was begun must end.
world.over = true;
await load.done;
const deadline = Date.now() + 60_000;
const unended = () => world.sql("SELECT count(*) FROM jobs WHERE state IN ('queued', 'running')");
const isOpen = (entry) => world.isOpen(entry);
while (Date.now() < deadline && (unended() !== '0' || world.entries.some(isOpen))) {
  await world.verify({ only: isOpen });
  await sleep(200);
}
checks += await world.verify({ everything: true });
world.integrity({ full: true });
if (unended() !== '0') world.problem(`jobs that do not end: ${world.sql("SELECT kind, state, attempts, reason FROM jobs WHERE state IN ('queued', 'running')")}`);
for (const entry of world.entries.filter(isOpen)) world.problem(`${entry.kind} ${entry.id} does not end`);
for (const id of world.ended) if (!world.told.has(id)) world.problem(`the end of ${id} was not told`);

await world.server.stop();
world.closeListener();
const startups = world.startup_ms.sort((a, b) => a - b);
console.log(JSON.stringify({
  kills: world.generation + startups_killed, of_them_while_starting: startups_killed, seed: values.seed, seconds: Math.round((Date.now() - begun) / 1000), acknowledged: world.counts, batches_ended: world.ended.length,
  checks, restart_ms_p50: Math.round(startups[startups.length >> 1]), restart_ms_max: Math.round(startups.at(-1)), problems: world.problems.length,
}, null, 1));
if (world.problems.length === 0) rmSync(world.directory, { recursive: true, force: true });
process.exit(world.problems.length === 0 ? 0 : 1);
