import { findApp, findOfApp, ofApp } from '../app/find-app.ts'
import { presentDroplet } from '../app/present-app.ts'
import { COLLECTIONS, type Droplet, type Job } from '../documents.ts'
import { unprocessable } from '../errors.ts'
import { type Answer, type Call, created, jobAt, type Operation, ok } from '../operation.ts'
import { startStaging } from '../staging/start-staging.ts'
import { answerList } from '../wire/answer-list.ts'
import { isObject, Problems, relatedGuid } from '../wire/message.ts'
import { NO_METADATA } from '../wire/metadata.ts'
import { receiveUpload } from '../wire/upload.ts'
import { readable } from './packages.ts'

const find = (call: Call) => findOfApp<Droplet>(call, COLLECTIONS.droplet, call.param('guid'), 'Droplet')

async function create(call: Call): Promise<Answer> {
  const body = call.body()
  const problems = new Problems(body, ['relationships', 'process_types'])
  const app = relatedGuid(body, 'app')
  if (app === undefined) problems.add("Relationships 'relationships' must include an app")
  const types = body.process_types
  if (types !== undefined && !isObject(types)) problems.add('Process types must be an object')
  problems.check()
  const placed = await findApp(call, app!).catch(() => {
    throw unprocessable(`App with guid "${app}" does not exist, or you do not have access to it.`)
  })
  await call.access.checkWriteSpace(placed.place)
  const made: Droplet = {
    ...call.records.fresh(),
    app: placed.app.guid,
    state: 'AWAITING_UPLOAD',
    lifecycle: placed.app.lifecycle,
    processTypes: Object.fromEntries(Object.entries(isObject(types) ? types : {}).map(([k, v]) => [k, String(v)])),
    metadata: NO_METADATA,
  }
  await call.records.save(call.records.putOf(COLLECTIONS.droplet, made, ofApp(made)))
  return created(presentDroplet(made, call.base))
}

async function upload(call: Call): Promise<Answer> {
  const { body: before, place } = await find(call)
  const { records } = call
  await call.access.checkWriteSpace(place)
  if (before.state !== 'AWAITING_UPLOAD')
    throw unprocessable('Droplet may be uploaded only once. Create a new droplet to upload bits.')
  const key = `cloudfoundry/droplets/${before.guid}`
  const facts = await receiveUpload(call, 'bits', key)
  if (!facts) throw unprocessable('A droplet tgz file must be uploaded as bits')
  const job: Job = {
    ...records.fresh(),
    operation: 'droplet.upload',
    state: 'PROCESSING',
    links: { droplets: `/v3/droplets/${before.guid}` },
  }
  const after: Droplet = { ...before, state: 'PROCESSING_UPLOAD', sha256: facts.sha256, updated: records.now() }
  await startStaging(
    call,
    { key, form: 'droplet', app: before.app, purpose: { droplet: before.guid, job: job.guid } },
    [records.putOf(COLLECTIONS.droplet, after, ofApp(after)), records.putOf(COLLECTIONS.job, job)],
  )
  return { ...jobAt(call, job.guid), body: presentDroplet(after, call.base) }
}

const list = (call: Call, app?: string): Promise<Answer> =>
  answerList<Droplet>(call, {
    collection: COLLECTIONS.droplet,
    ...(app !== undefined && { index: { name: 'app', value: app } }),
    filters: { states: (d) => d.state, app_guids: (d) => d.app },
    ignored: ['current'],
    visible: (d) => readable(call, d.app),
    present: (d) => presentDroplet(d, call.base),
  })

export const DROPLET_OPERATIONS: readonly Operation[] = [
  { method: 'GET', path: '/v3/droplets', answer: (call) => list(call) },
  { method: 'POST', path: '/v3/droplets', answer: create },
  {
    method: 'GET',
    path: '/v3/droplets/:guid',
    answer: async (call) => ok(presentDroplet((await find(call)).body, call.base)),
  },
  { method: 'POST', path: '/v3/droplets/:guid/upload', answer: upload, streams: true },
  {
    method: 'GET',
    path: '/v3/apps/:guid/droplets',
    async answer(call) {
      const { app } = await findApp(call, call.param('guid'))
      return list(call, app.guid)
    },
  },
]
