/** What starts by itself (ona.md 4). Each trigger fires once for each start of its environment, however often asked. */
import { Code, ConnectError } from '@connectrpc/connect'
import type { Execution } from '../../../core/execution.ts'
import type { Principal } from '../../../core/identity.ts'
import { automationsOf } from '../automation/automations-of.ts'
import type { Parts } from '../call.ts'
import type { EnvironmentRecord, TaskRecord, TriggerName } from '../documents.ts'
import { startService } from '../service/start-service.ts'
import { type StartRequest, startTask } from '../task/start-task.ts'
import { specOf } from './spec-json.ts'

/** A start after a stop runs everything anew, like a machine that boots. */
export const OF_A_START: readonly TriggerName[] = ['postMachineStart', 'postDevcontainerStart', 'postEnvironmentStart']

export interface Firing {
  readonly principal: Principal
  readonly environment: EnvironmentRecord
  readonly triggers: readonly TriggerName[]
}

export interface StartedTask {
  readonly task: TaskRecord
  readonly execution: Execution
}

export async function fireTriggers(
  parts: Parts,
  { principal, environment, triggers }: Firing,
  signal: AbortSignal,
): Promise<readonly StartedTask[]> {
  const { tasks, services } = await automationsOf({ engine: parts.engine, tenant: principal.tenant }, environment.id)
  const begun: StartedTask[] = []
  for (const trigger of triggers.filter((t) => isWanted(environment, t))) {
    for (const service of services.values())
      if (service.triggeredBy.includes(trigger) && !signal.aborted)
        await startService(parts, { principal, service, environment, startedBy: trigger })
    for (const task of tasks.values()) {
      if (!task.triggeredBy.includes(trigger) || signal.aborted) continue
      const once = `trigger/${environment.start}/${trigger}/${task.id}`
      const execution = await started(parts, { principal, task, environment, startedBy: trigger, once })
      if (execution) begun.push({ task, execution })
    }
  }
  return begun
}

/** What can never be started so, because a value is missing, must not hold up the rest. */
async function started(parts: Parts, request: StartRequest): Promise<Execution | undefined> {
  try {
    return await startTask(parts, request)
  } catch (error) {
    if (!(error instanceof ConnectError) || error.code !== Code.InvalidArgument) throw error
    const facts = { task: request.task.reference, trigger: request.startedBy, why: error.rawMessage }
    parts.context.log.warn(facts, 'a task could not be started by its trigger')
    return undefined
  }
}

/** An empty filter lets everything through. */
function isWanted({ spec }: EnvironmentRecord, trigger: TriggerName): boolean {
  const filter = specOf(spec).automationsFile?.triggerFilter ?? []
  return filter.length === 0 || filter.some((f) => f.trigger.case === trigger && f.trigger.value)
}
