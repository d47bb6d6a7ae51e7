/**
 * HTTP to addresses that users chose, from programs: it must not become a way into the machine's own network.
 *
 * H1. A connection goes to an address that was checked, whatever a name points to a moment later; each hop of a
 *     redirection is checked anew.
 * H2. A connection on which nothing moves for the stall limit is given up.
 */
import { lookup } from 'node:dns'
import type { IncomingMessage } from 'node:http'
import { Agent as HttpAgent, request as httpRequest } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import type { LookupFunction } from 'node:net'
import { isIP } from 'node:net'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { type AddressRule, publicAddresses } from '../core/public-address.ts'

export interface HttpCall {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Readable | string
  /** Hops that a GET may be sent on. */
  readonly redirects?: number
}

/** The address is not public and not among those that the operator allows. */
export class AddressRefused extends Error {}

export interface PublicHttp {
  /** The answer with its body still to be read. Rejects when there is none, and with AddressRefused. */
  call(url: string, call?: HttpCall): Promise<IncomingMessage>
}

const STALL_MS = 30_000

/** `allowed`: CIDRs that may be reached although they are not public. */
export function publicHttp(allowed: readonly string[], stallMs = STALL_MS): PublicHttp {
  const mayReach = publicAddresses(allowed)
  const shared = { lookup: checkedLookup(mayReach), timeout: stallMs }
  const agents = { http: new HttpAgent(shared), https: new HttpsAgent(shared) }
  const call = async (text: string, options: HttpCall = {}): Promise<IncomingMessage> => {
    const url = URL.parse(text)
    if (!url) throw new AddressRefused('no address at all')
    checkLiteral(url, mayReach)
    const answer = await once(url, options, agents, stallMs)
    const { location } = answer.headers
    const hops = options.redirects ?? 0
    if (location === undefined || hops === 0 || !isRedirect(answer.statusCode)) return answer
    answer.resume()
    return call(URL.parse(location, url.href)?.href ?? location, { ...options, redirects: hops - 1 })
  }
  return { call }
}

const isRedirect = (status = 0): boolean => [301, 302, 303, 307, 308].includes(status)

function checkLiteral(url: URL, mayReach: AddressRule): void {
  if (url.protocol !== 'http:' && url.protocol !== 'https:') throw new AddressRefused(`${url.protocol} is not http(s)`)
  const host = url.hostname.replace(/^\[|\]$/g, '')
  if (isIP(host) !== 0 && !mayReach(host)) throw refused(host)
}

function once(
  url: URL,
  { method = 'GET', headers = {}, body }: HttpCall,
  agents: { readonly http: HttpAgent; readonly https: HttpsAgent },
  stallMs: number,
): Promise<IncomingMessage> {
  const secure = url.protocol === 'https:'
  return new Promise((resolve, reject) => {
    const options = { method, headers, timeout: stallMs }
    const request = secure
      ? httpsRequest(url, { ...options, agent: agents.https })
      : httpRequest(url, { ...options, agent: agents.http })
    request.on('timeout', () => request.destroy(new Error(`nothing moved for ${stallMs} ms`)))
    request.on('response', (answer) => {
      // Who reads it hears of it as well; who does not must not die of it.
      answer.on('error', () => undefined)
      resolve(answer)
    })
    request.on('error', reject)
    if (body === undefined || typeof body === 'string') request.end(body)
    // An answer may come, and the connection be closed, before all was sent: then the answer counts.
    else pipeline(body, request).catch(reject)
  })
}

/** Names only addresses that may be reached. */
const checkedLookup =
  (mayReach: AddressRule): LookupFunction =>
  (name, options, done) => {
    lookup(name, { ...options, all: true }, (error, addresses) => {
      if (error) return done(error, [])
      const open = addresses.filter((found) => mayReach(found.address))
      const [first] = open
      if (!first) return done(refused(addresses[0]?.address ?? name), [])
      if (options.all) done(null, open)
      else done(null, first.address, first.family)
    })
  }

const refused = (address: string): AddressRefused =>
  new AddressRefused(`${address} is not a public address and not among those that the operator allows`)
