import type { Authorization } from '../auth.ts'

/** One entry of `tasks:`, checked and with its defaults: what the Task object of the API shows. */
export interface TaskConfig {
  readonly name: string
  /** `runtime:version`. */
  readonly type: string
  readonly sourceRoot: string
  readonly build: string | null
  readonly deploy: string | null
  readonly command: string
  readonly timeoutSeconds: number
  /** MB, and MB per CPU. */
  readonly resources: { readonly base_memory: number; readonly memory_ratio: number } | null
  readonly containerProfile: string | null
  readonly authorizations: readonly Authorization[]
  readonly relationships: Readonly<Record<string, Relationship | null>>
  readonly additionalHosts: Readonly<Record<string, string>>
  readonly mounts: Readonly<Record<string, Mount>>
  readonly timezone: string | null
  readonly variables: Readonly<Record<string, Readonly<Record<string, unknown>>>>
  readonly dependencies: Readonly<Record<string, Readonly<Record<string, unknown>>>>
  readonly runtime: Readonly<Record<string, unknown>>
}

export interface Relationship {
  readonly service: string | null
  readonly endpoint: string | null
}

export const MOUNT_SOURCES = ['instance', 'local', 'service', 'storage', 'temporary', 'tmp'] as const

export interface Mount {
  readonly source: (typeof MOUNT_SOURCES)[number]
  readonly source_path: string
  readonly service?: string | null
}

export const DEFAULT_TIMEOUT_SECONDS = 3_600
export const MAX_TIMEOUT_SECONDS = 86_400
