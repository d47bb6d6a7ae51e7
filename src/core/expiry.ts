import type { ExecutionStatus, Submission } from './execution.ts'
import type { Instant } from './instant.ts'
import type { ReasonCode } from './reason.ts'

/** What is free again one day. */
const CAPACITY: readonly ReasonCode[] = ['no_room', 'queued', 'concurrency_limit']

/** When it is too late for it to start; undefined while it has a place, or waits for what is not held against it. */
export function expiryOf(submission: Submission, status: Partial<ExecutionStatus>): Instant | undefined {
  const { expiresAt, expiryIgnoresCapacity } = submission
  if (expiresAt === undefined || status.allocation !== undefined) return undefined
  if (!expiryIgnoresCapacity) return expiresAt
  const hadPlace = status.placedAt !== undefined
  const waitsForCapacity = status.reason === undefined || CAPACITY.includes(status.reason.code)
  return hadPlace || waitsForCapacity ? undefined : expiresAt
}
