import { serialization } from '../errors.ts'

const decoder = new TextDecoder('utf-8', { fatal: true })

/** The request's JSON. An empty body counts as `{}`. */
export function readBody(body: Uint8Array): unknown {
  if (body.length === 0) return {}
  try {
    return JSON.parse(decoder.decode(body))
  } catch {
    throw serialization('The request body is not valid JSON')
  }
}
