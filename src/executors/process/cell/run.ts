import type { Exit } from '../../../core/exit.ts'
import type { AllocationId, AttemptId, Tenant } from '../../../core/identity.ts'
import type { Instant } from '../../../core/instant.ts'
import type { Reason } from '../../../core/reason.ts'
import type { StopHow } from '../../../core/step-spec.ts'
import type { CgroupHandle } from '../cgroup/cgroup.ts'
import type { Place } from './places.ts'
import type { Membership } from './private-network.ts'
import type { Timer } from './timer-heap.ts'
import type { User } from './users.ts'

/** One attempt as its cell holds it, from the spawn until its exit was reported. */
export interface Run {
  readonly attempt: AttemptId
  readonly tenant: Tenant
  readonly allocation: AllocationId
  readonly place: Place
  readonly closesAllocation: boolean
  readonly stop: StopHow
  /** Rises with every run of the cell: who was here first. */
  readonly serial: number
  /** Leader of the session that the cell started: the program itself, a launcher or bubblewrap. */
  readonly pid: number
  /** -1 once closed. */
  pidfd: number
  stdout: number
  stderr: number
  /** Packet socket to the launcher; -1 where the cell started the program itself. */
  control: number
  readonly sandboxed: boolean
  /** As the step named them, for messages. */
  readonly program: string
  readonly directory: string
  /** The step named a directory of its own. */
  readonly namesDirectory: boolean
  /** Who the program is, where that is not who the cell is. */
  readonly user: User | undefined
  readonly cgroup: CgroupHandle | undefined
  /** Its part in a private network; undefined where it has none. */
  readonly network: Membership | undefined
  startedAt: Instant
  /** Of `pid`, since boot on the clock of start times in /proc, ms. */
  readonly bornMs: number
  /** The program has been executed; with a launcher, once it says so. */
  started: boolean
  /** What came out before the program ran: a sandbox that complains. */
  firstWords: string | undefined
  /** Raw wait status of the program. */
  status: number | undefined
  /** Raw wait status of `pid`, once reaped. */
  rootStatus: number | undefined
  refusal: Reason | undefined
  /** Reads that emptied a full pipe. */
  fullReads: number
  cpuMicros: number
  peakBytes: number
  /** Why it is being ended before its time. */
  cause: 'stop' | 'timeout' | undefined
  timeoutReason: Reason | undefined
  killedAfterGrace: boolean
  killAt: number
  killTimer: Timer | undefined
  deadlineTimer: Timer | undefined
  drainTimer: Timer | undefined
  readonly outputsPath: string | undefined
  readonly progressPath: string | undefined
  /** The watchdog's verdict. */
  overLimit: Reason | undefined
  extras: RunExtras | undefined
}

/** Held only by runs that need it: most have neither checks nor limits to watch. */
export interface RunExtras {
  /** Stops what goes on beside the program: health checks, watchdog. */
  end(): void
}

export interface Ended {
  readonly run: Run
  readonly exit: Exit
}
