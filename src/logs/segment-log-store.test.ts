import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { logStoreConformance } from './conformance.ts'
import { SegmentLogStore } from './segment-log-store.ts'
import { SegmentWriter } from './segment-writer.ts'

logStoreConformance('SegmentLogStore', async (now) => {
  const directory = mkdtempSync(join(tmpdir(), 'logs-'))
  const store = await SegmentLogStore.open({ directory, now })
  const writer = new SegmentWriter({ directory, writerId: 'cell-1' })
  const deliver = (): void => {
    const notice = writer.flush()
    if (notice) store.noticed(notice)
  }
  const close = async (): Promise<void> => {
    await store.close()
    rmSync(directory, { recursive: true })
  }
  return { store, writer, deliver, close }
})

logStoreConformance('SegmentLogStore with tiny segments', async (now) => {
  const directory = mkdtempSync(join(tmpdir(), 'logs-'))
  const store = await SegmentLogStore.open({ directory, now, segmentBytes: 500 })
  const writer = new SegmentWriter({ directory, writerId: 'cell-1', segmentBytes: 400, ownAfterBytes: 600 })
  const deliver = (): void => {
    const notice = writer.flush()
    if (notice) store.noticed(notice)
  }
  const close = async (): Promise<void> => {
    await store.close()
    rmSync(directory, { recursive: true })
  }
  return { store, writer, deliver, close }
})
