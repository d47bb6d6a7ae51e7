import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { cfCli } from '../cf-clients.mjs'
import { cloudFoundryByCli } from './cloudfoundry-cli.mjs'

const PATIENCE_MS = 60_000
const LOOK_MS = 200

/** Cloud Foundry by the cf CLI where there is one (scripts/cf-clients.mjs), else by the requests that it makes. */
export async function cloudFoundry(stage) {
  const { faces } = JSON.parse(await stage.capture(['info', '--format', 'json']))
  if (!faces.includes('cloudfoundry')) return
  const program = knownCli()
  stage.heading(`Cloud Foundry: a droplet, a task, its log${program ? ', by the cf command line, unmodified' : ''}`)
  const directory = mkdtempSync(join(tmpdir(), 'taskport-demo-droplet-'))
  try {
    const droplet = packedDroplet(directory)
    await (program ? cloudFoundryByCli(program, droplet, stage) : byRequests(droplet, stage))
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

function knownCli() {
  try {
    return cfCli({ build: false })
  } catch {
    return undefined
  }
}

function packedDroplet(directory) {
  mkdirSync(join(directory, 'app'))
  writeFileSync(join(directory, 'app/greet.sh'), 'echo "from Cloud Foundry, in $PWD"; exit 4\n')
  const droplet = join(directory, 'droplet.tgz')
  execFileSync('tar', ['-czf', droplet, '-C', directory, 'app'])
  return droplet
}

async function byRequests(droplet, { environment, say }) {
  const send = await login(environment)
  const space = (await send('GET', '/v3/spaces')).resources[0].guid
  const app = await send('POST', '/v3/apps', { name: 'demo', relationships: { space: { data: { guid: space } } } })
  say(`POST /v3/apps → ${app.name} ${app.guid}`)
  const guid = await upload(send, app.guid, droplet)
  await send('PATCH', `/v3/apps/${app.guid}/relationships/current_droplet`, { data: { guid } })
  say(`a droplet of a few bytes, uploaded and unpacked → ${guid}`)
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

async function upload(send, app, archive) {
  const { guid } = await send('POST', '/v3/droplets', { relationships: { app: { data: { guid: app } } } })
  const form = new FormData()
  form.append('bits', new Blob([readFileSync(archive)]), 'droplet.tgz')
  await send('POST', `/v3/droplets/${guid}/upload`, form)
  const staged = await until(send, `/v3/droplets/${guid}`, ({ state }) => state === 'STAGED' || state === 'FAILED')
  if (staged.state === 'FAILED') throw new Error(`the droplet was not unpacked: ${staged.error}`)
  return guid
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
