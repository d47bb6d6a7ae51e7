import { instanceArn } from '../arn.ts'
import type { Call } from '../operation.ts'
import { seconds } from '../task/present-task.ts'
import type { ContainerInstance } from './container-instance.ts'
import { versionInfoOf } from './version-info.ts'

const MIB = 2 ** 20
/** What an ECS-optimised machine keeps for itself. */
const AGENT_PORTS = ['22', '2375', '2376', '51678', '51679', '51680']

export function presentInstance(call: Call, instance: ContainerInstance, withTags: boolean): object {
  const { node, use } = instance.node
  const reserved = portsOf('tcp', node.capacity.reservedPorts)
  return {
    containerInstanceArn: instanceArn(call.home, instance.cluster, instance.id),
    ec2InstanceId: instance.ec2InstanceId,
    version: node.version,
    versionInfo: versionInfoOf(instance),
    registeredResources: resources(node.capacity.cpuUnits, node.capacity.memoryBytes, AGENT_PORTS, []),
    remainingResources: resources(
      node.capacity.cpuUnits - use.cpuUnits,
      node.capacity.memoryBytes - use.memoryBytes,
      [...new Set([...AGENT_PORTS, ...reserved, ...portsOf('tcp', use.ports)])],
      portsOf('udp', use.ports),
    ),
    status: instance.status,
    agentConnected: instance.agentConnected,
    runningTasksCount: instance.runningTasksCount,
    pendingTasksCount: instance.pendingTasksCount,
    attributes: Object.entries(instance.attributes).map(([name, value]) => (value === '' ? { name } : { name, value })),
    registeredAt: seconds(node.registeredAt),
    attachments: [],
    tags: withTags ? instance.tags : [],
  }
}

/** PORTS are those already taken: AWS counts what is not free here. */
function resources(
  cpu: number,
  memoryBytes: number,
  tcp: readonly string[],
  udp: readonly string[],
): readonly object[] {
  const number = (name: string, value: number): object => ({
    name,
    type: 'INTEGER',
    doubleValue: 0,
    longValue: 0,
    integerValue: Math.max(0, Math.floor(value)),
  })
  const set = (name: string, stringSetValue: readonly string[]): object => ({
    name,
    type: 'STRINGSET',
    doubleValue: 0,
    longValue: 0,
    integerValue: 0,
    stringSetValue,
  })
  return [number('CPU', cpu), number('MEMORY', memoryBytes / MIB), set('PORTS', tcp), set('PORTS_UDP', udp)]
}

const portsOf = (protocol: 'tcp' | 'udp', ports: Iterable<string>): readonly string[] =>
  [...ports].filter((p) => p.startsWith(`${protocol}/`)).map((p) => p.slice(4))
