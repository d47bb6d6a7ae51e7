import type { Paint } from '../colour.ts'
import { paintState } from '../colour.ts'
import type { Command } from '../command.ts'
import { runTime } from '../elapsed.ts'
import { findExecution } from '../find-execution.ts'
import { drawGraph } from '../graph.ts'
import { graphOfExecution } from '../graph-source.ts'
import type { Attempt, Execution, StepStatus } from '../native-api.gen.ts'

export const show: Command = {
  name: 'show',
  summary: 'show an execution: its state and why, its steps, its attempts',
  arguments: [{ name: '[id]', description: 'id, part of one, or name; the newest when left out' }],
  async run(context, args) {
    const execution = await findExecution(await context.client(), args[0])
    const { output } = context
    output.show(execution, () => text(execution, output.paint, Date.now()))
    return 0
  },
}

function text(execution: Execution, paint: Paint, now: number): string {
  const facts: readonly (readonly [string, string | undefined])[] = [
    ['id', execution.id],
    ['name', execution.name],
    ['task', execution.task && `${execution.task.name}:${execution.task.revision}`],
    ['state', paintState(paint, execution.state)],
    ['exit code', execution.exitCode?.toString()],
    ['why', execution.state === 'succeeded' ? undefined : (execution.waiting?.reason ?? execution.reason)?.message],
    ['in the queue', execution.waiting?.position?.toString()],
    ['accepted', execution.acceptedAt],
    ['started', execution.startedAt],
    ['finished', execution.finishedAt],
    ['ran', runTime(execution.startedAt, execution.finishedAt, now)],
    ['time limit', execution.timeout],
    ['node', execution.node],
    ['trigger', triggerText(execution)],
    [
      'labels',
      Object.entries(execution.labels)
        .map(([k, v]) => `${k}=${v}`)
        .join(' '),
    ],
  ]
  const shown = facts.filter(([, value]) => value !== undefined && value !== '')
  const head = shown.map(([name, value]) => `${paint('dim', name.padEnd(13))}${value}\n`).join('')
  const picture = execution.steps.length > 1 ? `${drawGraph(graphOfExecution(execution), paint)}\n` : ''
  return `${head}\n${picture}${execution.steps.map((s) => stepText(s, paint, now)).join('')}`
}

const triggerText = ({ trigger }: Execution): string =>
  trigger.source === undefined ? trigger.kind : `${trigger.kind} of ${trigger.source}`

function stepText(step: StepStatus, paint: Paint, now: number): string {
  const why = step.reason && step.state !== 'succeeded' ? `: ${step.reason.message}` : ''
  const attempts = step.attempts.map((a) => `  ${attemptText(a, now)}\n`).join('')
  const outputs = Object.entries(step.outputs)
    .map(([key, value]) => `  output ${key}=${value}\n`)
    .join('')
  return `${paint('bold', step.name)} ${paintState(paint, step.state)}${why}\n${attempts}${outputs}`
}

function attemptText(attempt: Attempt, now: number): string {
  const { exit } = attempt
  const end = exit === undefined ? 'runs' : exit.outcome === 'exited' ? `exit ${exit.code}` : endText(exit)
  const use = [
    attempt.cpuSeconds === undefined ? undefined : `${attempt.cpuSeconds.toFixed(2)} s CPU`,
    attempt.peakMemoryBytes === undefined ? undefined : `${(attempt.peakMemoryBytes / 2 ** 20).toFixed(1)} MiB peak`,
  ].filter((part) => part !== undefined)
  const ports = (attempt.ports ?? []).map((p) => `${p.hostAddress}:${p.hostPort}→${p.port}/${p.protocol}`)
  const parts = [end, runTime(attempt.startedAt, attempt.exitedAt, now), attempt.executor, ...use, ...ports]
  return `attempt ${attempt.number}: ${parts.filter(Boolean).join(', ')}`
}

function endText(exit: NonNullable<Attempt['exit']>): string {
  const what = exit.signal === undefined ? exit.outcome : `${exit.outcome} ${exit.signal}`
  const why = exit.reason ? ` (${exit.reason.message})` : ''
  return `${what}${exit.killedAfterGrace ? ' after its grace period' : ''}${why}`
}
