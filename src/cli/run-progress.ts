/** Executions as they go, in one terminal: a line where a step changes, and what its program writes. */
import { elapsed } from './elapsed.ts'
import { followExecution, isFinal } from './execution-follower.ts'
import { followLog, type StepLine } from './log-follower.ts'
import { logPrinter } from './log-printer.ts'
import type { Execution } from './native-api.gen.ts'
import type { NativeClient } from './native-client.ts'
import type { Output } from './output.ts'

type StepView = Execution['steps'][number]

const TOLD = new Set(['running', 'succeeded', 'failed', 'stopped', 'skipped', 'lost'])

export class RunProgress {
  readonly #client: NativeClient
  readonly #output: Output
  readonly #signal: AbortSignal
  readonly #print: (line: StepLine) => Promise<void>

  constructor(client: NativeClient, output: Output, signal: AbortSignal) {
    this.#client = client
    this.#output = output
    this.#signal = signal
    this.#print = logPrinter(output, () => ({ names: true, timestamps: false }))
  }

  /** Until it is over; answers it as it ended. `name`: what a step is called here; undefined for one that is not shown. */
  async follow(id: string, name: (step: string) => string | undefined): Promise<Execution | undefined> {
    const told = new Map<string, string>()
    const sink = (line: StepLine) => this.#print({ ...line, step: name(line.step) ?? line.step })
    const logs = followLog(this.#client, id, {}, sink, this.#signal)
    // Awaited at the end; until then its failure is nobody's.
    logs.catch(() => undefined)
    let last: Execution | undefined
    for await (const execution of followExecution(this.#client, id, this.#signal)) {
      last = execution
      for (const step of execution.steps) {
        const shown = name(step.name)
        if (shown !== undefined) this.#tell(execution, step, shown, told)
      }
    }
    await logs
    return last && isFinal(last) ? last : undefined
  }

  /** A step that waits for a service is told once that is ready. */
  #tell(execution: Execution, step: StepView, name: string, told: Map<string, string>): void {
    const waits = step.kind === 'await'
    if (!TOLD.has(step.state) || told.get(step.name) === step.state || (waits && step.state === 'running')) return
    told.set(step.name, step.state)
    const state = waits && step.state === 'succeeded' ? 'ready' : step.state
    if (this.#output.format === 'json')
      return this.#output.line({ execution: execution.id, step: name, state, reason: step.reason?.message })
    const { paintNote } = this.#output
    this.#output.note(`${paintNote(colourOf(step.state), `● ${name} ${state}`)}${tookOf(step)}${whyOf(step)}`)
  }
}

const tookOf = ({ startedAt, finishedAt }: StepView): string =>
  startedAt && finishedAt ? ` (${elapsed(Date.parse(finishedAt) - Date.parse(startedAt))})` : ''

const whyOf = ({ state, reason }: StepView): string => (state === 'succeeded' || !reason ? '' : `: ${reason.message}`)

function colourOf(state: string): 'green' | 'red' | 'dim' | 'cyan' {
  if (state === 'succeeded') return 'green'
  if (state === 'failed' || state === 'lost') return 'red'
  return state === 'running' ? 'cyan' : 'dim'
}
