// Chats of one user each, and the answer to a message as it arrives. Every query names the user, so nobody reaches another's chats.
import { randomInt } from 'node:crypto';
import { inTransaction } from './database.js';
import { Refused } from './refused.js';

const messageCharsMax = 20_000;
const historyMax = 200; // messages that go to the model

export class Chats {
  #db;
  #client;
  #model;

  // `model`: a function that names the model, asked once per message.
  constructor(db, client, model) {
    this.#db = db;
    this.#client = client;
    this.#model = model;
  }

  list(user) { return this.#db.prepare('SELECT id, title, created_at FROM chats WHERE user_id = ? ORDER BY created_at DESC, id DESC LIMIT 200').all(user.id); }

  messages(user, chatId) {
    this.#find(user, chatId);
    return this.#db.prepare('SELECT role, content FROM messages WHERE chat_id = ? ORDER BY id').all(chatId);
  }

  remove(user, chatId) {
    this.#find(user, chatId);
    this.#db.prepare('DELETE FROM chats WHERE id = ?').run(chatId);
  }

  // Yields {chat}, the chat's id, then the answer piece by piece: {text}. Both messages are in the history when it ends. What arrived
  // before the reader left is kept; a turn that failed is not, nor is the new chat it would have begun.
  async* answer(user, { chatId, message, signal }) {
    if (typeof message !== 'string' || !message.trim()) throw new Refused(400, 'Write something first.');
    if (message.length > messageCharsMax) throw new Refused(400, `A message has at most ${messageCharsMax} characters.`);
    const history = chatId === undefined ? [] : this.messages(user, chatId).slice(-historyMax);

    const stream = await this.#client.chat.completions.create(
      { model: await this.#model(), stream: true, messages: [...history, { role: 'user', content: message }] }, { signal });
    const chat = chatId ?? randomInt(2 ** 47);
    yield { chat };
    let answer = '';
    try {
      for await (const chunk of stream) {
        const text = chunk.choices[0]?.delta.content;
        if (!text) continue;
        answer += text;
        yield { text };
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    }
    if (answer) this.#keep(user, { chat, isNew: chatId === undefined, message, answer });
  }

  #find(user, chatId) {
    const chat = this.#db.prepare('SELECT id FROM chats WHERE id = ? AND user_id = ?').get(chatId, user.id);
    if (!chat) throw new Refused(404, 'That chat is not here any more.');
  }

  #keep(user, { chat, isNew, message, answer }) {
    const now = Math.floor(Date.now() / 1000);
    inTransaction(this.#db, () => {
      if (isNew) {
        const title = message.trim().replace(/\s+/g, ' ').slice(0, 60);
        this.#db.prepare('INSERT INTO chats (id, user_id, title, created_at) VALUES (?, ?, ?, ?)').run(chat, user.id, title, now);
      } else {
        this.#find(user, chat);
      }
      const add = this.#db.prepare('INSERT INTO messages (chat_id, role, content, created_at) VALUES (?, ?, ?, ?)');
      add.run(chat, 'user', message, now);
      add.run(chat, 'assistant', answer, now);
    });
  }
}
