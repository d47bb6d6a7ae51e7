import type { Place } from '../access/access.ts'
import { type App, COLLECTIONS, type Space } from '../documents.ts'
import type { Call } from '../operation.ts'

export interface AppPlace extends Place {
  readonly app: App
}

/** The spaces that the caller may see: each one's organisation, by its guid. */
export async function orgsOfSpaces({ records, access }: Call): Promise<ReadonlyMap<string, string>> {
  const spaces = await records.all<Space>(COLLECTIONS.space)
  const seen = await Promise.all(spaces.map(({ guid, org }) => access.canReadSpace({ space: guid, org })))
  return new Map(spaces.filter((_space, i) => seen[i]).map(({ guid, org }) => [guid, org]))
}

/** Every app that the caller may see and where it is, by its guid: for lists of what belongs to apps. */
export async function appPlaces(call: Call): Promise<ReadonlyMap<string, AppPlace>> {
  const orgs = await orgsOfSpaces(call)
  const places = new Map<string, AppPlace>()
  for (const app of await call.records.all<App>(COLLECTIONS.app)) {
    const org = orgs.get(app.space)
    if (org !== undefined) places.set(app.guid, { app, space: app.space, org })
  }
  return places
}

/** Filters of everything that belongs to an app. */
export const placeFilters = (places: ReadonlyMap<string, AppPlace>) => ({
  app_guids: ({ app }: { readonly app: string }) => app,
  space_guids: ({ app }: { readonly app: string }) => places.get(app)?.space,
  organization_guids: ({ app }: { readonly app: string }) => places.get(app)?.org,
})
