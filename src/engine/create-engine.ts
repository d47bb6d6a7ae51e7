/**
 * Puts the engine together: shared state, use cases, services; and starts and stops it.
 *
 * Order of a start: nodes → roster (what was not final) → executors ready → observers → rescue → services. Until
 * `start` has resolved nothing may be submitted.
 */
import { notFound } from '../core/engine-error.ts'
import type { ExecutionId } from '../core/identity.ts'
import type { Node } from '../core/node.ts'
import { reason } from '../core/reason.ts'
import type { Context, EngineParts } from './context.ts'
import { Dispatcher } from './dispatcher.ts'
import type { Engine, NodeRegistration, Waiting } from './engine.ts'
import { type EngineServices, engineServices } from './engine-services.ts'
import { followExecutionLog } from './follow-merged-logs.ts'
import { knownAnswer } from './idempotency-key.ts'
import { appendSteps, exec, publishOutputs, reportProgress, stats } from './inside-attempt.ts'
import { inspect } from './inspect.ts'
import { Ledger } from './ledger.ts'
import { listSchedules } from './list-schedules.ts'
import { executionLog } from './merge-logs.ts'
import { NodeRegister } from './node-register.ts'
import { deregisterNode, registerMachine, registerNode, setNodeAttributes, setNodeState, withUse } from './nodes.ts'
import { note } from './note.ts'
import { Observer } from './observer.ts'
import { oneOfAKey } from './one-of-a-key.ts'
import { followLog, readLog } from './read-log.ts'
import { remove } from './remove.ts'
import { removeShared } from './remove-shared.ts'
import { loadRoster, rescue } from './rescuer.ts'
import { retry } from './retry.ts'
import { Roster } from './roster.ts'
import { saveDocuments } from './save-documents.ts'
import { removeSecret, secretNames, setSecret } from './secrets.ts'
import { setLabels } from './set-labels.ts'
import { stop } from './stop.ts'
import { submit } from './submit.ts'
import { deactivateTask, listRevisions, listTasks, registerTask, requireTask } from './tasks.ts'
import { Transitions } from './transitions.ts'
import { waitFor } from './wait-for.ts'
import { watch } from './watch.ts'
import { listWebhooks } from './webhooks.ts'

export type Machine = NodeRegistration & { readonly capacity: Node['capacity'] }

export interface RunningEngine {
  readonly engine: Engine
  /** For the server's own instruments; faces use `engine`. */
  readonly context: Context
  /** `services: false` leaves out what goes on by itself (schedules, webhooks, retention): for simulations. */
  start(machine: Machine, options?: { readonly services: boolean }): Promise<void>
  /** Lets go of what runs, unless `endTasks`: then everything is ended first. */
  stop(options: { readonly endTasks: boolean }): Promise<void>
}

export function createEngine(parts: EngineParts): RunningEngine {
  const context = contextOf(parts)
  const observers = [...parts.executors.all()].map((executor) => new Observer(context, executor))
  const services = engineServices(context, parts)
  let machine: Machine | undefined
  const load = async (): Promise<void> => {
    await context.nodes.load()
    await loadRoster(context)
    if (machine) await registerMachine(context, machine)
  }
  const reset = async (): Promise<void> => {
    await Promise.all([...context.roster.all()].map((e) => endNow(context, e.id)))
    await forgetAll(context)
    await load()
    services.reset()
  }
  return {
    engine: useCases(context, services, reset),
    context,
    async start(given, options = { services: true }) {
      machine = given
      await load()
      await parts.executors.ready()
      for (const observer of observers) observer.start()
      await rescue(context)
      if (options.services) services.start()
    },
    async stop({ endTasks }) {
      await services.stop()
      if (endTasks) await Promise.all([...context.roster.all()].map((e) => endNow(context, e.id)))
      await Promise.all(observers.map((o) => o.stop()))
      context.transitions.end()
      for (const timer of context.timers.values()) timer.cancel()
      await Promise.all([...parts.executors.all()].map((e) => (endTasks ? e.endAll() : e.detach())))
    },
  }
}

function contextOf(parts: EngineParts): Context {
  const context = {
    ...parts,
    roster: new Roster(),
    ledger: new Ledger(),
    nodes: new NodeRegister(parts.store),
    follows: new Map<string, () => void>(),
    startingKeys: new Map(),
    timers: new Map<ExecutionId, { readonly at: number; cancel(): void }>(),
    now: () => parts.clock.now(),
  }
  // Both need the context, and the context them: the only knot, tied here.
  return Object.assign(context, {
    transitions: new Transitions(context as Context),
    dispatcher: new Dispatcher(context as Context),
  })
}

/** Longest wait for tasks to end when the engine ends them, ms. */
const END_WAIT_MS = 10_000

async function endNow(context: Context, id: ExecutionId): Promise<void> {
  const execution = context.roster.get(id)
  if (!execution) return
  const cause = {
    kind: 'engine',
    reason: reason('engine_ended', 'the engine was told to end everything'),
    graceMs: 0,
  } as const
  const asked = context.transitions.apply(id, { kind: 'stopRequested', cause })
  const ended = asked.then(() => waitFor(context, execution.tenant, id, () => false, END_WAIT_MS))
  // On a full disk the wish itself cannot be recorded: then the programs end with their executor.
  const patience = new Promise((resume) => void context.alarms.at(context.now() + END_WAIT_MS, () => resume(undefined)))
  await Promise.race([ended, patience])
}

async function forgetAll(context: Context): Promise<void> {
  for (const timer of context.timers.values()) timer.cancel()
  context.timers.clear()
  for (const end of context.follows.values()) end()
  context.follows.clear()
  context.roster.clear()
  context.ledger.clear()
  context.nodes.clear()
  context.dispatcher.clear()
  await context.store.system.reset()
}

function waiting(context: Context, id: ExecutionId): Waiting | undefined {
  const deferral = context.dispatcher.deferral(id)
  if (!deferral) return undefined
  return { reason: deferral.reason, ...(deferral.position > 0 && { position: deferral.position }) }
}

function useCases(c: Context, services: EngineServices, reset: () => Promise<void>): Engine {
  return {
    newExecutionId: () => c.ids.execution(),
    now: c.now,
    submit: (principal, requests, options) => submit(c, principal, requests, options),
    submitted: (tenant, face, idempotency) => knownAnswer(c, { tenant, face }, idempotency),
    oneOfAKey: (tenant, key, work) => oneOfAKey(c, tenant, key, work),
    async execution(tenant, id) {
      const found = await inspect(c, tenant, id)
      if (!found) throw notFound('execution', id)
      return found
    },
    executions: (tenant, filter, page) => c.store.executions(tenant, filter, page),
    countExecutions: (tenant, filter) => c.store.countExecutions(tenant, filter),
    stop: (tenant, id, how) => stop(c, tenant, id, how),
    setLabels: (tenant, id, set, drop) => setLabels(c, tenant, id, set, drop),
    retry: (principal, id) => retry(c, principal, id),
    remove: (tenant, id) => remove(c, tenant, id),
    removeShared: (tenant, source) => removeShared(c, tenant, source),
    waitFor: (tenant, id, test, timeoutMs, signal) => waitFor(c, tenant, id, test, timeoutMs, signal),
    waiting: (tenant, id) => (c.roster.ofTenant(tenant, id) ? waiting(c, id) : undefined),
    appendSteps: (tenant, attempt, steps) => appendSteps(c, tenant, attempt, steps),
    publishOutputs: (tenant, attempt, outputs) => publishOutputs(c, tenant, attempt, outputs),
    reportProgress: (tenant, attempt, progress) => reportProgress(c, tenant, attempt, progress),
    events: (tenant, after, filter, limit) => c.store.events(tenant, after, filter, limit),
    watch: (tenant, after, filter, signal) => watch(c, tenant, after, filter, signal),
    cursor: () => c.store.cursor(),
    cursorAt: (at) => c.store.cursorAt(at),
    log: (tenant, which, from, limit) => readLog(c, tenant, which, from, limit),
    followLog: (tenant, which, from, signal) => followLog(c, tenant, which, from, signal),
    executionLog: (tenant, id, query) => executionLog(c, tenant, id, query),
    followExecutionLog: (tenant, id, query, signal) => followExecutionLog(c, tenant, id, query, signal),
    note: (tenant, id, step, text) => note(c, tenant, id, step, text),
    exec: (tenant, id, step, request) => exec(c, tenant, id, step, request),
    stats: (tenant, id, step) => stats(c, tenant, id, step),
    async registerTask(tenant, name, spec) {
      const registered = await registerTask(c, tenant, name, spec)
      services.taskChanged(tenant, name)
      return registered
    },
    task: (tenant, name, revision) => requireTask(c, tenant, name, revision),
    tasks: (tenant, page) => listTasks(c, tenant, page),
    taskRevisions: (tenant, name, page) => listRevisions(c, tenant, name, page),
    async deactivateTask(tenant, name, revision) {
      await deactivateTask(c, tenant, name, revision)
      services.taskChanged(tenant, name)
    },
    schedules: (tenant) => listSchedules(c, tenant),
    nodes: async (tenant) => c.nodes.visible(tenant).map((n) => withUse(c, tenant, n)),
    node: async (tenant, id) => withUse(c, tenant, c.nodes.require(tenant, id)),
    registerNode: (tenant, node) => registerNode(c, tenant, node),
    setNodeState: (tenant, id, state, by) => setNodeState(c, tenant, id, state, by),
    setNodeAttributes: (tenant, id, set, drop, by) => setNodeAttributes(c, tenant, id, set, drop, by),
    deregisterNode: (tenant, id, options) => deregisterNode(c, tenant, id, options),
    setSecret: (tenant, name, value) => setSecret(c, tenant, name, value),
    secretNames: (tenant) => secretNames(c, tenant),
    removeSecret: (tenant, name) => removeSecret(c, tenant, name),
    resolveSecret: (tenant, name) => c.secrets.resolve(tenant, name),
    setWebhook: (tenant, hook) => services.setWebhook(tenant, hook),
    webhooks: (tenant) => listWebhooks(c, tenant),
    removeWebhook: (tenant, id) => services.removeWebhook(tenant, id),
    document: (tenant, collection, key) => c.store.document(tenant, collection, key),
    documents: (tenant, collection, query) => c.store.documents(tenant, collection, query),
    counter: (tenant, name) => c.store.counter(tenant, name),
    saveDocuments: (changes) => saveDocuments(c, changes),
    holdDispatch: (held) => c.dispatcher.hold(held),
    reset,
  }
}
