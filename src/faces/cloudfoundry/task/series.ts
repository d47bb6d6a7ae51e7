/**
 * Tasks that run again by schedule (`taskport/schedule`). A series is a task of the engine, with the plan of the Cloud
 * Foundry task that it began with; each run is a Cloud Foundry task of its own, with the next sequence number. It ends
 * when the annotation is taken from any of them, and with the app.
 */
import { isEngineError } from '../../../core/engine-error.ts'
import { asExecutionId } from '../../../core/identity.ts'
import type { Plan } from '../../../core/plan.ts'
import type { Schedule, TaskSpec } from '../../../core/task.ts'
import type { DocumentChange } from '../../../engine/reactor.ts'
import { oneAfterTheOther } from '../../kit/one-after-the-other.ts'
import { FACE } from '../auth.ts'
import { COLLECTIONS, type Resource } from '../documents.ts'
import { unprocessable } from '../errors.ts'
import type { Call } from '../operation.ts'
import type { Problems } from '../wire/message.ts'
import { engineWishes, scheduleOf } from './annotations.ts'
import { type TaskRecord, type TaskWish, WISH_LABEL } from './task-record.ts'

export type SeriesWish = TaskWish & { readonly series: string }

export interface Series extends Resource {
  readonly app: string
  readonly wish: SeriesWish
}

/** The engine's name of the series that begins with this task. */
export const seriesOf = (task: string): string => `cloudfoundry-${task}`

/** Registers the series, or changes what it does from now on. Throws CF-UnprocessableEntity for what is no schedule. */
export async function keepSeries(
  call: Call,
  wish: SeriesWish,
  plan: Plan,
  schedule: Schedule,
  problems: Problems,
): Promise<void> {
  const { engine, caller, options, records } = call
  const { annotations, labels } = wish.metadata
  const spec: TaskSpec = {
    plan: planWith(plan, wish),
    ...engineWishes(annotations, wish.app, problems),
    labels,
    refs: refsOf(wish),
    face: FACE,
    retentionMs: options.retentionMs,
    schedule,
  }
  problems.check()
  try {
    await engine.registerTask(caller.tenant, wish.series, spec)
  } catch (error) {
    if (!isEngineError(error, 'invalid')) throw error
    throw unprocessable(`Metadata annotation value error: taskport/schedule ${error.message}`)
  }
  const series: Series = { ...records.fresh(), guid: wish.series, app: wish.app, wish }
  await records.save(records.putOf(COLLECTIONS.series, series, { app: wish.app }))
}

export const refsOf = ({ app, space, org }: TaskWish): Readonly<Record<string, string>> => ({
  kind: 'task',
  app,
  space,
  org,
})

/** Each run's record is made from the wish that its step carries. */
const planWith = (plan: Plan, wish: TaskWish): Plan => ({
  steps: plan.steps.map((step) => ({ ...step, labels: { ...step.labels, [WISH_LABEL]: JSON.stringify(wish) } })),
})

/** Changes of an app's series come one after the other: none brings back what another has ended. */
export const seriesTurn = <T>(call: Call, app: string, work: () => Promise<T>): Promise<T> =>
  oneAfterTheOther(`cloudfoundry/${call.caller.tenant}/series/${app}`, work)

/** What a change of a task's annotations means for its series; answers the one that it then belongs to. */
export async function changeSeries(call: Call, task: TaskRecord, problems: Problems): Promise<string | undefined> {
  const schedule = scheduleOf(task.metadata.annotations, problems)
  problems.check()
  return seriesTurn(call, task.app, () => changeTo(call, task, schedule, problems))
}

async function changeTo(
  call: Call,
  task: TaskRecord,
  schedule: Schedule | undefined,
  problems: Problems,
): Promise<string | undefined> {
  if (!schedule) {
    if (task.series !== undefined) await endSeries(call, [task.series])
    return undefined
  }
  const series = task.series ?? seriesOf(task.guid)
  const { submission } = await call.engine.execution(call.caller.tenant, asExecutionId(task.guid))
  const wish = JSON.parse(submission.plan.steps[0]!.labels![WISH_LABEL]!) as TaskWish
  await keepSeries(call, { ...wish, series, metadata: task.metadata }, submission.plan, schedule, problems)
  return series
}

export const allSeries = (call: Call, app: string): Promise<Series[]> =>
  call.records.all<Series>(COLLECTIONS.series, { name: 'app', value: app })

/** Every series of an app. */
export async function endSeriesOf(call: Call, app: string): Promise<void> {
  await seriesTurn(call, app, async () => {
    const all = await allSeries(call, app)
    await endSeries(
      call,
      all.map(({ guid }) => guid),
    )
  })
}

export async function endSeries({ engine, caller, records }: Call, names: readonly string[]): Promise<void> {
  for (const name of names)
    await engine.deactivateTask(caller.tenant, name).catch((error: unknown) => {
      if (!isEngineError(error, 'not_found')) throw error
    })
  const gone: readonly DocumentChange[] = names.map((name) => records.deleteOf(COLLECTIONS.series, name))
  await records.save(...gone)
}
