import type { TickedService } from '../engine/ticked-service.ts'
import type { CredentialTable } from '../faces/kit/credential-table.ts'

const EVERY_MS = 3_600_000

/** Deletes expired credentials. They count for nothing from their time on; this only keeps the table small. */
export const credentialSweep = (table: Pick<CredentialTable, 'sweep'>): TickedService => ({
  name: 'credential sweep',
  tick: async (now) => ({ did: await table.sweep(), nextAt: now + EVERY_MS }),
})
