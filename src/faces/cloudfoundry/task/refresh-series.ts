import { findApp, type PlacedApp } from '../app/find-app.ts'
import { COLLECTIONS, type Droplet } from '../documents.ts'
import type { Call } from '../operation.ts'
import { Problems } from '../wire/message.ts'
import { scheduleOf } from './annotations.ts'
import { planNow } from './plan-now.ts'
import { allSeries, keepSeries, type Series, type SeriesWish, seriesTurn } from './series.ts'

/** To be called when what the app's tasks run in was changed: the runs to come of its series take it. */
export async function refreshSeriesOf(call: Call, app: string): Promise<void> {
  if ((await allSeries(call, app)).length === 0) return
  await seriesTurn(call, app, async () => {
    const placed = await findApp(call, app)
    for (const series of await allSeries(call, app)) await refresh(call, placed, series)
  })
}

/** The same for every app. */
export async function refreshAllSeries(call: Call): Promise<void> {
  const all = await call.records.all<Series>(COLLECTIONS.series)
  for (const app of new Set(all.map((series) => series.app))) await refreshSeriesOf(call, app)
}

/** Command and sizes stay as they were asked for, and so does a droplet that was. */
async function refresh(call: Call, placed: PlacedApp, { wish: before }: Series): Promise<void> {
  const guid = before.pinsDroplet ? before.droplet : (placed.app.droplet ?? before.droplet)
  const droplet = await call.records.find<Droplet>(COLLECTIONS.droplet, guid)
  if (droplet?.state !== 'STAGED') return
  const wish: SeriesWish = { ...before, droplet: guid, appName: placed.app.name, spaceName: placed.space.name }
  const problems = new Problems({}, [])
  const schedule = scheduleOf(wish.metadata.annotations, problems)
  if (schedule) await keepSeries(call, wish, await planNow(call, placed, wish, droplet), schedule, problems)
}
