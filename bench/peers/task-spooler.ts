import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Peer } from './peer.ts'
import { has, timed } from './programs.ts'

/** task-spooler with two slots; each job is queued by its own client, which is the only way. It forgets with its server. */
export const taskSpooler: Peer = {
  name: 'task-spooler',
  missing: () => (has('tsp') ? undefined : 'apt-get install task-spooler'),
  async rate(count) {
    const directory = mkdtempSync(join(tmpdir(), 'taskport-peer-'))
    const env = {
      ...process.env,
      TS_SOCKET: join(directory, 'socket'),
      TS_SLOTS: '2',
      TS_MAXFINISHED: '10',
      TMPDIR: directory,
    }
    const script = `i=0; while [ $i -lt ${count} ]; do tsp -n /bin/true >/dev/null; i=$((i+1)); done; while tsp | grep -Eq 'queued|running'; do sleep 0.01; done`
    try {
      return await timed(count, () => execFileSync('sh', ['-c', script], { env, stdio: 'ignore' }))
    } finally {
      execFileSync('tsp', ['-K'], { env })
      rmSync(directory, { recursive: true, force: true })
    }
  },
}
