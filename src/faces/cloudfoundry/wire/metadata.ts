/** Labels and annotations: their alphabet, their limits, and Cloud Controller's words about them. */
import { isObject, type Problems } from './message.ts'

export interface Metadata {
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
}

export const NO_METADATA: Metadata = { labels: {}, annotations: {} }

/** What a request changes: null deletes. */
export interface MetadataChange {
  readonly labels: Readonly<Record<string, string | null>>
  readonly annotations: Readonly<Record<string, string | null>>
}

const MOST_LABELS = 50
const MOST_ANNOTATIONS = 200
const LONGEST_ANNOTATION = 5_000
const LONGEST_NAME = 63
const LONGEST_PREFIX = 253

export function parseMetadata(value: unknown, problems: Problems): MetadataChange {
  const none: MetadataChange = { labels: {}, annotations: {} }
  if (value === undefined) return none
  if (!isObject(value)) return problems.instead('Metadata must be an object', none)
  const unknown = Object.keys(value).filter((key) => key !== 'labels' && key !== 'annotations')
  if (unknown.length > 0)
    problems.add(`Metadata has unexpected field(s): ${unknown.map((key) => `'${key}'`).join(' ')}`)
  return {
    labels: parsePairs(value.labels, 'label', problems),
    annotations: parsePairs(value.annotations, 'annotation', problems),
  }
}

function parsePairs(
  value: unknown,
  kind: 'label' | 'annotation',
  problems: Problems,
): Readonly<Record<string, string | null>> {
  if (value === undefined || value === null) return {}
  if (!isObject(value)) return problems.instead(`Metadata '${kind}s' is not an object`, {})
  const pairs: Record<string, string | null> = {}
  for (const [key, given] of Object.entries(value)) {
    const wrongKey = keyProblem(key)
    if (wrongKey) problems.add(`Metadata ${kind} key error: ${wrongKey}`)
    const wrongValue = given === null ? undefined : valueProblem(given, kind)
    if (wrongValue) problems.add(`Metadata ${kind} value error: ${wrongValue}`)
    pairs[key] = given === null ? null : String(given)
  }
  return pairs
}

function keyProblem(key: string): string | undefined {
  const [name = '', prefix, ...more] = key.split('/').reverse()
  if (more.length > 0) return `key has more than one '/'`
  if (prefix !== undefined) {
    if (prefix.length > LONGEST_PREFIX) return `prefix '${prefix.slice(0, 8)}...' is greater than 253 characters`
    if (!/^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/i.test(prefix))
      return `prefix '${prefix}' must be in valid dns format`
    if (prefix.toLowerCase() === 'cloudfoundry.org') return `prefix 'cloudfoundry.org' is reserved`
  }
  if (name === '') return 'key cannot be empty string'
  if (name.length > LONGEST_NAME) return `'${name.slice(0, 8)}...' is greater than 63 characters`
  return wordProblem(name)
}

function wordProblem(word: string): string | undefined {
  if (!/^[A-Za-z0-9_.-]*$/.test(word)) return `'${word}' contains invalid characters`
  return /^[A-Za-z0-9]([\s\S]*[A-Za-z0-9])?$/.test(word)
    ? undefined
    : `'${word}' starts or ends with invalid characters`
}

function valueProblem(value: unknown, kind: 'label' | 'annotation'): string | undefined {
  if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean')
    return 'value is not a string'
  const text = String(value)
  if (kind === 'annotation')
    return text.length > LONGEST_ANNOTATION ? `'${text.slice(0, 8)}...' is greater than 5000 characters` : undefined
  if (text.length > LONGEST_NAME) return `'${text.slice(0, 8)}...' is greater than 63 characters`
  return text === '' ? undefined : wordProblem(text)
}

/** The metadata after a change; tells when there would be too much of it. */
export function changedMetadata(before: Metadata, change: MetadataChange, problems?: Problems): Metadata {
  const labels = changedPairs(before.labels, change.labels)
  const annotations = changedPairs(before.annotations, change.annotations)
  if (Object.keys(labels).length > MOST_LABELS)
    problems?.add(`Failed to add ${Object.keys(change.labels).length} labels because it would exceed maximum of 50`)
  if (Object.keys(annotations).length > MOST_ANNOTATIONS)
    problems?.add(
      `Failed to add ${Object.keys(change.annotations).length} annotations because it would exceed maximum of 200`,
    )
  return { labels, annotations }
}

function changedPairs(
  before: Readonly<Record<string, string>>,
  change: Readonly<Record<string, string | null>>,
): Readonly<Record<string, string>> {
  const after = new Map(Object.entries(before))
  for (const [key, value] of Object.entries(change)) {
    if (value === null) after.delete(key)
    else after.set(key, value)
  }
  return Object.fromEntries(after)
}
