import { expect, test } from 'vitest'
import { EngineWorld, PRINCIPAL, planOf, TENANT } from '../../test/support/engine-world.ts'
import { asTenant } from '../core/identity.ts'
import type { Plan } from '../core/plan.ts'

const mounting = (source: string): Plan => {
  const plan = planOf('hang')
  const mounts = [{ kind: 'volume', source, target: '/data' }] as const
  return { ...plan, steps: plan.steps.map((s) => ({ ...s, work: { ...s.work, mounts } }) as typeof s) }
}

test('what steps shared is deleted once no active execution of the tenant uses it, or something below it', async () => {
  const w = new EngineWorld()
  await w.boot()
  const [result] = await w.engine.submit(PRINCIPAL, [{ plan: mounting('project/one/data'), face: 'native' }])
  if (result?.kind !== 'accepted') throw new Error('not accepted')
  const conflict = { code: 'conflict', facts: { subject: 'execution', id: result.execution.id } }
  for (const source of ['project/one/data', 'project/one', 'project'])
    await expect(w.engine.removeShared(TENANT, source)).rejects.toMatchObject(conflict)
  await w.engine.removeShared(TENANT, 'project/on')
  await w.engine.removeShared(asTenant('other'), 'project')
  await w.engine.stop(TENANT, result.execution.id, { graceMs: 0 })
  await w.time.advance(1_000)
  await w.engine.removeShared(TENANT, 'project')
  await expect(w.engine.removeShared(TENANT, '')).rejects.toMatchObject({ code: 'invalid' })
  expect(w.programs.removed).toEqual([`${TENANT}/project/on`, 'other/project', `${TENANT}/project`])
})
