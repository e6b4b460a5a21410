// GET /v1/models, GET and DELETE /v1/models/{model}.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import OpenAI from 'openai';
import { scripted, startServer } from './harness.js';
import { checkSchema } from './spec.js';

let server, client;
before(async () => { server = await startServer({ script: scripted([{ steps: [{ text: 'x' }] }]) }); client = server.client; });
after(() => server.stop());

test('lists and retrieves', async () => {
  const body = await (await server.fetch('/v1/models')).json();
  checkSchema('ListModelsResponse', body);
  assert.ok(body.data.some((m) => m.id === 'scripted'));
  const model = await client.models.retrieve('scripted');
  checkSchema('Model', model);
  assert.equal(model.id, 'scripted');
});

test('an unknown model is 404', async () => {
  await assert.rejects(client.models.retrieve('org/nope'), (error) => {
    assert.ok(error instanceof OpenAI.NotFoundError);
    return error.code === 'model_not_found' && error.param === 'model';
  });
});

test('a built-in model cannot be deleted', async () => {
  await assert.rejects(client.models.delete('scripted'), OpenAI.PermissionDeniedError);
});
