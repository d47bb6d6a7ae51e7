import type { Instant } from '../../../core/instant.ts'

export interface LogGroup {
  readonly name: string
  readonly createdAt: Instant
  readonly retentionInDays?: number
  readonly kmsKeyId?: string
  /** Default `STANDARD`. Kept and shown; all are served alike. */
  readonly logGroupClass?: 'STANDARD' | 'INFREQUENT_ACCESS' | 'DELIVERY'
  readonly tags: Readonly<Record<string, string>>
}

const DAY_MS = 86_400_000

/** From when on the group shows its events, epoch ms: what is older than its retention policy has expired. */
export function shownSince(
  { retentionInDays }: LogGroup,
  now: Instant,
  asked: Instant | undefined,
): Instant | undefined {
  if (retentionInDays === undefined) return asked
  return Math.max(asked ?? 0, now - retentionInDays * DAY_MS)
}

export const newLogGroup = (name: string, createdAt: Instant): LogGroup => ({ name, createdAt, tags: {} })
