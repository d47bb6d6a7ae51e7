import { execFileSync } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { RUN_TRUE, runNodeWorker } from './node-worker.ts'
import type { Peer } from './peer.ts'
import { postgresDirectory } from './programs.ts'

const PACKAGES = ['graphile-worker@0.16']
const SCRIPT = `${RUN_TRUE}
import { makeWorkerUtils, run } from 'graphile-worker'
const [count, connectionString] = [Number(process.argv[2]), process.argv[3]]
const utils = await makeWorkerUtils({ connectionString })
await utils.migrate()
let done = 0
let all
const finished = new Promise((resolve) => { all = resolve })
const began = performance.now()
const taskList = { true: async () => { await runTrue(); if (++done === count) all() } }
const logger = new (await import('graphile-worker')).Logger(() => () => {})
const runner = await run({ connectionString, concurrency: 8, taskList, logger, noHandleSignals: true })
for (let i = 0; i < count; i += 16)
  await Promise.all(Array.from({ length: Math.min(16, count - i) }, () => utils.addJob('true', {})))
await finished
await runner.stop()
console.log((count / (performance.now() - began)) * 1000)
process.exit(0)
`

/** graphile-worker on a PostgreSQL cluster of its own, as installed (fsync on), eight jobs at a time. */
export const graphileWorker: Peer = {
  name: 'graphile-worker, PostgreSQL',
  missing: () => (postgresDirectory() ? undefined : 'apt-get install postgresql'),
  async rate(count) {
    const directory = mkdtempSync(join(tmpdir(), 'taskport-peer-'))
    chmodSync(directory, 0o777)
    const data = join(directory, 'data')
    const control = (...args: readonly string[]): void =>
      asPostgres(`"${postgresDirectory()}/pg_ctl" -s -w -D "${data}" ${args.join(' ')}`)
    asPostgres(`"${postgresDirectory()}/initdb" -D "${data}" -A trust -U postgres`)
    control('-o', `"-c listen_addresses='' -k ${directory}"`, '-l', '/dev/null', 'start')
    try {
      const address = `postgres://postgres@localhost/postgres?host=${encodeURIComponent(directory)}`
      return await runNodeWorker(PACKAGES, SCRIPT, [String(count), address])
    } finally {
      control('-m', 'fast', 'stop')
      rmSync(directory, { recursive: true, force: true })
    }
  },
}

/** PostgreSQL refuses to run as root. */
function asPostgres(script: string): void {
  const root = process.getuid?.() === 0
  const [program, args] = root
    ? ['setpriv', ['--reuid=postgres', '--regid=postgres', '--clear-groups', 'sh', '-c', script]]
    : ['sh', ['-c', script]]
  execFileSync(program as string, args as string[], { stdio: 'ignore', cwd: '/' })
}
