import type { Transition } from '../core/event.ts'

/** A record, so that a new kind does not compile until it is here. */
const KINDS: Readonly<Record<Transition['kind'], true>> = {
  'execution.state': true,
  'execution.deferred': true,
  'execution.stopRequested': true,
  'execution.retrying': true,
  'execution.labels': true,
  'execution.removed': true,
  'allocation.opened': true,
  'allocation.closing': true,
  'allocation.closed': true,
  'step.state': true,
  'step.retrying': true,
  'step.health': true,
  'step.outputs': true,
  'steps.appended': true,
  'attempt.detail': true,
}

export const TRANSITION_KINDS: readonly string[] = Object.keys(KINDS)
