import { instanceArn } from '../../arn.ts'
import { activeCluster } from '../../cluster/cluster.ts'
import { AwsError, invalidParameter } from '../../errors.ts'
import {
  type AttributeInput,
  attributeLimit,
  attributesShape,
  checkAttribute,
  MAX_ATTRIBUTES,
} from '../../instance/attributes.ts'
import { type ContainerInstance, instancesOf } from '../../instance/container-instance.ts'
import { instanceFinder } from '../../instance/find-instance.ts'
import { saveInstance } from '../../instance/save-instance.ts'
import { type Call, operation } from '../../operation.ts'
import { pageOfNames, pageSize } from '../../wire/page-token.ts'
import { integer, oneOf, structure, text } from '../../wire/shape.ts'

const changeInput = structure({ cluster: text, attributes: attributesShape })
const listInput = structure({
  cluster: text,
  targetType: oneOf('container-instance'),
  attributeName: text,
  attributeValue: text,
  maxResults: integer,
  nextToken: text,
})

type Targeted = { readonly attribute: AttributeInput; readonly instance: ContainerInstance }

export const putAttributes = operation('PutAttributes', changeInput, async (call, given) => {
  const targets = await targetsOf(call, given.cluster, given.attributes)
  for (const { attribute } of targets) checkAttribute(attribute.name, attribute.value ?? '')
  for (const [instance, attributes] of byInstance(targets)) {
    const set = Object.fromEntries(attributes.map((a) => [a.name, a.value ?? '']))
    const custom = Object.keys({ ...instance.attributes, ...set }).filter(
      (name) => !/^(com\.amazonaws\.)?ecs\./.test(name),
    )
    if (custom.length > MAX_ATTRIBUTES) throw attributeLimit()
    await changeAttributes(call, instance, set, [])
  }
  return { attributes: targets.map((t) => present(call, t)) }
})

export const deleteAttributes = operation('DeleteAttributes', changeInput, async (call, given) => {
  const targets = await targetsOf(call, given.cluster, given.attributes)
  for (const [instance, attributes] of byInstance(targets)) {
    const names = attributes
      .filter((a) => a.value === undefined || instance.attributes[a.name] === a.value)
      .map((a) => a.name)
    await changeAttributes(call, instance, {}, names)
  }
  return { attributes: targets.map((t) => present(call, t)) }
})

/** The machine's attributes are this account's own; a registered instance's are its node's, where placing looks. */
async function changeAttributes(
  call: Call,
  instance: ContainerInstance,
  set: Readonly<Record<string, string>>,
  remove: readonly string[],
): Promise<void> {
  if (!instance.machine) {
    await call.engine.setNodeAttributes(call.tenant, instance.nodeId, set, remove)
    return
  }
  await saveInstance(call, instance, (before) => {
    const kept = Object.entries({ ...before.attributes, ...set }).filter(([name]) => !remove.includes(name))
    return { ...before, attributes: Object.fromEntries(kept) }
  })
}

async function targetsOf(
  call: Call,
  given: string | undefined,
  attributes: readonly AttributeInput[] = [],
): Promise<readonly Targeted[]> {
  const cluster = await activeCluster(call, given)
  if (attributes.length === 0) throw invalidParameter('attributes can not be empty.')
  if (attributes.length > 10) throw invalidParameter('attributes can have at most 10 items.')
  const find = await instanceFinder(call, cluster.name)
  return attributes.map((attribute) => {
    const instance = attribute.targetId === undefined ? undefined : find(attribute.targetId)
    if (!instance) throw new AwsError('TargetNotFoundException', `Could not find ${attribute.targetId ?? ''}`)
    return { attribute, instance }
  })
}

function byInstance(targets: readonly Targeted[]): ReadonlyMap<ContainerInstance, readonly AttributeInput[]> {
  const grouped = new Map<ContainerInstance, AttributeInput[]>()
  for (const { instance, attribute } of targets) grouped.set(instance, [...(grouped.get(instance) ?? []), attribute])
  return grouped
}

const present = (call: Call, { attribute, instance }: Targeted): object => ({
  name: attribute.name,
  ...(attribute.value !== undefined && { value: attribute.value }),
  targetType: 'container-instance',
  targetId: instanceArn(call.home, instance.cluster, instance.id),
})

export const listAttributes = operation('ListAttributes', listInput, async (call, given) => {
  if (given.targetType === undefined) throw invalidParameter('targetType must not be null')
  const cluster = await activeCluster(call, given.cluster)
  const instances = (await instancesOf(call, cluster.name)).filter((i) => i.status !== 'INACTIVE')
  const all = instances.flatMap((i) =>
    Object.entries(i.attributes).map(([name, value]) => ({ name, value, instance: i })),
  )
  const wanted = all.filter(
    (a) =>
      (given.attributeName === undefined || a.name === given.attributeName) &&
      (given.attributeValue === undefined || a.value === given.attributeValue),
  )
  const byKey = new Map(wanted.map((a) => [`${a.name} ${a.instance.id}`, a]))
  const { names, nextToken } = pageOfNames(
    'attributes',
    [...byKey.keys()].sort(),
    pageSize(given.maxResults),
    given.nextToken,
  )
  const attributes = names.map((key) => {
    const { name, value, instance } = byKey.get(key)!
    return { name, ...(value !== '' && { value }), targetId: instanceArn(call.home, cluster.name, instance.id) }
  })
  return { attributes, ...(nextToken && { nextToken }) }
})
