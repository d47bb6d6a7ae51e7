/**
 * Container instances: the engine's nodes in this account and region. A registered one is a logical node of the tenant,
 * whose cluster stands in a node attribute. The machine itself is shared by all tenants: what one account does to it
 * (attributes, draining, tags) stays in that account's document and never touches the node.
 */
import type { NodeId } from '../../../core/identity.ts'
import type { Instant } from '../../../core/instant.ts'
import type { NodeWithUse } from '../../../engine/engine.ts'
import { allDocuments } from '../../kit/documents.ts'
import { CLUSTER_ATTRIBUTE, INSTANCE_ATTRIBUTE } from '../cluster-query/compile-query.ts'
import type { QueryTarget } from '../cluster-query/query-target.ts'
import { COLLECTIONS } from '../documents.ts'
import type { Call } from '../operation.ts'
import type { Tag } from '../tags.ts'
import { instanceIdOf, machineIdOf } from './instance-id.ts'
import { loadOf, NO_LOAD } from './instance-load.ts'

export type InstanceStatus = 'ACTIVE' | 'DRAINING' | 'INACTIVE'

/** What a client said about an instance. */
export interface InstanceDocument {
  readonly ec2InstanceId?: string
  readonly versionInfo?: {
    readonly agentVersion?: string
    readonly agentHash?: string
    readonly dockerVersion?: string
  }
  /** The machine's, as this account sees it; a logical node's is the node's own state. */
  readonly status?: InstanceStatus
  readonly attributes: Readonly<Record<string, string>>
  readonly tags: readonly Tag[]
}

export interface ContainerInstance extends QueryTarget {
  readonly node: NodeWithUse
  readonly nodeId: NodeId
  readonly cluster: string
  /** Whether it is the machine that all tenants share. */
  readonly machine: boolean
  readonly status: InstanceStatus
  readonly pendingTasksCount: number
  readonly tags: readonly Tag[]
  readonly registeredAt: Instant
  readonly document: InstanceDocument
}

export const AGENT_VERSION = '1.90.0'

/** Those of one cluster, or all. The machine belongs to `default`. Uncounted: without looking at the tasks on them. */
export async function instancesOf(
  call: Call,
  cluster?: string,
  counted: 'counted' | 'uncounted' = 'counted',
): Promise<readonly ContainerInstance[]> {
  const [nodes, documents] = await Promise.all([
    call.engine.nodes(call.tenant),
    allDocuments<InstanceDocument>(call.engine, call.tenant, COLLECTIONS.instance),
  ])
  const byId = new Map(documents.map((d) => [d.key, d.body]))
  const wanted = nodes.filter((n) => cluster === undefined || clusterOf(n) === cluster)
  return Promise.all(wanted.map((n) => instanceOf(call, n, byId.get(instanceIdOf(call.tenant, n.node.id)), counted)))
}

const clusterOf = ({ node }: NodeWithUse): string =>
  node.tenant === undefined ? 'default' : (node.attributes[CLUSTER_ATTRIBUTE] ?? '')

const NOTHING_SAID: InstanceDocument = { attributes: {}, tags: [] }

async function instanceOf(
  call: Call,
  found: NodeWithUse,
  known = NOTHING_SAID,
  counted: 'counted' | 'uncounted',
): Promise<ContainerInstance> {
  const { node } = found
  const machine = node.tenant === undefined
  const ec2InstanceId = known.ec2InstanceId ?? machineIdOf(call.tenant, node.id)
  return {
    id: instanceIdOf(call.tenant, node.id),
    node: found,
    nodeId: node.id,
    cluster: clusterOf(found),
    machine,
    status: statusOf(found, machine ? known.status : undefined),
    attributes: machine ? { ...builtInAttributes(call, found), ...known.attributes } : userAttributes(node.attributes),
    agentConnected: node.state !== 'gone',
    agentVersion: known.versionInfo?.agentVersion ?? AGENT_VERSION,
    ec2InstanceId,
    registeredAt: node.registeredAt,
    tags: known.tags,
    document: known,
    ...(counted === 'counted' ? await loadOf(call, found, clusterOf(found)) : NO_LOAD),
  }
}

function statusOf({ node }: NodeWithUse, said: InstanceStatus | undefined): InstanceStatus {
  if (node.state === 'gone') return 'INACTIVE'
  return said ?? (node.state === 'draining' ? 'DRAINING' : 'ACTIVE')
}

/** Attributes that every instance has (reference ecs.md 3.5). */
export function builtInAttributes(call: Call, { node }: Pick<NodeWithUse, 'node'>): Readonly<Record<string, string>> {
  return {
    'ecs.ami-id': 'ami-taskport',
    'ecs.availability-zone': `${call.home.region}a`,
    'ecs.instance-type': 'taskport.machine',
    'ecs.os-type': 'linux',
    'ecs.os-family': 'LINUX',
    'ecs.cpu-architecture': node.attributes['cpu.architecture'] ?? 'x86_64',
    'ecs.vpc-id': 'vpc-taskport',
    'ecs.subnet-id': 'subnet-taskport',
    'com.amazonaws.ecs.capability.docker-remote-api.1.24': '',
    'com.amazonaws.ecs.capability.logging-driver.awslogs': '',
    'ecs.capability.container-ordering': '',
  }
}

const userAttributes = (all: Readonly<Record<string, string>>): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(all).filter(([name]) => name !== CLUSTER_ATTRIBUTE && name !== INSTANCE_ATTRIBUTE))

/** Whether something there can run a container's image; the process executor cannot. */
export const runsImages = (instances: readonly ContainerInstance[]): boolean =>
  instances.some((i) => i.node.node.executors.some((kind) => kind !== 'process'))
