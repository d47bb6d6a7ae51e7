import type { Static, TSchema } from 'typebox'
import { Type } from 'typebox'
import { named, Reason, words } from './scalars.ts'

export const EXECUTION_STATES = [
  'pending',
  'starting',
  'running',
  'stopping',
  'succeeded',
  'failed',
  'cancelled',
  'lost',
] as const
const STEP_STATES = [
  'waiting',
  'starting',
  'running',
  'stopping',
  'succeeded',
  'failed',
  'stopped',
  'skipped',
  'lost',
] as const

const at = (description: string) => Type.String({ format: 'date-time', description })
const map = (description: string) =>
  Type.Unsafe<Readonly<Record<string, string>>>({
    type: 'object',
    additionalProperties: { type: 'string' },
    description,
  })
/** The same, or null. `anyOf` would make the serializer validate. */
const orNull = <S extends TSchema>(schema: S) =>
  Type.Unsafe<Static<S> | null>({ ...schema, title: undefined, type: ['object', 'null'] })

const Progress = Type.Object({
  percent: Type.Optional(Type.Number()),
  message: Type.Optional(Type.String()),
  at: at('When it was reported.'),
})

const Exit = named(
  'Exit',
  Type.Object(
    {
      outcome: words(['exited', 'signaled', 'outOfMemory', 'timedOut', 'lost', 'refused']),
      code: Type.Optional(Type.Integer()),
      signal: Type.Optional(Type.String()),
      killedAfterGrace: Type.Optional(Type.Boolean()),
      reason: Type.Optional(Reason),
    },
    { description: 'How an attempt ended.' },
  ),
)

const Attempt = named(
  'Attempt',
  Type.Object(
    {
      id: Type.String(),
      number: Type.Integer({ description: 'Counts from 1.' }),
      epoch: Type.Integer({ description: 'Of its allocation.' }),
      executor: Type.String(),
      requestedAt: at('When the engine decided to start it.'),
      startedAt: Type.Optional(at('When the program began.')),
      exitedAt: Type.Optional(at('When it ended.')),
      exit: Type.Optional(Exit),
      exitCode: Type.Optional(Type.Integer({ description: 'As a shell says it: the code, or 128 + the signal.' })),
      cpuSeconds: Type.Optional(Type.Number()),
      peakMemoryBytes: Type.Optional(Type.Integer()),
      ports: Type.Optional(
        Type.Array(
          Type.Object({
            name: Type.Optional(Type.String()),
            port: Type.Integer(),
            hostPort: Type.Integer(),
            hostAddress: Type.String(),
            protocol: Type.String(),
          }),
        ),
      ),
      handle: Type.Optional(Type.String({ description: 'What its executor calls it: a pid, a container’s id.' })),
      imageDigest: Type.Optional(Type.String()),
      address: Type.Optional(Type.String()),
    },
    { description: 'One try of a step.' },
  ),
)

const StepStatus = named(
  'StepStatus',
  Type.Object(
    {
      name: Type.String(),
      group: Type.Integer(),
      kind: words(['run', 'await']),
      needs: Type.Array(Type.Object({ step: Type.String(), until: Type.String() })),
      essential: Type.Boolean(),
      state: words(STEP_STATES),
      reason: Type.Optional(Reason),
      exitCode: Type.Optional(Type.Integer({ description: 'Of the newest attempt.' })),
      health: words(['none', 'unknown', 'healthy', 'unhealthy']),
      retries: Type.Integer(),
      notBefore: Type.Optional(at('When the next try is due.')),
      startedAt: Type.Optional(at('')),
      stoppingAt: Type.Optional(at('')),
      finishedAt: Type.Optional(at('')),
      outputs: map('What it published.'),
      progress: Type.Optional(Progress),
      awaited: Type.Optional(Type.String({ description: 'The execution that an await step found or started.' })),
      attempts: Type.Array(Attempt, { description: 'Newest last; only the newest 20 are kept.' }),
    },
    { description: 'A step of an execution and how it fares.' },
  ),
)

export const Execution = named(
  'Execution',
  Type.Object(
    {
      id: Type.String({ description: 'UUID, version 7.' }),
      name: Type.Optional(Type.String()),
      task: Type.Optional(Type.Object({ name: Type.String(), revision: Type.Integer() })),
      state: words(EXECUTION_STATES),
      reason: orNull(Reason),
      exitCode: Type.Optional(
        Type.Integer({ description: 'Of the essential step that decided the outcome; absent until there is one.' }),
      ),
      desired: words(['run', 'stop']),
      stopCause: Type.Optional(
        Type.Object({ kind: Type.String(), reason: Reason, by: Type.Optional(Type.String()), at: at('') }),
      ),
      waiting: Type.Optional(
        Type.Object(
          { reason: Reason, position: Type.Optional(Type.Integer({ description: '1 is next.' })) },
          { description: 'What a pending execution waits for.' },
        ),
      ),
      acceptedAt: at('When it was accepted.'),
      placedAt: Type.Optional(at('When its first allocation opened.')),
      startedAt: Type.Optional(at('When a step first ran.')),
      stoppingAt: Type.Optional(at('When a stop was first wanted.')),
      finishedAt: Type.Optional(at('When it became final.')),
      deadlineAt: Type.Optional(at('When its time limit ends.')),
      notBefore: Type.Optional(at('')),
      expiresAt: Type.Optional(at('')),
      node: Type.Optional(Type.String({ description: 'Where it has, or last had, its place.' })),
      trigger: Type.Object({ kind: Type.String(), source: Type.Optional(Type.String()) }),
      face: Type.String({ description: 'The API that accepted it.' }),
      principal: Type.String({ description: 'Who submitted it.' }),
      key: Type.Optional(Type.String()),
      priority: Type.Integer(),
      timeout: Type.Optional(Type.String()),
      retries: Type.Integer({ description: 'How often the whole was tried again.' }),
      labels: map('As submitted.'),
      refs: map('Facts set by the face that accepted it.'),
      progress: Type.Optional(Progress),
      steps: Type.Array(StepStatus),
      version: Type.Integer({ description: 'Rises by one with every change.' }),
    },
    { description: 'One run of a task or plan.' },
  ),
)
export type Execution = Static<typeof Execution>
export type StepStatus = Static<typeof StepStatus>
export type Attempt = Static<typeof Attempt>

export const ExecutionList = named(
  'ExecutionList',
  Type.Object({
    items: Type.Array(Execution),
    next: Type.Optional(Type.String({ description: 'Pass as `cursor` for the next page; absent on the last.' })),
    watch: Type.String({ description: 'Pass as `after` to /events: everything since this list.' }),
  }),
)

const Refusal = named(
  'Refusal',
  Type.Object(
    {
      reason: Reason,
      shortfalls: Type.Array(
        Type.Object({ node: Type.String(), lacks: Type.String(), detail: Type.Optional(Type.String()) }),
        { description: 'Why each node could not take it.' },
      ),
    },
    { description: 'Nothing was stored, because there was no room and ifNoRoom says refuse.' },
  ),
)

export const BatchResult = named(
  'BatchResult',
  Type.Object({
    results: Type.Array(Type.Object({ execution: Type.Optional(Execution), refused: Type.Optional(Refusal) }), {
      description: 'In the order asked; each has either execution or refused.',
    }),
  }),
)

export { Exit }
