// The table of ordered things, and which letters have been read.
import { DatabaseSync } from 'node:sqlite';

export function openDatabase(path) {
  const db = new DatabaseSync(path);
  db.exec(`
    PRAGMA journal_mode = WAL;
    PRAGMA foreign_keys = ON;
    CREATE TABLE IF NOT EXISTS letters (
      name TEXT PRIMARY KEY,
      customer TEXT NOT NULL CHECK (length(customer) BETWEEN 1 AND 60),
      city TEXT,
      wanted_by TEXT CHECK (wanted_by = date(wanted_by))
    );
    CREATE TABLE IF NOT EXISTS orders (
      letter TEXT NOT NULL REFERENCES letters(name),
      product TEXT NOT NULL CHECK (product IN ('bread', 'cheese', 'honey', 'tea', 'other')),
      quantity INTEGER NOT NULL CHECK (quantity BETWEEN 1 AND 500),
      unit TEXT NOT NULL CHECK (unit IN ('piece', 'kg', 'jar', 'packet')),
      PRIMARY KEY (letter, product, unit)
    );
  `);
  return db;
}

export const isKnown = (db, letter) => db.prepare('SELECT 1 FROM letters WHERE name = ?').get(letter) !== undefined;

// All of an order, or nothing of it.
export function addOrder(db, letter, order) {
  db.exec('BEGIN IMMEDIATE');
  try {
    db.prepare('INSERT INTO letters VALUES (?, ?, ?, ?)').run(letter, order.customer, order.city, order.wanted_by);
    const insert = db.prepare('INSERT INTO orders VALUES (?, ?, ?, ?)');
    for (const item of order.items) insert.run(letter, item.product, item.quantity, item.unit);
    db.exec('COMMIT');
  } catch (error) {
    db.exec('ROLLBACK');
    throw error;
  }
}
