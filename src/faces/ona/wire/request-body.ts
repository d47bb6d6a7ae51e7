/** What a request says, made ready for the strict decoder: decompressed, lenient, its mistakes told as its sender's. */
import { promisify } from 'node:util'
import { brotliDecompress, gunzip } from 'node:zlib'
import { type DescMethod, fromBinary } from '@bufbuild/protobuf'
import type { FastifyRequest } from 'fastify'
import { invalidArgument, tooLarge } from '../errors.ts'
import { checkEnumNames } from './enum-names.ts'
import { lenient } from './lenient-json.ts'

export const BODY_LIMIT = 16 * 1024 * 1024

export interface Body {
  readonly bytes: Buffer
  /** As it came, where it was JSON: lists have no presence in the message. */
  readonly json?: unknown
  /** It came compressed, and is not any more. */
  readonly inflated: boolean
}

type Inflate = (bytes: Buffer, options: { readonly maxOutputLength: number }) => Promise<Buffer>
const INFLATE: ReadonlyMap<string, Inflate> = new Map([
  ['gzip', promisify(gunzip)],
  ['br', promisify(brotliDecompress)],
])

/** Throws `invalid_argument` and `resource_exhausted`. What only the Connect library can refuse is left to it. */
export async function readBody(request: FastifyRequest, method: DescMethod): Promise<Body> {
  if (method.methodKind !== 'unary') return { bytes: bytesOf(request), inflated: false }
  if (request.method === 'GET') return { bytes: bytesOf(request), inflated: false, ...jsonOfQuery(request, method) }
  const encoding = request.headers['content-encoding'] ?? 'identity'
  const inflate = INFLATE.get(encoding)
  const inflated = inflate !== undefined
  const bytes = inflate ? await inflatedBy(inflate, bytesOf(request)) : bytesOf(request)
  if (request.method !== 'POST' || (!inflated && encoding !== 'identity')) return { bytes, inflated }
  if (mediaType(request) === 'application/json') {
    const json = readJson(bytes, method)
    return { bytes: Buffer.from(JSON.stringify(json)), json, inflated }
  }
  if (mediaType(request) === 'application/proto') checkBinary(method, bytes)
  return { bytes, inflated }
}

export const mediaType = (request: FastifyRequest): string =>
  (request.headers['content-type'] ?? '').split(';')[0]!.trim().toLowerCase()

export const bytesOf = (request: FastifyRequest): Buffer =>
  request.body instanceof Buffer ? request.body : Buffer.alloc(0)

async function inflatedBy(inflate: Inflate, bytes: Buffer): Promise<Buffer> {
  try {
    return bytes.length === 0 ? bytes : await inflate(bytes, { maxOutputLength: BODY_LIMIT })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE')
      throw tooLarge(`the body is larger than ${BODY_LIMIT} bytes`)
    throw invalidArgument('the body cannot be decompressed')
  }
}

/** Throws `invalid_argument`. No body is an empty message. */
export function readJson(bytes: Buffer, { parent, input }: Pick<DescMethod, 'parent' | 'input'>): unknown {
  const text = bytes.toString('utf8')
  if (text.trim() === '') return {}
  const json = parsed(text)
  checkEnumNames(parent.typeName, input, json)
  return json
}

function parsed(text: string): unknown {
  try {
    return lenient(JSON.parse(text))
  } catch (error) {
    throw invalidArgument(`the body is no JSON: ${error instanceof Error ? error.message : String(error)}`)
  }
}

/** A GET carries its message in the query; what cannot be read there is the library's to refuse. */
function jsonOfQuery(request: FastifyRequest, { parent, input }: DescMethod): { readonly json?: unknown } {
  const query = new URL(request.url, 'http://localhost').searchParams
  const message = query.get('message')
  if (query.get('encoding') !== 'json' || message === null || query.get('compression')) return {}
  const text = query.get('base64') === '1' ? Buffer.from(message, 'base64url').toString('utf8') : message
  const json = parsed(text)
  checkEnumNames(parent.typeName, input, json)
  return { json }
}

/** The library calls a message it cannot read its own fault: it is the sender's. */
function checkBinary({ input }: DescMethod, bytes: Buffer): void {
  try {
    fromBinary(input, bytes)
  } catch (error) {
    throw invalidArgument(`the body is no ${input.typeName}: ${error instanceof Error ? error.message : error}`)
  }
}
