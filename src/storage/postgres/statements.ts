/**
 * The statements of a node. Each is one round trip and takes effect as a whole.
 *
 * Every statement that writes begins with `guard`: it counts the write, if the row of the node is as this process has left it. Otherwise
 * `guard` is empty, and so is everything that follows from it: the database is an older copy, or another process writes to it.
 */
import type { SqlStatement } from './postgres-session.js';

const guard = 'guard as (update kv_node set writes = writes + 1 where writer = $1 and writes = $2 returning writes)';

/** The columns of kv_copies that a position has, and their fields in `CopyPosition`. */
const positionColumns = `writer_id = coalesce(change."writerId", copy.writer_id), resets = coalesce(change.resets, copy.resets),
  complete = coalesce(change.complete, copy.complete), seq = coalesce(change.seq, copy.seq),
  epoch = coalesce(change.epoch, copy.epoch), epoch_id = coalesce(change."epochId", copy.epoch_id),
  through_seq = coalesce(change."throughSeq", copy.through_seq),
  request_floor = coalesce(change."requestFloor", copy.request_floor), time_ms = coalesce(change."timeMs", copy.time_ms)`;
const positionFields = `shard int, "writerId" text, resets bigint, complete boolean, seq bigint, epoch bigint, "epochId" text,
  "throughSeq" bigint, "requestFloor" bigint, "timeMs" bigint`;

/**
 * $3 to $7: rows: shards, keys, values, versions, expiries. $8: for each shard its number, and its position if it changes. $9: the shards whose requests
 * are replaced. $10 and $11: parts of requests.
 *
 * All parts of the statement see the rows as they were before it. So `newer` finds what a row replaces, and the totals stay exact.
 * `grown` joins nothing: joins other than by an index are off, and would cost the square of the number of shards.
 */
export const commit: SqlStatement = {
  name: 'commit',
  text: `
    with ${guard},
    newer as materialized (
      select item.*,
        kv.version is not null as replaces,
        octet_length(kv.key) + octet_length(kv.value) as replaced_bytes,
        kv.expires is not null as replaces_expiring
      from guard, unnest($3::int4[], $4::bytea[], $5::bytea[], $6::int8[], $7::int8[]) as item (shard, key, value, version, expires)
      left join kv using (shard, key)
      where kv.version is null or kv.version < item.version
    ),
    stored as (
      insert into kv (shard, key, value, version, expires)
      select shard, key, value, version, expires from newer where value is not null
      on conflict (shard, key) do update
      set value = excluded.value, version = excluded.version, expires = excluded.expires
    ),
    removed as (
      delete from kv using newer where newer.value is null and newer.replaces and kv.shard = newer.shard and kv.key = newer.key
    ),
    grown as (
      select shard, sum(keys) as keys, sum(expiring) as expiring, sum(bytes) as bytes, max(position) as position
      from (
        select shard,
          (value is not null)::int - replaces::int as keys,
          (value is not null and expires is not null)::int - replaces_expiring::int as expiring,
          coalesce(octet_length(key) + octet_length(value), 0) - coalesce(replaced_bytes, 0) as bytes,
          null as position
        from newer
        union all
        select (item ->> 'shard')::int, 0, 0, 0, item::text from guard, json_array_elements($8) as item
      ) as part
      group by shard
    ),
    placed as (
      update kv_copies as copy
      set keys = copy.keys + grown.keys, expiring = copy.expiring + grown.expiring, bytes = copy.bytes + grown.bytes,
        ${positionColumns}
      from grown, json_to_record(grown.position::json) as change (${positionFields})
      where copy.shard = grown.shard
      returning copy.shard, copy.keys, copy.expiring, copy.bytes
    ),
    forgotten as (
      delete from kv_requests using guard where shard = any ($9::int4[])
    ),
    kept as (
      insert into kv_requests (shard, number, part)
      select item.shard, guard.writes, item.part from guard, unnest($10::int4[], $11::bytea[]) as item (shard, part)
    )
    select placed.shard, placed.keys, placed.expiring, placed.bytes from guard left join placed on true`,
};

/** $3: the shard and its new position, or the shard alone. */
export const begin: SqlStatement = {
  name: 'begin',
  text: `
    with ${guard},
    change as (select item.* from guard, json_to_record($3) as item (${positionFields})),
    forgotten as (
      delete from kv_requests using change where kv_requests.shard = change.shard
    ),
    begun as (
      insert into kv_copies (shard, writer_id, resets, complete, seq, epoch, epoch_id, through_seq, request_floor, time_ms)
      select * from change
      on conflict (shard) do update set writer_id = excluded.writer_id, resets = excluded.resets, complete = excluded.complete,
        seq = excluded.seq, epoch = excluded.epoch, epoch_id = excluded.epoch_id, through_seq = excluded.through_seq,
        request_floor = excluded.request_floor, time_ms = excluded.time_ms
    )
    select writes from guard`,
};

/** $3: the shard. $4: the key to begin at. $5: how many rows at most. */
export const removeSome: SqlStatement = {
  name: 'remove_some',
  text: `
    with ${guard},
    doomed as materialized (
      select kv.shard, kv.key from guard, lateral (
        select shard, key from kv where shard = $3::int and key >= $4::bytea order by key limit $5::int
      ) as kv
    ),
    removed as (
      delete from kv using doomed where kv.shard = doomed.shard and kv.key = doomed.key
      returning kv.key, kv.expires, octet_length(kv.key) + octet_length(kv.value) as bytes
    ),
    gone as (select count(*) as keys, count(expires) as expiring, coalesce(sum(bytes), 0) as bytes from removed),
    placed as (
      update kv_copies as copy
      set keys = copy.keys - gone.keys, expiring = copy.expiring - gone.expiring, bytes = copy.bytes - gone.bytes
      from gone, guard where copy.shard = $3::int
    )
    select gone.keys, (select key from doomed order by key desc limit 1) from guard, gone`,
};

/** $1 to $3: shards, keys, and whether the value is wanted, too. The rows that are there, with the number of the item from 1. */
export const getMany: SqlStatement = {
  name: 'get_many',
  text: `
    select item.number::int, kv.version, kv.expires, case when item.wanted then kv.value end
    from unnest($1::int4[], $2::bytea[], $3::bool[]) with ordinality as item (shard, key, wanted, number)
    join kv using (shard, key)`,
};

/**
 * $1: the shard. $2 and $3: the range, without its end. $4: the most rows. $5: about the most bytes. $6: true for rows without values. May
 * return one row more than $4. Each row has the number of rows that PostgreSQL has read for the page.
 */
function pageIn(name: string, direction: 'asc' | 'desc'): SqlStatement {
  return {
    name,
    text: `
      select key, case when $6::bool then ''::bytea else value end, version, expires, looked from (
        select item.*, count(*) over () as looked,
          sum(octet_length(key) + case when $6::bool then 0 else octet_length(value) end)
            over (order by key ${direction} rows between unbounded preceding and 1 preceding) as before
        from (
          select key, value, version, expires from kv
          where shard = $1::int and key >= $2::bytea and key < $3::bytea
          order by key ${direction} limit $4::int + 1
        ) as item
      ) as measured
      where before is null or before < $5::bigint
      order by key ${direction}`,
  };
}

export const pageUp: SqlStatement = pageIn('page_up', 'asc');
export const pageDown: SqlStatement = pageIn('page_down', 'desc');

/** $1: the shard. $2: how many keys at most. */
export const earliest: SqlStatement = {
  name: 'earliest',
  text: 'select key, expires from kv where shard = $1::int and expires is not null order by expires limit $2::int',
};

export const findCopies: SqlStatement = {
  name: 'find_copies',
  text: `
    select shard, writer_id, resets, complete, seq, epoch, epoch_id, through_seq, request_floor, time_ms, keys, expiring, bytes,
      (select expires from kv where kv.shard = copy.shard and expires is not null order by expires limit 1)
    from kv_copies as copy where writer_id is not null order by shard`,
};

export const findRequests: SqlStatement = {
  name: 'find_requests',
  text: 'select shard, part from kv_requests order by shard, number',
};

export const findNodeRow: SqlStatement = {
  name: 'find_node_row',
  text: 'select node_id, cluster_id, folder_id, writer, writes from kv_node',
};

/** $1 to $3: of node, cluster and folder. */
export const claimNode: SqlStatement = {
  name: 'claim_node',
  text: 'insert into kv_node (node_id, cluster_id, folder_id) values ($1, $2, $3)',
};

/** $1: this process. From now on the writes of any other change nothing. */
export const takeOver: SqlStatement = {
  name: 'take_over',
  text: 'update kv_node set writer = $1, writes = writes + 1 returning writes',
};

/** A lock of the schema that belongs to the session. Waits for it, for `lock_timeout` at most. */
export const lockSchema: SqlStatement = {
  name: 'lock_schema',
  text: `select true from (
    select pg_advisory_lock(x'6b766e64'::int, (select oid::bigint::bit(32)::int from pg_namespace where nspname = current_schema()))
  ) as locked`,
};

/** The session that holds it. */
export const lockHolder: SqlStatement = {
  name: 'lock_holder',
  text: `
    select pid, application_name, client_addr::text from pg_locks left join pg_stat_activity using (pid)
    where locktype = 'advisory' and granted and classid = x'6b766e64'::bigint::oid and objsubid = 2
      and pg_locks.database = (select oid from pg_database where datname = current_database())
      and objid = (select oid from pg_namespace where nspname = current_schema())`,
};

/** $1: a process of the server that serves a session of this user. */
export const terminateSession: SqlStatement = { name: 'terminate_session', text: 'select pg_terminate_backend($1)' };

export const measureSize: SqlStatement = {
  name: 'measure_size',
  text: `select sum(pg_total_relation_size(name::regclass))::bigint from unnest(array['kv', 'kv_copies', 'kv_requests']) as name`,
};

export const ping: SqlStatement = { name: 'ping', text: 'select 1' };
