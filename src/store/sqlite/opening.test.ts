import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { EXECUTION_STATES } from '../../core/execution-state.ts'
import { ALICE, eventOf, insert, moved, sampleExecution, update } from '../conformance-samples.ts'
import { databasePath } from './database.ts'
import { EXECUTION_RULES } from './execution-rules.ts'
import { MIGRATIONS } from './migrations/migrations.ts'
import { openSqliteStore } from './sqlite-store.ts'

describe('a data directory', () => {
  let directory: string
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'taskport-opening-'))
  })
  afterEach(() => rmSync(directory, { recursive: true }))

  const withDatabase = <Result>(work: (database: DatabaseSync) => Result): Result => {
    const database = new DatabaseSync(databasePath(directory))
    try {
      return work(database)
    } finally {
      database.close()
    }
  }

  it('keeps everything from one opening to the next: things, positions, cursors', async () => {
    const execution = sampleExecution({ n: 1 })
    const first = await openSqliteStore({ directory })
    const { cursor } = await first.commit([insert(execution), eventOf(execution), eventOf(execution)])
    await first.system.pruneEvents(Number.MAX_SAFE_INTEGER, 0)
    await first.close()
    const second = await openSqliteStore({ directory })
    expect(second.cursor()).toBe(cursor)
    expect(await second.execution(ALICE, execution.id)).toEqual(execution)
    await second.commit([eventOf(execution)])
    expect((await second.events(ALICE, cursor, {}, 9)).events.map((e) => e.position)).toEqual([3])
    await second.close()
  })

  it('shows its databases to their owner alone, also those that an earlier version left open', async () => {
    const readable = () =>
      readdirSync(directory).filter((name) => /\.db/.test(name) && (statSync(join(directory, name)).mode & 0o077) !== 0)
    const first = await openSqliteStore({ directory })
    await first.commit([insert(sampleExecution({ n: 1 }))])
    expect(readable()).toEqual([])
    await first.close()
    chmodSync(databasePath(directory), 0o644)
    const second = await openSqliteStore({ directory })
    await second.commit([insert(sampleExecution({ n: 2 }))])
    expect(readable()).toEqual([])
    await second.close()
  })

  it('is used by one server at a time; the second is told by whom', async () => {
    const first = await openSqliteStore({ directory })
    await expect(openSqliteStore({ directory })).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining(`process ${process.pid}`),
      facts: { subject: 'directory', id: directory },
    })
    await first.commit([insert(sampleExecution({ n: 1 }))])
    await first.close()
    await (await openSqliteStore({ directory })).close()
  })

  it('of a newer version is refused, untouched and still free for others', async () => {
    await (await openSqliteStore({ directory })).close()
    withDatabase((database) => database.exec(`PRAGMA user_version = ${MIGRATIONS.length + 1}`))
    for (let round = 0; round < 2; round++)
      await expect(openSqliteStore({ directory })).rejects.toMatchObject({
        code: 'unavailable',
        facts: { subject: 'database', version: MIGRATIONS.length + 1, known: MIGRATIONS.length },
      })
  })

  it('that holds no database but something else is refused with the reason', async () => {
    mkdirSync(databasePath(directory))
    await expect(openSqliteStore({ directory })).rejects.toMatchObject({ code: 'unavailable' })
  })

  it('guards the state table by itself, and renews the guard when the table has changed', async () => {
    const [ended, active] = [1, 2].map((n) => sampleExecution({ n, state: 'starting' }))
    const first = await openSqliteStore({ directory })
    await first.commit([insert(ended!), insert(active!), update(moved(ended!, 'succeeded'))])
    await first.close()
    withDatabase((database) => {
      for (const name of Object.keys(EXECUTION_RULES)) database.exec(`DROP TRIGGER ${name}`)
      database.exec('CREATE TRIGGER executions_next BEFORE UPDATE ON executions BEGIN SELECT 1; END')
    })
    await (await openSqliteStore({ directory })).close()
    withDatabase((database) => {
      const change = (set: string, id: string) => () => database.exec(`UPDATE executions SET ${set} WHERE id = '${id}'`)
      for (const set of ["version = 3, status = '{}'", "state = 'running', finished_at = NULL, version = 3"])
        expect(change(set, ended!.id)).toThrow('no execution changes like that')
      for (const set of ["status = '{}'", 'version = 3', "version = 2, id = 'x'", "version = 2, tenant = 'x'"])
        expect(change(set, active!.id)).toThrow('no execution changes like that')
      for (const set of ["version = 2, state = 'done'", 'version = 2, finished_at = 5', "version = 2, state = 'lost'"])
        expect(change(set, active!.id)).toThrow(/constraint|no execution changes/)
      change("version = 2, state = 'running'", active!.id)()
      expect(withoutGuard(database)).toEqual([...EXECUTION_STATES].sort())
    })
  })

  it('is served by a built package as well, where the thread is a file of its own', async () => {
    const source = (name: string) => fileURLToPath(new URL(name, import.meta.url))
    const outdir = join(directory, 'dist')
    const entryPoints = [source('./sqlite-store.ts'), source('./writer.ts')]
    await build({ entryPoints, outdir, bundle: true, format: 'esm', platform: 'node', outExtension: { '.js': '.js' } })
    const script = `import { openSqliteStore } from '${outdir}/sqlite-store.js'
      const store = await openSqliteStore({ directory: '${directory}/data' })
      const { assigned } = await store.commit([{ kind: 'document.put', tenant: 't', collection: 'c', key: 'k', body: {},
        assign: [{ field: 'n', counter: 'c' }] }])
      console.log(JSON.stringify([assigned, (await store.document('t', 'c', 'k')).body]))
      await store.close()`
    const output = execFileSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' })
    expect(JSON.parse(output)).toEqual([[1], { n: 1 }])
  })
})

/** The states that the table itself takes. */
function withoutGuard(database: DatabaseSync): readonly string[] {
  const sql = String(database.prepare("SELECT sql FROM sqlite_schema WHERE name = 'executions'").get()?.sql)
  const [list] = /state IN\s*\(([^)]*)\)/.exec(sql)!.slice(1)
  return [...list!.matchAll(/'(\w+)'/g)].map((match) => match[1]!).sort()
}
