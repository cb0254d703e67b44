/**
 * The queue as people read it with the `sqlite3` shell. The store never uses these, and keeps nothing up to date for
 * them: they fold the checkpoint's pages and what is kept of the log when they are asked. So they know the log's events
 * and the place of each field in a page, and a new format of either needs new views.
 *
 * - `holdfast_log (queue, seq, at, number, type, job, event)`: every event that is kept, those a little before the
 *   checkpoint among them, once for each job it speaks of. `at` is in epoch milliseconds, `event` is JSON.
 * - `holdfast_jobs (queue, owner, kind, id, key, state, enqueued_at, available_at, reason, error)`: every job.
 *   `reason` is why a dead one is dead, `error` the message of its last failure.
 */
export const views: string = `
CREATE VIEW holdfast_log AS
SELECT queues.name AS queue, entry.seq, entry.body ->> 'at' AS at, event.key AS number,
  event.value ->> 'type' AS type, coalesce(job.value, event.value ->> 'id') AS job, event.value AS event
FROM (
  SELECT queue, seq, group_concat(body, '') AS body
  FROM (SELECT queue, seq, body FROM holdfast_entries ORDER BY queue, seq, part) GROUP BY queue, seq
) AS entry
JOIN holdfast_queues AS queues ON queues.id = entry.queue
JOIN json_each(entry.body, '$.events') AS event
LEFT JOIN json_each(CASE event.value ->> 'type'
  WHEN 'claimed' THEN event.value -> 'jobs' WHEN 'removed' THEN event.value -> 'ids' END) AS job;

CREATE VIEW holdfast_jobs AS
WITH page AS (
  SELECT queue, group_concat(body, '') AS body
  FROM (SELECT queue, id, body FROM holdfast_pages WHERE id LIKE 'jobs/%' ORDER BY queue, id, part)
  GROUP BY queue, id
), tail AS MATERIALIZED (
  SELECT *, seq * 1000000 + number AS position FROM holdfast_log
), fact AS MATERIALIZED (
  SELECT queues.name AS queue, row.value ->> 0 AS id, 0 AS position, row.value ->> '$[1][2]' AS owner,
    row.value ->> '$[1][3]' AS kind, row.value ->> '$[1][13].key' AS key, row.value ->> '$[1][4]' AS state,
    row.value ->> '$[1][5]' AS enqueued_at, row.value ->> '$[1][6]' AS available_at,
    row.value ->> '$[1][13].reason' AS reason, row.value ->> '$[1][13].failures[#-1].message' AS error
  FROM page
  JOIN holdfast_queues AS queues ON queues.id = page.queue
  JOIN json_each(page.body, '$.rows') AS row
  UNION ALL
  SELECT queue, job, position, event ->> 'owner', event ->> 'kind', event ->> 'key',
    CASE
      WHEN type IN ('enqueued', 'retried', 'released', 'reclaimed', 'redriven') THEN 'pending'
      WHEN type = 'claimed' THEN 'running'
      WHEN type IN ('completed', 'dead', 'cancelled', 'removed') THEN type
      WHEN type = 'revised' AND event ->> 'waitMs' IS NOT NULL THEN 'pending'
    END,
    CASE type WHEN 'enqueued' THEN at END, at + coalesce(event ->> 'waitMs', 0), event ->> 'reason',
    event ->> '$.error.message'
  FROM tail WHERE job IS NOT NULL
), named AS (
  SELECT queue, id, max(owner) AS owner, max(kind) AS kind, max(key) AS key, max(enqueued_at) AS enqueued_at
  FROM fact GROUP BY queue, id
), latest AS (
  SELECT queue, id, max(position) AS position, state, available_at, reason
  FROM fact WHERE state IS NOT NULL GROUP BY queue, id
), failed AS (
  SELECT queue, id, max(position), error FROM fact WHERE error IS NOT NULL GROUP BY queue, id
)
SELECT queue, owner, kind, id, key, state, enqueued_at, available_at, reason, error
FROM named JOIN latest USING (queue, id) LEFT JOIN failed USING (queue, id)
WHERE state <> 'removed' AND NOT EXISTS (
  SELECT 1 FROM tail WHERE type = 'erased' AND tail.queue = named.queue
    AND event ->> 'owner' = named.owner AND tail.position > latest.position
);`
