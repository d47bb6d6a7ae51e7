/**
 * Mounts of a task as the engine makes them. `instance`, `local`, `tmp` and `temporary` are empty at each run (reference
 * §5); `storage` and `service` outlive runs: the former belongs to the environment's task, the latter to what it names.
 */
import type { MountSpec } from '../../../core/step-spec.ts'
import type { TaskConfig } from '../config/task-config.ts'

export const APP_DIRECTORY = '/app'
/** What an instance may write (reference §5: 8 GB). */
const INSTANCE_BYTES = 8 * 1024 ** 3

export interface Place {
  readonly project: string
  readonly environment: string
}

export const treeOf = (build: string): string => `upsun/tree/${build}`

/** What all volumes of an environment lie below. */
export const volumesOf = ({ project, environment }: Place): string =>
  `upsun/volume/${encodeURIComponent(project)}/${encodeURIComponent(environment)}`

/** What all caches of a project's builds lie below. */
export const cacheOf = (project: string): string => `upsun/cache/${encodeURIComponent(project)}`

/** Below the application directory; `/tmp` is also the machine's own `/tmp`, which tasks name so (reference §5). */
export function targetsOf(path: string): readonly string[] {
  const inside = `${APP_DIRECTORY}/${path.replaceAll(/^\/+|\/+$/g, '')}`
  return path.replaceAll(/^\/+|\/+$/g, '') === 'tmp' ? ['/tmp', inside] : [inside]
}

/** Paths below the application directory that must exist in its tree. */
export const mountPointsOf = (config: TaskConfig): readonly string[] =>
  Object.keys(config.mounts).map((path) => path.replaceAll(/^\/+|\/+$/g, ''))

/** The tree, read-only, and what the task declares, writable. Sorted, so that one may lie below another. */
export function mountsOfTask(config: TaskConfig, build: string, place: Place): readonly MountSpec[] {
  const tree: MountSpec = { kind: 'workspace', source: treeOf(build), target: APP_DIRECTORY, readOnly: true }
  const declared = Object.entries(config.mounts).flatMap(([path, mount]) =>
    targetsOf(path).map((target): MountSpec => {
      const volume = volumeOf(config.name, mount, place)
      return volume === undefined
        ? { kind: 'tmpfs', target, sizeBytes: INSTANCE_BYTES, keepsWritable: true }
        : { kind: 'volume', source: volume, target, keepsWritable: true }
    }),
  )
  return [tree, ...declared.sort((a, b) => (a.target < b.target ? -1 : 1))]
}

function volumeOf(task: string, mount: TaskConfig['mounts'][string], place: Place): string | undefined {
  if (mount.source !== 'storage' && mount.source !== 'service') return undefined
  const owner = mount.service ?? task
  return `${volumesOf(place)}/${encodeURIComponent(owner)}/${encodeURIComponent(mount.source_path)}`
}
