import type {
  EnvValue,
  HealthCheck,
  MountSpec,
  NetworkSpec,
  PortSpec,
  RunSpec,
  SandboxSpec,
} from '../../../core/step-spec.ts'
import type { ContainerDefinition, TaskDefinition } from '../task-definition/task-definition.ts'

const MIB = 2 ** 20

/**
 * One container as the core runs it. `env` is complete. Where no container engine is there (`asPrograms`), its entry
 * point and command run as a program of the machine and its image is left out; a container with neither keeps it, so
 * that the executor refuses it and says why. `root`: the file system that the operator put in the image's place.
 */
export function runOfContainer(
  container: ContainerDefinition,
  definition: TaskDefinition,
  env: Readonly<Record<string, EnvValue>>,
  asPrograms: boolean,
  root: string | undefined,
): RunSpec {
  const mounts = mountsOf(container, definition)
  const ports = portsOf(container, definition, asPrograms)
  const network = networkOf(container, definition, asPrograms)
  const health = healthOf(container)
  const options = containerOptions(container)
  return {
    kind: 'run',
    argv: container.command ?? [],
    ...(container.entryPoint && container.entryPoint.length > 0 && { entrypoint: container.entryPoint }),
    ...(asPrograms && hasProgram(container) ? { notice: noticeOf(container.image, root) } : { image: container.image }),
    ...(container.repositoryCredentials && { registrySecret: container.repositoryCredentials.credentialsParameter }),
    env,
    ...(container.workingDirectory && { workdir: container.workingDirectory }),
    ...(container.user && { user: container.user }),
    ...sandboxOf(container, asPrograms ? root : undefined),
    ...(mounts.length > 0 && { mounts }),
    ...(ports.length > 0 && { ports }),
    ...(network && { network }),
    ...(container.ulimits && {
      ulimits: container.ulimits.map((u) => ({ name: u.name, soft: u.softLimit, hard: u.hardLimit })),
    }),
    ...(health && { health }),
    ...(container.linuxParameters?.initProcessEnabled && { init: true }),
    ...(options && { container: options }),
  }
}

const hasProgram = (container: Pick<ContainerDefinition, 'entryPoint' | 'command'>): boolean =>
  (container.entryPoint?.length ?? 0) + (container.command?.length ?? 0) > 0

/** Programs of the machine share its network: an awsvpc task's interface is then the machine's own. */
const onHost = (definition: TaskDefinition, asPrograms: boolean): boolean =>
  definition.networkMode === 'host' || (asPrograms && definition.networkMode === 'awsvpc')

/** Bridge: whatever host port is free unless one is named. Host and awsvpc: the container's own. */
function portsOf(container: ContainerDefinition, definition: TaskDefinition, asPrograms: boolean): readonly PortSpec[] {
  const own = onHost(definition, asPrograms)
  return container.portMappings.flatMap((mapping) => {
    const port = mapping.containerPort
    if (port === undefined) return []
    const hostPort = own ? port : definition.networkMode === 'awsvpc' ? 0 : (mapping.hostPort ?? 0)
    const name = mapping.name === undefined ? {} : { name: mapping.name }
    return [{ ...name, port, ...(hostPort !== 0 && { hostPort }), protocol: mapping.protocol ?? 'tcp' }]
  })
}

/**
 * A network of the task's own only where something is to be reached in it; otherwise what the executor has. So a plain
 * program runs on machines that have no private networks.
 */
function networkOf(
  container: ContainerDefinition,
  definition: TaskDefinition,
  asPrograms: boolean,
): NetworkSpec | undefined {
  const more = {
    ...(container.hostname && { hostname: container.hostname }),
    ...(container.dnsServers && { dns: container.dnsServers }),
    ...(container.extraHosts && {
      extraHosts: Object.fromEntries(container.extraHosts.map((h) => [h.hostname, h.ipAddress])),
    }),
  }
  if (container.disableNetworking || definition.networkMode === 'none') return { mode: 'none', ...more }
  if (onHost(definition, asPrograms)) return { mode: 'host', ...more }
  if (needsPrivateNetwork(definition)) return { mode: 'private', aliases: aliasesOf(container, definition), ...more }
  return undefined
}

const needsPrivateNetwork = (definition: TaskDefinition): boolean =>
  definition.networkMode !== 'host' &&
  definition.networkMode !== 'none' &&
  definition.containerDefinitions.some((c) => c.portMappings.length > 0 || (c.links?.length ?? 0) > 0)

/** Names under which linking containers know this one. */
function aliasesOf(container: ContainerDefinition, definition: TaskDefinition): readonly string[] {
  const links = definition.containerDefinitions.flatMap((c) => c.links ?? []).map((link) => link.split(':'))
  const aliases = links.filter(([name]) => name === container.name).map(([name, alias]) => alias ?? name!)
  return [...new Set([container.name, ...aliases])]
}

function mountsOf(container: ContainerDefinition, definition: TaskDefinition): readonly MountSpec[] {
  const own = (container.mountPoints ?? []).flatMap((point) => mountOf(point, definition))
  const borrowed = container.volumesFrom.flatMap((from) => {
    const source = definition.containerDefinitions.find((c) => c.name === from.sourceContainer)
    const mounts = source ? mountsOf(source, definition) : []
    return from.readOnly ? mounts.map((m) => ({ ...m, readOnly: true })) : mounts
  })
  const memory = (container.linuxParameters?.tmpfs ?? []).map(
    (t): MountSpec => ({ kind: 'tmpfs', target: t.containerPath, sizeBytes: t.size * MIB }),
  )
  return [...own, ...borrowed, ...memory]
}

function mountOf(
  point: NonNullable<ContainerDefinition['mountPoints']>[number],
  definition: TaskDefinition,
): readonly MountSpec[] {
  const volume = definition.volumes.find((v) => v.name === point.sourceVolume)
  if (volume === undefined || point.containerPath === undefined) return []
  const common = { target: point.containerPath, ...(point.readOnly && { readOnly: true }) }
  if (volume.host?.sourcePath) return [{ kind: 'bind', source: volume.host.sourcePath, ...common }]
  if (volume.dockerVolumeConfiguration?.scope === 'shared') return [{ kind: 'volume', source: volume.name!, ...common }]
  if (volume.efsVolumeConfiguration)
    return [{ kind: 'volume', source: volume.efsVolumeConfiguration.fileSystemId, ...common }]
  return [{ kind: 'workspace', part: volume.name!, ...common }]
}

/** Defaults: 30 s, 5 s, 3 times, no start period (ECS API reference, HealthCheck). */
function healthOf(container: ContainerDefinition): HealthCheck | undefined {
  const check = container.healthCheck
  if (!check || check.command[0] === 'NONE') return undefined
  const rest = check.command.slice(1)
  return {
    argv: check.command[0] === 'CMD-SHELL' ? ['/bin/sh', '-c', rest.join(' ')] : rest,
    intervalMs: (check.interval ?? 30) * 1000,
    timeoutMs: (check.timeout ?? 5) * 1000,
    retries: check.retries ?? 3,
    startPeriodMs: (check.startPeriod ?? 0) * 1000,
  }
}

/** Options that only a container engine knows; undefined when there are none. */
function containerOptions(container: ContainerDefinition): Readonly<Record<string, unknown>> | undefined {
  const linux = container.linuxParameters
  const options = {
    ...(container.privileged && { privileged: true }),
    ...(linux?.capabilities && { capabilities: linux.capabilities }),
    ...(linux?.devices && { devices: linux.devices }),
    ...(linux?.sharedMemorySize !== undefined && { sharedMemoryBytes: linux.sharedMemorySize * MIB }),
    ...(container.dockerSecurityOptions && { securityOptions: container.dockerSecurityOptions }),
    ...(container.systemControls.length > 0 && {
      sysctls: Object.fromEntries(container.systemControls.map((s) => [s.namespace ?? '', s.value ?? ''])),
    }),
    ...(container.pseudoTerminal && { terminal: true }),
    ...(container.dockerLabels && { labels: container.dockerLabels }),
  }
  return Object.keys(options).length === 0 ? undefined : options
}

/** Its log says that its image was not pulled, where a program of this machine takes its place. */
const noticeOf = (image: string, root: string | undefined): string =>
  root === undefined
    ? `no container engine here: image ${image} is not pulled; entryPoint and command run as a program of this machine`
    : `no container engine here: image ${image} is not pulled; the operator gave it a root file system of this machine`

function sandboxOf(container: ContainerDefinition, root: string | undefined): { readonly sandbox?: SandboxSpec } {
  if (root === undefined && !container.readonlyRootFilesystem) return {}
  return {
    sandbox: {
      mode: 'on',
      ...(root !== undefined && { root }),
      ...(container.readonlyRootFilesystem && { readOnlyRoot: true }),
    },
  }
}
