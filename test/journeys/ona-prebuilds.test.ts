import { createClient, type Interceptor } from '@connectrpc/connect'
import { createConnectTransport } from '@connectrpc/connect-node'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { PrebuildPhase, PrebuildService } from '../../src/faces/ona/gen/gitpod/v1/prebuild_pb.js'
import { until } from '../support/aws-world.ts'
import { type GitServer, openGitServer } from '../support/git-server.ts'
import { type OnaWorld, openOnaWorld, over, running } from '../support/ona-world.ts'

const FILE = `
services:
  db: {name: db, triggeredBy: [prebuild], commands: {start: "touch db-up; exec sleep 100", ready: test -e db-up}}
tasks:
  build:
    name: Build
    command: echo built; sleep 0.5; echo "built $GITPOD_ENVIRONMENT_ID" > artifact
    triggeredBy: [prebuild]
    dependsOn: [db]
    prebuildRequiresSuccess: true
  lint: {name: Lint, command: echo lint; exit 3, triggeredBy: [prebuild]}
  seal: {name: Seal, command: cat artifact > sealed, triggeredBy: [beforeSnapshot]}
  greet: {name: Greet, command: cat sealed, triggeredBy: [postDevcontainerStart]}
`
const FAILING = 'tasks: {build: {name: b, command: exit 7, triggeredBy: [prebuild], prebuildRequiresSuccess: true}}'
const ENDLESS = 'tasks: {build: {name: b, command: echo begun; exec sleep 100, triggeredBy: [prebuild]}}'
const REFUSED = `
tasks:
  ask: {command: "true", x-taskport: {inputs: {WORD: {}}}}
  build: {command: "true", dependsOn: [ask], triggeredBy: [prebuild], prebuildRequiresSuccess: true}
`

let world: OnaWorld
let git: GitServer
beforeAll(async () => {
  world = await openOnaWorld({ allowAddress: ['127.0.0.1'] })
  git = await openGitServer({
    '.ona/automations.yaml': FILE,
    'failing.yaml': FAILING,
    'endless.yaml': ENDLESS,
    'refused.yaml': REFUSED,
  })
})
afterAll(async () => {
  git.close()
  await world.close()
})

/** Prebuilds are not in the older SDK: a client made from our protos, in binary. */
function prebuilds() {
  const authorize: Interceptor = (next) => (request) => {
    request.header.set('authorization', `Bearer ${world.token}`)
    return next(request)
  }
  const transport = createConnectTransport({
    baseUrl: `${world.url}/api`,
    httpVersion: '1.1',
    useBinaryFormat: true,
    interceptors: [authorize],
  })
  return createClient(PrebuildService, transport)
}

async function project(automationsFilePath = ''): Promise<string> {
  const { project: made } = await world.client.projects.create({
    name: `of ${automationsFilePath}`,
    environmentClass: {},
    initializer: { specs: [{ contextUrl: { url: git.url } }] },
    automationsFilePath,
  })
  return made!.id!
}

const phaseIs = (prebuildId: string, ...phases: PrebuildPhase[]) =>
  until(
    async () => (await prebuilds().getPrebuild({ prebuildId })).prebuild!,
    (prebuild) => phases.includes(prebuild.status!.phase),
    30_000,
  )

async function logOf(prebuildId: string, url: string): Promise<string> {
  const { accessToken } = await prebuilds().createPrebuildLogsToken({ prebuildId })
  return (await fetch(url, { headers: { authorization: `Bearer ${accessToken}` } })).text()
}

test('a prebuild fires its triggers in order, tells its log, and is where environments of its project begin', async () => {
  const projectId = await project()
  const { prebuild } = await prebuilds().createPrebuild({ projectId })
  const log = logOf(prebuild!.id, prebuild!.status!.logUrl)
  const made = await phaseIs(prebuild!.id, PrebuildPhase.COMPLETED, PrebuildPhase.FAILED)
  expect(made.status).toMatchObject({ phase: PrebuildPhase.COMPLETED, failureMessage: '' })
  expect(made.status!.warningMessage).toContain('lint')
  expect(made.status!.completionTime).toBeDefined()
  expect((await log).split('\n')).toEqual(expect.arrayContaining(['built', 'lint']))
  expect((await logOf(made.id, made.status!.logUrl)).split('\n').sort()).toEqual((await log).split('\n').sort())
  const { environmentId } = made.status!
  const { taskExecutions } = await world.client.environments.automations.tasks.executions.list({
    filter: { environmentIds: [environmentId] },
  })
  expect(taskExecutions.map((e) => e.metadata?.startedBy).sort()).toEqual(['beforeSnapshot', 'prebuild', 'prebuild'])
  await expect(world.client.environments.start({ environmentId })).rejects.toThrow('belongs to prebuild')
  const { environment } = await world.client.environments.createFromProject({ projectId })
  await running(world.client, environment.id)
  const inside = { filter: { environmentIds: [environment.id] } }
  const { tasks } = world.client.environments.automations
  const [greeting] = await until(
    async () => (await tasks.executions.list(inside)).taskExecutions,
    (all) => all.length === 1,
  )
  const greeted = await over(world.client, greeting!.id!)
  expect(greeted.metadata?.startedBy).toBe('postDevcontainerStart')
  const { accessToken } = await world.client.environments.createLogsToken({ environmentId: environment.id })
  const said = await fetch(greeted.status!.logUrl!, { headers: { authorization: `Bearer ${accessToken}` } })
  expect(await said.text()).toBe(`built ${environmentId}\n`)
  await world.client.projects.delete({ projectId })
  await until(
    async () => (await prebuilds().listPrebuilds({ filter: { projectIds: [projectId] } })).prebuilds,
    (left) => left.length === 0,
  )
  expect((await world.client.environments.retrieve({ environmentId: environment.id })).environment.status?.phase).toBe(
    'ENVIRONMENT_PHASE_RUNNING',
  )
})

test('a task that must succeed fails the prebuild; one that is under way can be cancelled, across a restart', async () => {
  const failing = await prebuilds().createPrebuild({ projectId: await project('failing.yaml') })
  const failed = await phaseIs(failing.prebuild!.id, PrebuildPhase.FAILED, PrebuildPhase.COMPLETED)
  expect(failed.status!.failureMessage).toBe('task build: exited with code 7')
  const refused = await prebuilds().createPrebuild({ projectId: await project('refused.yaml') })
  const unbegun = await phaseIs(refused.prebuild!.id, PrebuildPhase.FAILED, PrebuildPhase.COMPLETED)
  expect(unbegun.status!.failureMessage).toBe('task build: inputs.WORD: task ask needs a value')
  const projectId = await project('endless.yaml')
  const { prebuild } = await prebuilds().createPrebuild({ projectId })
  await phaseIs(prebuild!.id, PrebuildPhase.RUNNING)
  await world.restart()
  await phaseIs(prebuild!.id, PrebuildPhase.RUNNING)
  const cancelled = (await prebuilds().cancelPrebuild({ prebuildId: prebuild!.id })).prebuild!
  expect([PrebuildPhase.CANCELLING, PrebuildPhase.CANCELLED]).toContain(cancelled.status!.phase)
  await phaseIs(prebuild!.id, PrebuildPhase.CANCELLED)
  await prebuilds().cancelPrebuild({ prebuildId: prebuild!.id })
  const filter = { projectIds: [projectId], phases: [PrebuildPhase.CANCELLED] }
  expect((await prebuilds().listPrebuilds({ filter })).prebuilds.map((p) => p.id)).toEqual([prebuild!.id])
  await prebuilds().deletePrebuild({ prebuildId: prebuild!.id })
  await until(
    async () => (await prebuilds().listPrebuilds({ filter: { projectIds: [projectId] } })).prebuilds.length,
    (left) => left === 0,
  )
})

test('what the SDK asks before it makes an environment from an address: who it is, what is there, whether it may', async () => {
  const { user } = await world.client.users.getAuthenticatedUser({})
  const { subject } = await world.client.identity.getAuthenticatedIdentity({})
  expect(user).toMatchObject({ id: subject?.id, status: 'USER_STATUS_ACTIVE' })
  const projectId = await project()
  const { environmentClasses } = await world.client.environments.classes.list({})
  const [{ runnerId, id: classId } = { runnerId: '', id: '' }] = environmentClasses
  const parsed = await world.client.runners.parseContextURL({ contextUrl: git.url, runnerId })
  expect(parsed).toMatchObject({ git: { cloneUrl: git.url, host: '127.0.0.1', repo: 'app' } })
  expect(parsed.projectIds).toContain(projectId)
  const tree = await world.client.runners.parseContextURL({ contextUrl: 'https://example.com/a/b/tree/some/branch' })
  expect(tree.git).toMatchObject({ cloneUrl: 'https://example.com/a/b', owner: 'a', repo: 'b', branch: 'some/branch' })
  await expect(world.client.runners.parseContextURL({ contextUrl: 'file:///etc' })).rejects.toThrow('operator')
  const host = parsed.git!.host!
  expect(await world.client.runners.checkAuthenticationForHost({ host, runnerId })).toMatchObject({
    authenticated: true,
  })
  expect(classId).not.toBe('')
})
