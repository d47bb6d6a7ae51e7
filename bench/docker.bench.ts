/**
 * A container that does nothing, from the request to its removal: through the docker executor, and through the engine's
 * API called directly (create, start, wait, remove), in alternating rounds on one dockerd. At parallelism 1 and 4.
 * Directly in two ways: the same container, with the executor's own options (a network that parts containers, a
 * workspace volume, fewer capabilities), which is what the target of 1.15 times is about; and, to see what those options
 * cost, a bare one on the engine's default bridge. `--rounds N` and `--each N` (containers per round) make it shorter or longer.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import Docker from 'dockerode'
import { type AttemptId, allocationIdOf, asExecutionId, asNodeId, asTenant, attemptIdOf } from '../src/core/identity.ts'
import type { Work } from '../src/core/ports/executor.ts'
import { ContainerNames } from '../src/executors/docker/container-names.ts'
import { type ContainerOptions, containerOptionsOf } from '../src/executors/docker/container-options.ts'
import { termsOf } from '../src/executors/docker/container-run.ts'
import { containerSpecOf } from '../src/executors/docker/container-spec.ts'
import { DockerExecutor } from '../src/executors/docker/docker-executor.ts'
import { engineOptionsOf } from '../src/executors/docker/engine-address.ts'
import { importTestImage, TEST_IMAGE } from '../src/executors/docker/fixtures/test-image.ts'
import { Observer } from '../src/executors/observer.ts'
import { SegmentWriter } from '../src/logs/segment-writer.ts'
import { canRunDocker, DockerEngine } from '../test/support/docker-engine.ts'
import { median, say } from './engine/figure.ts'

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '5' }, each: { type: 'string', default: '8' } },
})
const ROUNDS = Number(values.rounds)
const EACH = Number(values.each)
const TARGET = 1.15

type Once = (number: number) => Promise<void>

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

/** Create, start, wait, remove. */
async function lifeOf(docker: Docker, options: Docker.ContainerCreateOptions): Promise<void> {
  const container = await docker.createContainer(options)
  const ended = container.wait({ condition: 'next-exit' })
  await container.start()
  await ended
  await container.remove({ v: true })
}

const bare =
  (docker: Docker): Once =>
  () =>
    lifeOf(docker, { Image: TEST_IMAGE, Cmd: ['true'] })

/** What the executor asks for, asked for by hand. */
function same(docker: Docker, network: string): Once {
  const names = new ContainerNames('bench')
  return async (number) => {
    const { attempt, work } = workOf(number)
    const options = containerOptionsOf(undefined, false) as ContainerOptions
    const volume = names.workspaceOf(work.place.allocation)
    await docker.createVolume({ Name: volume })
    const context = { names, network, ownNetwork: false, publishAddress: '127.0.0.1', options }
    await lifeOf(docker, containerSpecOf(attempt, work, termsOf(work), context))
    await docker.getVolume(volume).remove()
  }
}

function workOf(number: number): { readonly attempt: AttemptId; readonly work: Work } {
  const execution = asExecutionId(`bench-${process.pid}-${number}`)
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
  return { attempt: attemptIdOf(execution, 0, 1), work }
}

function throughExecutor(executor: DockerExecutor, observer: Observer): Once {
  return async (number) => {
    const { attempt, work } = workOf(number)
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
  const docker = new Docker(engineOptionsOf(engine.address))
  const network = new ContainerNames(executor.instance).sharedNetwork
  const through = throughExecutor(executor, observer)
  let number = 0
  await through(number++)
  const ways = { bare: bare(docker), same: same(docker, network), executor: through }
  for (const parallel of [1, 4]) {
    const ms: Record<keyof typeof ways, number[]> = { bare: [], same: [], executor: [] }
    for (let i = 0; i < ROUNDS; i++) {
      for (const way of ['bare', 'same', 'executor'] as const) {
        ms[way].push(await round(ways[way], parallel, number))
        number += EACH
      }
    }
    const over = (way: 'bare' | 'same'): number => median(ms.executor.map((one, i) => one / ms[way][i]!))
    const figure = `a no-op container, start to removal, ${parallel} at a time`
    const common = { value: median(ms.executor), unit: 'ms' }
    const same = { name: 'the engine’s API, the same container', value: median(ms.same) }
    say({ figure, ...common, base: same, ratio: over('same'), wanted: `≤ ${TARGET}` })
    const bare = { name: 'the engine’s API, a bare container', value: median(ms.bare) }
    say({ figure, ...common, base: bare, ratio: over('bare') })
  }
  await observer.end()
  await executor.endAll()
  await executor.detach()
}

if (!canRunDocker()) console.log('skipped: it needs root and the package docker.io')
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
