import type { Instant } from '../../../core/instant.ts'

export interface LogGroup {
  readonly name: string
  readonly createdAt: Instant
  readonly retentionInDays?: number
  readonly kmsKeyId?: string
  readonly tags: Readonly<Record<string, string>>
}

export const newLogGroup = (name: string, createdAt: Instant): LogGroup => ({ name, createdAt, tags: {} })
