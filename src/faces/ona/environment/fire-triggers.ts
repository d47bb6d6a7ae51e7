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

/** What a trigger names and could not start. */
export interface Refused<Automation = TaskRecord | ServiceRecord> {
  readonly automation: Automation
  readonly refusal: string
}

export type FiredTask = { readonly automation: TaskRecord; readonly execution: Execution } | Refused<TaskRecord>

export interface Fired {
  readonly tasks: readonly FiredTask[]
  /** Tasks and services. */
  readonly refused: readonly Refused[]
}

export async function fireTriggers(
  parts: Parts,
  { principal, environment, triggers }: Firing,
  signal: AbortSignal,
): Promise<Fired> {
  const { tasks, services } = await automationsOf({ engine: parts.engine, tenant: principal.tenant }, environment.id)
  const fired: FiredTask[] = []
  const refused: Refused[] = []
  for (const startedBy of triggers.filter((t) => isWanted(environment, t))) {
    const base = { principal, environment, startedBy }
    for (const service of services.values())
      if (service.triggeredBy.includes(startedBy) && !signal.aborted)
        await startService(parts, { ...base, service }).catch((error: unknown) => {
          refused.push({ automation: service, refusal: refusalOf(error) })
        })
    for (const task of tasks.values()) {
      if (!task.triggeredBy.includes(startedBy) || signal.aborted) continue
      const once = `trigger/${environment.start}/${startedBy}/${task.id}`
      const started = startTask(parts, { ...base, task, once })
      fired.push(
        await started.then(
          (execution) => ({ automation: task, execution }),
          (error: unknown) => ({ automation: task, refusal: refusalOf(error) }),
        ),
      )
    }
  }
  return { tasks: fired, refused: [...refused, ...fired.filter((one) => 'refusal' in one)] }
}

const REFUSALS: ReadonlySet<Code> = new Set([Code.InvalidArgument, Code.FailedPrecondition])

/** What cannot be started as it is must not hold up the rest; anything else is thrown on. */
function refusalOf(error: unknown): string {
  if (!(error instanceof ConnectError) || !REFUSALS.has(error.code)) throw error
  return error.rawMessage
}

/** An empty filter lets everything through. */
function isWanted({ spec }: EnvironmentRecord, trigger: TriggerName): boolean {
  const filter = specOf(spec).automationsFile?.triggerFilter ?? []
  return filter.length === 0 || filter.some((f) => f.trigger.case === trigger && f.trigger.value)
}
