import type { PrebuildPhaseName } from '../documents.ts'
import { PrebuildPhase } from '../gen/gitpod/v1/prebuild_pb.js'

interface Phases {
  readonly phase: PrebuildPhase
  readonly desired: PrebuildPhase
  readonly over: boolean
}

const { STARTING, RUNNING, SNAPSHOTTING, COMPLETED, FAILED, CANCELLING, CANCELLED, DELETING, DELETED } = PrebuildPhase

/** The one table: what is kept → what the vendor says. */
export const PREBUILD_PHASES: Readonly<Record<PrebuildPhaseName, Phases>> = {
  starting: { phase: STARTING, desired: COMPLETED, over: false },
  running: { phase: RUNNING, desired: COMPLETED, over: false },
  snapshotting: { phase: SNAPSHOTTING, desired: COMPLETED, over: false },
  completed: { phase: COMPLETED, desired: COMPLETED, over: true },
  failed: { phase: FAILED, desired: COMPLETED, over: true },
  cancelling: { phase: CANCELLING, desired: CANCELLED, over: false },
  cancelled: { phase: CANCELLED, desired: CANCELLED, over: true },
  deleting: { phase: DELETING, desired: DELETED, over: true },
}

export const isOver = ({ phase }: { readonly phase: PrebuildPhaseName }): boolean => PREBUILD_PHASES[phase].over
