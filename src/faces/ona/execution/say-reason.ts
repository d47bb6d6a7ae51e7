/** Why something went wrong, in the user's own nouns: the core knows services and secrets by keys of ours. */
import type { Execution } from '../../../core/execution.ts'
import { stepsOf } from '../../../core/execution.ts'
import { durationText } from '../../../core/quantity-text.ts'
import type { Reason } from '../../../core/reason.ts'
import { factsOf, type StepFacts } from '../task/step-label.ts'

/** `facts`: of the step that it happened to. */
export function sayReason({ code, message, facts = {} }: Reason, step: StepFacts | undefined): string {
  if (code === 'secret_missing' && facts.variable !== undefined)
    return `the secret that the variable ${facts.variable} names does not exist`
  if (code === 'condition_timeout' && typeof facts.limitMs === 'number')
    return `it was not ready within ${durationText(facts.limitMs)}`
  if (code !== 'awaited_failed') return message
  const how = HOW[String(facts.state)] ?? 'could not be started'
  const what = step?.service === undefined ? 'the environment did not start' : `service ${step.label} ${how}`
  return facts.why === undefined ? what : `${what}: ${facts.why}`
}

/** What became of a service instead of being ready, by its run's state. */
const HOW: Readonly<Record<string, string>> = {
  succeeded: 'ended before it was ready',
  failed: 'failed before it was ready',
  lost: 'was lost before it was ready',
  cancelled: 'was stopped before it was ready',
}

/** The same for a whole execution, which names the step that decided; the steps of a service are nobody's but ours. */
export function sayReasonOf(e: Execution): string {
  const { reason, steps } = e.status
  if (reason === undefined) return ''
  const specs = stepsOf(e)
  if (specs.length === 1) return sayReason(reason, factsOf(specs[0]!))
  const ordinal = specs.findIndex(({ name }) => name === reason.facts?.step)
  const own = steps[ordinal]?.reason
  if (!own) return reason.message
  const facts = factsOf(specs[ordinal]!)
  return facts === undefined ? sayReason(own, facts) : `step ${specs[ordinal]!.name}: ${sayReason(own, facts)}`
}
