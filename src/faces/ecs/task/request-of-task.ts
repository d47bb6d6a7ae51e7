/** One task as the engine is asked for it. */

import type { Tenant } from '../../../core/identity.ts'
import type { PlacementSpec } from '../../../core/placement.ts'
import type { Change } from '../../../core/ports/store.ts'
import type { SubmissionRequest } from '../../../engine/submission-request.ts'
import { groupRefOf } from '../cluster-query/query-target.ts'
import { taskIdOf } from '../identifiers.ts'
import type { Call } from '../operation.ts'
import type { Tag } from '../tags.ts'
import type { TaskDefinition } from '../task-definition/task-definition.ts'
import { engineWishes } from './engine-tags.ts'
import { environmentsOf } from './environment.ts'
import { defaultGroup } from './log-target.ts'
import { overridden, type TaskOverride } from './overrides.ts'
import { planOfTask } from './plan-of-task.ts'
import type { CommonRunInput, LaunchType } from './run-shapes.ts'
import { containerRecordOfStep, type TaskRecord } from './task-record.ts'

export interface TaskWish {
  readonly cluster: string
  readonly input: CommonRunInput
  readonly definition: TaskDefinition
  readonly overrides: TaskOverride
  readonly tags: readonly Tag[]
  readonly launchType?: LaunchType
  readonly capacityProvider?: string
  readonly platformVersion?: string
  readonly placement: PlacementSpec
  readonly cpuArchitecture: string
  /** Some executor there runs container images. */
  readonly runsImages: boolean
}

export async function requestOfTask(
  call: Call,
  wish: TaskWish,
  changes: readonly Change[],
): Promise<SubmissionRequest> {
  const id = call.engine.newExecutionId()
  const definition = {
    ...wish.definition,
    containerDefinitions: wish.definition.containerDefinitions.map((c) => overridden(c, wish.overrides)),
  }
  const record = recordOf(call, wish, definition)
  const environments = await environmentsOf(call, id, definition, record)
  const taskId = taskIdOf(id)
  const asPrograms = !wish.runsImages && call.options.imageFallback
  const plan = planOfTask({
    taskId,
    definition,
    record,
    environments,
    asPrograms,
    imageRoots: call.options.imageRoots,
  })
  const wishes = engineWishes([...definition.tags, ...wish.tags], record.family)
  const groups = [...new Set(plan.steps.map((step) => containerRecordOfStep(step).log.group))]
  return {
    id,
    plan,
    task: { name: record.family, revision: record.revision },
    name: record.family,
    face: 'ecs',
    placement: wish.placement,
    labels: Object.fromEntries(wish.tags.map((t) => [t.key, t.value])),
    refs: refsOf(call.tenant, record, groups),
    ...(call.options.retentionMs !== undefined && { retentionMs: call.options.retentionMs }),
    ...wishes,
    ...(wish.capacityProvider !== undefined && { ifNoRoom: 'queue' }),
    changes,
  }
}

/**
 * What lists are filtered by and placing looks at. Each costs a row of an index, so there are no more than needed: a
 * default log group follows from the family; several groups get numbered names.
 */
function refsOf(tenant: Tenant, record: TaskRecord, groups: readonly string[]): Readonly<Record<string, string>> {
  const named = groups.filter((group) => group !== defaultGroup(record.family))
  return {
    'ecs.cluster': record.cluster,
    'ecs.family': record.family,
    [groupRefOf(tenant, record.cluster)]: record.group,
    ...(record.startedBy !== undefined && { 'ecs.startedBy': record.startedBy }),
    ...Object.fromEntries(named.map((group, i) => [logGroupRef(i), group])),
  }
}

export const logGroupRef = (index: number): string => (index === 0 ? 'ecs.logGroup' : `ecs.logGroup.${index}`)

function recordOf(call: Call, wish: TaskWish, definition: TaskDefinition): TaskRecord {
  const { input, overrides } = wish
  const subnet = input.networkConfiguration?.awsvpcConfiguration?.subnets[0]
  const storage = overrides.ephemeralStorage ?? definition.ephemeralStorage
  const total = (of: 'cpu' | 'memory'): string =>
    String(
      definition.containerDefinitions.reduce(
        (sum, c) => sum + (of === 'cpu' ? c.cpu : (c.memory ?? c.memoryReservation ?? 0)),
        0,
      ),
    )
  return {
    cluster: wish.cluster,
    family: definition.family,
    revision: definition.revision,
    group: input.group || `family:${definition.family}`,
    ...(input.startedBy !== undefined && { startedBy: input.startedBy }),
    ...(wish.launchType !== undefined && { launchType: wish.launchType }),
    ...(wish.capacityProvider !== undefined && { capacityProviderName: wish.capacityProvider }),
    ...(definition.networkMode !== undefined && { networkMode: definition.networkMode }),
    ...(subnet !== undefined && { subnet }),
    ...(wish.platformVersion !== undefined &&
      wish.platformVersion !== 'LATEST' && { platformVersion: wish.platformVersion }),
    enableExecuteCommand: input.enableExecuteCommand ?? false,
    overrides,
    cpu: overrides.cpu ?? definition.cpu ?? total('cpu'),
    memory: overrides.memory ?? definition.memory ?? total('memory'),
    ...(storage && { ephemeralStorageGib: storage.sizeInGiB }),
    tags: wish.tags,
    cpuArchitecture: wish.cpuArchitecture,
    ...(definition.networkMode === 'awsvpc' && { address: call.options.hostAddress }),
  }
}
