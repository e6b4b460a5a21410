// A peer for bench_embeddings: llama.cpp as node-llama-cpp ships it, which embeds one text at a time. Run it where that
// package is installed: node node_llama_embeddings.mjs MODEL THREADS TEXTS LENGTH
import {createRequire} from 'node:module';
import {pathToFileURL} from 'node:url';

const require = createRequire(process.cwd() + '/');
const {getLlama} = await import(pathToFileURL(require.resolve('node-llama-cpp')).href);
const [modelPath, ...counts] = process.argv.slice(2);
const [threads, texts, length] = counts.map(Number);

const llama = await getLlama({gpu: false, build: 'never', logLevel: 'error', maxThreads: threads});
const model = await llama.loadModel({modelPath});
const context = await model.createEmbeddingContext({contextSize: 512, batchSize: 512, threads});
const tokens = (seed) => Array.from({length}, (_, i) => 1000 + (seed * 131 + i * 7919) % 20000);

await context.getEmbeddingFor(tokens(0));
const cpu = process.cpuUsage();
const begin = performance.now();
for (let i = 1; i <= texts; i += 1) await context.getEmbeddingFor(tokens(i));
const wall = (performance.now() - begin) / 1000;
const {user, system} = process.cpuUsage(cpu);
const total = texts * length;
console.log(`${(total / wall).toFixed(0)} tokens/s, ${(total / ((user + system) / 1e6)).toFixed(0)} tokens per CPU second`);
process.exit(0);
