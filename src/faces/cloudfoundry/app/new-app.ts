import type { DocumentChange } from '../../../engine/reactor.ts'
import { type App, COLLECTIONS, type Lifecycle, type Process, type Space } from '../documents.ts'
import { uniqueness } from '../errors.ts'
import type { Call } from '../operation.ts'
import { type Metadata, NO_METADATA } from '../wire/metadata.ts'
import { appIndexes, ofApp } from './find-app.ts'

export const STACK = 'cflinuxfs4'
export const BUILDPACK = 'binary_buildpack'
export const BUILDPACK_LIFECYCLE: Lifecycle = { type: 'buildpack', data: { buildpacks: [], stack: STACK } }
export const DOCKER_LIFECYCLE: Lifecycle = { type: 'docker', data: {} }

/** What staging here does: bits as they are. */
const KNOWN_BUILDPACKS = [BUILDPACK, 'binary-buildpack']

/** Why one of these buildpacks cannot be used, in Cloud Controller's words; none at all means the one there is. */
export function buildpackProblem(buildpacks: unknown): string | undefined {
  if (buildpacks === undefined || buildpacks === null) return undefined
  if (!Array.isArray(buildpacks)) return 'Buildpacks must be an array'
  const unknown = buildpacks.find((name) => !KNOWN_BUILDPACKS.includes(String(name)))
  if (unknown === undefined) return undefined
  return /^(https?|git|ssh):\/\/|^git@/.test(String(unknown))
    ? 'Custom buildpacks are disabled'
    : `Buildpack "${unknown}" must be an existing admin buildpack or a valid git URI`
}

export interface AppWish {
  readonly name: string
  readonly lifecycle: Lifecycle
  readonly env: Readonly<Record<string, string>>
  readonly metadata?: Metadata
}

/** A new app with its `web` process. Throws CF-UniquenessError. */
export async function newApp(
  call: Call,
  space: Space,
  wish: AppWish,
): Promise<{ readonly app: App; readonly web: Process; readonly changes: readonly DocumentChange[] }> {
  if (await findByName(call, space.guid, wish.name)) throw nameTaken(wish.name)
  const { records } = call
  const { metadata = NO_METADATA, ...rest } = wish
  const app: App = { ...records.fresh(), ...rest, space: space.guid, state: 'STOPPED', metadata }
  const web = newProcess(call, app.guid, 'web')
  return {
    app,
    web,
    changes: [
      records.putOf(COLLECTIONS.app, app, appIndexes(app)),
      records.putOf(COLLECTIONS.process, web, ofApp(web)),
    ],
  }
}

export const nameTaken = (name: string): Error => uniqueness(`App with the name '${name}' already exists.`)

export async function findByName(call: Call, space: string, name: string): Promise<App | undefined> {
  const apps = await call.records.all<App>(COLLECTIONS.app, { name: 'space', value: space })
  return apps.find((app) => app.name.toLowerCase() === name.toLowerCase())
}

/** Tasks are what this foundation runs: a `web` process has a size and a command, and no instances. */
export const newProcess = (call: Call, app: string, type: string): Process => ({
  ...call.records.fresh(),
  app,
  type,
  instances: type === 'web' ? 1 : 0,
  memory: call.options.defaultMemoryMb,
  disk: call.options.defaultDiskMb,
  logRate: call.options.defaultLogRate,
  healthCheck: { type: type === 'web' ? 'port' : 'process', data: { timeout: null, invocation_timeout: null } },
  metadata: NO_METADATA,
})
