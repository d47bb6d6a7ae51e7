import type { Step } from './native-api.gen.ts'

export interface PlanProblem {
  /** Of the field in the task, as `['steps', 1, 'needs', 0]`. */
  readonly path: readonly (string | number)[]
  readonly message: string
}

type Needs = ReadonlyMap<string, readonly string[]>

/** What is wrong with how steps refer to each other, in the server's words. No schema can say it. */
export function planProblems(steps: readonly Step[]): readonly PlanProblem[] {
  const groups = new Map(steps.map((step) => [step.name, step.group ?? 0]))
  const problems = steps.flatMap((step, i) => [
    ...(steps.findIndex(({ name }) => name === step.name) < i
      ? [{ path: ['steps', i, 'name'], message: `two steps are named ${step.name}` }]
      : []),
    ...needsOf(step).flatMap((need, j) => {
      const message = needProblem(need, groups, step.group ?? 0)
      return message === undefined ? [] : [{ path: ['steps', i, 'needs', j], message }]
    }),
  ])
  if (problems.length > 0) return problems
  const circle = circleIn(new Map(steps.map((step) => [step.name, needsOf(step)])))
  return circle ? [{ path: ['steps'], message: `steps wait for each other in a circle: ${circle.join(' → ')}` }] : []
}

const needsOf = ({ needs = [] }: Step): readonly string[] =>
  needs.map((need) => (typeof need === 'string' ? need : need.step))

function needProblem(need: string, groups: ReadonlyMap<string, number>, group: number): string | undefined {
  const its = groups.get(need)
  if (its === undefined) return `no step is named ${need}`
  return its > group ? `${need} is in a later group` : undefined
}

/** The names along one circle, the first again at the end. */
function circleIn(needs: Needs): readonly string[] | undefined {
  const left = new Set(needs.keys())
  const isStuck = (name: string): boolean => needs.get(name)!.some((need) => left.has(need))
  for (let before = -1; before !== left.size; ) {
    before = left.size
    for (const name of left) if (!isStuck(name)) left.delete(name)
  }
  const [start] = left
  if (start === undefined) return undefined
  const path = [start]
  for (;;) {
    const next = needs.get(path.at(-1)!)!.find((need) => left.has(need))!
    const at = path.indexOf(next)
    path.push(next)
    if (at !== -1) return path.slice(at)
  }
}
