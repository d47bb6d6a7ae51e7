import { execFileSync } from 'node:child_process'
import type { Peer } from './peer.ts'
import { has, timed } from './programs.ts'

/** GNU parallel, two jobs at a time. It keeps no record of them. */
export const parallel: Peer = {
  name: 'GNU parallel',
  missing: () => (has('parallel') ? undefined : 'apt-get install parallel'),
  rate: (count) =>
    timed(count, () =>
      execFileSync('sh', ['-c', `seq ${count} | parallel --will-cite -j2 -N0 /bin/true`], { stdio: 'ignore' }),
    ),
}
