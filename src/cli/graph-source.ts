import type { Graph } from './graph.ts'
import type { Execution, Step } from './native-api.gen.ts'

/** The picture of a plan as it is written: `needs: [build]` is short for `{step: build, until: succeeded}`. */
export const graphOfSteps = (steps: readonly Step[]): Graph => ({
  steps: steps.map((step) => ({
    name: step.name,
    group: step.group ?? 0,
    needs: (step.needs ?? []).map((need) =>
      typeof need === 'string'
        ? { step: need, until: 'succeeded' }
        : { step: need.step, until: need.until ?? 'succeeded' },
    ),
  })),
})

/** The picture of an execution, with the states of its steps. */
export const graphOfExecution = (execution: Execution): Graph => ({
  steps: execution.steps.map(({ name, group, needs, state }) => ({ name, group, needs, state })),
})
