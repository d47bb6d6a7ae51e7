import type { Static } from 'typebox'
import { Type } from 'typebox'
import { Exit } from './execution.ts'
import { named, Reason, words } from './scalars.ts'

export const Event = named(
  'Event',
  Type.Object(
    {
      position: Type.Integer({ description: 'Rises; never reused.' }),
      execution: Type.String(),
      at: Type.String({ format: 'date-time' }),
      version: Type.Integer({ description: 'The execution’s version after it.' }),
      kind: words([
        'execution.state',
        'execution.deferred',
        'execution.stopRequested',
        'execution.retrying',
        'allocation.opened',
        'allocation.closing',
        'allocation.closed',
        'step.state',
        'step.retrying',
        'step.health',
        'step.outputs',
        'steps.appended',
        'attempt.detail',
        'execution.labels',
        'execution.removed',
      ]),
      from: Type.Optional(Type.String()),
      to: Type.Optional(Type.String()),
      step: Type.Optional(Type.String()),
      ordinal: Type.Optional(Type.Integer()),
      attempt: Type.Optional(Type.String()),
      exit: Type.Optional(Exit),
      reason: Type.Optional(Reason),
      by: Type.Optional(Type.String()),
      epoch: Type.Optional(Type.Integer()),
      node: Type.Optional(Type.String()),
      retry: Type.Optional(Type.Integer()),
      notBefore: Type.Optional(Type.String({ format: 'date-time' })),
      health: Type.Optional(Type.String()),
      keys: Type.Optional(Type.Array(Type.String())),
      names: Type.Optional(Type.Array(Type.String())),
      set: Type.Optional(Type.Record(Type.String(), Type.String(), { description: 'Labels.' })),
      removed: Type.Optional(Type.Array(Type.String())),
    },
    { description: 'One transition of one execution. Which further fields there are depends on `kind`.' },
  ),
)
export type Event = Static<typeof Event>

export const EventPage = named(
  'EventPage',
  Type.Object({
    items: Type.Array(Event),
    cursor: Type.String({ description: 'Pass as `after` for what comes next.' }),
  }),
)

export const LogLine = named(
  'LogLine',
  Type.Object(
    {
      seq: Type.Integer({ description: 'Rises by one per line of its attempt.' }),
      at: Type.String({ description: 'When it arrived: RFC 3339 with microseconds.' }),
      source: words(['stdout', 'stderr', 'system']),
      text: Type.String({ description: 'Without its end of line; invalid UTF-8 is replaced.' }),
      base64: Type.Optional(Type.String({ description: 'The exact bytes, where they are not valid UTF-8.' })),
      split: Type.Optional(Type.Boolean({ description: 'Too long: goes on in the next line of this source.' })),
      partial: Type.Optional(Type.Boolean({ description: 'The program ended without an end of line here.' })),
      attempt: Type.Optional(Type.String({ description: 'In streams: the attempt that wrote it.' })),
      step: Type.Optional(Type.String({ description: 'In logs of a whole execution: the step that wrote it.' })),
    },
    { description: 'One line of a log.' },
  ),
)
export type LogLine = Static<typeof LogLine>

export const LogPage = named(
  'LogPage',
  Type.Object({
    attempt: Type.Optional(Type.String({ description: 'Absent while there is none.' })),
    lines: Type.Array(LogLine),
    next: Type.Integer({ description: 'Pass as `seq` for what comes next.' }),
    gap: Type.Optional(Type.Boolean({ description: 'Earlier lines were dropped or have expired.' })),
    end: Type.Boolean({ description: 'The attempt has ended and nothing follows.' }),
  }),
)

export const ExecutionLogPage = named(
  'ExecutionLogPage',
  Type.Object({
    lines: Type.Array(LogLine),
    before: Type.String({ description: 'Pass as `before` for the lines just before these.' }),
    after: Type.String({ description: 'Pass as `after` for what comes next.' }),
    end: Type.Boolean({
      description: 'Nothing follows; of the newest lines, or those before others: nothing is before.',
    }),
  }),
)

export const Stats = named(
  'Stats',
  Type.Object({
    at: Type.String(),
    cpuSeconds: Type.Number(),
    memoryBytes: Type.Integer(),
    peakMemoryBytes: Type.Optional(Type.Integer()),
    pids: Type.Optional(Type.Integer()),
  }),
)
