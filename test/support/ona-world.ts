/** A whole server with real processes, and the vendor's client pointed at it. */
import { mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Gitpod from '@gitpod/sdk'
import { FIRST_TENANT } from '../../src/faces/kit/first-start.ts'
import { type Configuration, DEFAULT_CONFIGURATION } from '../../src/server/configuration.ts'
import { faceDirectory } from '../../src/server/data-directory.ts'
import { clientEnvironment } from '../../src/server/environment.ts'
import { type Server, serve } from '../../src/server/server.ts'
import { until } from './aws-world.ts'

export interface OnaWorld {
  readonly url: string
  readonly token: string
  readonly client: Gitpod
  /** Below it environments of `file://` may lie. */
  readonly root: string
  /** Where environments of their own lie. */
  readonly environments: string
  /** One with an empty workspace, up and running. */
  environment(url?: string): Promise<string>
  /** A raw call, as no client makes it. */
  call(path: string, init?: RequestInit): Promise<Response>
  /** Names of the active tasks that the engine knows, as the operator sees them. */
  engineTasks(): Promise<readonly string[]>
  /** An API key of the same tenant, as the operator makes it. */
  keyWith(grants: readonly string[]): Promise<string>
  /** The server ends and another takes up what runs. */
  restart(): Promise<void>
  close(): Promise<void>
}

export async function openOnaWorld(configuration: Partial<Configuration> = {}): Promise<OnaWorld> {
  const dataDirectory = mkdtempSync(join(tmpdir(), 'taskport-ona-'))
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'taskport-ona-root-')))
  const settings = {
    ...DEFAULT_CONFIGURATION,
    logLevel: 'error' as const,
    workspaceRoots: [root],
    ...configuration,
    dataDirectory,
  }
  let server: Server = await serve({ ...settings, port: 0 })
  const { GITPOD_BASE_URL, GITPOD_API_KEY, TASKPORT_TOKEN } = await clientEnvironment({
    url: server.url,
    dataDirectory,
  })
  const client = new Gitpod({ baseURL: GITPOD_BASE_URL!, bearerToken: GITPOD_API_KEY! })
  const token = GITPOD_API_KEY!
  return {
    url: server.url,
    token,
    client,
    root,
    environments: join(faceDirectory(dataDirectory, 'ona'), 'environments'),
    async environment(url) {
      const content = url === undefined ? {} : { content: { initializer: { specs: [{ contextUrl: { url } }] } } }
      const { environment } = await client.environments.create({ spec: { ...content } })
      await running(client, environment.id)
      return environment.id
    },
    call: (path, init = {}) =>
      fetch(`${server.url}${path}`, {
        method: 'POST',
        ...init,
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', ...init.headers },
      }),
    async engineTasks() {
      const listed = await fetch(`${server.url}/taskport/v1/tasks?limit=100`, {
        headers: { authorization: `Bearer ${TASKPORT_TOKEN}` },
      })
      const { items } = (await listed.json()) as { readonly items: readonly { name: string; state: string }[] }
      return items.filter((task) => task.state === 'active').map((task) => task.name)
    },
    async keyWith(grants) {
      const minted = await fetch(`${server.url}/taskport/v1/tokens`, {
        method: 'POST',
        body: JSON.stringify({ face: 'ona', tenant: FIRST_TENANT, grants }),
        headers: { authorization: `Bearer ${TASKPORT_TOKEN}`, 'content-type': 'application/json' },
      })
      return ((await minted.json()) as { readonly secret: string }).secret
    },
    async restart() {
      const { port } = new URL(server.url)
      await server.stop({ endTasks: false })
      server = await serve({ ...settings, port: Number(port) })
    },
    async close() {
      await server.stop({ endTasks: true })
      for (const directory of [dataDirectory, root]) rmSync(directory, { recursive: true, force: true })
    },
  }
}

export async function running(client: Gitpod, environmentId: string): Promise<void> {
  await until(
    async () => (await client.environments.retrieve({ environmentId })).environment.status,
    (status) => {
      if (status?.failureMessage?.[0]) throw new Error(status.failureMessage[0])
      return status?.phase === 'ENVIRONMENT_PHASE_RUNNING'
    },
    30_000,
  )
}

/** A task's execution once it is over. */
export async function over(client: Gitpod, id: string) {
  const phases = ['TASK_EXECUTION_PHASE_SUCCEEDED', 'TASK_EXECUTION_PHASE_FAILED', 'TASK_EXECUTION_PHASE_STOPPED']
  return until(
    async () => (await client.environments.automations.tasks.executions.retrieve({ id })).taskExecution,
    (e) => phases.includes(e.status?.phase ?? ''),
    40_000,
  )
}
