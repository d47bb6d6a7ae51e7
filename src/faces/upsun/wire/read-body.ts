import { badRequest } from '../errors.ts'

const UTF8 = new TextDecoder('utf-8', { fatal: true })
const DEEPEST = 64

export type JsonObject = Readonly<Record<string, unknown>>

/**
 * JSON whatever the content type says: `environment:curl -d '{…}'` calls it a form, and a cancel is an empty body said
 * to be JSON (reference §0.2, §3.5). Empty is `{}`. Throws 400 for anything that is no JSON object.
 */
export function readJson(body: Buffer): JsonObject {
  const text = decoded(body).trim()
  if (text === '') return {}
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw badRequest(`the body is not JSON: ${(error as Error).message}`)
  }
  if (!isObject(value)) throw badRequest('the body is not a JSON object')
  if (isNestedBeyond(value, DEEPEST)) throw badRequest(`the body is nested more than ${DEEPEST} deep`)
  return value
}

function decoded(body: Buffer): string {
  try {
    return UTF8.decode(body)
  } catch {
    throw badRequest('the body is not UTF-8')
  }
}

/** What JSON can hold in depth, no writer of JSON can write again. */
const isNestedBeyond = (value: unknown, depth: number): boolean =>
  typeof value === 'object' &&
  value !== null &&
  (depth === 0 || Object.values(value).some((one) => isNestedBeyond(one, depth - 1)))

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Throws 400 naming every key that is not known. */
export function onlyKeys(body: JsonObject, known: readonly string[], where = 'the body'): void {
  const unknown = Object.keys(body).filter((key) => !known.includes(key))
  if (unknown.length === 0) return
  const detail = Object.fromEntries(unknown.map((key) => [key, 'Unknown key']))
  throw badRequest(`unknown key in ${where}: ${unknown.join(', ')}`, detail)
}

export function textOf(body: JsonObject, key: string, fallback?: string): string {
  const value = body[key] ?? fallback
  if (typeof value === 'string') return value
  throw badRequest(`${key}: a text is needed`, { [key]: 'a text is needed' })
}

export function flagOf(body: JsonObject, key: string, fallback: boolean): boolean {
  const value = body[key] ?? fallback
  if (typeof value === 'boolean') return value
  throw badRequest(`${key}: true or false is needed`, { [key]: 'true or false is needed' })
}
