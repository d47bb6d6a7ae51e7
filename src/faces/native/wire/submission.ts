import type { Static } from 'typebox'
import { Type } from 'typebox'
import { command, duration, instant, name, named, strict, texts, words } from './scalars.ts'
import { Env, Retry, Step, stepFields } from './step.ts'

const Concurrency = Type.Array(
  Type.Object(
    {
      key: Type.String({ minLength: 1, maxLength: 500 }),
      limit: Type.Integer({ minimum: 1, maximum: 1_000_000 }),
    },
    strict,
  ),
  { maxItems: 20, description: 'At most `limit` executions with the same key hold a place at once.' },
)

const Placement = named(
  'Placement',
  Type.Object(
    {
      node: Type.Optional(Type.String({ minLength: 1, maxLength: 200, description: 'The only node that will do.' })),
      constraints: Type.Optional(
        Type.Array(
          Type.Object(
            {
              attribute: Type.String({ minLength: 1, maxLength: 200 }),
              op: words([
                'exists',
                'notExists',
                'equals',
                'notEquals',
                'less',
                'lessOrEqual',
                'greater',
                'greaterOrEqual',
                'matches',
                'notMatches',
                'in',
                'notIn',
              ]),
              value: Type.Optional(Type.String()),
              values: Type.Optional(Type.Array(Type.String(), { minItems: 1 })),
            },
            strict,
          ),
          { description: 'All must hold of the node’s attributes.', maxItems: 50 },
        ),
      ),
      strategies: Type.Optional(
        Type.Array(
          Type.String({ pattern: '^(?:random|spread|spread:.+|binpack:cpu|binpack:memory)$', maxLength: 200 }),
          { description: 'In order: random, spread, spread:<attribute>, binpack:cpu, binpack:memory.', maxItems: 5 },
        ),
      ),
    },
    { ...strict, description: 'Where it may run.' },
  ),
)

const Schedule = named(
  'Schedule',
  Type.Object(
    {
      cron: Type.String({ minLength: 1, maxLength: 200, description: 'Five or six fields, or @daily and the like.' }),
      timezone: Type.Optional(Type.String({ minLength: 1, maxLength: 100, description: 'IANA name. Default UTC.' })),
      overlap: Type.Optional(words(['allow', 'skip', 'replace'], 'While an earlier run goes on. Default skip.')),
      catchUp: Type.Optional(words(['none', 'latest', 'all'], 'For times missed while down. Default latest.')),
      catchUpWithin: Type.Optional(duration('Missed times older than this are forgotten.')),
      paused: Type.Optional(Type.Boolean()),
    },
    { ...strict, description: 'When a task runs by itself.' },
  ),
)

/** What a definition and a submission have in common: a plan, or its shorthand, and what holds for the whole. */
const planFields = {
  steps: Type.Optional(Type.Array(Step, { minItems: 1, maxItems: 10_000, description: 'The plan.' })),
  command: Type.Optional(
    command('Short for one step named `main`; the fields of a step then stand beside it, timeout and retry included.'),
  ),
  ...stepFields,
  env: Type.Optional(Env),
  timeout: Type.Optional(duration('Limit of the whole execution; beside `command`: of each try.')),
  retry: Type.Optional(Retry),
  priority: Type.Optional(Type.Integer({ minimum: -1_000_000, maximum: 1_000_000, description: 'Higher first.' })),
  concurrency: Type.Optional(Concurrency),
  ifNoRoom: Type.Optional(words(['refuse', 'queue'], 'Default queue.')),
  placement: Type.Optional(Placement),
  labels: Type.Optional(texts('Shown to users; filterable.')),
  retention: Type.Optional(duration('Deleted that long after its end. Default: the operator’s.')),
} as const

export const Submission = named(
  'Submission',
  Type.Object(
    {
      name: Type.Optional(Type.String({ minLength: 1, maxLength: 500, description: 'Shown to users.' })),
      task: Type.Optional(
        Type.Union(
          [
            name('The newest active revision of this task.'),
            Type.Object({ name: name(''), revision: Type.Optional(Type.Integer({ minimum: 1 })) }, strict),
          ],
          { description: 'A registered task to run; or give steps or command.' },
        ),
      ),
      key: Type.Optional(Type.String({ minLength: 1, maxLength: 500, description: 'By which await steps find it.' })),
      notBefore: Type.Optional(instant('Not started before.')),
      expiresAt: Type.Optional(instant('Never started later.')),
      ...planFields,
    },
    { ...strict, description: 'One execution asked for: a task, a plan of steps, or one command.' },
  ),
)
export type Submission = Static<typeof Submission>

export const TaskDefinition = named(
  'TaskDefinition',
  Type.Object(
    { schedule: Type.Optional(Schedule), ...planFields },
    { ...strict, description: 'What a task is: a plan of steps or one command, and what holds for each run.' },
  ),
)
export type TaskDefinition = Static<typeof TaskDefinition>
