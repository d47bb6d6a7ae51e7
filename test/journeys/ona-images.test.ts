import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { importTestImage, TEST_IMAGE } from '../../src/executors/docker/fixtures/test-image.ts'
import { until } from '../support/aws-world.ts'
import { canRunDocker, DockerEngine } from '../support/docker-engine.ts'
import { type OnaWorld, openOnaWorld, over } from '../support/ona-world.ts'

const FILE = `
services:
  db:
    name: db
    runsOn: {docker: {image: "${TEST_IMAGE}", environment: ["WORD=up"]}}
    commands: {start: "echo $WORD > db-state; sleep 100", ready: test -e db-state, stop: echo down > db-state}
tasks:
  inside:
    name: Inside
    command: |
      test ! -e /usr
      read state < db-state; echo "$state$SUFFIX $GITPOD_REPO_ROOT" > seen
      echo FROM=image >> "$TASKPORT_OUTPUTS"
    runsOn: {docker: {image: "${TEST_IMAGE}", environment: [SUFFIX=!]}}
    dependsOn: [db]
  machine: {name: Machine, command: test -e /usr && test "$FROM" = image, runsOn: {machine: {}}, dependsOn: [inside]}
  default: {name: Default, command: "if [ -e /usr ]; then echo host; else echo $COLOUR; fi > where"}
  failing: {name: Failing, command: "false\\necho never", runsOn: {docker: {image: "${TEST_IMAGE}"}}}
  waiting: {name: Waiting, command: echo begun; sleep 100, runsOn: {docker: {image: "${TEST_IMAGE}"}}}
`

const automations = (world: OnaWorld) => world.client.environments.automations

async function prepared(world: OnaWorld, name: string, devcontainer?: string) {
  const directory = join(world.root, name)
  mkdirSync(join(directory, '.ona'), { recursive: true })
  writeFileSync(join(directory, '.ona/automations.yaml'), FILE)
  if (devcontainer !== undefined) writeFileSync(join(directory, '.devcontainer.json'), devcontainer)
  const environmentId = await world.environment(`file://${directory}`)
  const { tasks } = await automations(world).tasks.list({ filter: { environmentIds: [environmentId] } })
  const id = (reference: string): string => tasks.find((t) => t.metadata?.reference === reference)!.id
  const start = async (reference: string) =>
    (await automations(world).tasks.start({ id: id(reference) })).taskExecution.id
  const read = (file: string): string => readFileSync(join(directory, file), 'utf8')
  return { environmentId, start, run: async (name: string) => over(world.client, await start(name)), read }
}

test('without an engine and without a sandbox an image is refused and the dev container is this machine', async () => {
  const world = await openOnaWorld({ executor: 'process', sandbox: 'off' })
  try {
    const { start, run, read } = await prepared(world, 'none', `{"image": "${TEST_IMAGE}"}`)
    await expect(start('inside')).rejects.toThrow('no container engine')
    expect((await run('default')).status?.phase).toBe('TASK_EXECUTION_PHASE_SUCCEEDED')
    expect(read('where')).toBe('host\n')
  } finally {
    await world.close()
  }
})

describe.skipIf(!canRunDocker())('with a container engine (needs root and the package docker.io)', () => {
  let engine: DockerEngine
  let world: OnaWorld
  beforeAll(async () => {
    engine = await DockerEngine.open()
    await importTestImage(engine.address)
    world = await openOnaWorld({ executor: 'auto', dockerHost: engine.address })
  }, 120_000)
  afterAll(async () => {
    await world.close()
    await engine.stop()
  }, 60_000)

  test('runsOn.docker: tasks and services run in their image, in the same workspace, and hand on outputs', {
    timeout: 90_000,
  }, async () => {
    const { environmentId, run, read } = await prepared(world, 'images')
    const ended = await run('machine')
    expect([ended.status?.phase, ended.status?.failureMessage]).toEqual(['TASK_EXECUTION_PHASE_SUCCEEDED', ''])
    expect(read('seen')).toBe('up! /workspaces/images\n')
    const failed = await run('failing')
    expect(failed.status?.phase).toBe('TASK_EXECUTION_PHASE_FAILED')
    const [db] = (await automations(world).services.list({ filter: { environmentIds: [environmentId] } })).services
    await automations(world).services.stop({ id: db!.id })
    await until(
      async () => (await automations(world).services.retrieve({ id: db!.id })).service.status?.phase,
      (phase) => phase === 'SERVICE_PHASE_STOPPED',
      30_000,
    )
    expect(read('db-state')).toBe('down\n')
  })

  test('a dev container’s image is where commands run; a stop reaches a program in an image', {
    timeout: 90_000,
  }, async () => {
    const devcontainer = `{"image": "${TEST_IMAGE}", /* ours */ "containerEnv": {"COLOUR": "blue"},}`
    const { start, run, read } = await prepared(world, 'devcontainer', devcontainer)
    const ended = await run('default')
    expect([ended.status?.phase, ended.status?.failureMessage]).toEqual(['TASK_EXECUTION_PHASE_SUCCEEDED', ''])
    expect(read('where')).toBe('blue\n')
    const { executions } = automations(world).tasks
    const id = await start('waiting')
    await until(
      async () => (await executions.retrieve({ id })).taskExecution.status?.phase,
      (phase) => phase === 'TASK_EXECUTION_PHASE_RUNNING',
      30_000,
    )
    await executions.stop({ id })
    expect((await over(world.client, id)).status?.phase).toBe('TASK_EXECUTION_PHASE_STOPPED')
  })
})
