import type { ContainerCreateOptions, HostConfig, PortBinding, PortMap } from 'dockerode'
import type { AttemptId } from '../../core/identity.ts'
import type { Work } from '../../core/ports/executor.ts'
import { type ContainerNames, isReservedLabel, LABEL } from './container-names.ts'
import { type ContainerOptions, DEFAULT_CAPABILITIES } from './container-options.ts'
import type { RunTerms } from './container-run.ts'
import { environmentOf } from './environment.ts'
import { mountsOf } from './mounts.ts'

export interface SpecContext {
  readonly names: ContainerNames
  /** Name of the network, or `host` or `none`. */
  readonly network: string
  /** The network is the allocation's own: names are of use in it. */
  readonly ownNetwork: boolean
  readonly publishAddress: string
  readonly options: ContainerOptions
}

const NANOS_PER_UNIT = 1_000_000_000 / 1024
const NANOS_PER_MS = 1_000_000

/** What the engine is asked for, from what the step says. Pure. */
export function containerSpecOf(
  attempt: AttemptId,
  work: Work,
  terms: RunTerms,
  context: SpecContext,
): ContainerCreateOptions {
  const { run } = work
  const { options } = context
  return {
    Image: run.image!,
    ...(run.entrypoint !== undefined && { Entrypoint: [...run.entrypoint] }),
    ...(run.argv.length > 0 && { Cmd: [...run.argv] }),
    Env: Object.entries(environmentOf(attempt, work)).map(([name, value]) => `${name}=${value}`),
    ...(run.workdir !== undefined && { WorkingDir: run.workdir }),
    ...(run.user !== undefined && { User: run.user }),
    ...(run.network?.hostname !== undefined && { Hostname: run.network.hostname }),
    Tty: options.terminal,
    Labels: labelsOf(attempt, work, terms, context),
    ...(run.health && { Healthcheck: healthcheckOf(run.health) }),
    ExposedPorts: Object.fromEntries((run.ports ?? []).map((port) => [`${port.port}/${port.protocol}`, {}])),
    HostConfig: hostConfigOf(work, context),
    ...(context.ownNetwork && {
      NetworkingConfig: { EndpointsConfig: { [context.network]: { Aliases: aliasesOf(work) } } },
    }),
  }
}

export const hasReadOnlyRoot = ({ run }: Work): boolean =>
  run.sandbox?.readOnlyRoot === true || run.sandbox?.writable === 'none'

function labelsOf(
  attempt: AttemptId,
  work: Work,
  terms: RunTerms,
  { names, options }: SpecContext,
): Record<string, string> {
  const own = { ...work.labels, ...options.labels }
  return {
    ...Object.fromEntries(Object.entries(own).filter(([name]) => !isReservedLabel(name))),
    ...names.labelsOf(work.place.allocation),
    [LABEL.attempt]: attempt,
    [LABEL.step]: work.step,
    [LABEL.tenant]: work.place.tenant,
    [LABEL.terms]: JSON.stringify(terms),
  }
}

function hostConfigOf(work: Work, context: SpecContext): HostConfig {
  const { run } = work
  const { options } = context
  return {
    NetworkMode: context.network,
    PortBindings: portBindingsOf(work, context.publishAddress),
    Mounts: mountsOf(work, context.names),
    ReadonlyRootfs: hasReadOnlyRoot(work),
    // Unsaid, the engine's own default counts (dockerd --init).
    ...(run.init === true && { Init: true }),
    ...(run.network?.extraHosts && {
      ExtraHosts: Object.entries(run.network.extraHosts).map(([host, ip]) => `${host}:${ip}`),
    }),
    ...(run.network?.dns && { Dns: [...run.network.dns] }),
    ...(run.ulimits && {
      Ulimits: run.ulimits.map(({ name, soft, hard }) => ({ Name: name, Soft: soft, Hard: hard })),
    }),
    ...limitsOf(work),
    ...securityOf(options),
    ...(options.sharedMemoryBytes !== undefined && { ShmSize: options.sharedMemoryBytes }),
    ...(options.sysctls && { Sysctls: { ...options.sysctls } }),
    RestartPolicy: { Name: 'no' },
    // Logs are read from the engine until the exit: nothing may be rotated away before, whatever its default says.
    LogConfig: { Type: 'json-file', Config: { 'max-size': '1t' } },
  }
}

function limitsOf({ resources }: Work): HostConfig {
  const { cpuUnits, cpuLimitUnits, memoryBytes, reservedMemoryBytes, pids } = resources
  return {
    // Fewer than 2 shares are refused by the kernel (cgroups v1, cpu.shares).
    ...(cpuUnits !== undefined && { CpuShares: Math.max(2, Math.round(cpuUnits)) }),
    ...(cpuLimitUnits !== undefined && { NanoCpus: Math.round(cpuLimitUnits * NANOS_PER_UNIT) }),
    // Without a limit of its own swap would double the memory (Docker: --memory-swap).
    ...(memoryBytes !== undefined && { Memory: memoryBytes, MemorySwap: memoryBytes }),
    ...(reservedMemoryBytes !== undefined && { MemoryReservation: reservedMemoryBytes }),
    ...(pids !== undefined && { PidsLimit: pids }),
  }
}

function securityOf(options: ContainerOptions): HostConfig {
  if (options.privileged) return { Privileged: true }
  return {
    CapDrop: ['ALL'],
    CapAdd: DEFAULT_CAPABILITIES.filter((name) => !options.dropped.includes(name)).concat(options.added),
    SecurityOpt: ['no-new-privileges', ...options.securityOptions],
    ...(options.devices.length > 0 && {
      Devices: options.devices.map((device) => ({ ...device })),
    }),
  }
}

function portBindingsOf(work: Work, address: string): PortMap {
  const bindings: Record<string, PortBinding[]> = {}
  work.run.ports?.forEach((port, i) => {
    const hostPort = work.hostPorts[i] ?? port.hostPort ?? 0
    const binding = { HostIp: address, HostPort: hostPort === 0 ? '' : String(hostPort) }
    const key = `${port.port}/${port.protocol}`
    bindings[key] = [...(bindings[key] ?? []), binding]
  })
  return bindings
}

function aliasesOf({ step, run }: Work): string[] {
  return [...new Set([step, ...(run.network?.aliases ?? [])])]
}

function healthcheckOf(health: NonNullable<Work['run']['health']>): NonNullable<ContainerCreateOptions['Healthcheck']> {
  return {
    Test: ['CMD', ...health.argv],
    Interval: health.intervalMs * NANOS_PER_MS,
    Timeout: health.timeoutMs * NANOS_PER_MS,
    Retries: health.retries,
    StartPeriod: health.startPeriodMs * NANOS_PER_MS,
  }
}
