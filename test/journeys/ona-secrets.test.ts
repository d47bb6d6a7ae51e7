import { afterAll, beforeAll, expect, test } from 'vitest'
import { type OnaWorld, openOnaWorld, over, running } from '../support/ona-world.ts'

let world: OnaWorld
let environmentId: string
beforeAll(async () => {
  world = await openOnaWorld()
  environmentId = await world.environment()
})
afterAll(() => world.close())

const call = async <Reply>(service: string, method: string, body: object): Promise<Reply> => {
  const response = await world.call(`/api/gitpod.v1.${service}/${method}`, { body: JSON.stringify(body) })
  if (!response.ok) throw new Error(await response.text())
  return (await response.json()) as Reply
}

type Secret = { readonly secret: { readonly id: string } }

test('a secret reaches the program that names it, or every program, and is shown nowhere', async () => {
  const scope = { organizationId: '00000000-0000-4000-8000-000000000001' }
  const named = await call<Secret>('SecretService', 'CreateSecret', {
    name: 'NAMED',
    value: 'by-reference',
    scope,
    apiOnly: true,
  })
  const mount = { name: 'EVERYWHERE', value: 'in-all', scope, environmentVariable: true }
  await call<Secret>('SecretService', 'CreateSecret', mount)
  await expect(call('SecretService', 'CreateSecret', mount)).rejects.toThrow('already_exists')
  const env = [{ name: 'MINE', valueFrom: { secretRef: { id: named.secret.id } } }]
  const metadata = { reference: 'secrets', name: 'secrets' }
  const spec = { command: 'case "$MINE $EVERYWHERE" in by-ref*ence?in-*ll) ;; *) exit 1 ;; esac', env }
  const { task } = await call<{ task: { id: string } }>('EnvironmentAutomationService', 'CreateTask', {
    environmentId,
    metadata,
    spec,
  })
  const { taskExecution } = await world.client.environments.automations.tasks.start({ id: task.id })
  const ended = await over(world.client, taskExecution.id)
  expect(ended.status?.phase).toBe('TASK_EXECUTION_PHASE_SUCCEEDED')
  const shown = JSON.stringify([
    await call('EnvironmentAutomationService', 'GetTaskExecution', { id: taskExecution.id }),
    await call('EnvironmentAutomationService', 'GetTask', { id: task.id }),
    await call('SecretService', 'ListSecrets', {}),
  ])
  expect(shown).toContain(named.secret.id)
  expect(shown).not.toContain('in-all')
  expect(shown).not.toContain('by-reference')
})

test('a secret is a variable where its scope reaches, the nearest first, and nowhere else', async () => {
  const { subject, organizationId } = await call<{ subject: { id: string }; organizationId: string }>(
    'IdentityService',
    'GetAuthenticatedIdentity',
    {},
  )
  const nobody = '00000000-0000-4000-8000-000000000002'
  const { project } = await call<{ project: { id: string } }>('ProjectService', 'CreateProject', {
    name: 'secretive',
    initializer: { specs: [{}] },
  })
  const secret = (name: string, value: string, scope: object) =>
    call('SecretService', 'CreateSecret', { name, value, scope, environmentVariable: true })
  await secret('WHOSE', 'organization', { organizationId })
  await secret('WHOSE', 'project', { projectId: project.id })
  await secret('WHOSE', 'stranger', { userId: nobody })
  await secret('MINE', 'user', { userId: subject.id })
  await secret('MINE', 'project', { projectId: project.id })
  await expect(secret('WHOSE', 'x', { projectId: nobody })).rejects.toThrow('not_found')
  const { environment } = await call<{ environment: { id: string } }>(
    'EnvironmentService',
    'CreateEnvironmentFromProject',
    { projectId: project.id },
  )
  await running(world.client, environment.id)
  const seenIn = async (id: string) => {
    const { environment: e } = await world.client.environments.retrieve({ environmentId: id })
    const { ops } = e.status!.environmentUrls as { readonly ops: string }
    const path = `${new URL(ops).pathname}/supervisor.v1.EnvironmentOpsService/Exec`
    const body = JSON.stringify({
      command:
        'case "$WHOSE" in p*t) echo P;; o*n) echo O;; *) echo "?";; esac; case "$MINE" in u*r) echo U;; *) echo "?";; esac',
    })
    return ((await (await world.call(path, { body })).json()) as { readonly stdout: string }).stdout
  }
  expect(await seenIn(environment.id)).toBe('P\nU\n')
  expect(await seenIn(environmentId)).toBe('O\nU\n')
})

test('a token of one environment opens no other, and no token at all opens nothing', async () => {
  const other = await world.environment()
  const { accessToken } = await call<{ accessToken: string }>('EnvironmentService', 'CreateEnvironmentAccessToken', {
    environmentId,
  })
  const as = (token: string, id: string): Promise<Response> =>
    world.call('/api/gitpod.v1.EnvironmentService/GetEnvironment', {
      body: JSON.stringify({ environmentId: id }),
      headers: { authorization: `Bearer ${token}` },
    })
  expect((await as(accessToken, environmentId)).status).toBe(200)
  expect((await as(accessToken, other)).status).toBe(403)
  expect((await as(`${accessToken}x`, environmentId)).status).toBe(401)
  const secrets = await world.call('/api/gitpod.v1.SecretService/ListSecrets', {
    body: '{}',
    headers: { authorization: `Bearer ${accessToken}` },
  })
  expect(secrets.status).toBe(403)
})

test('a key may do what it is granted, and without a grant nothing, not even read a log', async () => {
  const { tasks } = world.client.environments.automations
  const metadata = { reference: 'granted', name: 'granted' }
  const { task } = await tasks.create({ environmentId, metadata, spec: { command: 'echo hi' } })
  const { taskExecution } = await tasks.start({ id: task.id })
  const { logUrl } = (await over(world.client, taskExecution.id)).status!
  const answers = async (grants: readonly string[]) => {
    const headers = { authorization: `Bearer ${await world.keyWith(grants)}` }
    const asked = async (method: string, body: object) =>
      (
        await world.call(`/api/gitpod.v1.EnvironmentAutomationService/${method}`, {
          body: JSON.stringify(body),
          headers,
        })
      ).status
    return [
      await asked('GetTask', { id: task.id }),
      await asked('StopTaskExecution', { id: taskExecution.id }),
      (await fetch(logUrl!, { headers })).status,
    ]
  }
  expect(await answers([])).toEqual([403, 403, 403])
  expect(await answers(['ona:read'])).toEqual([200, 403, 200])
  expect(await answers(['ona:StopTaskExecution'])).toEqual([403, 200, 403])
  expect(await answers(['*'])).toEqual([200, 200, 200])
})
