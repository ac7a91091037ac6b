import type { LocalDatabase } from "./database.ts";

/** Version of the tables. A database of another version is refused, not guessed at. */
const SCHEMA_VERSION = 3;

const TABLES = `
  -- What DynamoDB holds in the cloud. watch_shard and watch_at repeat attributes of the item for the watch index.
  CREATE TABLE items (pk TEXT NOT NULL UNIQUE, item TEXT NOT NULL, watch_shard INTEGER, watch_at INTEGER);
  CREATE INDEX watch ON items (watch_shard, watch_at) WHERE watch_at IS NOT NULL;

  -- The work queue. A message is hidden until visible_at; holder is the worker process that received it last.
  CREATE TABLE queue (
    id INTEGER PRIMARY KEY, body TEXT NOT NULL, visible_at INTEGER NOT NULL, receives INTEGER NOT NULL DEFAULT 0,
    holder TEXT, sent_at INTEGER NOT NULL DEFAULT 0
  );
  CREATE INDEX due ON queue (visible_at, id, receives);
  -- No reason: the message was received too often.
  CREATE TABLE dead_letters (id INTEGER PRIMARY KEY, body TEXT NOT NULL, reason TEXT);

  -- The lines of the newest list, in its order, and those of earlier lists whose jobs have not ended. Several lines may
  -- name one job.
  CREATE TABLE lines (
    seq INTEGER PRIMARY KEY, list INTEGER NOT NULL, line INTEGER NOT NULL, job_id TEXT NOT NULL, message TEXT NOT NULL,
    metadata TEXT
  );
  CREATE INDEX lines_of_job ON lines (job_id);

  -- Jobs, of any list, whose end is on the disk: file, folders and record. mtime_ms is the content file's.
  CREATE TABLE ends (job_id TEXT PRIMARY KEY, outcome TEXT NOT NULL, name TEXT, mtime_ms REAL) WITHOUT ROWID;
  -- The names under files/ that are taken, and by which job. Some file systems do not tell upper from lower case.
  CREATE TABLE names (name TEXT PRIMARY KEY COLLATE NOCASE, job_id TEXT NOT NULL UNIQUE) WITHOUT ROWID;

  CREATE TABLE facts (name TEXT PRIMARY KEY, value NOT NULL) WITHOUT ROWID;
`;

/** The folder was written by another release. The message says what to do. */
export class OtherSchemaError extends Error {
  override readonly name = "OtherSchemaError";
}

/** Creates the tables unless they are there. @throws OtherSchemaError when another release made them. */
export function createTables(database: LocalDatabase, path: string): void {
  const version = Number(database.get("PRAGMA user_version")?.["user_version"]);
  if (version === SCHEMA_VERSION) return;
  if (version !== 0)
    throw new OtherSchemaError(
      `${path} was written by another release of fetchonce. Use that release, or choose another directory with --out.`,
    );
  database.transaction(() => {
    database.exec(TABLES);
    database.exec(`PRAGMA user_version = ${SCHEMA_VERSION}`);
  });
}
