import { expect, test } from 'vitest'
import { EngineWorld, PRINCIPAL, planOf, TENANT } from '../../test/support/engine-world.ts'
import type { StepSpec } from '../core/step-spec.ts'
import type { SubmissionRequest, SubmitResult } from './submission-request.ts'

const request = (cpuUnits: number): SubmissionRequest => {
  const plan = planOf('hang')
  const steps = plan.steps.map((s): StepSpec => ({ ...s, resources: { cpuUnits } }))
  return { plan: { steps }, face: 'native', ifNoRoom: 'refuse' }
}

const seen = (results: readonly SubmitResult[] | undefined): readonly string[] | undefined =>
  results?.map((r) => (r.kind === 'accepted' ? r.execution.id : `${r.reason.code} ${r.shortfalls[0]?.lacks}`))

test('a repeated submission gets the same answer, refusals in their places included, also after a crash', async () => {
  const w = new EngineWorld()
  await w.boot()
  const requests = [9_000, 1_000, 9_000, 1_000].map(request)
  const options = { idempotency: { key: 'k', fingerprint: 'f' } }
  const first = seen(await w.engine.submit(PRINCIPAL, requests, options))
  expect(first!.map((s) => s.endsWith(' cpu'))).toEqual([true, false, true, false])
  expect(seen(await w.engine.submit(PRINCIPAL, requests, options))).toEqual(first)
  await w.kill()
  await w.boot()
  expect(seen(await w.engine.submit(PRINCIPAL, requests, options))).toEqual(first)
  expect(seen(await w.engine.submitted(TENANT, 'native', options.idempotency))).toEqual(first)
})

test('what was refused altogether is asked for anew; another request with the key is a conflict; unknown keys have no answer', async () => {
  const w = new EngineWorld()
  await w.boot()
  const key = { key: 'k', fingerprint: 'f' }
  await w.engine.submit(PRINCIPAL, [request(9_000)], { idempotency: key })
  expect(await w.engine.submitted(TENANT, 'native', key)).toBeUndefined()
  const [accepted] = await w.engine.submit(PRINCIPAL, [request(1)], { idempotency: key })
  const other = { ...key, fingerprint: 'g' }
  await expect(w.engine.submitted(TENANT, 'native', other)).rejects.toMatchObject({
    code: 'conflict',
    facts: { subject: 'idempotency', executions: seen([accepted!]) },
  })
  expect(await w.engine.submitted(TENANT, 'ecs', key)).toBeUndefined()
})
