/**
 * Deliveries over HTTP to addresses that users chose, which must not become a way into the server's own network.
 *
 * D1. A name is resolved once, and the connection goes to an address that was checked: the name cannot point elsewhere
 *     a moment later.
 * D2. Redirects are not followed; the answer's body is thrown away.
 * D3. Every request ends within the time limit.
 */
import { lookup as systemLookup } from 'node:dns'
import type { ClientRequest, IncomingMessage } from 'node:http'
import { Agent as HttpAgent, request as httpRequest } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import type { LookupFunction } from 'node:net'
import { isIP } from 'node:net'
import type { Deliver } from '../core/ports/deliver.ts'
import { type AddressRule, publicAddresses } from '../core/public-address.ts'

export interface HttpDeliverOptions {
  /** CIDRs that may be reached although they are not public. */
  readonly allowAddresses?: readonly string[]
  /** From the name's resolution to the answer's headers, and for the rest of the answer as well, ms. */
  readonly timeLimitMs?: number
  /** How names are resolved. */
  readonly lookup?: typeof systemLookup
}

const TIME_LIMIT_MS = 10_000
/** More of an answer than this is not waited for; the connection is then closed. */
const MOST_ANSWER_BYTES = 65_536

/** Throws when `allowAddresses` names no range of addresses. */
export function httpDeliver(options: HttpDeliverOptions = {}): Deliver {
  const { allowAddresses = [], timeLimitMs = TIME_LIMIT_MS, lookup = systemLookup } = options
  const mayReach = publicAddresses(allowAddresses)
  const shared = { keepAlive: true, lookup: checkedLookup(mayReach, lookup) }
  const agents = { 'http:': new HttpAgent(shared), 'https:': new HttpsAgent(shared) }
  return async (text, headers, body, signal) => {
    const url = new URL(text)
    const host = url.hostname.replace(/^\[|\]$/g, '')
    if (isIP(host) !== 0 && !mayReach(host)) throw refused(host)
    const limit = AbortSignal.timeout(timeLimitMs)
    const either = AbortSignal.any([signal, limit])
    const open = (): ClientRequest => requestTo(url, agents, { 'user-agent': 'taskport', ...headers }, body, either)
    try {
      return await answered(open, body)
    } catch (error) {
      if (limit.aborted) throw new Error(`it did not answer within ${timeLimitMs} ms`, { cause: error })
      throw error
    }
  }
}

function requestTo(
  url: URL,
  agents: { readonly 'http:': HttpAgent; readonly 'https:': HttpsAgent },
  headers: Readonly<Record<string, string>>,
  body: string,
  signal: AbortSignal,
): ClientRequest {
  const given = { ...headers, 'content-length': String(Buffer.byteLength(body)) }
  const options = { method: 'POST', headers: given, signal }
  if (url.protocol === 'https:') return httpsRequest(url, { ...options, agent: agents['https:'] })
  if (url.protocol === 'http:') return httpRequest(url, { ...options, agent: agents['http:'] })
  throw new Error(`${url.protocol} is not a protocol of deliveries`)
}

/** A kept connection may be closed by the other side just as it is used again: then a new one is made. */
async function answered(open: () => ClientRequest, body: string): Promise<{ readonly status: number }> {
  for (;;) {
    const request = open()
    try {
      return await once(request, body)
    } catch (error) {
      if (!request.reusedSocket || !isReset(error)) throw error
    }
  }
}

function once(request: ClientRequest, body: string): Promise<{ readonly status: number }> {
  return new Promise((resolve, reject) => {
    request.on('error', reject)
    request.on('response', (response) => {
      throwAway(response)
      resolve({ status: response.statusCode ?? 0 })
    })
    request.end(body)
  })
}

function throwAway(response: IncomingMessage): void {
  let bytes = 0
  response.on('error', () => undefined)
  response.on('data', (chunk: Buffer) => {
    bytes += chunk.length
    if (bytes > MOST_ANSWER_BYTES) response.destroy()
  })
}

/** Names only addresses that may be reached. */
const checkedLookup =
  (mayReach: AddressRule, lookup: typeof systemLookup): LookupFunction =>
  (name, options, done) => {
    lookup(name, { ...options, all: true }, (error, addresses) => {
      if (error) return done(error, [])
      const open = addresses.filter((a) => mayReach(a.address))
      const [first] = open
      if (!first) return done(refused(addresses[0]?.address ?? 'no address', name), [])
      if (options.all) done(null, open)
      else done(null, first.address, first.family)
    })
  }

function refused(address: string, name?: string): Error {
  const who = name === undefined ? address : `${name} is ${address}, which`
  return new Error(`${who} is not a public address and not among those that the operator allows`)
}

const isReset = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && (error.code === 'ECONNRESET' || error.code === 'EPIPE')
