/** This face's records. Executions hold everything else: a task execution is presented from its execution alone. */
import type { JsonValue } from '@bufbuild/protobuf'
import type { TaskExtension } from '../../workspaces/automations-extension.ts'
import type { DevContainer } from '../../workspaces/devcontainer.ts'
import type { EnvironmentSpecJson } from './environment/spec-json.ts'

export const COLLECTIONS = {
  environment: 'ona/environment',
  task: 'ona/task',
  service: 'ona/service',
  /** Key `<environment>/<reference>`: tasks and services share one namespace, and two may not take one name at once. */
  reference: 'ona/reference',
  secret: 'ona/secret',
  project: 'ona/project',
  prebuild: 'ona/prebuild',
  /** What is still to be done with an environment, of all tenants: see environment/errands.ts. */
  errand: 'ona/errand',
} as const

export interface Creator {
  readonly id: string
  readonly kind: 'user' | 'service' | 'environment'
}

export type TriggerName =
  | 'manual'
  | 'postMachineStart'
  | 'postEnvironmentStart'
  | 'postDevcontainerStart'
  | 'prebuild'
  | 'beforeSnapshot'

export type RunsOn =
  | { readonly kind: 'docker'; readonly image: string; readonly environment: readonly string[] }
  | { readonly kind: 'machine' }

export interface Variable {
  readonly name: string
  readonly value?: string
  /** Id of a secret. */
  readonly secret?: string
}

export interface TaskSettings {
  readonly command: string
  readonly runsOn?: RunsOn
  readonly env: readonly Variable[]
  readonly prebuildRequiresSuccess: boolean
}

interface Automation {
  readonly id: string
  readonly environment: string
  readonly reference: string
  readonly name: string
  readonly description: string
  readonly createdAt: number
  readonly creator: Creator
  readonly triggeredBy: readonly TriggerName[]
}

export interface TaskRecord extends Automation {
  readonly spec: TaskSettings
  /** Ids of tasks and services. */
  readonly dependsOn: readonly string[]
  readonly extension?: TaskExtension
}

export interface ServiceRecord extends Automation {
  readonly role: number
  readonly commands: { readonly start: string; readonly ready: string; readonly stop: string }
  readonly runsOn?: RunsOn
  readonly env: readonly Variable[]
  readonly readinessTimeoutMs?: number
  readonly specVersion: number
  /** Set by UpdateService. */
  readonly output: Readonly<Record<string, string>>
}

export type EnvironmentPhaseName = 'creating' | 'starting' | 'running' | 'stopping' | 'stopped' | 'deleting'

export interface EnvironmentRecord {
  readonly id: string
  readonly name: string
  readonly creator: Creator
  readonly createdAt: number
  readonly lastStartedAt: number
  readonly spec: EnvironmentSpecJson
  readonly specVersion: number
  readonly role: 'default' | 'prebuild'
  readonly project?: string
  /** The prebuild that it makes, or, of a default one, the one that it was made from. */
  readonly prebuild?: string
  /** Where its files are on this machine, how programs see the last part of that path, and whose they are. */
  readonly workspace: {
    readonly directory: string
    readonly name: string
    readonly own: boolean
    readonly user?: string
    /** A directory that it is filled with, instead of what the specification says. */
    readonly from?: string
  }
  /** As its file said when the environment came up. */
  readonly devcontainer?: DevContainer
  readonly annotations: Readonly<Record<string, string>>
  /** Who said last that it is used, and when. */
  readonly activity?: { readonly source: string; readonly at: number }
  readonly phase: EnvironmentPhaseName
  /** The execution that fills the workspace. */
  readonly start: string
  /** How often it was started. */
  readonly starts: number
  readonly failure?: string
  readonly automations: {
    readonly path: string
    readonly state: 'none' | 'absent' | 'ready' | 'failed'
    readonly failure?: string
    /** What its triggers could not start, and why. */
    readonly warning?: string
  }
}

/** What environments and prebuilds are made from. */
export interface ProjectRecord {
  readonly id: string
  readonly name: string
  readonly creator: Creator
  readonly createdAt: number
  readonly updatedAt: number
  /** The messages' own JSON. */
  readonly initializer: JsonValue
  readonly prebuilds?: JsonValue
  readonly automationsFilePath: string
  readonly devcontainerFilePath: string
  readonly technicalDescription: string
}

export type PrebuildPhaseName =
  | 'starting'
  | 'running'
  | 'snapshotting'
  | 'completed'
  | 'failed'
  | 'cancelling'
  | 'cancelled'
  | 'deleting'

export interface PrebuildRecord {
  readonly id: string
  readonly project: string
  readonly creator: Creator
  readonly createdAt: number
  readonly updatedAt: number
  /** Of the whole, from its creation. */
  readonly timeoutMs: number
  readonly phase: PrebuildPhaseName
  /** Where it is made; what it made is that environment's workspace. */
  readonly environment: string
  readonly failure?: string
  /** What went wrong and was not required to go well. */
  readonly warnings: readonly string[]
  readonly completedAt?: number
}

export interface SecretRecord {
  readonly id: string
  readonly name: string
  readonly createdAt: number
  readonly updatedAt: number
  readonly creator: Creator
  readonly scope: { readonly kind: 'projectId' | 'userId' | 'organizationId' | 'serviceAccountId'; readonly id: string }
  readonly mount: {
    readonly kind: 'filePath' | 'environmentVariable' | 'containerRegistryBasicAuthHost' | 'apiOnly'
    readonly value: string
  }
}

/** Its name in the engine. */
export const secretName = (id: string): string => `ona/${id}`
