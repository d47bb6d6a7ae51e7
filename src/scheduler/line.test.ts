import { expect, test } from 'vitest'
import { candidateOf } from '../../test/support/scheduler-world.ts'
import { asExecutionId, asTenant } from '../core/identity.ts'
import { lineKeyOf } from './line.ts'
import type { Candidate } from './snapshot.ts'

const keyWith = (given: Partial<Candidate>): string => lineKeyOf(candidateOf(1, given))

/** How each field may differ from another candidate's; a field that is new must be entered here. */
const DIFFERENCES: Readonly<Record<keyof Candidate, Partial<Candidate>>> = {
  execution: { execution: asExecutionId('other') },
  tenant: { tenant: asTenant('b') },
  priority: { priority: 1 },
  order: { order: 2 },
  reservation: { reservation: { cpuUnits: 1_024, memoryBytes: 1 } },
  ports: { ports: [{ step: 0, index: 0, hostPort: 0, protocol: 'tcp' }] },
  placement: { placement: { node: 'n1' } },
  concurrency: { concurrency: [{ key: 'k', limit: 1 }] },
  ifNoRoom: { ifNoRoom: 'refuse' },
  notBefore: { notBefore: 5 },
  executors: { executors: [['docker']] },
  refs: { refs: { group: 'red' } },
  waitingSince: { waitingSince: 5 },
}

test('only those who differ in nothing that placing depends on stand in one line', () => {
  const sameLine = Object.entries(DIFFERENCES).filter(([, given]) => keyWith(given) === keyWith({}))
  expect(sameLine.map(([field]) => field)).toEqual(['execution', 'order', 'notBefore', 'refs', 'waitingSince'])
})
