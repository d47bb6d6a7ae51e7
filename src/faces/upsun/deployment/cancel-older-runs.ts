import { isFinal } from '../../../core/execution.ts'
import { recordOf } from '../activity/activity-record.ts'
import type { Found } from '../activity/find-activity.ts'
import type { Call } from '../call.ts'

const PATIENCE_MS = 2 * 3_600_000
const PAGE = 100

/** A deployment that has succeeded cancels the runs of its environment that began before it (reference §3.2). */
export async function cancelOlderRuns(call: Call, { execution, record }: Found): Promise<void> {
  const end = await call.engine.waitFor(call.tenant, execution.id, isFinal, PATIENCE_MS)
  if (end?.status.state !== 'succeeded') return
  const refs = { 'upsun.environment': `${record.project}/${record.environment}` }
  let after: string | undefined
  do {
    const page = await call.engine.executions(
      call.tenant,
      { active: true, refs },
      { limit: PAGE, ...(after && { after }) },
    )
    for (const run of page.items) {
      const isOlder = run.submission.acceptedAt <= (end.status.finishedAt ?? 0)
      if (recordOf(run)?.type !== 'environment.task' || !isOlder) continue
      await call.engine.stop(call.tenant, run.id, {
        message: `the environment was deployed (activity ${record.activity})`,
        by: 'deploy',
      })
    }
    after = page.next
  } while (after !== undefined)
}
