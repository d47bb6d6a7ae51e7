import type { DocumentChange, Reactor } from '../../engine/reactor.ts'
import { recordOf } from './activity/activity-record.ts'
import { FACE } from './auth.ts'
import { COLLECTIONS, type DeployedTask, type Deployment, type EnvironmentRecord, keyOf } from './documents.ts'

/** A deployment takes effect in the very commit that records the success of its builds. */
export const reactor: Reactor = {
  face: FACE,
  kinds: ['execution.state'],
  async react(events, execution, documents) {
    const end = events.map((e) => e.transition).find((t) => t.kind === 'execution.state' && isEnd(t.to))
    const record = end && recordOf(execution)
    if (end?.kind !== 'execution.state' || record?.deployment === undefined) return []
    const { tenant } = execution
    const pending = {
      kind: 'document.delete',
      tenant,
      collection: COLLECTIONS.deployment,
      key: record.deployment,
    } as const
    if (end.to !== 'succeeded') return [pending]
    const key = keyOf(record.project, record.environment)
    const deployment = await documents.document<Deployment>(tenant, COLLECTIONS.deployment, record.deployment)
    const environment = await documents.document<EnvironmentRecord>(tenant, COLLECTIONS.environment, key)
    if (!deployment || !environment) return [pending]
    const deployedAt = execution.status.finishedAt ?? deployment.body.deployedAt
    const body: EnvironmentRecord = {
      ...environment.body,
      deployment: { ...deployment.body, tasks: sized(deployment.body, environment.body), deployedAt },
      updatedAt: deployedAt,
    }
    const change: DocumentChange = {
      kind: 'document.put',
      tenant,
      collection: COLLECTIONS.environment,
      key,
      body,
      expected: environment.version,
    }
    return [change, pending]
  },
}

/** A size that was set while it was built stays set. */
function sized({ tasks }: Deployment, { deployment }: EnvironmentRecord): readonly DeployedTask[] {
  const sizes = new Map(deployment?.tasks.map(({ config, size }) => [config.name, size]))
  return tasks.map(({ isSizeChosen, ...task }) =>
    isSizeChosen ? task : { ...task, size: sizes.get(task.config.name) ?? task.size },
  )
}

const isEnd = (state: string): boolean => ['succeeded', 'failed', 'cancelled', 'lost'].includes(state)
