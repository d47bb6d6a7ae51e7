import type { Chance } from '../../src/core/ports/clock.ts'
import type { RetryPolicy } from '../../src/core/retry-policy.ts'
import type { Condition, StepSpec } from '../../src/core/step-spec.ts'
import type { TaskSpec } from '../../src/core/task.ts'
import type { SubmissionRequest } from '../../src/engine/submission-request.ts'

export const pick = <T>(chance: Chance, of: readonly T[]): T => of[Math.floor(chance.next() * of.length)]!
const maybe = (chance: Chance, rate: number): boolean => chance.next() < rate

const ENDS = [
  'exit:0',
  'exit:0',
  'exit:0',
  'exit:0',
  'exit:3',
  'signal:SIGSEGV',
  'oom',
  'refuse:program_missing',
  'fail-first:1',
]
const RETRY: RetryPolicy = { on: 'failure', limit: 2, backoff: { initialMs: 50, factor: 2, maximumMs: 500 } }

function randomStep(chance: Chance, index: number): StepSpec {
  if (maybe(chance, 0.12)) return awaitStep(chance, index)
  const argv = [`run:${Math.floor(chance.next() * 400)}`, pick(chance, ENDS)]
  if (maybe(chance, 0.1)) argv.push('hang')
  if (maybe(chance, 0.15)) argv.push('ignore-stop')
  if (maybe(chance, 0.2)) argv.push(`output:k${index}=v`)
  const health = maybe(chance, 0.3)
  if (health) argv.push(`${pick(chance, ['healthy', 'unhealthy'])}:${Math.floor(chance.next() * 200)}`)
  const check = { argv: ['true'], intervalMs: 50, timeoutMs: 50, retries: 1, startPeriodMs: 0 }
  return {
    name: `s${index}`,
    group: Math.floor(index / 2),
    conditions: randomConditions(chance, index),
    essential: index === 0 || maybe(chance, 0.7),
    endsExecution: pick(chance, ['never', 'onFailure', 'onFailure', 'onExit']),
    resources: maybe(chance, 0.4) ? { cpuUnits: 512, memoryBytes: 1024 } : {},
    ...(maybe(chance, 0.3) && { timeoutMs: 150 }),
    ...(maybe(chance, 0.3) && { retry: RETRY }),
    ...(maybe(chance, 0.2) && { startTimeoutMs: 300 }),
    stop: { signal: 'SIGTERM', graceMs: 100 },
    work: {
      kind: 'run',
      argv,
      env: {},
      ...(health && { health: check }),
      ...(maybe(chance, 0.1) && { ports: [{ port: 80, protocol: 'tcp' }] }),
    },
  }
}

/** Waits for one of two shared executions of the task `shared`, started by whoever comes first. */
function awaitStep(chance: Chance, index: number): StepSpec {
  return {
    name: `s${index}`,
    group: Math.floor(index / 2),
    conditions: randomConditions(chance, index),
    essential: true,
    endsExecution: 'onFailure',
    resources: {},
    ...(maybe(chance, 0.2) && { timeoutMs: 100 }),
    stop: { signal: 'SIGTERM', graceMs: 100 },
    work: {
      kind: 'await',
      key: pick(chance, ['one', 'two']),
      until: pick(chance, ['running', 'completed', 'succeeded']),
      task: { name: 'shared' },
      acceptFinal: maybe(chance, 0.5),
    },
  }
}

/** What await steps start: it needs the whole machine, so that whoever held a place while waiting for it would wait for ever. */
export const SHARED: TaskSpec = {
  plan: {
    steps: [
      {
        name: 'main',
        group: 0,
        conditions: [],
        essential: true,
        endsExecution: 'onFailure',
        resources: { cpuUnits: 2048 },
        stop: { signal: 'SIGTERM', graceMs: 100 },
        work: { kind: 'run', argv: ['run:80'], env: {} },
      },
    ],
  },
  timeoutMs: 5_000,
}

function randomConditions(chance: Chance, index: number): readonly Condition[] {
  if (index === 0 || maybe(chance, 0.5)) return []
  return [{ step: `s${Math.floor(chance.next() * index)}`, until: pick(chance, ['started', 'completed', 'succeeded']) }]
}

/** Any request that the engine must accept. */
export function randomRequest(chance: Chance): SubmissionRequest {
  const steps = Array.from({ length: 1 + Math.floor(chance.next() * 4) }, (_, i) => randomStep(chance, i))
  return {
    face: 'native',
    plan: { steps },
    priority: pick(chance, [0, 0, 1]),
    // Some programs run until they are stopped: every execution has a limit, so that every simulation ends.
    timeoutMs: 5_000,
    ...(maybe(chance, 0.3) && { retry: RETRY }),
    ...(maybe(chance, 0.3) && { concurrency: [{ key: 'one', limit: 1 }] }),
    ...(maybe(chance, 0.1) && { notBefore: 1_700_000_000_000 + 200 }),
  }
}
