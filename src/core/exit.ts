import type { Reason } from './reason.ts'

/**
 * How an attempt ended: a value, never an exception.
 * `refused` never ran; `lost` means that whoever reports it has first made sure that nothing is left running.
 */
export interface Exit {
  readonly outcome: 'exited' | 'signaled' | 'outOfMemory' | 'timedOut' | 'lost' | 'refused'
  /** The program's own exit code, where it had one. */
  readonly code?: number
  /** `SIGTERM`, `SIGKILL` …, where a signal ended it. */
  readonly signal?: string
  /** It outlived its grace period and was killed. */
  readonly killedAfterGrace?: boolean
  readonly reason?: Reason
}

export const succeeded = (exit: Exit): boolean => exit.outcome === 'exited' && exit.code === 0

/** What a shell would report: the code, or 128 + the signal's number. Undefined for what never ran or was lost. */
export function shellCode(exit: Exit): number | undefined {
  if (exit.code !== undefined) return exit.code
  if (exit.signal !== undefined) return 128 + (SIGNAL_NUMBERS[exit.signal] ?? 0)
  return exit.outcome === 'outOfMemory' ? 137 : undefined
}

/** Linux numbers (signal(7), x86 and ARM). */
export const SIGNAL_NUMBERS: Readonly<Record<string, number>> = {
  SIGHUP: 1,
  SIGINT: 2,
  SIGQUIT: 3,
  SIGILL: 4,
  SIGTRAP: 5,
  SIGABRT: 6,
  SIGBUS: 7,
  SIGFPE: 8,
  SIGKILL: 9,
  SIGUSR1: 10,
  SIGSEGV: 11,
  SIGUSR2: 12,
  SIGPIPE: 13,
  SIGALRM: 14,
  SIGTERM: 15,
  SIGSTKFLT: 16,
  SIGCHLD: 17,
  SIGCONT: 18,
  SIGSTOP: 19,
  SIGTSTP: 20,
  SIGTTIN: 21,
  SIGTTOU: 22,
  SIGURG: 23,
  SIGXCPU: 24,
  SIGXFSZ: 25,
  SIGVTALRM: 26,
  SIGPROF: 27,
  SIGWINCH: 28,
  SIGIO: 29,
  SIGPWR: 30,
  SIGSYS: 31,
}

/** What an attempt used. */
export interface Usage {
  readonly cpuMicros?: number
  readonly peakMemoryBytes?: number
}
