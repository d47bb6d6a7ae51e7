import { fileURLToPath } from 'node:url'
import type { Executor } from '../core/ports/executor.ts'
import type { LogNotice } from '../core/ports/log-store.ts'
import { ExecutorSet } from '../engine/executor-set.ts'
import type { ServerOffer } from '../executors/docker/server-reach.ts'
import { ProcessExecutor } from '../executors/process/process-executor.ts'
import { ScriptedExecutor } from '../executors/scripted/scripted-executor.ts'
import { ScriptedWorld } from '../executors/scripted/scripted-world.ts'
import type { SegmentLogStore } from '../logs/segment-log-store.ts'
import { type Configuration, pairsOf } from './configuration.ts'
import { dockerExecutor } from './docker.ts'
import { logDirectoryOf } from './logs.ts'
import { systemAlarms, systemClock } from './system-clock.ts'

/** This file's own ending tells whether sources or built files run. */
const ENDING = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
const CELL = fileURLToPath(new URL(`./cell-main.${ENDING}`, import.meta.url))

/** A cell holds small things only: keep its heap so. */
const CELL_COMMAND = [
  process.execPath,
  '--max-old-space-size=192',
  '--max-semi-space-size=1',
  '--disable-warning=ExperimentalWarning',
  CELL,
]

/** What executors tell of their log writers, and what went wrong in the background. */
export interface WriterNews {
  frames(notice: LogNotice): void
  connected(writer: string): void
  ended(writer: string): void
  problem(error: unknown): void
}

/** The executors that the configuration asks for. Throws, with what to do, when one cannot work here. */
export async function makeExecutors(
  c: Configuration,
  news: WriterNews,
  logs: SegmentLogStore,
  server: ServerOffer,
): Promise<ExecutorSet> {
  if (c.executor === 'scripted')
    return new ExecutorSet([new ScriptedExecutor(new ScriptedWorld(systemClock, systemAlarms))], 'scripted')
  const docker = c.executor === 'process' ? undefined : await dockerExecutor(c, news, logs, server)
  const executors: Executor[] = []
  if (c.executor !== 'docker') executors.push(processExecutor(c, news, server.url))
  if (docker !== undefined) executors.push(docker)
  return new ExecutorSet(executors, c.executor === 'auto' ? 'auto' : c.executor)
}

function processExecutor(c: Configuration, news: WriterNews, url: () => string): ProcessExecutor {
  const executor = new ProcessExecutor({
    dataDirectory: c.dataDirectory,
    cellCommand: CELL_COMMAND,
    sandbox: {
      mode: c.sandbox === 'off' ? 'off' : c.requireSandbox ? 'require' : 'prefer',
      allowedBinds: c.allowBind,
      allowedRoots: [...c.allowRoot, ...Object.values(pairsOf(c.imageRoots))],
      publishAddress: c.publishAddress,
    },
    logs: { directory: logDirectoryOf(c) },
    offers: () => ownPort(url()),
    onLog: news.frames,
    onWriter: news,
    onProblem: news.problem,
  })
  const missing = Object.entries(executor.capabilities.enforcement).filter(
    ([what, how]) => how !== 'enforced' && REQUIRED.has(what),
  )
  if (c.requireSandbox && missing.length > 0)
    throw new Error(
      `--require-sandbox: ${missing.map(([what]) => what).join(', ')} cannot be enforced here; see: taskport doctor`,
    )
  return executor
}

/** What a step with a private network may reach of this host's loopback: this server, whose task endpoints it is told. */
function ownPort(url: string): readonly number[] {
  if (url === '') return []
  const { port } = new URL(url)
  return port === '' ? [] : [Number(port)]
}

const REQUIRED = new Set(['filesystem', 'memory', 'cpu', 'pids'])
