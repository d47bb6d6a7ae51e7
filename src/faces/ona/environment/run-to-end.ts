import { Code, ConnectError } from '@connectrpc/connect'
import { type Execution, isFinal } from '../../../core/execution.ts'
import type { LogLine } from '../../../core/ports/log-store.ts'
import { DEFAULT_STOP, type MountSpec } from '../../../core/step-spec.ts'
import { storedLog } from '../../kit/stored-log.ts'
import { FACE } from '../auth.ts'
import type { Call } from '../call.ts'
import type { EnvironmentRecord, RunsOn } from '../documents.ts'
import { failedPrecondition } from '../errors.ts'
import { secretVariables } from './secret-variables.ts'
import { type Program, runIn } from './workspace.ts'

export interface QuickRun {
  readonly program: Program
  /** Absent: the dev container. */
  readonly runsOn?: RunsOn
  /** Default: the workspace. */
  readonly workdir?: string
  readonly timeoutMs?: number
  /** Asked again with the same key, it runs once. */
  readonly once?: string
  readonly mounts?: readonly MountSpec[]
}

export interface Finished {
  readonly execution: Execution
  readonly stdout: Buffer
  readonly stderr: Buffer
}

const STEP = 'exec'
const WAIT_MS = 600_000
const LONGEST_OUTPUT_BYTES = 16 * 1024 * 1024

/**
 * One command in the environment, awaited with its output; it ends with the caller's patience. Throws
 * `failed_precondition`, and `deadline_exceeded` when the call's own limit came first.
 */
export async function runToEnd(
  call: Call,
  environment: EnvironmentRecord,
  run: QuickRun,
  signal: AbortSignal,
): Promise<Finished> {
  if (environment.phase !== 'running') throw failedPrecondition(`environment ${environment.id} is ${environment.phase}`)
  const started = await submitted(call, environment, run)
  let execution: Execution | undefined
  while (!signal.aborted && !(execution && isFinal(execution)))
    execution = await call.engine.waitFor(call.tenant, started.id, isFinal, WAIT_MS, signal)
  if (!execution || !isFinal(execution)) {
    await call.engine.stop(call.tenant, started.id, { message: 'the caller went away' })
    throw signal.reason instanceof ConnectError ? signal.reason : new ConnectError('the call ended', Code.Canceled)
  }
  return { execution, ...(await outputOf(call, execution)) }
}

async function submitted(
  call: Call,
  environment: EnvironmentRecord,
  { program, runsOn, workdir, timeoutMs, once, mounts = [] }: QuickRun,
): Promise<Execution> {
  const env = await secretVariables(call, environment)
  const work = runIn(call.options, environment, { program, env, runsOn })
  const directory =
    workdir === undefined ? {} : { workdir: workdir.startsWith('/') ? workdir : `${work.workdir}/${workdir}` }
  const step = {
    name: STEP,
    group: 0,
    conditions: [],
    essential: true,
    endsExecution: 'never' as const,
    resources: {},
    stop: DEFAULT_STOP,
    ...(timeoutMs !== undefined && { timeoutMs }),
    work: { ...work, ...directory, mounts: [...(work.mounts ?? []), ...mounts] },
  }
  const request = {
    plan: { steps: [step] },
    name: STEP,
    face: FACE,
    refs: { kind: 'ops', environment: environment.id },
  }
  const idempotency =
    once === undefined
      ? {}
      : { idempotency: { key: `ops/${environment.id}/${once}`, fingerprint: JSON.stringify(program) } }
  const [result] = await call.engine.submit(call.caller.principal, [request], idempotency)
  if (result?.kind !== 'accepted') throw new Error('a queued execution was refused')
  return result.execution
}

/** What it wrote, byte for byte, up to a limit. */
async function outputOf({ engine, tenant }: Call, { id }: Execution): Promise<Pick<Finished, 'stdout' | 'stderr'>> {
  const parts = { stdout: [] as Uint8Array[], stderr: [] as Uint8Array[] }
  let size = 0
  for await (const lines of storedLog(engine, tenant, { execution: id, step: STEP })) {
    for (const line of lines) {
      if (line.source === 'system' || size > LONGEST_OUTPUT_BYTES) continue
      parts[line.source].push(...bytesOf(line))
      size += line.bytes.length
    }
  }
  return { stdout: Buffer.concat(parts.stdout), stderr: Buffer.concat(parts.stderr) }
}

const NEWLINE = Buffer.from('\n')
const bytesOf = ({ bytes, split, partial }: LogLine): readonly Uint8Array[] =>
  split || partial ? [bytes] : [bytes, NEWLINE]
