// Rows in, labelled rows out, by one batch. Survives restarts of the server.
export const labels = ['billing', 'bug', 'question', 'account'];

const instructions = `You sort support tickets. Answer with one label: ${labels.join(', ')}.`;

// One line of the batch's input file. The beginning is the same for every row, so the server reads it once.
const request = (row, model) => ({
  custom_id: row.id,
  method: 'POST',
  url: '/v1/chat/completions',
  body: {
    model,
    messages: [{ role: 'system', content: instructions }, { role: 'user', content: row.text }],
    max_completion_tokens: 30,
    temperature: 0,
    response_format: {
      type: 'json_schema',
      json_schema: {
        name: 'ticket',
        strict: true,
        schema: { type: 'object', properties: { label: { type: 'string', enum: labels } }, required: ['label'], additionalProperties: false },
      },
    },
  },
});

export async function start(client, rows, model) {
  const jsonl = rows.map((row) => JSON.stringify(request(row, model))).join('\n');
  const input = await client.files.create({ file: new File([jsonl], 'tickets.jsonl'), purpose: 'batch' });
  return client.batches.create({ input_file_id: input.id, endpoint: '/v1/chat/completions', completion_window: '24h' });
}

// Polls until the batch has ended. A server that is away for a while is no reason to give up.
export async function wait(client, id, { onProgress = () => {}, pause = 500 } = {}) {
  for (;;) {
    try {
      const batch = await client.batches.retrieve(id);
      onProgress(batch);
      if (['completed', 'failed', 'expired', 'cancelled'].includes(batch.status)) return batch;
    } catch (error) {
      if (error.status !== undefined) throw error;  // an answer; the others are connections that broke
    }
    await new Promise((resolve) => { setTimeout(resolve, pause); });
  }
}

// Joins the answers back to the rows by custom_id: [{...row, label} | {...row, error}].
export async function join(client, batch, rows) {
  const answers = new Map();
  for (const id of [batch.output_file_id, batch.error_file_id]) {
    if (!id) continue;
    const text = await (await client.files.content(id)).text();
    for (const line of text.split('\n')) {
      if (!line) continue;
      const { custom_id: row, response, error } = JSON.parse(line);
      const failure = error ?? response.body.error;
      answers.set(row, failure ? { error: failure.message } : { label: JSON.parse(response.body.choices[0].message.content).label });
    }
  }
  return rows.map((row) => ({ ...row, ...answers.get(row.id) }));
}
