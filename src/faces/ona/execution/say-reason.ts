/** Why something went wrong, in the user's own nouns: the core knows services and secrets by keys of ours. */
import type { Execution } from '../../../core/execution.ts'
import { stepsOf } from '../../../core/execution.ts'
import type { Reason } from '../../../core/reason.ts'
import { factsOf, type StepFacts } from '../task/step-label.ts'

/** `facts`: of the step that it happened to. */
export function sayReason({ code, message, facts = {} }: Reason, step: StepFacts | undefined): string {
  if (code === 'secret_missing' && facts.variable !== undefined)
    return `the secret that the variable ${facts.variable} names does not exist`
  if (code !== 'awaited_failed' || facts.state === undefined) return message
  const what =
    step?.service === undefined ? 'the environment did not start' : `service ${step.label} ${HOW[String(facts.state)]}`
  return facts.why === undefined ? what : `${what}: ${facts.why}`
}

/** What became of a service instead of being ready, by its run's state. */
const HOW: Readonly<Record<string, string>> = {
  succeeded: 'ended before it was ready',
  failed: 'failed before it was ready',
  lost: 'was lost before it was ready',
  cancelled: 'was stopped before it was ready',
}

/** The same for a whole execution, whose reason names the step. */
export function sayReasonOf(e: Execution): string {
  const { reason } = e.status
  if (reason === undefined) return ''
  const { step: name } = reason.facts ?? {}
  if (name === undefined) return sayReason(reason, soleFactsOf(e))
  const spec = stepsOf(e).find((s) => s.name === name)
  const said = sayReason(reason, spec && factsOf(spec))
  return said === reason.message ? said : `step ${name}: ${said}`
}

const soleFactsOf = (e: Execution): StepFacts | undefined => {
  const [spec] = stepsOf(e)
  return spec && factsOf(spec)
}
