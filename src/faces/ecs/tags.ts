import { invalidParameter } from './errors.ts'
import { list, oneOf, structure, text, type ValueOf } from './wire/shape.ts'

const tagShape = structure({ key: text, value: text })
export const tagsShape = list(tagShape)
export type TagInput = ValueOf<typeof tagShape>

export interface Tag {
  readonly key: string
  readonly value: string
}

export const tagKeysShape = list(text)
export const includeTagsShape = list(oneOf('TAGS'))

const MAX_TAGS = 50
const CHARACTERS = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u

/** Checked tags, last one of a key wins never: twice the same key is refused. Limits: 50, key 128, value 256. */
export function checkedTags(given: readonly TagInput[] | undefined, existing: readonly Tag[] = []): readonly Tag[] {
  const tags = (given ?? []).map(checkedTag)
  const keys = new Set(tags.map((t) => t.key))
  if (keys.size < tags.length)
    // Text: terraform-provider-aws#32259.
    throw invalidParameter('Multiple tags contain the same key.')
  const merged = [...existing.filter((t) => !keys.has(t.key)), ...tags]
  if (merged.length > MAX_TAGS) throw invalidParameter(`Too many tags, the limit is ${MAX_TAGS} tags.`)
  return merged
}

function checkedTag(tag: TagInput): Tag {
  const key = tag.key ?? ''
  const value = tag.value ?? ''
  if (key === '' || key.length > 128) throw invalidParameter('Tag key must be between 1 and 128 characters.')
  if (value.length > 256) throw invalidParameter('Tag value must be at most 256 characters.')
  if (/^aws:/i.test(key)) throw invalidParameter('Tag keys starting with aws: are reserved.')
  if (!CHARACTERS.test(key) || !CHARACTERS.test(value)) throw invalidParameter('Tag contains invalid characters.')
  return { key, value }
}
