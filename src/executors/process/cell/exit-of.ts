import { type Exit, SIGNAL_NUMBERS } from '../../../core/exit.ts'
import { type Reason, reason } from '../../../core/reason.ts'
import type { Run } from './run.ts'

const SIGNAL_NAMES: readonly (string | undefined)[] = (() => {
  const names: string[] = []
  for (const [name, number] of Object.entries(SIGNAL_NUMBERS)) names[number] = name
  return names
})()

export const signalName = (number: number): string => SIGNAL_NAMES[number] ?? `SIGRT${number}`

/** How a run ended, from the raw wait status of its program and what was done to it. */
export function exitOf(run: Run, outOfMemory: boolean): Exit {
  if (run.refusal !== undefined) return { outcome: 'refused', reason: run.refusal }
  if (run.overLimit !== undefined) return overLimit(run.overLimit)
  const ended = endOf(run.status ?? run.rootStatus ?? 9)
  const killed = run.killedAfterGrace ? { killedAfterGrace: true } : {}
  if (run.cause === 'timeout')
    return { ...ended, outcome: 'timedOut', ...killed, ...(run.timeoutReason && { reason: run.timeoutReason }) }
  if (outOfMemory && wasKilled(ended) && run.cause === undefined)
    return { outcome: 'outOfMemory', signal: 'SIGKILL', reason: reason('out_of_memory', memoryMessage) }
  return { ...ended, ...killed, ...reasonOf(ended) }
}

/** Also a shell whose last command was: the kernel may choose that one alone, and 137 is how a shell passes it on. */
const wasKilled = ({ signal, code }: End): boolean => signal === 'SIGKILL' || code === 137

const memoryMessage = 'the step used more memory than its limit and was killed by the kernel'

const overLimit = (why: Reason): Exit => ({
  outcome: why.code === 'out_of_memory' ? 'outOfMemory' : 'signaled',
  signal: 'SIGKILL',
  reason: why,
})

type End = { readonly outcome: 'exited' | 'signaled'; readonly code?: number; readonly signal?: string }

/** wait(2): the low seven bits are the signal, the next byte the exit code. */
export function endOf(status: number): End {
  const signal = status & 0x7f
  return signal === 0
    ? { outcome: 'exited', code: (status >> 8) & 0xff }
    : { outcome: 'signaled', signal: signalName(signal) }
}

function reasonOf(end: End): Pick<Exit, 'reason'> {
  if (end.signal !== undefined) return { reason: reason('signal', `ended by ${end.signal}`, { signal: end.signal }) }
  if (end.code === 0) return {}
  return { reason: reason('exit_code', `exited with code ${end.code}`, { code: end.code ?? 0 }) }
}
