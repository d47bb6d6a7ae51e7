/** What a running task or build finds in its environment (reference §5.1): PLATFORM_* and what is theirs besides. */
import type { EnvValue } from '../../../core/step-spec.ts'
import type { TaskConfig } from '../config/task-config.ts'
import type { EnvironmentRecord, ProjectRecord } from '../documents.ts'
import { base64Json } from '../variable/platform-variables.ts'
import { APP_DIRECTORY } from './mounts-of-task.ts'
import { taskFields } from './task-fields.ts'

export type Env = Readonly<Record<string, EnvValue>>

/** Where dependencies put their programs (src/build/tree-dependencies.ts), before the machine's own. */
const DEPENDENCIES = `${APP_DIRECTORY}/.global`
/** Kept between the builds of a task. */
export const CACHE = '/cache'
const PATH = `${APP_DIRECTORY}/bin:${DEPENDENCIES}/bin:${DEPENDENCIES}/composer/vendor/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin`

export interface BuildPlace {
  readonly project: ProjectRecord
  readonly treeId: string
  /** Goes before PATH. */
  readonly toolchain: string | undefined
}

function shared({ project, treeId, toolchain }: BuildPlace, config: TaskConfig, variables: EnvValue): Env {
  return {
    PATH: toolchain === undefined ? PATH : `${toolchain}:${PATH}`,
    HOME: APP_DIRECTORY,
    USER: 'web',
    LOGNAME: 'web',
    LANG: 'C.UTF-8',
    PYTHONUSERBASE: DEPENDENCIES,
    PLATFORM_APP_DIR: APP_DIRECTORY,
    PLATFORM_APPLICATION: base64Json(taskFields(config)),
    PLATFORM_APPLICATION_NAME: config.name,
    PLATFORM_PROJECT: project.id,
    PLATFORM_PROJECT_ENTROPY: project.entropy,
    PLATFORM_TREE_ID: treeId,
    PLATFORM_VARIABLES: variables,
  }
}

/** Build variables only: nothing of an environment. */
export function buildEnvironment(
  place: BuildPlace,
  config: TaskConfig,
  given: { readonly env: Env; readonly variables: EnvValue },
): Env {
  return {
    ...given.env,
    ...shared(place, config, given.variables),
    CI: '1',
    PLATFORM_CACHE_DIR: CACHE,
    PLATFORM_OUTPUT_DIR: APP_DIRECTORY,
    PLATFORM_SOURCE_DIR: APP_DIRECTORY,
    PLATFORM_VENDOR: 'upsun',
  }
}

export interface RunPlace extends BuildPlace {
  readonly environment: EnvironmentRecord
}

/** What is provided wins over what variables say. */
export function runEnvironment(
  place: RunPlace,
  config: TaskConfig,
  given: { readonly env: Env; readonly variables: EnvValue; readonly relationships: Env },
): Env {
  const { project, environment } = place
  return {
    TZ: config.timezone ?? project.timezone,
    ...given.relationships,
    ...given.env,
    ...shared(place, config, given.variables),
    ...pathOf(given.env),
    PLATFORM_APP_COMMAND: 'sleep 3600',
    PLATFORM_BRANCH: environment.name,
    PLATFORM_DOCUMENT_ROOT: APP_DIRECTORY,
    PLATFORM_ENVIRONMENT: environment.machineName,
    PLATFORM_ENVIRONMENT_TYPE: environment.type,
    PLATFORM_RELATIONSHIPS: given.relationships.PLATFORM_RELATIONSHIPS ?? base64Json({}),
    PLATFORM_ROUTES: base64Json({}),
    PLATFORM_SMTP_HOST: '',
    PORT: '8888',
    SOCKET: '/run/app.sock',
  }
}

/** A configured PATH stands before nothing else: who sets it means it. */
const pathOf = (env: Env): Env => (env.PATH === undefined ? {} : { PATH: env.PATH })
