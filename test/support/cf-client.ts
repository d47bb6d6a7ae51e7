/**
 * Requests as the cf CLI v8 makes them, command by command (the project's reference on Cloud Foundry, section 3.3): for
 * journeys on machines where the CLI itself cannot be had (scripts/cf-clients.mjs).
 */
import { setTimeout as sleep } from 'node:timers/promises'

export interface CfReply {
  readonly status: number
  readonly headers: Headers
  // biome-ignore lint/suspicious/noExplicitAny: replies are compared by the tests, field by field
  readonly body: any
}

const LOOK_MS = 50
const PATIENCE_MS = 60_000

export class CfClient {
  readonly base: string
  token = ''
  refreshToken = ''
  org = ''
  space = ''

  constructor(base: string) {
    this.base = base
  }

  async send(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<CfReply> {
    const response = await fetch(path.startsWith('http') ? path : this.base + path, {
      method,
      headers: {
        accept: 'application/json',
        ...(!(body instanceof FormData) && { 'content-type': 'application/json' }),
        ...(this.token !== '' && { authorization: `bearer ${this.token}` }),
        ...headers,
      },
      ...(body !== undefined && {
        body: typeof body === 'string' || body instanceof FormData ? body : JSON.stringify(body),
      }),
    })
    const text = await response.text()
    return { status: response.status, headers: response.headers, body: text === '' ? undefined : parsed(text) }
  }

  /** Fails with the reply unless it is a success. */
  // biome-ignore lint/suspicious/noExplicitAny: as above
  async must(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<any> {
    const reply = await this.send(method, path, body, headers)
    if (reply.status >= 400) throw new Error(`${method} ${path}: ${reply.status} ${JSON.stringify(reply.body)}`)
    return reply.body
  }

  async grant(form: Record<string, string>, basic = true): Promise<CfReply> {
    return new CfClient(this.base).send('POST', '/oauth/token', new URLSearchParams(form).toString(), {
      'content-type': 'application/x-www-form-urlencoded',
      ...(basic && { authorization: 'Basic Y2Y6' }),
    })
  }

  /** `cf login`: the token, then the only org and space. */
  async login(username: string, password: string): Promise<void> {
    const { status, body } = await this.grant({ grant_type: 'password', username, password })
    if (status !== 200) throw new Error(`login: ${status} ${JSON.stringify(body)}`)
    this.token = body.access_token
    this.refreshToken = body.refresh_token
    const orgs = await this.must('GET', '/v3/organizations?order_by=name')
    this.org = orgs.resources[0]?.guid ?? ''
    const spaces = await this.must('GET', `/v3/spaces?order_by=name&organization_guids=${this.org}`)
    this.space = spaces.resources[0]?.guid ?? ''
  }

  /** `cf create-app`. */
  async createApp(name: string): Promise<string> {
    const body = { name, relationships: { space: { data: { guid: this.space } } } }
    return (await this.must('POST', '/v3/apps', body)).guid
  }

  /** `cf push NAME --no-start --droplet`. */
  async pushDroplet(name: string, archive: Buffer): Promise<string> {
    const app = await this.#applied(name, `applications:\n- name: ${name}\n  no-route: true\n`)
    const droplet = await this.must('POST', '/v3/droplets', { relationships: { app: { data: { guid: app } } } })
    const upload = await this.send('POST', `/v3/droplets/${droplet.guid}/upload`, formOf('bits', archive, 'x.tgz'))
    await this.job(upload)
    await this.must('PATCH', `/v3/apps/${app}/relationships/current_droplet`, { data: { guid: droplet.guid } })
    return app
  }

  /** `cf push NAME --task -b binary_buildpack -p DIR`. */
  async pushBits(name: string, zip: Buffer, manifest = ''): Promise<string> {
    const app = await this.#applied(
      name,
      `applications:\n- name: ${name}\n  buildpacks: [binary_buildpack]\n  no-route: true\n${manifest}`,
    )
    await this.must('POST', '/v3/resource_matches', { resources: [] })
    const related = { relationships: { app: { data: { guid: app } } } }
    const { guid } = await this.must('POST', '/v3/packages', { type: 'bits', ...related })
    const form = formOf('bits', zip, 'package.zip')
    form.append('resources', '[]')
    await this.must('POST', `/v3/packages/${guid}/upload`, form)
    const build = await this.must('POST', '/v3/builds', { package: { guid } })
    const staged = await this.until(`/v3/builds/${build.guid}`, (b) => b.state !== 'STAGING')
    if (staged.state !== 'STAGED') throw new Error(`staging failed: ${staged.error}`)
    await this.must('POST', `/v3/apps/${app}/actions/stop`)
    const current = { data: { guid: staged.droplet.guid } }
    await this.must('PATCH', `/v3/apps/${app}/relationships/current_droplet`, current)
    return app
  }

  /** `cf push NAME --task --docker-image I`. */
  async pushImage(name: string, image: string): Promise<string> {
    const app = await this.#applied(
      name,
      `applications:\n- name: ${name}\n  docker:\n    image: ${image}\n  no-route: true\n`,
    )
    const related = { relationships: { app: { data: { guid: app } } } }
    const { guid } = await this.must('POST', '/v3/packages', { type: 'docker', data: { image }, ...related })
    const build = await this.must('POST', '/v3/builds', { package: { guid } })
    const staged = await this.until(`/v3/builds/${build.guid}`, (b) => b.state !== 'STAGING')
    const droplet = await this.must('GET', `/v3/droplets/${staged.droplet.guid}`)
    await this.must('POST', `/v3/apps/${app}/actions/stop`)
    await this.must('PATCH', `/v3/apps/${app}/relationships/current_droplet`, { data: { guid: droplet.guid } })
    return app
  }

  async #applied(name: string, manifest: string): Promise<string> {
    const path = `/v3/spaces/${this.space}/actions/apply_manifest`
    await this.job(await this.send('POST', path, manifest, { 'content-type': 'application/x-yaml' }))
    return (await this.must('GET', `/v3/apps?names=${name}&space_guids=${this.space}`)).resources[0].guid
  }

  /** Follows the Location of an asynchronous reply. */
  async job(reply: CfReply): Promise<void> {
    if (reply.status !== 202) throw new Error(`not accepted: ${reply.status} ${JSON.stringify(reply.body)}`)
    const done = await this.until(reply.headers.get('location')!, (j) => j.state === 'COMPLETE' || j.state === 'FAILED')
    if (done.state === 'FAILED') throw new Error(done.errors[0].detail)
  }

  /** `cf run-task --wait`. */
  // biome-ignore lint/suspicious/noExplicitAny: as above
  async run(app: string, task: object): Promise<any> {
    const { guid } = await this.must('POST', `/v3/apps/${app}/tasks`, task)
    return this.ended(guid)
  }

  // biome-ignore lint/suspicious/noExplicitAny: as above
  ended(task: string): Promise<any> {
    return this.until(`/v3/tasks/${task}`, (t) => t.state === 'SUCCEEDED' || t.state === 'FAILED')
  }

  // biome-ignore lint/suspicious/noExplicitAny: as above
  async until(path: string, test: (body: any) => boolean): Promise<any> {
    for (const deadline = Date.now() + PATIENCE_MS; Date.now() < deadline; await sleep(LOOK_MS)) {
      const body = await this.must('GET', path)
      if (test(body)) return body
    }
    throw new Error(`waited in vain for ${path}: ${JSON.stringify(await this.must('GET', path))}`)
  }

  /** `cf logs NAME --recent`: the lines, oldest first. */
  async recentLogs(source: string): Promise<readonly string[]> {
    const query = 'descending=true&envelope_types=LOG&limit=1000&start_time=-6795364578871345152'
    const { envelopes } = await this.must('GET', `/api/v1/read/${source}?${query}`)
    const lines = envelopes.batch.map(
      (e: { tags: Record<string, string>; log: { payload: string; type: string } }) =>
        `[${e.tags.source_type}/0] ${e.log.type} ${Buffer.from(e.log.payload, 'base64').toString('utf8')}`,
    )
    return lines.reverse()
  }
}

function formOf(field: string, bytes: Buffer, name: string): FormData {
  const form = new FormData()
  form.append(field, new Blob([new Uint8Array(bytes)]), name)
  return form
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
