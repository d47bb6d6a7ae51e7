import { readFileSync } from 'node:fs'
import { arch, availableParallelism, cpus, hostname, totalmem } from 'node:os'
import type { Machine } from '../engine/create-engine.ts'

/** Dynamic ports where the kernel does not say which it uses. */
const FALLBACK_PORTS: readonly [number, number] = [49_153, 65_535]
/** Ports that stay the machine's own: ssh and container engines. */
const RESERVED_PORTS: readonly string[] = ['tcp/22', 'tcp/2375', 'tcp/2376']
/** Open allocations at most: bounded by processes and file descriptors, not by CPU. */
const DEFAULT_SLOTS = 10_000

/** This machine as a node. */
export function thisMachine(
  overrides: { readonly cpuUnits?: number; readonly memoryBytes?: number; readonly slots?: number } = {},
): Machine {
  return {
    name: hostname(),
    capacity: {
      cpuUnits: overrides.cpuUnits ?? availableParallelism() * 1024,
      memoryBytes: overrides.memoryBytes ?? totalmem(),
      portRange: dynamicPorts(),
      reservedPorts: RESERVED_PORTS,
      slots: overrides.slots ?? DEFAULT_SLOTS,
    },
    attributes: {
      'os.type': 'linux',
      'cpu.architecture': arch() === 'x64' ? 'x86_64' : arch(),
      'cpu.model': cpus()[0]?.model ?? '',
    },
  }
}

function dynamicPorts(): readonly [number, number] {
  try {
    const [from, to] = readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8').trim().split(/\s+/).map(Number)
    return from && to ? [from, to] : FALLBACK_PORTS
  } catch {
    return FALLBACK_PORTS
  }
}
