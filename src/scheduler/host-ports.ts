import type { AllocatedPort } from '../core/execution.ts'
import type { NodeCapacity } from '../core/node.ts'
import type { Candidate, WantedPort } from './snapshot.ts'

/** Says whether a port, as `tcp/8080`, cannot be given away: taken, or reserved. */
export type IsTaken = (port: string) => boolean

export const portKey = (protocol: 'tcp' | 'udp', port: number): string => `${protocol}/${port}`

/**
 * Host ports for a candidate on a node, in the order it wants them; a string says which cannot be had. Fixed ones first.
 * The others come from the node's range, beginning at a place that follows from the execution: the same execution gets
 * the same ports, neighbours seldom collide, and a port just given back is not given out at once.
 */
export function choosePorts(
  candidate: Candidate,
  capacity: NodeCapacity,
  isTaken: IsTaken,
): readonly AllocatedPort[] | string {
  const given = new Set<string>()
  const isFree = (key: string): boolean => !given.has(key) && !isTaken(key)
  for (const { protocol, hostPort } of candidate.ports) {
    if (hostPort === 0) continue
    const key = portKey(protocol, hostPort)
    if (!isFree(key)) return key
    given.add(key)
  }
  const ports: AllocatedPort[] = []
  for (const wanted of candidate.ports) {
    const hostPort = wanted.hostPort === 0 ? freePort(candidate, wanted, capacity, isFree) : wanted.hostPort
    if (hostPort === undefined) return `any ${wanted.protocol} port`
    given.add(portKey(wanted.protocol, hostPort))
    ports.push({ step: wanted.step, index: wanted.index, hostPort, protocol: wanted.protocol })
  }
  return ports
}

function freePort(
  candidate: Candidate,
  wanted: WantedPort,
  { portRange }: NodeCapacity,
  isFree: IsTaken,
): number | undefined {
  const [first, last] = portRange
  const size = last - first + 1
  const begin = spread(`${candidate.execution}/${wanted.step}/${wanted.index}`)
  for (let tried = 0; tried < size; tried++) {
    const port = first + ((begin + tried) % size)
    if (isFree(portKey(wanted.protocol, port))) return port
  }
  return undefined
}

/** FNV-1a, 32 bits. */
function spread(text: string): number {
  let hash = 0x811c9dc5
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193)
  return hash >>> 0
}
