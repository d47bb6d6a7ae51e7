import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

const PATIENCE_MS = 60_000
const LOOK_MS = 200

/** Cloud Foundry by the requests that `cf push --droplet`, `cf run-task --wait` and `cf logs --recent` make. */
export async function cloudFoundry({ environment, heading, say, capture }) {
  const { faces } = JSON.parse(await capture(['info', '--format', 'json']))
  if (!faces.includes('cloudfoundry')) return
  heading('Cloud Foundry: a droplet, a task, its log')
  const send = await login(environment)
  const space = (await send('GET', '/v3/spaces')).resources[0].guid
  const app = await send('POST', '/v3/apps', { name: 'demo', relationships: { space: { data: { guid: space } } } })
  say(`POST /v3/apps → ${app.name} ${app.guid}`)
  const droplet = await upload(send, app.guid)
  await send('PATCH', `/v3/apps/${app.guid}/relationships/current_droplet`, { data: { guid: droplet } })
  say(`a droplet of a few bytes, uploaded and unpacked → ${droplet}`)
  await runTask(send, app.guid, say)
}

async function login({ CF_API: api, CF_USERNAME: username, CF_PASSWORD: password }) {
  const form = new URLSearchParams({ grant_type: 'password', username, password })
  const reply = await fetch(`${api}/oauth/token`, {
    method: 'POST',
    body: form,
    headers: { authorization: 'Basic Y2Y6' },
  })
  const { access_token: token } = await reply.json()
  return async (method, path, body) => {
    const headers = { authorization: `bearer ${token}` }
    const isForm = body instanceof FormData
    if (body !== undefined && !isForm) headers['content-type'] = 'application/json'
    const answer = await fetch(api + path, { method, headers, body: body && !isForm ? JSON.stringify(body) : body })
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`)
    return answer.json()
  }
}

async function upload(send, app) {
  const directory = mkdtempSync(join(tmpdir(), 'taskport-demo-droplet-'))
  try {
    mkdirSync(join(directory, 'app'))
    writeFileSync(join(directory, 'app/greet.sh'), 'echo "from Cloud Foundry, in $PWD"; exit 4\n')
    execFileSync('tar', ['-czf', join(directory, 'droplet.tgz'), '-C', directory, 'app'])
    const { guid } = await send('POST', '/v3/droplets', { relationships: { app: { data: { guid: app } } } })
    const form = new FormData()
    form.append('bits', new Blob([readFileSync(join(directory, 'droplet.tgz'))]), 'droplet.tgz')
    await send('POST', `/v3/droplets/${guid}/upload`, form)
    const staged = await until(send, `/v3/droplets/${guid}`, ({ state }) => state === 'STAGED' || state === 'FAILED')
    if (staged.state === 'FAILED') throw new Error(`the droplet was not unpacked: ${staged.error}`)
    return guid
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

async function runTask(send, app, say) {
  const task = await send('POST', `/v3/apps/${app}/tasks`, { command: 'sh greet.sh', name: 'greet', memory_in_mb: 64 })
  say(`POST /v3/apps/…/tasks → ${task.state} task ${task.sequence_id} "${task.name}"`)
  const ended = await until(send, `/v3/tasks/${task.guid}`, ({ state }) => state === 'SUCCEEDED' || state === 'FAILED')
  say(`GET /v3/tasks/… → ${ended.state} "${ended.result.failure_reason}"`)
  const { envelopes } = await send('GET', `/api/v1/read/${app}`)
  for (const { tags, log } of envelopes.batch)
    say(`  [${tags.source_type}/0] ${log.type} ${Buffer.from(log.payload, 'base64')}`)
  if (ended.result.failure_reason !== 'APP/TASK/greet: Exited with status 4')
    throw new Error('the failure reason is not the one of its program')
}

async function until(send, path, test) {
  for (const deadline = Date.now() + PATIENCE_MS; Date.now() < deadline; await sleep(LOOK_MS)) {
    const body = await send('GET', path)
    if (test(body)) return body
  }
  throw new Error(`waited in vain for ${path}`)
}
