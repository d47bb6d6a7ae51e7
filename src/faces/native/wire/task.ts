import { Type } from 'typebox'
import { named } from './scalars.ts'
import { Step } from './step.ts'
import { TaskDefinition } from './submission.ts'

const at = Type.String({ format: 'date-time' })

export const Task = named(
  'Task',
  Type.Object(
    {
      name: Type.String(),
      revision: Type.Integer(),
      state: Type.Unsafe<'active' | 'inactive'>({ type: 'string', enum: ['active', 'inactive'] }),
      registeredAt: at,
      definition: TaskDefinition,
    },
    { description: 'A definition: one revision, which never changes.' },
  ),
)

export const TaskList = named('TaskList', Type.Object({ items: Type.Array(Task), next: Type.Optional(Type.String()) }))

export const PlanView = named('PlanView', Type.Object({ steps: Type.Array(Step) }))

export const ScheduleView = named(
  'ScheduleView',
  Type.Object({
    task: Type.String(),
    revision: Type.Integer(),
    cron: Type.String(),
    timezone: Type.String(),
    overlap: Type.String(),
    catchUp: Type.String(),
    paused: Type.Boolean(),
    nextAt: Type.Optional(at),
    lastAt: Type.Optional(at),
    lastExecution: Type.Optional(Type.String()),
  }),
)
export const ScheduleList = named('ScheduleList', Type.Object({ items: Type.Array(ScheduleView) }))
