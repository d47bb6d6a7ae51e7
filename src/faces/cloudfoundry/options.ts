/** What an operator may set. Defaults are Cloud Controller's own. */
export interface CloudFoundryOptions {
  /** `2016`: tasks always show `environment_variables`. */
  readonly profile: 'current' | '2016'
  /** Whether programs see a file system of their own; without one /home/vcap is the task's workspace. */
  readonly sandboxed: () => boolean
  readonly defaultMemoryMb: number
  readonly defaultDiskMb: number
  readonly maximumDiskMb: number
  /** Bytes a second; -1: unlimited. */
  readonly defaultLogRate: number
  /** Users that a task may ask for; compared without case. */
  readonly allowedUsers: readonly string[]
  /** A task that is not placed by then fails; waiting for room does not count. */
  readonly pendingLimitMs: number
  readonly retentionMs: number
  /** Largest upload, bytes. */
  readonly uploadLimit: number
}

const DAY_MS = 86_400_000

export const DEFAULT_OPTIONS: CloudFoundryOptions = {
  profile: 'current',
  sandboxed: () => true,
  defaultMemoryMb: 1_024,
  defaultDiskMb: 1_024,
  maximumDiskMb: 2_048,
  defaultLogRate: 1_048_576,
  allowedUsers: ['vcap'],
  pendingLimitMs: 300_000,
  retentionMs: 31 * DAY_MS,
  uploadLimit: 1_024 ** 3,
}
