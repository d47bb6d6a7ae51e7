import type { Claim, ClaimedRequest } from './face.ts'

/** A claim with what it is for. */
export interface Claimed<Target> {
  readonly claim: Claim
  readonly face: string
  readonly target: Target
}

/**
 * Finds the most specific claim of a request: exact before pattern before prefix, longer prefix before shorter, with a
 * test before without, of one method before of any. A Map by the first path segment keeps the walk to a few entries.
 */
export class ClaimIndex<Target> {
  readonly #bySegment = new Map<string, readonly Entry<Target>[]>()
  readonly #anywhere: readonly Entry<Target>[]

  /** Throws when two claims are equal. */
  constructor(claimed: readonly Claimed<Target>[]) {
    refuseCollisions(claimed)
    const entries = claimed.map(entryOf).sort((a, b) => b.rank - a.rank)
    this.#anywhere = entries.filter((entry) => entry.segment === undefined)
    for (const { segment } of entries)
      if (segment !== undefined && !this.#bySegment.has(segment))
        this.#bySegment.set(
          segment,
          entries.filter((entry) => entry.segment === segment || entry.segment === undefined),
        )
  }

  find(request: ClaimedRequest): Target | undefined {
    const entries = this.#bySegment.get(firstSegment(request.path)) ?? this.#anywhere
    for (const entry of entries) if (entry.matches(request)) return entry.target
    return undefined
  }
}

interface Entry<Target> {
  readonly rank: number
  /** The first path segment it is confined to. */
  readonly segment: string | undefined
  readonly target: Target
  matches(request: ClaimedRequest): boolean
}

function firstSegment(path: string): string {
  const end = path.indexOf('/', 1)
  return end === -1 ? path.slice(1) : path.slice(1, end)
}

function entryOf<Target>({ claim, target }: Claimed<Target>): Entry<Target> {
  const onPath = pathTest(claim)
  const { method, when } = claim
  return {
    rank: rankOf(claim),
    segment: segmentOf(claim),
    target,
    matches: (request) =>
      (method === undefined || method === request.method || (method === 'GET' && request.method === 'HEAD')) &&
      onPath(request.path) &&
      (when === undefined || when.test(request)),
  }
}

function pathTest(claim: Claim): (path: string) => boolean {
  const { exact, pattern, prefix } = claim
  if (exact !== undefined) return (path) => path === exact
  if (pattern !== undefined) {
    const expression = new RegExp(pattern)
    return (path) => expression.test(path)
  }
  if (prefix === undefined) throw new Error('a claim needs exact, pattern or prefix')
  const below = prefix.endsWith('/') ? prefix : `${prefix}/`
  return (path) => path === prefix || path.startsWith(below)
}

const KIND_RANK = { exact: 3_000_000, pattern: 2_000_000, prefix: 0 }

function rankOf(claim: Claim): number {
  const kind = claim.exact !== undefined ? 'exact' : claim.pattern !== undefined ? 'pattern' : 'prefix'
  const length = Math.min((claim.exact ?? claim.pattern ?? claim.prefix ?? '').length, 100_000)
  return KIND_RANK[kind] + length * 4 + (claim.when ? 2 : 0) + (claim.method === undefined ? 0 : 1)
}

/** `^/api/…` is confined to `api`; a pattern whose first segment is not plain text may match anywhere. */
function segmentOf(claim: Claim): string | undefined {
  if (claim.pattern !== undefined) return /^\^\\?\/([A-Za-z0-9_-]+)\\?\//.exec(claim.pattern)?.[1]
  const path = claim.exact ?? claim.prefix ?? ''
  return path === '/' && claim.exact === undefined ? undefined : firstSegment(path)
}

function refuseCollisions(claimed: readonly Claimed<unknown>[]): void {
  const seen = new Map<string, string>()
  for (const { claim, face } of claimed) {
    const { exact, pattern, prefix } = claim
    const key = JSON.stringify([exact, pattern, prefix, claim.method ?? '*', claim.when?.id])
    const former = seen.get(key)
    if (former !== undefined) {
      const what = `${claim.method ?? 'any method'} ${exact ?? pattern ?? prefix}`
      throw new Error(`faces ${former} and ${face} both claim ${what}${claim.when ? ` when ${claim.when.id}` : ''}`)
    }
    seen.set(key, face)
  }
}
