/**
 * A container that does nothing, from the request to its removal: through the docker executor, and through the engine's
 * API called directly (create, start, wait, remove), in alternating rounds on one dockerd. At parallelism 1 and 4.
 * Target: 1.15 times. JSON lines; `--rounds N` and `--each N` (containers per round) make it shorter or longer.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import Docker from 'dockerode'
import { allocationIdOf, asExecutionId, asNodeId, asTenant, attemptIdOf } from '../src/core/identity.ts'
import type { Work } from '../src/core/ports/executor.ts'
import { DockerExecutor } from '../src/executors/docker/docker-executor.ts'
import { engineOptionsOf } from '../src/executors/docker/engine-address.ts'
import { importTestImage, TEST_IMAGE } from '../src/executors/docker/fixtures/test-image.ts'
import { Observer } from '../src/executors/observer.ts'
import { SegmentWriter } from '../src/logs/segment-writer.ts'
import { canRunDocker, DockerEngine } from '../test/support/docker-engine.ts'

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '5' }, each: { type: 'string', default: '8' } },
})
const ROUNDS = Number(values.rounds)
const EACH = Number(values.each)
const TARGET = 1.15

type Once = (number: number) => Promise<void>

const say = (what: unknown): void => void process.stdout.write(`${JSON.stringify(what)}\n`)
const median = (numbers: readonly number[]): number => numbers.toSorted((a, b) => a - b)[numbers.length >> 1]!

/** Milliseconds for one container, over a round with so many at a time. */
async function round(once: Once, parallel: number, first: number): Promise<number> {
  const before = performance.now()
  let next = 0
  const lane = async (): Promise<void> => {
    while (next < EACH) await once(first + next++)
  }
  await Promise.all(Array.from({ length: parallel }, lane))
  return (performance.now() - before) / EACH
}

function directly(docker: Docker): Once {
  return async () => {
    const container = await docker.createContainer({ Image: TEST_IMAGE, Cmd: ['true'] })
    const ended = container.wait({ condition: 'next-exit' })
    await container.start()
    await ended
    await container.remove({ v: true })
  }
}

function throughExecutor(executor: DockerExecutor, observer: Observer): Once {
  return async (number) => {
    const execution = asExecutionId(`bench-${process.pid}-${number}`)
    const attempt = attemptIdOf(execution, 0, 1)
    const work: Work = {
      place: { allocation: allocationIdOf(execution, 1), tenant: asTenant('bench'), node: asNodeId('here') },
      step: 'main',
      labels: {},
      env: {},
      resources: {},
      stop: { signal: 'SIGTERM', graceMs: 1_000 },
      hostPorts: [],
      closesAllocation: true,
      run: { kind: 'run', env: {}, argv: ['true'], image: TEST_IMAGE },
    }
    await executor.start(attempt, work)
    const { exit, closed } = await observer.exit(attempt, 60_000)
    if (exit.code !== 0 || closed !== true) throw new Error(`it ended otherwise: ${JSON.stringify(exit)}`)
  }
}

async function measure(engine: DockerEngine, directory: string): Promise<void> {
  const executor = new DockerExecutor({
    engine: engine.address,
    dataDirectory: directory,
    logs: new SegmentWriter({ directory, writerId: 'bench-0' }),
  })
  await executor.ready()
  const observer = new Observer(executor)
  const ways = {
    direct: directly(new Docker(engineOptionsOf(engine.address))),
    executor: throughExecutor(executor, observer),
  }
  let number = 0
  for (const once of Object.values(ways)) await once(number++)
  for (const parallel of [1, 4]) {
    const direct: number[] = []
    const taskport: number[] = []
    for (let i = 0; i < ROUNDS; i++) {
      direct.push(await round(ways.direct, parallel, number))
      taskport.push(await round(ways.executor, parallel, number))
      number += EACH
    }
    const ratio = median(taskport.map((ms, i) => ms / direct[i]!))
    const figures = { directMs: median(direct), executorMs: median(taskport), ratio, target: TARGET }
    say({ bench: 'docker', what: 'no-op container, start to removal', parallel, ...figures, met: ratio <= TARGET })
  }
  await observer.end()
  await executor.endAll()
  await executor.detach()
}

if (!canRunDocker()) say({ bench: 'docker', skipped: 'needs root and the package docker.io' })
else {
  const engine = await DockerEngine.open()
  const directory = mkdtempSync(join(tmpdir(), 'taskport-bench-'))
  try {
    await importTestImage(engine.address)
    await measure(engine, directory)
  } finally {
    await engine.stop()
    rmSync(directory, { recursive: true, force: true })
  }
}
