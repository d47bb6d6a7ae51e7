/** What starts by itself when an environment is up (ona.md 4). Each trigger fires once for each start, however often asked. */
import type { Principal } from '../../../core/identity.ts'
import { automationsOf } from '../automation/automations-of.ts'
import type { Parts } from '../call.ts'
import type { EnvironmentRecord, TriggerName } from '../documents.ts'
import { startService } from '../service/start-service.ts'
import { startTask } from '../task/start-task.ts'
import { specOf } from './spec-json.ts'

/** A start after a stop runs everything anew, like a machine that boots. */
const OF_A_START: readonly TriggerName[] = ['postMachineStart', 'postDevcontainerStart', 'postEnvironmentStart']

export async function fireTriggers(
  parts: Parts,
  principal: Principal,
  environment: EnvironmentRecord,
  signal: AbortSignal,
): Promise<void> {
  if (environment.role === 'prebuild') return
  const { tasks, services } = await automationsOf({ engine: parts.engine, tenant: principal.tenant }, environment.id)
  for (const trigger of OF_A_START.filter((t) => isWanted(environment, t))) {
    for (const service of services.values())
      if (service.triggeredBy.includes(trigger) && !signal.aborted)
        await startService(parts, { principal, service, environment, startedBy: trigger })
    for (const task of tasks.values()) {
      if (!task.triggeredBy.includes(trigger) || signal.aborted) continue
      const once = `trigger/${environment.start}/${trigger}/${task.id}`
      await startTask(parts, { principal, task, environment, startedBy: trigger, once })
    }
  }
}

/** An empty filter lets everything through. */
export function isWanted({ spec }: EnvironmentRecord, trigger: TriggerName): boolean {
  const filter = specOf(spec).automationsFile?.triggerFilter ?? []
  return filter.length === 0 || filter.some((f) => f.trigger.case === trigger && f.trigger.value)
}
