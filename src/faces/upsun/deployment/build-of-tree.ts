/** The build of one task's tree: an engine task of its own, named by everything that the result depends on. */
import { imageBuildScript } from '../../../build/tree-image.ts'
import type { MountSpec, RunSpec, StepSpec } from '../../../core/step-spec.ts'
import type { TaskSpec } from '../../../core/task.ts'
import { fingerprintOf } from '../../kit/idempotency.ts'
import type { Call } from '../call.ts'
import type { TaskConfig } from '../config/task-config.ts'
import type { ProjectRecord, VariableRecord } from '../documents.ts'
import { buildEnvironment, CACHE, type Env } from '../task/in-task.ts'
import { APP_DIRECTORY, cacheOf, mountPointsOf, treeOf } from '../task/mounts-of-task.ts'
import { toolchainPath } from '../variable/declaration.ts'
import { effectiveVariables } from '../variable/effective-variables.ts'
import { platformVariables } from '../variable/platform-variables.ts'

const BUILD_LIMIT_MS = 3_600_000
const RETENTION_MS = 365 * 86_400_000
const GRACE_MS = 10_000

export interface BuildRequest {
  readonly project: ProjectRecord
  readonly config: TaskConfig
  readonly treeId: string
  /** Where the archive can be read. */
  readonly archive: string
  readonly isStrict: boolean
  /** What the build sees: the project's, then the environment's. */
  readonly projectVariables: readonly VariableRecord[]
  readonly environmentVariables: readonly VariableRecord[]
}

export interface TreeBuildTask {
  readonly key: string
  readonly name: string
}

/** Equal trees, configurations and variables give the same key, and so one build. Sensitive ones count by their secret. */
function keyOfBuild({ project, config, treeId, isStrict }: BuildRequest, variables: object): string {
  const { type, sourceRoot, build, dependencies, mounts, name } = config
  return fingerprintOf({
    ...{ project: project.id, name, treeId, type, sourceRoot, build, dependencies },
    ...{ mounts: Object.keys(mounts).sort(), variables, isStrict },
  }).slice(0, 32)
}

/** Registers the engine's task for the build; the same key again is the same revision. */
export async function registerBuild(call: Call, request: BuildRequest): Promise<TreeBuildTask> {
  const variables = effectiveVariables(
    {
      config: request.config.variables,
      project: request.projectVariables,
      environment: request.environmentVariables,
      run: {},
    },
    request.config.name,
    'build',
  )
  const declared = [...request.projectVariables, ...request.environmentVariables]
  const toolchain = toolchainPath(request.config.type, declared)
  const root = call.options.imageRoots[request.config.type]
  const key = keyOfBuild(request, { ...variables, toolchain, ...(root !== undefined && { root }) })
  const name = buildTaskName(key)
  const given = { env: variables.env, variables: await platformVariables(call, variables.platform) }
  const env = buildEnvironment({ ...request, toolchain }, request.config, given)
  await call.engine.registerTask(call.tenant, name, specOf(call, request, key, env))
  return { key, name }
}

/** Refs of an execution that builds, and of one that runs on what was built. */
export const BUILD_REFS = { kind: 'upsun.kind', build: 'upsun.build', run: 'upsun.built' } as const

/** The workspace that marks a tree as built. */
export const stateOf = (build: string): string => `upsun/state/${build}`

export const buildTaskName = (key: string): string => `upsun-build-${key}`

const STATE = '/run/state'

function specOf(call: Call, request: BuildRequest, key: string, env: Env): TaskSpec {
  const root = call.options.imageRoots[request.config.type]
  const hook = root === undefined ? [] : [imageStep(request, key, env, root)]
  return {
    retentionMs: RETENTION_MS,
    refs: { [BUILD_REFS.kind]: 'build', [BUILD_REFS.build]: key },
    plan: { steps: [treeStep(call, request, key, env, root !== undefined), ...hook] },
  }
}

/** Unpacks the tree and, unless the type has an image, builds it. */
function treeStep(call: Call, request: BuildRequest, key: string, env: Env, isForImage: boolean): StepSpec {
  const { config, archive, isStrict } = request
  const program = call.context.program(new URL('../../../build/tree-build.ts', import.meta.url))
  const content = JSON.stringify({
    ...{ archive: '/run/tree.tar', directory: APP_DIRECTORY, state: STATE, sourceRoot: config.sourceRoot },
    ...{ hook: config.build, dependencies: config.dependencies, type: config.type, isStrict, isForImage },
    mountPoints: mountPointsOf(config),
  })
  return buildingStep('build', 0, {
    kind: 'run',
    argv: [...program.argv, '/run/tree-build.json'],
    executor: 'process',
    env,
    workdir: APP_DIRECTORY,
    sandbox: { mode: 'on', writable: 'private' },
    mounts: [
      ...program.mounts,
      { kind: 'bind', source: archive, target: '/run/tree.tar', readOnly: true, trusted: true },
      { kind: 'file', target: '/run/tree-build.json', content },
      ...workspacesOf(request, key),
    ],
    network: { mode: 'host' },
  })
}

/** Dependencies and build hook by the programs of the type's image. */
function imageStep(request: BuildRequest, key: string, env: Env, root: string): StepSpec {
  const { dependencies, build: hook } = request.config
  const mark = `${STATE}/built`
  const mountPoints = mountPointsOf(request.config)
  const script = imageBuildScript({ dependencies, hook, mountPoints, directory: APP_DIRECTORY, mark, cache: CACHE })
  return buildingStep('hook', 1, {
    kind: 'run',
    argv: ['/bin/sh', '-c', script],
    executor: 'process',
    env,
    workdir: APP_DIRECTORY,
    sandbox: { mode: 'on', writable: 'private', root },
    mounts: workspacesOf(request, key),
    network: { mode: 'host' },
  })
}

const buildingStep = (name: string, group: number, work: RunSpec): StepSpec => ({
  name,
  group,
  conditions: [],
  essential: true,
  endsExecution: 'onFailure',
  resources: {},
  timeoutMs: BUILD_LIMIT_MS,
  stop: { signal: 'SIGTERM', graceMs: GRACE_MS },
  work,
})

const workspacesOf = ({ config, project }: BuildRequest, key: string): readonly MountSpec[] => [
  { kind: 'workspace', source: treeOf(key), target: APP_DIRECTORY },
  { kind: 'workspace', source: stateOf(key), target: STATE },
  { kind: 'workspace', source: `${cacheOf(project.id)}/${config.name}`, target: CACHE },
]
