/** What starts by itself (ona.md 4). Each trigger fires once for each start of its environment, however often asked. */
import { Code, ConnectError } from '@connectrpc/connect'
import type { Execution } from '../../../core/execution.ts'
import type { Principal } from '../../../core/identity.ts'
import { automationsOf } from '../automation/automations-of.ts'
import type { Parts } from '../call.ts'
import type { EnvironmentRecord, ServiceRecord, TaskRecord, TriggerName } from '../documents.ts'
import { startService } from '../service/start-service.ts'
import { startTask } from '../task/start-task.ts'
import { specOf } from './spec-json.ts'

/** A start after a stop runs everything anew, like a machine that boots. */
export const OF_A_START: readonly TriggerName[] = ['postMachineStart', 'postDevcontainerStart', 'postEnvironmentStart']

export interface Firing {
  readonly principal: Principal
  readonly environment: EnvironmentRecord
  readonly triggers: readonly TriggerName[]
}

/** A task that a trigger names: how it runs, or why it does not. */
export type FiredTask =
  | { readonly task: TaskRecord; readonly execution: Execution }
  | { readonly task: TaskRecord; readonly refusal: string }

export async function fireTriggers(
  parts: Parts,
  { principal, environment, triggers }: Firing,
  signal: AbortSignal,
): Promise<readonly FiredTask[]> {
  const { tasks, services } = await automationsOf({ engine: parts.engine, tenant: principal.tenant }, environment.id)
  const fired: FiredTask[] = []
  for (const startedBy of triggers.filter((t) => isWanted(environment, t))) {
    const base = { principal, environment, startedBy }
    for (const service of services.values())
      if (service.triggeredBy.includes(startedBy) && !signal.aborted)
        await unlessRefused(parts, service, () => startService(parts, { ...base, service }))
    for (const task of tasks.values()) {
      if (!task.triggeredBy.includes(startedBy) || signal.aborted) continue
      const once = `trigger/${environment.start}/${startedBy}/${task.id}`
      const started = await unlessRefused(parts, task, () => startTask(parts, { ...base, task, once }))
      fired.push(typeof started === 'string' ? { task, refusal: started } : { task, execution: started })
    }
  }
  return fired
}

const REFUSALS: ReadonlySet<Code> = new Set([Code.InvalidArgument, Code.FailedPrecondition])

/** What cannot be started as it is must not hold up the rest; answers why. */
async function unlessRefused<Started>(
  parts: Parts,
  { reference }: TaskRecord | ServiceRecord,
  start: () => Promise<Started>,
): Promise<Started | string> {
  try {
    return await start()
  } catch (error) {
    if (!(error instanceof ConnectError) || !REFUSALS.has(error.code)) throw error
    parts.context.log.warn({ automation: reference, why: error.rawMessage }, 'it could not be started by its trigger')
    return error.rawMessage
  }
}

/** An empty filter lets everything through. */
function isWanted({ spec }: EnvironmentRecord, trigger: TriggerName): boolean {
  const filter = specOf(spec).automationsFile?.triggerFilter ?? []
  return filter.length === 0 || filter.some((f) => f.trigger.case === trigger && f.trigger.value)
}
