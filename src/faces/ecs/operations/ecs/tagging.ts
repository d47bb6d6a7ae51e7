import { put } from '../../../kit/documents.ts'
import { type EcsArn, isArn, parseArn } from '../../arn.ts'
import { changeCluster, findCluster } from '../../cluster/cluster.ts'
import { COLLECTIONS } from '../../documents.ts'
import { AwsError, clusterNotFound, invalidParameter } from '../../errors.ts'
import { instanceFinder } from '../../instance/find-instance.ts'
import { saveInstance } from '../../instance/save-instance.ts'
import { type Call, operation } from '../../operation.ts'
import { checkedTags, type Tag, tagKeysShape, tagsShape } from '../../tags.ts'
import { findTask } from '../../task/find-task.ts'
import { tagsOfTask } from '../../task/task-tags.ts'
import { changeDefinition, definitionName, findDefinition } from '../../task-definition/definition-store.ts'
import { structure, text } from '../../wire/shape.ts'

/** Something that bears tags. */
interface Tagged {
  readonly tags: readonly Tag[]
  readonly save: (tags: readonly Tag[]) => Promise<unknown>
}

export const tagResource = operation(
  'TagResource',
  structure({ resourceArn: text, tags: tagsShape }),
  async (call, given) => {
    const tagged = await taggedOf(call, given.resourceArn)
    if (given.tags === undefined) throw invalidParameter('tags must not be null')
    await tagged.save(checkedTags(given.tags, tagged.tags))
    return {}
  },
)

export const untagResource = operation(
  'UntagResource',
  structure({ resourceArn: text, tagKeys: tagKeysShape }),
  async (call, given) => {
    const tagged = await taggedOf(call, given.resourceArn)
    const { tagKeys } = given
    if (tagKeys === undefined) throw invalidParameter('tagKeys must not be null')
    await tagged.save(tagged.tags.filter((t) => !tagKeys.includes(t.key)))
    return {}
  },
)

export const listTagsForResource = operation(
  'ListTagsForResource',
  structure({ resourceArn: text }),
  async (call, given) => ({ tags: (await taggedOf(call, given.resourceArn)).tags }),
)

async function taggedOf(call: Call, given: string | undefined): Promise<Tagged> {
  if (given === undefined || !isArn(given)) throw invalidParameter('The ARN provided is invalid.')
  const arn = parseArn(call.home, given)
  if (arn.account !== call.home.account) throw invalidParameter('The ARN provided is invalid.')
  if (['task', 'container-instance'].includes(arn.kind) && arn.path.length === 1)
    throw invalidParameter('Long arn format must be used for tagging operations')
  if (arn.kind === 'cluster') return taggedCluster(call, arn)
  if (arn.kind === 'task-definition') return taggedDefinition(call, given)
  if (arn.kind === 'task') return taggedTask(call, arn)
  if (arn.kind === 'container-instance') return taggedInstance(call, arn)
  throw invalidParameter('The ARN provided is invalid.')
}

const notFound = (what: string): AwsError =>
  new AwsError('ResourceNotFoundException', `The specified ${what} is not found.`)

async function taggedCluster(call: Call, arn: EcsArn): Promise<Tagged> {
  const name = arn.path[0]!
  const cluster = await findCluster(call, name)
  if (!cluster) throw clusterNotFound()
  if (cluster.status === 'INACTIVE')
    throw invalidParameter('The specified cluster is inactive. Specify an active cluster and try again.')
  return {
    tags: cluster.tags,
    save: (tags) => changeCluster(call, name, (before) => ({ ...(before ?? cluster), tags })),
  }
}

async function taggedDefinition(call: Call, given: string): Promise<Tagged> {
  const { family, revision } = definitionName(call.home, given)
  const found = revision === undefined ? undefined : await findDefinition(call, { family, revision })
  if (!found || revision === undefined) throw invalidParameter('The specified task definition is not found.')
  return {
    tags: found.body.tags,
    save: (tags) => changeDefinition(call, { family, revision }, (before) => ({ ...before, tags })),
  }
}

async function taggedTask(call: Call, arn: EcsArn): Promise<Tagged> {
  const e = await findTask(call, arn.path[0]!, arn.path[1]!)
  if (!e) throw notFound('task')
  return {
    tags: await tagsOfTask(call, e),
    save: (tags) => call.engine.saveDocuments([put(call.tenant, COLLECTIONS.taskTags, e.id, { tags })]),
  }
}

async function taggedInstance(call: Call, arn: EcsArn): Promise<Tagged> {
  const instance = (await instanceFinder(call, arn.path[0]!))(arn.path[1]!)
  if (!instance) throw notFound('container instance')
  return { tags: instance.tags, save: (tags) => saveInstance(call, instance, (before) => ({ ...before, tags })) }
}
