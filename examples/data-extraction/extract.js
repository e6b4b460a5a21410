// A letter to an order. The schema stands here once: the server enforces it while the model writes, and zod checks the answer.
import { zodTextFormat } from 'openai/helpers/zod';
import { z } from 'zod';

export const Order = z.object({
  customer: z.string().min(1).max(60),
  city: z.string().max(40).nullable(),
  wanted_by: z.string().regex(/^20[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$/).nullable(),
  items: z.array(z.object({
    product: z.enum(['bread', 'cheese', 'honey', 'tea', 'other']),
    quantity: z.number().int().min(1).max(500),
    unit: z.enum(['piece', 'kg', 'jar', 'packet']),
  })).min(1).max(8),
});

const instructions = 'Read the letter and fill in the order as JSON. Use null for what the letter does not say.';

// What no schema says: a day that exists, and no product twice.
function problems(order) {
  const found = [];
  if (order.wanted_by && !new Date(`${order.wanted_by}T00:00:00Z`).toISOString().startsWith(order.wanted_by)) {
    found.push(`there is no day ${order.wanted_by}`);
  }
  const seen = new Set();
  for (const { product, unit } of order.items) {
    if (seen.has(`${product} ${unit}`)) found.push(`${product} by the ${unit} is ordered twice`);
    seen.add(`${product} ${unit}`);
  }
  return found;
}

// The order of a letter, or { error } where the answer cannot be used.
export async function extract(client, letter, { model, ...options }) {
  const response = await client.responses.parse({
    model, instructions, input: letter, store: false, ...options, text: { format: zodTextFormat(Order, 'order') },
  });
  if (response.status !== 'completed') return { error: `the answer is ${response.status}` };
  const checked = Order.safeParse(response.output_parsed);
  if (!checked.success) return { error: checked.error.message };
  const found = problems(checked.data);
  return found.length ? { error: found.join('; ') } : { order: checked.data };
}
