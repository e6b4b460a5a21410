// Accounts and sessions. A password is kept as scrypt's output with its salt, a session as the hash of the random token in the
// browser's cookie: whoever reads the database can log in as nobody.
import { createHash, randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { Refused } from './refused.js';

const derive = promisify(scrypt);
const sessionSeconds = 14 * 24 * 3600;
const attemptsMax = 10; // wrong passwords for one name
const attemptsWindowMs = 60_000;

const hashOf = (token) => createHash('sha256').update(token).digest('hex');

export class Accounts {
  #db;
  #attempts = new Map(); // name -> times of wrong passwords

  constructor(db) { this.#db = db; }

  async register(name, password) {
    this.#check(name, password);
    const salt = randomBytes(16);
    const key = await derive(password, salt, 32);
    try {
      const { lastInsertRowid } = this.#db.prepare('INSERT INTO users (name, password) VALUES (?, ?)')
        .run(name, `${salt.toString('hex')}:${key.toString('hex')}`);
      return { id: Number(lastInsertRowid), name };
    } catch (error) {
      if (/UNIQUE/.test(error.message)) throw new Refused(409, 'That name is taken. Choose another, or log in.');
      throw error;
    }
  }

  async logIn(name, password) {
    this.#check(name, password);
    this.#limitAttempts(name);
    const user = this.#db.prepare('SELECT id, name, password FROM users WHERE name = ?').get(name);
    // A name nobody has costs as much time as a wrong password.
    const [salt, expected] = (user?.password ?? `${'0'.repeat(32)}:${'0'.repeat(64)}`).split(':').map((hex) => Buffer.from(hex, 'hex'));
    const same = timingSafeEqual(await derive(password, salt, 32), expected);
    if (!user || !same) {
      this.#attempts.set(name.toLowerCase(), [...this.#recent(name), Date.now()]);
      throw new Refused(401, 'The name or the password is not right.');
    }
    return { id: user.id, name: user.name };
  }

  // The token for the cookie.
  begin(user) {
    const token = randomBytes(32).toString('base64url');
    const now = Math.floor(Date.now() / 1000);
    this.#db.prepare('DELETE FROM sessions WHERE expires_at <= ?').run(now);
    this.#db.prepare('INSERT INTO sessions (token_hash, user_id, expires_at) VALUES (?, ?, ?)').run(hashOf(token), user.id, now + sessionSeconds);
    return { token, seconds: sessionSeconds };
  }

  end(token) { this.#db.prepare('DELETE FROM sessions WHERE token_hash = ?').run(hashOf(token)); }

  // undefined when the token is nobody's.
  userOf(token) {
    if (!token) return undefined;
    return this.#db.prepare(`SELECT users.id, users.name FROM sessions JOIN users ON users.id = sessions.user_id
      WHERE token_hash = ? AND expires_at > ?`).get(hashOf(token), Math.floor(Date.now() / 1000));
  }

  #check(name, password) {
    if (typeof name !== 'string' || !/^[\p{L}\p{N}._-]{1,40}$/u.test(name)) throw new Refused(400, 'A name has 1 to 40 letters, digits, dots, dashes or underscores.');
    if (typeof password !== 'string' || password.length < 8 || password.length > 200) throw new Refused(400, 'A password has 8 to 200 characters.');
  }

  #recent(name) {
    return (this.#attempts.get(name.toLowerCase()) ?? []).filter((at) => at > Date.now() - attemptsWindowMs);
  }

  #limitAttempts(name) {
    if (this.#attempts.size > 10_000) this.#attempts.clear();
    if (this.#recent(name).length >= attemptsMax) throw new Refused(429, 'Too many wrong passwords. Wait a minute and try again.');
  }
}
