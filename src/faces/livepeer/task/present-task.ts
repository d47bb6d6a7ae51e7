import { isEngineError } from '../../../core/engine-error.ts'
import type { Execution } from '../../../core/execution.ts'
import type { Tenant } from '../../../core/identity.ts'
import type { Engine } from '../../../engine/engine.ts'
import { statusOf, stepOf } from './life-cycle.ts'
import type { TaskRecord } from './task-record.ts'

export interface TaskView {
  /** What it is doing, which Studio shows its administrators only. */
  readonly step?: boolean
}

/** A task as Livepeer shows it. Keys without a value are left out, never null. */
export function presentTask(record: TaskRecord, execution: Execution | undefined, view: TaskView = {}): object {
  const { id, type, createdAt, scheduledAt, inputAssetId, outputAssetId, userId, params, end } = record
  return {
    id,
    type,
    createdAt,
    ...(scheduledAt !== undefined && { scheduledAt }),
    ...(inputAssetId !== undefined && { inputAssetId }),
    ...(outputAssetId !== undefined && { outputAssetId }),
    userId,
    projectId: userId,
    params,
    // Where the published documentation of 2023 has it, beside its true place in `params`.
    ...(params.clip !== undefined && { clip: params.clip }),
    status: { ...statusOf(record, execution), ...(view.step && execution && stepOf(execution)) },
    ...(end?.output && { output: end.output }),
  }
}

/** The execution that a record's state is read from; undefined when what is recorded says all. */
export async function executionOf(engine: Engine, tenant: Tenant, record: TaskRecord): Promise<Execution | undefined> {
  if (record.end || record.execution === undefined) return undefined
  try {
    return await engine.execution(tenant, record.execution)
  } catch (error) {
    if (isEngineError(error, 'not_found')) return undefined
    throw error
  }
}

export const showTask = async (
  engine: Engine,
  tenant: Tenant,
  record: TaskRecord,
  view: TaskView = {},
): Promise<object> => presentTask(record, await executionOf(engine, tenant, record), view)
