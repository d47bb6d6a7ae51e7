import { isUtf8 } from 'node:buffer'
import { serialization } from '../errors.ts'

const malformed = () => serialization('The request body is not valid JSON')

/** The request's JSON. An empty body counts as `{}`. */
export function readBody(body: Buffer): unknown {
  if (body.length === 0) return {}
  if (!isUtf8(body)) throw malformed()
  try {
    return JSON.parse(body.toString())
  } catch {
    throw malformed()
  }
}
