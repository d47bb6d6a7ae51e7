import type { Place } from '../access/access.ts'
import { type App, COLLECTIONS, type Org, type Process, type Space } from '../documents.ts'
import { notFound } from '../errors.ts'
import type { Call } from '../operation.ts'

/** An app with where it lives. */
export interface PlacedApp {
  readonly app: App
  readonly space: Space
  readonly place: Place
}

/** An app that the caller may see. Throws `App not found`. */
export async function findApp(call: Call, guid: string, thing = 'App'): Promise<PlacedApp> {
  const app = await call.records.find<App>(COLLECTIONS.app, guid)
  const space = app && (await call.records.find<Space>(COLLECTIONS.space, app.space))
  if (!app || !space) throw notFound(thing)
  const place = { space: space.guid, org: space.org }
  if (!(await call.access.canReadSpace(place))) throw notFound(thing)
  return { app, space, place }
}

/** The same for something that belongs to an app. `thing` is what is said not to be found. */
export async function findOfApp<Body extends { readonly app: string; readonly guid: string }>(
  call: Call,
  collection: string,
  guid: string,
  thing: string,
): Promise<PlacedApp & { readonly body: Body }> {
  const body = (await call.records.find(collection, guid)) as Body | undefined
  if (!body) throw notFound(thing)
  return { ...(await findApp(call, body.app, thing)), body }
}

export const orgOf = async (call: Call, guid: string): Promise<Org> => {
  const org = await call.records.find<Org>(COLLECTIONS.org, guid)
  if (!org) throw notFound('Organization')
  return org
}

export const processesOf = (call: Call, app: string): Promise<Process[]> =>
  call.records.all<Process>(COLLECTIONS.process, { name: 'app', value: app })

export const appIndexes = (app: App): Readonly<Record<string, string>> => ({ space: app.space, name: app.name })
export const ofApp = (body: { readonly app: string }): Readonly<Record<string, string>> => ({ app: body.app })
