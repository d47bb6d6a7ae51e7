import type { GitTarget } from './checkout.ts'

/** What the clone program is told, as JSON in its first argument. */
export interface CloneJob {
  readonly url: string
  readonly target?: GitTarget
  /** The workspace, as the program sees it, and where in it the clone goes. */
  readonly workspace: string
  readonly location: string
  /** CIDRs that may be reached although they are not public. */
  readonly allowAddresses: readonly string[]
}
