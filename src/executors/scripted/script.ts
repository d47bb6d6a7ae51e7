import type { Exit } from '../../core/exit.ts'
import type { ReasonCode } from '../../core/reason.ts'
import { reason } from '../../core/reason.ts'

/**
 * What a scripted attempt does, read from its arguments, one word each:
 * `run:MS` (how long; default 0) · `hang` (until stopped) · `exit:CODE` · `signal:SIG` · `oom` · `refuse:REASON` ·
 * `ignore-stop` (only SIGKILL ends it) · `stop-exit:CODE` (its code when stopped) · `output:KEY=VALUE` · `healthy:MS` ·
 * `unhealthy:MS` · `print:TEXT` · `fail-first:N` (exit 1 on the first N attempts).
 * Words it does not know are ignored, so that ordinary command lines run as no-ops.
 */
export interface Script {
  readonly runMs: number | undefined
  readonly exit: Exit
  readonly ignoresStop: boolean
  readonly stopExit: Exit | undefined
  readonly outputs: Readonly<Record<string, string>>
  readonly health: readonly { readonly afterMs: number; readonly health: 'healthy' | 'unhealthy' }[]
  readonly prints: readonly string[]
}

interface Draft {
  runMs: number | undefined
  exit: Exit
  ignoresStop: boolean
  stopExit: Exit | undefined
  readonly outputs: Record<string, string>
  readonly health: { afterMs: number; health: 'healthy' | 'unhealthy' }[]
  readonly prints: string[]
}

const WORDS: Readonly<Record<string, (draft: Draft, value: string, attempt: number) => void>> = {
  run: (d, v) => {
    d.runMs = Number(v)
  },
  hang: (d) => {
    d.runMs = undefined
  },
  exit: (d, v) => {
    d.exit = { outcome: 'exited', code: Number(v) }
  },
  signal: (d, v) => {
    d.exit = { outcome: 'signaled', signal: v }
  },
  oom: (d) => {
    d.exit = {
      outcome: 'outOfMemory',
      signal: 'SIGKILL',
      reason: reason('out_of_memory', 'it used more memory than it may'),
    }
  },
  refuse: (d, v) => {
    d.exit = { outcome: 'refused', reason: reason(v as ReasonCode, `the script refuses: ${v}`) }
  },
  'ignore-stop': (d) => {
    d.ignoresStop = true
  },
  'stop-exit': (d, v) => {
    d.stopExit = { outcome: 'exited', code: Number(v) }
  },
  output: (d, v) => {
    const [key, ...value] = v.split('=')
    d.outputs[key!] = value.join('=')
  },
  healthy: (d, v) => void d.health.push({ afterMs: Number(v), health: 'healthy' }),
  unhealthy: (d, v) => void d.health.push({ afterMs: Number(v), health: 'unhealthy' }),
  print: (d, v) => void d.prints.push(v),
  'fail-first': (d, v, attempt) => {
    if (attempt <= Number(v)) d.exit = { outcome: 'exited', code: 1 }
  },
}

export function readScript(argv: readonly string[], attempt: number): Script {
  const draft: Draft = {
    runMs: 0,
    exit: { outcome: 'exited', code: 0 },
    ignoresStop: false,
    stopExit: undefined,
    outputs: {},
    health: [],
    prints: [],
  }
  for (const word of argv) {
    const [name, ...value] = word.split(':')
    WORDS[name!]?.(draft, value.join(':'), attempt)
  }
  return draft
}
