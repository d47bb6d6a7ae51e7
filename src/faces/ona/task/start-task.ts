import type { Execution } from '../../../core/execution.ts'
import type { Principal } from '../../../core/identity.ts'
import { FACE } from '../auth.ts'
import { type Automations, automationsOf } from '../automation/automations-of.ts'
import type { Parts } from '../call.ts'
import type { EnvironmentRecord, ServiceRecord, TaskRecord, TriggerName } from '../documents.ts'
import { makeKept, runIfChanged } from '../environment/run-if-changed.ts'
import { secretVariables } from '../environment/secret-variables.ts'
import { environmentKey } from '../environment/start-environment.ts'
import { failedPrecondition, noEngine } from '../errors.ts'
import type { OnaOptions } from '../options.ts'
import { registerServices } from '../service/register-service.ts'
import { planOfTask } from './plan-of-task.ts'
import { resolveInputs } from './resolve-inputs.ts'
import { RETRIES_LABEL } from './started-before.ts'

export interface StartRequest {
  readonly principal: Principal
  readonly task: TaskRecord
  readonly environment: EnvironmentRecord
  readonly startedBy: TriggerName
  /** Asked again with the same key, it is started once. */
  readonly once?: string
  /** How often the request came before, as far as its client says: see started-before.ts. */
  readonly retries?: number
  /** Values for inputs that the tasks of the run declare. */
  readonly inputs?: Readonly<Record<string, string>>
}

/** A new execution of the task, always. Throws `failed_precondition` unless its environment runs or starts. */
export async function startTask(parts: Parts, request: StartRequest): Promise<Execution> {
  const { principal, task, environment } = request
  const waits = environment.phase === 'creating' || environment.phase === 'starting'
  if (!waits && environment.phase !== 'running')
    throw failedPrecondition(`environment ${environment.id} is not running: it is ${environment.phase}`)
  const scope = { engine: parts.engine, tenant: principal.tenant }
  const automations = await automationsOf(scope, environment.id)
  const env = await secretVariables(scope, environment)
  const run = closureOf(task, automations)
  checkEngine(parts.options, run)
  const inputs = resolveInputs(run.tasks, request.inputs ?? {})
  if (run.tasks.some((t) => t.extension?.changed)) await makeKept(parts, environment)
  await registerServices(parts, scope.tenant, environment, env, run.services)
  const plan = planOfTask({
    environment,
    automations,
    roots: [task.id],
    env,
    options: parts.options,
    newId: () => parts.engine.newExecutionId(),
    inputs,
    before: (t) => runIfChanged(parts, environment, t),
    ...(waits && request.once === undefined && { startKey: environmentKey(environment) }),
    ...(task.extension?.onFailure && { onFailure: task.extension.onFailure }),
  })
  return submitted(parts, request, plan)
}

async function submitted(parts: Parts, request: StartRequest, plan: ReturnType<typeof planOfTask>): Promise<Execution> {
  const { task, environment, startedBy, once, retries = 0 } = request
  const [result] = await parts.engine.submit(
    request.principal,
    [
      {
        plan,
        name: task.reference,
        face: FACE,
        trigger: startedBy === 'manual' ? { kind: 'api' } : { kind: 'event', source: startedBy },
        labels: {
          environment: environment.name,
          task: task.name,
          startedBy,
          ...(retries > 0 && { [RETRIES_LABEL]: String(retries) }),
        },
        refs: { kind: 'task', environment: environment.id, task: task.id, reference: task.reference },
      },
    ],
    once === undefined ? {} : { idempotency: { key: once, fingerprint: task.id } },
  )
  if (result?.kind !== 'accepted') throw new Error('a queued execution was refused')
  return result.execution
}

/** Throws `failed_precondition` for an image where nothing can run one. */
function checkEngine(options: OnaOptions, run: ReturnType<typeof closureOf>): void {
  const inImage = [
    ...run.tasks.filter((t) => t.spec.runsOn?.kind === 'docker'),
    ...run.services.filter((s) => s.runsOn?.kind === 'docker'),
  ]
  if (inImage[0] && !options.containers()) throw noEngine(inImage[0].reference)
}

/** The task and all that is somewhere below it. */
function closureOf(
  task: TaskRecord,
  { tasks, services }: Automations,
): { readonly tasks: readonly TaskRecord[]; readonly services: readonly ServiceRecord[] } {
  const seen = new Set([task.id])
  for (const id of seen) for (const needed of tasks.get(id)?.dependsOn ?? []) seen.add(needed)
  return {
    tasks: [...seen].flatMap((id) => tasks.get(id) ?? []),
    services: [...seen].flatMap((id) => services.get(id) ?? []),
  }
}
