/** What a step remembers of its automation: the plan is a copy, so later changes of the task do not show in it. */
import type { StepSpec } from '../../../core/step-spec.ts'
import type { TaskSettings } from '../documents.ts'

export interface StepFacts {
  /** The step's own id, a UUID. */
  readonly id: string
  readonly label: string
  /** Ids of steps. */
  readonly dependsOn: readonly string[]
  readonly task?: { readonly id: string; readonly spec: TaskSettings }
  readonly service?: string
}

const LABEL = 'ona.step'

export const labelled = (facts: StepFacts): Readonly<Record<string, string>> => ({ [LABEL]: JSON.stringify(facts) })

/** Undefined for a step that is none of the user's. */
export function factsOf(step: StepSpec): StepFacts | undefined {
  const text = step.labels?.[LABEL]
  return text === undefined ? undefined : (JSON.parse(text) as StepFacts)
}
