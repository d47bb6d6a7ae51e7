import { describe, expect, test } from 'vitest'
import { EngineWorld, PRINCIPAL, planOf, TENANT } from '../../test/support/engine-world.ts'
import { settled } from '../../test/support/fake-time.ts'
import { asTenant } from '../core/identity.ts'

async function accepted(w: EngineWorld, ...script: readonly string[]) {
  const request = { plan: planOf(...script), face: 'native', labels: { a: '1', b: '2' } }
  const [result] = await w.engine.submit(PRINCIPAL, [request])
  if (result?.kind !== 'accepted') throw new Error('not accepted')
  return result.execution.id
}

describe('labels', () => {
  test.each([
    ['while it runs', 'hang'],
    ['after its end', 'exit:0'],
  ])('change %s: one event, found by the new ones, kept over what follows and a restart', async (when, script) => {
    const w = new EngineWorld()
    await w.boot()
    const id = await accepted(w, script)
    await settled()
    await w.time.advance(1_000)
    const active = (await w.engine.execution(TENANT, id)).status.finishedAt === undefined
    expect(active).toBe(when === 'while it runs')
    const cursor = w.store.cursor()
    const changed = await w.engine.setLabels(TENANT, id, { a: '1', c: '3' }, ['b', 'constructor'])
    expect(changed.submission.labels).toEqual({ a: '1', c: '3' })
    await w.engine.setLabels(TENANT, id, { c: '3' }, ['b'])
    const { events } = await w.store.events(TENANT, cursor, {}, 10)
    expect(events.map((e) => e.transition)).toEqual([{ kind: 'execution.labels', set: { c: '3' }, removed: ['b'] }])
    expect(events[0]?.version).toBe(changed.version)
    if (when === 'while it runs') await w.engine.stop(TENANT, id, { graceMs: 0 })
    await w.time.advance(60_000)
    await w.kill()
    await w.boot()
    const found = await w.engine.executions(TENANT, { labels: { c: ['3', '4'] } }, { limit: 9 })
    expect(found.items.map((e) => [e.id, e.submission.labels, e.status.finishedAt !== undefined])).toEqual([
      [id, { a: '1', c: '3' }, true],
    ])
    expect((await w.engine.executions(TENANT, { labels: { b: '2' } }, { limit: 9 })).items).toEqual([])
  })

  test('set by many at once are all there in the end', async () => {
    const w = new EngineWorld()
    await w.boot()
    for (const script of ['hang', 'exit:0']) {
      const id = await accepted(w, script)
      await settled()
      const names = Array.from({ length: 20 }, (_, i) => `n${i}`)
      await Promise.all(names.map((name) => w.engine.setLabels(TENANT, id, { [name]: 'x' }, [])))
      const { labels } = (await w.engine.execution(TENANT, id)).submission
      expect(Object.keys(labels).sort()).toEqual(['a', 'b', ...names].sort())
    }
  })

  test('of another tenant’s execution are nobody’s to change', async () => {
    const w = new EngineWorld()
    await w.boot()
    const id = await accepted(w, 'hang')
    await expect(w.engine.setLabels(asTenant('other'), id, { a: '9' }, [])).rejects.toMatchObject({ code: 'not_found' })
  })
})
