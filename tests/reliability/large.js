// The largest things that clients may send, and what memory the server takes for them: an upload of 8 GiB by parts of 64 MB, and
// a file of 512 MB in one request. `large.js [--upload-bytes N] [--file-bytes N]`; needs twice the upload's bytes of disk.
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { readFileSync, statfsSync } from 'node:fs';
import http from 'node:http';
import { tmpdir } from 'node:os';
import { parseArgs } from 'node:util';
import { key, scripted, startServer } from '../api/harness.js';

const PART = 64 * 1000 * 1000;
const { values } = parseArgs({ options: { 'upload-bytes': { type: 'string', default: `${8 * 1024 ** 3}` }, 'file-bytes': { type: 'string', default: `${512 * 1024 * 1024}` } } });
const uploadBytes = Number(values['upload-bytes']), fileBytes = Number(values['file-bytes']);
const disk = statfsSync(tmpdir());
assert.ok(disk.bavail * disk.bsize > 2.2 * uploadBytes + fileBytes, `not enough room in ${tmpdir()}`);

// Bytes that differ from part to part and cost nothing to make.
const noise = randomBytes(PART);
const piece = (i, size) => { const bytes = noise.subarray(0, size); bytes.writeUInt32LE(i, 0); return bytes; };

const server = await startServer({ script: scripted([{ steps: [{ text: 'x' }] }]) });
const { client } = server;
const memory = (name) => Number(readFileSync(`/proc/${server.child.pid}/status`, 'utf8').match(new RegExp(`${name}:\\s+(\\d+) kB`))[1]) / 1024;
const figures = [];
async function measure(what, bytes, run) {
  const before = memory('VmRSS');
  const begun = performance.now();
  await run();
  const seconds = (performance.now() - begun) / 1000;
  figures.push({ what, bytes, seconds: Math.round(seconds), mb_per_s: Math.round(bytes / 1e6 / seconds), rss_before_mb: Math.round(before), rss_peak_mb: Math.round(memory('VmHWM')) });
  console.log(figures.at(-1));
}

// Node's fetch gives up on an answer that takes five minutes to begin, whatever its caller allows.
const post = (path, body) => new Promise((resolve, reject) => {
  const request = http.request(server.url + path, { method: 'POST', headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' } }, (response) => {
    let text = '';
    response.on('data', (chunk) => { text += chunk; }).on('end', () => resolve({ status: response.statusCode, body: JSON.parse(text) }));
  });
  request.on('error', reject).end(JSON.stringify(body));
});

// The bytes that come back, without holding them.
async function hashOf(id, algorithm) {
  const response = await client.files.content(id);
  const hash = createHash(algorithm);
  let bytes = 0;
  for await (const chunk of response.body) { hash.update(chunk); bytes += chunk.length; }
  return { bytes, hash: hash.digest('hex') };
}

try {
  const whole = createHash('sha256');
  let file;
  await measure('a file in one request', fileBytes, async () => {
    const parts = [];
    for (let at = 0; at < fileBytes; at += PART) { parts.push(Buffer.from(piece(at / PART, Math.min(PART, fileBytes - at)))); whole.update(parts.at(-1)); }
    file = await client.files.create({ file: new File(parts, 'large.bin'), purpose: 'user_data' });
  });
  const wanted = whole.digest('hex');
  await measure('the same read back', fileBytes, async () => assert.deepEqual(await hashOf(file.id, 'sha256'), { bytes: fileBytes, hash: wanted }));
  await client.files.delete(file.id);

  const md5 = createHash('md5');
  const ids = [];
  const upload = await client.uploads.create({ bytes: uploadBytes, filename: 'huge.bin', mime_type: 'application/octet-stream', purpose: 'user_data' });
  await measure('parts of an upload', uploadBytes, async () => {
    for (let at = 0; at < uploadBytes; at += PART) {
      const bytes = piece(ids.length, Math.min(PART, uploadBytes - at));
      md5.update(bytes);
      ids.push((await client.uploads.parts.create(upload.id, { data: new File([bytes], 'part') })).id);
    }
  });
  const sum = md5.digest('hex');
  let done;
  await measure(`${ids.length} parts put together, with md5`, uploadBytes, async () => { done = await post(`/v1/uploads/${upload.id}/complete`, { part_ids: ids, md5: sum }); });
  assert.equal(done.status, 200, JSON.stringify(done.body));
  assert.equal(done.body.file.bytes, uploadBytes);
  await measure('the whole read back', uploadBytes, async () => assert.deepEqual(await hashOf(done.body.file.id, 'md5'), { bytes: uploadBytes, hash: sum }));
  console.log(JSON.stringify(figures, null, 1));
} finally {
  await server.stop();
}
