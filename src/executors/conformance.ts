/** What every executor keeps, in tests. The rules are those of the port (P1–P5). */
import { type AddressInfo, createServer } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type AttemptId, allocationIdOf, asExecutionId, asNodeId, asTenant, attemptIdOf } from '../core/identity.ts'
import type { Executor, Work } from '../core/ports/executor.ts'
import type { RunSpec } from '../core/step-spec.ts'
import { Observer } from './observer.ts'

/** Arguments that make a program do something; undefined: this executor's programs cannot. */
export interface ConformancePrograms {
  exits(code: number): readonly string[]
  /** Is killed by a signal that it sends itself. Undefined: what runs it tells codes only (128 + the signal's number). */
  dies(signal: 'SIGTERM' | 'SIGKILL' | 'SIGSEGV'): readonly string[] | undefined
  hangs(): readonly string[]
  /** Hangs, and only SIGKILL ends it. Prints `ready` once that is so, if it prints. */
  ignoresStop(): readonly string[]
  /** When stopped by a signal, exits by itself with this code. */
  exitsWhenStopped(code: number): readonly string[] | undefined
  output(key: string, value: string): readonly string[]
  /** Exits 0 if an attempt of the same allocation wrote `leaves` before, else 1. */
  finds(name: string): readonly string[] | undefined
  leaves(name: string): readonly string[] | undefined
  /** A name that no program has. */
  missing?(): readonly string[] | undefined
}

export interface ConformanceHarness {
  /** Ready. */
  readonly executor: Executor
  readonly programs: ConformancePrograms
  /** More of `run` that every step needs here (image …). */
  readonly run?: Partial<RunSpec>
  /** The server dies without a word and another comes: drops the executor, no `detach`; answers a ready one. */
  restart(): Promise<Executor>
  /** How many attempts it can run at once within a minute. Default: 200. */
  readonly many?: number
  /** Makes virtual time pass, for executors that live in it. */
  pass?(ms: number): void
  /** What is left of attempts that ended: descriptions of processes, containers, directories. Empty: nothing. */
  leftovers(): Promise<readonly string[]>
  /** Ends everything. */
  end(): Promise<void>
}

let executions = 0

function isFree(port: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const server = createServer()
  server.once('error', () => resolve(false))
  server.listen(port, '0.0.0.0', () => server.close(() => resolve(true)))
  return promise
}

function freePort(): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<number>()
  const server = createServer().listen(0, '0.0.0.0', () => {
    const { port } = server.address() as AddressInfo
    server.close(() => resolve(port))
  })
  return promise
}

export function executorConformance(name: string, open: () => Promise<ConformanceHarness>): void {
  describe(`${name} as an executor`, () => {
    let harness: ConformanceHarness
    let executor: Executor
    let observer: Observer
    let execution = asExecutionId('')
    beforeEach(async () => {
      harness = await open()
      executor = harness.executor
      observer = new Observer(executor)
      execution = asExecutionId(`conformance-${process.pid}-${++executions}`)
    })
    afterEach(async () => {
      await observer.end()
      await harness.end()
    })

    const id = (step = 0, number = 1): AttemptId => attemptIdOf(execution, step, number)
    const workOf = (argv: readonly string[], more: Partial<Work> = {}): Work => ({
      place: { allocation: allocationIdOf(execution, 1), tenant: asTenant('acme'), node: asNodeId('here') },
      step: 'main',
      labels: {},
      env: {},
      resources: {},
      stop: { signal: 'SIGTERM', graceMs: 10_000 },
      hostPorts: [],
      closesAllocation: false,
      ...more,
      run: { kind: 'run', env: {}, argv, ...harness.run, ...more.run },
    })
    const exitOf = async (argv: readonly string[], more: Partial<Work> = {}, attempt = id()) => {
      await executor.start(attempt, workOf(argv, more))
      harness.pass?.(1)
      return (await observer.exit(attempt)).exit
    }
    const restarted = async (acks = true): Promise<void> => {
      const dropped = observer
      executor = await harness.restart()
      await dropped.end()
      observer = new Observer(executor, acks)
    }
    const seen = async (attempt = id()) => (await executor.inspect([attempt])).get(attempt)

    it.each([0, 1, 7, 143, 255])('reports exit code %i as it was', async (code) => {
      const exit = await exitOf(harness.programs.exits(code))
      expect({ outcome: exit.outcome, code: exit.code, signal: exit.signal }).toEqual({ outcome: 'exited', code })
    })

    it.for(['SIGTERM', 'SIGKILL', 'SIGSEGV'] as const)(
      'tells death by %s from an exit code',
      async (signal, context) => {
        const argv = harness.programs.dies(signal)
        if (argv === undefined) return context.skip('what runs its programs tells codes only')
        const exit = await exitOf(argv)
        expect({ outcome: exit.outcome, code: exit.code, signal: exit.signal }).toEqual({ outcome: 'signaled', signal })
        return undefined
      },
    )

    it('says that an attempt runs, and since when, before it says how it ended', async () => {
      await executor.start(id(), workOf(harness.programs.hangs()))
      await observer.started(id())
      expect(await seen()).toMatchObject({ as: 'running', startedAt: expect.any(Number) })
      await executor.stop(id(), { signal: 'SIGKILL', graceMs: 0 })
      harness.pass?.(1)
      await observer.exit(id())
      expect(observer.seen.filter(({ attempt }) => attempt === id()).map(({ kind }) => kind)).toEqual([
        'started',
        'exited',
      ])
    })

    it('starts the same attempt once, however often it is told to (P1)', async () => {
      const work = workOf(harness.programs.hangs())
      await Promise.all([executor.start(id(), work), executor.start(id(), work), executor.start(id(), work)])
      await executor.start(id(), work)
      await observer.started(id())
      await restarted()
      await executor.start(id(), work)
      await executor.stop(id(), { signal: 'SIGKILL', graceMs: 0 })
      harness.pass?.(1)
      await observer.exit(id())
      expect(observer.seen.filter(({ kind }) => kind === 'exited')).toHaveLength(1)
      await executor.start(id(), work)
      expect((await seen())?.as).not.toBe('running')
    })

    it('refuses the start of an attempt that was stopped before (P2), also after a restart', async () => {
      await executor.stop(id(), { signal: 'SIGTERM', graceMs: 0 })
      await executor.stop(id(1), { signal: 'SIGTERM', graceMs: 0 })
      expect((await seen())?.as).toBe('never')
      expect((await exitOf(harness.programs.hangs())).outcome).toBe('refused')
      await expect.poll(async () => (await seen(id(1)))?.as).toBe('never')
      await restarted()
      expect((await exitOf(harness.programs.hangs(), {}, id(1))).outcome).toBe('refused')
    })

    it('repeats what was not acknowledged, to another reader and after a restart, and nothing else (P3)', async () => {
      await observer.end()
      observer = new Observer(executor, false)
      await executor.start(id(), workOf(harness.programs.exits(7)))
      harness.pass?.(1)
      const first = await observer.exit(id())
      await observer.end()
      observer = new Observer(executor, false)
      expect((await observer.exit(id())).receipt).toBe(first.receipt)
      await restarted(false)
      const again = await observer.exit(id())
      expect(again.exit).toEqual(first.exit)
      await executor.ack(observer.seen)
      await executor.start(id(1), workOf(harness.programs.exits(0)))
      harness.pass?.(1)
      await observer.exit(id(1))
      await restarted()
      await observer.exit(id(1))
      expect(observer.seen.some(({ attempt }) => attempt === id())).toBe(false)
    })

    it('ends a program with its stop signal, and does not wait for the grace period', async () => {
      await executor.start(id(), workOf(harness.programs.hangs()))
      await observer.started(id())
      await executor.stop(id(), { signal: 'SIGINT', graceMs: 60_000 })
      harness.pass?.(1)
      expect((await observer.exit(id())).exit).toMatchObject({ outcome: 'signaled', signal: 'SIGINT' })
    })

    it('keeps the exit code of a program that ends by itself when stopped', async (context) => {
      const argv = harness.programs.exitsWhenStopped(3)
      if (argv === undefined) return context.skip('its programs cannot handle signals')
      await executor.start(id(), workOf(argv))
      await observer.started(id())
      await expect.poll(() => executor.stop(id(), { signal: 'SIGTERM', graceMs: 60_000 })).toBeUndefined()
      harness.pass?.(1)
      const { exit } = await observer.exit(id())
      // A signal that came before the program had set its handler ends it: as true, and as exact.
      expect([{ code: 3 }, { signal: 'SIGTERM' }]).toContainEqual(
        exit.code === undefined ? { signal: exit.signal } : { code: exit.code },
      )
      return undefined
    })

    it('kills after the grace period what ignores its stop signal; a shorter grace counts', async () => {
      await executor.start(id(), workOf(harness.programs.ignoresStop()))
      await observer.started(id())
      // A program needs a moment to ignore a signal: until it does, SIGHUP would end it and prove nothing.
      await executor.stop(id(), { signal: 'SIGCONT', graceMs: 60_000 })
      await executor.stop(id(), { signal: 'SIGCONT', graceMs: 50 })
      harness.pass?.(50)
      const { exit } = await observer.exit(id(), 10_000)
      expect(exit).toMatchObject({ outcome: 'signaled', signal: 'SIGKILL', killedAfterGrace: true })
    })

    it('ends an attempt at its time limit and names the limit', async () => {
      await executor.start(id(), workOf(harness.programs.hangs(), { timeoutMs: 60 }))
      harness.pass?.(60)
      const { exit } = await observer.exit(id())
      expect({ outcome: exit.outcome, reason: exit.reason?.code }).toEqual({
        outcome: 'timedOut',
        reason: 'step_timeout',
      })
      expect(exit.reason?.message).toContain('60ms')
    })

    it('keeps a time limit while no server is there (P5)', async () => {
      await executor.start(id(), workOf(harness.programs.hangs(), { timeoutMs: 300 }))
      await restarted()
      harness.pass?.(300)
      expect((await observer.exit(id())).exit.outcome).toBe('timedOut')
    })

    it('goes on running, or keeps its true exit code, when the server is killed in the middle', async () => {
      await observer.end()
      observer = new Observer(executor, false)
      await executor.start(id(), workOf(harness.programs.hangs()))
      await executor.start(id(1), workOf(harness.programs.exits(7)))
      await observer.started(id())
      await restarted()
      harness.pass?.(1)
      expect((await observer.exit(id(1))).exit.code).toBe(7)
      expect((await seen())?.as).toBe('running')
      await executor.stop(id(), { signal: 'SIGTERM', graceMs: 5_000 })
      harness.pass?.(1)
      expect((await observer.exit(id())).exit.signal).toBe('SIGTERM')
    })

    it('hands over outputs with the exit', async () => {
      await executor.start(id(), workOf(harness.programs.output('ANSWER', 'forty two')))
      harness.pass?.(1)
      expect((await observer.exit(id())).outputs).toEqual({ ANSWER: 'forty two' })
    })

    it('lets attempts of one allocation share its workspace', async (context) => {
      const { leaves, finds } = harness.programs
      const [first, second] = [leaves('note'), finds('note')]
      if (first === undefined || second === undefined) return context.skip('its programs have no files')
      expect((await exitOf(second, {}, id(0))).code).toBe(1)
      expect((await exitOf(first, {}, id(1))).code).toBe(0)
      expect((await exitOf(second, {}, id(2))).code).toBe(0)
      await executor.close(allocationIdOf(execution, 1))
      expect((await exitOf(second, {}, id(3))).code).toBe(1)
      return undefined
    })

    it('names the program that is missing', async (context) => {
      const argv = harness.programs.missing?.()
      if (argv === undefined) return context.skip('it has no programs that could be missing')
      const exit = await exitOf(argv)
      expect({ outcome: exit.outcome, reason: exit.reason?.code }).toEqual({
        outcome: 'refused',
        reason: 'program_missing',
      })
      expect(exit.reason?.message).toContain(argv[0])
      return undefined
    })

    it('binds the host ports of a private network, says so and frees them; without such networks it refuses', async () => {
      const hostPort = await freePort()
      const ports = [{ port: 80, hostPort, protocol: 'tcp' }] as const
      const run = { kind: 'run', env: {}, argv: harness.programs.hangs(), ports, network: { mode: 'private' } } as const
      const work = workOf(run.argv, { run: { ...run, ...harness.run }, hostPorts: [hostPort] })
      await executor.start(id(), work)
      if (!executor.capabilities.networks.includes('private')) {
        const { exit } = await observer.exit(id())
        expect(exit.outcome).toBe('refused')
        expect(exit.reason?.message).toContain('network')
        return
      }
      const started = await observer.started(id())
      expect(started).toMatchObject({ address: expect.any(String), ports: [{ port: 80, hostPort, protocol: 'tcp' }] })
      expect(await isFree(hostPort)).toBe(false)
      await executor.stop(id(), { signal: 'SIGKILL', graceMs: 0 })
      await observer.exit(id())
      await executor.close(allocationIdOf(execution, 1))
      expect(await isFree(hostPort)).toBe(true)
    })

    it('closes the allocation with its last attempt, in the same observation', async () => {
      await executor.start(id(), workOf(harness.programs.exits(0), { closesAllocation: true }))
      harness.pass?.(1)
      expect((await observer.exit(id())).closed).toBe(true)
      await expect.poll(() => harness.leftovers()).toEqual([])
    })

    it('runs many attempts at once and leaves nothing behind', { timeout: 60_000 }, async () => {
      const attempts = Array.from({ length: harness.many ?? 200 }, (_, i) => attemptIdOf(execution, i, 1))
      const codes = attempts.map((_, i) => i % 5)
      await Promise.all(
        attempts.map((attempt, i) => executor.start(attempt, workOf(harness.programs.exits(codes[i]!)))),
      )
      harness.pass?.(1)
      const exits = await Promise.all(attempts.map((attempt) => observer.exit(attempt, 50_000)))
      expect(exits.map(({ exit }) => exit.code)).toEqual(codes)
      await executor.close(allocationIdOf(execution, 1))
      await expect.poll(() => harness.leftovers()).toEqual([])
    })

    it('ends everything when told to', async () => {
      await executor.start(id(), workOf(harness.programs.hangs()))
      await executor.start(id(1), workOf(harness.programs.ignoresStop()))
      await observer.started(id())
      await executor.endAll()
      await executor.close(allocationIdOf(execution, 1))
      await expect.poll(() => harness.leftovers()).toEqual([])
    })
  })
}
