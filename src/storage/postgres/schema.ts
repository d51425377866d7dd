/**
 * The tables of a node, and how they came about: each migration brings them from one version to the next. docs/postgres.md describes
 * them for people who query them.
 *
 * A released migration is never changed. A change of the tables is a new one at the end.
 */
import { DatabaseError } from '../database/state-database.js';
import type { PostgresSession, SqlStatement } from './postgres-session.js';

/** The first one makes version 1. */
const migrations: readonly string[] = [
  `
  -- Whose data this is, and which process writes it: it counts its writes.
  create table kv_node (
    only_row boolean primary key default true check (only_row),
    node_id text not null,
    cluster_id text not null,
    folder_id text not null,
    writer text not null default '',
    writes bigint not null default 0
  ) with (fillfactor = 50);

  -- Rows are overwritten where they are: the room that is left on each page is for their next versions.
  create table kv (
    shard integer not null,
    key bytea not null,
    value bytea not null,
    version bigint not null,
    expires bigint,
    primary key (shard, key)
  ) with (fillfactor = 85);
  create index kv_expires on kv (shard, expires) where expires is not null;
  comment on column kv.key is 'UTF-8: convert_from(key, ''UTF8'')';
  comment on column kv.expires is 'milliseconds on the clock of the shard, whose last known time is kv_copies.time_ms';

  -- Up to which entry of its log a shard has been applied, and the totals of its rows. No writer: what is left of a copy that is gone.
  create table kv_copies (
    shard integer primary key,
    writer_id text,
    resets bigint,
    complete boolean,
    seq bigint,
    epoch bigint,
    epoch_id text,
    through_seq bigint,
    request_floor bigint,
    time_ms bigint,
    keys bigint not null default 0,
    expiring bigint not null default 0,
    bytes bigint not null default 0
  ) with (fillfactor = 50);

  -- The table of requests of each shard, in parts that follow each other.
  create table kv_requests (
    shard integer not null,
    number bigint not null,
    part bytea not null,
    primary key (shard, number)
  );
  `,
];

export const newestSchema = migrations.length;

/** The schema with which the search path begins, and whether it is missing. `$user` is the one of the user's name, if there is one. */
const findSchema: SqlStatement = {
  name: 'find_schema',
  text: `
    with path as (
      select (parse_ident(btrim(item)))[1] as name, number
      from unnest(string_to_array(current_setting('search_path'), ',')) with ordinality as item (item, number)
    )
    select name, name <> '$user' and to_regnamespace(quote_ident(name)) is null
    from path where name <> '$user' or to_regnamespace(quote_ident(current_user)) is not null order by number limit 1`,
};
const hasVersions: SqlStatement = {
  name: 'has_versions',
  text: `select to_regclass(quote_ident(current_schema()) || '.kv_schema') is not null`,
};
const findVersion: SqlStatement = { name: 'find_version', text: 'select coalesce(max(version), 0) from kv_schema' };

/** Creates the schema with which the search path of the session begins, if it is not there. */
export async function createSchema(session: PostgresSession): Promise<void> {
  const [first, isMissing] = ((await session.query(findSchema))[0] ?? ['', false]) as [string, boolean];
  if (isMissing) await session.execute(`create schema if not exists "${first.replaceAll('"', '""')}"`);
}

/** The session holds the lock of the schema. @throws DatabaseError if a newer version of kvnode made the tables */
export async function migrate(session: PostgresSession): Promise<void> {
  const [[exists]] = (await session.query(hasVersions)) as [[boolean]];
  if (!exists) {
    await session.execute('create table kv_schema (version integer primary key, since timestamptz not null default now())');
  }
  const [[version]] = (await session.query(findVersion)) as [[number]];
  if (version > newestSchema)
    throw new DatabaseError(
      `the tables have version ${version}, and this version of kvnode knows up to ${newestSchema}: install a newer kvnode, ` +
        'or use an empty database or schema',
      { isLost: true },
    );
  for (const [index, migration] of migrations.entries()) {
    // Statements that are sent together are one transaction.
    if (index >= version) await session.execute(`${migration}; insert into kv_schema (version) values (${index + 1})`);
  }
}
