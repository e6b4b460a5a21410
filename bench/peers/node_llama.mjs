// A peer for bench_engine: llama.cpp as node-llama-cpp ships it. Run it where that package is
// installed: node node_llama.mjs MODEL THREADS PROMPT DEPTH DECODE
import {createRequire} from 'node:module';
import {pathToFileURL} from 'node:url';

const require = createRequire(process.cwd() + '/');
const {getLlama} = await import(pathToFileURL(require.resolve('node-llama-cpp')).href);
const [model_path, ...counts] = process.argv.slice(2);
const [threads, n_prompt, n_depth, n_decode] = counts.map(Number);

const llama = await getLlama({gpu: false, build: 'never', logLevel: 'error', maxThreads: threads});
const model = await llama.loadModel({modelPath: model_path});
const context = await model.createContext({
  contextSize: n_prompt + n_depth + n_decode + 16, batchSize: 512, threads, flashAttention: true,
});
const sequence = context.getSequence();
const tokens = (count) => Array.from({length: count}, (_, i) => 100 + i * 7919 % 20000);

let prompt = 0;
let decode = 0;
if (n_prompt > 0) {
  const begin = performance.now();
  await sequence.evaluateWithoutGeneratingNewTokens(tokens(n_prompt));
  prompt = n_prompt / (performance.now() - begin) * 1000;
}
if (n_decode > 0) {
  if (n_depth > 0) await sequence.evaluateWithoutGeneratingNewTokens(tokens(n_depth));
  let count = 0;
  let begin = 0;
  for await (const _ of sequence.evaluate([200], {temperature: 0})) {
    if (count === 0) begin = performance.now();
    if (++count > n_decode) break;
  }
  decode = n_decode / (performance.now() - begin) * 1000;
}
console.log(prompt.toFixed(2), decode.toFixed(2));
process.exit(0);
