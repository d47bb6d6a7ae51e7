/** Tags of log groups: by resource, and by name as older clients do. Terraform reads them after it made a group. */
import { invalidParameter } from '../../errors.ts'
import { changeGroup, findGroup, type GroupReference } from '../../logs/find-group.ts'
import type { LogGroup } from '../../logs/log-group.ts'
import { groupIdentifierShape, groupNameShape } from '../../logs/log-shapes.ts'
import { type Call, operation } from '../../operation.ts'
import { list, map, structure, text } from '../../wire/shape.ts'

type Tags = LogGroup['tags']

const MOST_TAGS = 50

const ofResource = (resourceArn: string | undefined): GroupReference => {
  if (resourceArn === undefined) throw invalidParameter('resourceArn must not be null')
  return { logGroupIdentifier: resourceArn }
}

const tagsOf = async (call: Call, group: GroupReference): Promise<object> => ({
  tags: (await findGroup(call, group)).tags,
})

async function tag(call: Call, which: GroupReference, tags: Tags | undefined): Promise<object> {
  if (tags === undefined || Object.keys(tags).length === 0) throw invalidParameter('tags can not be empty.')
  await changeGroup(call, which, (before) => ({ ...before, tags: atMost(MOST_TAGS, { ...before.tags, ...tags }) }))
  return {}
}

function atMost(most: number, tags: Tags): Tags {
  if (Object.keys(tags).length > most) throw invalidParameter(`A log group can have at most ${most} tags.`)
  return tags
}

async function untag(call: Call, which: GroupReference, keys: readonly string[] | undefined): Promise<object> {
  if (keys === undefined || keys.length === 0) throw invalidParameter('tag keys can not be empty.')
  const without = (tags: Tags): Tags => Object.fromEntries(Object.entries(tags).filter(([key]) => !keys.includes(key)))
  await changeGroup(call, which, (before) => ({ ...before, tags: without(before.tags) }))
  return {}
}

export const listTagsForLogResource = operation(
  'ListTagsForResource',
  structure({ resourceArn: groupIdentifierShape }),
  (call, given) => tagsOf(call, ofResource(given.resourceArn)),
)

export const tagLogResource = operation(
  'TagResource',
  structure({ resourceArn: groupIdentifierShape, tags: map() }),
  (call, given) => tag(call, ofResource(given.resourceArn), given.tags),
)

export const untagLogResource = operation(
  'UntagResource',
  structure({ resourceArn: groupIdentifierShape, tagKeys: list(text) }),
  (call, given) => untag(call, ofResource(given.resourceArn), given.tagKeys),
)

export const listTagsLogGroup = operation(
  'ListTagsLogGroup',
  structure({ logGroupName: groupNameShape }),
  (call, given) => tagsOf(call, given),
)

export const tagLogGroup = operation(
  'TagLogGroup',
  structure({ logGroupName: groupNameShape, tags: map() }),
  (call, given) => tag(call, { ...given }, given.tags),
)

export const untagLogGroup = operation(
  'UntagLogGroup',
  structure({ logGroupName: groupNameShape, tags: list(text) }),
  (call, given) => untag(call, { ...given }, given.tags),
)
