import type { Draft } from './draft.ts'
import { ordinalOf } from './draft.ts'
import { currentAttempt, isFinalStep } from './execution.ts'
import type { Instant } from './instant.ts'
import type { Reason } from './reason.ts'
import { reason } from './reason.ts'
import type { Condition } from './step-spec.ts'

export type Readiness =
  | { readonly is: 'ready' }
  | { readonly is: 'wait'; readonly until?: Instant }
  | { readonly is: 'never'; readonly reason: Reason }

const READY: Readiness = { is: 'ready' }
const WAIT: Readiness = { is: 'wait' }

/** Whether a waiting step may start now, must wait, or never can. */
export function readiness(draft: Draft, ordinal: number): Readiness {
  const spec = draft.specs[ordinal]!
  let result: Readiness = READY
  for (const condition of spec.conditions) {
    const one = met(draft, condition)
    if (one.is === 'never') return one
    if (one.is === 'wait' && (result.is === 'ready' || sooner(one, result))) result = one
  }
  if (result.is === 'wait') return result
  const notBefore = draft.steps[ordinal]!.notBefore
  if (notBefore !== undefined && notBefore > draft.now) return { is: 'wait', until: notBefore }
  return READY
}

const sooner = (a: Readiness, b: Readiness): boolean =>
  a.is === 'wait' && b.is === 'wait' && a.until !== undefined && (b.until === undefined || a.until < b.until)

function met(draft: Draft, condition: Condition): Readiness {
  const ordinal = ordinalOf(draft, condition.step)!
  const target = draft.steps[ordinal]!
  const ended = isFinalStep(target.state)
  const ran = currentAttempt(target)?.startedAt !== undefined
  switch (condition.until) {
    case 'started':
      if (target.state === 'running' || target.state === 'stopping' || (ended && (ran || target.state === 'succeeded')))
        return READY
      return ended ? never(condition, target.state) : WAIT
    case 'healthy':
      if (target.health === 'healthy') return READY
      return ended ? never(condition, target.state) : orTimeout(draft, ordinal, condition)
    case 'completed':
      if (ended && target.state !== 'skipped') return READY
      return ended ? never(condition, target.state) : orTimeout(draft, ordinal, condition)
    case 'succeeded':
      if (target.state === 'succeeded') return READY
      return ended ? never(condition, target.state) : orTimeout(draft, ordinal, condition)
  }
}

/** The limit sits on the dependency and counts from its start. */
function orTimeout(draft: Draft, ordinal: number, condition: Condition): Readiness {
  const limit = draft.specs[ordinal]!.startTimeoutMs
  const startedAt = draft.steps[ordinal]!.startedAt
  if (limit === undefined || startedAt === undefined) return WAIT
  if (draft.now < startedAt + limit) return { is: 'wait', until: startedAt + limit }
  const message = `${condition.step} was not ${condition.until} within ${limit} ms`
  return { is: 'never', reason: reason('condition_timeout', message, { step: condition.step, limitMs: limit }) }
}

function never(condition: Condition, state: string): Readiness {
  const message = `it needs ${condition.step} to be ${condition.until}, which is ${state}`
  return { is: 'never', reason: reason('condition_never', message, { step: condition.step, state }) }
}
