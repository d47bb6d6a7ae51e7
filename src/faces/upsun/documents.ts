/** This face's collections and what lies in them. */
import type { Tenant } from '../../core/identity.ts'
import type { Instant } from '../../core/instant.ts'
import type { Engine } from '../../engine/engine.ts'
import type { DeployType } from './activity/activity-type.ts'
import type { TaskConfig } from './config/task-config.ts'
import { notFound } from './errors.ts'

export const COLLECTIONS = {
  project: 'upsun/project',
  environment: 'upsun/environment',
  variable: 'upsun/variable',
  /** Waiting for their builds; moved into the environment when the activity has succeeded. */
  deployment: 'upsun/deployment',
  /** Digests of tokens that were revoked before their time. */
  revoked: 'upsun/revoked',
  /** What was done in one commit and no execution stands for. */
  activity: 'upsun/activity',
} as const

export interface ProjectRecord {
  readonly id: string
  readonly title: string
  readonly timezone: string
  /** 56 characters, PLATFORM_PROJECT_ENTROPY. */
  readonly entropy: string
  readonly owner: string
  readonly defaultBranch: string
  /** Runs of one environment at a time. */
  readonly parallelTasks: number
  readonly createdAt: Instant
  readonly updatedAt: Instant
}

export interface EnvironmentRecord {
  readonly project: string
  readonly name: string
  readonly machineName: string
  readonly title: string
  readonly type: 'development' | 'production' | 'staging'
  readonly parent: string | null
  readonly createdAt: Instant
  readonly updatedAt: Instant
  /** What is deployed; absent before the first deployment has succeeded. */
  readonly deployment?: Deployment
}

/** A deployed configuration: complete, so that a run needs nothing else. */
export interface Deployment {
  readonly id: string
  readonly type: DeployType
  readonly activity: string
  readonly treeId: string
  /** The pushed commit that it is; absent when the tree came as an archive. */
  readonly commit?: PushedCommit
  readonly tasks: readonly DeployedTask[]
  /** As they were when it was deployed. */
  readonly projectVariables: readonly VariableRecord[]
  /** When it was asked for: it cancels the runs that were accepted before. */
  readonly requestedAt: Instant
  readonly deployedAt: Instant
}

export interface PushedCommit {
  /** 40 hex digits. */
  readonly id: string
  /** It came without its whole history. */
  readonly isShallow: boolean
}

export interface DeployedTask {
  readonly config: TaskConfig
  /** Key of its build. */
  readonly build: string
  /** CPU size, `0.5` unless chosen. */
  readonly size: string
  /** This deployment chose it; else the size stays that of its time. Absent once it is deployed. */
  readonly isSizeChosen?: boolean
  /** Directory of its type's root file system; absent: this machine's programs. */
  readonly root?: string
}

export interface VariableRecord {
  readonly project: string
  /** Absent: of the project. */
  readonly environment?: string
  readonly name: string
  /** Absent when sensitive: then `secret` names where it is kept. */
  readonly value?: string
  readonly secret?: string
  readonly isJson: boolean
  readonly isSensitive: boolean
  readonly visibleBuild: boolean
  readonly visibleRuntime: boolean
  readonly isEnabled: boolean
  readonly isInheritable: boolean
  readonly applicationScope: readonly string[]
  readonly attributes: Readonly<Record<string, string>>
  readonly createdAt: Instant
  readonly updatedAt: Instant
}

/** Names are free text, so the parts of a key are encoded. */
export const keyOf = (...parts: readonly string[]): string => parts.map(encodeURIComponent).join('/')

export async function findProject(engine: Engine, tenant: Tenant, id: string): Promise<ProjectRecord> {
  const found = await engine.document<ProjectRecord>(tenant, COLLECTIONS.project, id)
  if (!found) throw notFound('project', id)
  return found.body
}

export async function findEnvironment(
  engine: Engine,
  tenant: Tenant,
  project: string,
  name: string,
): Promise<EnvironmentRecord> {
  const found = await engine.document<EnvironmentRecord>(tenant, COLLECTIONS.environment, keyOf(project, name))
  if (!found) throw notFound('environment', name)
  return found.body
}
