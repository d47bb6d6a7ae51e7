/** An environment's files as its programs see them, and what every program of it gets. */
import { statSync } from 'node:fs'
import { chown, mkdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { EnvValue, HealthCheck, MountSpec, RunSpec } from '../../../core/step-spec.ts'
import { commandArgv, imageArgv, imageCheckArgv, serviceArgv } from '../../../workspaces/shell.ts'
import type { BuiltInProgram, FaceContext } from '../../kit/face.ts'
import { FACE } from '../auth.ts'
import { type EnvironmentRecord, type RunsOn, secretName, type Variable } from '../documents.ts'
import type { OnaOptions } from '../options.ts'

type Place = Pick<EnvironmentRecord, 'id' | 'workspace' | 'devcontainer'>

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
export const pathOf = (options: OnaOptions, { workspace }: Pick<Place, 'workspace'>): string =>
  options.sandboxed() ? imagePathOf({ workspace }) : workspace.directory

const imagePathOf = ({ workspace }: Pick<Place, 'workspace'>): string => `/workspaces/${workspace.name}`

/** Shell as people write it, a service with what stops it, or a program and its arguments. */
export type Program =
  | { readonly shell: string }
  | { readonly start: string; readonly stop: string }
  | { readonly argv: readonly string[] }

/** Without a sandbox a program sees everything where it is: nothing is, or could be, shown elsewhere. */
export const shownMounts = (
  { sandboxed }: Pick<OnaOptions, 'sandboxed'>,
  mounts: readonly MountSpec[],
): readonly MountSpec[] => (sandboxed() ? mounts : [])

export interface RunRequest {
  readonly program: Program
  readonly env: Readonly<Record<string, EnvValue>>
  /** Absent: the dev container. */
  readonly runsOn?: RunsOn | undefined
  readonly outputsOf?: readonly string[]
  /** What says that it is ready, in shell. */
  readonly ready?: Omit<HealthCheck, 'argv'> & { readonly command: string }
  /** A program that goes before the command, with the mounts that show it; not in images. */
  readonly before?: BuiltInProgram | undefined
}

interface Image {
  readonly name: string
  readonly env: Readonly<Record<string, string>>
}

/** The image that a program runs in; undefined: the sandbox of this machine. */
export function imageOf(
  options: Pick<OnaOptions, 'containers'>,
  { devcontainer }: Pick<EnvironmentRecord, 'devcontainer'>,
  runsOn: RunsOn | undefined,
): Image | undefined {
  if (runsOn?.kind === 'docker') return { name: runsOn.image, env: variablesOfImage(runsOn.environment) }
  if (runsOn !== undefined || devcontainer?.image === undefined || !options.containers()) return undefined
  return { name: devcontainer.image, env: devcontainer.env }
}

/** A program in the environment: in its workspace, in an image where it asks for one or the dev container has one. */
export function runIn(options: OnaOptions, place: Place, request: RunRequest): RunSpec {
  const image = imageOf(options, place, request.runsOn)
  const path = image ? imagePathOf(place) : pathOf(options, place)
  const before = image ? undefined : request.before
  const workspace: MountSpec = { kind: 'bind', source: place.workspace.directory, target: path, trusted: true }
  const argv = [...(before?.argv ?? []), ...argvOf(request.program, image !== undefined)]
  return {
    kind: 'run',
    argv: image ? [] : argv,
    ...(image && { image: image.name, entrypoint: argv, executor: 'docker' }),
    env: {
      ...image?.env,
      GITPOD_ENVIRONMENT_ID: place.id,
      ONA_ENVIRONMENT_ID: place.id,
      GITPOD_REPO_ROOT: path,
      ...request.env,
    },
    workdir: path,
    ...(!image && place.workspace.user !== undefined && { user: place.workspace.user }),
    mounts: image ? [workspace] : shownMounts(options, [workspace, ...(before?.mounts ?? [])]),
    ...(request.outputsOf && request.outputsOf.length > 0 && { outputsOf: request.outputsOf }),
    ...(request.ready && { health: healthOf(request.ready, image !== undefined) }),
  }
}

function argvOf(program: Program, inImage: boolean): readonly string[] {
  if ('argv' in program) return program.argv
  if ('shell' in program) return inImage ? imageArgv(program.shell) : commandArgv(program.shell)
  return inImage ? imageArgv(program.start, program.stop) : serviceArgv(program.start, program.stop)
}

const healthOf = ({ command, ...how }: NonNullable<RunRequest['ready']>, inImage: boolean): HealthCheck => ({
  ...how,
  argv: inImage ? imageCheckArgv(command) : commandArgv(command),
})

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
