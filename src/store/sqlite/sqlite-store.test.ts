import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { storeConformance } from '../conformance.ts'
import { openSqliteStore } from './sqlite-store.ts'

storeConformance('SqliteStore', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'taskport-store-'))
  const store = await openSqliteStore({ directory })
  return {
    store,
    dispose: async () => {
      await store.close()
      rmSync(directory, { recursive: true })
    },
  }
})
