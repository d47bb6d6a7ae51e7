import { describe, expect, it } from 'vitest'
import { storeConformance } from '../conformance.ts'
import { ALICE, eventOf, insert, sampleExecution } from '../conformance-samples.ts'
import { MemoryStore } from './memory-store.ts'

storeConformance('MemoryStore', async () => {
  const store = new MemoryStore()
  return { store, dispose: () => store.close() }
})

describe('MemoryStore', () => {
  it('loses a dropped commit, keeps one whose reply was lost, and tells neither', async () => {
    const fates = ['drop', 'applyThenFail', 'apply'] as const
    let commits = 0
    const store = new MemoryStore({ beforeCommit: () => fates[commits++]! })
    const heard: unknown[] = []
    store.onEvents((events) => heard.push(...events.map((e) => e.execution)))
    const [dropped, kept, told] = [1, 2, 3].map((n) => sampleExecution({ n }))
    const verdicts = await Promise.allSettled(
      [dropped!, kept!, told!].map((e) => store.commit([insert(e), eventOf(e)])),
    )
    expect(verdicts.map((v) => v.status)).toEqual(['rejected', 'rejected', 'fulfilled'])
    expect((await store.executions(ALICE, {}, { limit: 9 })).items).toEqual([told, kept])
    expect(heard).toEqual([told!.id])
  })
})
