import type { ConcurrencyLimit } from '../core/execution.ts'
import { sizeText } from '../core/quantity-text.ts'
import { type Reason, reason } from '../core/reason.ts'
import type { Lack, Shortfall } from './decision.ts'
import type { Candidate } from './snapshot.ts'

const UNITS_PER_CPU = 1_024

/** What a line of candidates waits for. */
export type Wait =
  | { readonly for: 'concurrency'; readonly limit: ConcurrencyLimit; readonly use: number }
  /** Some node would take it, but for what runs there now. */
  | { readonly for: 'room'; readonly shortfalls: readonly Shortfall[] }
  /** There would be room on a node that is kept for a candidate waiting longer. */
  | { readonly for: 'turn'; readonly shortfalls: readonly Shortfall[] }
  /** No node there is would ever take it. */
  | { readonly for: 'node'; readonly shortfalls: readonly Shortfall[] }

/**
 * Why it waits. It says what the candidate wants, not what is free: that would change, and be recorded, with every round.
 * Who wants to know asks for shortfalls.
 */
export function reasonOf(wait: Wait, candidate: Candidate): Reason {
  switch (wait.for) {
    case 'concurrency': {
      const { key, limit } = wait.limit
      return reason('concurrency_limit', `no more than ${limit} with the key ${key} may hold a place`, { key, limit })
    }
    case 'room':
      return reason('no_room', `no node has room now for ${wants(candidate)}`, { ...candidate.reservation })
    case 'turn':
      return reason('queued', 'the room there is is kept for an execution that has waited longer')
    case 'node':
      return noNode(wait.shortfalls, candidate)
  }
}

/** Why it is refused: once and for all, so with what was lacking at this moment. */
export function refusalOf(wait: Wait, candidate: Candidate): Reason {
  if (wait.for !== 'room') return reasonOf(wait, candidate)
  const message = `no node has room for ${wants(candidate)}: ${sentence(wait.shortfalls)}`
  return reason('no_room', message, { ...candidate.reservation, ...factsOf(wait.shortfalls) })
}

function wants({ reservation, ports, placement }: Candidate): string {
  const { cpuUnits, memoryBytes } = reservation
  const fixed = ports.filter(({ hostPort }) => hostPort !== 0)
  const wanted = [
    ...(cpuUnits > 0 ? [`${cpuUnits / UNITS_PER_CPU} CPU`] : []),
    ...(memoryBytes > 0 ? [`${sizeText(memoryBytes)} of memory`] : []),
    ...fixed.map(({ protocol, hostPort }) => `port ${protocol}/${hostPort}`),
    ...(fixed.length < ports.length ? ['a free port'] : []),
    ...(placement?.distinctBy === undefined ? [] : ['a node without another of its kind']),
  ]
  return wanted.length === 0 ? 'one more' : wanted.join(', ')
}

function noNode(shortfalls: readonly Shortfall[], candidate: Candidate): Reason {
  if (shortfalls.length === 0) return reason('no_eligible_node', 'there is no node')
  const onlyExecutors = shortfalls.every(({ lacks }) => lacks === 'executor')
  const isTooBig = shortfalls.some(({ lacks }) => lacks === 'cpu' || lacks === 'memory')
  const message = `no node can take ${isTooBig ? wants(candidate) : 'it'}: ${sentence(shortfalls)}`
  return reason(onlyExecutors ? 'executor_unavailable' : 'no_eligible_node', message, factsOf(shortfalls))
}

/** Those waiting for the same thing share a queue position. A tenant's key is its own. */
export const thingOf = (wait: Wait, tenant: string): string =>
  wait.for === 'concurrency' ? `key ${tenant} ${wait.limit.key}` : wait.for === 'node' ? 'node' : 'room'

const WORDS: Readonly<Record<Lack, string>> = {
  cpu: 'too little CPU',
  memory: 'too little memory',
  ports: 'a port that is taken',
  constraint: 'a constraint not met',
  distinct: 'one of its kind already',
  executor: 'no executor for it',
  slots: 'no free slot',
  draining: 'is being drained',
  gone: 'is gone',
}

/** `too little CPU (2 of 3 nodes), no free slot (1 of 3 nodes)`; of the only one without numbers. */
function sentence(shortfalls: readonly Shortfall[]): string {
  const [only, ...others] = shortfalls
  if (only && others.length === 0) return WORDS[only.lacks]
  const lacks = [...countLacks(shortfalls)]
  return lacks.map(([lack, count]) => `${WORDS[lack]} (${count} of ${shortfalls.length} nodes)`).join(', ')
}

const factsOf = (shortfalls: readonly Shortfall[]): Record<string, number> => Object.fromEntries(countLacks(shortfalls))

function countLacks(shortfalls: readonly Shortfall[]): ReadonlyMap<Lack, number> {
  const counts = new Map<Lack, number>()
  for (const { lacks } of shortfalls) counts.set(lacks, (counts.get(lacks) ?? 0) + 1)
  return counts
}
