import { type EcsArn, isArn, parseArn } from '../../arn.ts'
import { changeCluster, findCluster } from '../../cluster/cluster.ts'
import { AwsError, clusterNotFound, invalidParameter } from '../../errors.ts'
import { instanceFinder } from '../../instance/find-instance.ts'
import { saveInstance } from '../../instance/save-instance.ts'
import { type Call, operation } from '../../operation.ts'
import { checkedTags, type Tag, tagKeysShape, tagsShape } from '../../tags.ts'
import { findTask } from '../../task/find-task.ts'
import { changeTagsOfTask, tagsOfTask } from '../../task/task-tags.ts'
import { changeDefinition, definitionName, findDefinition } from '../../task-definition/definition-store.ts'
import { structure, text } from '../../wire/shape.ts'

/** Something that bears tags. */
interface Tagged {
  readonly tags: readonly Tag[]
  /** Atomically: two clients at once both get their tags. `change` may throw to refuse. */
  readonly change: (change: (before: readonly Tag[]) => readonly Tag[]) => Promise<unknown>
}

export const tagResource = operation(
  'TagResource',
  structure({ resourceArn: text, tags: tagsShape }),
  async (call, given) => {
    const tagged = await taggedOf(call, given.resourceArn)
    const { tags } = given
    if (tags === undefined) throw invalidParameter('tags must not be null')
    await tagged.change((before) => checkedTags(tags, before))
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
    await tagged.change((before) => before.filter((t) => !tagKeys.includes(t.key)))
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
    change: (change) => changeCluster(call, name, (before = cluster) => ({ ...before, tags: change(before.tags) })),
  }
}

async function taggedDefinition(call: Call, given: string): Promise<Tagged> {
  const { family, revision } = definitionName(call.home, given)
  const found = revision === undefined ? undefined : await findDefinition(call, { family, revision })
  if (!found || revision === undefined) throw invalidParameter('The specified task definition is not found.')
  return {
    tags: found.body.tags,
    change: (change) =>
      changeDefinition(call, { family, revision }, (before) => ({ ...before, tags: change(before.tags) })),
  }
}

async function taggedTask(call: Call, arn: EcsArn): Promise<Tagged> {
  const e = await findTask(call, arn.path[0]!, arn.path[1]!)
  if (!e) throw notFound('task')
  return {
    tags: await tagsOfTask(call, e),
    change: (change) => changeTagsOfTask(call, e, change),
  }
}

async function taggedInstance(call: Call, arn: EcsArn): Promise<Tagged> {
  const instance = (await instanceFinder(call, arn.path[0]!))(arn.path[1]!)
  if (!instance) throw notFound('container instance')
  return {
    tags: instance.tags,
    change: (change) => saveInstance(call, instance, (before) => ({ ...before, tags: change(before.tags) })),
  }
}
