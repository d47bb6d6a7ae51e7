import type { NodeCapacity } from '../../../../core/node.ts'
import { idWithin } from '../../arn.ts'
import { activeCluster } from '../../cluster/cluster.ts'
import { CLUSTER_ATTRIBUTE, INSTANCE_ATTRIBUTE } from '../../cluster-query/compile-query.ts'
import { clientException, invalidParameter } from '../../errors.ts'
import { attributesShape, checkedAttributes } from '../../instance/attributes.ts'
import { builtInAttributes, instancesOf } from '../../instance/container-instance.ts'
import { instanceIdOf } from '../../instance/instance-id.ts'
import { presentInstance } from '../../instance/present-instance.ts'
import { saveInstance } from '../../instance/save-instance.ts'
import { type Call, operation } from '../../operation.ts'
import { checkedTags, tagsShape } from '../../tags.ts'
import { double, integer, list, long, oneOf, structure, text, type ValueOf } from '../../wire/shape.ts'

const resourceShape = structure({
  name: text,
  type: text,
  doubleValue: double,
  longValue: long,
  integerValue: integer,
  stringSetValue: list(text),
})
const input = structure({
  cluster: text,
  instanceIdentityDocument: text,
  instanceIdentityDocumentSignature: text,
  totalResources: list(resourceShape),
  versionInfo: structure({ agentVersion: text, agentHash: text, dockerVersion: text }),
  containerInstanceArn: text,
  attributes: attributesShape,
  platformDevices: list(structure({ id: text, type: oneOf('GPU') }, ['id', 'type'])),
  tags: tagsShape,
})
type RegisterInput = ValueOf<typeof input>

const MIB = 2 ** 20

/**
 * A logical node on this machine, whose capacity is counted on its own. Registering again renews what is said of it, and
 * leaves the rest.
 */
export const registerContainerInstance = operation('RegisterContainerInstance', input, async (call, given) => {
  const cluster = await activeCluster(call, given.cluster)
  const attributes = checkedAttributes(given.attributes ?? [])
  const identity = identityOf(given.instanceIdentityDocument)
  const tags = given.tags && checkedTags(given.tags)
  const id = given.containerInstanceArn
    ? await renewed(call, cluster.name, given.containerInstanceArn, attributes)
    : await registered(call, cluster.name, given, identity, attributes)
  await saveInstance(call, { id }, (before) => ({
    ...before,
    ...(identity && { ec2InstanceId: identity }),
    ...(given.versionInfo && { versionInfo: given.versionInfo }),
    ...(tags && { tags }),
  }))
  const instance = (await instancesOf(call, cluster.name)).find((i) => i.id === id)
  if (!instance) throw clientException('The referenced container instance was not found.')
  return { containerInstance: presentInstance(call, instance, true) }
})

type Attributes = Readonly<Record<string, string>>

async function registered(
  call: Call,
  cluster: string,
  given: RegisterInput,
  identity: string | undefined,
  attributes: Attributes,
): Promise<string> {
  const machine = (await call.engine.nodes(call.tenant)).find(({ node }) => node.tenant === undefined)
  const builtIn = machine ? builtInAttributes(call, machine) : {}
  const node = await call.engine.registerNode(call.tenant, {
    name: identity ?? `${cluster}-instance`,
    capacity: capacityOf(given.totalResources ?? []),
    attributes: { ...builtIn, ...attributes, [CLUSTER_ATTRIBUTE]: cluster },
  })
  const id = instanceIdOf(call.tenant, node.id)
  await call.engine.setNodeAttributes(call.tenant, node.id, { [INSTANCE_ATTRIBUTE]: id }, [])
  return id
}

async function renewed(call: Call, cluster: string, given: string, attributes: Attributes): Promise<string> {
  const id = idWithin(call.home, 'container-instance', given, cluster)
  const found = (await instancesOf(call, cluster)).find((i) => i.id === id)
  if (!found) throw clientException('The referenced container instance was not found.')
  // Text: amazon-ecs-agent#583.
  if (found.status === 'INACTIVE') throw clientException(`Container instance ${id} is inactive.`)
  if (!found.machine) await call.engine.setNodeAttributes(call.tenant, found.nodeId, attributes, [])
  return id
}

/** CPU in units, MEMORY in MiB, PORTS that must not be used. What is not said is as on the machine. */
function capacityOf(resources: NonNullable<RegisterInput['totalResources']>): Partial<NodeCapacity> {
  const number = (name: string): number | undefined => {
    const value = resources.find((r) => r.name === name)
    const given = value?.integerValue || value?.longValue || value?.doubleValue
    if (given !== undefined && given < 0) throw invalidParameter(`Resource ${name} cannot be negative.`)
    return value && (given ?? 0)
  }
  const ports = (name: string, protocol: string): readonly string[] =>
    resources.find((r) => r.name === name)?.stringSetValue?.map((p) => `${protocol}/${p}`) ?? []
  const [cpu, memory] = [number('CPU'), number('MEMORY')]
  const reserved = [...ports('PORTS', 'tcp'), ...ports('PORTS_UDP', 'udp')]
  return {
    ...(cpu !== undefined && { cpuUnits: cpu }),
    ...(memory !== undefined && { memoryBytes: memory * MIB }),
    ...(reserved.length > 0 && { reservedPorts: reserved }),
  }
}

/** `instanceId` of the identity document, which is JSON in a string. */
function identityOf(document: string | undefined): string | undefined {
  if (document === undefined || document === '') return undefined
  try {
    const { instanceId } = JSON.parse(document) as { readonly instanceId?: unknown }
    return typeof instanceId === 'string' && instanceId !== '' ? instanceId : undefined
  } catch {
    throw clientException('The instance identity document is not valid JSON.')
  }
}
