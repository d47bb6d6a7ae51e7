import type { SignedRequest } from './signature/signature.ts'

const LOOPBACK = /^(localhost|127(\.\d+){3}|\[::1\])$/

/**
 * Whether a web page of another machine asks. Browsers name the page in `Origin` with every POST, also where the page's
 * name was made to resolve to this machine (DNS rebinding); AWS's clients send no such header.
 */
export function isForeignPage({ headers: { origin } }: Pick<SignedRequest, 'headers'>): boolean {
  if (typeof origin !== 'string') return false
  return !LOOPBACK.test(URL.parse(origin)?.hostname ?? '')
}
