import type { MessageInitShape } from '@bufbuild/protobuf'
import { presentRunsOn, presentTriggers, presentVariables } from '../automation/present-automation.ts'
import type { TaskRecord, TaskSettings } from '../documents.ts'
import type { TaskSchema, TaskSpecSchema } from '../gen/gitpod/v1/environment_automation_pb.js'
import { defined } from '../wire/defined.ts'
import { subjectOf, timestamp } from '../wire/subject.ts'

export const presentTask = (task: TaskRecord): MessageInitShape<typeof TaskSchema> => ({
  id: task.id,
  environmentId: task.environment,
  metadata: defined({
    reference: task.reference,
    name: task.name,
    description: task.description,
    createdAt: timestamp(task.createdAt),
    creator: subjectOf(task.creator),
    triggeredBy: presentTriggers(task.triggeredBy),
  }),
  spec: presentTaskSpec(task.spec),
  dependsOn: [...task.dependsOn],
})

export const presentTaskSpec = (spec: TaskSettings): MessageInitShape<typeof TaskSpecSchema> =>
  defined({
    command: spec.command,
    runsOn: presentRunsOn(spec.runsOn),
    env: presentVariables(spec.env),
    prebuildRequiresSuccess: spec.prebuildRequiresSuccess,
  })
