import type { MountConfig } from 'dockerode'
import type { Work } from '../../core/ports/executor.ts'
import type { MountSpec } from '../../core/step-spec.ts'
import type { ContainerNames } from './container-names.ts'
import { WORKSPACE } from './environment.ts'

/** The workspace and what the step mounts. Literal files are not mounted but copied in before the start. */
export function mountsOf(work: Work, names: ContainerNames): MountConfig {
  const { allocation } = work.place
  const frozen = work.run.sandbox?.writable === 'none'
  const asked = work.run.mounts ?? []
  const own = asked.some(({ target }) => target === WORKSPACE)
    ? []
    : [volume(names.workspaceOf(allocation), WORKSPACE, frozen)]
  return [...own, ...asked.flatMap((mount) => mountOf(mount, work, names))]
}

/** Volumes that must exist before the container does, with the labels by which they are removed. */
export function volumesOf(work: Work, names: ContainerNames): ReadonlyMap<string, Readonly<Record<string, string>>> {
  const { allocation, tenant } = work.place
  const own = names.labelsOf(allocation)
  const volumes = new Map([[names.workspaceOf(allocation), own]])
  for (const mount of work.run.mounts ?? []) {
    const name = volumeOf(mount, work, names)
    if (name !== undefined) volumes.set(name, isAllocations(mount) ? own : names.labelsOfShared(tenant, mount.source!))
  }
  return volumes
}

function mountOf(mount: MountSpec, work: Work, names: ContainerNames): MountConfig {
  const readOnly = mount.readOnly === true
  switch (mount.kind) {
    case 'bind':
      return [{ Type: 'bind', Source: mount.source!, Target: mount.target, ReadOnly: readOnly }]
    case 'tmpfs':
      return [tmpfs(mount)]
    case 'workspace':
    case 'volume':
      return [volume(volumeOf(mount, work, names)!, mount.target, readOnly)]
    case 'file':
      return []
  }
}

const isAllocations = (mount: MountSpec): boolean => mount.kind === 'workspace' || mount.source === undefined

function volumeOf(mount: MountSpec, work: Work, names: ContainerNames): string | undefined {
  if (mount.kind !== 'workspace' && mount.kind !== 'volume') return undefined
  const { allocation, tenant } = work.place
  if (isAllocations(mount)) return names.sharedOf(allocation, mount.part ?? mount.source ?? mount.target)
  return names.volumeOf(tenant, mount.source!)
}

/** Seeded with what the image has at its target, as engines do with volumes, except for the workspace. */
const volume = (source: string, target: string, readOnly: boolean): MountConfig[number] => ({
  Type: 'volume',
  Source: source,
  Target: target,
  ReadOnly: readOnly,
  ...(target === WORKSPACE && {
    VolumeOptions: { NoCopy: true, Labels: {}, DriverConfig: { Name: 'local', Options: {} } },
  }),
})

const tmpfs = (mount: MountSpec): MountConfig[number] => ({
  Type: 'tmpfs',
  Source: '',
  Target: mount.target,
  ReadOnly: mount.readOnly === true,
  ...(mount.sizeBytes !== undefined && { TmpfsOptions: { SizeBytes: mount.sizeBytes, Mode: 0o1777 } }),
})
