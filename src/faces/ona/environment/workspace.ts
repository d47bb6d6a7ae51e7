/** An environment's files as its programs see them, and what every program of it gets. */
import { statSync } from 'node:fs'
import { chown, mkdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { EnvValue, MountSpec, RunSpec } from '../../../core/step-spec.ts'
import type { FaceContext } from '../../kit/face.ts'
import { FACE } from '../auth.ts'
import { type EnvironmentRecord, type RunsOn, secretName, type Variable } from '../documents.ts'
import type { OnaOptions } from '../options.ts'

type Place = Pick<EnvironmentRecord, 'id' | 'workspace'>

/** Everything of one environment on this machine. */
export const directoryOf = (context: Pick<FaceContext, 'directoryOf'>, id: string): string =>
  join(context.directoryOf(FACE), 'environments', id)

/** A server that is root runs programs as somebody else: as `nobody`, or as who owns the operator's directory. */
export function userOf(directory: string | undefined): string | undefined {
  if (process.getuid?.() !== 0) return undefined
  if (directory === undefined) return NOBODY
  const { uid, gid } = statSync(directory)
  return `${uid}:${gid}`
}

const NOBODY = '65534:65534'

/** With the environment's directory around it. */
export async function makeWorkspace({ directory, user }: EnvironmentRecord['workspace']): Promise<void> {
  await makeDirectory(directory, user)
  await makeDirectory(dirname(directory), user)
}

/** Made for the user that programs will be. */
export async function makeDirectory(directory: string, user: string | undefined): Promise<void> {
  await mkdir(directory, { recursive: true, mode: 0o755 })
  const [uid, gid] = (user ?? '').split(':').map(Number)
  if (user !== undefined) await chown(directory, uid!, gid!)
}

/** Where a program finds the workspace: at the vendor's place, or, without a sandbox, where it is. */
export const pathOf = (options: OnaOptions, { workspace }: Place): string =>
  options.sandboxed() ? `/workspaces/${workspace.name}` : workspace.directory

const mountOf = (options: OnaOptions, place: Place): MountSpec => ({
  kind: 'bind',
  source: place.workspace.directory,
  target: pathOf(options, place),
  trusted: true,
})

export interface RunRequest {
  readonly argv: readonly string[]
  readonly env: Readonly<Record<string, EnvValue>>
  readonly runsOn?: RunsOn | undefined
  readonly outputsOf?: readonly string[]
  readonly health?: RunSpec['health']
  /** Besides the workspace. */
  readonly mounts?: readonly MountSpec[]
}

/** A program in the environment: in its workspace, in an image where it asks for one. */
export function runIn(options: OnaOptions, place: Place, request: RunRequest): RunSpec {
  const path = pathOf(options, place)
  const { runsOn } = request
  const docker = runsOn?.kind === 'docker' ? runsOn : undefined
  return {
    kind: 'run',
    argv: docker ? [] : request.argv,
    ...(docker && { image: docker.image, entrypoint: request.argv }),
    env: {
      ...(docker && variablesOfImage(docker.environment)),
      GITPOD_ENVIRONMENT_ID: place.id,
      ONA_ENVIRONMENT_ID: place.id,
      GITPOD_REPO_ROOT: path,
      ...request.env,
    },
    workdir: path,
    ...(!docker && place.workspace.user !== undefined && { user: place.workspace.user }),
    mounts: [mountOf(options, place), ...(request.mounts ?? [])],
    ...(request.outputsOf && request.outputsOf.length > 0 && { outputsOf: request.outputsOf }),
    ...(request.health && { health: request.health }),
  }
}

function variablesOfImage(environment: readonly string[]): Record<string, string> {
  const pairs = environment.map((text) => {
    const at = text.indexOf('=')
    return at < 0 ? ([text, ''] as const) : ([text.slice(0, at), text.slice(at + 1)] as const)
  })
  return Object.fromEntries(pairs.filter(([name]) => name !== ''))
}

/** Secrets are named, never written out: the engine puts them in place when the program starts. */
export const valuesOf = (variables: readonly Variable[]): Readonly<Record<string, EnvValue>> =>
  Object.fromEntries(
    variables.map(({ name, value, secret }) => [
      name,
      secret === undefined ? (value ?? '') : { secret: secretName(secret) },
    ]),
  )
