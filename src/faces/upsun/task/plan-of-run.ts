import type { Plan } from '../../../core/plan.ts'
import type { MountSpec, RunSpec, StepSpec } from '../../../core/step-spec.ts'
import { type ActivityRecord, recordLabel } from '../activity/activity-record.ts'
import type { DeployedTask } from '../documents.ts'
import type { Env } from './in-task.ts'
import { memoryMbOf } from './memory-of-task.ts'
import { APP_DIRECTORY, mountsOfTask } from './mounts-of-task.ts'
import { PHP_DIRECTORY, phpIniOf } from './php-ini.ts'

const MIB = 2 ** 20
/** Between SIGTERM and SIGKILL; crons have 10 s (reference §3.2). */
export const GRACE_MS = 10_000
/** Hooks have an hour (reference §5, "Hooks"). */
const HOOK_TIMEOUT_MS = 3_600_000

export const STEP = { build: 'build', deploy: 'deploy', run: 'run' } as const

/** `.environment` of the tree is read last and wins; the command's exit code is the step's. */
const SHELL = 'if [ -f /app/.environment ]; then . /app/.environment; fi\nexec /bin/sh -c "$0"'

export interface PlannedRun {
  readonly task: DeployedTask
  readonly env: Env
  readonly record: ActivityRecord
  /** Name of the engine's task that builds the tree. */
  readonly buildTask: string
}

/** The tree's build if it is not there any more, the deploy hook, the command. */
export function planOfRun(run: PlannedRun): Plan {
  const { config } = run.task
  const hook = config.deploy === null ? [] : [shellStep(run, STEP.deploy, config.deploy)]
  return { steps: [buildStep(run.task.build, run.buildTask), ...hook, shellStep(run, STEP.run, config.command)] }
}

/** Waits for a build, which is shared by key: one that ended well is taken, one under way is joined. */
export const buildStep = (build: string, task: string, name: string = STEP.build): StepSpec => ({
  name,
  group: 0,
  conditions: [],
  essential: true,
  endsExecution: 'onFailure',
  resources: {},
  stop: { signal: 'SIGTERM', graceMs: GRACE_MS },
  work: { kind: 'await', key: buildKey(build), until: 'succeeded', task: { name: task }, acceptFinal: true },
})

const buildKey = (build: string): string => `upsun/build/${build}`

function shellStep(run: PlannedRun, name: 'deploy' | 'run', script: string): StepSpec {
  const { config, size } = run.task
  const isCommand = name === STEP.run
  return {
    name,
    group: isCommand ? 2 : 1,
    conditions: [],
    // A deploy hook that fails stops nothing (reference §5, "Hooks"); its exit code is among the activity's commands.
    essential: isCommand,
    endsExecution: 'never',
    resources: { memoryBytes: memoryMbOf(config, size) * MIB },
    timeoutMs: isCommand ? config.timeoutSeconds * 1_000 : HOOK_TIMEOUT_MS,
    stop: { signal: 'SIGTERM', graceMs: GRACE_MS },
    work: shellWork(run, script),
    ...(isCommand && { labels: recordLabel(run.record) }),
  }
}

function shellWork({ task, env, record }: PlannedRun, script: string): RunSpec {
  const { config, build, root } = task
  const { project, environment } = record
  const phpIni = phpIniOf(config)
  return {
    kind: 'run',
    argv: ['/bin/sh', '-c', SHELL, script],
    executor: 'process',
    env: phpIni === undefined ? env : { ...env, PHP_INI_SCAN_DIR: `:${PHP_DIRECTORY}` },
    workdir: APP_DIRECTORY,
    sandbox: { mode: 'on', writable: 'none', ...(root !== undefined && { root }) },
    mounts: [...mountsOfTask(config, build, { project, environment }), ...phpMounts(phpIni)],
    network: {
      mode: 'host',
      hostname: `${config.name}--task--${record.activity.slice(0, 8)}.0`,
      ...(Object.keys(config.additionalHosts).length > 0 && { extraHosts: config.additionalHosts }),
    },
  }
}

const phpMounts = (content: string | undefined): readonly MountSpec[] =>
  content === undefined ? [] : [{ kind: 'file', target: `${PHP_DIRECTORY}/runtime.ini`, content }]
