/**
 * Load and violence: clients that submit tasks and insist until each is answered, a server and cells that are killed at
 * random moments, and what must hold whatever happened.
 *
 * C1. What was answered is there, and becomes final.
 * C2. Each attempt's program ran at most once; a task that may not run twice ran at most once, and exactly once unless
 *     it is lost.
 * C3. Two runs of one task never overlap, children included: what is lost was dead before.
 * C4. An exit code is the program's own; the log of a program that ended is whole, that of a lost one has no gap.
 * C5. In the end nothing is left: no process, no control group, no workspace.
 */
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Chance } from '../../src/core/ports/clock.ts'
import { seededChance } from '../support/seeded.ts'
import { processesWith, ServerProcess } from '../support/server-process.ts'
import { eventually } from '../support/taskport-process.ts'
import { type ChaoticTask, chaoticTask, logOf, submissionOf } from './chaotic-task.ts'

const CLIENTS = 4
/** Everything accepted is final that long after the last kill, ms. */
const DRAIN_MS = Number(process.env.DRAIN_MS ?? 60_000)
/** A start takes a second; on a machine where others compile and test, many times that. A hang takes for ever. */
const READY_MS = 90_000
const VICTIMS = ['server', 'cells', 'both'] as const

interface Seen {
  readonly state: string
  readonly exitCode?: number
  readonly reason: { readonly code: string } | null
  readonly steps: readonly { readonly attempts: readonly { readonly id: string; readonly exit?: object }[] }[]
}

export class Chaos {
  readonly #chance: Chance
  readonly #directory = mkdtempSync(join(tmpdir(), 'taskport-chaos-'))
  readonly #sandboxed: boolean
  /** What was answered: task by execution. */
  readonly answered = new Map<string, ChaoticTask>()
  readonly problems: string[] = []
  slowestStartMs = 0
  #server!: ServerProcess
  #submitting = true
  #count = 0

  constructor(seed: number, sandboxed: boolean) {
    this.#chance = seededChance(seed)
    this.#sandboxed = sandboxed
    mkdirSync(this.#locks)
    writeFileSync(this.#ledger, '')
    // Programs of a server that root runs are nobody's.
    for (const path of [this.#directory, this.#locks, this.#ledger]) chmodSync(path, 0o777)
  }

  /** `rounds` kills under load, then quiet, then the reckoning in `problems`. */
  async run(rounds: number): Promise<void> {
    const flags = this.#sandboxed ? ['--allow-bind', this.#directory] : ['--sandbox', 'off']
    this.#server = await ServerProcess.start({ flags: [...flags, '--slots', '60'], readyMs: READY_MS })
    try {
      const clients = Array.from({ length: CLIENTS }, () => this.#submitForEver())
      const watcher = this.#watchForEver()
      for (let round = 0; round < rounds; round++) await this.#round()
      this.#submitting = false
      await Promise.all(clients)
      await this.#drain()
      await watcher
      await this.#reckon()
    } finally {
      this.#submitting = false
      await this.#server.end()
      rmSync(this.#directory, { recursive: true, force: true })
    }
  }

  get #ledger(): string {
    return join(this.#directory, 'ledger')
  }

  get #locks(): string {
    return join(this.#directory, 'locks')
  }

  async #round(): Promise<void> {
    const victim = VICTIMS[Math.floor(this.#chance.next() * VICTIMS.length)]!
    await sleep(100 + this.#chance.next() * 900)
    if (victim !== 'server') for (const pid of this.#server.cells()) killQuietly(pid)
    // Together, or one shortly after the other: recovery itself is struck as well.
    if (victim === 'both') await sleep(this.#chance.next() * 40)
    if (victim === 'cells') return
    await this.#server.kill()
    if (this.#chance.next() < 0.3) await sleep(this.#chance.next() * 500)
    if (this.#chance.next() < 0.2) for (const pid of this.#server.cells()) killQuietly(pid)
    const began = Date.now()
    await this.#server.start()
    this.slowestStartMs = Math.max(this.slowestStartMs, Date.now() - began)
  }

  async #submitForEver(): Promise<void> {
    while (this.#submitting) {
      const task = chaoticTask(this.#chance, `task-${++this.#count}`)
      await this.#submit(task)
      await sleep(this.#chance.next() * 60)
    }
  }

  /** Asks until it is answered: the answer to a request that was stored may have been lost. */
  async #submit(task: ChaoticTask): Promise<void> {
    const submission = submissionOf(task, this.#ledger, this.#locks)
    const mounts = [{ kind: 'bind', source: this.#directory, target: this.#directory }]
    const body = JSON.stringify(this.#sandboxed ? { ...submission, mounts } : submission)
    for (;;) {
      const answer = await this.#ask('POST', 'executions', body, { 'idempotency-key': task.name })
      if (answer && answer.status < 300) {
        this.answered.set((answer.body as { id: string }).id, task)
        return
      }
      if (answer && answer.status < 500) throw new Error(`${answer.status}: ${JSON.stringify(answer.body)}`)
      if (answer && answer.status === 500) this.problems.push(`a submission got 500: ${JSON.stringify(answer.body)}`)
      await sleep(20)
    }
  }

  /** Reads the events as they come. Whatever is said to be lost must be dead by now (C3). */
  async #watchForEver(): Promise<void> {
    let after = ''
    while (this.#submitting || (await this.#active()) > 0) {
      const page = await this.#ask('GET', `events?limit=1000${after && `&after=${encodeURIComponent(after)}`}`)
      if (page?.status === 200) {
        const { items, cursor } = page.body as { items: readonly LostEvent[]; cursor: string }
        this.#checkDead(items.filter(({ exit }) => exit?.outcome === 'lost').map(({ attempt }) => attempt!))
        after = cursor
      } else if (page) this.problems.push(`events answered ${page.status}: ${JSON.stringify(page.body)}`)
      await sleep(50)
    }
  }

  #checkDead(lost: readonly string[]): void {
    if (lost.length === 0) return
    const alive = processesWith('TASKPORT_ATTEMPT').filter(({ value }) => lost.includes(value))
    for (const { pid, value } of alive) this.problems.push(`${value} was called lost while ${pid} lived`)
  }

  async #active(): Promise<number> {
    const counts = await this.#ask('GET', 'executions:count')
    if (counts?.status !== 200) return 1
    const { pending, starting, running, stopping } = counts.body as Record<string, number>
    return pending! + starting! + running! + stopping!
  }

  async #drain(): Promise<void> {
    await eventually('everything accepted is final', async () => (await this.#active()) === 0, DRAIN_MS).catch(
      async () => {
        const stuck = await this.#ask('GET', 'executions?active=true&limit=5')
        throw new Error(
          `not final: ${JSON.stringify(stuck?.body)}; the server says: ${this.#server.errors.slice(-4_000)}`,
        )
      },
    )
  }

  async #reckon(): Promise<void> {
    const ledger = readFileSync(this.#ledger, 'utf8').trim().split('\n')
    const runs = Map.groupBy(
      ledger.filter((line) => line.startsWith('run ')).map((line) => line.slice('run '.length)),
      (attempt) => attempt.split(':')[0]!,
    )
    for (const line of ledger)
      if (line.startsWith('overlap ')) this.problems.push(`${line}: its former run still lived`)
    for (const [id, task] of this.answered) await this.#reckonOne(id, task, runs.get(id) ?? [])
    for (const id of runs.keys())
      if (!this.answered.has(id)) this.problems.push(`${id} ran, but no client was answered with it`)
    await this.#reckonRemains()
  }

  async #reckonOne(id: string, task: ChaoticTask, runs: readonly string[]): Promise<void> {
    const say = (problem: string): void => void this.problems.push(`${task.name} (${id}): ${problem}`)
    const found = await this.#ask('GET', `executions/${id}`)
    if (found?.status !== 200) return say(`answered, but now ${found?.status}`)
    const { state, exitCode, reason, steps } = found.body as Seen
    if (new Set(runs).size < runs.length) say(`an attempt ran twice: ${runs.join(', ')}`)
    if (!task.retried && runs.length > 1) say(`ran ${runs.length} times: ${runs.join(', ')}`)
    const text = await this.#log(id)
    if (state === 'lost') {
      if (!logOf(task).startsWith(text.slice(0, text.lastIndexOf('\n') + 1))) say(`its log has a gap: ${text}`)
      if (reason?.code !== 'cell_died') say(`lost for ${reason?.code}`)
      if (task.retried) say('lost, though it might be tried again')
      return
    }
    if (runs.length === 0) say(`${state}, but it never ran`)
    if (exitCode !== task.exitCode) say(`exit code ${exitCode}, not ${task.exitCode}: ${JSON.stringify(steps)}`)
    if (state !== (task.exitCode === 0 ? 'succeeded' : 'failed')) say(`${state} with code ${exitCode}`)
    if (text !== logOf(task)) say(`its log is not whole: ${JSON.stringify(text)}`)
  }

  async #log(id: string): Promise<string> {
    const answer = await fetch(`${this.#server.url}/taskport/v1/executions/${id}/logs?format=text`, {
      headers: { authorization: `Bearer ${this.#server.token}` },
    })
    return answer.text()
  }

  async #reckonRemains(): Promise<void> {
    const mine = (): readonly string[] =>
      processesWith('TASKPORT_ATTEMPT')
        .filter(({ value }) => this.answered.has(value.split(':')[0]!))
        .map(({ pid, value }) => `process ${pid} of ${value}`)
    const left = (): readonly string[] => [...mine(), ...this.#server.workspaces().map((name) => `workspace ${name}`)]
    await eventually('nothing is left', () => left().length === 0, 5_000).catch(() =>
      this.problems.push(...left().map((what) => `left behind: ${what}`)),
    )
    await this.#server.stop('SIGQUIT')
    for (const group of this.#server.cgroups()) this.problems.push(`left behind: control group ${group}`)
    for (const pid of this.#server.cells()) this.problems.push(`left behind: cell ${pid}`)
  }

  /** Undefined: nobody answered. */
  async #ask(
    method: string,
    path: string,
    body?: string,
    headers: Record<string, string> = {},
  ): Promise<{ readonly status: number; readonly body: unknown } | undefined> {
    const authorization = `Bearer ${this.#server.token}`
    const type = body === undefined ? {} : { 'content-type': 'application/json' }
    try {
      const answer = await fetch(`${this.#server.url}/taskport/v1/${path}`, {
        method,
        headers: { authorization, ...type, ...headers },
        ...(body !== undefined && { body }),
      })
      return { status: answer.status, body: await answer.json() }
    } catch {
      return undefined
    }
  }
}

interface LostEvent {
  readonly attempt?: string
  readonly exit?: { readonly outcome: string }
}

function killQuietly(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It died by itself.
  }
}
