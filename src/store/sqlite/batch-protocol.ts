/**
 * What the main thread and the writer say to each other.
 *
 * B1. A batch is one flat list of primitives: cloning such a list costs a tenth of cloning the objects. Bodies are JSON
 *     text, made once by the main thread and never parsed by the writer.
 * B2. Every commit begins with how many atoms it has, this one included; changes stand in the order given, events last.
 * B3. Replies come in the order of requests. Positions are not told: each commit that stands takes the next ones.
 */
import type { ErrorCode, ErrorFacts } from '../../core/engine-error.ts'

export type Atom = string | number | null

/** id, tenant, state, version, node, acceptedAt, finishedAt, removeAt, status, submission, n, then n × (name, value) */
export const INSERT = 1
/** id, tenant, state, version, node, finishedAt, removeAt, status */
export const UPDATE = 2
/** id, tenant */
export const DELETE = 3
/** tenant, collection, key, sort, expected (−1: any), body, indexes (null: none), n, then n × (field,
 *  counter, index (null: none), sort (1: also the sort)) */
export const PUT = 4
/** tenant, collection, key, expected (−1: any) */
export const DROP = 5
/** tenant, name, by */
export const COUNT = 6
/** size, tenant, execution, at, version, transitions */
export const EVENTS = 7
/** id, tenant, expected, version, labels, n, then n × (name, value) */
export const LABELS = 8

export type Request =
  | { readonly kind: 'batch'; readonly atoms: readonly Atom[] }
  | { readonly kind: 'prune'; readonly before: number; readonly keep: number }
  | { readonly kind: 'reset' }
  | { readonly kind: 'close' }

export interface WireError {
  readonly code: ErrorCode
  readonly message: string
  readonly facts: ErrorFacts
}

/** One commit's fate: stands, stands with assigned numbers, or failed. */
export type Fate = null | readonly number[] | WireError

export type Reply =
  | { readonly kind: 'ready'; readonly epoch: string; readonly head: number; readonly pruned: number }
  | { readonly kind: 'batch'; readonly fates: readonly Fate[] }
  | { readonly kind: 'pruned'; readonly removed: number; readonly pruned: number; readonly more: boolean }
  | { readonly kind: 'closed' }
  | { readonly kind: 'failed'; readonly error: WireError }
