import type { Instant } from '../../core/instant.ts'
import type { Metadata } from './wire/metadata.ts'

/** This face's collections of documents. */
export const COLLECTIONS = {
  org: 'cloudfoundry/org',
  space: 'cloudfoundry/space',
  user: 'cloudfoundry/user',
  role: 'cloudfoundry/role',
  app: 'cloudfoundry/app',
  process: 'cloudfoundry/process',
  package: 'cloudfoundry/package',
  build: 'cloudfoundry/build',
  droplet: 'cloudfoundry/droplet',
  job: 'cloudfoundry/job',
  task: 'cloudfoundry/task',
  endedTask: 'cloudfoundry/ended-task',
  series: 'cloudfoundry/series',
  stack: 'cloudfoundry/stack',
  buildpack: 'cloudfoundry/buildpack',
  quota: 'cloudfoundry/quota',
  spaceQuota: 'cloudfoundry/space-quota',
  service: 'cloudfoundry/service-instance',
  binding: 'cloudfoundry/service-binding',
  usageEvent: 'cloudfoundry/usage-event',
  auditEvent: 'cloudfoundry/audit-event',
  setting: 'cloudfoundry/setting',
} as const

/** What every record has. */
export interface Resource {
  readonly guid: string
  readonly created: Instant
  readonly updated: Instant
}

export interface Org extends Resource {
  readonly name: string
  readonly suspended: boolean
  readonly quota?: string
  readonly metadata: Metadata
}

export interface Space extends Resource {
  readonly name: string
  readonly org: string
  readonly quota?: string
  readonly metadata: Metadata
}

export interface User extends Resource {
  /** A client of UAA: its guid is the client's id, and it has no name (Cloud Controller's `is_oauth_client`). */
  readonly isClient?: boolean
  readonly username: string
  readonly origin: string
}

export const SPACE_ROLES = ['space_developer', 'space_manager', 'space_auditor', 'space_supporter'] as const
export const ORG_ROLES = [
  'organization_user',
  'organization_auditor',
  'organization_manager',
  'organization_billing_manager',
] as const
export type RoleType = (typeof SPACE_ROLES)[number] | (typeof ORG_ROLES)[number]

export interface Role extends Resource {
  readonly type: RoleType
  readonly user: string
  /** The org, of a space's role too. */
  readonly org: string
  readonly space?: string
}

export interface Lifecycle {
  readonly type: 'buildpack' | 'docker' | 'cnb'
  readonly data: Readonly<Record<string, unknown>>
}

export interface App extends Resource {
  readonly name: string
  readonly space: string
  readonly state: 'STOPPED' | 'STARTED'
  readonly lifecycle: Lifecycle
  readonly env: Readonly<Record<string, string>>
  readonly metadata: Metadata
  readonly droplet?: string
}

export interface Process extends Resource {
  readonly app: string
  readonly type: string
  readonly command?: string
  readonly instances: number
  readonly memory: number
  readonly disk: number
  readonly logRate: number
  readonly user?: string
  readonly healthCheck: Readonly<Record<string, unknown>>
  readonly metadata: Metadata
}

export interface Package extends Resource {
  readonly app: string
  readonly type: 'bits' | 'docker'
  readonly state: 'AWAITING_UPLOAD' | 'PROCESSING_UPLOAD' | 'READY' | 'FAILED' | 'EXPIRED'
  readonly image?: string
  /** For the image's registry; its password is a secret of the engine. */
  readonly username?: string
  readonly error?: string
  readonly sha256?: string
  readonly metadata: Metadata
}

export interface Build extends Resource {
  readonly app: string
  readonly package: string
  readonly state: 'STAGING' | 'STAGED' | 'FAILED'
  readonly error?: string
  readonly droplet?: string
  /** That stages it, and whose output is its log; an image needs none. */
  readonly execution?: string
  readonly createdBy: { readonly guid: string; readonly name: string }
  readonly lifecycle: Lifecycle
  readonly metadata: Metadata
}

export interface Droplet extends Resource {
  readonly app: string
  readonly state: 'AWAITING_UPLOAD' | 'PROCESSING_UPLOAD' | 'STAGED' | 'FAILED' | 'EXPIRED' | 'COPYING'
  readonly error?: string
  readonly image?: string
  /** Name of the engine's secret that opens the image's registry. */
  readonly registrySecret?: string
  readonly package?: string
  readonly lifecycle: Lifecycle
  readonly processTypes: Readonly<Record<string, string>>
  readonly sha256?: string
  readonly metadata: Metadata
}

export interface Job extends Resource {
  readonly operation: string
  readonly state: 'PROCESSING' | 'COMPLETE' | 'FAILED'
  readonly error?: string
  /** What it works on, e.g. `droplets`. */
  readonly links: Readonly<Record<string, string>>
}

/** A service instance; only user-provided ones exist here. */
export interface ServiceInstance extends Resource {
  readonly name: string
  readonly space: string
  readonly credentials: Readonly<Record<string, unknown>>
  readonly tags: readonly string[]
  readonly syslogDrainUrl?: string
  readonly routeServiceUrl?: string
  readonly metadata: Metadata
}

export interface ServiceBinding extends Resource {
  readonly app: string
  readonly service: string
  readonly name?: string
  readonly metadata: Metadata
}

export interface Buildpack extends Resource {
  readonly name: string
}

export interface Stack extends Buildpack {
  readonly description: string
}

export interface Quota extends Resource {
  readonly name: string
  /** Of a space quota. */
  readonly org?: string
  readonly totalMemory: number | null
  readonly perProcessMemory: number | null
  readonly totalInstances: number | null
  readonly perAppTasks: number | null
  readonly logRate: number | null
  readonly rest: Readonly<Record<string, unknown>>
}
