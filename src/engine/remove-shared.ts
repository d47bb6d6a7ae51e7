import { EngineError } from '../core/engine-error.ts'
import type { Execution } from '../core/execution.ts'
import { stepsOf } from '../core/execution.ts'
import type { Tenant } from '../core/identity.ts'
import type { Context } from './context.ts'

/** Deletes what mounts of kind `workspace` and `volume` left under `source` and below it, wherever steps ran. */
export async function removeShared(context: Context, tenant: Tenant, source: string): Promise<void> {
  if (source === '') throw new EngineError('invalid', 'name what is to be deleted', { field: 'source' })
  const user = [...context.roster.all()].find((e) => e.tenant === tenant && mounts(e, source))
  if (user !== undefined)
    throw new EngineError('conflict', `execution ${user.id} still uses ${source}`, {
      subject: 'execution',
      id: user.id,
    })
  for (const executor of context.executors.all()) await executor.removeShared?.(tenant, source)
}

const mounts = (execution: Execution, source: string): boolean =>
  stepsOf(execution).some(
    ({ work }) =>
      work.kind === 'run' && work.mounts?.some((m) => m.source === source || m.source?.startsWith(`${source}/`)),
  )
