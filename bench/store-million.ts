import type { DatabaseSync } from 'node:sqlite'
import type { Execution, ExecutionState } from '../src/core/execution.ts'
import { isFinal } from '../src/core/execution.ts'
import { openForWriting } from '../src/store/sqlite/database.ts'
import { refsOf } from '../src/store/sqlite/execution-refs.ts'
import { EXECUTION_RULES } from '../src/store/sqlite/execution-rules.ts'
import { migrate } from '../src/store/sqlite/migrate.ts'
import { ended, firstCommit, lastCommit, started } from './store-sample.ts'

/**
 * `node bench/store-million.ts DIRECTORY COUNT` fills a fresh directory with executions as if they had lived, without durability and without the rules for
 * transitions; the store puts the rules back when it opens. Distribution: 93 % succeeded, 5 % failed, the rest rare;
 * the newest 200 are active. One of 100 is of a rare task, one of 1,000 has a rare label.
 */
function fill(directory: string, count: number): void {
  const database = openForWriting(directory)
  migrate(database)
  database.exec('PRAGMA synchronous = OFF; PRAGMA journal_mode = OFF; PRAGMA cache_size = -400000')
  for (const rule of Object.keys(EXECUTION_RULES)) database.exec(`DROP TRIGGER ${rule}`)
  // Indexes are built at the end and refs sorted once: inserting in place would take three times as long.
  const indexes = database.prepare(INDEXES).all() as unknown as readonly { name: string; sql: string }[]
  for (const { name } of indexes) database.exec(`DROP INDEX ${name}`)
  database.exec('CREATE TEMP TABLE unsorted (tenant, name, value, execution)')
  const write = writer(database)
  database.exec('BEGIN')
  for (let n = 0; n < count; n++) write(sampleOf(n, count), n)
  database.exec(`INSERT INTO execution_counts SELECT tenant, state, count(*) FROM executions GROUP BY 1, 2`)
  database.exec('INSERT INTO refs SELECT * FROM unsorted ORDER BY 1, 2, 3, 4')
  for (const { sql } of indexes) database.exec(sql)
  database.exec('COMMIT; PRAGMA journal_mode = WAL')
  database.close()
}

/** No retention removes what is being measured. */
const KEPT_MS = 3_650 * 86_400_000
const INDEXES = "SELECT name, sql FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL"

function sampleOf(n: number, count: number): Execution {
  const execution = started(n, {
    task: { name: n % 100 === 7 ? 'rare' : `task-${n % 10}`, revision: 1 },
    face: n % 3 === 0 ? 'ecs' : 'native',
    trigger: { kind: n % 4 === 0 ? 'schedule' : 'api' },
    labels: { team: `team-${n % 20}`, ...(n % 1_000 === 3 && { special: 'yes' }) },
    refs: { family: `family-${n % 50}` },
    ...(n % 5 === 0 && { key: `key-${n}` }),
    ...(n % 7 === 0 && { name: `name-${n % 1_000}` }),
  })
  return n >= count - 200 ? execution : ended(execution, stateOf(n))
}

function stateOf(n: number): ExecutionState {
  const dice = (Math.imul(n, 2_654_435_761) >>> 0) % 1_000
  if (dice < 930) return 'succeeded'
  if (dice < 980) return 'failed'
  return dice < 999 ? 'cancelled' : 'lost'
}

function writer(database: DatabaseSync) {
  const execution = database.prepare('INSERT INTO executions VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)')
  const submission = database.prepare('INSERT INTO submissions VALUES (?, ?)')
  const ref = database.prepare('INSERT INTO unsorted VALUES (?, ?, ?, ?)')
  const events = database.prepare('INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?)')
  let position = 0
  return (e: Execution, seq: number): void => {
    const { id, tenant, version, status } = e
    const at = e.submission.acceptedAt
    const node = status.allocation?.node ?? null
    const removeAt = isFinal(e) ? at + KEPT_MS : null
    const values = [status.state, version, node, at, status.finishedAt ?? null, removeAt, JSON.stringify(status)]
    execution.run(seq, id, tenant, ...values)
    submission.run(seq, JSON.stringify(e.submission))
    for (const [name, value] of refsOf(e.submission)) ref.run(tenant, name, value, id)
    for (const changes of isFinal(e) ? [firstCommit(e), lastCommit(e)] : [firstCommit(e)]) {
      const transitions = changes.flatMap((change) => (change.kind === 'event' ? [change.event.transition] : []))
      position += transitions.length
      events.run(position, transitions.length, tenant, id, at, version, JSON.stringify(transitions))
    }
  }
}

const [directory, count] = process.argv.slice(2)
if (directory === undefined || count === undefined)
  throw new Error('usage: node bench/store-million.ts DIRECTORY COUNT')
fill(directory, Number(count))
