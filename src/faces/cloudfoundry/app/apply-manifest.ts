/** What of a manifest concerns tasks is applied; routes and sidecars are left out. */
import {
  type App,
  COLLECTIONS,
  type Process,
  type ServiceBinding,
  type ServiceInstance,
  type Space,
} from '../documents.ts'
import { unprocessable } from '../errors.ts'
import type { Call } from '../operation.ts'
import { refreshSeriesOf } from '../task/refresh-series.ts'
import { changedMetadata, NO_METADATA } from '../wire/metadata.ts'
import { appIndexes, ofApp, processesOf } from './find-app.ts'
import { type ManifestApplication, parseManifest } from './manifest-application.ts'
import { changedProcess } from './manifest-process.ts'
import { BUILDPACK_LIFECYCLE, findByName, newApp, newProcess } from './new-app.ts'

/** Throws CF-UnprocessableEntity; for what the manifest itself has wrong, before anything is changed. */
export async function applyManifest(call: Call, space: Space, text: string): Promise<void> {
  for (const application of parseManifest(text)) await apply(call, space, application)
}

async function apply(call: Call, space: Space, wish: ManifestApplication): Promise<void> {
  const app = await appOf(call, space, wish)
  await call.records.change<App>(
    COLLECTIONS.app,
    app.guid,
    (a) => ({
      ...a,
      ...(wish.lifecycle && { lifecycle: wish.lifecycle }),
      env: { ...a.env, ...wish.env },
      metadata: changedMetadata(a.metadata, wish.metadata),
    }),
    appIndexes,
  )
  await applyProcesses(call, app.guid, wish)
  await bindAll(call, space, app, wish.services)
  await refreshSeriesOf(call, app.guid)
}

async function appOf(
  call: Call,
  space: Space,
  { name, lifecycle = BUILDPACK_LIFECYCLE }: ManifestApplication,
): Promise<App> {
  const known = await findByName(call, space.guid, name)
  if (known) return known
  const { app, changes } = await newApp(call, space, { name, lifecycle, env: {} })
  await call.records.save(...changes)
  return app
}

async function applyProcesses(call: Call, app: string, { processes }: ManifestApplication): Promise<void> {
  const known = await processesOf(call, app)
  for (const wish of processes) {
    const before = known.find(({ type }) => type === wish.type)
    if (before) {
      await call.records.change<Process>(COLLECTIONS.process, before.guid, (p) => changedProcess(p, wish), ofApp)
      continue
    }
    const made = changedProcess(newProcess(call, app, wish.type), wish)
    await call.records.save(call.records.putOf(COLLECTIONS.process, made, ofApp(made)))
  }
}

async function bindAll(call: Call, space: Space, app: App, names: readonly string[]): Promise<void> {
  if (names.length === 0) return
  const { records } = call
  const services = await records.all<ServiceInstance>(COLLECTIONS.service, { name: 'space', value: space.guid })
  const bound = await records.all<ServiceBinding>(COLLECTIONS.binding, { name: 'app', value: app.guid })
  for (const name of new Set(names)) {
    const service = services.find((s) => s.name === name)
    if (!service) throw unprocessable(`For application '${app.name}': Service instance '${name}' not found`)
    if (bound.some((b) => b.service === service.guid)) continue
    const binding = { ...records.fresh(), app: app.guid, service: service.guid, metadata: NO_METADATA }
    await records.save(records.putOf(COLLECTIONS.binding, binding, { app: app.guid, service: service.guid }))
  }
}
