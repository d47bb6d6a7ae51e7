import { type Reason, reason } from '../../core/reason.ts'

/** `RunSpec.container` as this executor understands it. */
export interface ContainerOptions {
  readonly privileged: boolean
  readonly added: readonly string[]
  readonly dropped: readonly string[]
  readonly devices: readonly Device[]
  readonly sharedMemoryBytes?: number
  readonly securityOptions: readonly string[]
  readonly sysctls?: Readonly<Record<string, string>>
  readonly terminal: boolean
  readonly labels: Readonly<Record<string, string>>
}

export interface Device {
  readonly PathOnHost: string
  readonly PathInContainer: string
  readonly CgroupPermissions: string
}

/** What most images need to start as root and become someone else; fewer than the engine's own default set. */
export const DEFAULT_CAPABILITIES: readonly string[] = [
  'CHOWN',
  'DAC_OVERRIDE',
  'FOWNER',
  'FSETID',
  'KILL',
  'NET_BIND_SERVICE',
  'SETFCAP',
  'SETGID',
  'SETPCAP',
  'SETUID',
  'SYS_CHROOT',
]

const KNOWN = new Set([
  'privileged',
  'capabilities',
  'devices',
  'sharedMemoryBytes',
  'securityOptions',
  'sysctls',
  'terminal',
  'labels',
])

/** Reads the free-form options; a key it does not know is a reason, never ignored. `privileged`: the operator allows it. */
export function containerOptionsOf(
  given: Readonly<Record<string, unknown>> | undefined,
  allowPrivileged: boolean,
): ContainerOptions | Reason {
  const options = given ?? {}
  const unknown = Object.keys(options).find((key) => !KNOWN.has(key))
  if (unknown !== undefined) return reason('invalid_spec', `the docker executor knows no container option ${unknown}`)
  const capabilities = (options.capabilities ?? {}) as { add?: readonly string[]; drop?: readonly string[] }
  const read: ContainerOptions = {
    privileged: options.privileged === true,
    added: [...(capabilities.add ?? [])].map(capability),
    dropped: [...(capabilities.drop ?? [])].map(capability),
    devices: ((options.devices ?? []) as readonly WireDevice[]).map(deviceOf),
    securityOptions: (options.securityOptions ?? []) as readonly string[],
    terminal: options.terminal === true,
    labels: (options.labels ?? {}) as Readonly<Record<string, string>>,
    ...(options.sharedMemoryBytes !== undefined && { sharedMemoryBytes: Number(options.sharedMemoryBytes) }),
    ...(options.sysctls !== undefined && { sysctls: options.sysctls as Readonly<Record<string, string>> }),
  }
  const wish = allowPrivileged ? undefined : privilegedWish(read)
  if (wish === undefined) return dropAll(read)
  return reason('refused_by_executor', `${wish} is not allowed here: the operator must allow privileged containers`)
}

interface WireDevice {
  readonly hostPath: string
  readonly containerPath?: string
  readonly permissions?: readonly string[]
}

const SAFE_CAPABILITIES = new Set([...DEFAULT_CAPABILITIES, 'NET_RAW', 'MKNOD', 'AUDIT_WRITE'])
const SAFE_SECURITY = /^(no-new-privileges(:true|=true)?|label[:=].*|apparmor[:=](?!unconfined).*)$/

/** What reaches beyond a container's walls, in words. */
function privilegedWish(options: ContainerOptions): string | undefined {
  if (options.privileged) return 'a privileged container'
  const added = options.added.find((name) => !SAFE_CAPABILITIES.has(name))
  if (added !== undefined) return `the capability ${added}`
  if (options.devices.length > 0) return `the device ${options.devices[0]!.PathOnHost}`
  const security = options.securityOptions.find((option) => !SAFE_SECURITY.test(option))
  return security === undefined ? undefined : `the security option ${security}`
}

const capability = (name: string): string => name.toUpperCase().replace(/^CAP_/, '')

const dropAll = (options: ContainerOptions): ContainerOptions =>
  options.dropped.includes('ALL') ? { ...options, dropped: DEFAULT_CAPABILITIES } : options

function deviceOf({ hostPath, containerPath, permissions }: WireDevice): Device {
  const letters = (permissions ?? ['read', 'write', 'mknod']).map((word) => word[0]!).join('')
  return { PathOnHost: hostPath, PathInContainer: containerPath ?? hostPath, CgroupPermissions: letters }
}
