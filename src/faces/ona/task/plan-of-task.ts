/**
 * A task and all it depends on as a plan: one step for each, in groups by level (ona.md 4). A step for a service awaits
 * that service, which is started if it does not run, until it is ready.
 */
import type { Plan } from '../../../core/plan.ts'
import type { EnvValue, StepSpec } from '../../../core/step-spec.ts'
import { DEFAULT_STOP } from '../../../core/step-spec.ts'
import type { TaskExtension } from '../../../workspaces/automations-extension.ts'
import { type Dependent, levelsOf } from '../../../workspaces/levels.ts'
import type { BuiltInProgram } from '../../kit/face.ts'
import type { Automations } from '../automation/automations-of.ts'
import type { EnvironmentRecord, ServiceRecord, TaskRecord } from '../documents.ts'
import { runIn, valuesOf } from '../environment/workspace.ts'
import type { OnaOptions } from '../options.ts'
import { refsOfService, serviceKey } from '../service/plan-of-service.ts'
import { labelled } from './step-label.ts'

export interface PlanRequest {
  readonly environment: EnvironmentRecord
  readonly automations: Pick<Automations, 'tasks' | 'services'>
  readonly roots: readonly string[]
  /** Variables of every program: secrets. */
  readonly env: Readonly<Record<string, EnvValue>>
  readonly options: OnaOptions
  readonly newId: () => string
  readonly startKey?: string
  readonly onFailure?: TaskExtension['onFailure']
  /** By task. */
  readonly inputs?: ReadonlyMap<string, Readonly<Record<string, string>>>
  /** What goes before a task's command. */
  readonly before?: (task: TaskRecord) => BuiltInProgram | undefined
}

interface Node extends Dependent {
  readonly reference: string
  readonly stepId: string
  readonly task?: TaskRecord
  readonly service?: ServiceRecord
}

export function planOfTask(request: PlanRequest): Plan {
  const nodes = nodesOf(request)
  const levels = levelsOf(request.roots, nodes)
  const first = request.startKey === undefined ? [] : [awaitEnvironment(request.startKey)]
  const steps = levels.flatMap((level, i) => level.map((node) => stepOf(request, nodes, node, i + first.length)))
  return { steps: [...first, ...steps] }
}

function nodesOf({ automations, newId }: PlanRequest): ReadonlyMap<string, Node> {
  const tasks = [...automations.tasks.values()].map(
    (task): Node => ({ ...nodeBase(task, newId), task, dependsOn: task.dependsOn }),
  )
  const services = [...automations.services.values()].map((service): Node => ({ ...nodeBase(service, newId), service }))
  return new Map([...tasks, ...services].map((node) => [node.id, node]))
}

const nodeBase = ({ id, reference }: TaskRecord | ServiceRecord, newId: () => string) => ({
  id,
  reference,
  stepId: newId(),
  dependsOn: [] as readonly string[],
})

const ENDS: Readonly<Record<NonNullable<TaskExtension['onFailure']>, StepSpec['endsExecution']>> = {
  'finish-group': 'onGroupFailure',
  'fail-fast': 'onFailure',
  'run-all': 'never',
}

function stepOf(request: PlanRequest, nodes: ReadonlyMap<string, Node>, node: Node, group: number): StepSpec {
  const needed = node.dependsOn.map((id) => nodes.get(id)).filter((n) => n !== undefined)
  const facts = { id: node.stepId, label: labelOf(node), dependsOn: needed.map((n) => n.stepId) }
  return {
    name: node.reference,
    group,
    conditions: needed.map((n) => ({ step: n.reference, until: 'succeeded' as const })),
    essential: true,
    endsExecution: ENDS[request.onFailure ?? 'finish-group'],
    resources: {},
    stop: DEFAULT_STOP,
    ...(node.task ? taskPart(request, node.task, needed) : servicePart(node.service!)),
    labels: labelled({
      ...facts,
      ...(node.task && { task: { id: node.task.id, spec: node.task.spec } }),
      ...(node.service && { service: node.service.id }),
    }),
  }
}

const labelOf = (node: Node): string => node.task?.name ?? node.service?.name ?? node.reference

function taskPart(
  request: PlanRequest,
  task: TaskRecord,
  needed: readonly Node[],
): Pick<StepSpec, 'work' | 'timeoutMs' | 'retry'> {
  const { extension } = task
  const env = {
    ...request.env,
    ...extension?.env,
    ...valuesOf(task.spec.env),
    ...request.inputs?.get(task.id),
    GITPOD_TASK_ID: task.id,
  }
  const outputsOf = needed.filter((n) => n.task).map((n) => n.reference)
  const { runsOn } = task.spec
  const program = { shell: task.spec.command }
  const before = request.before?.(task)
  return {
    work: runIn(request.options, request.environment, { program, env, runsOn, outputsOf, before }),
    ...(extension?.timeoutMs !== undefined && { timeoutMs: extension.timeoutMs }),
    ...(extension?.retry && { retry: retryOf(extension.retry) }),
  }
}

function retryOf({ limit, delayMs, exitCodes }: NonNullable<TaskExtension['retry']>): NonNullable<StepSpec['retry']> {
  const backoff = delayMs === undefined ? undefined : { initialMs: delayMs, factor: 1, maximumMs: delayMs }
  return { on: 'failure', limit, ...(backoff && { backoff }), ...(exitCodes && { exitCodes }) }
}

const servicePart = (service: ServiceRecord): Pick<StepSpec, 'work'> => ({
  work: {
    kind: 'await',
    key: serviceKey(service.id),
    until: service.commands.ready === '' ? 'running' : 'healthy',
    task: { name: serviceKey(service.id) },
    with: { name: service.reference, refs: refsOfService(service) },
  },
})

/** A task that is started while its environment still starts begins when that is done. */
const awaitEnvironment = (key: string): StepSpec => ({
  name: 'environment/start',
  group: 0,
  conditions: [],
  essential: true,
  endsExecution: 'onFailure',
  resources: {},
  stop: DEFAULT_STOP,
  work: { kind: 'await', key, until: 'succeeded', acceptFinal: true },
})
