/**
 * A deployment that has succeeded cancels what runs on the environment that it replaced (reference §3.2): the runs that
 * were accepted before it was asked for, and those accepted since that began on another build — unless it deploys but a
 * variable, which those have seen already.
 */
import { type Execution, isFinal } from '../../../core/execution.ts'
import type { Tenant } from '../../../core/identity.ts'
import type { Engine } from '../../../engine/engine.ts'
import { recordOf } from '../activity/activity-record.ts'
import type { Found } from '../activity/find-activity.ts'
import { type Deployment, findEnvironment } from '../documents.ts'
import { stopBuilds } from './stop-builds.ts'

const PATIENCE_MS = 3_600_000
const PAGE = 100

/** Waits for the deployment's end; one without success stops its builds instead. Repeating it does no harm: a server that starts does so for all of them. */
export async function cancelOlderRuns(engine: Engine, tenant: Tenant, { execution, record }: Found): Promise<void> {
  let end: Execution | undefined
  while (!end) end = await engine.waitFor(tenant, execution.id, isFinal, PATIENCE_MS)
  if (end.status.state === 'succeeded') await cancelReplaced(engine, tenant, record.project, record.environment)
  else await stopBuilds(engine, tenant, end, record.project)
}

/** Cancels what the present deployment of an environment has replaced. */
export async function cancelReplaced(
  engine: Engine,
  tenant: Tenant,
  project: string,
  environment: string,
): Promise<void> {
  const { deployment } = await findEnvironment(engine, tenant, project, environment)
  if (!deployment) return
  const filter = {
    active: true,
    refs: { 'upsun.environment': `${project}/${environment}`, 'upsun.type': 'environment.task' },
  }
  let after: string | undefined
  do {
    const page = await engine.executions(tenant, filter, { limit: PAGE, ...(after && { after }) })
    for (const run of page.items) if (isReplaced(run, deployment)) await cancel(engine, tenant, run, deployment)
    after = page.next
  } while (after !== undefined)
}

function isReplaced(run: Execution, deployment: Deployment): boolean {
  if (run.submission.acceptedAt < deployment.requestedAt) return true
  if (deployment.type.startsWith('environment.variable.')) return false
  const { task, build } = recordOf(run) ?? {}
  return deployment.tasks.find(({ config }) => config.name === task)?.build !== build
}

const cancel = (engine: Engine, tenant: Tenant, run: Execution, { activity }: Deployment): Promise<unknown> =>
  engine.stop(tenant, run.id, { message: `the environment was deployed (activity ${activity})`, by: 'deploy' })
