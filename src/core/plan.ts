import { invalid } from './engine-error.ts'
import type { Reservation } from './resources.ts'
import { addReservations, reservationOf } from './resources.ts'
import type { Condition, StepSpec } from './step-spec.ts'

/** What an execution will do. Steps are named, ordered by their ordinal (index), and grouped. */
export interface Plan {
  readonly steps: readonly StepSpec[]
}

/** Upper bound on a plan, so that one submission cannot occupy the engine. */
export const MAX_STEPS = 10_000

/** Throws `invalid`, naming the field, unless names are unique, conditions point backwards in groups and form no cycle. */
export function checkPlan(plan: Plan, path = 'plan'): void {
  if (plan.steps.length === 0) throw invalid(`${path}.steps`, 'a plan needs at least one step')
  if (plan.steps.length > MAX_STEPS) throw invalid(`${path}.steps`, `a plan has at most ${MAX_STEPS} steps`)
  const byName = indexByName(plan, path)
  for (const [i, step] of plan.steps.entries()) checkConditions(step, byName, `${path}.steps[${i}]`)
  const cycle = findCycle(plan)
  if (cycle) throw invalid(`${path}.steps`, `steps wait for each other in a circle: ${cycle.join(' → ')}`, { cycle })
  if (!plan.steps.some((s) => s.essential)) throw invalid(`${path}.steps`, 'at least one step must be essential')
}

function indexByName(plan: Plan, path: string): ReadonlyMap<string, StepSpec> {
  const byName = new Map<string, StepSpec>()
  plan.steps.forEach((step, i) => {
    if (byName.has(step.name)) throw invalid(`${path}.steps[${i}].name`, `two steps are named ${step.name}`)
    byName.set(step.name, step)
  })
  return byName
}

function checkConditions(step: StepSpec, byName: ReadonlyMap<string, StepSpec>, path: string): void {
  step.conditions.forEach((condition, i) => {
    const target = byName.get(condition.step)
    const field = `${path}.conditions[${i}]`
    if (!target) throw invalid(`${field}.step`, `no step is named ${condition.step}`)
    if (target.group > step.group) throw invalid(`${field}.step`, `${condition.step} is in a later group`)
    if (condition.until === 'healthy' && target.work.kind === 'run' && !target.work.health)
      throw invalid(`${field}.until`, `${condition.step} has no health check`)
  })
}

/** The names along one circle of conditions, first name repeated at the end; undefined if there is none. */
export function findCycle(plan: Plan): readonly string[] | undefined {
  const conditions = new Map(plan.steps.map((s) => [s.name, s.conditions]))
  const done = new Set<string>()
  for (const { name } of plan.steps) {
    const cycle = cycleFrom(name, conditions, done)
    if (cycle) return cycle
  }
  return undefined
}

/** Depth-first without recursion: plans may be 10,000 steps deep. */
function cycleFrom(
  start: string,
  conditions: ReadonlyMap<string, readonly Condition[]>,
  done: Set<string>,
): readonly string[] | undefined {
  const path: { name: string; next: number }[] = [{ name: start, next: 0 }]
  const onPath = new Set([start])
  while (path.length > 0) {
    const top = path[path.length - 1]!
    const next = conditions.get(top.name)?.[top.next++]
    if (next === undefined || done.has(top.name)) {
      done.add(top.name)
      onPath.delete(top.name)
      path.pop()
    } else if (onPath.has(next.step)) {
      return [...path.map((p) => p.name).slice(path.findIndex((p) => p.name === next.step)), next.step]
    } else if (!done.has(next.step)) {
      onPath.add(next.step)
      path.push({ name: next.step, next: 0 })
    }
  }
  return undefined
}

/** What must be free on a node: the largest group's sum. */
export function reservationOfPlan(plan: Plan): Reservation {
  const groups = new Map<number, Reservation>()
  for (const step of plan.steps) {
    if (step.work.kind !== 'run') continue
    const sum = groups.get(step.group) ?? { cpuUnits: 0, memoryBytes: 0 }
    groups.set(step.group, addReservations(sum, reservationOf(step.resources)))
  }
  const sums = [...groups.values()]
  return {
    cpuUnits: Math.max(0, ...sums.map((s) => s.cpuUnits)),
    memoryBytes: Math.max(0, ...sums.map((s) => s.memoryBytes)),
  }
}
