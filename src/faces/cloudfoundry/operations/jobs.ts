import { COLLECTIONS, type Job } from '../documents.ts'
import { notFound } from '../errors.ts'
import { type Call, type Operation, ok } from '../operation.ts'
import { head, hrefs } from '../present.ts'

const presentJob = (job: Job, base: string): object => ({
  ...head(job),
  operation: job.operation,
  state: job.state,
  links: hrefs(base, { self: `/v3/jobs/${job.guid}`, ...job.links }),
  errors: job.error === undefined ? [] : [{ code: 10008, title: 'CF-UnprocessableEntity', detail: job.error }],
  warnings: [],
})

/** The record of something that is done already; its guid. */
export async function finishedJob(call: Call, operation: string, links: Job['links'] = {}): Promise<string> {
  const job: Job = { ...call.records.fresh(), operation, state: 'COMPLETE', links }
  await call.records.save(call.records.putOf(COLLECTIONS.job, job))
  return job.guid
}

export const JOB_OPERATIONS: readonly Operation[] = [
  {
    method: 'GET',
    path: '/v3/jobs/:guid',
    async answer(call) {
      const job = await call.records.find<Job>(COLLECTIONS.job, call.param('guid'))
      if (!job) throw notFound('Job')
      return ok(presentJob(job, call.base))
    },
  },
]
